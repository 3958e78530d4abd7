/**
 * The first words of a message. RFC 8970
 *
 * @module
 */
import { htmlText } from "./html_text.ts";

/** Characters (code points) of a preview. RFC 8970 3.3 */
export const maxPreviewLength = 256;

/** In place of text that is quoted from another message. */
export const quoteMark = "[...]";

/** Enough text for a preview, with room for what is left out. */
const maxTextLength = 8192;

/** White space of all kinds, control characters, and those that hide or turn around what follows. */
const invisible = /[\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/g;

/** A preview of plain text. */
export function previewOfText(text: string): string {
  let words = "";
  /** Where the last line begins that was added. */
  let lastLine = 0;
  /** Characters that were added, also of lines that were taken back. */
  let length = 0;
  let quoting = false;
  const end = Math.min(text.length, 16 * maxTextLength);
  for (let at = 0; at < end && length <= 2 * maxPreviewLength;) {
    const lf = text.indexOf("\n", at);
    const next = lf === -1 || lf >= end ? end : lf;
    const lineEnd = next > at && text.charCodeAt(next - 1) === 0x0d ? next - 1 : next;
    const line = text.slice(at, lineEnd);
    if (line === "-- " || line === "--") break; // A signature follows. RFC 3676 4.3
    const shown = isUsual(text, at, lineEnd) ? line : line.replace(invisible, " ").trim();
    at = next + 1;
    if (shown === "") continue;
    const isQuote = shown.startsWith(">");
    if (isQuote && quoting) continue;
    // "On Monday, Joe wrote:" belongs to the quote.
    if (isQuote && words.endsWith(":")) words = words.slice(0, lastLine).trimEnd();
    quoting = isQuote || shown === quoteMark;
    if (words !== "") words += " ";
    lastLine = words.length;
    words += isQuote ? quoteMark : shown;
    if (!isQuote) length += shown.length;
  }
  return cut(words);
}

/** Whether a line is shown as it is: printable ASCII, and single spaces within. */
function isUsual(text: string, start: number, end: number): boolean {
  let before = 0x20;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at); // Of the whole text: it is slow for strings that were cut out of others.
    if (code < 0x20 || code > 0x7e || code === 0x20 && before === 0x20) return false;
    before = code;
  }
  return before !== 0x20;
}

/** A preview of HTML. */
export function previewOfHtml(html: string): string {
  return previewOfText(htmlText(html, { maxLength: maxTextLength, quote: quoteMark }));
}

/** At most {@link maxPreviewLength} code points. */
function cut(text: string): string {
  if (!/[\ud800-\udfff]/.test(text)) return text.slice(0, maxPreviewLength).trimEnd();
  let end = 0;
  for (let count = 0; count < maxPreviewLength && end < text.length; count++) {
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  }
  return text.slice(0, end).trimEnd().toWellFormed();
}
