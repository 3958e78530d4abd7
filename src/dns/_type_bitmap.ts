/**
 * The types at a name, as NSEC and NSEC3 tell them: a bit for each, in windows of 256. RFC 4034 4.1.2, RFC 5155 3.2.1
 *
 * Tested by `rdata_test.ts`.
 *
 * @module
 */
import type { WireReader, WireWriter } from "./_wire.ts";

/** Octets of one window's bits. RFC 4034 4.1.2 */
const maxWindowOctets = 32;

/**
 * Types of one name; there are a hundred, and no name has more than some ten. An octet tells of eight, so that a message
 * could make us remember half a million.
 */
export const maxTypes = 256;

/** Reads all that is left: types in ascending order, each once. */
export function readTypes(r: WireReader): number[] {
  const types: number[] = [];
  let last = -1;
  while (r.left > 0) {
    const window = r.u8();
    const length = r.u8();
    if (window <= last) throw new SyntaxError("windows of types out of order");
    if (length === 0 || length > maxWindowOctets) throw new SyntaxError("a window of types of wrong length");
    last = window;
    for (let octet = 0; octet < length; octet++) {
      const bits = r.u8();
      for (let bit = 0; bit < 8; bit++) {
        if ((bits & (0x80 >> bit)) !== 0) types.push(window * 256 + octet * 8 + bit);
      }
    }
    if (types.length > maxTypes) throw new SyntaxError("too many types");
  }
  return types;
}

/** Windows without a type, and octets of zeros at a window's end, are left out. */
export function writeTypes(w: WireWriter, types: readonly number[]): void {
  const windows = new Map<number, Uint8Array>();
  for (const type of types.toSorted((a, b) => a - b)) {
    if (!Number.isInteger(type) || type < 0 || type > 0xffff) throw new SyntaxError(`${type} is no type`);
    const window = windows.get(type >> 8) ?? new Uint8Array(maxWindowOctets);
    windows.set(type >> 8, window);
    const octet = (type & 0xff) >> 3;
    window[octet] = (window[octet] ?? 0) | (0x80 >> (type & 7));
  }
  for (const [window, bits] of windows) {
    const length = bits.findLastIndex((octet) => octet !== 0) + 1;
    w.u8(window).u8(length).octets(bits.subarray(0, length));
  }
}
