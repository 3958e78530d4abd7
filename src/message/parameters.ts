/**
 * Fields with parameters: `value; name=value; …`. RFC 2045 5.1, RFC 2183 2, RFC 2231
 *
 * Read leniently: whatever cannot be read is skipped to the next semicolon, and said so.
 *
 * @module
 */
import { fromLatin1, latin1, utf8 } from "../base/bytes.ts";
import { asciiLower, Scanner } from "../base/scanner.ts";
import { decodeCharset } from "./charset.ts";
import { decodeWords } from "./encoded_word.ts";

/** More parameters of one field are not read. */
export const maxParameters = 100;

export interface Parameter {
  /** Lower case, without the number of a continuation. */
  readonly name: string;
  /** One character for each octet; UTF-8 if it was `extended`, else in whatever charset it came. */
  readonly value: string;
  /** Whether it came as `name*=charset'language'text`. RFC 2231 4 */
  readonly extended: boolean;
}

export interface Parameterized {
  /** What stands in front of the first semicolon, without comments and white space around. */
  readonly value: string;
  readonly parameters: readonly Parameter[];
  /** Whether something had to be skipped. */
  readonly malformed: boolean;
}

const space = /[ \t\r\n]+/y;
const token = /[^\x00-\x20\x7f()<>@,;:\\"/[\]?=]+/y;
/** What is sent unquoted: everything up to a semicolon or white space. */
const looseValue = /[^\x00-\x20\x7f;"]+/y;
const quotedString = /"(?:[^"\\]|\\[^])*"/y;

/** Reads an unfolded raw value; never throws. */
export function parseParameters(raw: string): Parameterized {
  const s = new Scanner(raw);
  const value = takeValue(s);
  const pieces: Piece[] = [];
  let malformed = false;
  while (s.take(";")) {
    skipComments(s);
    if (s.done || s.peek() === ";") continue; // Nothing between semicolons: harmless.
    if (pieces.length === maxParameters) return { value, parameters: assemble(pieces), malformed: true };
    const piece = takeParameter(s);
    if (piece === null) malformed = true;
    else pieces.push(piece);
    skipComments(s);
    if (!s.done && s.peek() !== ";") {
      malformed = true;
      s.takeUntil(";") ?? (s.at = raw.length);
    }
  }
  return { value, parameters: assemble(pieces), malformed: malformed || !s.done };
}

/**
 * The text of a parameter as people read it: the extended form if there is one, else the plain one with encoded
 * words decoded, which RFC 2047 5 forbids and many write. Null if there is no such parameter.
 */
export function parameterText(parameters: readonly Parameter[], name: string): string | null {
  const plain = parameters.find((parameter) => parameter.name === name && !parameter.extended);
  const extended = parameters.find((parameter) => parameter.name === name && parameter.extended);
  if (extended !== undefined) return decodeCharset(latin1(extended.value), "utf-8");
  return plain === undefined ? null : decodeWords(plain.value);
}

/**
 * Writes a parameter, `; name=value` without folding: as a token or quoted string, and where that cannot be, in
 * the extended form. RFC 2231 4
 *
 * @param name A token.
 */
