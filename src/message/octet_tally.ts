/**
 * Counting while octets stream by: lines, whether any octet is above 127, and what base64 decodes to; and finding
 * what may be a delimiter. The loops here are the hot ones of indexing: no allocation, several octets at a time.
 *
 * @module
 */
import { nextControl, type Tally, tallyOctets, wordsOf } from "../base/words.ts";
import { sextets } from "./transfer_encoding.ts";

/** What was counted so far. */
export class OctetTally implements Tally {
  lines = 0;
  combined = 0;

  /** Counts octets `start` to `end` of anything. */
  add(bytes: Uint8Array, start: number, end: number): void {
    tallyOctets(bytes, start, end, this);
  }
}

/** Octets are counted in blocks, so that a sum fits below the flag of padding. */
const blockOctets = 16 * 1024;
const paddingUnit = 1 << 15;

/**
 * Of each two octets: how many are not of the alphabet, and `paddingUnit` if one is `=`. Looking at two at a time
 * halves the time, and the part of the table that mail touches is small. Made for the first message that has base64.
 */
let strangers: Uint16Array | null = null;

function makeStrangers(): Uint16Array {
  const table = new Uint16Array(1 << 16);
  for (let pair = 0; pair < table.length; pair++) {
    const [one, two] = [sextets[pair & 0xff] ?? -1, sextets[pair >> 8] ?? -1];
    table[pair] = (one < 0 ? 1 : 0) + (two < 0 ? 1 : 0) + (one === -2 || two === -2 ? paddingUnit : 0);
  }
  return table;
}

/** Counts the octets that `Base64Decoder` would give, without making them. */
export class Base64Counter {
  #size = 0;
  /** Letters of a group that is not complete. */
  #held = 0;

  /** Counts octets `start` to `end`. */
  add(bytes: Uint8Array, start: number, end: number): void {
    for (let from = start; from < end; from += blockOctets) {
      this.#addBlock(bytes, from, Math.min(from + blockOctets, end));
    }
  }

  /** Octets that all that was added decodes to. */
  get size(): number {
    return this.#size + Math.max(0, this.#held - 1);
  }

  #addBlock(bytes: Uint8Array, start: number, end: number): void {
    const { words, first } = wordsOf(bytes, start, end);
    const table = strangers ??= makeStrangers();
    let sum = 0;
    for (let k = 0; k < words.length; k++) {
      const word = words[k] ?? 0;
      sum += (table[word & 0xffff] ?? 0) + (table[word >>> 16] ?? 0);
    }
    const wordsEnd = first + 4 * words.length;
    this.#addSlowly(bytes, start, first);
    if (sum < paddingUnit) this.#letters(4 * words.length - sum);
    else this.#addSlowly(bytes, first, wordsEnd);
    this.#addSlowly(bytes, wordsEnd, end);
  }

  #addSlowly(bytes: Uint8Array, start: number, end: number): void {
    for (let i = start; i < end; i++) {
      const value = sextets[bytes[i] ?? 0] ?? -1;
      if (value >= 0) this.#letters(1);
      else if (value === -2) {
        this.#size += Math.max(0, this.#held - 1);
        this.#held = 0;
      }
    }
  }

  #letters(count: number): void {
    const letters = this.#held + count;
    this.#size += (letters >> 2) * 3;
    this.#held = letters & 3;
  }
}

/** Words are made for a search that goes further: delimiters may be close together. */
const nearOctets = 64;

/**
 * Where, from `start` on, two hyphens stand at the beginning of a line; the length if nowhere. A single hyphen
 * at the very end counts: what follows is not known yet.
 *
 * @param lineStart Whether a line begins at `start`.
 */
export function nextDashes(bytes: Uint8Array, start: number, lineStart: boolean): number {
  if (lineStart && isDashes(bytes, start)) return start;
  const near = Math.min(bytes.length, start + nearOctets);
  let at = start + 1;
  for (; at < near; at++) {
    if (bytes[at] === 0x2d && bytes[at - 1] === 0x0a && isDashes(bytes, at)) return at;
  }
  if (at >= bytes.length) return bytes.length;
  const words = wordsOf(bytes);
  for (let lf = at - 1;; lf++) {
    lf = nextControl(bytes, words, lf);
    if (lf >= bytes.length - 1) return bytes.length;
    if (bytes[lf] === 0x0a && isDashes(bytes, lf + 1)) return lf + 1;
  }
}

function isDashes(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x2d && (at + 1 === bytes.length || bytes[at + 1] === 0x2d);
}
