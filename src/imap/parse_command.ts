/**
 * From a command's octets to the {@link Command}: finds the verb, and lets its own file read the arguments.
 *
 * @module
 */
import { parseAclQuery, parseSetAcl, parseSharingQuery } from "./acl.ts";
import type { Bare, Command, ParseMode, TaggedCommand } from "./command.ts";
import { parseCompress } from "./compress.ts";
import { parseCreate, parseMailboxCommand, parseRename } from "./create.ts";
import { parseEnable } from "./enable.ts";
import { parseCopy, parseUidExpunge } from "./expunge.ts";
import { parseFetch } from "./fetch.ts";
import { parseId } from "./id.ts";
import { parseLanguage } from "./language.ts";
import { parseList, parseLsub } from "./list.ts";
import { parseAuthenticate, parseLogin } from "./login.ts";
import { parseGetMetadata, parseSetMetadata } from "./metadata.ts";
import { parseCancelUpdate, parseMultiSearch } from "./multi_search.ts";
import { parseNotify } from "./notify.ts";
import { parseGetQuota, parseSetQuota } from "./quota.ts";
import { Scanner } from "./scanner.ts";
import { parseSearch } from "./search.ts";
import { parseSort, parseThread } from "./sort.ts";
import { parseSelect } from "./select.ts";
import { parseStatus } from "./status.ts";
import { parseStore } from "./store.ts";

/** Reads what follows the verb, with the space before it, up to the end. */
type Parse = (s: Scanner, mode: ParseMode) => Command;

const bare = (verb: Bare["verb"]): [string, Parse] => [verb, () => ({ verb })];

const parsers: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  bare("CAPABILITY"),
  bare("NOOP"),
  bare("LOGOUT"),
  bare("STARTTLS"),
  bare("NAMESPACE"),
  bare("IDLE"),
  bare("CHECK"),
  bare("CLOSE"),
  bare("UNSELECT"),
  bare("UNAUTHENTICATE"),
  ["ID", parseId],
  ["LOGIN", parseLogin],
  ["AUTHENTICATE", parseAuthenticate],
  ["ENABLE", parseEnable],
  ["COMPRESS", parseCompress],
  ["LANGUAGE", parseLanguage],
  ["SELECT", (s, mode) => parseSelect("SELECT", s, mode)],
  ["EXAMINE", (s, mode) => parseSelect("EXAMINE", s, mode)],
  ["CREATE", parseCreate],
  ["DELETE", (s, mode) => parseMailboxCommand("DELETE", s, mode)],
  ["RENAME", parseRename],
  ["SUBSCRIBE", (s, mode) => parseMailboxCommand("SUBSCRIBE", s, mode)],
  ["UNSUBSCRIBE", (s, mode) => parseMailboxCommand("UNSUBSCRIBE", s, mode)],
  ["LIST", parseList],
  ["LSUB", parseLsub],
  ["NOTIFY", parseNotify],
  ["STATUS", parseStatus],
  ["SETACL", parseSetAcl],
  ["DELETEACL", (s, mode) => parseAclQuery("DELETEACL", s, mode)],
  ["LISTRIGHTS", (s, mode) => parseAclQuery("LISTRIGHTS", s, mode)],
  ["GETACL", (s, mode) => parseSharingQuery("GETACL", s, mode)],
  ["MYRIGHTS", (s, mode) => parseSharingQuery("MYRIGHTS", s, mode)],
  ["GETQUOTAROOT", (s, mode) => parseSharingQuery("GETQUOTAROOT", s, mode)],
  ["GETQUOTA", parseGetQuota],
  ["SETQUOTA", parseSetQuota],
  ["GETMETADATA", parseGetMetadata],
  ["SETMETADATA", parseSetMetadata],
  ["APPEND", () => appendWithoutMessage()],
  ["REPLACE", () => appendWithoutMessage()],
  ["EXPUNGE", () => ({ verb: "EXPUNGE", uids: null })],
  ["SEARCH", (s, mode) => parseSearch(false, s, mode)],
  ["SORT", (s) => parseSort(false, s)],
  ["THREAD", (s) => parseThread(false, s)],
  ["ESEARCH", parseMultiSearch],
  ["CANCELUPDATE", parseCancelUpdate],
  ["FETCH", (s) => parseFetch(false, s)],
  ["STORE", (s) => parseStore(false, s)],
  ["COPY", (s, mode) => parseCopy("COPY", false, s, mode)],
  ["MOVE", (s, mode) => parseCopy("MOVE", false, s, mode)],
]);

/** What can follow UID. RFC 9051 6.4.9 */
const uidParsers: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ["REPLACE", () => appendWithoutMessage()],
  ["EXPUNGE", parseUidExpunge],
  ["SEARCH", (s, mode) => parseSearch(true, s, mode)],
  ["SORT", (s) => parseSort(true, s)],
  ["THREAD", (s) => parseThread(true, s)],
  ["FETCH", (s) => parseFetch(true, s)],
  ["STORE", (s) => parseStore(true, s)],
  ["COPY", (s, mode) => parseCopy("COPY", true, s, mode)],
  ["MOVE", (s, mode) => parseCopy("MOVE", true, s, mode)],
]);

/** The reader reads an APPEND or REPLACE that names a mailbox by itself. */
function appendWithoutMessage(): never {
  throw new SyntaxError("expected the message as a literal");
}

/**
 * Reads a whole command.
 *
 * @param bytes From the tag to before the last CRLF, literals included. The result shares no memory with it.
 * @throws {SyntaxError} With a message for the peer; a CommandError where the answer is not plain BAD.
 */
export function parseCommand(bytes: Uint8Array, mode: ParseMode): TaggedCommand {
  const s = new Scanner(bytes);
  const tag = s.tag();
  s.space();
  let parse = parsers;
  if (s.take("UID ")) parse = uidParsers;
  const read = parse.get(s.keyword("a command"));
  if (read === undefined) throw new SyntaxError("unknown command");
  const command = read(s, mode);
  s.end();
  return { tag, command };
}

/** What can be known of a command that may be wrong: null where even that cannot be read. */
export function readHead(bytes: Uint8Array): { tag: string | null; verb: string | null } {
  const s = new Scanner(bytes);
  let tag: string | null = null;
  try {
    tag = s.tag();
    s.space();
    s.take("UID ");
    return { tag, verb: s.keyword("a command") };
  } catch {
    // A tag that goes on in characters that no tag has is none.
    return { tag: tag !== null && (s.atEnd || s.bytes[tag.length] === 0x20) ? tag : null, verb: null };
  }
}

/** Whether there is a command of this name (in upper case). */
export function isVerb(word: string): boolean {
  return parsers.has(word);
}
