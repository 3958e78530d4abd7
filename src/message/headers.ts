/**
 * Header sections: their fields, one after the other. RFC 5322 2.2, 4.5, RFC 6532
 *
 * A raw value is a string with one character for each octet, so that nothing is lost, whatever the charset;
 * {@link headerText} makes it text. Lines end in CRLF or LF. A line that is no field is read over.
 *
 * @module
 */
import { fromLatin1 } from "../base/bytes.ts";
import { asciiLower } from "../base/scanner.ts";
import { decodeWords } from "./encoded_word.ts";

/** One field as it stands in the header section. */
export interface HeaderField {
  /** As it was written, without white space in front of the colon (RFC 5322 4.5.8). */
  readonly name: string;
  /** What follows the colon, folded, without the last line end; one character for each octet. */
  readonly value: string;
  /** Octets `start` to `end` of the section are the field, its line end included. */
  readonly start: number;
  readonly end: number;
}

/** The fields of a header section, up to its empty line or its end. */
export function headerFields(header: Uint8Array): Generator<HeaderField> {
  return fieldsOf(fromLatin1(header));
}

/** Like {@link headerFields}, of a text with one character for each octet. */
export function* fieldsOf(text: string): Generator<HeaderField> {
  let colon = -1;
  for (let start = 0; start < text.length;) {
    const end = fieldEnd(text, start);
    const code = text.charCodeAt(start);
    if (code === 0x0a || (code === 0x0d && text.charCodeAt(start + 1) === 0x0a)) return;
    // Found once for all the lines in front of it, or reading would be quadratic.
    if (colon < start) colon = text.indexOf(":", start);
    if (colon === -1) return;
    if (colon < end) {
      const name = text.slice(start, colon).trimEnd();
      if (isFieldName(name)) yield { name, value: withoutLineEnd(text, colon + 1, end), start, end };
    }
    start = end;
  }
}

/** The raw, unfolded values of all fields of that name, in their order. */
export function fieldValues(header: Uint8Array, name: string): string[] {
  const wanted = asciiLower(name);
  const values: string[] = [];
  for (const field of headerFields(header)) {
    if (asciiLower(field.name) === wanted) values.push(unfold(field.value));
  }
  return values;
}

/** A raw value on one line: line ends in front of white space go, so does white space around it. RFC 5322 2.2.3 */
export function unfold(value: string): string {
  const line = value.includes("\n") ? value.replace(/\r?\n(?=[ \t])/g, "") : value;
  return trimSpace(line);
}

/** A raw value as people read it: unfolded, encoded words and 8-bit text decoded. */
export function headerText(value: string): string {
  return decodeWords(unfold(value));
}

/** Spaces, tabs and line ends off both ends. Not `trim`: U+00A0 is half of a UTF-8 character here. */
export function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** Just behind the field that begins at `start`, its folded lines included. */
export function fieldEnd(text: string, start: number): number {
  for (let at = start;;) {
    const lf = text.indexOf("\n", at);
    if (lf === -1) return text.length;
    const next = text.charCodeAt(lf + 1);
    if (next !== 0x20 && next !== 0x09) return lf + 1;
    at = lf + 1;
  }
}

/** Printable ASCII without colon and space. RFC 5322 2.2 */
export function isFieldName(name: string): boolean {
  return name.length <= maxFieldNameLength && /^[!-9;-~]+$/.test(name);
}

/** A line of RFC 5322 2.1.1 holds no longer one. */
export const maxFieldNameLength = 997;

export function withoutLineEnd(text: string, start: number, end: number): string {
  let last = end;
  if (last > start && text.charCodeAt(last - 1) === 0x0a) {
    last--;
    if (last > start && text.charCodeAt(last - 1) === 0x0d) last--;
  }
  return text.slice(start, last);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a;
}
