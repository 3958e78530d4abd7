/**
 * What store, supervisor and parser write to each other's pipes: frames (`rpc/frame_reader.ts`).
 *
 * ```text
 * store to supervisor    number of the request (u32), sources
 * supervisor to parser   the same
 * parser to supervisor   number of the request (u32), texts
 * supervisor to store    number of the request (u32), answers (u8), texts
 * ```
 *
 * Sources and texts are plain data as `rpc/codec.ts` writes it. The supervisor reads the number and nothing else.
 *
 * Tested by `src/roles/parser_link_test.ts`.
 *
 * @module
 */
import { MiB } from "../base/bytes.ts";
import { maxMessageBytes } from "../rpc/limits.ts";

/** Longest request: one message with all that is searched of it, and some room. */
export const maxParserRequest = 8 * MiB;

/** Longest answer of the parser. */
export const maxParserAnswer = maxMessageBytes + 4;

/** Octets of a request's number, and of what stands in front of the texts in an answer. */
export const requestHead = 4;
export const answerHead = 5;

/** How it went: the parser failed (and was killed, if it still lived), it answered, or there is none now. */
export const answers = { failed: 0, read: 1, none: 2 } as const;

export function numberOf(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getUint32(0, true);
}

/** The octets in front of a request, or of an answer. */
export function headOf(number: number, answer?: number): Uint8Array {
  const head = new Uint8Array(answer === undefined ? requestHead : answerHead);
  new DataView(head.buffer).setUint32(0, number, true);
  if (answer !== undefined) head[requestHead] = answer;
  return head;
}
