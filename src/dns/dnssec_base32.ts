/**
 * Base32 with the extended hex alphabet, without padding: how NSEC3 writes a hash as a label. RFC 4648 7, RFC 5155 3
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";

const alphabet = "0123456789abcdefghijklmnopqrstuv";

/** Lower case, without padding. */
export function base32Hex(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const octet of bytes) {
    held = ((held << 8) | octet) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(held >> (bits - 5)) & 31];
  }
  return bits === 0 ? text : text + alphabet[(held << (5 - bits)) & 31];
}

/** The octets that a label spells, in either case; null for other characters, or bits that are left over. */
export function fromBase32Hex(label: Uint8Array): Bytes | null {
  const bytes = new Uint8Array(Math.floor(label.length * 5 / 8));
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const octet of label) {
    const value = alphabet.indexOf(String.fromCharCode(octet).toLowerCase());
    if (value === -1) return null;
    held = ((held << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = held >> bits;
    }
  }
  return bits >= 5 || (held & ((1 << bits) - 1)) !== 0 ? null : bytes;
}
