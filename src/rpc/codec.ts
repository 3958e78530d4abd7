/**
 * Plain data as bytes and back: our own small codec, because what a peer sends must never reach the runtime's
 * deserializer, which trusts it.
 *
 * One byte says what follows; numbers are little-endian; lengths are announced before their content and never
 * believed beyond the bytes that are there.
 *
 * | tag | value |
 * | --- | --- |
 * | 0 1 2 | null, true, false |
 * | 3 | whole number 0 … 2³²-1: u32 |
 * | 4 | number: f64 |
 * | 5 6 | string: u8 or u32 length, UTF-8 |
 * | 7 | array: u32 count, values |
 * | 8 | object: u16 count, then for each member u8 length, name in UTF-8, value |
 * | 9 | typed array: u8 kind (`columnKinds`), u32 octets, content |
 * | 128 … 255 | whole number 0 … 127 |
 *
 * Strings are Unicode: a lone surrogate arrives as U+FFFD.
 *
 * @module
 */
import { type Bytes, concat, fromStrictUtf8, KiB } from "../base/bytes.ts";
import {
  maxKeyBytes,
  maxMessageBytes,
  maxMessageDepth,
  maxMessageValues,
  maxObjectMembers,
} from "./limits.ts";
import {
  columnKinds,
  forbiddenKey,
  isBare,
  kindOf,
  notPlain,
  type Plain,
  takeGiven,
  tooLarge,
} from "./plain_data.ts";

const tag = {
  null: 0,
  true: 1,
  false: 2,
  uint32: 3,
  float64: 4,
  shortString: 5,
  longString: 6,
  array: 7,
  object: 8,
  column: 9,
  /** And above: the number itself. */
  small: 128,
} as const;

/** Strings up to this length (in UTF-16 units) are copied by hand, which beats the runtime's encoder. */
const shortText = 24;

const encoder = new TextEncoder();

/** The buffer to begin with. */
const firstBytes = 4 * KiB;

/** More than this is handed over with the buffer that it was written to; less is copied, and the buffer kept. */
const keptBytes = 64 * KiB;

/** Bytes that are sent from where they are, behind so many octets of those that are written here. */
interface Insertion {
  readonly at: number;
  readonly bytes: Bytes;
}

/**
 * Writes messages one behind the other, each behind the u32 of its length, until they are taken.
 */
export class FrameWriter {
  #bytes: Bytes = new Uint8Array(firstBytes);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  #values = 0;
  /** What was given away, see `plain_data.ts`, and how many octets that is. */
  #insertions: Insertion[] = [];
  #inserted = 0;

  /** Octets waiting to be taken. */
  get length(): number {
    return this.#at + this.#inserted;
  }

  /**
   * Adds one message, or nothing if it throws.
   *
   * @returns Its octets without the length in front.
   * @throws {TypeError} If a value is not plain data.
   * @throws {Refused} `tooLarge` if it passes a limit of `limits.ts`.
   */
  add(message: Plain): number {
    const start = this.length;
    const [at, insertions, inserted] = [this.#at, this.#insertions.length, this.#inserted];
    this.#values = 0;
    try {
      this.#room(4);
      this.#at += 4;
      this.#value(message, 0, start);
    } catch (error) {
      this.#at = at;
      this.#insertions.length = insertions;
      this.#inserted = inserted;
      throw error;
    }
    const length = this.length - start - 4;
    this.#view.setUint32(at, length, true);
    return length;
  }

  /** All messages added since the last time, in pieces with memory of their own. */
  take(): readonly Bytes[] {
    const written = this.#takeWritten();
    if (this.#insertions.length === 0) return written.length === 0 ? [] : [written];
    const pieces: Bytes[] = [];
    let from = 0;
    for (const { at, bytes } of this.#insertions) {
      pieces.push(written.subarray(from, at), bytes);
      from = at;
    }
    if (from < written.length) pieces.push(written.subarray(from));
    this.#insertions = [];
    this.#inserted = 0;
    return pieces;
  }

  #takeWritten(): Bytes {
    const length = this.#at;
    this.#at = 0;
    if (length <= keptBytes) return this.#bytes.slice(0, length);
    const taken = this.#bytes.subarray(0, length);
    this.#resize(firstBytes);
    return taken;
  }

  #room(count: number): void {
    const needed = this.#at + count;
    if (needed <= this.#bytes.length) return;
    this.#resize(Math.max(needed, this.#bytes.length * 2));
  }

  #resize(length: number): void {
    const grown = new Uint8Array(length);
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  #value(value: Plain, depth: number, start: number): void {
    if (++this.#values > maxMessageValues) throw tooLarge("values", maxMessageValues);
    this.#room(9);
    switch (typeof value) {
      case "boolean":
        this.#bytes[this.#at++] = value ? tag.true : tag.false;
        return;
      case "number":
        this.#number(value);
        return;
      case "string":
        this.#string(value, start);
        return;
      case "object":
        break;
      default:
        throw notPlain(`a value of type ${typeof value}`);
    }
    if (value === null) this.#bytes[this.#at++] = tag.null;
    else if (ArrayBuffer.isView(value)) this.#column(value, start);
    else if (depth >= maxMessageDepth) throw tooLarge("levels", maxMessageDepth);
    else if (Array.isArray(value)) this.#array(value, depth, start);
    else this.#object(value, depth, start);
  }

  #number(value: number): void {
    if (value >>> 0 === value && !Object.is(value, -0)) {
      if (value < 128) {
        this.#bytes[this.#at++] = tag.small | value;
        return;
      }
      this.#bytes[this.#at++] = tag.uint32;
      this.#view.setUint32(this.#at, value, true);
      this.#at += 4;
      return;
    }
    this.#bytes[this.#at++] = tag.float64;
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  #string(text: string, start: number): void {
    this.#fits(text.length, start);
    this.#room(5 + 3 * text.length);
    if (text.length <= shortText || 3 * text.length <= 255) {
      this.#bytes[this.#at] = tag.shortString;
      const length = this.#utf8(text, this.#at + 2);
      this.#bytes[this.#at + 1] = length;
      this.#at += 2 + length;
      return;
    }
    this.#bytes[this.#at] = tag.longString;
    const length = this.#utf8(text, this.#at + 5);
    this.#view.setUint32(this.#at + 1, length, true);
    this.#at += 5 + length;
    this.#fits(0, start);
  }

