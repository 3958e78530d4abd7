/**
 * SPF records: reading and printing. RFC 7208 3, 4.6.1, 5, 6, 12
 *
 * Mechanisms keep their order, which is the order of evaluation. Of the modifiers only `redirect` and `exp` mean
 * anything; others are checked and forgotten, as RFC 7208 6 wants.
 *
 * @module
 */
import { KiB } from "../base/bytes.ts";
import { type IpAddress, parseIp, printIp } from "../base/ip_address.ts";
import { checkMacroString, type MacroString, parseDomainSpec, printMacro } from "./macro.ts";

/** Characters of one record. Those in the wild stay below 4 KiB; the DNS could carry 64. */
export const maxRecordLength = 16 * KiB;

/** What a match means: pass, fail, softfail, neutral. RFC 7208 4.6.2 */
export type Qualifier = "+" | "-" | "~" | "?";

/** What is compared with the client's address. RFC 7208 5 */
export type Mechanism =
  | { readonly name: "all" }
  | { readonly name: "include"; readonly domain: MacroString }
  | { readonly name: "exists"; readonly domain: MacroString }
  | {
    readonly name: "a" | "mx";
    /** Null for the domain being evaluated. */
    readonly domain: MacroString | null;
    /** How many bits count, 0 to 32. */
    readonly bits4: number;
    /** 0 to 128. */
    readonly bits6: number;
  }
  | { readonly name: "ptr"; readonly domain: MacroString | null }
  /** Of `ip6` always 16 octets, also for an IPv4-mapped network, which nobody is in. */
  | { readonly name: "ip4" | "ip6"; readonly network: IpAddress; readonly bits: number };

/** A mechanism, and what its match means. */
export interface Directive {
  readonly qualifier: Qualifier;
  readonly mechanism: Mechanism;
  /** As it stands in the record, for reports. */
  readonly text: string;
}

/** One record. */
export interface SpfRecord {
  /** In the order of evaluation. */
  readonly directives: readonly Directive[];
  readonly redirect: MacroString | null;
  readonly explanation: MacroString | null;
}

/** Whether a TXT record claims to be one: exactly this version. RFC 7208 4.5 */
export function isSpfRecord(text: string): boolean {
  return /^v=spf1(?: |$)/i.test(text);
}

/**
 * Reads a record, one character for each octet.
 *
 * @throws {SyntaxError} For a fault in any term, as RFC 7208 4.6 wants; the message says which term, and where.
 */
export function parseRecord(text: string): SpfRecord {
  if (text.length > maxRecordLength) throw new SyntaxError(`more than ${maxRecordLength} characters`);
  if (!isSpfRecord(text)) throw new SyntaxError("the record does not begin with v=spf1");
  const record: Draft = { directives: [], redirect: null, explanation: null };
  for (const { 0: term, index } of text.matchAll(/[^ ]+/g)) {
    if (index === 0) continue; // The version.
    try {
      readTerm(record, term);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new SyntaxError(`${error.message} (in ${shown(term)}, which begins at ${index})`);
    }
  }
  return record;
}

interface Draft {
  directives: Directive[];
  redirect: MacroString | null;
  explanation: MacroString | null;
}

/** A modifier has its `=` before any `:` or `/`. RFC 7208 4.6.1 */
function readTerm(record: Draft, term: string): void {
  const modifier = /^([A-Za-z][A-Za-z0-9._-]*)=(.*)$/s.exec(term);
  if (modifier === null) {
    record.directives.push(parseDirective(term));
    return;
  }
  const [, name = "", value = ""] = modifier;
  switch (name.toLowerCase()) {
    case "redirect":
      if (record.redirect !== null) throw new SyntaxError("a second redirect="); // RFC 7208 6
      record.redirect = parseDomainSpec(value);
      break;
    case "exp":
      if (record.explanation !== null) throw new SyntaxError("a second exp="); // RFC 7208 6
      record.explanation = parseDomainSpec(value);
      break;
    default:
      checkMacroString(value);
  }
}

/** As it stands in the DNS; modifiers come last, and those that mean nothing are gone. */
export function printRecord({ directives, redirect, explanation }: SpfRecord): string {
  const terms = directives.map(({ qualifier, mechanism }) =>
    `${qualifier === "+" ? "" : qualifier}${printMechanism(mechanism)}`
  );
  if (redirect !== null) terms.push(`redirect=${printMacro(redirect)}`);
  if (explanation !== null) terms.push(`exp=${printMacro(explanation)}`);
  return ["v=spf1", ...terms].join(" ");
}

