/**
 * Text as SEARCH compares it: fields decoded and unfolded, text parts decoded, case ignored. RFC 9051 6.4.4, RFC 5255 4.6
 *
 * @module
 */
import { type Bytes, fromLatin1 } from "../base/bytes.ts";
import type { Day } from "../imap/search_key.ts";
import { casemap } from "../message/casemap.ts";
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

/** Text as it is compared: by i;unicode-casemap. Both sides of a comparison are folded alike. RFC 5255 4.2, RFC 5051 */
export const fold = casemap;

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
