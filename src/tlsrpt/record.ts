/**
 * The TLSRPT record: where a domain wants to hear how TLS went. RFC 8460 3
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import { maxReportUris, parseReportUri } from "../dmarc/report_uri.ts";

/** One destination of reports. */
export interface Destination {
  /** As published. */
  readonly uri: string;
  /** `mailto`, `https`, or what nobody here sends to, in lower case. */
  readonly scheme: string;
  /** Of a `mailto:`, else null. */
  readonly address: Address | null;
}

/** A record as read. */
export interface TlsrptRecord {
  /** At least one. */
  readonly destinations: readonly Destination[];
  /** Fields that nobody here knows, in their order, the first of each name. */
  readonly extensions: readonly (readonly [name: string, value: string])[];
}

/** Longest text that is read as a record. */
export const maxRecordOctets = 16 * 1024;
/** Most fields. */
export const maxRecordFields = 100;

/** With which a text claims to be a record; others are discarded, however many. RFC 8460 3 */
const claim = /^v=TLSRPTv1[ \t]*;/;
const fieldName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/;
/** Printable ASCII without space, `=` and `;`. */
const extensionValue = /^[\x21-\x3a\x3c\x3e-\x7e]+$/;

/** Whether a text is one of those of which there may be only one. */
export function claimsToBeRecord(text: string): boolean {
  return claim.test(text);
}

/**
 * Reads the text of a TXT record, its strings joined without spaces.
 *
 * @param text One character for each octet.
 * @throws {SyntaxError} If it is not exactly a record, or none of its destinations can be read.
 */
export function parseRecord(text: string): TlsrptRecord {
  if (text.length > maxRecordOctets) throw new SyntaxError(`more than ${maxRecordOctets} octets`);
  const pieces = text.split(/[ \t]*;[ \t]*/, maxRecordFields + 2);
  if (pieces.length > maxRecordFields + 1) throw new SyntaxError(`more than ${maxRecordFields} fields`);
  if (pieces[0] !== "v=TLSRPTv1") throw new SyntaxError("it does not begin with v=TLSRPTv1");
  if (pieces.at(-1) === "") pieces.pop(); // One semicolon may end it.
  const fields = new Map<string, string>();
  for (const piece of pieces.slice(1)) {
    const equals = piece.indexOf("=");
    const [name, value] = [piece.slice(0, Math.max(equals, 0)), piece.slice(equals + 1)];
    if (!fieldName.test(name)) throw new SyntaxError("a field without a good name");
    if (name !== "rua" && !extensionValue.test(value)) {
      throw new SyntaxError(`the field ${name} has no good value`);
    }
    if (!fields.has(name)) fields.set(name, value);
  }
  const rua = fields.get("rua");
  if (rua === undefined) throw new SyntaxError("it has no rua");
  fields.delete("rua");
  return { destinations: readDestinations(rua), extensions: [...fields] };
}

/** The record's text. @throws {TypeError} If a field cannot stand in one. */
export function printRecord({ destinations, extensions }: TlsrptRecord): string {
  for (const { uri } of destinations) {
    if (destination(uri) === null) throw new TypeError("not a destination of reports");
  }
  for (const [name, value] of extensions) {
    if (name === "rua" || !fieldName.test(name) || !extensionValue.test(value)) {
      throw new TypeError(`no field of a record: ${JSON.stringify(name)}`);
    }
  }
  if (destinations.length === 0) throw new TypeError("a record without a destination");
  const rua = `rua=${destinations.map((one) => one.uri).join(",")}`;
  return ["v=TLSRPTv1", rua, ...extensions.map(([name, value]) => `${name}=${value}`)].join("; ");
}

/** One that cannot be read does not take the others with it: a report that comes is worth more than a rule. */
function readDestinations(value: string): Destination[] {
  const pieces = value.split(/[ \t]*,[ \t]*/, maxReportUris + 1);
  if (pieces.length > maxReportUris) throw new SyntaxError(`more than ${maxReportUris} destinations`);
  const destinations = pieces.map(destination).filter((one) => one !== null);
  if (destinations.length === 0) throw new SyntaxError("none of its destinations can be read");
  return destinations;
}

/** RFC 8460 3: commas, exclamation marks and semicolons are encoded in it. */
function destination(text: string): Destination | null {
  if (/[!;]/.test(text)) return null;
  const read = parseReportUri(text);
  return read === null ? null : { uri: read.uri, scheme: read.scheme, address: read.address };
}
