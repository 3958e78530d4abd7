/**
 * ENVELOPE, BODY and BODYSTRUCTURE as IMAP writes them, with one character for each octet. RFC 9051 7.5.2, 9,
 * RFC 3501 7.4.2, 9
 *
 * Texts of the header are given as they are, not decoded. What cannot stand between quotes is a literal; NUL
 * can stand nowhere and is left out.
 *
 * @module
 */
import type { AddressEntry } from "./address_list.ts";
import type { EntityHeader } from "./entity_header.ts";
import { asciiUpper } from "../base/scanner.ts";
import type { Parameter } from "./parameters.ts";

/** Longer texts are literals: quoted strings stand on the line, and some clients' lines are short. */
export const maxQuotedLength = 1000;

/** Longer texts are cut: one field must not make every FETCH large. */
export const maxValueOctets = 64 * 1024;

/** A string, quoted or literal; NIL for null. */
export function imapString(text: string | null): string {
  if (text === null) return "NIL";
  const value = text.length > maxValueOctets ? text.slice(0, maxValueOctets) : text;
  if (/^[ !#-[\]-~]*$/.test(value) && value.length <= maxQuotedLength) return `"${value}"`;
  const clean = value.replaceAll("\0", "");
  // Quoted strings hold every ASCII character but CR and LF; eight bits only in IMAP4rev2.
  if (clean.length > maxQuotedLength || /[\r\n\x80-\xff]/.test(clean)) return `{${clean.length}}\r\n${clean}`;
  return `"${clean.replace(/["\\]/g, "\\$&")}"`;
}

/** Raw values of the fields that ENVELOPE is made of; null for a field that is not there. */
export interface EnvelopeFields {
  readonly date: string | null;
  readonly subject: string | null;
  readonly from: readonly AddressEntry[];
  readonly sender: readonly AddressEntry[];
  readonly replyTo: readonly AddressEntry[];
  readonly to: readonly AddressEntry[];
  readonly cc: readonly AddressEntry[];
  readonly bcc: readonly AddressEntry[];
  readonly inReplyTo: string | null;
  readonly messageId: string | null;
}

/** The envelope of a message that has no header. */
export const emptyEnvelope = "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)";
/** The structure of an empty text: what a part is whose content cannot be looked into. */
export const emptyText = '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 0 0)';
export const emptyTextExtended = '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 0 0 NIL NIL NIL NIL)';

export function printEnvelope(fields: EnvelopeFields): string {
  const from = printAddresses(fields.from);
  // RFC 9051 7.5.2: "the server sets the corresponding member of the envelope to be the same value as the from
  // member".
  const sender = fields.sender.length === 0 ? from : printAddresses(fields.sender);
  const replyTo = fields.replyTo.length === 0 ? from : printAddresses(fields.replyTo);
  return `(${imapString(fields.date)} ${imapString(fields.subject)} ${from} ${sender} ${replyTo} ` +
    `${printAddresses(fields.to)} ${printAddresses(fields.cc)} ${printAddresses(fields.bcc)} ` +
    `${imapString(fields.inReplyTo)} ${imapString(fields.messageId)})`;
}

function printAddresses(entries: readonly AddressEntry[]): string {
  if (entries.length === 0) return "NIL";
  let list = "(";
  for (const entry of entries) {
    if (entry.kind === "group") list += `(NIL NIL ${imapString(entry.name)} NIL)`;
    else if (entry.kind === "groupEnd") list += "(NIL NIL NIL NIL)";
    else {
      // Without the quotes of RFC 5322 (RFC 9051 9, addr-mailbox). NIL here would mean a group: what is missing is empty.
      list += `(${imapString(entry.name)} ${imapString(entry.route)} ${imapString(entry.local)} ` +
        `${imapString(entry.domain)})`;
    }
  }
  return `${list})`;
}

/** What of a part does not stand in its header. */
export interface PartCounts {
  readonly octets: number;
  readonly lines: number;
}

/** BODY and BODYSTRUCTURE of one part. */
export interface Structure {
  readonly body: string;
  readonly extended: string;
}

/** Children one after the other, without anything between them. RFC 9051 9, body-type-mpart */
export function printMultipart(header: EntityHeader, children: Structure): Structure {
  const subtype = imapString(asciiUpper(header.subtype));
  const extension = `${printParameters(header.parameters)} ${printExtension(header)}`;
  return {
    body: `(${children.body === "" ? emptyText : children.body} ${subtype})`,
    extended: `(${children.extended === "" ? emptyTextExtended : children.extended} ${subtype} ${extension})`,
  };
}

/** A message and what is in it. RFC 9051 9, body-type-msg */
export function printMessage(
  header: EntityHeader,
  counts: PartCounts,
  envelope: string,
  inner: Structure,
): Structure {
  const basic = printBasic(header, counts.octets);
  return {
    body: `(${basic} ${envelope} ${inner.body} ${counts.lines})`,
    extended: `(${basic} ${envelope} ${inner.extended} ${counts.lines} ` +
      `${imapString(header.md5)} ${printExtension(header)})`,
  };
}

/** Text, or anything that is not looked into. RFC 9051 9, body-type-text, body-type-basic */
export function printLeaf(header: EntityHeader, counts: PartCounts): Structure {
  const lines = header.type === "text" ? ` ${counts.lines}` : "";
  const fields = `${printBasic(header, counts.octets)}${lines}`;
  return {
    body: `(${fields})`,
    extended: `(${fields} ${imapString(header.md5)} ${printExtension(header)})`,
  };
}

function printBasic(header: EntityHeader, octets: number): string {
  const { type, subtype, parameters } = header;
  return `${imapString(asciiUpper(type))} ${imapString(asciiUpper(subtype))} ` +
    `${printParameters(type === "text" ? withCharset(parameters) : parameters)} ${imapString(header.id)} ` +
    `${imapString(header.description)} ${imapString(asciiUpper(header.encodingName))} ${octets}`;
}

/** Text without a charset is US-ASCII. RFC 2046 4.1.2 */
function withCharset(parameters: readonly Parameter[]): readonly Parameter[] {
  if (parameters.some((parameter) => parameter.name === "charset")) return parameters;
  return [...parameters, { name: "charset", value: "US-ASCII", extended: false }];
}

/** RFC 9051 7.5.2: decoded continuations as `name`, decoded charsets as `name*`, in UTF-8. */
function printParameters(parameters: readonly Parameter[]): string {
  if (parameters.length === 0) return "NIL";
  const pairs = parameters.map(({ name, value, extended }) =>
    `${imapString(asciiUpper(name) + (extended ? "*" : ""))} ${imapString(value)}`
  );
  return `(${pairs.join(" ")})`;
}

/** Disposition, language, location. */
function printExtension(header: EntityHeader): string {
  const { disposition, language } = header;
  const shownDisposition = disposition === null
    ? "NIL"
    : `(${imapString(asciiUpper(disposition.type))} ${printParameters(disposition.parameters)})`;
  const languages = language.length === 0
    ? "NIL"
    : language.length === 1
    ? imapString(language[0] ?? null)
    : `(${language.map(imapString).join(" ")})`;
  return `${shownDisposition} ${languages} ${imapString(header.location)}`;
}
