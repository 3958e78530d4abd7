/**
 * The text of a part, as people read it and search looks through it. RFC 9051 6.4.4 (BODY, TEXT)
 *
 * @module
 */
import { decodeCharset } from "./charset.ts";
import { htmlText } from "./html_text.ts";
import type { Part } from "./message_index.ts";
import { decodeTransfer } from "./transfer_encoding.ts";

/** What decoding needs to know of a part. */
export type TextPart = Pick<Part, "type" | "subtype" | "charset" | "encoding">;

/**
 * The text of a text part: transfer encoding and charset undone. Of an encoding that is unknown, the octets are
 * read as they are.
 *
 * @param body The octets of the part's body; the caller bounds them.
 */
export function decodeText(part: TextPart, body: Uint8Array): string {
  return decodeCharset(decodeTransfer(body, part.encoding) ?? body, part.charset);
}

/** Like {@link decodeText}, and of HTML only the words. */
export function decodeWordsOf(part: TextPart, body: Uint8Array): string {
  const text = decodeText(part, body);
  if (part.type !== "text" || part.subtype !== "html") return text;
  return htmlText(text, { maxLength: text.length, quote: null });
}
