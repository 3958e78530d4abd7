/**
 * MD5 with its state in the open, which CRAM-MD5 needs to keep less than a password (RFC 2195 2: "contexts") and
 * node:crypto does not give. For nothing else: MD5 is broken. RFC 1321
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";

/** The four words between two blocks. */
export type Md5State = readonly [number, number, number, number];

/** Octets of a block. */
export const md5BlockBytes = 64;

/** RFC 1321 3.3 */
export const md5Start: Md5State = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];

/** RFC 1321 3.4: the sines, and by how much each step rotates. */
const sines = Uint32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32));
const rotations = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]] as const;

/** The state after one more block. @param at Where its 64 octets begin. */
export function md5Block(state: Md5State, bytes: Uint8Array, at = 0): Md5State {
  const words = new DataView(bytes.buffer, bytes.byteOffset + at, md5BlockBytes);
  let [a, b, c, d]: [number, number, number, number] = [...state];
  for (let i = 0; i < 64; i++) {
    const round = i >> 4;
    const [mixed, word] = mix(round, i, b, c, d);
    const sum: number = (a + mixed + (sines[i] ?? 0) + words.getUint32(4 * word, true)) | 0;
    const turn = rotations[round]?.[i & 3] ?? 0;
    [a, d, c, b] = [d, c, b, (b + (sum << turn | sum >>> (32 - turn))) | 0];
  }
  return [
    (state[0] + a) >>> 0,
    (state[1] + b) >>> 0,
    (state[2] + c) >>> 0,
    (state[3] + d) >>> 0,
  ];
}

/** The round's function of three words, and which word of the block the step takes. */
function mix(round: number, i: number, b: number, c: number, d: number): [mixed: number, word: number] {
  switch (round) {
    case 0:
      return [b & c | ~b & d, i];
    case 1:
      return [d & b | ~d & c, (5 * i + 1) & 15];
    case 2:
      return [b ^ c ^ d, (3 * i + 5) & 15];
    default:
      return [c ^ (b | ~d), (7 * i) & 15];
  }
}

/**
 * The digest of what led to `state` followed by `rest`.
 *
 * @param before Octets that led to `state`: a multiple of 64.
 */
export function md5Finish(state: Md5State, before: number, rest: Uint8Array): Bytes {
  const padded = new Uint8Array(Math.ceil((rest.length + 9) / md5BlockBytes) * md5BlockBytes);
  padded.set(rest);
  padded[rest.length] = 0x80;
  const bits = BigInt(before + rest.length) * 8n;
  new DataView(padded.buffer).setBigUint64(padded.length - 8, bits, true);
  for (let at = 0; at < padded.length; at += md5BlockBytes) state = md5Block(state, padded, at);
  const digest = new Uint8Array(16);
  const view = new DataView(digest.buffer);
  for (const [i, word] of state.entries()) view.setUint32(4 * i, word, true);
  return digest;
}
