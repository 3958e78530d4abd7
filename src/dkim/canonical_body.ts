/**
 * Bodies in canonical form while they stream by. RFC 6376 3.4.3, 3.4.4
 *
 * Empty lines at the end do not count, and nobody knows the end before it comes: so line ends (and, relaxed,
 * white space) are counted, not kept, until something follows. Memory does not grow with the body, nor time
 * beyond its length.
 *
 * This is on the way of every message, beside a hash that takes a nanosecond for each octet or less. What stays
 * as it is goes to the sink as parts of what came. To find out, the relaxed form looks at four octets at once:
 * what it changes begins with a tab, or with a space that has a space, tab or CR behind it. Around changes it goes
 * octet by octet (`verify_bench.ts`).
 *
 * Only CRLF ends a line. A CR or LF alone is an octet like others.
 *
 * @module
 */

/** Takes what is to be hashed, in pieces that it must not keep. */
export type Sink = (piece: Uint8Array) => void;

/** A body on its way into canonical form. */
export interface CanonicalBody {
  /** Takes the next octets, split anywhere. */
  write(chunk: Uint8Array): void;
  /** The body is complete. */
  finish(): void;
}

const TAB = 9;
const LF = 10;
const CR = 13;
const SP = 32;

const oneSpace = Uint8Array.of(SP);
const oneCr = Uint8Array.of(CR);
const lineEnd = Uint8Array.of(CR, LF);

/** Line ends that were held back are given out in blocks of this many. */
const blockLines = 4096;
const lineEnds = new Uint8Array(2 * blockLines).map((_, i) => i % 2 === 0 ? CR : LF);

function giveLineEnds(count: number, sink: Sink): void {
  for (let left = count; left > 0; left -= blockLines) {
    sink(left >= blockLines ? lineEnds : lineEnds.subarray(0, 2 * left));
  }
}

/** Everything as it is, with one line end behind the last line that is not empty. RFC 6376 3.4.3 */
export class SimpleBody implements CanonicalBody {
  readonly #sink: Sink;
  /** Line ends held back, and whether a CR follows them that may begin one more. */
  #held = 0;
  #heldCr = false;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  write(chunk: Uint8Array): void {
    let start = 0;
    if (this.#heldCr && chunk.length > 0) {
      this.#heldCr = false;
      if (chunk[0] === LF) {
        this.#held++;
        start = 1;
      } else this.#giveCr();
    }
    let end = chunk.length;
    const endsInCr = end > start && chunk[end - 1] === CR;
    if (endsInCr) end--;
    const last = end;
    while (end - 2 >= start && chunk[end - 1] === LF && chunk[end - 2] === CR) end -= 2;
    if (end > start) {
      this.#giveHeld();
      this.#sink(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end));
    }
    this.#held += (last - end) / 2;
    this.#heldCr = endsInCr || (this.#heldCr && chunk.length === 0);
  }

  finish(): void {
    if (this.#heldCr) this.#giveCr();
    this.#sink(lineEnd); // RFC 6376 3.4.3: also where there is no body.
  }

  #giveCr(): void {
    this.#giveHeld();
    this.#sink(oneCr);
  }

  #giveHeld(): void {
    giveLineEnds(this.#held, this.#sink);
    this.#held = 0;
  }
}

/** Around changes, octets are looked at one by one in blocks of this many, at most so many blocks at once. */
const blockOctets = 128;
const scratchOctets = 64 * blockOctets;

