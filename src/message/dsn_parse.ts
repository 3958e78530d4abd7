/**
 * Reads the fields of a delivery status notification, as mail servers of all kinds write them. RFC 3464 2, RFC 6533 4.1
 *
 * Nothing is refused: what is missing or cannot be read is null. A notification proves nothing (RFC 3464 4.1): whoever
 * acts on one must know it for an answer to something that was sent.
 *
 * @module
 */
import { fromLatin1, fromStrictUtf8, KiB, MiB } from "../base/bytes.ts";
import { parseIp, printIp } from "../base/ip_address.ts";
import { asciiLower } from "../base/scanner.ts";
import { parseDate } from "./date.ts";
import { decodeUnitext, type TypedAddress } from "./dsn_address.ts";
import { maxDsnRecipients } from "./dsn_print.ts";
import {
  type Diagnostic,
  type DsnAction,
  dsnActions,
  type MtaName,
  type ReadRecipient,
  type ReadStatus,
  statusCode,
} from "./dsn_status.ts";
import { fieldsOf, headerFields } from "./headers.ts";
import { firstMessageId } from "./message_id.ts";
import type { MessageIndex, Part } from "./message_index.ts";
import { decodeTransfer } from "./transfer_encoding.ts";

/** Octets of a status that are read. */
export const maxStatusOctets = 512 * KiB;
/** Octets of the returned message's header that are read. */
export const maxReturnedHeaderOctets = 64 * KiB;
/** Octets of a whole message that was returned in a transfer encoding, of which the header is read. */
export const maxEncodedMessageOctets = 4 * MiB;
/** Characters of any value that is kept. */
export const maxReadText = 2000;

/** A notification that came in. */
export interface ReadDsn {
  readonly status: ReadStatus;
  /** Of the message that it is about, without brackets, from what was returned of it; null if there is none. */
  readonly originalMessageId: string | null;
}

/** Reads a notification; null if the message is none. It may stand in other multiparts, and not in other messages. */
export function readDsn(message: Uint8Array, { root }: MessageIndex): ReadDsn | null {
  const parts: Part[] = [];
  for (const open = [root]; open.length > 0;) {
    const part = open.pop();
    if (part === undefined) break;
    if (part.type === "multipart") open.push(...part.children.toReversed());
    else parts.push(part);
  }
  const at = parts.findIndex((part) => statusTypes.has(typeOf(part)));
  const part = parts[at];
  if (part === undefined) return null;
  const bytes = bodyOf(message, part, maxStatusOctets);
  if (bytes === null) return null;
  return {
    status: parseDeliveryStatus(bytes),
    originalMessageId: parts.slice(at + 1).reduce<string | null>(
      (id, one) => id ?? messageIdOf(message, one),
      null,
    ),
  };
}

// RFC 6533 4.4: any of the old and new types.
const statusTypes = new Set(["message/delivery-status", "message/global-delivery-status"]);
const headerTypes = new Set(["text/rfc822-headers", "message/global-headers"]);

/** Reads the body of `message/delivery-status` or `message/global-delivery-status`. */
export function parseDeliveryStatus(body: Uint8Array): ReadStatus {
  const octets = body.subarray(0, maxStatusOctets);
  // Many write UTF-8 into the old type too.
  const groups = groupsOf(fromStrictUtf8(octets) ?? fromLatin1(octets));
  const recipients = groups.filter(isRecipient).slice(0, maxDsnRecipients).map(readRecipient);
  const message: Fields = groups.find((group) => !isRecipient(group)) ?? new Map();
  return {
    originalEnvelopeId: textOf(message, "original-envelope-id"),
    reportingMta: mtaOf(message, "reporting-mta"),
    dsnGateway: mtaOf(message, "dsn-gateway"),
    receivedFromMta: mtaOf(message, "received-from-mta"),
    arrivalDate: dateOf(message, "arrival-date"),
    futureRelease: textOf(message, "future-release-request"),
    recipients,
  };
}

/** Raw values by name in lower case; the first of each. */
type Fields = ReadonlyMap<string, string>;

function groupsOf(text: string): Fields[] {
  const groups: Fields[] = [];
  let lines: string[] = [];
  const close = () => {
    const fields = new Map<string, string>();
    for (const { name, value } of fieldsOf(lines.join("\n"))) {
      const key = asciiLower(name);
      if (!fields.has(key)) fields.set(key, value);
    }
    if (fields.size > 0 && groups.length <= maxDsnRecipients) groups.push(fields);
    lines = [];
  };
  for (const line of text.split(/\r?\n/)) {
    if (/^[ \t]*$/.test(line)) close();
    else lines.push(line);
  }
  close();
  return groups;
}

function isRecipient(fields: Fields): boolean {
  return ["final-recipient", "original-recipient", "action"].some((name) => fields.has(name));
}

