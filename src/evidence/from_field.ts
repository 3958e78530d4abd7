/**
 * Who a message says it is from, as far as DMARC and reputation are concerned. RFC 9989 5.3.1, 11.5, RFC 5322 3.6.2
 *
 * Programs differ in what they show of a From field that is not as it should be, and whoever forges one counts on
 * that. So it is not tried to guess what will be shown: each domain in each field is an Author Domain, and one address
 * that cannot be read makes the whole unreadable.
 *
 * @module
 */
import { addressLiteral, printMailbox } from "../address/mailbox.ts";
import { normalForm } from "../address/domain.ts";
import { fromLatin1, latin1, utf8 } from "../base/bytes.ts";
import { asciiLower } from "../base/scanner.ts";
import { decodeUnlabelled } from "../message/charset.ts";
import { decodeWords } from "../message/encoded_word.ts";
import { mailboxAddress, parseAddressList, type RawMailbox } from "../message/address_list.ts";
import { type HeaderField, unfold } from "../message/headers.ts";
import { type FromEvidence, maxAuthorDomains } from "./evidence.ts";

/** Mailboxes of one From field that are looked at; and From fields. */
export const maxAuthors = 100;

/** @param fields The From fields, from the top. */
export function readFrom(fields: readonly HeaderField[]): FromEvidence {
  const { mailboxes, isTruncated, claimed } = authorsOf(fields);
  const read = mailboxes.map((mailbox) => authorDomain(mailbox.domain));
  const domains = [...new Set([...read.filter((domain) => domain !== null), ...claimed])]
    .filter((domain) => domain !== "");
  const result = (
    status: FromEvidence["status"],
    why: string,
    address: string | null = null,
  ): FromEvidence => ({
    fields: fields.length,
    address,
    domains: domains.slice(0, maxAuthorDomains),
    status,
    why,
  });
  if (fields.length === 0) return result("none", "there is no From field");
  if (fields.length > 1) return result("severalFields", `there are ${fields.length} From fields`);
  if (read.includes(null)) return result("unreadable", "From has an address that is no address");
  if (isTruncated || domains.length > maxAuthorDomains) {
    return result("tooManyDomains", `From names authors of more than ${maxAuthorDomains} domains`);
  }
  if (domains.length === 0) return result("none", "From names no domain");
  if (domains.length > 1) return result("several", `From names authors of ${domains.join(" and ")}`);
  const [only] = mailboxes;
  const address = mailboxes.length === 1 && only !== undefined ? mailboxAddress(only) : null;
  return result("ok", `From is of ${domains.join()}`, address === null ? null : printMailbox(address));
}

/**
 * Whether all that looks like an address in a From field, outside of quotes and comments, is one and the same, so that it
 * makes no difference who reads it: `<a@example.org> <b@example.org>` is no list, and some show the one, some the other.
 */
export function hasOneReading({ value }: HeaderField): boolean {
  const addresses = new Set(claimsOf(unfold(value)).map(({ address }) => asciiLower(address)));
  const [first = ""] = addresses;
  return addresses.size === 1 && !first.startsWith("@");
}

interface Authors {
  readonly mailboxes: readonly RawMailbox[];
  readonly isTruncated: boolean;
  /** Domains that stand behind an `@` anywhere, also in encoded words where a local part is. */
  readonly claimed: readonly string[];
}

function authorsOf(fields: readonly HeaderField[]): Authors {
  const mailboxes: RawMailbox[] = [];
  const claimed = new Set<string>();
  for (const field of fields.slice(0, maxAuthors)) {
    const raw = unfold(field.value);
    const { entries, truncated } = parseAddressList(raw, maxAuthors);
    const known = claimedDomains(raw);
    for (const entry of entries) {
      if (entry.kind !== "mailbox") continue;
      mailboxes.push(entry);
      if (entry.local.includes("=?")) known.push(...claimedDomains(decodedWords(entry.local)));
    }
    for (const domain of known) claimed.add(domain);
    if (truncated || known.length > maxAuthors) {
      return { mailboxes, isTruncated: true, claimed: [...claimed] };
    }
  }
  return { mailboxes, isTruncated: false, claimed: [...claimed] };
}

/** The domains of {@link claimsOf} that can be read, and are no host's short name. */
function claimedDomains(raw: string): string[] {
  return claimsOf(raw).map(({ domain }) => authorDomain(domain)).filter((domain) => domain !== null)
    .filter((domain) => domain.includes("."));
}

/** Something that looks like an address. */
interface Claim {
  /** Without what is in front of a comment or white space; with the quotes of a quoted local part. */
  readonly address: string;
  readonly domain: string;
}

/**
 * Everything that looks like an address, outside of quotes and comments, up to the limit. `a@b.example <c@d.example>` and
 * `a@b.example@d.example` are no addresses, and some show the one, some the other.
 */
function claimsOf(raw: string): Claim[] {
  const claims: Claim[] = [];
  /** Where the local part would begin if an `@` came next. */
  let local = 0;
  // What does not end hides nothing, and then nothing behind it does: nobody has to look for an end again.
  let quotes = true;
  let comments = true;
  for (let at = 0; at < raw.length && claims.length <= maxAuthors; at++) {
    const character = raw[at] ?? "";
    if (character === '"' && quotes) {
      const end = quoteEnd(raw, at);
      quotes = end !== -1;
      if (quotes) at = end;
    } else if (character === "(" && comments) {
      const end = commentEnd(raw, at);
      comments = end !== -1;
      if (comments) local = (at = end) + 1;
    } else if (character === "@" && /[^\s<,:;]/.test(raw[at - 1] ?? " ")) {
      domainText.lastIndex = at + 1;
      const domain = domainText.exec(raw)?.[0] ?? "";
      claims.push({ address: raw.slice(local, at + 1) + domain, domain });
    } else if (/[\s<>,:;]/.test(character)) local = at + 1;
  }
  return claims;
}

/**
 * A local part, or all that there is of an address, as who decodes encoded words before looking for addresses sees it: they
 * may stand in neither. RFC 2047 5
 */
function decodedWords(local: string): string {
  return fromLatin1(utf8(decodeWords(local)));
}

const domainText = /[^\x00-\x20\x7f<>()[\]@,;:\\"]+/y;

/** The quote that ends the string which begins at `start`, or -1. */
function quoteEnd(raw: string, start: number): number {
  for (let at = start + 1; at < raw.length; at++) {
    if (raw[at] === "\\") at++;
    else if (raw[at] === '"') return at;
  }
  return -1;
}

/** The parenthesis that ends the comment which begins at `start`, or -1. */
function commentEnd(raw: string, start: number): number {
  let depth = 0;
  for (let at = start; at < raw.length; at++) {
    if (raw[at] === "\\") at++;
    else if (raw[at] === "(") depth++;
    else if (raw[at] === ")" && --depth === 0) return at;
  }
  return -1;
}

/** In normal form; empty if there is none to ask the DNS for; null if it cannot be read. */
function authorDomain(raw: string): string | null {
  if (raw === "" || addressLiteral(raw) !== null) return "";
  const text = /[^\x00-\x7f]/.test(raw) ? decodeUnlabelled(latin1(raw)) : raw;
  // Not allowed, and shown all the same: a dot at the end, underscores.
  return normalForm(text.replace(/\.$/, ""), { underscore: true });
}
