/**
 * How far an APPEND or REPLACE has been read, and what each of its lines means as events.
 *
 * Tested by `src/imap/command_reader_test.ts`
 *
 * @module
 */
import type { AppendHead, AppendLine, AppendPlace } from "./append.ts";
import type { ReaderEvent } from "./reader_event.ts";
import type { LiteralHeader } from "./scanner.ts";

/** How far an APPEND or REPLACE has been read. */
export interface AppendSoFar {
  readonly head: AppendHead;
  place: AppendPlace;
  messages: number;
  /** Whether the message that was announced last is put together from parts. */
  catenated: boolean;
  /** Of all messages together. */
  parts: number;
}

export function beginning(head: AppendHead): AppendSoFar {
  return { head, place: "options", messages: 0, catenated: false, parts: 0 };
}

/** What a line says, as events. The end of a message that came as one literal was told with its last octet. */
export function eventsOf(
  append: AppendSoFar,
  line: AppendLine,
  literal: LiteralHeader | null,
): ReaderEvent[] {
  const events: ReaderEvent[] = [];
  const { tag, mailbox, replaces } = append.head;
  for (const piece of line.pieces) {
    if (piece.piece === "url") {
      append.parts++;
      events.push({ kind: "url", url: piece.url });
    } else if (piece.piece === "end") {
      if (append.catenated) events.push({ kind: "messageEnd" });
    } else {
      const { catenated, ...options } = piece.options;
      append.catenated = catenated;
      const message = {
        mailbox,
        index: append.messages++,
        replaces,
        size: catenated ? null : literal?.size ?? 0,
        binary: !catenated && (literal?.binary ?? false),
        ...options,
      };
      events.push({ kind: "message", tag, message, sync: !catenated && (literal?.sync ?? false) });
    }
  }
  if (line.literal === "part" && literal !== null) {
    append.parts++;
    events.push({ kind: "part", size: literal.size, binary: literal.binary, sync: literal.sync });
  }
  return events;
}
