/**
 * Addresses and identifiers as notifications and their parameters carry them: xtext, ORCPT, ENVID, and the `utf-8` type
 * of addresses that are not ASCII. RFC 3461 4, 4.2, 4.4, RFC 6533 3
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import { isAscii } from "../address/domain.ts";
import { needsSmtpUtf8, printMailbox } from "../address/mailbox.ts";
import { asciiLower } from "../base/scanner.ts";

/** An address with its type: `rfc822`, `utf-8`, or what other mail systems have. RFC 3464 2.1.2 */
export interface TypedAddress {
  /** In lower case. */
  readonly type: string;
  /** As people write it, nothing encoded. */
  readonly address: string;
}

/** How far an encoding must go. */
export interface DsnForm {
  /** Whether UTF-8 may stand in it: SMTPUTF8 was agreed on, or the part is `message/global-delivery-status`. */
  readonly utf8: boolean;
}

/** Of a whole ORCPT parameter with its keyword. RFC 3461 4.2 */
export const maxOrcptLength = 500;
/** Of a whole ENVID parameter with its keyword. RFC 3461 4.4 */
export const maxEnvidLength = 100;

/** `atom`, which an address type is. RFC 3464 2.1.2 */
const typeName = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,100}$/;
/** Graphic characters and spaces. RFC 3461 4.2, 4.4 */
const printable = /^[\t -~]*$/;

/** Encodes ASCII. RFC 3461 4 @throws {TypeError} For anything but printable ASCII. */
export function encodeXtext(text: string): string {
  if (!printable.test(text)) throw new TypeError("only printable ASCII can be xtext");
  return text.replace(
    /[^!-*,-<>-~]/g,
    (character) => `+${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

/** Decodes; null if it is not xtext, or not of printable ASCII. RFC 3461 4 */
export function decodeXtext(text: string): string | null {
  if (!/^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/.test(text)) return null;
  const decoded = text.replace(/\+(..)/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
  return printable.test(decoded) ? decoded : null;
}

/**
 * Encodes an address of type `utf-8`: utf-8-addr-xtext, or utf-8-addr-unitext where UTF-8 may stand. RFC 6533 3
 *
 * @throws {TypeError} If it holds control characters or half a character.
 */
export function encodeUnitext(text: string, form: DsnForm): string {
  if (!text.isWellFormed() || /[\x00-\x1f\x7f-\x9f]/.test(text)) throw new TypeError("not an address");
  const pattern = form.utf8 ? /[ \\+=]/gu : /[ \\+=]|[^\x00-\x7f]/gu;
  return text.replace(pattern, (character) => {
    const digits = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
    return `\\x{${digits.padStart(2, "0")}}`;
  });
}

/** Decodes any of the three forms; null if it is none of them. RFC 6533 3 */
export function decodeUnitext(text: string): string | null {
  if (!text.isWellFormed() || /[\x00-\x20\x7f-\x9f]/.test(text)) return null;
  let isGood = true;
  const decoded = text.replace(/\\(?:x\{([0-9A-Fa-f]{2,6})\})?/g, (_, digits: string | undefined) => {
    const code = digits === undefined ? NaN : parseInt(digits, 16);
    // Of ASCII only what cannot stand for itself, no surrogates, no zeros in front.
    const isKnown = code > 0x9f ? code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) : escapable.has(code);
    if (!isKnown || digits !== undefined && digits.length > 2 && digits.startsWith("0")) isGood = false;
    return isGood ? String.fromCodePoint(code) : "";
  });
  return isGood ? decoded : null;
}

/** SP, `+`, `=` and the backslash. */
const escapable = new Set([0x20, 0x2b, 0x3d, 0x5c]);

/** The typed address of a mailbox: `utf-8` only if its localpart needs it. RFC 6533 3 */
export function typedAddress(address: Address): TypedAddress {
  const utf8 = needsSmtpUtf8(address);
  return { type: utf8 ? "utf-8" : "rfc822", address: printMailbox(address, { utf8 }) };
}

/**
 * Reads the value of ORCPT.
 *
 * @param form Whether SMTPUTF8 was agreed on.
 * @throws {SyntaxError}
 */
export function parseOrcpt(value: string, form: DsnForm): TypedAddress {
  if (value.length > maxOrcptLength - "ORCPT=".length) throw new SyntaxError("an ORCPT that is too long");
  const semicolon = value.indexOf(";");
  const type = asciiLower(value.slice(0, Math.max(semicolon, 0)));
  const encoded = value.slice(semicolon + 1);
  if (!typeName.test(type)) throw new SyntaxError("an ORCPT without a good type of address");
  if (!form.utf8 && !isAscii(encoded)) throw new SyntaxError("an ORCPT in UTF-8 without SMTPUTF8");
  const address = type === "utf-8" ? decodeUnitext(encoded) : decodeXtext(encoded);
  if (address === null || address === "") throw new SyntaxError("an ORCPT that cannot be decoded");
  return { type, address };
}

/** The value of ORCPT. @throws {TypeError} If the address cannot be encoded, or is too long for one. */
export function printOrcpt({ type, address }: TypedAddress, form: DsnForm): string {
  if (!typeName.test(type)) throw new TypeError("not a type of address");
  const value = `${type};${type === "utf-8" ? encodeUnitext(address, form) : encodeXtext(address)}`;
  if (value.length > maxOrcptLength - "ORCPT=".length) throw new TypeError("an address too long for ORCPT");
  return value;
}

/** Reads the value of ENVID. @throws {SyntaxError} */
export function parseEnvid(value: string): string {
  if (value.length > maxEnvidLength - "ENVID=".length) throw new SyntaxError("an ENVID that is too long");
  const decoded = decodeXtext(value);
  if (decoded === null) throw new SyntaxError("an ENVID that cannot be decoded");
  return decoded;
}

/** The value of ENVID. @throws {TypeError} */
export function printEnvid(id: string): string {
  const value = encodeXtext(id);
  if (value.length > maxEnvidLength - "ENVID=".length) {
    throw new TypeError("an identifier too long for ENVID");
  }
  return value;
}
