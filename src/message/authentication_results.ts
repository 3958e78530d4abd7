/**
 * The Authentication-Results field: what a server found out about who sent a message. RFC 8601, RFC 6008, RFC 8617
 *
 * What is printed may hold texts of strangers (names of domains, reasons): nothing in them can end a value, a
 * comment or the field. Printed fields are ASCII, whatever they are given, unless UTF-8 is asked for.
 *
 * What is read is read by the grammar, save that unquoted values may be anything without white space, semicolon,
 * quote and parenthesis, as nearly everybody writes `header.b=` and addresses.
 *
 * @module
 */
import { fromLatin1, fromStrictUtf8, latin1, utf8 } from "../base/bytes.ts";
import { isAscii, normalForm } from "../address/domain.ts";
import { asciiLower, Scanner } from "../base/scanner.ts";
import { type HeaderField, headerText } from "./headers.ts";
import { commentEnd, unquote } from "./parameters.ts";

/** A property that was looked at, as `smtp.mailfrom=example.org`. RFC 8601 2.3 */
export interface ResultProperty {
  /** `smtp`, `header`, `body` or `policy`; others mean nothing to anybody (RFC 8601 2.3). */
  readonly type: string;
  readonly name: string;
  readonly value: string;
}

/** What came of one method. RFC 8601 2.2 (`resinfo`) */
export interface MethodResult {
  /** `spf`, `dkim`, `dmarc`, `iprev`, `arc`, `auth` and others; in lower case. */
  readonly method: string;
  /** `pass`, `fail` and others; in lower case. */
  readonly result: string;
  /** For people, in parentheses behind the result; null for none. Comments are not read. */
  readonly comment: string | null;
  readonly reason: string | null;
  readonly properties: readonly ResultProperty[];
}

/** A field. */
export interface AuthenticationResults {
  /** Who found it out; usually a host or domain. RFC 8601 2.5 */
  readonly authservId: string;
  /** None stands for `none`: nothing was looked at. */
  readonly results: readonly MethodResult[];
}

/** Longest field that is read. */
export const maxResultsOctets = 64 * 1024;
/** Most methods, and most properties of one, that are read. */
export const maxMethods = 200;
export const maxProperties = 50;
/** Characters of one value that are printed, if ASCII and if not: also escaped they fit in a line of RFC 5322 2.1.1. */
export const maxValueLength = 450;
const maxUnicodeLength = 300;
/** The version that is known. RFC 8601 2.2, 2.6 */
const knownVersion = "1";

/** How fields are printed. */
export interface ResultsForm {
  /** Whether UTF-8 may stand in it: the message is one of RFC 6532. Else `?` stands for each other character. */
  readonly utf8: boolean;
}

/** The field, folded, each line with CRLF. RFC 8601 2.2 */
export function printAuthenticationResults(
  { authservId, results }: AuthenticationResults,
  form: ResultsForm = { utf8: false },
): string {
  return `Authentication-Results: ${printResultsPayload({ authservId, results }, form)}\r\n`;
}

/** What stands behind the colon, without the last line end: also what ARC puts behind `i=1;`. RFC 8617 4.1.1 */
export function printResultsPayload(
  { authservId, results }: AuthenticationResults,
  form: ResultsForm = { utf8: false },
): string {
  const id = printValue(authservId, form);
  if (results.length === 0) return `${id}; none`;
  return `${id};\r\n\t${results.map((one) => printResult(one, form)).join(";\r\n\t")}`;
}

/** A method with all that belongs to it, folded where it is long. */
function printResult(
  { method, result, comment, reason, properties }: MethodResult,
  form: ResultsForm,
): string {
  const atoms = [`${keyword(method)}=${keyword(result)}`];
  if (comment !== null) atoms.push(...printComment(comment, form));
  if (reason !== null) atoms.push(`reason=${quoted(visible(reason, form))}`);
  for (const { type, name, value } of properties) {
    atoms.push(`${keyword(type)}.${keyword(name)}=${printValue(value, form)}`);
  }
  return fold(atoms);
}

/** Of a line behind its tab; RFC 5322 2.1.1 asks for 78. */
const lineCharacters = 75;

function fold(atoms: readonly string[]): string {
  let text = "";
  let column = 0;
  for (const atom of atoms) {
    const gap = text === "" ? "" : column + 1 + atom.length > lineCharacters ? "\r\n\t\t" : " ";
    column = gap.length > 1 ? atom.length + 8 : column + gap.length + atom.length;
    text += gap + atom;
  }
  return text;
}

