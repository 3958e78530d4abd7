/**
 * The text of a message as SEARCH compares it, from what was sent. RFC 9051 6.4.4
 *
 * Transfer encodings and encoded words are undone, charsets decoded, HTML becomes its words, case is folded. This runs
 * in the parser, which has no permissions and is killed when it takes too long.
 *
 * @module
 */
import { decodeText } from "../message/decoded_text.ts";
import { searchedHtml } from "../message/html_text.ts";
import {
  maxTextBytes,
  type SearchedText,
  type TextSource,
  type TextSourcePart,
} from "../store/text_source.ts";
import { fold, foldedFields } from "./mail_search_text.ts";

/** Between fields and between parts: nobody searches for it, so nothing is found across. */
const between = "\uffff";

/** Makes text of a message. Linear in its octets. */
export function searchedText({ header, parts }: TextSource): SearchedText {
  const headers = linesOf(header);
  const bodies: string[] = [];
  for (const part of parts) {
    headers.push(...linesOf(part.header));
    if (part.fileName !== null) headers.push(fileLine(part.fileName));
    if (part.text !== null) bodies.push(textOf(part.text));
  }
  return { header: plain(headers.join(between)), body: plain(bodies.join(between)) };
}

/** How the name of a file is searched, which may not stand in the header as people read it. RFC 2231 */
export function fileLine(fileName: string): string {
  return `FILENAME: ${fold(fileName)}`;
}

function* fieldsOf(header: TextSource["header"]): Generator<string> {
  for (const { name, value } of foldedFields(header)) yield `${name.toUpperCase()}: ${value}`;
}

function linesOf(header: TextSource["header"]): string[] {
  return header.length === 0 ? [] : [...fieldsOf(header)];
}

function textOf(text: NonNullable<TextSourcePart["text"]>): string {
  const decoded = decodeText({ type: "text", ...text }, text.bytes.subarray(0, maxTextBytes));
  return fold(text.subtype === "html" ? searchedHtml(decoded) : decoded);
}

/** Without what SQLite and UTF-8 cannot keep; nobody can search for either. */
function plain(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}
