/**
 * EXPUNGE, COPY and MOVE, with their UID forms. RFC 9051 6.4.3, 6.4.7 to 6.4.9
 *
 * Tested by `src/imap/parse_command_test.ts`
 *
 * @module
 */
import type { Copy, Expunge, ParseMode } from "./command.ts";
import { readMailbox } from "./mailbox_name.ts";
import type { Scanner } from "./scanner.ts";
import { readSequenceSet } from "./sequence_set.ts";

/** `UID EXPUNGE set`; plain EXPUNGE has no arguments. RFC 4315 2.1 */
export function parseUidExpunge(s: Scanner): Expunge {
  s.space();
  return { verb: "EXPUNGE", uids: readSequenceSet(s) };
}

export function parseCopy(verb: Copy["verb"], uid: boolean, s: Scanner, mode: ParseMode): Copy {
  s.space();
  const set = readSequenceSet(s);
  s.space();
  return { verb, uid, set, mailbox: readMailbox(s, mode) };
}
