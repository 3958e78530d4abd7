/**
 * `domains.toml`: what changes while the server runs. Domains, accounts, addresses. The store alone writes it.
 *
 * Tested by `src/config/load_test.ts`.
 *
 * @module
 */
import { normalForm } from "../address/domain.ts";
import { readMailbox } from "../address/mailbox.ts";
import { MiB } from "../base/bytes.ts";
import { anyone } from "../imap/acl.ts";
import { checkDkim, dkim } from "./dkim_config.ts";
import { hideableCapabilities } from "../imap/hideable.ts";
import { messageSizes } from "./network_fields.ts";
import { routes } from "./route_config.ts";
import {
  bytes,
  choice,
  duration,
  flag,
  integer,
  list,
  map,
  type Problem,
  table,
  text,
  tomlKey,
  type Value,
} from "./schema.ts";

const dayMs = 86_400_000;

/** Most messages that a quota can name. */
const mostMessages = 1_000_000_000;

const domain = table({
  description: text({ doc: "For the administrator.", default: "" }),
  disabled: flag({ doc: "Refuse mail for now, with a temporary error.", default: false }),
  localpartCaseSensitive: flag({ doc: "Whether A@ and a@ are different addresses.", default: false }),
  localpartCatchallSeparators: list(text({ doc: "", check: (value) => value === "" ? "is empty" : null }), {
    doc: "What follows one of these in a localpart does not matter: you+anything@ is you@.",
    default: ["+"],
  }),
  weakMechanisms: flag({
    doc: "Derive secrets for CRAM-MD5 and SCRAM-SHA-1 from every password, for old clients.",
    default: false,
  }),
  quotaBytes: bytes({
    doc: "Most octets of mail of each account that belongs to the domain; 0 for no limit.",
    default: 0,
  }),
  quotaMessages: integer({
    doc: "Most messages, in all its mailboxes, of each account that belongs to the domain; 0 for no limit.",
    default: 0,
    min: 0,
    max: mostMessages,
  }),
  dkim,
  routes: routes(
    "Ways of what is sent from this domain, where no route of the account matches; the first that matches counts.",
  ),
}, "A domain for which mail is accepted.");

const destination = table({
  mailbox: text({ doc: "Where mail goes.", default: "Inbox" }),
}, "An address of the account; `@example.org` gets what no other address of the domain does.");

const account = table({
  domain: text({ doc: "The domain that the account belongs to." }),
  fullName: text({ doc: "For the From field.", default: "" }),
  loginDisabled: text({
    doc: "If not empty, nobody can sign in; this text is what clients are told.",
    default: "",
    check: (value) =>
      /^[\x20-\x7e]{0,256}$/.test(value) ? null : "has more than 256 characters, or others than ASCII",
  }),
  quotaBytes: bytes({
    doc: "Most octets of mail, also of what others put into its mailboxes; 0 for what the domain says.",
    default: 0,
  }),
  quotaMessages: integer({
    doc: "Most messages, in all mailboxes; 0 for what the domain says.",
    default: 0,
    min: 0,
    max: mostMessages,
  }),
  maxMessageBytes: bytes({
    doc: "Largest message that clients can store (RFC 7889).",
    default: 100 * MiB,
    ...messageSizes,
  }),
  hiddenCapabilities: list(choice(hideableCapabilities, { doc: "" }), {
    doc:
      `Extensions of IMAP that are neither announced nor taken once the account has signed in, for clients that fail with
them, as the new Outlook does with UIDONLY: ${hideableCapabilities.join(", ")}.`,
  }),
  maxOutgoingMessagesPerDay: integer({
    doc: "Most messages to others in 24 hours; one to several recipients counts once for each.",
    default: 1000,
    min: 1,
    max: 100_000_000,
  }),
  maxFirstTimeRecipientsPerDay: integer({
    doc:
      "Most recipients in 24 hours to whom the account has never written: a stolen password does not go far.",
    default: 200,
    min: 1,
    max: 100_000_000,
  }),
  fromIdLoginAddresses: list(text({ doc: "" }), {
    doc:
      `Addresses of the account: who signs in with one of these gets an envelope sender for each recipient alone, as
you+XXXX@example.org, by which bounces are told apart. Their domains need a separator.`,
  }),
  keepRetiredMessages: duration({
    doc:
      `For how long it is known what became of a message that was sent, for "queue retired" and for bounces that come
later; "0s": not at all. Of the message itself nothing is kept.`,
    default: 7 * dayMs,
    max: 3650 * dayMs,
  }),
  destinations: map(destination, { doc: "Addresses of the account.", sample: "you@example.org" }),
  routes: routes("Ways of what the account sends; the first that matches counts."),
}, "An account: who signs in.");

