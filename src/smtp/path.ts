/**
 * The path of MAIL and RCPT. RFC 5321 4.1.2
 *
 * What is allowed, `address` knows. Nearly every path is plain letters, digits and a few signs: those are read
 * here by one loop, a third of the time of the full grammar, and everything else goes there.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import { maxDomainOctets, maxLabelOctets } from "../address/domain.ts";
import { standardLocalOctets } from "../address/localpart.ts";
import { takePath } from "../address/mailbox.ts";
import { asciiLower, Scanner } from "../base/scanner.ts";

/** A path that was read. */
export interface Path {
  readonly address: Address;
  /** Where in the text it ends. */
  readonly end: number;
}

/** Reads the path that begins at `at`; UTF-8 is let through. @throws {SyntaxError} */
export function parsePath(text: string, at: number): Path {
  return plainPath(text, at) ?? fullPath(text, at);
}

function fullPath(text: string, at: number): Path {
  const s = new Scanner(text);
  s.at = at;
  const address = takePath(s, { utf8: true });
  return { address, end: s.at };
}

/** What a character may be part of. */
const inLocal = 1, inDomain = 2;
const kinds = new Uint8Array(128);
for (const c of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") {
  kinds[c.charCodeAt(0)] = inLocal | inDomain;
}
for (const c of "!#$%&'*+/=?^_`{|}~") kinds[c.charCodeAt(0)] = inLocal;

const dot = 46, at = 64, greater = 62, less = 60, hyphen = 45;

/** A dot-string at a domain of letters, digits and hyphens without A-labels; null for all others, right or wrong. */
function plainPath(text: string, start: number): Path | null {
  if (text.charCodeAt(start) !== less) return null;
  const sign = wordsEnd(text, start + 1, inLocal, standardLocalOctets);
  if (text.charCodeAt(sign) !== at || sign - start - 1 > standardLocalOctets) return null;
  const end = wordsEnd(text, sign + 1, inDomain, maxLabelOctets);
  if (text.charCodeAt(end) !== greater || end - sign - 1 > maxDomainOctets) return null;
  const domain = asciiLower(text.slice(sign + 1, end));
  // A name that ends in a number needs the full grammar's care, as does an A-label.
  if (domain.includes("xn--") || isDigit(domain.charCodeAt(domain.lastIndexOf(".") + 1))) return null;
  return { address: { local: text.slice(start + 1, sign), domain }, end: end + 1 };
}

/** Behind words of characters of one kind with single dots between them; -1 if there are none such. */
function wordsEnd(text: string, from: number, kind: number, maxWord: number): number {
  let word = from;
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 128 && ((kinds[code] ?? 0) & kind) !== 0) continue;
    if (i === word || i - word > maxWord) return -1;
    if (kind === inDomain && (text.charCodeAt(word) === hyphen || text.charCodeAt(i - 1) === hyphen)) {
      return -1;
    }
    if (code !== dot) return i;
    word = i + 1;
  }
  return -1;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
