/**
 * Writing ASN.1 values in DER, as far as certificates need it. ITU-T X.690 8 and 10
 *
 * Each function returns one whole value: tag, length, content. Only writing: what others made is read by the
 * TLS implementation.
 *
 * @module
 */
import { type Bytes, concat, latin1, utf8 } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";

/** A tag below 31 (with its class and constructed bits), a definite length in its shortest form, the content. X.690 8.1, 10.1 */
export function der(tag: number, content: Uint8Array): Bytes {
  return concat([new Uint8Array([tag]), lengthOf(content.length), content]);
}

function lengthOf(n: number): Bytes {
  if (n < 0x80) return new Uint8Array([n]);
  const bytes: number[] = [];
  for (let rest = n; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return new Uint8Array([0x80 | bytes.length, ...bytes]);
}

export function sequence(...values: readonly Uint8Array[]): Bytes {
  return der(0x30, concat(values));
}

/** One value is enough here: DER would sort several. X.690 11.6 */
export function setOfOne(value: Uint8Array): Bytes {
  return der(0x31, value);
}

export function boolean(value: boolean): Bytes {
  return der(0x01, new Uint8Array([value ? 0xff : 0]));
}

/** A number that is not negative, from its bytes with the highest first; the fewest bytes that keep it positive. X.690 8.3 */
export function unsignedInteger(bytes: Uint8Array): Bytes {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const digits = bytes.length === 0 ? new Uint8Array(1) : bytes.subarray(start);
  const negative = ((digits[0] ?? 0) & 0x80) !== 0;
  return der(0x02, negative ? concat([new Uint8Array(1), digits]) : digits);
}

export function octetString(bytes: Uint8Array): Bytes {
  return der(0x04, bytes);
}

/** Bits, of which the last `unused` of the last byte do not count (and are 0). X.690 8.6 */
export function bitString(bytes: Uint8Array, unused = 0): Bytes {
  return der(0x03, concat([new Uint8Array([unused]), bytes]));
}

export function utf8String(text: string): Bytes {
  return der(0x0c, utf8(text));
}

/** An object identifier such as `2.5.29.17`. X.690 8.19 @throws {RangeError} */
export function objectIdentifier(dotted: string): Bytes {
  const parts = dotted.split(".").map(Number);
  const [first, second, ...rest] = parts;
  const wrong = parts.some((part) => !Number.isSafeInteger(part) || part < 0);
  if (wrong || first === undefined || second === undefined || first > 2 || (first < 2 && second > 39)) {
    throw new RangeError(`not an object identifier: ${dotted}`);
  }
  return der(0x06, concat([first * 40 + second, ...rest].map(base128)));
}

function base128(n: number): Bytes {
  const bytes = [n % 128];
  for (let rest = Math.floor(n / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.unshift(0x80 | rest % 128);
  }
  return new Uint8Array(bytes);
}

/** UTCTime to the end of 2049, GeneralizedTime from then on; whole seconds. RFC 5280 4.1.2.5 @throws {RangeError} */
export function time(at: Millis): Bytes {
  const iso = new Date(at).toISOString(); // Throws RangeError for what is no time.
  const year = Number(iso.slice(0, 4));
  if (!/^\d{4}-/.test(iso) || year < 1950) throw new RangeError(`no certificate has a time in ${iso}`);
  const digits = iso.slice(0, 19).replace(/[-T:]/g, "") + "Z";
  return year < 2050 ? der(0x17, latin1(digits.slice(2))) : der(0x18, latin1(digits));
}

/** `[n] IMPLICIT` of a primitive type: the content under another tag. X.690 8.14 */
export function implicit(n: number, content: Uint8Array): Bytes {
  return der(0x80 | n, content);
}

/** `[n] EXPLICIT`: the whole value inside another. X.690 8.14 */
export function explicit(n: number, value: Uint8Array): Bytes {
  return der(0xa0 | n, value);
}
