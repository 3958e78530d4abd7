/**
 * Transfer encodings: base64 and quoted-printable, piece by piece, both ways. RFC 2045 6.7, 6.8
 *
 * Decoders take everything. What is not of the alphabet is skipped in base64 and kept in quoted-printable;
 * `=` in base64 closes a group, after which more may follow (people glue encoded files together). A decoder
 * holds back at most {@link maxHeldOctets}. Encoders write lines of at most 76 characters that end in CRLF.
 *
 * @module
 */
import { type Bytes, concat, latin1, noBytes } from "../base/bytes.ts";
import { nextControlOr, type Words, wordsOf } from "../base/words.ts";
import type { TransferEncoding } from "./message_index.ts";

/** Bytes in, bytes out; `end` gives the rest. For one use. */
export interface Transcoder {
  write(bytes: Uint8Array): Bytes;
  end(): Bytes;
}

/** Longest run of white space that a quoted-printable decoder waits with; a longer one is kept as text. */
export const maxHeldOctets = 1024;

/** Longest encoded line without CRLF. RFC 2045 6.7 (5), 6.8 */
export const maxEncodedLine = 76;

/** What undoes an encoding; null for one that is unknown. */
export function transferDecoder(encoding: TransferEncoding): Transcoder | null {
  switch (encoding) {
    case "base64":
      return new Base64Decoder();
    case "quoted-printable":
      return new QuotedPrintableDecoder();
    case "unknown":
      return null;
    default:
      return new IdentityDecoder();
  }
}

/** All of `bytes` decoded; null for an unknown encoding. */
export function decodeTransfer(bytes: Uint8Array, encoding: TransferEncoding): Bytes | null {
  const decoder = transferDecoder(encoding);
  if (decoder === null) return null;
  const first = decoder.write(bytes);
  const rest = decoder.end();
  return rest.length === 0 ? first : concat([first, rest]);
}

/** 7bit, 8bit and binary are no encodings: a copy. RFC 2045 6.2 */
export class IdentityDecoder implements Transcoder {
  write(bytes: Uint8Array): Bytes {
    return bytes.slice();
  }

  end(): Bytes {
    return noBytes;
  }
}

/** The first octets of an array, in memory of their own. */
function fitted(out: Bytes, size: number): Bytes {
  return size === out.length ? out : out.slice(0, size);
}

/** Six bits of each octet of the alphabet, -1 for others, -2 for the padding. RFC 2045 6.8 */
export const sextets: Readonly<Int8Array> = base64Sextets();

function base64Sextets(): Int8Array {
  const table = new Int8Array(256).fill(-1);
  for (
    const [i, letter] of [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].entries()
  ) {
    table[letter.charCodeAt(0)] = i;
  }
  table[0x3d] = -2;
  return table;
}

export class Base64Decoder implements Transcoder {
  #held = 0;
  #count = 0;

