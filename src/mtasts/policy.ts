/**
 * The MTA-STS policy: which hosts get a domain's mail, and what to do about one that cannot prove to be such. RFC 8461 3.2
 *
 * @module
 */
import { normalForm } from "../address/domain.ts";
import { fromStrictUtf8, KiB } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import { coversHost } from "../tls/server_names.ts";

export const modes = ["none", "testing", "enforce"] as const;
export type Mode = typeof modes[number];

/** A policy as read. */
export interface Policy {
  readonly mode: Mode;
  /** Host names and wildcards in A-labels and lower case; may be empty where `mode` is `none`. */
  readonly mx: readonly string[];
  /** Seconds for which it may be kept. */
  readonly maxAgeSeconds: number;
  /** Fields that nobody here knows, in their order, the first of each name. */
  readonly extensions: readonly (readonly [name: string, value: string])[];
}

/** Most octets of a policy that are fetched and read. RFC 8461 3.3 suggests the number. */
export const maxPolicyOctets = 64 * KiB;
/** Most host names and wildcards. */
export const maxMxPatterns = 1000;
/** A year and a quarter of a day: longer is not allowed. RFC 8461 3.2 */
export const maxMaxAgeSeconds = 31_557_600;

/** What each field that comes once must look like. RFC 8461 3.2: case matters. */
const known: ReadonlyMap<string, RegExp> = new Map([
  ["version", /^STSv1$/],
  ["mode", /^(?:none|testing|enforce)$/],
  ["max_age", /^\d{1,10}$/],
]);
const fieldName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/;
/** No control characters, and no spaces at its ends. */
const extensionValue = /^(?! )[^\x00-\x1f\x7f]+(?<! )$/;

/**
 * Reads the body of a policy file.
 *
 * @throws {SyntaxError} If it is none; what is wrong with it.
 */
export function parsePolicy(body: Uint8Array): Policy {
  if (body.length > maxPolicyOctets) throw new SyntaxError(`more than ${maxPolicyOctets} octets`);
  const text = fromStrictUtf8(body);
  if (text === null) throw new SyntaxError("it is not UTF-8");
  const fields = new Map<string, string>();
  const mx: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (/^[ \t]*$/.test(line)) continue; // Not in the grammar; sent all the same, and nothing can be meant by it.
    const [name, value] = parseLine(line);
    if (name === "mx") addPattern(mx, value);
    else if (!fields.has(name)) fields.set(name, checked(name, value)); // Of doubles the first counts.
  }
  const mode = modes.find((one) => one === wanted(fields, "mode"));
  wanted(fields, "version");
  const maxAgeSeconds = Math.min(Number(wanted(fields, "max_age")), maxMaxAgeSeconds);
  if (mode === undefined) throw new SyntaxError("it has no mode");
  if (mx.length === 0 && mode !== "none") throw new SyntaxError("it names no mx");
  const extensions = [...fields].filter(([name]) => !known.has(name));
  return { mode, mx, maxAgeSeconds, extensions };
}

/** The policy's file, with CRLF. @throws {TypeError} If a field cannot stand in one. */
export function printPolicy(policy: Policy): string {
  return policyLines(policy).map((line) => `${line}\r\n`).join("");
}

/** Its lines, without their ends, as reports have them (RFC 8460 4.5). @throws {TypeError} */
export function policyLines({ mode, mx, maxAgeSeconds, extensions }: Policy): string[] {
  const isAge = Number.isInteger(maxAgeSeconds) && maxAgeSeconds >= 0 && maxAgeSeconds <= maxMaxAgeSeconds;
  if (!isAge) throw new TypeError(`no policy has the age ${maxAgeSeconds}`);
  for (const pattern of mx) {
    if (patternOf(pattern) === null) throw new TypeError("not a host name or wildcard");
  }
  for (const [name, value] of extensions) {
    const isFree = fieldName.test(name) && name !== "mx" && !known.has(name);
    if (!isFree || !extensionValue.test(value) || !value.isWellFormed()) {
      throw new TypeError(`no field of a policy: ${JSON.stringify(name)}`);
    }
  }
  return [
    "version: STSv1",
    `mode: ${mode}`,
    ...mx.map((pattern) => `mx: ${pattern}`),
    `max_age: ${maxAgeSeconds}`,
    ...extensions.map(([name, value]) => `${name}: ${value}`),
  ];
}

/** Whether the policy allows a host: one pattern must cover the name that the MX record has. RFC 8461 4.1 */
export function allowsHost(policy: Policy, host: string): boolean {
  return policy.mx.some((pattern) => coversHost(pattern, host));
}

/** When a policy that was fetched at `fetchedAt` is over. RFC 8461 3.2 (max_age) */
export function expiresAt(policy: Policy, fetchedAt: Millis): Millis {
  return fetchedAt + policy.maxAgeSeconds * 1000;
}

/** Where the policy of a domain stands. RFC 8461 3.2 @param domain In A-labels. */
export function policyUrl(domain: string): string {
  return `https://${policyHost(domain)}/.well-known/mta-sts.txt`;
}

/** The host that has it, which is the name that its certificate must have. RFC 8461 3.3 */
export function policyHost(domain: string): string {
  return `mta-sts.${domain}`;
}

function parseLine(line: string): readonly [name: string, value: string] {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0));
  if (!fieldName.test(name)) throw new SyntaxError("a line that is no field");
  return [name, line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "")];
}

function checked(name: string, value: string): string {
  const form = known.get(name);
  if (form === undefined ? !extensionValue.test(value) : !form.test(value)) {
    throw new SyntaxError(`the field ${name} has no good value`);
  }
  return value;
}

function wanted(fields: ReadonlyMap<string, string>, name: string): string {
  const value = fields.get(name);
  if (value === undefined) throw new SyntaxError(`it has no ${name}`);
  return value;
}

function addPattern(mx: string[], value: string): void {
  const pattern = patternOf(value);
  if (pattern === null) throw new SyntaxError("an mx that is no host name or wildcard");
  if (mx.length >= maxMxPatterns) throw new SyntaxError(`more than ${maxMxPatterns} mx`);
  mx.push(pattern);
}

/** `["*."] Domain` of A-labels, in lower case; null if it is not one. */
function patternOf(text: string): string | null {
  if (!/^(?:\*\.)?[A-Za-z0-9.-]+$/.test(text)) return null;
  const lower = text.toLowerCase();
  const name = lower.startsWith("*.") ? lower.slice(2) : lower;
  return normalForm(name) === null ? null : lower;
}
