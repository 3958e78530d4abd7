/**
 * Writes delivery status notifications: words for people, fields for programs, and what is returned of the message.
 * RFC 3464, RFC 3461 6, RFC 6522, RFC 6533, RFC 3834 5
 *
 * Texts of strangers stand in all three parts. None can end a field (control characters go), a part (nobody can guess
 * the boundary, and it is looked for in each part all the same), or the message's memory (each has a limit).
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import { needsSmtpUtf8 } from "../address/mailbox.ts";
import { type Bytes, concat, indexOfBytes, latin1, utf8 } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import { addressField, composePart, foldField, type NamedAddress, textField } from "./compose.ts";
import { parseDate, printDate } from "./date.ts";
import { printDeliveryStatus } from "./dsn_print.ts";
import { maxReturnedHeader, returnedPart, type ReturnPath } from "./dsn_returned.ts";
import type { DeliveryStatus } from "./dsn_status.ts";
import { dsnSubject, dsnText } from "./dsn_text.ts";
import { fieldValues, headerText } from "./headers.ts";
import { firstMessageId } from "./message_id.ts";

/** What a notification is made of. */
export interface DsnDraft {
  /** The server's postmaster. */
  readonly from: NamedAddress;
  /** The sender of the envelope: notifications about notifications do not exist (RFC 5321 6.1). */
  readonly to: Address;
  readonly date: Millis;
  /** Without angle brackets. */
  readonly messageId: string;
  readonly status: DeliveryStatus;
  /** Of what is delayed: when it is tried again, the next first. */
  readonly nextTries?: readonly Millis[];
  /** The message as it was received, or its header section alone. */
  readonly original: Uint8Array;
  /** RET: what the sender asked for; null if nothing. RFC 3461 4.3 */
  readonly ret: "full" | "headers" | null;
  readonly path: ReturnPath;
}

/** A notification, and what must be said when it is sent. */
export interface ComposedDsn {
  readonly message: Bytes;
  /** RFC 3461 6.1: from nobody, and nobody is told what becomes of it. */
  readonly envelope: { readonly from: null; readonly to: Address; readonly notify: "NEVER" };
  readonly is8Bit: boolean;
  readonly needsUtf8: boolean;
}

/**
 * Writes a notification.
 *
 * @param random Gives 24 or more characters of letters and digits that nobody can guess; called for each boundary.
 * @throws {TypeError} If a value can never be right.
 */
export function composeDsn(draft: DsnDraft, random: () => string): ComposedDsn {
  const { status, path, original, date } = draft;
  const about = aboutOf(original);
  // RFC 3461 4.3, 6.2: all of it only where a failure is told, and only for those who want it.
  const isFailure = status.recipients.some((one) => one.action === "failed");
  const returned = returnedPart(original, isFailure && draft.ret === "full" ? "message" : "headers", path);
  const text = dsnText(status.recipients, {
    server: status.reportingMta.name,
    about,
    nextTries: draft.nextTries ?? [],
    returned: returned.holds,
  });
  const fields = statusPart(status, path);
  const parts = [composePart({ kind: "text", text }, random), fields.bytes, returned.bytes];
  const boundary = boundaryFor(parts, random);
  const is8Bit = returned.is8Bit || fields.is8Bit;
  const header = [
    addressField("From", [draft.from]),
    addressField("To", [{ address: draft.to }]),
    textField("Subject", dsnSubject(status.recipients)),
    foldField("Date", printDate(date)),
    foldField("Message-ID", `<${checkedId(draft.messageId)}>`),
    about.messageId === null ? "" : foldField("References", `<${about.messageId}>`),
    foldField("Auto-Submitted", "auto-replied"), // RFC 3834 5: an answer to a message, made by a program.
    foldField("MIME-Version", "1.0"),
    foldField("Content-Type", `multipart/report; report-type=delivery-status; boundary="${boundary}"`),
    is8Bit ? foldField("Content-Transfer-Encoding", "8bit") : "", // Of its parts. RFC 2045 6.4
    "\r\n",
  ];
  const pieces: Uint8Array[] = [utf8(header.join(""))];
  for (const part of parts) pieces.push(latin1(`--${boundary}\r\n`), part, latin1("\r\n"));
  pieces.push(latin1(`--${boundary}--\r\n`));
  return {
    message: concat(pieces),
    envelope: { from: null, to: draft.to, notify: "NEVER" },
    is8Bit,
    needsUtf8: returned.needsUtf8 || fields.is8Bit || [draft.from.address, draft.to].some(needsSmtpUtf8),
  };
}

/** RFC 6533 4.4: the new type only where something in it needs it. */
function statusPart(status: DeliveryStatus, path: ReturnPath): { bytes: Bytes; is8Bit: boolean } {
  const text = printDeliveryStatus(status, { utf8: path.utf8 });
  const is8Bit = /[^\x00-\x7f]/.test(text);
  const type = is8Bit ? "message/global-delivery-status" : "message/delivery-status";
  const encoding = is8Bit ? "8bit" : "7bit";
  const header = `Content-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`;
  return { bytes: utf8(header + text), is8Bit };
}

/** Draws until it stands in no part; with what nobody can guess, the first does. RFC 2046 5.1.1 */
function boundaryFor(parts: readonly Uint8Array[], random: () => string): string {
  for (let tries = 0; tries < 10; tries++) {
    const boundary = `=_${random()}`;
    if (!/^=_[A-Za-z0-9]{1,66}$/.test(boundary)) throw new TypeError("not a boundary");
    if (parts.every((part) => indexOfBytes(part, latin1(boundary)) === -1)) return boundary;
  }
  throw new TypeError("random texts that are not random");
}

function aboutOf(original: Uint8Array) {
  const header = original.subarray(0, maxReturnedHeader);
  const first = (name: string) => fieldValues(header, name)[0] ?? "";
  return {
    subject: headerText(first("Subject")),
    date: parseDate(first("Date")),
    messageId: usableId(firstMessageId(first("Message-ID"))),
  };
}

/** One that cannot be repeated in a field is left out. */
function usableId(id: string | null): string | null {
  return id !== null && id.length <= maxIdLength && /^[!-;=?-~]+$/.test(id) ? id : null;
}

/** With its name and brackets a line of RFC 5322 2.1.1. */
const maxIdLength = 900;

function checkedId(id: string): string {
  if (usableId(id) === null) throw new TypeError("not a message identifier");
  return id;
}
