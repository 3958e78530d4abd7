/**
 * May this host send mail for this domain? SPF's check_host(). RFC 7208 2.4, 4, 5, 6, RFC 8616 4
 *
 * A check is one {@link Evaluation}, which walks through records, from left to right and down into what they include,
 * and asks one question after the other. All its lookups go through one {@link Lookups}, so that the limits and the
 * weakest DNSSEC state cover what includes and redirects ask too. Whatever ends a check in its midst is a `Stop`;
 * nothing else is thrown for what the DNS or a record holds.
 *
 * Where the standard leaves room: there is no explanation of our own (6.2), the deadline is the caller's (4.6.4), and
 * the limit of void lookups counts terms ({@link Lookups.endWithoutMatch}).
 *
 * @module
 */
import { fromLatin1 } from "../base/bytes.ts";
import { type IpAddress, networkOf, parseIp, printIp } from "../base/ip_address.ts";
import { isWithin, labelCount, sameName } from "../dns/name.ts";
import type { Name } from "../dns/record.ts";
import type { Resolver, Security } from "../dns/resolver.ts";
import { isCheckable, nameOf } from "./domain_name.ts";
import { Lookups, maxMxHosts, Stop } from "./lookups.ts";
import {
  expand,
  expandName,
  type MacroString,
  type MacroValues,
  matchesNothing,
  maxExplanation,
  parseExplanation,
} from "./macro.ts";
import { type Directive, isSpfRecord, parseRecord, type Qualifier, type SpfRecord } from "./record.ts";

/**
 * What is said of the host. RFC 7208 2.6
 *
 * - `none`: no record, or no domain that could have one.
 * - `neutral`: the domain's owner says nothing of this host.
 * - `pass`, `fail`, `softfail`: it may; it may not; it probably may not.
 * - `temperror`: the DNS did not answer, or not in time; later it may.
 * - `permerror`: a record that cannot be read, or asks for more than the limits allow.
 */
export type SpfStatus = "none" | "neutral" | "pass" | "fail" | "softfail" | "temperror" | "permerror";

/** Who sends, from where. {@link identityOf} of `identity.ts` tells domain and local part. */
export interface SpfRequest {
  readonly ip: IpAddress;
  /** The domain whose record counts, MAIL FROM's or HELO's, in U-labels or A-labels. */
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
  /** Ends the check with `temperror`; give it 20 seconds at least (RFC 7208 4.6.4). */
  readonly signal?: AbortSignal | undefined;
}

/** What came of it. RFC 7208 2.6 */
export interface SpfResult {
  readonly status: SpfStatus;
  /** As it was asked for. */
  readonly domain: string;
  /** The term that matched, as it stands in its record; `default` where none did, null for errors and `none`. */
  readonly mechanism: string | null;
  /** What the domain's owner says of a `fail`: a stranger's words, ASCII, at most {@link maxExplanation} characters. */
  readonly explanation: string | null;
  /** The weakest of all answers that were used. */
  readonly security: Security;
  /** Terms that asked the DNS. */
  readonly lookups: number;
  /** One sentence for people. May quote strangers. */
  readonly why: string;
}

/** Checks a host. Never rejects for what the DNS or a record holds. */
export async function checkHost(request: SpfRequest, means: SpfMeans): Promise<SpfResult> {
  const { domain } = request;
  const lookups = new Lookups(means.resolver, means.signal);
  const outcome = isCheckable(domain)
    ? await new Evaluation(request, means.now, lookups).run()
    : none(`${JSON.stringify(domain)} is no domain that could have a record`); // RFC 7208 4.3
  return { ...outcome, domain, security: lookups.security, lookups: lookups.terms };
}

interface Outcome {
  readonly status: SpfStatus;
  readonly mechanism: string | null;
  readonly explanation: string | null;
  readonly why: string;
}

const results: Readonly<Record<Qualifier, SpfStatus>> = {
  "+": "pass",
  "-": "fail",
  "~": "softfail",
  "?": "neutral",
};

/** One check with everything that it includes. */
class Evaluation {
  readonly #request: SpfRequest;
  readonly #now: number;
  readonly #lookups: Lookups;
  #names: readonly Name[] | null = null;

  constructor(request: SpfRequest, now: number, lookups: Lookups) {
    this.#request = request;
    this.#now = now;
    this.#lookups = lookups;
  }

  async run(): Promise<Outcome> {
    try {
      return await this.#check(this.#request.domain, true);
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      return { status: error.status, mechanism: null, explanation: null, why: error.message };
    }
  }

