/**
 * Access control lists: SETACL, DELETEACL, GETACL, LISTRIGHTS, MYRIGHTS, and their responses. RFC 4314 3, 7
 *
 * @module
 */
import { prepareOpaqueString } from "../sasl/precis.ts";
import type { ParseMode } from "./command.ts";
import { deleted, seen } from "./flags.ts";
import { readMailbox } from "./mailbox_name.ts";
import type { ResponseWriter } from "./response_writer.ts";
import { allRights, formatRights, parseRights, right } from "./rights.ts";
import type { Scanner } from "./scanner.ts";
import type { AclIdentifier, AclQuery, SetAcl, SharingQuery } from "./sharing_command.ts";

/** The identifier that means everybody who signs in. RFC 4314 2 */
export const anyone = "anyone";

export function parseSetAcl(s: Scanner, mode: ParseMode): SetAcl {
  s.space();
  const mailbox = readMailbox(s, mode);
  s.space();
  const identifier = readIdentifier(s);
  s.space();
  const change = s.astring("rights");
  const sign = change.charAt(0);
  const rights = parseRights(sign === "+" || sign === "-" ? change.slice(1) : change);
  return {
    verb: "SETACL",
    mailbox,
    identifier,
    mode: sign === "+" ? "add" : sign === "-" ? "remove" : "replace",
    rights,
  };
}

export function parseAclQuery(verb: AclQuery["verb"], s: Scanner, mode: ParseMode): AclQuery {
  s.space();
  const mailbox = readMailbox(s, mode);
  s.space();
  return { verb, mailbox, identifier: readIdentifier(s) };
}

export function parseSharingQuery(verb: SharingQuery["verb"], s: Scanner, mode: ParseMode): SharingQuery {
  s.space();
  return { verb, mailbox: readMailbox(s, mode) };
}

/** RFC 4314 3: prepared, or BAD. We prepare as for passwords, by what took the place of SASLprep (RFC 8265). */
function readIdentifier(s: Scanner): AclIdentifier {
  const written = s.astring("an identifier");
  const negative = written.startsWith("-");
  const name = prepareOpaqueString(negative ? written.slice(1) : written);
  if (name === null) throw new SyntaxError("that cannot be an identifier");
  return { written, name, negative };
}

/** `* ACL INBOX fred lrswipkxtecda` */
export function writeAcl(
  w: ResponseWriter,
  mailbox: string,
  entries: readonly { readonly identifier: string; readonly rights: number }[],
): void {
  w.ascii("* ACL ").mailbox(mailbox);
  for (const { identifier, rights } of entries) {
    w.ascii(" ").astring(identifier).ascii(" ").astring(formatRights(rights));
  }
  w.ascii("\r\n");
}

/** `* MYRIGHTS INBOX lrs` */
export function writeMyRights(w: ResponseWriter, mailbox: string, rights: number): void {
  w.ascii("* MYRIGHTS ").mailbox(mailbox).ascii(" ").astring(formatRights(rights)).ascii("\r\n");
}

/** No rights are tied: each stands alone, the virtual ones too. RFC 4314 2.1.1, 3.7 */
export function writeListRights(
  w: ResponseWriter,
  mailbox: string,
  identifier: string,
  always: number,
): void {
  w.ascii("* LISTRIGHTS ").mailbox(mailbox).ascii(" ").astring(identifier).ascii(" ");
  const required = formatRights(always);
  w.astring(required);
  for (const letter of formatRights(allRights)) {
    if (!required.includes(letter)) w.ascii(" ").ascii(letter);
  }
  w.ascii("\r\n");
}

/** Bits of flags that somebody with these rights may change, and whether keywords are among them. RFC 4314 4 */
export function changeableFlags(rights: number): { readonly bits: number; readonly keywords: boolean } {
  const keywords = (rights & right.write) !== 0;
  const bits = (keywords ? ~(seen | deleted) : 0) | ((rights & right.seen) === 0 ? 0 : seen) |
    ((rights & right.markDeleted) === 0 ? 0 : deleted);
  return { bits, keywords };
}
