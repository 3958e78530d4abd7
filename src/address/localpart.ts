/**
 * Localparts: what stands before the `@`. RFC 5321 4.1.2, RFC 6531 3.3
 *
 * Inside the program a localpart is unquoted and in NFC; quotes are put around it only where it is printed and
 * needs them, "the form that uses the minimum quoting possible".
 *
 * @module
 */
import type { Scanner } from "../base/scanner.ts";

/** What the standard promises to carry, in octets of UTF-8; our own addresses keep to it. RFC 5321 4.5.3.1.1 */
export const standardLocalOctets = 64;
/** What we accept: generated senders (bounce tags, SRS, RFC 3461 ENVID in disguise) are often longer. */
export const maxLocalOctets = 128;

/** Dot-string. Everything above ASCII but the C1 controls is atext in RFC 6531 3.3. */
const dotString =
  /[a-zA-Z0-9!#$%&'*+\-/=?^_`{|}~\u00a0-\u{10ffff}]+(?:\.[a-zA-Z0-9!#$%&'*+\-/=?^_`{|}~\u00a0-\u{10ffff}]+)*/uy;
const wholeDotString = new RegExp(`^(?:${dotString.source})$`, "u");
/** Quoted-string, with its quotes. */
const quotedString = /"(?:[ !#-[\]-~\u00a0-\u{10ffff}]|\\[ -~])*"/uy;

/**
 * Takes a localpart, plain or quoted, and gives it unquoted.
 *
 * @throws {SyntaxError} If there is none, it is empty, too long, or not well-formed Unicode.
 */
export function takeLocalpart(s: Scanner): string {
  const quoted = s.takeMatch(quotedString);
  const local = quoted === null
    ? s.expectMatch(dotString, "a localpart")
    : quoted.slice(1, -1).replace(/\\(.)/g, "$1");
  const problem = localpartProblem(local);
  return problem === null ? local.normalize("NFC") : s.fail(problem);
}

/** What is wrong with an unquoted localpart, or null. */
export function localpartProblem(local: string): string | null {
  if (local === "") return "empty localpart";
  if (!local.isWellFormed()) return "localpart is not Unicode";
  if (/[\x00-\x1f\x7f-\x9f]/.test(local)) return "control character in localpart";
  // UTF-8 has at most three octets for a UTF-16 code unit.
  if (local.length * 3 > maxLocalOctets && new TextEncoder().encode(local).length > maxLocalOctets) {
    return "localpart too long";
  }
  return null;
}

/** With quotes where it needs them. RFC 5321 4.1.2 */
export function printLocalpart(local: string): string {
  return wholeDotString.test(local) ? local : `"${local.replace(/["\\]/g, "\\$&")}"`;
}
