/**
 * Octets four at a time, for the loops that every message passes through: a word of 32 bits is tested or counted
 * in the time of one octet, which native searches for one octet do not beat where lines are short.
 *
 * The tricks are those of every C library. To subtract 16 from each octet of a word borrows from the high bit of
 * the lowest octet that is below 16 (and perhaps of some above it): whether there is one is certain, where is not.
 * In what order the octets stand in the word makes no difference to anything here.
 *
 * @module
 */

/** The aligned words in some octets: `words[k]` is those from `first + 4 * k` on; `end` is just behind all of them. */
export interface Words {
  readonly words: Int32Array;
  readonly first: number;
  readonly end: number;
}

const none = new Int32Array(0);
const highBits = 0x80808080 | 0;
const sixteens = 0x10101010;
const ones = 0x01010101;
const lowBits = 0x7f7f7f7f;
const lineFeeds = 0x0a0a0a0a;

/** Of fewer octets no words are made: that would cost more than looking at each. */
const fewOctets = 64;

/** The words between octets `start` and `end`; up to three octets at each side belong to none, and few to none at all. */
export function wordsOf(bytes: Uint8Array, start = 0, end = bytes.length): Words {
  if (end - start < fewOctets) return { words: none, first: start, end };
  const first = start + (-(bytes.byteOffset + start) & 3);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + first, (end - first) >> 2);
  return { words, first, end };
}

/** Where, from `at` on, a control character below 16 stands (CR and LF are such); the end of the words if nowhere. */
export function nextControl(bytes: Uint8Array, { words, first, end }: Words, at: number): number {
  for (; ((at - first) & 3) !== 0 || at < first; at++) {
    if (at >= end || (bytes[at] ?? 0) < 16) return at;
  }
  let k = (at - first) >> 2;
  for (; k < words.length; k++) {
    const word = words[k] ?? 0;
    if (((word - sixteens) & ~word & highBits) !== 0) break;
  }
  at = first + (k << 2);
  while (at < end && (bytes[at] ?? 0) >= 16) at++;
  return at;
}

/** As {@link nextControl}, or where `octet` stands, if that comes first; `octet` is ASCII. */
export function nextControlOr(
  octet: number,
  bytes: Uint8Array,
  { words, first, end }: Words,
  at: number,
): number {
  for (; ((at - first) & 3) !== 0 || at < first; at++) {
    const byte = bytes[at] ?? 0;
    if (at >= end || byte < 16 || byte === octet) return at;
  }
  const octets = octet * ones;
  let k = (at - first) >> 2;
  for (; k < words.length; k++) {
    const word = words[k] ?? 0;
    const other = word ^ octets;
    if ((((word - sixteens) & ~word | (other - ones) & ~other) & highBits) !== 0) break;
  }
  at = first + (k << 2);
  for (; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < 16 || byte === octet) break;
  }
  return at;
}

/** What is counted of octets that stream by. */
export interface Tally {
  /** Line feeds. */
  lines: number;
  /** All octets combined by "or": above 127 if one of them is. */
  combined: number;
}

/** Adds octets `start` to `end` to a tally. */
export function tallyOctets(bytes: Uint8Array, start: number, end: number, tally: Tally): void {
  const { words, first } = wordsOf(bytes, start, end);
  tallyFew(bytes, start, first, tally);
  let lines = 0;
  let combined = 0;
  for (let k = 0; k < words.length;) {
    // Each octet of `lanes` counts those of its own place, which 255 words cannot overflow.
    const stop = Math.min(words.length, k + 255);
    let lanes = 0;
    for (; k < stop; k++) {
      const word = words[k] ?? 0;
      combined |= word;
      const other = word ^ lineFeeds;
      // Exact for each octet, as counting needs it: nothing is carried from one to the next.
      lanes = (lanes + ((~(((other & lowBits) + lowBits) | other) & highBits) >>> 7)) | 0;
    }
    lines += (lanes & 255) + (lanes >>> 8 & 255) + (lanes >>> 16 & 255) + (lanes >>> 24);
  }
  tally.lines += lines;
  tally.combined |= (combined | combined >>> 8 | combined >>> 16 | combined >>> 24) & 255;
  tallyFew(bytes, first + 4 * words.length, end, tally);
}

function tallyFew(bytes: Uint8Array, start: number, end: number, tally: Tally): void {
  let lines = 0;
  let combined = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    combined |= byte;
    if (byte === 0x0a) lines++;
  }
  tally.lines += lines;
  tally.combined |= combined;
}