function readRecipient(fields: Fields): ReadRecipient {
  return {
    originalRecipient: addressOf(fields, "original-recipient"),
    finalRecipient: addressOf(fields, "final-recipient"),
    action: actionOf(fields),
    status: statusOf(fields),
    remoteMta: mtaOf(fields, "remote-mta"),
    diagnostic: diagnosticOf(fields),
    lastAttemptDate: dateOf(fields, "last-attempt-date"),
    finalLogId: textOf(fields, "final-log-id"),
    willRetryUntil: dateOf(fields, "will-retry-until"),
  };
}

function textOf(fields: Fields, name: string): string | null {
  const value = fields.get(name);
  return value === undefined ? null : oneLine(value);
}

function oneLine(value: string): string {
  const line = value.toWellFormed().replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, " ").trim();
  return line.slice(0, maxReadText).toWellFormed();
}

function dateOf(fields: Fields, name: string): number | null {
  const text = textOf(fields, name);
  return text === null ? null : parseDate(text);
}

/** `type; value`; without a type it can only be what nearly all are. */
function typed(text: string, usual: string): [type: string, value: string] {
  const semicolon = text.indexOf(";");
  if (semicolon === -1) return [usual, text.trim()];
  return [asciiLower(text.slice(0, semicolon).trim()), text.slice(semicolon + 1).trim()];
}

function addressOf(fields: Fields, name: string): TypedAddress | null {
  const text = textOf(fields, name);
  if (text === null) return null;
  const [type, value] = typed(text, "rfc822");
  // Some write brackets around it.
  const address = /^<.*>$/.test(value) ? value.slice(1, -1) : value;
  // RFC 6533 3: what breaks the encoding stays as it is.
  return { type, address: type === "utf-8" ? decodeUnitext(address) ?? address : address };
}

function actionOf(fields: Fields): DsnAction | null {
  const word = asciiLower(/[A-Za-z]+/.exec(textOf(fields, "action") ?? "")?.[0] ?? "");
  return dsnActions.find((action) => action === word) ?? null;
}

function statusOf(fields: Fields): string | null {
  const code = /^\d\.\d{1,3}\.\d{1,3}/.exec(textOf(fields, "status") ?? "")?.[0] ?? "";
  return statusCode.test(code) ? code : null;
}

/** `dns; mx.example.org (192.0.2.1)`, and the same with brackets. */
function mtaOf(fields: Fields, field: string): MtaName | null {
  const text = textOf(fields, field);
  if (text === null) return null;
  const [type, value] = typed(text, "dns");
  const name = /^[^\s()]*/.exec(value)?.[0] ?? "";
  const comment = /^[\s(]*\[?(?:ipv6:)?([0-9a-f.:]+)/i.exec(value.slice(name.length))?.[1];
  const ip = comment === undefined ? null : parseIp(comment);
  return { type, name, address: ip === null ? null : printIp(ip) };
}

/** RFC 3461 9.2: a folded line that begins with a reply code is a line of the reply; another is more of the last. */
function diagnosticOf(fields: Fields): Diagnostic | null {
  const raw = fields.get("diagnostic-code");
  if (raw === undefined) return null;
  const [first = "", ...more] = raw.split(/\r?\n/).map(oneLine);
  const [type, begin] = typed(first, "smtp");
  let text = begin;
  for (const line of more) {
    if (line === "") continue;
    const isLine = text !== "" && /^\d{3}(?:[ -]|$)/.test(line);
    text += `${isLine ? "\n" : text === "" ? "" : " "}${line}`;
  }
  return { type, text: text.slice(0, maxReadText) };
}

function typeOf({ type, subtype }: Part): string {
  return `${type}/${subtype}`;
}

function bodyOf(message: Uint8Array, part: Part, limit: number): Uint8Array | null {
  const { bodyStart, bodyEnd, encoding } = part;
  if (bodyEnd - bodyStart > 2 * limit) return null;
  return decodeTransfer(message.subarray(bodyStart, bodyEnd), encoding);
}

function messageIdOf(message: Uint8Array, part: Part): string | null {
  const [inner] = part.children;
  if (headerTypes.has(typeOf(part))) {
    return idIn(bodyOf(message, part, maxReturnedHeaderOctets) ?? new Uint8Array(0));
  }
  if (inner !== undefined) return idIn(message.subarray(inner.headerStart, inner.bodyStart));
  if (typeOf(part) !== "message/global" && typeOf(part) !== "message/rfc822") return null;
  return idIn(bodyOf(message, part, maxEncodedMessageOctets) ?? new Uint8Array(0)); // RFC 6533 4.5: in base64.
}

function idIn(header: Uint8Array): string | null {
  for (const { name, value } of headerFields(header.subarray(0, maxReturnedHeaderOctets))) {
    if (asciiLower(name) === "message-id") return firstMessageId(value);
  }
  return null;
}
