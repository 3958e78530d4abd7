/**
 * Bodies in canonical form while they stream by. RFC 6376 3.4.3, 3.4.4
 *
 * Empty lines at the end do not count, and nobody knows the end before it comes: so line ends (and, relaxed,
 * white space) are counted, not kept, until something follows. Memory does not grow with the body, nor time
 * beyond its length.
 *
 * This is on the way of every message, beside a hash that takes a nanosecond or two for each octet. What stays as it
 * is goes to the sink as parts of what came. To find out, the relaxed form looks at four octets at once: what it
 * changes begins with a tab, or with a space that has a space, tab or CR behind it. From a change on it writes anew,
 * again four octets at once and nearly without branches: what follows a space is as hard to foretell as text is, and a
 * branch on it costs more than the work (`verify_bench.ts`).
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

/** What is written anew is given out in pieces of at most this many octets. */
const scratchOctets = 8192;

/** It goes on as long as of so many octets any went away. A piece to the sink costs as much as some hundred octets. */
const blockOctets = 2048;

/** Where the relaxed form is written: for all bodies, since it is given out before anything else is written. */
const scratch = new Uint8Array(scratchOctets + 4);
const scratchView = new DataView(scratch.buffer);

/** White space as one space, none at the ends of lines. RFC 6376 3.4.4 */
export class RelaxedBody implements CanonicalBody {
  readonly #sink: Sink;
  /** What is held back, in this order: line ends, white space behind them, a CR behind that. */
  #held = 0;
  #heldSpace = false;
  #heldCr = false;
  #isEmpty = true;

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
    const words = new Words(chunk);
    for (let at = from; at < end;) {
      const stop = words.nextChange(at, end);
      if (stop > at) this.#sink(at === 0 && stop === chunk.length ? chunk : chunk.subarray(at, stop));
      at = stop;
      while (at < end) {
        const { next, length, isShorter } = words.relax(at, end);
        if (length > 0) this.#sink(scratch.subarray(0, length));
        at = next;
        if (!isShorter) break;
      }
    }
  }
}

function isBlank(octet: number | undefined): boolean {
  return octet === SP || octet === TAB || octet === CR || octet === LF;
}

/** A chunk, four octets at a time. */
class Words {
  readonly #chunk: Uint8Array;
  /** From its octet `#skew` on. */
  readonly #words: Int32Array;
  readonly #skew: number;

  constructor(chunk: Uint8Array) {
    this.#chunk = chunk;
    this.#skew = -chunk.byteOffset & 3;
    const count = Math.max(0, chunk.length - this.#skew) >> 2;
    this.#words = new Int32Array(chunk.buffer, count === 0 ? 0 : chunk.byteOffset + this.#skew, count);
  }

  /**
   * Where the first change of the relaxed form at or after `from` begins, or `end`.
   *
   * @param end The octet before it is not blank.
   */
  nextChange(from: number, end: number): number {
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

  /**
   * Writes octets from `from` on to the scratch in relaxed form, until a block has no change.
   *
   * @returns How many are written, where to go on, and whether there was a change in the last block.
   */
  relax(from: number, end: number): { length: number; next: number; isShorter: boolean } {
    const stop = Math.min(end, from + scratchOctets);
    let at = from;
    let state = 0;
    let isShorter = true;
    while (at < stop && isShorter) {
      const [begin, before] = [at, state >> 1];
      at = Math.min(stop, at + blockOctets);
      const first = Math.max(0, (begin - this.#skew + 3) >> 2);
      const last = (at - this.#skew) >> 2;
      if (first < last) {
        state = relaxOctets(this.#chunk, begin, this.#skew + 4 * first, state);
        state = relaxWords(this.#chunk, this.#words, first, last, this.#skew, state);
        state = relaxOctets(this.#chunk, this.#skew + 4 * last, at, state);
      } else state = relaxOctets(this.#chunk, begin, at, state);
      isShorter = (state >> 1) - before < at - begin;
    }
    // What follows decides about a last space.
    const blank = state & 1;
    return { length: (state >> 1) - blank, next: at - blank, isShorter };
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
    const spaces = mayHaveZero(word ^ 0x20202020);
    const tabs = mayHaveZero(word ^ 0x09090909);
    const crs = mayHaveZero(word ^ 0x0d0d0d0d);
    if (((spaces << 8 | carry) & (spaces | crs) | tabs) !== 0) return i;
    carry = spaces >>> 24;
  }
  return last;
}

/**
 * Writes octets `from` to `end` to the scratch in relaxed form.
 *
 * @param state Twice the octets that are written, and 1 if the last of them is white space.
 * @returns The same, afterwards.
 */
function relaxOctets(chunk: Uint8Array, from: number, end: number, state: number): number {
  let length = state >> 1;
  let blank = state & 1;
  for (let at = from; at < end; at++) {
    let octet = chunk[at] ?? 0;
    if (octet < SP) {
      if (octet === TAB) octet = SP;
      else if (octet === CR && chunk[at + 1] === LF) {
        length -= blank;
        blank = 0;
      }
    }
    const isSpace = ((octet ^ SP) - 1) >>> 31; // 1 or 0.
    length -= isSpace & blank;
    scratch[length++] = octet;
    blank = isSpace;
  }
  return 2 * length + blank;
}

/**
 * The same for words `first` to `last` of four octets, the first of which is octet `skew`. Little-endian, as all is
 * that runs this.
 *
 * Every octet is written; one behind which the place does not move is written over by the next.
 */
function relaxWords(
  chunk: Uint8Array,
  words: Int32Array,
  first: number,
  last: number,
  skew: number,
  state: number,
): number {
  let length = state >> 1;
  let blank = state & 1;
  for (let i = first; i < last; i++) {
    let word = words[i] ?? 0;
    const tabs = word ^ 0x09090909;
    if (mayHaveZero(tabs) !== 0) word ^= zeros(tabs) * (TAB ^ SP);
    const spaces = zeros(word ^ 0x20202020);
    /** Octets with white space before them. */
    const behind = spaces << 8 | blank;
    if ((mayHaveZero(word ^ 0x0d0d0d0d) & behind << 7) !== 0) {
      // A CR, perhaps of a line end: then the space before it goes, too.
      const at = skew + 4 * i;
      const next = relaxOctets(chunk, at, at + 4, 2 * length + blank);
      length = next >> 1;
      blank = next & 1;
      continue;
    }
    scratchView.setInt32(length, word, true);
    blank = spaces >>> 24;
    const dropped = spaces & behind;
    if (dropped === 0) length += 4;
    else if (dropped !== 0x01010101) {
      length += 1 - (dropped & 1);
      scratch[length] = word >>> 8;
      length += 1 - (dropped >>> 8 & 1);
      scratch[length] = word >>> 16;
      length += 1 - (dropped >>> 16 & 1);
      scratch[length] = word >>> 24;
      length += 1 - (dropped >>> 24);
    }
  }
  return 2 * length + blank;
}

/** 1 in each octet that is zero, 0 in the others. */
function zeros(word: number): number {
  return ~(((word & 0x7f7f7f7f) + 0x7f7f7f7f) | word | 0x7f7f7f7f) >>> 7;
}

/** The high bit of each octet that is zero, and maybe of one behind such a one: a doubt, never a miss. Cheaper. */
function mayHaveZero(word: number): number {
  return (word - 0x01010101) & ~word & 0x80808080;
}
