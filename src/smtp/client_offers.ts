/**
 * What a server says that it can do: its reply to EHLO. RFC 5321 4.1.1.1, and the extensions that are used.
 *
 * @module
 */
import type { ServerReply } from "./client_reply.ts";
import { type Limits, parseLimits } from "./limits.ts";

/** Extensions as they are offered now; after STARTTLS they may be others. */
export interface Offers {
  /** EHLO was understood; with HELO nothing is offered. */
  readonly extended: boolean;
  /** RFC 2920 */
  readonly pipelining: boolean;
  /** Octets of a message, `Infinity` if there is no fixed limit; null: not offered. RFC 1870 */
  readonly size: number | null;
  /** RFC 6152 */
  readonly eightBit: boolean;
  /** RFC 6531 */
  readonly smtpUtf8: boolean;
  /** RFC 3030 */
  readonly chunking: boolean;
  /** RFC 3207 */
  readonly startTls: boolean;
  /** RFC 3461 */
  readonly dsn: boolean;
  /** RFC 8689 */
  readonly requireTls: boolean;
  /** RFC 2034. Such codes are read wherever they come; this is for reports. */
  readonly enhancedCodes: boolean;
  /** Of AUTH, in upper case. RFC 4954 3 */
  readonly mechanisms: readonly string[];
  /** RFC 9422 */
  readonly limits: Limits;
}

/** After HELO, and before anything was said. */
export const noOffers: Offers = {
  extended: false,
  pipelining: false,
  size: null,
  eightBit: false,
  smtpUtf8: false,
  chunking: false,
  startTls: false,
  dsn: false,
  requireTls: false,
  enhancedCodes: false,
  mechanisms: [],
  limits: { mailMax: null, rcptMax: null, rcptDomainMax: null },
};

/** Mechanisms that are remembered. */
export const maxMechanisms = 32;

/** Reads a positive reply to EHLO. Its first line is a greeting; words that are unknown are passed over. */
export function parseOffers(reply: ServerReply): Offers {
  const words = new Map<string, string>();
  const mechanisms = new Set<string>();
  for (const line of reply.lines.slice(1)) {
    const match = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:[ =](.*))?$/.exec(line.trimEnd());
    const word = match?.[1]?.toUpperCase();
    if (word === undefined) continue;
    const value = match?.[2] ?? "";
    // `AUTH=LOGIN` is from before the standard, and stands beside the right one at some servers.
    if (word === "AUTH") addMechanisms(mechanisms, value);
    else if (!words.has(word)) words.set(word, value);
  }
  return {
    extended: true,
    pipelining: words.has("PIPELINING"),
    size: sizeOf(words.get("SIZE")),
    eightBit: words.has("8BITMIME"),
    smtpUtf8: words.has("SMTPUTF8"),
    chunking: words.has("CHUNKING"),
    startTls: words.has("STARTTLS"),
    dsn: words.has("DSN"),
    requireTls: words.has("REQUIRETLS"),
    enhancedCodes: words.has("ENHANCEDSTATUSCODES"),
    mechanisms: [...mechanisms],
    limits: parseLimits(words.get("LIMITS") ?? ""),
  };
}

/** No number, or 0: there is no fixed limit. RFC 1870 4 */
function sizeOf(value: string | undefined): number | null {
  if (value === undefined) return null;
  const size = /^[0-9]{1,20}$/.test(value) ? Number(value) : 0;
  return size === 0 ? Infinity : size;
}

/** RFC 4422 3.1: up to 20 characters. */
function addMechanisms(found: Set<string>, value: string): void {
  for (const word of value.split(" ")) {
    if (found.size < maxMechanisms && /^[A-Za-z0-9_-]{1,20}$/.test(word)) found.add(word.toUpperCase());
  }
}
