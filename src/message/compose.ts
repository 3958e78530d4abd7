/**
 * Writes messages: for notices that the server sends itself, and for tests. RFC 5322, RFC 2045 to 2047, RFC 2231
 *
 * A message is 7-bit unless its header holds addresses that only SMTPUTF8 can carry. No value can add a field:
 * line ends in values are refused, in texts they become CRLF.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import { isAscii } from "../address/domain.ts";
import { needsSmtpUtf8, printMailbox } from "../address/mailbox.ts";
import { type Bytes, concat, latin1, utf8 } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import { printDate } from "./date.ts";
import { encodeWords } from "./encoded_word.ts";
import { isFieldName } from "./headers.ts";
import { printParameter } from "./parameters.ts";
import { Base64Encoder, QuotedPrintableEncoder } from "./transfer_encoding.ts";

/** Where lines of a header are folded, where they can be. RFC 5322 2.1.1 */
export const foldAt = 78;
/** The longest line of a text that is sent as it is. RFC 5322 2.1.1 */
export const maxTextLine = 998;

/** An address with a name. */
export interface NamedAddress {
  readonly name?: string;
  readonly address: Address;
}

/** One part, or several. */
export type Content =
  /** Text; `subtype` is `plain` unless said. The encoding is chosen by what is in it. */
  | { readonly kind: "text"; readonly text: string; readonly subtype?: string }
  /** Octets, as base64; with a name they are an attachment. */
  | { readonly kind: "octets"; readonly type: string; readonly bytes: Uint8Array; readonly fileName?: string }
  /** Octets that are 7-bit lines already: `message/rfc822`, `message/delivery-status`, `text/rfc822-headers`. */
  | { readonly kind: "lines"; readonly type: string; readonly bytes: Uint8Array }
  | {
    readonly kind: "multipart";
    readonly subtype: string;
    readonly parameters?: Readonly<Record<string, string>>;
    readonly parts: readonly Content[];
  };

export interface MessageDraft {
  readonly from: NamedAddress;
  readonly to?: readonly NamedAddress[];
  readonly cc?: readonly NamedAddress[];
  readonly subject: string;
  readonly date: Millis;
  /** Minutes east of Greenwich. */
  readonly offsetMinutes?: number;
  /** Without angle brackets, as everywhere. */
  readonly messageId: string;
  readonly inReplyTo?: string;
  readonly references?: readonly string[];
  /** More fields, with values of text, as `Auto-Submitted`. */
  readonly fields?: readonly (readonly [name: string, value: string])[];
  readonly content: Content;
}

/**
 * Writes a message with CRLF line ends.
 *
 * @param random Gives 24 or more characters of letters and digits that nobody can guess; called for each boundary.
 * @throws {TypeError} If a value holds what it cannot, as a line end.
 */
export function composeMessage(draft: MessageDraft, random: () => string): Bytes {
  const fields = [
    addressField("From", [draft.from]),
    addressField("To", draft.to ?? []),
    addressField("Cc", draft.cc ?? []),
    textField("Subject", draft.subject),
    foldField("Date", printDate(draft.date, draft.offsetMinutes ?? 0)),
    idField("Message-ID", [draft.messageId]),
    idField("In-Reply-To", draft.inReplyTo === undefined ? [] : [draft.inReplyTo]),
    idField("References", draft.references ?? []),
    ...(draft.fields ?? []).map(([name, value]) => textField(name, value)),
    foldField("MIME-Version", "1.0"),
  ];
  return concat([utf8(fields.join("")), composePart(draft.content, random)]);
}

/** Writes a part: its MIME fields, an empty line, its content. */
export function composePart(content: Content, random: () => string): Bytes {
  switch (content.kind) {
    case "text":
      return textPart(content.text, content.subtype ?? "plain");
    case "octets":
      return octetsPart(content.type, content.bytes, content.fileName);
    case "lines":
      return concat([utf8(`${foldField("Content-Type", content.type)}\r\n`), content.bytes]);
    case "multipart":
      return multipartPart(content.subtype, content.parameters ?? {}, content.parts, random);
  }
}

/** A field of text, encoded where it must be, folded. */
export function textField(name: string, text: string): string {
  return foldField(name, encodeWords(oneLine(text)));
}

