/**
 * SPF records: reading and printing. RFC 7208 3, 4.6.1, 5, 6, 12
 *
 * @module
 */
import { type IpAddress, parseIp, printIp } from "../base/ip_address.ts";
import { checkMacroString, type MacroString, parseDomainSpec, printMacro } from "./macro.ts";

export type Qualifier = "+" | "-" | "~" | "?";

export type Mechanism =
  | { readonly name: "all" }
  | { readonly name: "include" | "exists"; readonly domain: MacroString }
  | {
    readonly name: "a" | "mx";
    /** Null for the domain being evaluated. */
    readonly domain: MacroString | null;
    readonly bits4: number;
    readonly bits6: number;
  }
  | { readonly name: "ptr"; readonly domain: MacroString | null }
  | { readonly name: "ip4" | "ip6"; readonly network: IpAddress; readonly bits: number };

export interface Directive {
  readonly qualifier: Qualifier;
  readonly mechanism: Mechanism;
  /** As it stands in the record, for reports. */
  readonly text: string;
}

/** One record. */
export interface SpfRecord {
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
 * @throws {SyntaxError} Wherever the fault is, as RFC 7208 4.6 wants; the message names the term.
 */
export function parseRecord(text: string): SpfRecord {
  if (!isSpfRecord(text)) throw new SyntaxError("the record does not begin with v=spf1");
  const directives: Directive[] = [];
  let redirect: MacroString | null = null;
  let explanation: MacroString | null = null;
  for (const term of text.slice("v=spf1".length).split(" ")) {
    if (term === "") continue;
    const modifier = /^([A-Za-z][A-Za-z0-9._-]*)=(.*)$/s.exec(term);
    if (modifier === null) {
      directives.push(parseDirective(term));
      continue;
    }
    const [, name = "", value = ""] = modifier;
    switch (name.toLowerCase()) {
      case "redirect":
        if (redirect !== null) throw new SyntaxError("redirect= stands there twice"); // RFC 7208 6
        redirect = parseDomainSpec(value);
        break;
      case "exp":
        if (explanation !== null) throw new SyntaxError("exp= stands there twice"); // RFC 7208 6
        explanation = parseDomainSpec(value);
        break;
      default:
        checkMacroString(value);
    }
  }
  return { directives, redirect, explanation };
}

/** As it stands in the DNS; modifiers come last. */
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
  if (match === null) throw unknown(text);
  const [, sign = "", name = "", rest = ""] = match;
  const mechanism = parseMechanism(name.toLowerCase(), rest, text);
  return { qualifier: qualifiers[sign] ?? "+", mechanism, text };
}

const qualifiers: Readonly<Record<string, Qualifier>> = { "+": "+", "-": "-", "~": "~", "?": "?" };

function parseMechanism(name: string, rest: string, term: string): Mechanism {
  switch (name) {
    case "all":
      if (rest !== "") throw unknown(term);
      return { name };
    case "include":
    case "exists":
      if (!rest.startsWith(":")) throw new SyntaxError(`${name} needs a domain: ${shown(term)}`);
      return { name, domain: parseDomainSpec(rest.slice(1)) };
    case "ptr":
      return { name, domain: optionalDomain(rest, term) };
    case "a":
    case "mx":
      return { name, ...domainAndBits(rest, term) };
    case "ip4":
    case "ip6":
      return { name, ...network(rest, name === "ip4" ? 4 : 6, term) };
    default:
      throw unknown(term);
  }
}

function optionalDomain(text: string, term: string): MacroString | null {
  if (text === "") return null;
  if (!text.startsWith(":")) throw unknown(term);
  return parseDomainSpec(text.slice(1));
}

/** `[ ":" domain-spec ] [ "/" bits ] [ "//" bits ]`; a slash inside a macro belongs to the macro. */
function domainAndBits(
  text: string,
  term: string,
): { domain: MacroString | null; bits4: number; bits6: number } {
  const [lengths = "", four, six] = /(?:\/([0-9]+))?(?:\/\/([0-9]+))?$/.exec(text) ?? [];
  const domain = optionalDomain(text.slice(0, text.length - lengths.length), term);
  return { domain, bits4: prefixBits(four, 32, term), bits6: prefixBits(six, 128, term) };
}

function network(text: string, version: 4 | 6, term: string): { network: IpAddress; bits: number } {
  const match = /^:([^/]*)(?:\/([0-9]+))?$/.exec(text);
  const ip = parseIp(match?.[1] ?? "");
  // An IPv4-mapped address written as IPv6 is read as IPv4, which `ip6` can never match.
  const isVersion = version === 4 ? ip?.version === 4 && !text.includes("::") : text.slice(1).includes(":");
  if (match === null || ip === null || !isVersion) {
    throw new SyntaxError(`no network of IPv${version}: ${shown(term)}`);
  }
  return { network: ip, bits: prefixBits(match[2], version === 4 ? 32 : 128, term) };
}

/** No sign, no leading zero. RFC 7208 5.6 */
function prefixBits(digits: string | undefined, most: number, term: string): number {
  if (digits === undefined) return most;
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(digits) || Number(digits) > most) {
    throw new SyntaxError(`no prefix length up to ${most}: ${shown(term)}`);
  }
  return Number(digits);
}

function unknown(term: string): SyntaxError {
  return new SyntaxError(`no known mechanism: ${shown(term)}`);
}

function shown(term: string): string {
  return JSON.stringify(term.slice(0, 60));
}
