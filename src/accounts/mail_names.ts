/**
 * Names of mailboxes: which there can be, and how each is written. RFC 9051 5.1, RFC 5198 2
 *
 * Levels are separated by `/`. `INBOX` means the same in any case (RFC 9051 5.1), and so does a first level of
 * that name, so that `inbox/a` cannot be something else than `INBOX/a`; both are written `Inbox`. All else is
 * case-sensitive.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import { otherUsers } from "../imap/mailbox_name.ts";

/** What separates levels. */
export const separator = "/";

/** The mailbox that every account has. */
export const inbox = "Inbox";

/** Longest name, in octets of UTF-8: what other servers and mbsync's folders still can hold. */
export const maxNameBytes = 1000;

/** Longest level, in octets of UTF-8: a file name, for who keeps a copy in a Maildir. */
export const maxLevelBytes = 255;

/** Most levels of a name. */
export const maxLevels = 20;

/** Controls of C0 and C1, and the separators that end a line. RFC 5198 2 */
const controls = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/;

/** A UTF-16 surrogate without its other half: text that UTF-8 cannot write. */
const loneSurrogate = /\p{Surrogate}/u;

const utf8Length = (text: string) => new TextEncoder().encode(text).length;

/**
 * The one spelling of a mailbox's name: NFC, and `Inbox` for any spelling of INBOX. One separator at the end
 * is a declaration that there will be children (RFC 9051 6.3.4), no part of the name.
 *
 * @throws {Refused} `badName`
 */
export function mailboxName(given: string): string {
  if (given.length > maxNameBytes) throw new Refused("badName", "mailbox name is too long");
  const normal = given.normalize("NFC");
  const trimmed = normal.endsWith(separator) ? normal.slice(0, -1) : normal;
  const levels = trimmed.split(separator);
  if (levels[0]?.toLowerCase() === "inbox") levels[0] = inbox;
  const name = levels.join(separator);
  const fault = faultOf(name, levels);
  if (fault !== null) throw new Refused("badName", `mailbox name ${fault}`);
  return name;
}

/** The same, or null for what cannot be a name: for looking up, where no such mailbox can exist. */
export function mailboxNameOrNull(given: string): string | null {
  try {
    return mailboxName(given);
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}

function faultOf(name: string, levels: readonly string[]): string | null {
  if (utf8Length(name) > maxNameBytes) return "is too long";
  if (levels.length > maxLevels) return "has too many levels";
  if (controls.test(name)) return "has control characters";
  if (loneSurrogate.test(name)) return "is not well-formed Unicode";
  if (levels[0] === otherUsers) return "is among those of other accounts"; // RFC 2342 5
  if (name.startsWith("#")) return "begins with #, which marks namespaces"; // RFC 9051 5.1.2.1
  for (const level of levels) {
    if (level === "") return "has an empty level";
    if (level === "." || level === "..") return "has a level . or ..";
    if (utf8Length(level) > maxLevelBytes) return "has a level that is too long";
  }
  return null;
}

/** A mailbox of another account, as it is named to those it is shared with. */
export interface SharedName {
  /** Name of the account. */
  readonly owner: string;
  /** Name within the account. */
  readonly name: string;
}

/** `Other Users/ann/Work` */
export function sharedName({ owner, name }: SharedName): string {
  return [otherUsers, owner, name].join(separator);
}

/** The opposite, the name within the account in its one spelling; null for what names no other account's mailbox. */
export function splitSharedName(given: string): SharedName | null {
  const [first, owner, ...levels] = given.normalize("NFC").split(separator);
  if (first !== otherUsers || owner === undefined || owner === "") return null;
  const name = mailboxNameOrNull(levels.join(separator));
  return name === null ? null : { owner, name };
}

/** The one spelling of a name, one's own or another account's. @throws {Refused} `badName` */
export function anyMailboxName(given: string): string {
  const shared = splitSharedName(given);
  return shared === null ? mailboxName(given) : sharedName(shared);
}

/** `a` and `a/b` for `a/b/c`: what must exist above a mailbox. */
export function parentsOf(name: string): string[] {
  const parents: string[] = [];
  for (let at = name.indexOf(separator); at !== -1; at = name.indexOf(separator, at + 1)) {
    parents.push(name.slice(0, at));
  }
  return parents;
}

/** Whether one mailbox is below another, at any depth. */
export function isBelow(name: string, above: string): boolean {
  return name.startsWith(above + separator);
}

/** Compares by code unit: the order of {@link "./mail.ts".MailboxList}. */
export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