/** A name of ours, not of the network. @throws {TypeError} If it is none. RFC 5321 4.1.2 (`Keyword`) */
function keyword(text: string): string {
  if (!/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i.test(text)) throw new TypeError(`not a keyword: ${text}`);
  return text;
}

/** Words, the first with `(`, the last with `)`: between them the line may be folded. RFC 5322 3.2.2 */
function printComment(text: string, form: ResultsForm): string[] {
  const plain = visible(text, form);
  const escaped = /[()\\]| {2}|^ | $/.test(plain)
    ? plain.replace(/[()\\]/g, "\\$&").replace(/ {2,}/g, " ").trim()
    : plain;
  return escaped === "" ? [] : `(${escaped})`.split(" ");
}

/** RFC 2045 5.1 (`value`), RFC 8601 2.2 (`pvalue`) */
const plainValue = /^[^\x00-\x20\x7f()<>@,;:\\"/[\]?=]+$/;
const identity = /^[a-z0-9!#$%&'*+\-/=?^_`{|}~.\u00a0-\u{10ffff}]*@[a-z0-9._\u00a0-\u{10ffff}-]+$/iu;

function printValue(text: string, form: ResultsForm): string {
  const value = visible(text, form);
  return plainValue.test(value) || identity.test(value) ? value : quoted(value);
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** No control characters, line ends of any kind, or more than the limit. */
function visible(text: string, { utf8 }: ResultsForm): string {
  if (text.length <= maxValueLength && /^[\x20-\x7e]*$/.test(text)) return text;
  const short = text.slice(0, utf8 && !isAscii(text) ? maxUnicodeLength : maxValueLength);
  const known = short.toWellFormed().replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd]/g, "?");
  return utf8 ? known : known.replace(/[^\x00-\x7f]/gu, "?");
}

/**
 * Reads what stands behind the colon, folded or not. Methods of an unknown version are left out, as are properties
 * beyond the limits. RFC 8601 2.6
 *
 * @param raw One character for each octet.
 * @throws {SyntaxError} Also if the version of the field is unknown.
 */
export function parseAuthenticationResults(raw: string): AuthenticationResults {
  if (raw.length > maxResultsOctets) throw new SyntaxError("longer than is read");
  const s = new Scanner(raw);
  const { authservId, version } = takeHead(s);
  if (version !== null && version !== knownVersion) s.fail(`unknown version ${version}`);
  const results: MethodResult[] = [];
  skipSpace(s);
  while (!s.done) {
    s.expect(";");
    skipSpace(s);
    if (s.done || s.peek() === ";") continue; // One semicolon too many: harmless.
    if (isNone(s)) continue;
    if (results.length >= maxMethods) break;
    const result = takeResult(s);
    if (result !== null) results.push(result);
  }
  return { authservId, results };
}

/** Reads nothing but who wrote the field, and its version. @throws {SyntaxError} */
function takeHead(s: Scanner): { authservId: string; version: string | null } {
  skipSpace(s);
  const authservId = takeValue(s);
  skipSpace(s);
  const version = s.takeMatch(digits);
  skipSpace(s);
  if (!s.done && s.peek() !== ";") s.fail("expected a semicolon");
  return { authservId, version };
}

const digits = /[0-9]+/y;
const word = /[a-z0-9_-]+/iy;
const looseValue = /[^\x00-\x20\x7f;()"]+/y;
const quotedString = /"(?:[^"\\]|\\[^])*"/y;
const space = /[ \t\r\n]+/y;

/** `none` alone, where a method would stand. RFC 8601 2.2 (`no-result`) */
function isNone(s: Scanner): boolean {
  const start = s.at;
  if (s.take("none")) {
    skipSpace(s);
    if (s.done || s.peek() === ";") return true;
  }
  s.at = start;
  return false;
}

