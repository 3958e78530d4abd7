/**
 * Domain names: one normal form for all spellings, and the form for the wire. RFC 5890, RFC 5891, UTS 46
 *
 * The normal form is U-labels in lower case without a final dot, which is what is stored, compared and shown.
 * DNS, TLS and peers without SMTPUTF8 get A-labels. The platform's `URL` knows the tables; since it reads
 * hosts, not names (`127.1` becomes an address, `a%41` is unescaped, empty labels pass), only names that
 * cannot be mistaken go in, and what comes out is checked again.
 *
 * @module
 */
import { asciiLower } from "../base/scanner.ts";
import { decodePunycode } from "./punycode.ts";

/** Of the whole name in its ASCII form. RFC 5321 4.5.3.1.2 */
export const maxDomainOctets = 255;
/** Of one label in its ASCII form. RFC 1035 2.3.4 */
export const maxLabelOctets = 63;

/** What else than host names passes. */
export interface DomainRules {
  /** `_` in labels, as in `_dmarc.example.org` and in many a Windows host's EHLO; RFC 5321 4.1.2 has none. */
  readonly underscore?: boolean;
}

const ldhLabel = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const lenientLabel = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;

/** Most names, which are in normal form already: short labels, no hyphens at their ends, a last one of letters. */
const usual = /^(?:[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){0,61}\.){1,4}[a-z]{2,63}$/;

/** Ideographic, full-width and half-width full stops separate labels too. UTS 46 2.3 */
const allowed = /^[a-zA-Z0-9_.\u0080-\u{10FFFF}-]+$/u;

/**
 * Reads a name as U-labels or A-labels, in any mix, and gives the normal form.
 *
 * @throws {SyntaxError} If it is not a domain name: also an IP address, a name whose last label is a number, or
 * one with a final dot (RFC 5321 4.1.2 has none).
 */
export function parseDomain(text: string, rules: DomainRules = {}): string {
  return normalForm(text, rules) ?? refuse(text);
}

/** Like {@link parseDomain}, with null in place of the error. */
export function normalForm(text: string, rules: DomainRules = {}): string | null {
  if (text.length > maxDomainOctets) return null;
  if (usual.test(text)) return text;
  if (!allowed.test(text) || !text.isWellFormed()) return null;
  const ascii = asciiForm(text);
  if (ascii === null || ascii.length > maxDomainOctets) return null;
  const label = rules.underscore === true ? lenientLabel : ldhLabel;
  const labels = ascii.split(".");
  for (const one of labels) if (one.length > maxLabelOctets || !label.test(one)) return null;
  // Some read a name that ends in a number as an IPv4 address, `0x7f.1` included.
  if (/^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? "")) return null;
  return ascii.includes("xn--") ? labels.map(unicodeLabel).join(".") : ascii;
}

/**
 * The name in A-labels, for DNS, TLS and peers without SMTPUTF8.
 *
 * @param domain In normal form, or an address literal, which is returned as it is.
 */
export function asciiDomain(domain: string): string {
  if (isAscii(domain)) return domain;
  return asciiForm(domain) ?? refuse(domain);
}

/** Whether a text is ASCII only. */
export function isAscii(text: string): boolean {
  return !/[^\x00-\x7f]/.test(text);
}

/** A-labels in lower case; null where a label breaks a rule of UTS 46. Checks nothing of plain ASCII labels. */
function asciiForm(text: string): string | null {
  const lower = asciiLower(text);
  if (isAscii(lower) && !/(?:^|\.)xn--/.test(lower)) return lower;
  try {
    // `http` is a special scheme: only those run UTS 46.
    const url = new URL(`http://${text}`);
    return url.hostname === url.host ? url.hostname : null;
  } catch {
    return null;
  }
}

/** An A-label that cannot be shown stays one: two names must not look the same. */
function unicodeLabel(label: string): string {
  if (!label.startsWith("xn--")) return label;
  const unicode = decodePunycode(label.slice(4))?.normalize("NFC") ?? null;
  return unicode !== null && asciiForm(unicode) === label ? unicode : label;
}

function refuse(text: string): never {
  throw new SyntaxError(`not a domain name: ${JSON.stringify(text.slice(0, 80))}`);
}