function printMechanism(mechanism: Mechanism): string {
  const domainOf = (domain: MacroString | null) => domain === null ? "" : `:${printMacro(domain)}`;
  switch (mechanism.name) {
    case "all":
      return "all";
    case "include":
    case "exists":
    case "ptr":
      return mechanism.name + domainOf(mechanism.domain);
    case "a":
    case "mx": {
      const { name, domain, bits4, bits6 } = mechanism;
      return `${name}${domainOf(domain)}${bits4 === 32 ? "" : `/${bits4}`}${
        bits6 === 128 ? "" : `//${bits6}`
      }`;
    }
    case "ip4":
    case "ip6": {
      const { name, network, bits } = mechanism;
      return `${name}:${printIp(network)}${bits === (name === "ip4" ? 32 : 128) ? "" : `/${bits}`}`;
    }
  }
}

function parseDirective(text: string): Directive {
  const match = /^([-+?~]?)([A-Za-z][A-Za-z0-9._-]*)(.*)$/s.exec(text);
  if (match === null) throw new SyntaxError("no mechanism");
  const [, sign = "", name = "", rest = ""] = match;
  return { qualifier: qualifiers[sign] ?? "+", mechanism: parseMechanism(name.toLowerCase(), rest), text };
}

const qualifiers: Readonly<Record<string, Qualifier>> = { "+": "+", "-": "-", "~": "~", "?": "?" };

/** @param rest What stands after the name. */
function parseMechanism(name: string, rest: string): Mechanism {
  switch (name) {
    case "all":
      if (rest !== "") throw new SyntaxError("all takes nothing");
      return { name };
    case "include":
    case "exists":
      if (!rest.startsWith(":")) throw new SyntaxError(`${name} needs a domain`);
      return { name, domain: parseDomainSpec(rest.slice(1)) };
    case "ptr":
      return { name, domain: optionalDomain(rest) };
    case "a":
    case "mx":
      return { name, ...domainAndBits(rest) };
    case "ip4":
    case "ip6":
      return { name, ...network(rest, name === "ip4" ? 4 : 6) };
    default:
      throw new SyntaxError("no mechanism of this name");
  }
}

function optionalDomain(text: string): MacroString | null {
  if (text === "") return null;
  if (!text.startsWith(":")) throw new SyntaxError("no colon before the domain");
  return parseDomainSpec(text.slice(1));
}

/** `[ ":" domain-spec ] [ "/" bits ] [ "//" bits ]`; a slash inside a macro belongs to the macro. */
function domainAndBits(text: string): { domain: MacroString | null; bits4: number; bits6: number } {
  const [lengths = "", four, six] = /(?:\/([0-9]+))?(?:\/\/([0-9]+))?$/.exec(text) ?? [];
  const domain = optionalDomain(text.slice(0, text.length - lengths.length));
  return { domain, bits4: prefixBits(four, 32), bits6: prefixBits(six, 128) };
}

function network(text: string, version: 4 | 6): { network: IpAddress; bits: number } {
  const match = /^:([^/]*)(?:\/([0-9]+))?$/.exec(text);
  const address = match?.[1] ?? "";
  const ip = address.includes(":") === (version === 6) ? parseIp(address) : null;
  if (match === null || ip === null) throw new SyntaxError(`no network of IPv${version}`);
  return {
    network: version === 6 ? asIpv6(ip) : ip,
    bits: prefixBits(match[2], version === 4 ? 32 : 128),
  };
}

/** `parseIp()` makes IPv4 of IPv4-mapped addresses, but `ip6` never lists IPv4 clients. RFC 7208 5 */
function asIpv6(ip: IpAddress): IpAddress {
  if (ip.version === 6) return ip;
  const bytes = new Uint8Array(16);
  bytes.fill(0xff, 10, 12);
  bytes.set(ip.bytes, 12);
  return { version: 6, bytes };
}

/** No sign, no leading zero. RFC 7208 5.6 */
function prefixBits(digits: string | undefined, most: number): number {
  if (digits === undefined) return most;
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(digits) || Number(digits) > most) {
    throw new SyntaxError(`no prefix length of 0 to ${most}`);
  }
  return Number(digits);
}

/** Of a stranger's term, what an error repeats. */
function shown(term: string): string {
  return JSON.stringify(term.slice(0, 60));
}
