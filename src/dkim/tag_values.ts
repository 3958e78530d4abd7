/**
 * What the values of tags are written in: base64, numbers, lists, DKIM's quoted-printable, domain names.
 * RFC 6376 2.10, 2.11, 3.5, RFC 8616 5
 *
 * @module
 */
import { asciiDomain, maxDomainOctets, normalForm } from "../address/domain.ts";
import { type Bytes, fromStrictUtf8, latin1, utf8 } from "../base/bytes.ts";
import { trimSpace } from "../message/headers.ts";
import { shown } from "./tag_list.ts";

/** Padding may be missing. RFC 6376 2.10 (`base64string`) */
const base64String = /^[A-Za-z0-9+/]+={0,2}$/;

/** Base64 with white space anywhere. @throws {SyntaxError} Also where there is none at all. */
export function decodeBase64(value: string): Bytes {
  const text = withoutSpace(value);
  const padded = text.endsWith("=") ? text : text + "===".slice(0, -text.length & 3);
  try {
    if (base64String.test(text)) return Uint8Array.fromBase64(padded, { lastChunkHandling: "strict" });
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new SyntaxError(`not base64: ${shown(text)}`);
}

/** A decimal number; one that no integer holds exactly is the largest that does. @throws {SyntaxError} */
export function decodeNumber(value: string, maxDigits: number): number {
  if (!/^[0-9]+$/.test(value) || value.length > maxDigits) {
    throw new SyntaxError(`not a number: ${shown(value)}`);
  }
  return Math.min(Number(value), Number.MAX_SAFE_INTEGER);
}

/** What stands between the colons, without the white space around it. */
export function splitColons(value: string): string[] {
  return value.split(":").map(trimSpace);
}

/** DKIM's quoted-printable, with UTF-8 as it is or encoded. RFC 6376 2.11 @throws {SyntaxError} */
export function decodeQuotedPrintable(value: string): string {
  const text = withoutSpace(value);
  if (!/=|[^\x00-\x7f]/.test(text)) return text;
  if (/=(?![0-9A-F]{2})/.test(text)) throw new SyntaxError(`not quoted-printable: ${shown(text)}`);
  return octetText(text.replace(/=(..)/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16))));
}

/** The inverse, in ASCII: what is no `dkim-safe-char` of RFC 6376 2.11 is encoded. */
export function encodeQuotedPrintable(text: string): string {
  let encoded = "";
  for (const octet of utf8(text)) {
    const isSafe = octet > 0x20 && octet < 0x7f && octet !== 0x3b && octet !== 0x3d;
    encoded += isSafe ? String.fromCharCode(octet) : `=${octet.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

/**
 * The UTF-8 text that a text of one character for each octet holds. @throws {SyntaxError} If it is not UTF-8.
 */
export function octetText(octets: string): string {
  if (!/[^\x00-\x7f]/.test(octets)) return octets;
  const text = fromStrictUtf8(latin1(octets));
  if (text === null) throw new SyntaxError("octets that are not UTF-8");
  return text;
}

/** A domain of A-labels or U-labels, in UTF-8, in normal form. @throws {SyntaxError} */
export function decodeDomain(value: string): string {
  return readDomain(octetText(value));
}

/** The same, of a text that is no longer octets. @throws {SyntaxError} */
export function readDomain(text: string): string {
  return normalForm(text) ?? wrongName(text);
}

/** A selector of A-labels or U-labels, in UTF-8, in normal form. @throws {SyntaxError} */
export function decodeSelector(value: string): string {
  return readSelector(octetText(value));
}

/**
 * The same, of a text that is no longer octets. It may have underscores, which RFC 6376 3.1 does not allow and
 * some have, and its last label may be a number.
 *
 * @throws {SyntaxError}
 */
export function readSelector(text: string): string {
  if (usualSelector.test(text)) return text;
  // As part of a longer name: one that ends in a number would be an address, not a host (see `normalForm`).
  const name = normalForm(`${text}${belowSelector}`, { underscore: true });
  return name?.slice(0, -belowSelector.length) ?? wrongName(text);
}

/** Most selectors, which are in normal form already: one short label, which is no A-label. */
const usualSelector = /^[a-z0-9](?:[a-z0-9_]|-(?=[a-z0-9_])){0,61}[a-z0-9]$/;

/** A selector in A-labels. */
export function asciiSelector(selector: string): string {
  return asciiDomain(`${selector}${belowSelector}`).slice(0, -belowSelector.length);
}

const belowSelector = "._domainkey";

/**
 * Where a key is published: absolute, in A-labels. RFC 6376 3.6.2.1, RFC 8616 3
 *
 * @param selector In normal form, as is `domain`.
 * @throws {SyntaxError} If the whole is too long for a name.
 */
export function keyName(selector: string, domain: string): string {
  const name = `${asciiSelector(selector)}${belowSelector}.${asciiDomain(domain)}.`;
  // With its final dot it is as long as on the wire without the first length octet. RFC 1035 3.1
  if (name.length >= maxDomainOctets) throw new SyntaxError("selector and domain are too long for a name");
  return name;
}

function withoutSpace(value: string): string {
  return value.replace(/[ \t\r\n]+/g, "");
}

function wrongName(value: string): never {
  throw new SyntaxError(`not a domain name: ${shown(value)}`);
}
