/**
 * May this host send mail for this domain? SPF's check_host(). RFC 7208 2.4, 4, 5, 6, RFC 8616 4
 *
 * Every lookup goes through the one {@link Evaluation} of a check, so that limits and the weakest DNSSEC state cover
 * what includes and redirects ask too.
 *
 * @module
 */
import { asciiDomain, isAscii, normalForm } from "../address/domain.ts";
import { fromLatin1, utf8 } from "../base/bytes.ts";
import { type IpAddress, networkOf, parseIp, printIp } from "../base/ip_address.ts";
import { isWithin, nameOfLabels } from "../dns/name.ts";
import type { Name, RecordType } from "../dns/record.ts";
import type { Answer, Resolver, Security } from "../dns/resolver.ts";
import { reverseName } from "./reverse_name.ts";
import {
  expand,
  expandName,
  type MacroString,
  type MacroValues,
  maxExplanation,
  parseExplanation,
} from "./macro.ts";
import { type Directive, isSpfRecord, parseRecord, type Qualifier, type SpfRecord } from "./record.ts";

/** Terms that ask the DNS, in one check. RFC 7208 4.6.4 */
export const maxLookups = 10;
/** Lookups that find nothing, in one check. RFC 7208 4.6.4 */
export const maxVoidLookups = 2;
/** Hosts of one `mx`; more are an error. RFC 7208 4.6.4 */
export const maxMxHosts = 10;
/** Names of one address that are looked at; more are ignored. RFC 7208 4.6.4 */
export const maxPtrNames = 10;

export type SpfStatus = "none" | "neutral" | "pass" | "fail" | "softfail" | "temperror" | "permerror";

/** Who sends, from where. */
export interface SpfRequest {
  readonly ip: IpAddress;
  /** The domain whose record counts: MAIL FROM's, or HELO's. */
  readonly domain: string;
  /** Local part of the sender; null for HELO and the null sender, where it is `postmaster`. RFC 7208 4.3 */
  readonly local: string | null;
  /** The argument of HELO or EHLO. */
  readonly helo: string;
  /** This server's name, for explanations. */
  readonly receiver: string;
}

/** What a check is handed. */
export interface SpfMeans {
  readonly resolver: Resolver;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Ends the check with `temperror`. */
  readonly signal?: AbortSignal | undefined;
}

/** What came of it. RFC 7208 2.6 */
export interface SpfResult {
  readonly status: SpfStatus;
  readonly domain: string;
  /** The term that matched, as it stands in its record; `default` where none did, null for errors and `none`. */
  readonly mechanism: string | null;
  /** What the domain's owner says of a `fail`: a stranger's words, ASCII, at most {@link maxExplanation} characters. */
  readonly explanation: string | null;
  /** The weakest of all answers that were used. */
  readonly security: Security;
  /** Terms that asked the DNS. */
  readonly lookups: number;
  /** One sentence for people. */
  readonly why: string;
}

/** Checks a host. Never rejects for what the DNS or a record holds. */
export async function checkHost(request: SpfRequest, means: SpfMeans): Promise<SpfResult> {
  const evaluation = new Evaluation(request, means);
  const { domain } = request;
  const result = await evaluation.check(domain, true);
  const { security, lookups } = evaluation;
  return { ...result, domain, security, lookups };
}

interface Outcome {
  readonly status: SpfStatus;
  readonly mechanism: string | null;
  readonly explanation: string | null;
  readonly why: string;
}

/** Ends the whole check. */
class Stop extends Error {
  readonly status: "temperror" | "permerror";
  constructor(status: "temperror" | "permerror", why: string) {
    super(why);
    this.status = status;
  }
}

const results: Readonly<Record<Qualifier, SpfStatus>> = {
  "+": "pass",
  "-": "fail",
  "~": "softfail",
  "?": "neutral",
};

/** One check with everything that it includes. */
class Evaluation {
  lookups = 0;
  security: Security = "secure";
  readonly #request: SpfRequest;
  readonly #means: SpfMeans;
  #voids = 0;
  #asked = false;

  constructor(request: SpfRequest, means: SpfMeans) {
    this.#request = request;
    this.#means = means;
  }

  /** @param explains Whether the record's explanation counts: not inside of `include`. RFC 7208 6.2 */
  async check(domain: string, explains: boolean): Promise<Outcome> {
    try {
      return await this.#check(domain, explains);
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      return { status: error.status, mechanism: null, explanation: null, why: error.message };
    } finally {
      if (!this.#asked) this.security = "indeterminate"; // Nothing was asked that could be secure.
    }
  }

  async #check(domain: string, explains: boolean): Promise<Outcome> {
    const name = nameOf(domain, true);
    if (name === null) return none("this is no domain that could have a record"); // RFC 7208 4.3
    const answer = await this.#lookup(name, "TXT");
    if (answer.status === "noSuchDomain") return none(`${name} does not exist`);
    const found = answer.records.map(({ strings }) => strings.map((each) => fromLatin1(each)).join(""))
      .filter(isSpfRecord);
    const [text] = found;
    if (text === undefined) return none(`${name} has no SPF record`);
    if (found.length > 1) throw new Stop("permerror", `${name} has ${found.length} SPF records`); // RFC 7208 4.5
    return await this.#evaluate(parsed(text, name), domain, explains);
  }