/** White space as one space, none at the ends of lines. RFC 6376 3.4.4 */
export class RelaxedBody implements CanonicalBody {
  readonly #sink: Sink;
  /** What is held back, in this order: line ends, white space behind them, a CR behind that. */
  #held = 0;
  #heldSpace = false;
  #heldCr = false;
  #isEmpty = true;
  #scratch: Uint8Array | null = null;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  write(chunk: Uint8Array): void {
    let end = chunk.length;
    while (end > 0 && isBlank(chunk[end - 1])) end--;
    let at = 0;
    if (end > 0) {
      // There is an octet that stays: behind the first one nothing is held back.
      while (isBlank(chunk[at])) this.#hold(chunk[at++]);
      this.#release();
      this.#isEmpty = false;
      this.#text(chunk, at, end);
      at = end;
    }
    for (; at < chunk.length; at++) this.#hold(chunk[at]);
  }

  finish(): void {
    if (this.#heldCr) this.#releaseCr();
    if (!this.#isEmpty) this.#sink(lineEnd);
  }

  /** A blank octet of which it is not known what follows. */
  #hold(octet: number | undefined): void {
    if (octet === LF && this.#heldCr) {
      this.#heldCr = false;
      this.#heldSpace = false;
      this.#held++;
      return;
    }
    if (this.#heldCr) this.#releaseCr();
    if (octet === CR) this.#heldCr = true;
    else if (octet === LF) {
      this.#release();
      this.#isEmpty = false;
      this.#sink(lineEnd.subarray(1));
    } else this.#heldSpace = true;
  }

  /** A CR that begins no line end is text, and so what stands before it counts. */
  #releaseCr(): void {
    this.#heldCr = false;
    this.#release();
    this.#isEmpty = false;
    this.#sink(oneCr);
  }

  #release(): void {
    if (this.#heldCr) this.#releaseCr();
    if (this.#held > 0) giveLineEnds(this.#held, this.#sink);
    if (this.#heldSpace) this.#sink(oneSpace);
    this.#held = 0;
    this.#heldSpace = false;
  }

  /** Octets `from` to `end`, neither the first nor the last of which is blank. */
  #text(chunk: Uint8Array, from: number, end: number): void {
    const changes = new Changes(chunk);
    for (let at = from; at < end;) {
      const stop = changes.next(at, end);
      if (stop > at) this.#sink(at === 0 && stop === chunk.length ? chunk : chunk.subarray(at, stop));
      at = stop === end ? end : this.#change(chunk, stop, end);
    }
  }

  /**
   * Goes on octet by octet from a change, until a block has none. Every octet is written, and what turns out to
   * be too much is written over: words are short, and to branch on each space costs twice as much.
   *
   * @returns Where it stopped; what stands before is given out.
   */
  #change(chunk: Uint8Array, from: number, end: number): number {
    const scratch = this.#scratch ??= new Uint8Array(scratchOctets);
    const stop = Math.min(end, from + scratchOctets);
    let at = from;
    let length = 0;
    let changes = 1;
    /** 1 behind white space, which stands in the scratch as one space. */
    let blank = 0;
    while (at < stop && changes !== 0) {
      const block = Math.min(stop, at + blockOctets);
      changes = 0;
      for (; at < block; at++) {
        let octet = chunk[at] ?? 0;
        if (octet < SP) {
          if (octet === TAB) {
            octet = SP;
            changes = 1;
          } else if (octet === CR && chunk[at + 1] === LF) {
            length -= blank;
            changes |= blank;
            blank = 0;
          }
        }
        const isSpace = ((octet ^ SP) - 1) >>> 31; // 1 or 0.
        length -= isSpace & blank;
        changes |= isSpace & blank;
        scratch[length++] = octet;
        blank = isSpace;
      }
    }
    // What follows decides about a last space.
    length -= blank;
    if (length > 0) this.#sink(scratch.subarray(0, length));
    return at - blank;
  }
}

function isBlank(octet: number | undefined): boolean {
  return octet === SP || octet === TAB || octet === CR || octet === LF;
}

/** Finds in a chunk what the relaxed form changes, from left to right. */
class Changes {
  readonly #chunk: Uint8Array;
  /** The chunk four octets at a time, from its octet `#skew` on. */
  readonly #words: Int32Array;
  readonly #skew: number;

  constructor(chunk: Uint8Array) {
    this.#chunk = chunk;
    this.#skew = -chunk.byteOffset & 3;
    const count = Math.max(0, chunk.length - this.#skew) >> 2;
    this.#words = new Int32Array(chunk.buffer, count === 0 ? 0 : chunk.byteOffset + this.#skew, count);
  }

  /**
   * Where the first change at or after `from` begins, or `end`.
   *
   * @param end The octet before it is not blank.
   */
  next(from: number, end: number): number {
    const first = Math.max(0, (from - this.#skew + 3) >> 2);
    const last = (end - this.#skew) >> 2;
    if (first >= last) return this.#exact(from, end);
    const head = this.#skew + 4 * first;
    const early = this.#exact(from, head);
    if (early < head) return early;
    for (let word = first;; word++) {
      word = firstDoubt(this.#words, word, last);
      const at = this.#skew + 4 * word;
      // A change may begin with the octet before, which looked harmless with what came before it.
      const start = Math.max(from, at - 1);
      if (word === last) return this.#exact(start, end);
      const found = this.#exact(start, at + 4);
      if (found < at + 4) return found;
    }
  }

  #exact(from: number, end: number): number {
    const chunk = this.#chunk;
    for (let at = from; at < end; at++) {
      if (chunk[at] === TAB) return at;
      if (chunk[at] !== SP) continue;
      const next = chunk[at + 1];
      if (next === SP || next === CR || next === TAB) return at;
    }
    return end;
  }
}

/**
 * The first of these words in which a change may begin, or that ends one that began before it; or `last`.
 *
 * Branches on nothing that nearly all texts have, as spaces and line ends: that would cost more than it saves.
 * And calls nothing that would keep it from staying compiled. Little-endian, as all is that runs this.
 */
function firstDoubt(words: Int32Array, first: number, last: number): number {
  let carry = 0;
  for (let i = first; i < last; i++) {
    const word = words[i] ?? 0;
    const spaces = zeros(word ^ 0x20202020);
    const tabs = zeros(word ^ 0x09090909);
    const crs = zeros(word ^ 0x0d0d0d0d);
    if (((spaces << 8 | carry) & (spaces | crs) | tabs) !== 0) return i;
    carry = spaces >>> 24;
  }
  return last;
}

/** The high bit of each octet that is zero, and maybe of one behind such a one: a doubt, never a miss. */
function zeros(word: number): number {
  return (word - 0x01010101) & ~word & 0x80808080;
}
