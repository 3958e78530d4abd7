/**
 * Bytes: joining, finding, comparing, and the two readings of them as text that mail needs.
 *
 * @module
 */

/** Bytes that own their memory, as WebCrypto and transfers want them. */
export type Bytes = Uint8Array<ArrayBuffer>;

export const KiB = 1024;
export const MiB = 1024 * KiB;
export const GiB = 1024 * MiB;

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictUtf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** No bytes. */
export const noBytes: Bytes = new Uint8Array(0);

/** Text as UTF-8. Lone surrogates become U+FFFD. */
export function utf8(text: string): Bytes {
  return utf8Encoder.encode(text);
}

/** Memory that {@link briefUtf8} writes to, and where it goes on. */
let slab: Bytes = noBytes;
let slabAt = 0;
const slabBytes = 16 * KiB;

/**
 * As {@link utf8}, for text that is sent or copied at once and then forgotten: many such texts share one piece of
 * memory, because a piece of its own costs more than the text. Whoever keeps one keeps all of them.
 */
export function briefUtf8(text: string): Bytes {
  if (text.length > slabBytes / 12) return utf8(text);
  if (slabAt + 3 * text.length > slab.length) {
    slab = new Uint8Array(slabBytes);
    slabAt = 0;
  }
  const start = slabAt;
  slabAt += utf8Encoder.encodeInto(text, slab.subarray(start)).written;
  return slab.subarray(start, slabAt);
}

/** UTF-8 as text; what is not UTF-8 becomes U+FFFD. */
export function fromUtf8(bytes: Uint8Array): string {
  return utf8Decoder.decode(bytes);
}

/** UTF-8 as text, or null where it is not well-formed. */
export function fromStrictUtf8(bytes: Uint8Array): string | null {
  try {
    return strictUtf8Decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** One character for each byte (ISO 8859-1, not Windows-1252), so that nothing is lost: `latin1(fromLatin1(b))` is `b`. */
export function fromLatin1(bytes: Uint8Array, start = 0, end = bytes.length): string {
  if (end - start <= 16) {
    let text = "";
    for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] ?? 0);
    return text;
  }
  // Nearly all mail is ASCII, which the UTF-8 decoder reads ten times as fast: then, and only then, each octet
  // became one character and none of them is a replacement.
  const ascii = utf8Decoder.decode(bytes.subarray(start, end));
  if (ascii.length === end - start && !ascii.includes("\ufffd")) return ascii;
  let text = "";
  for (let at = start; at < end; at += 8192) {
    text += String.fromCharCode.apply(
      null,
      bytes.subarray(at, Math.min(at + 8192, end)) as unknown as number[],
    );
  }
  return text;
}

/** One byte for each character. @throws {RangeError} If a character is above U+00FF. */
export function latin1(text: string): Bytes {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw new RangeError(`character U+${code.toString(16)} does not fit in a byte`);
    bytes[i] = code;
  }
  return bytes;
}

/** All pieces, one after the other, in memory of their own. */
export function concat(pieces: readonly Uint8Array[]): Bytes {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Whether two arrays hold the same bytes. Not for secrets: the time tells where they differ. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Where `needle` begins in `bytes` at or after `from`, or -1. */
export function indexOfBytes(bytes: Uint8Array, needle: Uint8Array, from = 0): number {
  const first = needle[0];
  if (first === undefined) return from;
  const last = bytes.length - needle.length;
  for (let at = bytes.indexOf(first, from); at !== -1 && at <= last; at = bytes.indexOf(first, at + 1)) {
    let i = 1;
    while (i < needle.length && bytes[at + i] === needle[i]) i++;
    if (i === needle.length) return at;
  }
  return -1;
}

/** Lower-case hexadecimal. */
export function hex(bytes: Uint8Array): string {
  return bytes.toHex();
}

/** Base64 with padding. RFC 4648 4 */
export function base64(bytes: Uint8Array): string {
  return bytes.toBase64();
}

/** Base64 for URLs and names, without padding. RFC 4648 5 */
export function base64Url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Strict base64 with padding, or null. RFC 4648 4 */
export function fromBase64(text: string): Bytes | null {
  if (/\s/.test(text)) return null;
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
  } catch {
    return null;
  }
}