  async #evaluate(record: SpfRecord, domain: string, explains: boolean): Promise<Outcome> {
    const values = this.#values(domain);
    for (const directive of record.directives) {
      if (!await this.#matches(directive, domain, values)) continue;
      const status = results[directive.qualifier];
      const explanation = status === "fail" && explains && record.explanation !== null
        ? await this.#explain(record.explanation, values)
        : null;
      return {
        status,
        mechanism: directive.text,
        explanation,
        why: `${directive.text} of ${domain} matches`,
      };
    }
    const hasAll = record.directives.some(({ mechanism }) => mechanism.name === "all");
    if (record.redirect === null || hasAll) { // RFC 7208 4.7, 5.1
      return {
        status: "neutral",
        mechanism: "default",
        explanation: null,
        why: `nothing in the record of ${domain} matches`,
      };
    }
    this.#count();
    const target = await expandName(record.redirect, values);
    const outcome = target === null ? none("") : await this.#check(target, explains);
    if (outcome.status !== "none") return outcome;
    throw new Stop("permerror", `redirect= of ${domain} leads to no record`); // RFC 7208 6.1
  }

  async #matches({ mechanism }: Directive, domain: string, values: MacroValues): Promise<boolean> {
    const { ip } = this.#request;
    switch (mechanism.name) {
      case "all":
        return true;
      case "ip4":
      case "ip6":
        return isIn(ip, mechanism.network, mechanism.bits);
      case "include":
        this.#count();
        return await this.#includes(mechanism.domain, domain, values);
      case "a":
        this.#count();
        return await this.#hasAddress(await targetOf(mechanism.domain, domain, values), mechanism);
      case "mx":
        this.#count();
        return await this.#hasExchange(await targetOf(mechanism.domain, domain, values), mechanism);
      case "ptr":
        this.#count();
        return await this.#hasName(await targetOf(mechanism.domain, domain, values));
      case "exists": {
        this.#count();
        const name = await targetOf(mechanism.domain, domain, values);
        return name !== null && (await this.#mayBeVoid(name, "A")).records.length > 0;
      }
    }
  }

