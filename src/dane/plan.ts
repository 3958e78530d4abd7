/**
 * How to connect to a mail host, from what the DNS says of it and of the domain: with nothing proved, encrypted,
 * authenticated, or not now. RFC 7672 2
 *
 * Security comes from DNSSEC alone, so all turns on what is proved. That there are no TLSA records must be proved like
 * their being there: a lookup that fails is never taken for "none", or whoever can drop an answer could have mail sent
 * in the clear (2.1.2). And TLSA records are asked for only where addresses are signed, since some servers of unsigned
 * zones never answer such a question (2.2.2).
 *
 * @module
 */
import { asciiDomain } from "../address/domain.ts";
import { nameFromText, sameName } from "../dns/name.ts";
import type { DataByType, Name } from "../dns/record.ts";
import type { Answer, Resolver, Security } from "../dns/resolver.ts";
import { type TlsaData, type UnusableRecord, usableRecords } from "./records.ts";

/** How the host was found. */
export interface Route {
  /** The next hop before any alias: the recipient's domain, or a relay. In normal form, or an address literal. */
  readonly nextHop: string;
  /** Where its aliases lead (RFC 5321 5.1), in normal form; as `nextHop` without any. */
  readonly expandedNextHop: string;
  /**
   * The weakest that DNSSEC says of the MX answer and all aliases in front of it; null if no MX was asked for, as of a
   * relay. Where there are none, a proof that there are none counts as an answer.
   */
  readonly mx: { readonly found: boolean; readonly security: Security } | null;
  /** The host, as the MX record or the configuration has it: a domain in normal form, or an address. */
  readonly host: string;
  readonly port: number;
}

/** What was answered for the host's addresses. RFC 7672 2.2.2: they are asked for before TLSA records. */
export interface AddressAnswers {
  readonly a: Answer<"A"> | null;
  readonly aaaa: Answer<"AAAA"> | null;
}

/** How to connect. Plain data. */
export type DanePlan =
  /** DANE says nothing of this host: TLS if it is offered, and whatever else (MTA-STS) asks for. */
  | { readonly kind: "none"; readonly why: string }
  /** TLS, or not at all; and the certificate must match. */
  | {
    readonly kind: "authenticated";
    readonly records: readonly TlsaData[];
    readonly unusable: readonly UnusableRecord[];
    /** The TLSA base domain in A-labels, without final dot: what to ask for in SNI (RFC 7672 8.1). */
    readonly baseDomain: string;
    /** Names of which the certificate must have one, where a record is of usage 2. RFC 7672 3.2.2 */
    readonly names: readonly string[];
    /**
     * Whether this protects the way to the next hop's domain; false where its MX records are not signed, so that only
     * the way to this host is. Logs must not tell more. RFC 7672 2.2.1
     */
    readonly protectsDomain: boolean;
    readonly why: string;
  }
  /** TLS, or not at all; nobody can say what the certificate should be (`tlsa-invalid`, RFC 8460 4.3). RFC 7672 2.2 */
  | {
    readonly kind: "encrypted";
    readonly unusable: readonly UnusableRecord[];
    readonly baseDomain: string;
    readonly why: string;
  }
  /** Not to this host now: the next one, or later. `report` is the word for TLS reports (RFC 8460 4.3), if there is one. */
  | {
    readonly kind: "later";
    readonly report: "dnssec-invalid" | "dane-required" | null;
    readonly why: string;
  };

/** What may be said with a question. */
export interface PlanOptions {
  /** The administrator wants DANE for this destination, or nothing. RFC 7672 6 */
  readonly mandatory?: boolean;
  readonly signal?: AbortSignal;
}

