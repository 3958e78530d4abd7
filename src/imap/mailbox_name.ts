/**
 * Names of mailboxes: how they are written, and which there can be. RFC 9051 5.1, RFC 3501 5.1, RFC 6855 3
 *
 * Inside, a name is Unicode in NFC, its levels are separated by `/`, and the inbox (in any case, also as the first
 * level of another name) is `Inbox`. On the wire that is `INBOX`, and the rest is modified UTF-7 until the client enables
 * UTF8=ACCEPT or IMAP4rev2, then UTF-8.
 *
 * @module
 */
import type { ParseMode } from "./command.ts";
import { decodeMutf7, encodeMutf7 } from "./mutf7.ts";
import { type Scanner, text } from "./scanner.ts";

/** What separates levels. */
export const delimiter = "/";

/** Below this level stand other accounts, and below each the mailboxes that it shares. RFC 2342 5, example 5.7 */
export const otherUsers = "Other Users";

/** The longest name, in UTF-16 units, and the most levels. */
export const maxMailboxNameLength = 500;
export const maxMailboxLevels = 50;

/**
 * Reads `mailbox`. One separator behind a name is no part of it: CREATE may say with it that others are to stand below (RFC 9051
 * 6.3.4), and there are clients that then write the name so in other commands, too.
 */
export function readMailbox(s: Scanner, mode: ParseMode): string {
  const name = canonicalMailboxName(decodeMailboxName(s.astringBytes("a mailbox name"), mode));
  return name.length > 1 && name.endsWith(delimiter) ? name.slice(0, -1) : name;
}

/** Octets of a name as text, spelt as it was sent. @throws {SyntaxError} */
export function decodeMailboxName(bytes: Uint8Array, mode: ParseMode): string {
  const decoded = decodeMailboxPattern(bytes, mode);
  if (decoded === null) throw new SyntaxError("mailbox name is not modified UTF-7");
  return decoded;
}

/**
 * Octets of a pattern, or of a reference, as text; null if they are not modified UTF-7 where they should be, so that no
 * name can match. @throws {SyntaxError} for what is not UTF-8.
 */
export function decodeMailboxPattern(bytes: Uint8Array, mode: ParseMode): string | null {
  const name = text(bytes);
  // Before UTF-8 is enabled there should be none; what is meant is clear all the same.
  if (mode.utf8 || mode.rev2 || /[^\0-\x7f]/.test(name)) return name;
  return decodeMutf7(name);
}

/**
 * A name as the client is told it; `utf8`: whether UTF8=ACCEPT or IMAP4rev2 is enabled.
 *
 * The inbox may be spelt in any case (RFC 9051 5.1), but there are clients that look for `INBOX` alone and show it twice when they
 * are told `Inbox`, as Roundcube did until 2023.
 */
export function encodeMailboxName(name: string, utf8: boolean): string {
  const told = name.replace(/^Inbox(?=\/|$)/, "INBOX");
  return utf8 ? told : encodeMutf7(told);
}

/** NFC, with `Inbox` spelt so. */
export function canonicalMailboxName(name: string): string {
  return name.normalize("NFC").replace(/^inbox(?=\/|$)/i, "Inbox");
}

/**
 * Why there can be no mailbox of this (canonical) name, in words for the peer; null if there can.
 */
export function mailboxNameProblem(name: string): string | null {
  if (name === "") return "mailbox name is empty";
  if (name.length > maxMailboxNameLength) return "mailbox name is too long";
  // Controls, and what breaks lines. RFC 9051 5.1, RFC 5198 2
  if (/[\0-\x1f\x7f-\x9f\u2028\u2029]/.test(name)) return "mailbox name contains control characters";
  if (!name.isWellFormed()) return "mailbox name is not valid Unicode";
  if (name.startsWith("#")) return "mailbox name begins with #"; // Namespaces. RFC 9051 5.1
  const levels = name.split(delimiter);
  if (levels.length > maxMailboxLevels) return "mailbox name has too many levels";
  if (levels.includes("")) return "mailbox name has an empty level";
  if (levels.includes(".") || levels.includes("..")) return "mailbox name has a level . or ..";
  return null;
}
