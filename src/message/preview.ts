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

/** A line that is shown as it is. */
const usual = /^[!-~]+(?: [!-~]+)*$/;

/** White space of all kinds, control characters, and those that hide or turn around what follows. */
const invisible = /[\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/g;

/** A preview of plain text. */
export function previewOfText(text: string): string {
  const words: string[] = [];
  let length = 0;
  let quoting = false;
  for (const line of lines(text.slice(0, 16 * maxTextLength))) {
    if (/^-- ?$/.test(line)) break; // A signature follows. RFC 3676 4.3
    const shown = usual.test(line) ? line : line.replace(invisible, " ").trim();
    if (shown === "") continue;
    if (shown.startsWith(">")) {
      if (quoting) continue;
      // "On Monday, Joe wrote:" belongs to the quote.
      if (words.at(-1)?.endsWith(":") === true) words.pop();
      words.push(quoteMark);
      quoting = true;
      continue;
    }
    quoting = shown === quoteMark;
    words.push(shown);
    length += shown.length;
    if (length > 2 * maxPreviewLength) break;
  }
  return cut(words.join(" "));
}

/** A preview of HTML. */
export function previewOfHtml(html: string): string {
  return previewOfText(htmlText(html, { maxLength: maxTextLength, quote: quoteMark }));
}

function* lines(text: string): Generator<string> {
  for (let at = 0; at < text.length;) {
    const lf = text.indexOf("\n", at);
    const end = lf === -1 ? text.length : lf;
    yield text.slice(at, text[end - 1] === "\r" ? end - 1 : end);
    at = end + 1;
  }
}

/** At most {@link maxPreviewLength} code points. */
function cut(text: string): string {
  let end = 0;
  for (let count = 0; count < maxPreviewLength && end < text.length; count++) {
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  }
  return text.slice(0, end).trimEnd().toWellFormed();
}
