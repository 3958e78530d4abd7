/**
 * IP addresses: reading, printing (RFC 5952), and cutting down to a network.
 *
 * An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`, RFC 4291 2.5.5.2) and the IPv4 address are the same peer,
 * so {@link parseIp} gives IPv4 for both: nobody gets two budgets by changing the spelling.
 *
 * @module
 */
import type { Bytes } from "./bytes.ts";

/** 4 bytes for IPv4, 16 for IPv6, in network order. */
export interface IpAddress {
  readonly version: 4 | 6;
  readonly bytes: Bytes;
}

/** The longest spelling of an address, `ffff:` six times and dotted IPv4; longer text is not even looked at. */
export const maxIpTextLength = 45;

/**
 * Reads an address without brackets, port or prefix; null if it is none. A zone (`%eth0`, RFC 4007 11) is
 * refused: it means nothing outside this machine.
 */
export function parseIp(text: string): IpAddress | null {
  if (text.length > maxIpTextLength) return null;
  if (!text.includes(":")) {
    const bytes = parseIpv4(text);
    return bytes && { version: 4, bytes };
  }
  const bytes = parseIpv6(text);
  return bytes && unmapped(bytes);
}

/** The usual spelling: dotted, or RFC 5952 (lower case, the longest run of zeros as `::`). */
export function printIp(ip: IpAddress): string {
  return ip.version === 4 ? ip.bytes.join(".") : printIpv6(ip.bytes);
}

/**
 * The address with all but its first `bits` bits cleared.
 *
 * @throws {RangeError} If the address does not have that many bits.
 */
export function networkOf(ip: IpAddress, bits: number): IpAddress {
  if (!Number.isInteger(bits) || bits < 0 || bits > ip.bytes.length * 8) {
    throw new RangeError(`an IPv${ip.version} address has no prefix of ${bits} bits`);
  }
  const bytes = ip.bytes.slice();
  const whole = bits >> 3;
  if (whole < bytes.length) {
    bytes[whole] = (bytes[whole] ?? 0) & (0xff00 >> (bits & 7));
    bytes.fill(0, whole + 1);
  }
  return { version: ip.version, bytes };
}

/** Whether the address is this machine's own: 127.0.0.0/8 (RFC 1122 3.2.1.3) or `::1` (RFC 4291 2.5.3). */
export function isLoopback(ip: IpAddress): boolean {
  if (ip.version === 4) return ip.bytes[0] === 127;
  return ip.bytes[15] === 1 && ip.bytes.subarray(0, 15).every((byte) => byte === 0);
}

/** Four decimal numbers without leading zeros: `010` is 8 to some and 10 to others. RFC 6943 3.1.1 */
function parseIpv4(text: string): Bytes | null {
  const bytes = new Uint8Array(4);
  let part = 0;
  let digits = 0;
  let value = 0;
  for (let i = 0; i <= text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit >= 0 && digit <= 9) {
      if (digits === 3 || digits > 0 && value === 0) return null;
      value = value * 10 + digit;
      digits++;
      continue;
    }
    const isEnd = i === text.length;
    if (digits === 0 || value > 255 || (isEnd ? part !== 3 : part === 3 || text[i] !== ".")) return null;
    bytes[part++] = value;
    digits = value = 0;
  }
  return bytes;
}

/** RFC 4291 2.2 */
function parseIpv6(text: string): Bytes | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = groups(halves[0] ?? "", halves.length === 1);
  const tail = groups(halves[1] ?? "", true);
  if (head === null || tail === null) return null;
  const length = head.length + tail.length;
  // `::` stands for at least one group of zeros.
  if (halves.length === 2 ? length > 14 : length !== 16) return null;
  const bytes = new Uint8Array(16);
  bytes.set(head);
  bytes.set(tail, 16 - tail.length);
  return bytes;
}

/** The bytes of groups between colons; dotted IPv4 may stand at the very end. */
function groups(text: string, mayEndDotted: boolean): number[] | null {
  const bytes: number[] = [];
  if (text === "") return bytes;
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      const value = parseInt(part, 16);
      bytes.push(value >> 8, value & 0xff);
      continue;
    }
    const dotted = mayEndDotted && i === parts.length - 1 ? parseIpv4(part) : null;
    if (dotted === null) return null;
    bytes.push(...dotted);
  }
  return bytes;
}

function unmapped(bytes: Bytes): IpAddress {
  const mapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff &&
    bytes[11] === 0xff;
  return mapped ? { version: 4, bytes: bytes.slice(12) } : { version: 6, bytes };
}

function printIpv6(bytes: Bytes): string {
  const words: number[] = [];
  for (let i = 0; i < 16; i += 2) words.push(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  const [start, length] = longestZeroRun(words);
  const print = (part: number[]) => part.map((word) => word.toString(16)).join(":");
  if (length < 2) return print(words); // RFC 5952 4.2.2: one group alone is not shortened.
  return `${print(words.slice(0, start))}::${print(words.slice(start + length))}`;
}

/** The first of the longest runs of zeros. RFC 5952 4.2.3 */
function longestZeroRun(words: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let i = 0; i < words.length; i++) {
    let end = i;
    while (words[end] === 0) end++;
    if (end - i > best[1]) best = [i, end - i];
    i = end;
  }
  return best;
}
