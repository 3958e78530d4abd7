/**
 * Text as SEARCH compares it: fields decoded and unfolded, text parts decoded, case ignored. RFC 9051 6.4.4
 *
 * @module
 */
import { type Bytes, fromLatin1 } from "../base/bytes.ts";
import type { Day } from "../imap/search_key.ts";
import { parseZonedDate } from "../message/date.ts";
import { decodeWords } from "../message/encoded_word.ts";

/** A header field, ready to be searched. */
export interface FoldedField {
  /** Lower case. */
  readonly name: string;
  /** Decoded, unfolded, {@link fold folded}. */
  readonly value: string;
}

/** Octets of one header that are searched. */
export const maxHeaderBytes = 1024 * 1024;

/**
 * Text of which all spellings that differ in case are one: NFC, then lower case, with one sigma. Both sides of a
 * comparison are folded alike. Unlike i;unicode-casemap (RFC 5051) it keeps accents and compatibility
 * characters apart, and `ß` from `ss`.
 */
export function fold(text: string): string {
  return streamSafe(text).normalize("NFC").toLowerCase().replaceAll("ς", "σ");
}

/** Marks in a row; one more than any language needs, and one less than what has to be taken apart. UAX 15, section 13 */
const manyMarks = /\p{M}{31}/u;
const thirtyMarks = /\p{M}{30}(?=\p{M})/gu;

/**
 * Runs of marks broken into pieces of thirty by U+034F, as the Stream-Safe Text Format of UAX 15 has it: normalizing
 * sorts each run, which takes time with the square of its length: 6 s for 80,000 marks, and a message may have millions.
 */
function streamSafe(text: string): string {
  return manyMarks.test(text) ? text.replace(thirtyMarks, "$&\u034f") : text;
}

/** The fields of a header, in order; what is no field is left out. RFC 5322 2.2 */
export function foldedFields(header: Bytes): FoldedField[] {
  const fields: FoldedField[] = [];
  for (const line of unfolded(header)) {
    const colon = line.indexOf(":");
    if (colon < 1) continue;
    const name = line.slice(0, colon).trimEnd().toLowerCase();
    fields.push({ name, value: fold(decodeWords(line.slice(colon + 1).trim())) });
  }
  return fields;
}

/** Lines of a header, continuation lines put together: CRLF goes, the white space behind it stays. RFC 5322 2.2.3 */
export function unfolded(header: Bytes): string[] {
  const text = fromLatin1(header.subarray(0, maxHeaderBytes));
  return text.replace(/\r?\n(?=[ \t])/g, "").split(/\r?\n/);
}

const dayMs = 24 * 60 * 60 * 1000;

/**
 * The day that is written in a Date field, whatever its time and zone: "disregarding time and timezone", RFC 9051
 * 6.4.4. Null where there is none that can be read.
 *
 * @param value Folded.
 */
export function writtenDay(value: string): Day | null {
  const date = parseZonedDate(value);
  return date === null ? null : Math.floor((date.at + date.offsetMinutes * 60_000) / dayMs);
}