  write(bytes: Uint8Array): Bytes {
    const out = new Uint8Array(((bytes.length + this.#count) >> 2) * 3 + 3);
    let size = 0;
    let held = this.#held;
    let count = this.#count;
    for (let i = 0; i < bytes.length; i++) {
      const value = sextets[bytes[i] ?? 0] ?? -1;
      if (value >= 0) {
        held = (held << 6) | value;
        if (++count === 4) {
          out[size] = held >> 16;
          out[size + 1] = held >> 8;
          out[size + 2] = held;
          size += 3;
          held = count = 0;
        }
      } else if (value === -2 && count > 0) {
        size += writeRest(out, size, held, count);
        held = count = 0;
      }
    }
    this.#held = held;
    this.#count = count;
    return fitted(out, size);
  }

  end(): Bytes {
    if (this.#count < 2) return noBytes;
    const out = new Uint8Array(2);
    const size = writeRest(out, 0, this.#held, this.#count);
    this.#held = this.#count = 0;
    return fitted(out, size);
  }
}

/** The octets of an unfinished group: none of one letter, one of two, two of three. */
function writeRest(out: Uint8Array, at: number, held: number, count: number): number {
  if (count === 2) out[at] = held >> 4;
  if (count === 3) {
    out[at] = held >> 10;
    out[at + 1] = held >> 2;
  }
  return Math.max(0, count - 1);
}

const equals = 0x3d;

/** 1 for each octet that is itself in quoted-printable, wherever it stands. */
const plain = new Uint8Array(256).fill(1);
plain[equals] = plain[0x20] = plain[0x09] = 0;

/** Where a quoted-printable decoder stands. */
type QuotedState = "text" | "space" | "spaceCr" | "equals" | "hex" | "equalsSpace" | "equalsCr";

/**
 * RFC 2045 6.7. White space at the end of a line is padding of transports and goes (rule 3); what follows an
 * `=` and is no hexadecimal number stays as it is.
 */
export class QuotedPrintableDecoder implements Transcoder {
  #state: QuotedState = "text";
  /** What was read and not decided yet. */
  #held: number[] = [];

  write(bytes: Uint8Array): Bytes {
    const out = new Uint8Array(bytes.length + this.#held.length);
    let size = 0;
    for (let i = 0; i < bytes.length; i++) {
      if (this.#state !== "text") {
        size = this.#follow(bytes[i] ?? 0, out, size);
        continue;
      }
      while (i < bytes.length && plain[bytes[i] ?? 0] === 1) out[size++] = bytes[i++] ?? 0;
      if (i === bytes.length) break;
      // The usual cases, where what follows is at hand: nothing needs to be held.
      const byte = bytes[i] ?? 0;
      const octet = byte === equals ? escapedOctet(bytes, i, bytes.length) : -1;
      if (octet !== -1) {
        out[size++] = octet;
        i += 2;
      } else if (byte !== equals && (bytes[i + 1] ?? 0) > 0x20) out[size++] = byte;
      else this.#hold(byte);
    }
    return fitted(out, size);
  }

  /** How many octets there are in octets `start` to `end`: the length of what {@link write} would give for them. */
  count(bytes: Uint8Array, start: number, end: number): number {
    const words = wordsOf(bytes, start, end);
    let size = 0;
    for (let at = start; at < end;) {
      if (this.#state !== "text") {
        size += this.#follow(bytes[at++] ?? 0, counted, 0);
        continue;
      }
      const coded = nextCoded(bytes, words, at);
      size += coded - at;
      at = coded;
      if (at === end) break;
      if (escapedOctet(bytes, at, end) !== -1) {
        size++;
        at += 3;
      } else if (at + 2 < end && bytes[at] === equals && bytes[at + 1] === 0x0d && bytes[at + 2] === 0x0a) {
        at += 3; // A soft line break.
      } else this.#hold(bytes[at++] ?? 0);
    }
    return size;
  }

  /** Keeps an `=` or white space until it is known what follows. */
  #hold(byte: number): void {
    this.#state = byte === equals ? "equals" : "space";
    this.#held.push(byte);
  }

  /** Reads an octet behind one that is held; returns how many octets `out` has then. */
  #follow(byte: number, out: Uint8Array, size: number): number {
    const state = this.#state;
    if (state === "text") throw new TypeError("nothing is held");
    const held = this.#held;
    const next = follow(state, byte);
    switch (next) {
      case "hold":
      case "equalsCr":
      case "spaceCr":
      case "equalsSpace":
      case "hex":
        held.push(byte);
        if (next !== "hold") this.#state = next;
        return held.length > maxHeldOctets ? this.#release(out, size) : size;
      case "octet":
        out[size++] = (hexDigit(held[1] ?? 0) << 4) | hexDigit(byte);
        break;
      case "softBreak":
        break;
      case "hardBreak":
        if (held.at(-1) === 0x0d) out[size++] = 0x0d;
        out[size++] = byte;
        break;
      case "keep":
        size = this.#release(out, size);
        if (plain[byte] === 1) out[size++] = byte;
        else this.#hold(byte);
        return size;
    }
    held.length = 0;
    this.#state = "text";
    return size;
  }

  /** What was held was text. */
  #release(out: Uint8Array, size: number): number {
    for (const one of this.#held) out[size++] = one;
    this.#held.length = 0;
    this.#state = "text";
    return size;
  }

  end(): Bytes {
    // The last line may end without CRLF: its padding goes, and a soft line break is one.
    const kept = this.#state === "hex" || this.#state === "spaceCr" ? this.#held : [];
    this.#state = "text";
    this.#held = [];
    return kept.length === 0 ? noBytes : Uint8Array.from(kept);
  }
}

/** Where octets go that are only counted: what was held, and the one that released it. */
const counted = new Uint8Array(maxHeldOctets + 2);

/** The octet that `=` and two digits at `at` stand for, if they are in front of `end`; else -1. */
function escapedOctet(bytes: Uint8Array, at: number, end: number): number {
  if (at + 2 >= end || bytes[at] !== equals) return -1;
  const high = hexDigit(bytes[at + 1] ?? 0);
  const low = hexDigit(bytes[at + 2] ?? 0);
  return high === -1 || low === -1 ? -1 : (high << 4) | low;
}

/** Where from `from` on the next octet stands that may not be itself: `=`, or space that a line or the octets end with. */
function nextCoded(bytes: Uint8Array, words: Words, from: number): number {
  for (let at = from;; at++) {
    at = nextControlOr(equals, bytes, words, at);
    const byte = bytes[at];
    if (at === words.end) return spaceBefore(bytes, from, at);
    if (byte === equals) return at;
    if (byte !== 0x0d && byte !== 0x0a) continue;
    const space = spaceBefore(bytes, from, at);
    if (space < at) return space;
  }
}

/** Where the white space begins that ends at `at`. */
function spaceBefore(bytes: Uint8Array, from: number, at: number): number {
  while (at > from && (bytes[at - 1] === 0x20 || bytes[at - 1] === 0x09)) at--;
  return at;
}

type Follow =
  | "hold"
  | "hex"
  | "equalsCr"
  | "spaceCr"
  | "equalsSpace"
  | "octet"
  | "softBreak"
  | "hardBreak"
  | "keep";

/** What an octet means in a state other than text. */
function follow(state: Exclude<QuotedState, "text">, byte: number): Follow {
  const isSpace = byte === 0x20 || byte === 0x09;
  switch (state) {
    case "space":
      if (byte === 0x0a) return "hardBreak";
      if (byte === 0x0d) return "spaceCr";
      return isSpace ? "hold" : "keep";
    case "spaceCr":
      return byte === 0x0a ? "hardBreak" : "keep";
    case "equals":
      if (byte === 0x0a) return "softBreak";
      if (byte === 0x0d) return "equalsCr";
      if (isSpace) return "equalsSpace";
      return hexDigit(byte) === -1 ? "keep" : "hex";
    case "hex":
      return hexDigit(byte) === -1 ? "keep" : "octet";
    case "equalsSpace":
      if (byte === 0x0a) return "softBreak";
      if (byte === 0x0d) return "equalsCr";
      return isSpace ? "hold" : "keep";
    case "equalsCr":
      return byte === 0x0a ? "softBreak" : "keep";
  }
}

/** Lower case is wrong and accepted. RFC 2045 6.7 (1), errors */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Lines of 76 characters, each with CRLF, also the last. RFC 2045 6.8 */
export class Base64Encoder implements Transcoder {
  #held: Bytes = noBytes;

  write(bytes: Uint8Array): Bytes {
    const whole = concat([this.#held, bytes]);
    const octetsOfLine = (maxEncodedLine / 4) * 3;
    const ready = whole.length - whole.length % octetsOfLine;
    this.#held = whole.slice(ready);
    let text = "";
    for (let at = 0; at < ready; at += octetsOfLine) {
      text += `${whole.subarray(at, at + octetsOfLine).toBase64()}\r\n`;
    }
    return latin1(text);
  }

  end(): Bytes {
    const rest = this.#held;
    this.#held = noBytes;
    return rest.length === 0 ? noBytes : latin1(`${rest.toBase64()}\r\n`);
  }
}

/**
 * For text: CRLF stays a line end, every other control character is encoded. A last line without CRLF stays
 * without. RFC 2045 6.7
 */
export class QuotedPrintableEncoder implements Transcoder {
  #column = 0;
  /** A space, tab or CR whose follower decides how it is written. */
  #held = -1;

  write(bytes: Uint8Array): Bytes {
    let text = "";
    for (const byte of bytes) {
      if (this.#held === 0x0d && byte === 0x0a) {
        text += "\r\n";
        this.#column = 0;
        this.#held = -1;
        continue;
      }
      if (this.#held !== -1) {
        // White space at the end of a line would be lost. RFC 2045 6.7 (3)
        const bare = this.#held !== 0x0d && byte !== 0x0d;
        text += this.#put(bare ? String.fromCharCode(this.#held) : escaped(this.#held));
        this.#held = -1;
      }
      if (byte === 0x20 || byte === 0x09 || byte === 0x0d) this.#held = byte;
      else {
        text += this.#put(
          byte > 0x20 && byte < 0x7f && byte !== 0x3d ? String.fromCharCode(byte) : escaped(byte),
        );
      }
    }
    return latin1(text);
  }

  end(): Bytes {
    const text = this.#held === -1 ? "" : this.#put(escaped(this.#held));
    this.#held = -1;
    this.#column = 0;
    return latin1(text);
  }

  /** Room is kept for the `=` of a soft line break. RFC 2045 6.7 (5) */
  #put(token: string): string {
    const soft = this.#column + token.length > maxEncodedLine - 1 ? "=\r\n" : "";
    this.#column = (soft === "" ? this.#column : 0) + token.length;
    return soft + token;
  }
}

function escaped(byte: number): string {
  return `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}