export function printParameter(name: string, value: string): string {
  if (/^[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+$/.test(value)) return `; ${name}=${value}`;
  if (/^[ -~]*$/.test(value)) return `; ${name}="${value.replace(/["\\]/g, "\\$&")}"`;
  let text = "";
  for (const byte of utf8(value)) {
    const character = String.fromCharCode(byte);
    text += /[!#$&+\-.0-9A-Z^_`a-z{|}~]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return `; ${name}*=utf-8''${text}`;
}

/** A parameter as it is written; `name*1*=…` is piece 1 of `name`, `encoded`. RFC 2231 3, 4.1 */
interface Piece {
  readonly name: string;
  readonly number: number | null;
  readonly encoded: boolean;
  readonly value: string;
}

function takeValue(s: Scanner): string {
  let value = "";
  let quotes = true;
  while (!s.done && s.peek() !== ";") {
    if (skipComments(s)) continue;
    let piece = s.takeMatch(/[^;("]+/y);
    if (piece === null && quotes) {
      piece = s.takeMatch(quotedString);
      // If this quoted string does not end, none behind it does: it is not looked for again.
      quotes = piece !== null;
    }
    value += piece ?? s.takeMatch(/[^]/y) ?? "";
  }
  return value.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
}

function takeParameter(s: Scanner): Piece | null {
  const name = s.takeMatch(token);
  if (name === null) return null;
  skipComments(s);
  if (!s.take("=")) return null;
  skipComments(s);
  const quoted = s.takeMatch(quotedString);
  const value = quoted === null ? s.takeMatch(looseValue) ?? "" : unquote(quoted);
  const numbered = /^([^*]+)(?:\*(0|[1-9]\d{0,3}))?(\*)?$/.exec(name);
  if (numbered === null) return null;
  const number = numbered[2] === undefined ? null : Number(numbered[2]);
  return { name: asciiLower(numbered[1] ?? ""), number, encoded: numbered[3] !== undefined, value };
}

/** Skips white space and comments, nested to any depth, in one pass; whether there were any. */
function skipComments(s: Scanner): boolean {
  const start = s.at;
  for (;;) {
    s.takeMatch(space);
    if (s.peek() !== "(") return s.at > start;
    s.at = commentEnd(s.text, s.at);
  }
}

/** Just behind the comment that begins at `start`; the end of the text if it does not end. RFC 5322 3.2.2 */
export function commentEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x5c) at++;
    else if (code === 0x28) depth++;
    else if (code === 0x29 && --depth === 0) return at + 1;
  }
  return text.length;
}

/** The content of a quoted string that is given with its quotes. RFC 5322 3.2.4 */
export function unquote(quoted: string): string {
  const inner = quoted.slice(1, -1);
  return inner.includes("\\") ? inner.replace(/\\([^])/g, "$1") : inner;
}

/** Puts continuations together; of several parameters of one name and form the first counts. */
function assemble(pieces: readonly Piece[]): Parameter[] {
  const parameters: Parameter[] = [];
  const seen = new Set<string>();
  for (const piece of pieces) {
    const parameter = piece.number === null ? single(piece) : continued(piece.name, pieces);
    const key = `${parameter.name}${parameter.extended ? "*" : ""}`;
    const source = piece.number === null ? key : `${piece.name}*n`;
    if (seen.has(source) || seen.has(key)) continue;
    seen.add(source).add(key);
    parameters.push(parameter);
  }
  return parameters;
}

function single(piece: Piece): Parameter {
  if (!piece.encoded) return { name: piece.name, value: piece.value, extended: false };
  const { charset, text } = splitCharset(piece.value);
  return { name: piece.name, value: toUtf8(percentDecode(text), charset), extended: true };
}

/** Pieces 0, 1, … up to the first that is missing. RFC 2231 3, 4.1 */
function continued(name: string, pieces: readonly Piece[]): Parameter {
  const byNumber = new Map<number, Piece>();
  for (const piece of pieces) {
    if (piece.name === name && piece.number !== null && !byNumber.has(piece.number)) {
      byNumber.set(piece.number, piece);
    }
  }
  let charset: string | null = null;
  let octets = "";
  for (let number = 0;; number++) {
    const piece = byNumber.get(number);
    if (piece === undefined) break;
    let text = piece.value;
    if (number === 0 && piece.encoded) ({ charset, text } = splitCharset(text));
    octets += piece.encoded ? percentDecode(text) : text;
  }
  // Only the first piece says that there is a charset at all.
  return charset === null
    ? { name, value: octets, extended: false }
    : { name, value: toUtf8(octets, charset), extended: true };
}

/** `charset'language'text`; text without the quotes is taken as it is. */
function splitCharset(value: string): { charset: string; text: string } {
  const first = value.indexOf("'");
  const second = first === -1 ? -1 : value.indexOf("'", first + 1);
  if (second === -1) return { charset: "", text: value };
  return { charset: value.slice(0, first), text: value.slice(second + 1) };
}

function percentDecode(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}

function toUtf8(octets: string, charset: string): string {
  return fromLatin1(utf8(decodeCharset(latin1(octets), charset)));
}