  #utf8(text: string, at: number): number {
    if (text.length <= shortText) {
      const bytes = this.#bytes;
      let i = 0;
      for (; i < text.length; i++) {
        const code = text.charCodeAt(i);
        if (code > 127) break;
        bytes[at + i] = code;
      }
      if (i === text.length) return i;
    }
    return encoder.encodeInto(text, this.#bytes.subarray(at)).written;
  }

  #column(view: ArrayBufferView, start: number): void {
    const kind = kindOf(view);
    this.#fits(view.byteLength, start);
    this.#room(6);
    this.#bytes[this.#at] = tag.column;
    this.#bytes[this.#at + 1] = kind;
    this.#view.setUint32(this.#at + 2, view.byteLength, true);
    this.#at += 6;
    if (takeGiven(view)) {
      this.#insertions.push({ at: this.#at, bytes: view });
      this.#inserted += view.length;
      return;
    }
    this.#room(view.byteLength);
    this.#bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), this.#at);
    this.#at += view.byteLength;
  }

  #array(values: readonly Plain[], depth: number, start: number): void {
    this.#bytes[this.#at] = tag.array;
    this.#view.setUint32(this.#at + 1, values.length, true);
    this.#at += 5;
    for (let i = 0; i < values.length; i++) this.#value(values[i], depth + 1, start);
  }

  #object(value: object, depth: number, start: number): void {
    if (!isBare(value)) throw notPlain(`a ${value.constructor?.name ?? "class"}`);
    const head = this.#at;
    this.#bytes[head] = tag.object;
    this.#at += 3;
    let count = 0;
    for (const key of Object.keys(value)) {
      const member: Plain = (value as Record<string, Plain>)[key];
      if (member === undefined) continue; // What a missing member means in both carriers.
      if (key === forbiddenKey) throw notPlain(`a member called ${forbiddenKey}`);
      if (++count > maxObjectMembers) throw tooLarge("members in an object", maxObjectMembers);
      if (key.length > maxKeyBytes) throw tooLarge("octets in a member's name", maxKeyBytes);
      this.#room(1 + 3 * key.length);
      const length = this.#utf8(key, this.#at + 1);
      if (length > maxKeyBytes) throw tooLarge("octets in a member's name", maxKeyBytes);
      this.#bytes[this.#at] = length;
      this.#at += 1 + length;
      this.#value(member, depth + 1, start);
    }
    this.#view.setUint16(head + 1, count, true);
    this.#fits(0, start);
  }

  #fits(more: number, start: number): void {
    if (this.length - start - 4 + more > maxMessageBytes) throw tooLarge("octets", maxMessageBytes);
  }
}

/** Plain data as bytes; for what is not a stream of frames. @throws As {@link FrameWriter.add}. */
export function encode(value: Plain): Bytes {
  const writer = new FrameWriter();
  writer.add(value);
  return concat(writer.take()).slice(4);
}