/** Asks for TLSA records where they could count, and decides. */
export async function planDane(
  route: Route,
  addresses: AddressAnswers,
  resolver: Resolver,
  options: PlanOptions = {},
): Promise<DanePlan> {
  const plan = await new Planner(route, resolver, options).plan(addresses);
  const isEnough = plan.kind === "authenticated" && plan.protectsDomain || plan.kind === "later";
  if (options.mandatory !== true || isEnough) return plan;
  return {
    kind: "later",
    report: "dane-required",
    why: `DANE is required for ${route.nextHop}, but ${plan.why}`,
  };
}

class Planner {
  readonly #route: Route;
  readonly #resolver: Resolver;
  readonly #signal: AbortSignal | undefined;
  /** Whether anything was proved so far: then what cannot be told is no longer a sign that validation is off. */
  #validates: boolean;

  constructor(route: Route, resolver: Resolver, { signal }: PlanOptions) {
    this.#route = route;
    this.#resolver = resolver;
    this.#signal = signal;
    this.#validates = isProof(route.mx?.security);
  }

  async plan(addresses: AddressAnswers): Promise<DanePlan> {
    const { host, nextHop, mx } = this.#route;
    // RFC 7672 2.2: there are no records for addresses, whether a person or an MX record names them.
    if (isAddress(host) || isAddress(nextHop)) {
      return none(`${host} is an address, for which DANE has no records`);
    }
    if (mx?.security === "bogus") return later(`the MX records of ${nextHop} are forged or broken`);
    this.#validates ||= isProof(addresses.a?.security) || isProof(addresses.aaaa?.security);
    const answer = addressAnswer(addresses);
    if ("kind" in answer) return answer;
    const standing = this.#standing(answer.security);
    if (standing === "failed") {
      return later(`nobody can tell whether the addresses of ${host} are signed: ${answer.why}`);
    }
    const initial = nameOf(host);
    const isAlias = !sameName(answer.canonicalName, initial);
    if (standing === "secure") {
      // RFC 7672 2.2.3: where the aliases lead first, then the name itself, and none in between.
      return await this.#search(isAlias ? [answer.canonicalName, initial] : [initial]);
    }
    if (!isAlias) return none(`the addresses of ${host} are not signed: ${answer.why}`);
    return await this.#afterInsecureAlias(initial);
  }

