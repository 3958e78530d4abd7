/**
 * The content of a stored message: its sections, and what SEARCH wants to know of it.
 *
 * Tested by `src/accounts/mail_store_test.ts`.
 *
 * @module
 */
import { type Bytes, concat, MiB } from "../base/bytes.ts";
import type { Day } from "../imap/search_key.ts";
import { decodeCharset } from "../message/charset.ts";
import type { Part } from "../message/message_index.ts";
import { transferDecoder } from "../message/transfer_encoding.ts";
import type { BodyReader } from "../store/bodies.ts";
import { decodeParts } from "../store/part_table.ts";
import { maxTextBytes, maxTextParts, type TextSource, textSource } from "../store/text_source.ts";
import type { Section } from "./mail.ts";
import type { ContentFacts } from "./mail_search_key.ts";
import { fold, type FoldedField, foldedFields, writtenDay } from "./mail_search_text.ts";
import { type MessageSizes, type ResolvedSection, resolveSection } from "./mail_sections.ts";

/** Octets read at once. */
const pieceBytes = MiB;

/** Octets of text, still encoded, and headers of parts that are searched in one message: as the parser does. */
export const maxSearchedBytes = maxTextBytes;
export const maxSearchedParts = maxTextParts;

/** A stored message: what was put in front of the body, the body, and where its parts are. */
export class StoredMessage {
  readonly #prefix: Bytes;
  readonly #body: BodyReader;
  readonly #table: Bytes;
  #root: Part | null = null;

  constructor(prefix: Bytes, body: BodyReader, table: Bytes) {
    this.#prefix = prefix;
    this.#body = body;
    this.#table = table;
  }

  get root(): Part {
    return this.#root ??= decodeParts(this.#table);
  }

