/**
 * Whose an address is: pure resolution of addresses to accounts and their mailboxes. RFC 5321 4.5.1 (postmaster),
 * RFC 5233 (subaddresses, here with separators of each domain's choice).
 *
 * The order, first hit wins: the server's postmaster; an unknown or disabled domain; the canonical address; the
 * domain's catch-all `@domain`; the domain's postmaster; nobody. Last, where all is taken (localserve), the
 * account that takes all.
 *
 * @module
 */
import type { Address } from "../address/address.ts";

/** What is configured, as a plain value. Domains are U-labels in lower case. */
export interface Domains {
  /** Names of the server itself, in lower case: mail for `postmaster` there is the server's postmaster's. */
  readonly hostnames: readonly string[];
  /** Who is postmaster of the server and of every domain that has no other; null if nobody. */
  readonly postmaster: Target | null;
  readonly domains: ReadonlyMap<string, DomainSettings>;
  readonly accounts: ReadonlyMap<string, AccountAddresses>;
  /** For development: the account that gets whatever nobody else does, of any domain; null if none. */
  readonly acceptAny: string | null;
}

export interface DomainSettings {
  /** Mail is refused for now; its accounts can still sign in. */
  readonly disabled: boolean;
  /** `A@` and `a@` are different. RFC 5321 2.4 */
  readonly localpartCaseSensitive: boolean;
  /** What follows one of these does not matter: `you+anything@` is `you@`. */
  readonly localpartCatchallSeparators: readonly string[];
}

export interface AccountAddresses {
  /** By address as it is configured: `you@example.org`, or `@example.org` for what no other has. */
  readonly destinations: ReadonlyMap<string, DestinationSettings>;
}

export interface DestinationSettings {
  readonly mailbox: string;
  /** Mail for this address is refused with this reply (421 or 550); null to take it. */
  readonly refusal: { readonly code: number; readonly text: string } | null;
}

/** A mailbox of an account. */
export interface Target {
  readonly account: string;
  readonly mailbox: string;
}

/** What an address comes to. `destination` is the configured address that matched, null where none did. */
export type Lookup =
  | ({ readonly kind: "local"; readonly destination: string | null } & Target)
  | { readonly kind: "unknownAddress" }
  | { readonly kind: "unknownDomain" }
  | { readonly kind: "disabled" }
  | { readonly kind: "refused"; readonly code: number; readonly text: string };

/** A destination with its owner. */
interface Owned {
  readonly account: string;
  readonly address: string;
  readonly settings: DestinationSettings;
}

/** Addresses of a configuration; made anew when that changes. */
export class Addresses {
  readonly #domains: Domains;
  readonly #hostnames: ReadonlySet<string>;
  /** By canonical address; the catch-all of a domain is `@domain`. */
  readonly #destinations = new Map<string, Owned>();

  constructor(domains: Domains) {
    this.#domains = domains;
    this.#hostnames = new Set(domains.hostnames);
    for (const [account, { destinations }] of domains.accounts) {
      for (const [written, settings] of destinations) this.#add(account, written, settings);
    }
  }

  /** Where mail for an address goes. */
  resolve(address: Address): Lookup {
    const found = this.#resolve(address);
    const { acceptAny } = this.#domains;
    if (acceptAny === null) return found;
    if (found.kind !== "unknownAddress" && found.kind !== "unknownDomain") return found;
    return { kind: "local", account: acceptAny, mailbox: "Inbox", destination: null };
  }

  /**
   * The account that signs in with an address, or null. Subaddresses and catch-alls count, postmaster by
   * itself does not, and a disabled domain keeps nobody out of their mail.
   */
  accountOfLogin(address: Address): string | null {
    return this.#owner(address)?.account ?? null;
  }

  /** Whether an account may sign in with an address. */
  mayLogin(account: string, address: Address): boolean {
    return this.accountOfLogin(address) === account;
  }

  /**
   * Whether an account may write in an address's name: it is the one that signs in with it, or that takes all.
   * Nobody sends for a disabled domain.
   */
  maySend(account: string, address: Address): boolean {
    if (this.#domains.domains.get(address.domain)?.disabled === true) return false;
    return (this.accountOfLogin(address) ?? this.#domains.acceptAny) === account;
  }

  /** The one spelling of an address, by which it is compared; unknown domains ignore case. */
  canonical(address: Address): string {
    const settings = this.#domains.domains.get(address.domain);
    const local = settings === undefined
      ? address.local.toLowerCase()
      : canonicalLocal(address.local, settings);
    return `${local}@${address.domain}`;
  }

  #resolve(address: Address): Lookup {
    const { postmaster, domains } = this.#domains;
    const forPostmaster = address.local.toLowerCase() === "postmaster"; // RFC 5321 4.5.1
    if (
      forPostmaster && postmaster !== null && (address.domain === "" || this.#hostnames.has(address.domain))
    ) {
      return { kind: "local", ...postmaster, destination: null };
    }
    const settings = domains.get(address.domain);
    if (settings === undefined) return { kind: "unknownDomain" };
    if (settings.disabled) return { kind: "disabled" };
    const owned = this.#owner(address);
    if (owned !== undefined) return lookupOf(owned);
    if (forPostmaster && postmaster !== null) return { kind: "local", ...postmaster, destination: null };
    return { kind: "unknownAddress" };
  }

  #owner(address: Address): Owned | undefined {
    if (!this.#domains.domains.has(address.domain)) return undefined;
    return this.#destinations.get(this.canonical(address)) ?? this.#destinations.get(`@${address.domain}`);
  }

  #add(account: string, written: string, settings: DestinationSettings): void {
    const at = written.lastIndexOf("@");
    if (at === -1) throw new TypeError(`destination ${JSON.stringify(written)} has no @`);
    const domain = written.slice(at + 1).toLowerCase();
    const local = written.slice(0, at).normalize("NFC");
    const key = local === "" ? `@${domain}` : this.canonical({ local, domain });
    const other = this.#destinations.get(key);
    if (other !== undefined) {
      throw new TypeError(`${JSON.stringify(written)} belongs to account ${other.account} already`);
    }
    this.#destinations.set(key, { account, address: written, settings });
  }
}

function lookupOf({ account, address, settings }: Owned): Lookup {
  if (settings.refusal !== null) return { kind: "refused", ...settings.refusal };
  return { kind: "local", account, mailbox: settings.mailbox, destination: address };
}

/** Cuts at each separator in turn and folds case, as the domain wants it. A separator in front cuts nothing. */
function canonicalLocal(local: string, settings: DomainSettings): string {
  let cut = local;
  for (const each of settings.localpartCatchallSeparators) {
    const at = cut.indexOf(each);
    if (each !== "" && at > 0) cut = cut.slice(0, at);
  }
  return settings.localpartCaseSensitive ? cut : cut.toLowerCase();
}
