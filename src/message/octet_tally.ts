/**
 * Counting while octets stream by: lines, whether any octet is above 127, and what base64 decodes to. The loops
 * here are the hot ones of indexing: one pass, no allocation, about 1 GB/s.
 *
 * @module
 */
import { sextets } from "./transfer_encoding.ts";

/** Octets are counted in blocks, so that sums fit in the halves of one integer. */
const blockOctets = 16 * 1024;

/** What of each octet is added: alphabet in the low half, line feed above it, padding as a flag. */
const letterUnit = 1;
const lineUnit = 1 << 15;
const paddingFlag = 1 << 30;

const units = new Int32Array(256);
for (let i = 0; i < 256; i++) units[i] = (sextets[i] ?? -1) >= 0 ? letterUnit : 0;
units[0x0a] = lineUnit;
units[0x3d] = paddingFlag;

/** What was counted so far. */
export class OctetTally {
  /** Line feeds. */
  lines = 0;
  /** All octets, combined by "or": above 127 if one of them is. */
  combined = 0;

  /** Counts octets `start` to `end` of anything. */
  add(bytes: Uint8Array, start: number, end: number): void {
    let lines = 0;
    let combined = 0;
    for (let i = start; i < end; i++) {
      const byte = bytes[i] ?? 0;
      combined |= byte;
      if (byte === 0x0a) lines++;
    }
    this.lines += lines;
    this.combined |= combined;
  }
}

/** Counts the octets that `Base64Decoder` would give, without making them. */
export class Base64Counter {
  #size = 0;
  /** Letters of a group that is not complete. */
  #held = 0;

  /** Counts octets `start` to `end`, and tallies them as {@link OctetTally.add} does. */
  add(bytes: Uint8Array, start: number, end: number, tally: OctetTally): void {
    let combined = 0;
    for (let from = start; from < end;) {
      const to = Math.min(from + blockOctets, end);
      let sum = 0;
      let flags = 0;
      for (let i = from; i < to; i++) {
        const byte = bytes[i] ?? 0;
        const unit = units[byte] ?? 0;
        combined |= byte;
        flags |= unit;
        sum = (sum + unit) | 0;
      }
      if ((flags & paddingFlag) === 0) {
        tally.lines += sum >> 15;
        this.#letters(sum & (lineUnit - 1));
      } else this.#addPadded(bytes, from, to, tally);
      from = to;
    }
    tally.combined |= combined;
  }

  /** Octets that all that was added decodes to. */
  get size(): number {
    return this.#size + Math.max(0, this.#held - 1);
  }

  #addPadded(bytes: Uint8Array, start: number, end: number, tally: OctetTally): void {
    for (let i = start; i < end; i++) {
      const unit = units[bytes[i] ?? 0] ?? 0;
      if (unit === letterUnit) this.#letters(1);
      else if (unit === lineUnit) tally.lines++;
      else if (unit === paddingFlag) {
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

/** So many hyphens that begin no delimiter, and searching goes octet by octet. */
const maxMisses = 32;

/**
 * Where, from `start` on, two hyphens stand at the beginning of a line; the length if nowhere. A single hyphen
 * at the very end counts: what follows is not known yet.
 *
 * @param lineStart Whether a line begins at `start`.
 */
export function nextDashes(bytes: Uint8Array, start: number, lineStart: boolean): number {
  if (lineStart && isDashes(bytes, start)) return start;
  // The native search is three times as fast where hyphens are rare, and ten times as slow where they are not.
  let misses = 0;
  for (let at = bytes.indexOf(0x2d, start + 1); at !== -1; at = bytes.indexOf(0x2d, at + 1)) {
    if (bytes[at - 1] === 0x0a && isDashes(bytes, at)) return at;
    if (++misses === maxMisses) return nextDashesSlowly(bytes, at + 1);
  }
  return bytes.length;
}

function nextDashesSlowly(bytes: Uint8Array, start: number): number {
  for (let at = start; at < bytes.length; at++) {
    if (bytes[at] === 0x2d && bytes[at - 1] === 0x0a && isDashes(bytes, at)) return at;
  }
  return bytes.length;
}

function isDashes(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x2d && (at + 1 === bytes.length || bytes[at + 1] === 0x2d);
}