  get sizes(): MessageSizes {
    return { prefix: this.#prefix.length, body: this.#body.size };
  }

  resolve(section: Section): ResolvedSection {
    if (section.part.length === 0 && section.what === "all") { // By far the most frequent, and no parts in it.
      const size = this.#prefix.length + this.#body.size;
      const start = Math.min(size, section.offset);
      const end = section.length === null ? size : Math.min(size, start + section.length);
      return { kind: "raw", start, end };
    }
    return resolveSection(this.root, section, this.sizes);
  }

  /**
   * Octets `start` to `end` of prefix and body, in pieces of at most a megabyte, each within one block of the
   * body. They are not the caller's to change or give away.
   *
   * @throws {Refused} `damaged`, `expunged`
   */
  *raw(start: number, end: number): Generator<Bytes> {
    const before = this.#prefix.length;
    if (start < before && start < end) yield this.#prefix.subarray(start, Math.min(end, before));
    yield* this.body(Math.max(0, start - before), end - before);
  }

  /** Adds octets `start` to `end` of prefix and body, a few, to what takes them; as {@link raw}. */
  addRaw(start: number, end: number, to: { add(bytes: Bytes): void }): void {
    const before = this.#prefix.length;
    if (start < before && start < end) to.add(this.#prefix.subarray(start, Math.min(end, before)));
    if (end > before) to.add(this.#body.slice(Math.max(0, start - before), end - before));
  }

  /** The same as {@link raw}, of the body alone. */
  *body(start: number, end: number): Generator<Bytes> {
    for (let at = start; at < end;) {
      const to = Math.min(end, at - at % pieceBytes + pieceBytes);
      yield this.#body.slice(at, to);
      at = to;
    }
  }

  /** What a part decodes to, in pieces; reads from the part's beginning. */
  *decoded(section: ResolvedSection & { readonly kind: "decoded" }): Generator<Bytes> {
    const decoder = transferDecoder(section.encoding);
    if (decoder === null || section.take === 0) return;
    let skip = section.skip;
    let left = section.take;
    const cut = (bytes: Bytes): Bytes => {
      const wanted = bytes.subarray(skip, skip + left);
      skip = Math.max(0, skip - bytes.length);
      left -= wanted.length;
      return wanted;
    };
    for (const piece of this.body(section.start, section.end)) {
      yield cut(decoder.write(piece)); // May be empty: a place to let others have a turn.
      if (left === 0) return;
    }
    yield cut(decoder.end());
  }

  /** What the parser makes text of, read in steps. @throws {Refused} as reading does */
  source(): Generator<void, TextSource> {
    return textSource({ prefix: this.#prefix, body: this.#body, root: this.root });
  }

  /** What SEARCH may ask. Each thing is read when it is first asked for. */
  facts(): SearchableContent {
    return new SearchableContent(this);
  }
}

/** The facts of a stored message. */
export class SearchableContent implements ContentFacts {
  readonly #message: StoredMessage;
  #fields: readonly FoldedField[] | null = null;
  #partFields: readonly FoldedField[] | null = null;
  #texts: readonly string[] | null = null;

  constructor(message: StoredMessage) {
    this.#message = message;
  }

  /** Reads everything now, in steps of a few milliseconds; for large messages. @throws {Refused} as reading does */
  *prepare(): Generator<void> {
    this.#header();
    this.#partFields ??= yield* this.#readPartFields();
    this.#texts ??= yield* this.#readTexts();
  }

  field(name: string): readonly string[] {
    return this.#header().filter((field) => field.name === name).map((field) => field.value);
  }

  sentDay(): Day | null {
    const value = this.field("date")[0];
    return value === undefined ? null : writtenDay(value);
  }

  inHeader(folded: string): boolean {
    const has = (field: FoldedField) => `${field.name.toUpperCase()}: ${field.value}`.includes(folded);
    if (this.#header().some(has)) return true;
    this.#partFields ??= inOneGo(this.#readPartFields());
    return this.#partFields.some(has);
  }

  inBody(folded: string): boolean {
    this.#texts ??= inOneGo(this.#readTexts());
    return this.#texts.some((text) => text.includes(folded));
  }

  #header(): readonly FoldedField[] {
    if (this.#fields === null) {
      const { prefix } = this.#message.sizes;
      const end = prefix + this.#message.root.bodyStart;
      this.#fields = foldedFields(concat([...this.#message.raw(0, end)]));
    }
    return this.#fields;
  }

  /** Headers of body parts and of nested messages. */
  *#readPartFields(): Generator<void, FoldedField[]> {
    const fields: FoldedField[] = [];
    let parts = 0;
    for (const part of partsBelow(this.#message.root)) {
      if (parts++ >= maxSearchedParts) break;
      const header = concat([...this.#message.body(part.headerStart, part.bodyStart)]);
      for (const field of foldedFields(header)) fields.push(field);
      if (part.fileName !== null) fields.push({ name: "filename", value: fold(part.fileName) });
      yield;
    }
    return fields;
  }

  /** Text parts, those of nested messages too; HTML as it is written. */
  *#readTexts(): Generator<void, string[]> {
    const texts: string[] = [];
    let left = maxSearchedBytes;
    const { root } = this.#message;
    for (const part of [root, ...partsBelow(root)]) {
      if (left <= 0) break;
      if (part.type !== "text" || part.bodyEnd <= part.bodyStart) continue;
      const end = Math.min(part.bodyEnd, part.bodyStart + left);
      left -= end - part.bodyStart;
      const text = yield* this.#textOf(part, end);
      if (text !== null) texts.push(text);
    }
    return texts;
  }

  *#textOf(part: Part, end: number): Generator<void, string | null> {
    const decoder = transferDecoder(part.encoding);
    if (decoder === null) return null;
    const pieces: Bytes[] = [];
    for (const piece of this.#message.body(part.bodyStart, end)) {
      pieces.push(decoder.write(piece));
      yield;
    }
    pieces.push(decoder.end());
    const text = decodeCharset(concat(pieces), part.charset);
    yield;
    return fold(text);
  }
}

function inOneGo<T>(steps: Generator<void, T>): T {
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/** Every part but the root, in the order of the message. Their number and depth are checked when a message comes in. */
function* partsBelow(root: Part): Generator<Part> {
  const open: Part[] = root.children.toReversed();
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    yield part;
    for (const child of part.children.toReversed()) open.push(child);
  }
}

/** Facts of a message whose bytes are damaged: there are none. */
export const noContent: ContentFacts = {
  field: () => [],
  sentDay: () => null,
  inHeader: () => false,
  inBody: () => false,
};