function takeResult(s: Scanner): MethodResult | null {
  const method = asciiLower(s.expectMatch(word, "a method"));
  skipSpace(s);
  let version: string = knownVersion;
  if (s.take("/")) {
    skipSpace(s);
    version = s.expectMatch(digits, "a version");
    skipSpace(s);
  }
  s.expect("=");
  skipSpace(s);
  const result = asciiLower(s.expectMatch(word, "a result"));
  let reason: string | null = null;
  const properties: ResultProperty[] = [];
  for (skipSpace(s); !s.done && s.peek() !== ";"; skipSpace(s)) {
    const name = s.expectMatch(word, "a property");
    skipSpace(s);
    const isProperty = s.take(".");
    if (isProperty) skipSpace(s);
    const property = isProperty ? s.expectMatch(word, "a property") : null;
    skipSpace(s);
    s.expect("=");
    skipSpace(s);
    const value = s.done || s.peek() === ";" ? "" : takeValue(s);
    if (property === null) reason ??= asciiLower(name) === "reason" ? value : null;
    else if (properties.length < maxProperties) {
      properties.push({ type: asciiLower(name), name: asciiLower(property), value });
    }
  }
  return version === knownVersion ? { method, result, comment: null, reason, properties } : null;
}

/** A quoted string without its quotes, or anything that is clearly one value; as text. */
function takeValue(s: Scanner): string {
  const string = s.takeMatch(quotedString);
  const octets = string === null
    ? s.expectMatch(looseValue, "a value")
    : unquote(string).replace(/\r?\n/g, "");
  return /[^\x00-\x7f]/.test(octets) ? fromStrictUtf8(latin1(octets)) ?? octets : octets;
}

/** White space and comments. RFC 5322 3.2.2 (`CFWS`) */
function skipSpace(s: Scanner): void {
  for (;;) {
    s.takeMatch(space);
    if (s.peek() !== "(") return;
    s.at = commentEnd(s.text, s.at);
  }
}

/** A field of an incoming message that its reader must not trust. */
export interface UntrustedResults {
  /** Octets `start` to `end` of the header section are the field, its line end included. */
  readonly start: number;
  readonly end: number;
  /**
   * - `ours`: it claims to be written here.
   * - `version`: one that nobody here knows.
   * - `unreadable`: not even who wrote it can be read, and others may read it otherwise.
   */
  readonly why: "ours" | "version" | "unreadable";
  /** As far as it can be read. */
  readonly authservId: string | null;
}

/** The name of the fields in lower case. */
export const resultsName = "authentication-results";

/**
 * The Authentication-Results fields of an incoming message that claim what only this server may say, which RFC 8601 5
 * wants deleted "or otherwise obscured". {@link obscuredName} in place of theirs does that.
 *
 * @param isOurs Whether an identifier, in normal form if it is a domain, is one that this server or its domains use.
 * @param fields Of a header section; those of other names are passed over.
 */
export function untrustedResults(
  fields: Iterable<HeaderField>,
  isOurs: (authservId: string) => boolean,
): UntrustedResults[] {
  const found: UntrustedResults[] = [];
  for (const { name, value, start, end } of fields) {
    if (asciiLower(name) !== resultsName) continue;
    const { why, authservId } = distrust(value, isOurs);
    if (why !== null) found.push({ start, end, why, authservId });
  }
  return found;
}

/**
 * What a field is called that nobody is to believe: a name that means nothing to anybody, as long as the one that it stands
 * in for, so that no offset changes. All other signatures stay verifiable than those that cover forged results.
 */
export const obscuredName = "X-Untrusted-AuthResult";

interface Distrust {
  readonly why: UntrustedResults["why"] | null;
  readonly authservId: string | null;
}

/** Encoded words mean nothing here (RFC 2047 5), but who decodes them first reads what they hold. */
function distrust(value: string, isOurs: (authservId: string) => boolean): Distrust {
  const plain = distrustOf(value, isOurs);
  if (plain.why === "ours" || !value.includes("=?")) return plain;
  const decoded = distrustOf(fromLatin1(utf8(headerText(value))), isOurs);
  return decoded.why === "ours" ? decoded : plain;
}

function distrustOf(value: string, isOurs: (authservId: string) => boolean): Distrust {
  try {
    const { authservId, version } = takeHead(new Scanner(value));
    // RFC 8601 5: "after converting A-labels into U-labels".
    const id = normalForm(authservId.replace(/\.$/, ""), { underscore: true }) ?? asciiLower(authservId);
    if (isOurs(id)) return { why: "ours", authservId: id };
    return { why: version === null || version === knownVersion ? null : "version", authservId: id };
  } catch (error) {
    if (error instanceof SyntaxError) return { why: "unreadable", authservId: null };
    throw error;
  }
}
