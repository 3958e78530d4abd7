/**
 * Addresses as SMTP writes them: mailboxes and paths. RFC 5321 4.1.2, 4.1.3, RFC 6531 3.3
 *
 * @module
 */
import { parseIp, printIp } from "../base/ip_address.ts";
import { asciiLower, Scanner } from "../base/scanner.ts";
import type { Address } from "./address.ts";
import { asciiDomain, isAscii, parseDomain } from "./domain.ts";
import { printLocalpart, takeLocalpart } from "./localpart.ts";

/** Of a path with its brackets and source route. RFC 5321 4.5.3.1.3 says 256; UTF-8 takes more. */
export const maxPathOctets = 1000;

/** How an address is read or printed. */
export interface AddressForm {
  /** Whether UTF-8 may stand in it (SMTPUTF8 was agreed on). RFC 6531 3.3 */
  readonly utf8: boolean;
}

const utf8Form: AddressForm = { utf8: true };

/** Up to whatever can follow a domain in a path or a list of parameters. */
const domainText = /[^\s<>@,:;"()[\]\\\x00-\x1f\x7f]+/y;
const literalText = /\[[^\s[\]\\]*\]/y;

/** Reads `local@domain` and nothing else. @throws {SyntaxError} */
export function parseMailbox(text: string, form: AddressForm = utf8Form): Address {
  const s = new Scanner(text);
  const address = takeMailbox(s, form);
  s.end();
  return address;
}

/** Like {@link parseMailbox}, with null in place of the error. */
export function readMailbox(text: string, form: AddressForm = utf8Form): Address | null {
  try {
    return parseMailbox(text, form);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Takes `local@domain`. @throws {SyntaxError} */
export function takeMailbox(s: Scanner, form: AddressForm): Address {
  const start = s.at;
  const local = takeLocalpart(s);
  s.expect("@");
  const domain = takeDomain(s);
  check(s, start, form);
  return { local, domain };
}

/**
 * Takes a forward-path, `<local@domain>`, also the bare `<Postmaster>`, whose domain is empty. A source route
 * is read over. RFC 5321 4.1.1.3, appendix C
 *
 * @throws {SyntaxError}
 */
export function takePath(s: Scanner, form: AddressForm): Address {
  const start = s.at;
  // RFC 5321 4.5.1: "without domain name, case-insensitive".
  if (s.take("<postmaster>")) return { local: "postmaster", domain: "" };
  s.expect("<");
  takeSourceRoute(s);
  const address = takeMailbox(s, form);
  s.expect(">");
  check(s, start, form);
  return address;
}

/** Takes a reverse-path: null for `<>`, the sender of bounces. RFC 5321 4.5.5 @throws {SyntaxError} */
export function takeReversePath(s: Scanner, form: AddressForm): Address | null {
  return s.take("<>") ? null : takePath(s, form);
}

/** Takes a domain or an address literal and gives its normal form. @throws {SyntaxError} */
export function takeDomain(s: Scanner): string {
  const start = s.at;
  const literal = s.takeMatch(literalText);
  if (literal !== null) return addressLiteral(literal) ?? wrong(s, start, "unknown address literal");
  const text = s.expectMatch(domainText, "a domain");
  try {
    return parseDomain(text);
  } catch (error) {
    if (error instanceof SyntaxError) wrong(s, start, "not a domain name");
    throw error;
  }
}

/** The normal form of `[192.0.2.1]` and `[IPv6:…]`; null for anything else. RFC 5321 4.1.3 */
export function addressLiteral(text: string): string | null {
  if (!text.startsWith("[") || !text.endsWith("]")) return null;
  const inner = text.slice(1, -1);
  const v6 = asciiLower(inner.slice(0, 5)) === "ipv6:";
  const address = v6 ? inner.slice(5) : inner;
  if (v6 !== address.includes(":")) return null;
  const ip = parseIp(address);
  if (ip === null) return null;
  return ip.version === 6 ? `[IPv6:${printIp(ip)}]` : `[${printIp(ip)}]`;
}

/** `local@domain`, or `postmaster` for the address without a domain. */
export function printMailbox(address: Address, form: AddressForm = utf8Form): string {
  const local = printLocalpart(address.local);
  if (address.domain === "") return local;
  return `${local}@${form.utf8 ? address.domain : asciiDomain(address.domain)}`;
}

/** `<local@domain>`, or `<>` for null. */
export function printPath(address: Address | null, form: AddressForm = utf8Form): string {
  return address === null ? "<>" : `<${printMailbox(address, form)}>`;
}

/** Whether only peers with SMTPUTF8 can be given this address: A-labels help the domain, not the localpart. */
export function needsSmtpUtf8(address: Address): boolean {
  return !isAscii(address.local);
}

/** A text that two addresses share exactly if they are the same address, for maps and columns. */
export function addressKey(address: Address): string {
  return printMailbox(address);
}

/**
 * A text that two addresses share if nobody but their own domain could tell them apart: without regard to
 * letter case. RFC 5321 2.4 leaves the case to the domain; nearly none makes use of it.
 */
export function foldedAddressKey(address: Address): string {
  return printMailbox({ local: address.local.toLowerCase().normalize("NFC"), domain: address.domain });
}

/** Whether two are the same, letter for letter. */
export function sameAddress(a: Address | null, b: Address | null): boolean {
  if (a === null || b === null) return a === b;
  return a.local === b.local && a.domain === b.domain;
}

/** `@a,@b:`; accepted, ignored. RFC 5321 4.1.2, appendix C */
function takeSourceRoute(s: Scanner): void {
  if (s.peek() !== "@") return;
  do {
    s.expect("@");
    takeDomain(s);
  } while (s.take(","));
  s.expect(":");
}

function check(s: Scanner, start: number, form: AddressForm): void {
  const text = s.text.slice(start, s.at);
  if (isAscii(text)) {
    if (text.length > maxPathOctets) wrong(s, start, "address too long");
    return;
  }
  if (!form.utf8) wrong(s, start, "non-ASCII address without SMTPUTF8");
  if (new TextEncoder().encode(text).length > maxPathOctets) wrong(s, start, "address too long");
}

function wrong(s: Scanner, at: number, problem: string): never {
  s.at = at;
  return s.fail(problem);
}
