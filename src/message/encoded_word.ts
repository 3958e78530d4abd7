/**
 * Encoded words: text of any charset in header fields that are ASCII. RFC 2047, RFC 2231 5
 *
 * @module
 */
import { base64, type Bytes, concat, latin1, noBytes, utf8 } from "../base/bytes.ts";
import { decodeCharset, decodeUnlabelled } from "./charset.ts";
import { decodeTransfer } from "./transfer_encoding.ts";

/** Longest encoded word that is written. RFC 2047 2 */
export const maxEncodedWordLength = 75;

/**
 * `=?charset*language?encoding?text?=`. More than the standard allows in the text (spaces above all), because
 * it is sent. No pattern in it can match the question mark that follows, so reading is linear.
 */
const encodedWord = /=\?([^?*\s]{1,60})(?:\*[^?\s]{0,60})?\?([bBqQ])\?([^?\r\n]*)\?=/y;

interface Word {
  readonly charset: string;
  readonly bytes: Bytes;
}

/**
 * Decodes the value of a field as people read it: encoded words, and 8-bit text (UTF-8, or what looks like
 * Windows-1252).
 *
 * @param raw One character for each octet; unfolded.
 */
export function decodeWords(raw: string): string {
  let at = raw.indexOf("=?");
  if (at === -1) return plainText(raw);
  let text = "";
  let from = 0;
  // Words of one charset are joined before they are decoded: a character may be split over two of them.
  let words: Word[] = [];
  while (at !== -1) {
    encodedWord.lastIndex = at;
    const match = encodedWord.exec(raw);
    if (match !== null) {
      const between = raw.slice(from, at);
      // White space between two encoded words is not part of the text. RFC 2047 6.2
      if (words.length === 0 || /[^ \t\r\n]/.test(between)) {
        text += joined(words) + plainText(between);
        words = [];
      }
      words.push({ charset: match[1] ?? "", bytes: wordBytes(match[2] ?? "", match[3] ?? "") });
      from = encodedWord.lastIndex;
    }
    at = raw.indexOf("=?", match === null ? at + 2 : from);
  }
  return text + joined(words) + plainText(raw.slice(from));
}

/**
 * Writes text for an unstructured field or a phrase: as it is if it is printable ASCII that nobody takes for
 * an encoded word, else as encoded words of at most 75 characters, separated by single spaces, at which the
 * field may be folded. RFC 2047 5
 */
export function encodeWords(text: string): string {
  if (/^[ -~]*$/.test(text) && !text.includes("=?")) return text;
  const quotedLength = quotedPrintable(utf8(text)).length;
  const useBase64 = Math.ceil(utf8(text).length / 3) * 4 < quotedLength;
  const encode = useBase64 ? base64 : quotedPrintable;
  const room = maxEncodedWordLength - "=?utf-8?b??=".length;
  const words: string[] = [];
  let held = "";
  for (const character of text.toWellFormed()) {
    if (held !== "" && encode(utf8(held + character)).length > room) {
      words.push(held);
      held = "";
    }
    held += character;
  }
  if (held !== "") words.push(held);
  return words.map((word) => `=?utf-8?${useBase64 ? "b" : "q"}?${encode(utf8(word))}?=`).join(" ");
}

function joined(words: readonly Word[]): string {
  const only = words.length === 1 ? words[0] : undefined;
  if (only !== undefined) return decodeCharset(only.bytes, only.charset);
  let text = "";
  for (let i = 0; i < words.length;) {
    const charset = words[i]?.charset ?? "";
    const bytes: Bytes[] = [];
    for (; words[i]?.charset === charset; i++) bytes.push(words[i]?.bytes ?? noBytes);
    text += decodeCharset(concat(bytes), charset);
  }
  return text;
}

function plainText(raw: string): string {
  return /[^\x00-\x7f]/.test(raw) ? decodeUnlabelled(latin1(raw)) : raw;
}

function wordBytes(encoding: string, text: string): Bytes {
  if (encoding === "b" || encoding === "B") {
    return decodeTransfer(latin1(text), "base64") ?? noBytes;
  }
  return decodeQ(text);
}

/** RFC 2047 4.2. What is not hexadecimal behind an `=` stays as it is. */
function decodeQ(text: string): Bytes {
  const out = new Uint8Array(text.length);
  let size = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x5f) out[size++] = 0x20; // An underscore is a space, whatever the charset.
    else if (code === 0x3d && /^[0-9A-Fa-f]{2}$/.test(text.slice(at + 1, at + 3))) {
      out[size++] = parseInt(text.slice(at + 1, at + 3), 16);
      at += 2;
    } else out[size++] = code;
  }
  return out.subarray(0, size);
}

/** The Q encoding with the few characters that may stand everywhere, phrases included. RFC 2047 5 (3) */
function quotedPrintable(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    if (byte === 0x20) text += "_";
    else if (/[A-Za-z0-9!*+\-/]/.test(character)) text += character;
    else text += `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return text;
}
