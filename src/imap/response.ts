/**
 * Responses that are not of one command: conditions with their codes, capabilities, counts, VANISHED, and the frame
 * of a FETCH response. RFC 9051 7, RFC 5530, RFC 4315, RFC 7162
 *
 * @module
 */
import { utf8 } from "../base/bytes.ts";
import type { CommandErrorCode } from "./command_error.ts";
import { formatFlags } from "./flag_list.ts";
import { delimiter, otherUsers } from "./mailbox_name.ts";
import type { ResponseWriter } from "./response_writer.ts";
import type { Ranges } from "./search_key.ts";
import { formatRanges } from "./sequence_set.ts";

/** Codes without arguments. RFC 9051 7.1, RFC 4469 4.2, RFC 4978 3, RFC 5530, RFC 6154 3, RFC 7162, RFC 8437, RFC 9586 */
export type PlainCode =
  | "ALERT"
  | "ALREADYEXISTS"
  | "AUTHENTICATIONFAILED"
  | "AUTHORIZATIONFAILED"
  | "CANNOT"
  | "CLIENTBUG"
  | "CLOSED"
  | "COMPRESSIONACTIVE"
  | "CONTACTADMIN"
  | "CORRUPTION"
  | "EXPIRED"
  | "EXPUNGEISSUED"
  | "HASCHILDREN"
  | "INUSE"
  | "NOMODSEQ"
  | "NONEXISTENT"
  | "NOPERM"
  | "NOTSAVED"
  | "OVERQUOTA"
  | "PARSE"
  | "PRIVACYREQUIRED"
  | "READ-ONLY"
  | "READ-WRITE"
  | "SERVERBUG"
  | "TRYCREATE"
  | "UIDNOTSTICKY"
  | "UIDREQUIRED"
  | "UNAVAILABLE"
  | "UNKNOWN-CTE"
  | "USEATTR"
  | CommandErrorCode;

/** What stands in brackets before the text of a condition. */
export type ResponseCode =
  | PlainCode
  | { readonly code: "CAPABILITY"; readonly capabilities: readonly string[] }
  /** `\*`: clients can make keywords. RFC 9051 7.1 */
  | { readonly code: "PERMANENTFLAGS"; readonly flags: readonly string[] }
  | { readonly code: "UIDNEXT" | "UIDVALIDITY" | "UNSEEN" | "HIGHESTMODSEQ"; readonly value: number }
  /** RFC 4315 3; several UIDs after MULTIAPPEND. */
  | { readonly code: "APPENDUID"; readonly uidValidity: number; readonly uids: Ranges }
  | { readonly code: "COPYUID"; readonly uidValidity: number; readonly from: Ranges; readonly to: Ranges }
  /** Message numbers, or UIDs in the answer to a UID command. RFC 7162 3.1.3 */
  | { readonly code: "MODIFIED"; readonly set: Ranges }
  /** The most messages of a command, and the lowest UID that it came to, if that is known. RFC 9738 3.1 */
  | { readonly code: "MESSAGELIMIT"; readonly limit: number; readonly lowest: number | null }
  /** The tag of a search whose results will not be followed. RFC 5267 4.3.1 */
  | { readonly code: "NOUPDATE"; readonly tag: string }
  /** How far a command has come, of how much; null where that is not known. RFC 9585 4 */
  | {
    readonly code: "INPROGRESS";
    readonly tag: string;
    readonly done: number | null;
    readonly goal: number | null;
  }
  /** The URL as it was sent. RFC 4469 4.1 */
  | { readonly code: "BADURL"; readonly url: string }
  /** RFC 5464 5 */
  | { readonly code: "METADATA"; readonly what: "TOOMANY" | `${"LONGENTRIES" | "MAXSIZE"} ${number}` }
  /** RFC 8474 4.2 */
  | { readonly code: "MAILBOXID"; readonly id: string };

export function formatCode(code: ResponseCode): string {
  if (typeof code === "string") return code;
  switch (code.code) {
    case "CAPABILITY":
      return `CAPABILITY ${code.capabilities.join(" ")}`;
    case "PERMANENTFLAGS":
      return `PERMANENTFLAGS (${code.flags.join(" ")})`;
    case "APPENDUID":
      return `APPENDUID ${code.uidValidity} ${formatRanges(code.uids)}`;
    case "COPYUID":
      return `COPYUID ${code.uidValidity} ${formatRanges(code.from)} ${formatRanges(code.to)}`;
    case "MODIFIED":
      return `MODIFIED ${formatRanges(code.set)}`;
    case "MESSAGELIMIT":
      return `MESSAGELIMIT ${code.limit}${code.lowest === null ? "" : ` ${code.lowest}`}`;
    case "NOUPDATE":
      return `NOUPDATE "${code.tag}"`;
    case "INPROGRESS":
      return formatProgress(code.tag, code.done, code.goal);
    case "BADURL": // No `]`, and nothing that ends a line: escaped, which means the same. RFC 4469 5, RFC 3986 2.1
      return `BADURL ${code.url.replace(/[^\x20-\x5c\x5e-\x7e]/gu, (char) => escaped(char))}`;
    case "METADATA":
      return `METADATA ${code.what}`;
    case "MAILBOXID":
      return `MAILBOXID (${code.id})`;
    default:
      return `${code.code} ${code.value}`;
  }
}