/** The whole file. */
export const dynamicSchema = table({
  domains: map(domain, { doc: "Domains, by name.", sample: "example.org" }),
  accounts: map(account, {
    doc: "Accounts, by a name that has no relation to addresses.",
    sample: "you",
    checkKey: (key) =>
      key === anyone
        ? "means everybody in access control lists (RFC 4314 2): use another name"
        : /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u.test(key)
        ? null
        : "use letters, digits, dots, - and _ for names of accounts",
  }),
  routes: routes(
    "Ways of what is sent, where no route of account or domain matches; the first that matches counts.",
  ),
});

export type DynamicConfig = Value<typeof dynamicSchema>;

/** The quota of an account: its own, or its domain's; null for no limit. */
export function quotaOf(
  { accounts, domains }: Pick<DynamicConfig, "accounts" | "domains">,
  name: string,
): { readonly maxBytes: number | null; readonly maxMessages: number | null } {
  const account = accounts[name];
  const domain = account === undefined ? undefined : domains[account.domain];
  const first = (...values: (number | undefined)[]) => values.find((value) => (value ?? 0) > 0) ?? null;
  return {
    maxBytes: first(account?.quotaBytes, domain?.quotaBytes),
    maxMessages: first(account?.quotaMessages, domain?.quotaMessages),
  };
}

/** What no single field can tell: references, and addresses that two accounts claim. */
export function checkDynamic(config: DynamicConfig): { path: string; message: string }[] {
  const problems: { path: string; message: string }[] = [];
  for (const [name, domain] of Object.entries(config.domains)) {
    problems.push(...checkDkim(domain.dkim, `domains.${tomlKey(name)}.dkim`));
    const normal = normalForm(name);
    if (normal === name) continue;
    // Mail for it would be refused as for a stranger's: names are compared in their normal form.
    const remedy = normal === null
      ? "is no domain: write it as example.org"
      : `write it as ${JSON.stringify(normal)}`;
    problems.push({ path: `domains.${tomlKey(name)}`, message: remedy });
  }
  const owners = new Map<string, string>();
  for (const [name, each] of Object.entries(config.accounts)) {
    const path = `accounts.${name}`;
    if (!Object.hasOwn(config.domains, each.domain)) {
      problems.push({ path: `${path}.domain`, message: unknownDomain(each.domain) });
    }
    for (const address of Object.keys(each.destinations)) {
      const at = address.lastIndexOf("@");
      const domainName = address.slice(at + 1);
      const settings = at === -1
        ? undefined
        : Object.entries(config.domains).find(([key]) => key === domainName)?.[1];
      const where = `${path}.destinations.${JSON.stringify(address)}`;
      if (!isDestination(address)) {
        problems.push({ path: where, message: "is no address: write it as you@example.org" });
      } else if (settings === undefined) problems.push({ path: where, message: unknownDomain(domainName) });
      else checkLocalpart(address.slice(0, at), settings, where, problems);
      const spelt = address.normalize("NFC");
      const key = settings?.localpartCaseSensitive === true ? spelt : spelt.toLowerCase();
      const owner = owners.get(key);
      if (owner !== undefined) {
        problems.push({ path: where, message: `is an address of account ${owner} already` });
      }
      owners.set(key, name);
    }
    problems.push(...fromIdFaults(each, config.domains, `${path}.fromIdLoginAddresses`));
  }
  return problems;
}

/** An address as it is when it comes, without quotes and escapes; or a catch-all. */
function isDestination(address: string): boolean {
  const at = address.lastIndexOf("@");
  return at === 0 || readMailbox(address)?.local === address.slice(0, Math.max(0, at)).normalize("NFC");
}

/** Login addresses that get senders of their own are addresses of the account, in domains that cut something off. */
function fromIdFaults(
  { fromIdLoginAddresses, destinations }: DynamicConfig["accounts"][string],
  domains: DynamicConfig["domains"],
  path: string,
): Problem[] {
  return fromIdLoginAddresses.flatMap((address, i) => {
    const domain = Object.entries(domains).find(([name]) => address.endsWith(`@${name}`))?.[1];
    const known = Object.keys(destinations).some((each) => each.toLowerCase() === address.toLowerCase());
    const message = !known
      ? `${JSON.stringify(address)} is no address of this account: write it as in destinations`
      : domain === undefined || domain.localpartCatchallSeparators.length === 0
      ? `the domain of ${JSON.stringify(address)} has no localpartCatchallSeparators, which this needs`
      : null;
    return message === null ? [] : [{ path: `${path}[${i}]`, message }];
  });
}

function unknownDomain(name: string): string {
  return `there is no domain ${JSON.stringify(name)}: write [domains.${JSON.stringify(name)}]`;
}

function checkLocalpart(
  local: string,
  settings: DynamicConfig["domains"][string],
  path: string,
  problems: { path: string; message: string }[],
): void {
  const separator = settings.localpartCatchallSeparators.find((each) => local.includes(each));
  if (separator !== undefined) {
    problems.push({
      path,
      message: `the localpart holds the domain's separator ${JSON.stringify(separator)}`,
    });
  }
}