/**
 * Reads what {@link encode} wrote; everything in it has memory of its own.
 *
 * @throws {SyntaxError} If the bytes are anything else, to the last one, or pass a limit of `limits.ts`.
 */
export function decode(bytes: Uint8Array): Plain {
  if (bytes.length > maxMessageBytes) throw new SyntaxError("the message is too large");
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (reader.at !== bytes.length) throw new SyntaxError("bytes behind the value");
  return value;
}

/** Names that were read last, each at a place that its octets tell; of two with the same the later. */
const keySlots = 1021;
const knownKeys: string[] = new Array(keySlots);

class Reader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #values = 0;

  constructor(bytes: Uint8Array) {
    // Not `bytes` itself: if it is a Buffer, its slice() is a view and copies nothing.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(depth: number): Plain {
    if (++this.#values > maxMessageValues) throw new SyntaxError("too many values");
    const kind = this.#bytes[this.#take(1)] ?? 0;
    if (kind >= tag.small) return kind - tag.small;
    switch (kind) {
      case tag.null:
        return null;
      case tag.true:
        return true;
      case tag.false:
        return false;
      case tag.uint32:
        return this.#uint32();
      case tag.float64:
        return this.#view.getFloat64(this.#take(8), true);
      case tag.shortString:
        return this.#text(this.#uint8());
      case tag.longString:
        return this.#text(this.#uint32());
      case tag.column:
        return this.#column();
      case tag.array:
        return this.#array(depth);
      case tag.object:
        return this.#object(depth);
    }
    throw new SyntaxError(`there is no tag ${kind}`);
  }

  /** Steps over `count` bytes and returns where they begin. */
  #take(count: number): number {
    const at = this.at;
    if (count > this.#bytes.length - at) throw new SyntaxError("the message ends too early");
    this.at = at + count;
    return at;
  }

  #uint8(): number {
    return this.#bytes[this.#take(1)] ?? 0;
  }

  #uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  #text(length: number): string {
    const start = this.#take(length);
    if (length <= shortText) {
      let text = "";
      let at = start;
      for (; at < this.at; at++) {
        const byte = this.#bytes[at] ?? 0;
        if (byte > 127) break;
        text += String.fromCharCode(byte);
      }
      if (at === this.at) return text;
    }
    const text = fromStrictUtf8(this.#bytes.subarray(start, this.at));
    if (text === null) throw new SyntaxError("a string is not UTF-8");
    return text;
  }

  #column(): Plain {
    const kind = columnKinds[this.#uint8()];
    if (kind === undefined) throw new SyntaxError("there is no such kind of array");
    const length = this.#uint32();
    if (length % kind.BYTES_PER_ELEMENT !== 0) throw new SyntaxError("half a number in an array");
    const start = this.#take(length);
    return new kind(this.#bytes.slice(start, this.at).buffer as ArrayBuffer);
  }

  #array(depth: number): Plain {
    if (depth >= maxMessageDepth) throw new SyntaxError("too many levels");
    const count = this.#uint32();
    // Each value is at least one byte: a false count costs nothing.
    if (count > this.#bytes.length - this.at) throw new SyntaxError("the message ends too early");
    const values: Plain[] = [];
    for (let i = 0; i < count; i++) values.push(this.value(depth + 1));
    return values;
  }

  #object(depth: number): Plain {
    if (depth >= maxMessageDepth) throw new SyntaxError("too many levels");
    const count = this.#view.getUint16(this.#take(2), true);
    if (count > maxObjectMembers) throw new SyntaxError("too many members");
    const object: Record<string, Plain> = {};
    for (let i = 0; i < count; i++) {
      const key = this.#key(this.#uint8());
      if (key === forbiddenKey) throw new SyntaxError("a member's name is forbidden");
      object[key] = this.value(depth + 1);
    }
    if (Object.keys(object).length !== count) throw new SyntaxError("a member is there twice");
    return object;
  }

  /** Members have the same few names in all messages: those are not made anew. */
  #key(length: number): string {
    const start = this.at;
    if (length === 0 || length > this.#bytes.length - start) return this.#text(length);
    const slot = (length * 31 + (this.#bytes[start] ?? 0) * 7 + (this.#bytes[start + length - 1] ?? 0)) %
      keySlots;
    const known = knownKeys[slot];
    if (known !== undefined && known.length === length) {
      let i = 0;
      while (i < length && known.charCodeAt(i) === this.#bytes[start + i]) i++;
      if (i === length) {
        this.at = start + length;
        return known;
      }
    }
    const key = this.#text(length);
    if (key.length === length) knownKeys[slot] = key; // ASCII: an octet is a character.
    return key;
  }
}