/** RFC 9585 4, 5: a tag with a bracket, at which clients would see the code's end, is not repeated. */
function formatProgress(tag: string, done: number | null, goal: number | null): string {
  const shown = tag.includes("]") ? "NIL" : `"${tag}"`;
  const known = goal !== null && goal > 0;
  // Whoever has reached the goal says so by the tagged response.
  const progress = done === null ? "NIL" : known ? Math.min(done, goal - 1) : done;
  return `INPROGRESS (${shown} ${progress} ${known && done !== null ? goal : "NIL"})`;
}

function escaped(char: string): string {
  return [...utf8(char)].map((octet) => `%${octet.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}

export type Condition = "OK" | "NO" | "BAD" | "PREAUTH" | "BYE";

/** `tag OK [CODE] text`; a null tag is `*`. `text` is ASCII and not empty. */
export function writeCondition(
  w: ResponseWriter,
  tag: string | null,
  condition: Condition,
  code: ResponseCode | null,
  text: string,
): void {
  w.ascii(tag ?? "*").ascii(" ").ascii(condition).ascii(" ");
  if (code !== null) w.ascii("[").ascii(formatCode(code)).ascii("] ");
  w.ascii(text).ascii("\r\n");
}

/** `+ text`: go on. With an empty text for SASL's empty challenge. RFC 9051 7.6 */
export function writeContinue(w: ResponseWriter, text: string): void {
  w.ascii("+ ").ascii(text).ascii("\r\n");
}

/** `* CAPABILITY IMAP4rev2 …` */
export function writeCapability(w: ResponseWriter, capabilities: readonly string[]): void {
  w.ascii("* CAPABILITY ").ascii(capabilities.join(" ")).ascii("\r\n");
}

/** `* ENABLED CONDSTORE`; without words if nothing new was enabled. RFC 5161 3.2 */
export function writeEnabled(w: ResponseWriter, capabilities: readonly string[]): void {
  w.ascii(["* ENABLED", ...capabilities].join(" ")).ascii("\r\n");
}

/** `* FLAGS (\Seen …)`: the system flags, ours, and the keywords of the mailbox. RFC 9051 7.3.5 */
export function writeFlags(w: ResponseWriter, bits: number, keywords: readonly string[]): void {
  w.ascii("* FLAGS (").ascii(formatFlags(bits, keywords.join(" "))).ascii(")\r\n");
}

/** `* 23 EXISTS` */
export function writeCount(w: ResponseWriter, count: number, what: "EXISTS" | "RECENT" | "EXPUNGE"): void {
  w.ascii("* ").number(count).ascii(" ").ascii(what).ascii("\r\n");
}

/** `* VANISHED (EARLIER) 1:3`; nothing for no UIDs. RFC 7162 3.2.10 */
export function writeVanished(w: ResponseWriter, uids: Ranges, earlier: boolean): void {
  if (uids.length === 0) return;
  w.ascii(earlier ? "* VANISHED (EARLIER) " : "* VANISHED ").ranges(uids).ascii("\r\n");
}

/** One's own mailboxes without prefix, and those of others: `* NAMESPACE (("" "/")) (("Other Users/" "/")) NIL`. RFC 2342 5 */
export function writeNamespace(w: ResponseWriter): void {
  w.ascii(`* NAMESPACE (("" "${delimiter}")) (("${otherUsers}${delimiter}" "${delimiter}")) NIL\r\n`);
}

/** Behind a message's number. RFC 9051 7.5.2 */
export const fetchBegin = " FETCH (";
/** Behind its UID, of which the items need not tell then. RFC 9586 3.3 */
export const uidFetchBegin = " UIDFETCH (";
export type FetchBegin = typeof fetchBegin | typeof uidFetchBegin;

/**
 * The FETCH response that tells a message's flags, alone or with UID and MODSEQ: the one that is sent by the hundred
 * thousand.
 *
 * @param number The message's number, or its UID where {@link uidFetchBegin} follows.
 * @param uid Null leaves UID out.
 * @param modSeq Null leaves MODSEQ out.
 */
export function writeFetchFlags(
  w: ResponseWriter,
  number: number,
  uid: number | null,
  bits: number,
  keywords: string,
  recent: boolean,
  modSeq: number | null,
  begin: FetchBegin = fetchBegin,
): void {
  w.ascii("* ").number(number).ascii(begin);
  if (uid !== null) w.ascii("UID ").number(uid).ascii(" ");
  w.ascii("FLAGS ").flags(bits, keywords, recent);
  if (modSeq !== null) w.ascii(" MODSEQ (").number(modSeq).ascii(")");
  w.ascii(")\r\n");
}
