/**
 * Assembles responses as octets, fast enough for a FETCH of every message: text goes straight into large blocks, and
 * nothing is copied twice. RFC 9051 4, 7
 *
 * {@link ResponseWriter.take} hands the blocks out and the writer goes on in what is left of the last one: octets that
 * were handed out are never written to again.
 *
 * @module
 */
import { type Bytes, KiB, noBytes, utf8 } from "../base/bytes.ts";
import { formatDateTime } from "./date_time.ts";
import { formatFlags } from "./flag_list.ts";
import { encodeMailboxName } from "./mailbox_name.ts";
import { isAtom } from "./scanner.ts";
import type { Ranges } from "./search_key.ts";
import { rangesOf } from "./sequence_set.ts";

/** The size of a block, and what is copied into one rather than being a piece of its own. */
const blockBytes = 64 * KiB;
const copiedBytes = 8 * KiB;

/** The longest text that is written as quoted string; above, a literal is easier for both. */
export const maxQuotedLength = 1000;

/** Formatted flags of messages without keywords are kept, up to so many different sums of bits. */
const maxKnownFlags = 4096;

/** Collects responses. All methods but {@link take} and {@link length} return the writer. */
export class ResponseWriter {
  /** Whether UTF8=ACCEPT or IMAP4rev2 is enabled: quoted strings and names of mailboxes may then be UTF-8. */
  utf8 = false;

  #pieces: Bytes[] = [];
  #pieceBytes = 0;
  #block: Bytes;
  /** Where what was not yet handed out begins in the block, and where it ends. */
  #start = 0;
  #at = 0;
  readonly #flags = new Map<number, Bytes>();
  readonly #blockBytes: number;

  /** @param firstBlockBytes Small for a writer that will say little. Blocks grow up to 64 KiB. */
  constructor(firstBlockBytes = 1024) {
    this.#block = new Uint8Array(firstBlockBytes);
    this.#blockBytes = firstBlockBytes;
  }

  /** Octets that wait to be taken. */
  get length(): number {
    return this.#pieceBytes + this.#at - this.#start;
  }

  /** What was written, in order; the writer is then empty. */
  take(): Bytes[] {
    this.#cut();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#pieceBytes = 0;
    return pieces;
  }

  /** Gives memory back; for when nothing is to be said for a while. */
  trim(): this {
    this.#cut();
    this.#block = noBytes;
    this.#start = this.#at = 0;
    return this;
  }

  /** Protocol text, which should be ASCII: cut off to octets, U+010A would be a line end, so what is not becomes `?`. */
  ascii(text: string): this {
    this.#reserve(text.length);
    const block = this.#block;
    let at = this.#at;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      block[at++] = code < 0x80 ? code : 0x3f;
    }
    this.#at = at;
    return this;
  }

  /** A whole number from 0 to 2^53 - 1. */
  number(value: number): this {
    if (value > 0xffff_ffff) return this.ascii(String(value));
    let digits = 1;
    for (let limit = 10; value >= limit; limit *= 10) digits++;
    this.#reserve(digits);
    const block = this.#block;
    this.#at += digits;
    let rest = value >>> 0;
    for (let at = this.#at - 1; digits > 0; digits--) {
      const next = rest / 10 >>> 0;
      block[at--] = 0x30 + rest - next * 10;
      rest = next;
    }
    return this;
  }

  /** Octets as they are. Large ones are not copied and must not be changed afterwards. */
  raw(bytes: Bytes): this {
    if (bytes.length > copiedBytes) {
      this.#cut();
      this.#pieces.push(bytes);
      this.#pieceBytes += bytes.length;
      return this;
    }
    this.#reserve(bytes.length);
    this.#block.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  /** A string: quoted where that is possible, else a literal. RFC 9051 4.3, RFC 6855 3 */
  string(text: string): this {
    if (
      text.length <= maxQuotedLength &&
      (this.utf8 ? /^[^\0\r\n]*$/ : /^[\x01-\x09\x0b\x0c\x0e-\x7f]*$/).test(text)
    ) {
      const quoted = /["\\]/.test(text) ? text.replace(/["\\]/g, "\\$&") : text;
      if (!this.utf8 || /^[\0-\x7f]*$/.test(quoted)) return this.ascii('"').ascii(quoted).ascii('"');
      return this.ascii('"').raw(utf8(quoted)).ascii('"');
    }
    return this.literal(utf8(text));
  }

  nstring(text: string | null): this {
    return text === null ? this.ascii("NIL") : this.string(text);
  }

  /** An atom where that is possible, else a string. */
  astring(text: string): this {
    // NIL would be read as no string at all where clients are lenient.
    return isAtom(text) && !/^nil$/i.test(text) ? this.ascii(text) : this.string(text);
  }

  /** The name of a mailbox, given in Unicode. RFC 9051 5.1, RFC 3501 5.1.3 */
  mailbox(name: string): this {
    return this.astring(encodeMailboxName(name, this.utf8));
  }

  /** `{3}` CRLF and the octets. */
  literal(bytes: Bytes): this {
    return this.literalHeader(bytes.length).raw(bytes);
  }

  /** Announces octets that are written next, by whatever means; `binary`: as literal8 (RFC 3516 4.2). */
  literalHeader(size: number, binary = false): this {
    return this.ascii(binary ? "~{" : "{").number(size).ascii("}\r\n");
  }

  /** `(\Seen keyword)`; `keywords` as in `FlagColumns`. */
  flags(bits: number, keywords = "", recent = false): this {
    if (keywords !== "" || recent) {
      return this.ascii("(").ascii(formatFlags(bits, keywords, recent)).ascii(")");
    }
    let known = this.#flags.get(bits);
    if (known === undefined) {
      known = utf8(`(${formatFlags(bits, "")})`);
      if (this.#flags.size < maxKnownFlags) this.#flags.set(bits, known);
    }
    return this.raw(known);
  }

  /** `" 1-Feb-1994 11:00:00 +0000"` */
  dateTime(millis: number): this {
    return this.ascii('"').ascii(formatDateTime(millis)).ascii('"');
  }

  /** `1:3,5` */
  ranges(ranges: Ranges): this {
    for (let i = 0; i + 1 < ranges.length; i += 2) {
      if (i > 0) this.ascii(",");
      const first = ranges[i] ?? 0;
      const last = ranges[i + 1] ?? 0;
      this.number(first);
      if (last !== first) this.ascii(":").number(last);
    }
    return this;
  }

  /** Ascending numbers as a set. */
  set(ascending: ArrayLike<number>): this {
    return this.ranges(rangesOf(ascending));
  }

  /** Makes room for so many octets in one block. */
  #reserve(count: number): void {
    if (this.#at + count <= this.#block.length) return;
    const grown = Math.min(blockBytes, Math.max(this.#blockBytes, this.#block.length * 2));
    this.#cut();
    this.#block = new Uint8Array(Math.max(count, grown));
    this.#start = this.#at = 0;
  }

  /** Ends the current piece. */
  #cut(): void {
    if (this.#at === this.#start) return;
    const piece = this.#block.subarray(this.#start, this.#at);
    this.#pieces.push(piece);
    this.#pieceBytes += piece.length;
    this.#start = this.#at;
  }
}