  /** RFC 7672 2.1.3, 2.2.2: the alias itself may be signed, though what it leads to is not. */
  async #afterInsecureAlias(initial: Name): Promise<DanePlan> {
    const { host } = this.#route;
    const alias = await this.#resolver.lookup(initial, "CNAME", this.#options());
    if (alias.status === "failed") return failed(`the alias ${host}`, alias);
    const standing = this.#standing(alias.security);
    if (standing === "failed") {
      return later(`nobody can tell whether the alias ${host} is signed: ${alias.why}`);
    }
    if (standing === "secure" && alias.status === "found") return await this.#search([initial]);
    return none(`the alias ${host} is not signed: ${alias.why}`);
  }

  /** The first of the candidates that has signed records decides. RFC 7672 2.2.3 */
  async #search(candidates: readonly Name[]): Promise<DanePlan> {
    let why = "";
    for (const base of candidates) {
      const name = serviceName(this.#route.port, base);
      if (name === null) continue; // No such name can exist, and so no record.
      const answer = await this.#resolver.lookup(name, "TLSA", this.#options());
      if (answer.status === "failed") return failed(`the TLSA records of ${shown(base)}`, answer);
      const standing = this.#standing(answer.security);
      if (standing === "failed") {
        return later(`nobody can tell whether the TLSA records of ${shown(base)} are signed: ${answer.why}`);
      }
      if (answer.status === "found" && standing === "secure") {
        return this.#found(base, shown(name), answer.records);
      }
      why = answer.status === "found"
        ? `the TLSA records of ${shown(base)} are not signed`
        : `${shown(base)} has no TLSA records`;
    }
    return none(why === "" ? "the name is too long for TLSA records" : why);
  }

  #found(base: Name, owner: string, records: readonly DataByType["TLSA"][]): DanePlan {
    const { usable, unusable } = usableRecords(records);
    const baseDomain = shown(base);
    if (usable.length === 0) {
      const reasons = [...new Set(unusable.map((one) => one.why))].slice(0, shownReasons).join("; ");
      const why =
        `none of the TLSA records at ${owner} can be used (${reasons}), so TLS is a must and nothing proves ` +
        "who is there";
      return { kind: "encrypted", unusable, baseDomain, why };
    }
    const protectsDomain = this.#protectsDomain();
    const of = protectsDomain ? "" : `, though the MX records of ${this.#route.nextHop} are not signed`;
    return {
      kind: "authenticated",
      records: usable,
      unusable,
      baseDomain,
      names: this.#names(baseDomain),
      protectsDomain,
      why: `there are signed TLSA records at ${owner}${of}`,
    };
  }

  /** RFC 7672 3.2.2 */
  #names(baseDomain: string): readonly string[] {
    const { mx, nextHop, expandedNextHop } = this.#route;
    const names = [baseDomain];
    // Through MX records that anybody can have forged, only the host's own name is known.
    if (mx === null || mx.security === "secure" || !mx.found) names.push(asciiDomain(nextHop));
    if (mx !== null && mx.found && mx.security === "secure") names.push(asciiDomain(expandedNextHop));
    return [...new Set(names.map((name) => name.toLowerCase()))];
  }

  #protectsDomain(): boolean {
    const { mx } = this.#route;
    return mx === null || mx.security === "secure";
  }

  /**
   * What an answer is worth. `indeterminate` is "not signed" where nothing at all can be validated, as RFC 4033 5 means
   * it; but once something was, it is the failure of RFC 4035 4.3, which may be an attack. RFC 7672 2.1.1
   */
  #standing(security: Security): "secure" | "insecure" | "failed" {
    if (security === "bogus" || security === "indeterminate" && this.#validates) return "failed";
    if (isProof(security)) this.#validates = true;
    return security === "secure" ? "secure" : "insecure";
  }

  #options(): { signal?: AbortSignal } {
    return this.#signal === undefined ? {} : { signal: this.#signal };
  }
}

/** More reasons are not told in one sentence. */
const shownReasons = 3;

/** The answer that counts: the one with addresses; of two, the weaker. Or the plan, if there are none. */
function addressAnswer(
  { a, aaaa }: AddressAnswers,
): Pick<Answer, "security" | "canonicalName" | "why"> | DanePlan {
  const answers = [a, aaaa].filter((one) => one !== null);
  const found = answers.filter((one) => one.status === "found");
  const weakest = found.find((one) => one.security !== "secure") ?? found[0];
  if (weakest !== undefined) return weakest;
  const silent = answers.find((one) => one.status === "failed");
  if (silent !== undefined) return failed(`the addresses of ${shown(silent.name)}`, silent);
  return later("the host has no addresses");
}

function isProof(security: Security | undefined): boolean {
  return security === "secure" || security === "insecure";
}

function isAddress(host: string): boolean {
  return host.startsWith("[") || host.includes(":") || /^[\d.]+$/.test(host);
}

function nameOf(host: string): Name {
  return `${asciiDomain(host)}.`;
}

/** RFC 7672 2.2.3; null where it would be too long. */
function serviceName(port: number, base: Name): Name | null {
  try {
    return nameFromText(`_${port}._tcp.${base}`);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}

function shown(name: Name): string {
  return name.replace(/\.$/, "").toLowerCase();
}

function none(why: string): DanePlan {
  return { kind: "none", why };
}

function later(why: string): DanePlan {
  return { kind: "later", report: null, why };
}

function failed(what: string, { why, failure }: Pick<Answer, "why" | "failure">): DanePlan {
  const report = failure === "bogus" || failure === "serverFailure" ? "dnssec-invalid" : null;
  return { kind: "later", report, why: `${what} could not be looked up (${failure}): ${why}` };
}
