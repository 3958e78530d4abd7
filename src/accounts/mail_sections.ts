/**
 * Which octets a section of a message is. RFC 9051 6.4.5.1, RFC 3516 4.2
 *
 * A message is its prefix (trace fields, in front of the root's header) and its body, in which the part table's
 * offsets count.
 *
 * @module
 */
import type { Part, TransferEncoding } from "../message/message_index.ts";
import type { Section } from "./mail.ts";

/** The sizes that a section depends on beside the parts. */
export interface MessageSizes {
  readonly prefix: number;
  readonly body: number;
}

/** What {@link resolveSection} finds. */
export type ResolvedSection =
  /** There is no such part: NIL. */
  | { readonly kind: "nil" }
  /** The transfer encoding is unknown, or the data are damaged. RFC 3516 4.3 */
  | { readonly kind: "unknownEncoding" }
  /** Only the length is asked for. */
  | { readonly kind: "length"; readonly length: number }
  /** Octets `start` to `end` of the prefix and body together. */
  | { readonly kind: "raw"; readonly start: number; readonly end: number }
  /** Of what the octets `start` to `end` of the body decode to, `skip` and then at most `take`. */
  | {
    readonly kind: "decoded";
    readonly encoding: TransferEncoding;
    readonly start: number;
    readonly end: number;
    readonly skip: number;
    readonly take: number;
  };

const nil: ResolvedSection = { kind: "nil" };
const unknownEncoding: ResolvedSection = { kind: "unknownEncoding" };

/**
 * What a section means for a message. Its `offset` and `length` are applied: past the end lies nothing, which
 * is an empty value and not an error (RFC 9051 6.4.5).
 */
export function resolveSection(root: Part, section: Section, sizes: MessageSizes): ResolvedSection {
  return section.part.length === 0 ? ofMessage(root, section, sizes) : ofPart(root, section, sizes);
}

function ofMessage(root: Part, section: Section, sizes: MessageSizes): ResolvedSection {
  const whole = sizes.prefix + sizes.body;
  const text = sizes.prefix + root.bodyStart;
  switch (section.what) {
    case "header":
    case "commonHeader":
      return raw(0, text, section);
    case "text":
      return raw(text, whole, section);
    case "mime": // Not in the grammar: MIME needs a part number.
      return nil;
    case "binarySize":
      return length(whole, section);
    case "all":
    case "binary": // A message itself has no transfer encoding.
      return raw(0, whole, section);
  }
}

function ofPart(root: Part, section: Section, sizes: MessageSizes): ResolvedSection {
  const part = findPart(root, section.part);
  if (part === null) return nil;
  const inBody = (start: number, end: number) => raw(sizes.prefix + start, sizes.prefix + end, section);
  const nested = messageInside(part);
  switch (section.what) {
    case "all":
      return inBody(part.bodyStart, part.bodyEnd);
    case "mime":
      return inBody(part.headerStart, part.bodyStart);
    case "commonHeader": // Only of the message itself.
      return nil;
    case "header": // Only messages within have these two.
      return nested === null ? nil : inBody(nested.headerStart, nested.bodyStart);
    case "text":
      return nested === null ? nil : inBody(nested.bodyStart, nested.bodyEnd);
    case "binary":
    case "binarySize":
      return ofBinary(part, section, sizes);
  }
}

function ofBinary(part: Part, section: Section, sizes: MessageSizes): ResolvedSection {
  const { encoding, decodedSize, bodyStart, bodyEnd } = part;
  if (encoding === "unknown" || decodedSize < 0) return unknownEncoding;
  if (section.what === "binarySize") return length(decodedSize, section);
  if (encoding !== "base64" && encoding !== "quoted-printable") {
    return raw(sizes.prefix + bodyStart, sizes.prefix + bodyEnd, section);
  }
  const { start, end } = partial(0, decodedSize, section);
  return { kind: "decoded", encoding, start: bodyStart, end: bodyEnd, skip: start, take: end - start };
}

/**
 * The part of that number, or null. The body of a message that is not multipart is its part 1, and the parts
 * of a nested message are those of its own body.
 */
export function findPart(root: Part, numbers: readonly number[]): Part | null {
  let part: Part | null = null;
  for (const number of numbers) {
    part = part === null ? partOfMessage(root, number) : partWithin(part, number);
    if (part === null) return null;
  }
  return part;
}

function partOfMessage(message: Part, number: number): Part | null {
  if (message.type === "multipart") return message.children[number - 1] ?? null;
  return number === 1 ? message : null;
}

function partWithin(part: Part, number: number): Part | null {
  if (part.type === "multipart") return part.children[number - 1] ?? null;
  const nested = messageInside(part);
  return nested === null ? null : partOfMessage(nested, number);
}

/** The message that a `message/rfc822` or `message/global` part holds. */
function messageInside(part: Part): Part | null {
  return part.type === "message" ? part.children[0] ?? null : null;
}

function raw(start: number, end: number, section: Section): ResolvedSection {
  return { kind: "raw", ...partial(start, Math.max(start, end), section) };
}

function length(all: number, section: Section): ResolvedSection {
  const { start, end } = partial(0, all, section);
  return { kind: "length", length: end - start };
}

function partial(start: number, end: number, { offset, length }: Section): { start: number; end: number } {
  const first = Math.min(end, start + offset);
  return { start: first, end: length === null ? end : Math.min(end, first + length) };
}
