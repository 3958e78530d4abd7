/**
 * Writes the fields of a delivery status notification. RFC 3464 2, RFC 6533 4.1
 *
 * Nearly every value in it is a stranger's: what a server replied, what a client called itself. Each is cut to a length
 * and loses its control characters, so that none can end its field.
 *
 * @module
 */
import { asciiDomain } from "../address/domain.ts";
import { utf8 } from "../base/bytes.ts";
import { type DsnForm, encodeUnitext, type TypedAddress } from "./dsn_address.ts";
import {
  type DeliveryStatus,
  type Diagnostic,
  type DsnRecipient,
  type MtaName,
  statusCode,
} from "./dsn_status.ts";
import { printDate } from "./date.ts";

/** Characters of one value. */
export const maxDsnText = 900;
/** Lines of a reply, and characters of each: a line of a message holds 998 octets, a character has up to 4. RFC 5322 2.1.1 */
export const maxDiagnosticLines = 30;
export const maxDiagnosticLine = 240;
/** Most recipients of one notification. */
export const maxDsnRecipients = 1000;

/**
 * The fields with CRLF, each group but the first behind an empty line.
 *
 * @throws {TypeError} If a value is missing or can never be right, as an action with a date that only another may have.
 */
export function printDeliveryStatus(status: DeliveryStatus, form: DsnForm): string {
  const { recipients } = status;
  if (recipients.length === 0 || recipients.length > maxDsnRecipients) {
    throw new TypeError(`a notification has 1 to ${maxDsnRecipients} recipients`);
  }
  const message = [
    field("Original-Envelope-Id", status.originalEnvelopeId, (id) => plainText(id, ascii)),
    field("Reporting-MTA", status.reportingMta, mtaName),
    field("DSN-Gateway", status.dsnGateway, mtaName),
    field("Received-From-MTA", status.receivedFromMta, mtaName),
    field("Arrival-Date", status.arrivalDate, (at) => printDate(at)),
    field("Future-Release-Request", status.futureRelease, (wish) => plainText(wish, ascii)),
  ].join("");
  return [message, ...recipients.map((one) => printRecipient(one, form))].join("\r\n");
}

/** Text of a stranger on one line: no control characters, cut, and in ASCII if it must be. */
export function plainText(text: string, form: DsnForm, limit = maxDsnText): string {
  const line = text.toWellFormed().replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, " ").trim();
  const whole = form.utf8 ? line : line.replace(/[^\x00-\x7f]/gu, "?");
  if (whole.length <= limit) return whole;
  return `${whole.slice(0, limit - cutMark.length).toWellFormed().trimEnd()}${cutMark}`;
}

/** At the end of what was cut. */
const cutMark = " [...]";
const ascii: DsnForm = { utf8: false };

function printRecipient(recipient: DsnRecipient, form: DsnForm): string {
  const { action, status, willRetryUntil } = recipient;
  if (!statusCode.test(status)) throw new TypeError(`not a status: ${JSON.stringify(status)}`);
  // RFC 3464 2.3.9
  if (willRetryUntil !== null && action !== "delayed") {
    throw new TypeError("only what is delayed is tried again");
  }
  return [
    field("Original-Recipient", recipient.originalRecipient, (address) => addressText(address, form)),
    field("Final-Recipient", recipient.finalRecipient, (address) => addressText(address, form)),
    field("Action", action, (word) => word),
    field("Status", status, (code) => code),
    field("Remote-MTA", recipient.remoteMta, mtaName),
    field("Diagnostic-Code", recipient.diagnostic, (diagnostic) => diagnosticText(diagnostic, form)),
    field("Last-Attempt-Date", recipient.lastAttemptDate, (at) => printDate(at)),
    field("Final-Log-ID", recipient.finalLogId, (id) => plainText(id, ascii)),
    field("Will-Retry-Until", willRetryUntil, (at) => printDate(at)),
  ].join("");
}

/** Not folded: what is said of a machine's text is said in one line, and the values are short enough for one. */
function field<T>(name: string, value: T | null, print: (value: T) => string): string {
  return value === null ? "" : `${name}: ${print(value)}\r\n`;
}

/** RFC 3464 2.3.1, 2.3.2, RFC 6533 4.1: UTF-8 as it is in a global status, encoded in the other. */
function addressText({ type, address }: TypedAddress, form: DsnForm): string {
  if (type !== "utf-8") return `${typeText(type)}; ${plainText(address, ascii)}`;
  // Cut by what it takes, up to ten octets for a character: half an address helps nobody, a broken line hurts.
  let text = "";
  let octets = 0;
  for (const character of plainText(address, { utf8: true })) {
    const piece = form.utf8 ? character : encodeUnitext(character, form);
    octets += utf8(piece).length;
    if (octets > maxDsnText) break;
    text += piece;
  }
  return `utf-8; ${text}`;
}

/** RFC 3464 2.2.4: the address stands in a comment. */
function mtaName({ type, name, address }: MtaName): string {
  const clean = (type === "dns" ? asciiName(name) : name).replace(/[^!-'*-:<-~]/g, "?").slice(0, maxMtaName);
  const comment = address === null
    ? ""
    : ` (${address.replace(/[^0-9A-Za-z.:]/g, "?").slice(0, maxMtaName)})`;
  return `${typeText(type)}; ${clean}${comment}`;
}

/** RFC 3461 9.3: graphic ASCII; what a client called itself in EHLO may be anything. */
function asciiName(name: string): string {
  try {
    return asciiDomain(name);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return name;
  }
}

/** A domain has no more. */
const maxMtaName = 255;

function typeText(type: string): string {
  return type.replace(/[^A-Za-z0-9.-]/g, "?").slice(0, 50);
}

/** RFC 3461 9.2: each line of the reply on one of its own, behind a space. */
function diagnosticText({ type, text }: Diagnostic, form: DsnForm): string {
  const lines = text.split(/\r\n|\r|\n/).map((line) => plainText(line, form, maxDiagnosticLine));
  const shown = lines.filter((line) => line !== "").slice(0, maxDiagnosticLines);
  return `${typeText(type)}; ${shown.join("\r\n ")}`;
}
