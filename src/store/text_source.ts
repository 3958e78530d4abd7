/**
 * What the text of a message for search is made of: its headers and text parts as they were sent, with what decodes
 * them. Read here, where the bytes are; made into text by the parser, a process that may do nothing else.
 *
 * Tested by `src/accounts/mail_search_index_test.ts`.
 *
 * @module
 */
import { type Bytes, concat, KiB, MiB, noBytes } from "../base/bytes.ts";
import type { Part, TransferEncoding } from "../message/message_index.ts";
import type { BodyReader } from "./bodies.ts";

/** Octets of text, still encoded, that are searched in one message. */
export const maxTextBytes = 4 * MiB;

/** Parts of one message that are searched, and octets of all their headers together. */
export const maxTextParts = 1000;
export const maxPartHeaders = MiB;

/** Octets of the header of a message. */
export const maxTextHeader = MiB;

/**
 * Characters of the text of one message, headers and body: what folding makes of the octets above, but for the few characters that
 * it takes apart into many. A message full of those is looked at itself.
 */
export const maxSearchedChars = 3 * (maxTextBytes + maxTextHeader + maxPartHeaders) + MiB;

/** Read in one step. */
const stepBytes = 256 * KiB;

/** A message, or as much of it as is searched. Plain data. */
export interface TextSource {
  /** The message's own header: what the server put in front, and what was sent. */
  readonly header: Bytes;
  /** In the order of the message; the message itself first, if it has text or a name. */
  readonly parts: readonly TextSourcePart[];
}

export interface TextSourcePart {
  /** Empty for the message itself. */
  readonly header: Bytes;
  /** Decoded. RFC 2231, RFC 2047 */
  readonly fileName: string | null;
  /** For parts of type text. */
  readonly text: {
    readonly subtype: string;
    readonly charset: string | null;
    readonly encoding: TransferEncoding;
    readonly bytes: Bytes;
  } | null;
}

/** The text of a message as SEARCH compares it: decoded, HTML as its words, case folded. */
export interface SearchedText {
  /** `name: value` of each header field, those of parts too, and the names of files; each in a line of its own. */
  readonly header: string;
  /** The text parts. */
  readonly body: string;
}

/** What makes text of messages; a process of its own, which may be killed at any time. */
export interface TextParser {
  /**
   * The texts of some messages; null for one on which it failed (it looped, or grew too large).
   *
   * @throws {Refused} `tryLater` if there is no parser now.
   */
  read(sources: readonly TextSource[]): Promise<readonly (SearchedText | null)[]>;
}

/** A message whose source is wanted. */
export interface SourceMessage {
  readonly prefix: Bytes;
  readonly body: BodyReader;
  readonly root: Part;
}

/** Reads what is searched of a message, in steps. @throws {Refused} `damaged`, `expunged` */
export function* textSource(message: SourceMessage): Generator<void, TextSource> {
  const { prefix, body, root } = message;
  const end = Math.min(root.bodyStart, Math.max(0, maxTextHeader - prefix.length));
  const header = concat([prefix.subarray(0, maxTextHeader), body.slice(0, end)]);
  const parts: TextSourcePart[] = [];
  let headers = maxPartHeaders;
  let left = maxTextBytes;
  let count = 0;
  for (const part of allParts(root)) {
    if (count++ > maxTextParts) break;
    const headerEnd = part === root ? part.headerStart : Math.min(part.bodyStart, part.headerStart + headers);
    headers -= headerEnd - part.headerStart;
    const { type, subtype, charset, encoding, fileName } = part;
    let text: TextSourcePart["text"] = null;
    if (type === "text" && encoding !== "unknown" && left > 0 && part.bodyEnd > part.bodyStart) {
      const bytes = yield* octets(body, part.bodyStart, Math.min(part.bodyEnd, part.bodyStart + left));
      left -= bytes.length;
      text = { subtype, charset, encoding, bytes };
    }
    if (part === root && text === null && fileName === null) continue;
    const partHeader = headerEnd > part.headerStart ? body.slice(part.headerStart, headerEnd) : noBytes;
    parts.push({ header: partHeader, fileName, text });
    yield;
  }
  return { header, parts };
}

/** About how many octets a source has. */
export function sourceBytes({ header, parts }: TextSource): number {
  return parts.reduce(
    (sum, part) => sum + part.header.length + (part.text?.bytes.length ?? 0),
    header.length,
  );
}

function* octets(body: BodyReader, start: number, end: number): Generator<void, Bytes> {
  if (end - start <= stepBytes) return body.slice(start, end);
  const pieces: Bytes[] = [];
  for (let at = start; at < end; at += stepBytes) {
    pieces.push(body.slice(at, Math.min(end, at + stepBytes)));
    yield;
  }
  return concat(pieces);
}

/** Every part, the message itself first. Their number and depth are checked when a message comes in. */
function* allParts(root: Part): Generator<Part> {
  const open: Part[] = [root];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    yield part;
    for (const child of part.children.toReversed()) open.push(child);
  }
}