/** A field of addresses, folded; nothing if there is none. */
export function addressField(name: string, addresses: readonly NamedAddress[]): string {
  if (addresses.length === 0) return "";
  return foldField(name, addresses.map(printNamed).join(", "));
}

/**
 * A field, folded at white space so that lines stay short where they can. RFC 5322 2.2.3
 *
 * @throws {TypeError} If the name is none, or the value holds a line end.
 */
export function foldField(name: string, value: string): string {
  if (!isFieldName(name)) throw new TypeError(`not a field name: ${JSON.stringify(name)}`);
  let folded = `${name}:`;
  let column = folded.length;
  // Each word goes with the white space in front of it, which begins the next line where it must.
  for (const word of oneLine(value).trimEnd().match(/[ \t]*[^ \t]+/g) ?? []) {
    const piece = /^[ \t]/.test(word) ? word : ` ${word}`;
    if (column + piece.length > foldAt && column > name.length + 1) {
      folded += "\r\n";
      column = 0;
    }
    folded += piece;
    column += piece.length;
  }
  return `${folded}\r\n`;
}

function oneLine(text: string): string {
  if (/[\r\n\0]/.test(text)) throw new TypeError("line end in a header value");
  return text;
}

function idField(name: string, ids: readonly string[]): string {
  for (const id of ids) if (/[\s<>]/.test(id)) throw new TypeError("not a message identifier");
  return ids.length === 0 ? "" : foldField(name, ids.map((id) => `<${id}>`).join(" "));
}

function printNamed({ name, address }: NamedAddress): string {
  const mailbox = printMailbox(address, { utf8: needsSmtpUtf8(address) });
  if (name === undefined || name === "") return mailbox;
  return `${printPhrase(oneLine(name))} <${mailbox}>`;
}

/** Words, a quoted string, or encoded words. RFC 5322 3.2.5, RFC 2047 5 (3) */
function printPhrase(name: string): string {
  const words = encodeWords(name);
  if (words !== name || /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/.test(name)) {
    return words;
  }
  return `"${name.replace(/["\\]/g, "\\$&")}"`;
}

function textPart(text: string, subtype: string): Bytes {
  const body = utf8(text.toWellFormed().replace(/\r\n|\r|\n/g, "\r\n"));
  const isPlain = isAscii(text) && !/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text) &&
    text.split(/\r\n|\r|\n/).every((line) => line.length <= maxTextLine);
  const header = foldField(
    "Content-Type",
    `text/${subtype}${printParameter("charset", isAscii(text) ? "us-ascii" : "utf-8")}`,
  );
  if (isPlain) return concat([latin1(`${header}Content-Transfer-Encoding: 7bit\r\n\r\n`), body]);
  const encoder = new QuotedPrintableEncoder();
  const encoded = [encoder.write(body), encoder.end()];
  return concat([latin1(`${header}Content-Transfer-Encoding: quoted-printable\r\n\r\n`), ...encoded]);
}

function octetsPart(type: string, bytes: Uint8Array, fileName: string | undefined): Bytes {
  const disposition = fileName === undefined
    ? ""
    : foldField("Content-Disposition", `attachment${printParameter("filename", oneLine(fileName))}`);
  const header = `${foldField("Content-Type", type)}${disposition}Content-Transfer-Encoding: base64\r\n\r\n`;
  const encoder = new Base64Encoder();
  return concat([utf8(header), encoder.write(bytes), encoder.end()]);
}

function multipartPart(
  subtype: string,
  parameters: Readonly<Record<string, string>>,
  parts: readonly Content[],
  random: () => string,
): Bytes {
  // "=_" can stand in no encoded part, and nobody can guess the rest. RFC 2045 6.7
  const boundary = `=_${random()}`;
  const printed = Object.entries(parameters).map(([name, value]) => printParameter(name, value)).join("");
  const type = `multipart/${subtype}${printed}; boundary="${boundary}"`;
  const pieces: Uint8Array[] = [utf8(`${foldField("Content-Type", type)}\r\n`)];
  for (const part of parts) {
    pieces.push(latin1(`--${boundary}\r\n`), composePart(part, random), latin1("\r\n"));
  }
  pieces.push(latin1(`--${boundary}--\r\n`));
  return concat(pieces);
}