  /** @param explains Whether the record's explanation counts: not inside of `include`. RFC 7208 6.2 */
  async #check(domain: string, explains: boolean): Promise<Outcome> {
    const name = nameOf(domain);
    if (name === null || labelCount(name) < 2) return none("it is no domain that could have a record"); // RFC 7208 4.3
    const answer = await this.#lookups.get(name, "TXT");
    if (answer.status === "noSuchDomain") return none(`${name} does not exist`);
    const found = answer.records.map(({ strings }) => textOf(strings)).filter(isSpfRecord);
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
      const why = `${directive.text} of ${domain} matches`;
      return { status, mechanism: directive.text, explanation, why };
    }
    if (record.redirect !== null && !matchesNothing(record.redirect, values)) {
      return await this.#redirect(record.redirect, domain, explains, values);
    }
    const why = `nothing in the record of ${domain} matches`;
    return { status: "neutral", mechanism: "default", explanation: null, why }; // RFC 7208 4.7
  }

  /** RFC 7208 6.1 */
  async #redirect(
    spec: MacroString,
    domain: string,
    explains: boolean,
    values: MacroValues,
  ): Promise<Outcome> {
    this.#lookups.begin();
    const target = await expandName(spec, values);
    const outcome = target === null ? none("it can be no domain") : await this.#check(target, explains);
    if (outcome.status !== "none") return outcome;
    throw new Stop("permerror", `redirect= of ${domain} leads to no record: ${outcome.why}`);
  }

  async #matches({ mechanism }: Directive, domain: string, values: MacroValues): Promise<boolean> {
    switch (mechanism.name) {
      case "all":
        return true;
      case "ip4":
      case "ip6":
        return isIn(this.#request.ip, mechanism.network, mechanism.bits);
      case "include":
        this.#lookups.begin();
        return await this.#includes(mechanism.domain, domain, values);
    }
    this.#lookups.begin();
    const name = await targetOf(mechanism.domain, domain, values);
    const matches = name !== null && await this.#leadsHere(mechanism, name);
    if (!matches) this.#lookups.endWithoutMatch();
    return matches;
  }

  /** RFC 7208 5.2: of the inner result only `pass` matches, and errors end everything. */
  async #includes(spec: MacroString, domain: string, values: MacroValues): Promise<boolean> {
    if (matchesNothing(spec, values)) return false;
    const target = await expandName(spec, values);
    const inner = target === null ? none("it can be no domain") : await this.#check(target, false);
    if (inner.status !== "none") return inner.status === "pass";
    throw new Stop("permerror", `include of ${domain} leads to no record: ${inner.why}`);
  }

  /** The mechanisms that look up a name. RFC 7208 5.3 to 5.5, 5.7 */
  async #leadsHere(mechanism: AskingMechanism, name: Name): Promise<boolean> {
    switch (mechanism.name) {
      case "a":
        return await this.#hasAddress(name, mechanism);
      case "mx":
        return await this.#hasExchange(name, mechanism);
      case "ptr":
        return (await this.#validatedNames()).some((each) => isWithin(each, name));
      case "exists":
        return (await this.#lookups.getForTerm(name, "A")).records.length > 0; // Also for clients of IPv6.
    }
  }

  async #hasAddress(name: Name, bits: Bits): Promise<boolean> {
    const { ip } = this.#request;
    const { records } = ip.version === 4
      ? await this.#lookups.getForTerm(name, "A")
      : await this.#lookups.getForTerm(name, "AAAA");
    return records.some(({ address }) => {
      const found = parseIp(address);
      return found !== null && isIn(ip, found, ip.version === 4 ? bits.bits4 : bits.bits6);
    });
  }

  async #hasExchange(name: Name, bits: Bits): Promise<boolean> {
    const { records } = await this.#lookups.getForTerm(name, "MX");
    if (records.length > maxMxHosts) {
      throw new Stop("permerror", `${name} has more than ${maxMxHosts} mail hosts`);
    }
    for (const { exchange } of records) {
      if (exchange !== "." && await this.#hasAddress(exchange, bits)) return true; // RFC 7505
    }
    return false;
  }

  /** Looked up once, however many terms want them. */
  async #validatedNames(): Promise<readonly Name[]> {
    return this.#names ??= await this.#lookups.validatedNames(this.#request.ip);
  }

  /** The text of `exp=`; any fault, also a limit, is as if there were none: the verdict stands. RFC 7208 6.2 */
  async #explain(spec: MacroString, values: MacroValues): Promise<string | null> {
    try {
      return await this.#lookups.tryUse(() => this.#explanation(spec, values));
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof Stop) return null;
      throw error;
    }
  }

  async #explanation(spec: MacroString, values: MacroValues): Promise<string | null> {
    const target = await expandName(spec, values);
    const name = target === null ? null : nameOf(target);
    if (name === null) return null;
    const [record, another] = (await this.#lookups.ask(name, "TXT")).records;
    if (record === undefined || another !== undefined) return null;
    const explanation = await expand(parseExplanation(textOf(record.strings)), values, maxExplanation);
    return /^[\x20-\x7e]*$/.test(explanation) ? explanation : null;
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
      now: this.#now,
      validatedName: () => this.#validatedName(domain),
    };
  }

  /** For `%{p}`: the domain itself before one below it before any. RFC 7208 7.3 */
  async #validatedName(domain: string): Promise<string> {
    if (this.#names === null) this.#lookups.begin(); // It counts as a term. RFC 7208 4.6.4
    const names = await this.#validatedNames();
    const wanted = nameOf(domain);
    const best = wanted === null ? undefined : names.find((name) => sameName(name, wanted)) ??
      names.find((name) => isWithin(name, wanted));
    return (best ?? names[0])?.replace(/\.$/, "") ?? "unknown";
  }
}

/** How many bits of an address count. */
interface Bits {
  readonly bits4: number;
  readonly bits6: number;
}

type AskingMechanism = Extract<Directive["mechanism"], { readonly name: "a" | "mx" | "ptr" | "exists" }>;

function none(why: string): Outcome {
  return { status: "none", mechanism: null, explanation: null, why };
}

/** One character for each octet: what is not ASCII is a fault of the record. RFC 7208 3.1 */
function textOf(strings: readonly Uint8Array[]): string {
  return strings.map((each) => fromLatin1(each)).join("");
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
  return text === null ? null : nameOf(text);
}

/** Whether an address is in a network; those of another version are not. */
function isIn(ip: IpAddress, network: IpAddress, bits: number): boolean {
  return ip.version === network.version &&
    printIp(networkOf(ip, bits)) === printIp(networkOf(network, bits));
}