  /** RFC 7208 5.2: of the inner result only `pass` matches, and errors end everything. */
  async #includes(spec: MacroString, domain: string, values: MacroValues): Promise<boolean> {
    const target = await expandName(spec, values);
    const inner = target === null ? none("it can be no domain") : await this.#check(target, false);
    if (inner.status === "none") {
      throw new Stop("permerror", `include of ${domain} leads to no record: ${inner.why}`);
    }
    return inner.status === "pass";
  }

  async #hasAddress(
    name: Name | null,
    bits: { readonly bits4: number; readonly bits6: number },
  ): Promise<boolean> {
    if (name === null) return false;
    const { ip } = this.#request;
    for (const { address } of await this.#addresses(name)) {
      const found = parseIp(address);
      if (found !== null && isIn(ip, found, ip.version === 4 ? bits.bits4 : bits.bits6)) return true;
    }
    return false;
  }

  async #hasExchange(
    name: Name | null,
    bits: { readonly bits4: number; readonly bits6: number },
  ): Promise<boolean> {
    if (name === null) return false;
    const { records } = await this.#mayBeVoid(name, "MX");
    if (records.length > maxMxHosts) {
      throw new Stop("permerror", `${name} has more than ${maxMxHosts} mail hosts`);
    }
    for (const { exchange } of records) {
      if (exchange !== "." && await this.#hasAddress(exchange, bits)) return true;
    }
    return false;
  }

  async #hasName(target: Name | null): Promise<boolean> {
    if (target === null) return false;
    for await (const name of this.#validated()) if (isWithin(name, target)) return true;
    return false;
  }

  /** Names of the address that lead back to it; errors are as if there were none. RFC 7208 5.5 */
  async *#validated(): AsyncGenerator<Name> {
    const { ip } = this.#request;
    const pointers = await this.#ask(reverseName(ip), "PTR");
    if (pointers.status === "noData" || pointers.status === "noSuchDomain") this.#countVoid();
    for (const { target } of pointers.records.slice(0, maxPtrNames)) {
      const answer = ip.version === 4 ? await this.#ask(target, "A") : await this.#ask(target, "AAAA");
      if (answer.records.some(({ address }) => sameAddress(address, ip))) yield target;
    }
  }

  async #addresses(name: Name): Promise<readonly { readonly address: string }[]> {
    const { ip } = this.#request;
    return ip.version === 4
      ? (await this.#mayBeVoid(name, "A")).records
      : (await this.#mayBeVoid(name, "AAAA")).records;
  }

  /** The text of `exp=`; any fault is as if there were none. RFC 7208 6.2 */
  async #explain(spec: MacroString, values: MacroValues): Promise<string | null> {
    const target = await expandName(spec, values);
    const name = target === null ? null : nameOf(target, false);
    if (name === null) return null;
    const { records } = await this.#ask(name, "TXT");
    if (records.length !== 1) return null;
    const text = (records[0]?.strings ?? []).map((each) => fromLatin1(each)).join("");
    try {
      const explanation = await expand(parseExplanation(text), values, maxExplanation);
      return /^[\x20-\x7e]*$/.test(explanation) ? explanation : null;
    } catch (error) {
      if (error instanceof SyntaxError) return null;
      throw error;
    }
  }

  #values(domain: string): MacroValues {
    const { ip, local, helo, receiver, domain: senderDomain } = this.#request;
    return {
      local: local === null || local === "" ? "postmaster" : local,
      senderDomain,
      domain,
      dottedIp: ip.version === 4 ? printIp(ip) : [...ip.bytes.toHex().toUpperCase()].join("."),
      readableIp: printIp(ip),
      version: ip.version,
      helo,
      receiver,
      now: this.#means.now,
      validatedName: () => this.#validatedName(domain),
    };
  }

  /** For `%{p}`: the domain itself before one below it before any. RFC 7208 7.3 */
  async #validatedName(domain: string): Promise<string> {
    const wanted = nameOf(domain, false);
    this.#count();
    let best: Name | null = null;
    for await (const name of this.#validated()) {
      if (wanted !== null && name.toLowerCase() === wanted.toLowerCase()) return shownName(name);
      if (best === null || wanted !== null && isWithin(name, wanted) && !isWithin(best, wanted)) best = name;
    }
    return best === null ? "unknown" : shownName(best);
  }

  #count(): void {
    if (++this.lookups > maxLookups) {
      throw new Stop("permerror", `the records ask for more than ${maxLookups} lookups`);
    }
  }

  #countVoid(): void {
    if (++this.#voids > maxVoidLookups) {
      throw new Stop("permerror", `more than ${maxVoidLookups} lookups found nothing`);
    }
  }

  async #mayBeVoid<T extends RecordType>(name: Name, type: T): Promise<Answer<T>> {
    const answer = await this.#lookup(name, type);
    if (answer.status !== "found") this.#countVoid();
    return answer;
  }

  /** An answer; a failure ends the check. */
  async #lookup<T extends RecordType>(name: Name, type: T): Promise<Answer<T>> {
    const answer = await this.#ask(name, type);
    if (answer.status === "failed") throw new Stop("temperror", `${type} of ${name}: ${answer.why}`);
    return answer;
  }

  async #ask<T extends RecordType>(name: Name, type: T): Promise<Answer<T>> {
    const { resolver, signal } = this.#means;
    const answer = await resolver.lookup(name, type, signal === undefined ? {} : { signal });
    this.#asked = true;
    this.security = weaker(this.security, answer.security);
    return answer;
  }
}

function none(why: string): Outcome {
  return { status: "none", mechanism: null, explanation: null, why };
}

function parsed(text: string, name: Name): SpfRecord {
  try {
    return parseRecord(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new Stop("permerror", `the record of ${name}: ${error.message}`);
    throw error;
  }
}

async function targetOf(spec: MacroString | null, domain: string, values: MacroValues): Promise<Name | null> {
  const text = spec === null ? domain : await expandName(spec, values);
  return text === null ? null : nameOf(text, false);
}

/** The weaker of two: `bogus`, then `indeterminate`, then `insecure`. */
export function weaker(a: Security, b: Security): Security {
  const order: readonly Security[] = ["bogus", "indeterminate", "insecure", "secure"];
  return order.indexOf(a) < order.indexOf(b) ? a : b;
}

/**
 * The name to ask for; null for what can be none. Any ASCII may stand in a label, as macros make them.
 *
 * @param multi Whether it needs more than one label. RFC 7208 4.3
 */
function nameOf(text: string, multi: boolean): Name | null {
  const domain = text.replace(/\.$/, "");
  const normal = isAscii(domain) ? domain : normalForm(domain, { underscore: true });
  if (normal === null) return null;
  const labels = asciiDomain(normal).split(".");
  if (multi && (labels.length < 2 || /^\[|[^A-Za-z0-9._-]/.test(asciiDomain(normal)))) return null;
  try {
    return nameOfLabels(labels.map(utf8));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function shownName(name: Name): string {
  return name.replace(/\.$/, "");
}

function sameAddress(text: string, ip: IpAddress): boolean {
  const found = parseIp(text);
  return found !== null && printIp(found) === printIp(ip);
}

/** Whether an address is in a network; those of another version are not. */
function isIn(ip: IpAddress, network: IpAddress, bits: number): boolean {
  if (ip.version !== network.version) return false;
  const most = ip.bytes.length * 8;
  return printIp(networkOf(ip, Math.min(bits, most))) === printIp(networkOf(network, Math.min(bits, most)));
}
