/**
 * What a section of a stored message is, said as plainly as possible: the message's bytes and its index give the
 * value. RFC 9051 6.4.5.1, RFC 3516 4.2
 *
 * Tested by `src/imapd/testing/memory_mail_test.ts`.
 *
 * @module
 */
import type { Section } from "../../accounts/mail.ts";
import { type Bytes, concat } from "../../base/bytes.ts";
import type { MessageIndex, Part } from "../../message/message_index.ts";
import { decodeTransfer } from "../../message/transfer_encoding.ts";

/** A message as the twin keeps it. */
export interface StoredBody {
  /** Trace fields in front of the message. */
  readonly prefix: Bytes;
  /** What came over SMTP or APPEND. */
  readonly body: Bytes;
  readonly index: MessageIndex;
}

/** Why there is no value: the numbers of `FetchBatch.lengths`. */
export type NoValue = -1 | -2;

/** The value of a section, without regard to its `offset` and `length`; NIL is -1, undecodable is -2. */
export function sectionValue(stored: StoredBody, section: Section): Bytes | NoValue {
  const { prefix, body, index } = stored;
  if (section.part.length === 0) {
    const root = index.root;
    switch (section.what) {
      case "header":
      case "commonHeader":
        return concat([prefix, body.subarray(root.headerStart, root.bodyStart)]);
      case "text":
        return body.slice(root.bodyStart, root.bodyEnd);
      case "mime":
        return -1;
      case "all":
      case "binary":
      case "binarySize":
        return concat([prefix, body]);
    }
  }
  const part = findPart(index.root, section.part);
  if (part === null) return -1;
  const nested = part.type === "message" ? part.children[0] : undefined;
  switch (section.what) {
    case "all":
      return body.slice(part.bodyStart, part.bodyEnd);
    case "mime":
      return body.slice(part.headerStart, part.bodyStart);
    case "commonHeader":
      return -1;
    case "header":
      return nested === undefined ? -1 : body.slice(nested.headerStart, nested.bodyStart);
    case "text":
      return nested === undefined ? -1 : body.slice(nested.bodyStart, nested.bodyEnd);
    case "binary":
    case "binarySize":
      return decoded(body.slice(part.bodyStart, part.bodyEnd), part);
  }
}

/** The octets of a value that were asked for. */
export function partial(value: Bytes, section: Section): Bytes {
  const end = section.length === null ? value.length : section.offset + section.length;
  return value.slice(section.offset, end);
}

/** The part of that number, or null. A message that is not multipart is its own part 1. RFC 9051 6.4.5.1 */
export function findPart(root: Part, numbers: readonly number[]): Part | null {
  let part: Part | null = null;
  for (const number of numbers) {
    part = part === null ? partOfMessage(root, number) : partOfPart(part, number);
    if (part === null) return null;
  }
  return part;
}

function partOfMessage(message: Part, number: number): Part | null {
  if (message.type === "multipart") return message.children[number - 1] ?? null;
  return number === 1 ? message : null;
}

function partOfPart(part: Part, number: number): Part | null {
  if (part.type === "multipart") return part.children[number - 1] ?? null;
  const nested = part.type === "message" ? part.children[0] : undefined;
  return nested === undefined ? null : partOfMessage(nested, number);
}

/** A part's body without its transfer encoding. RFC 2045 6.7, 6.8 */
export function decoded(bytes: Bytes, part: Pick<Part, "encoding" | "decodedSize">): Bytes | -2 {
  if (part.decodedSize === -1) return -2;
  return decodeTransfer(bytes, part.encoding) ?? -2;
}
