/**
 * Whether a message passes DMARC, and what its Author Domain wants done if not. RFC 9989 5.3
 *
 * A pure function of what was found out before: the same findings always give the same result. What could not be
 * found out for now neither passes nor fails anything (RFC 9989 5.3.6): where a signature or an SPF check that might
 * have made the message pass had a temporary error, the result is `temperror` and no policy is applied. Errors of
 * identifiers that could not be aligned anyway change nothing, or a forger would add one.
 *
 * @module
 */
import type { Security } from "../dns/resolver.ts";
import type { Discovery } from "./discovery.ts";
import {
  type AlignmentMode,
  type DmarcRecord,
  milder,
  policies,
  type Policy,
  policyBelow,
} from "./record.ts";

/** RFC 9989 9.2 */
export type DmarcStatus = "none" | "pass" | "fail" | "temperror" | "permerror";

/** What is looked at of an SPF check of MAIL FROM (of postmaster at the HELO name, for the null sender). */
export interface SpfIdentifier {
  readonly status: string;
  /** That was checked, in normal form; null if there was none. RFC 9989 3.2.4 */
  readonly domain: string | null;
}

/** What is looked at of a DKIM signature. That its key is marked as a test does not matter (`dkim/verdict.ts` says why). */
export interface DkimIdentifier {
  readonly status: string;
  /** `d=` in normal form; null if it could not be read. */
  readonly domain: string | null;
  /** Only the beginning of the body is signed (`l=`): whoever adds to it is not the signer, so it aligns nothing. */
  readonly lengthLimited: boolean;
}

/** All that the result depends on. */
export interface DmarcInput {
  readonly discovery: Discovery;
  /** Null if there was no check. */
  readonly spf: SpfIdentifier | null;
  readonly dkim: readonly DkimIdentifier[];
  /**
   * Organizational Domains of identifiers, those that {@link domainsToWalk} names; null where a lookup failed.
   * RFC 9989 4.10.2
   */
  readonly organizations: ReadonlyMap<string, string | null>;
}

/** An identifier that makes the message pass. */
export interface AlignedIdentifier {
  readonly mechanism: "spf" | "dkim";
  readonly domain: string;
  /** `strict` if it is the Author Domain, whatever the record asks for. */
  readonly alignment: AlignmentMode;
}

/** Why a published policy was not applied. RFC 9990 3.1.6 */
export interface PolicyOverride {
  readonly type: "local_policy" | "mailing_list" | "other" | "policy_test_mode" | "trusted_forwarder";
  readonly comment: string;
}

/** What DMARC says of a message. Plain data. */
export interface DmarcResult {
  readonly status: DmarcStatus;
  /** What the Author Domain wants done; `none` unless it fails. A test (`t=y`) makes it one level milder. */
  readonly policy: Policy;
  /** What the record asks for in the case of this domain, before any override; null where no record applies. */
  readonly publishedPolicy: Policy | null;
  readonly alignedBy: readonly AlignedIdentifier[];
  /** The Author Domain; null if there is none. */
  readonly domain: string | null;
  readonly organizationalDomain: string | null;
  readonly record: DmarcRecord | null;
  readonly recordDomain: string | null;
  readonly overrides: readonly PolicyOverride[];
  /** What DNSSEC says of the record or its absence; null if nobody asked for one. */
  readonly security: Security | null;
  /** One sentence. */
  readonly why: string;
}

/**
 * What the Author Domain wants done if the message fails: of one that has a temporary error, what is at stake.
 *
 * @returns Null if nobody knows.
 */
export function policyAtStake({ status, publishedPolicy, record }: DmarcResult): Policy | null {
  if (status === "none" || status === "permerror") return "none";
  if (publishedPolicy === null) return null;
  return record?.testing === true ? milder(publishedPolicy) : publishedPolicy;
}

/** RFC 9989 5.3.4 to 5.3.6 */
export function evaluate(input: DmarcInput): DmarcResult {
  const { discovery } = input;
  const { record, recordDomain, organizationalDomain, domain, security } = discovery;
  const base: DmarcResult = {
    status: "none",
    policy: "none",
    publishedPolicy: null,
    alignedBy: [],
    domain,
    organizationalDomain,
    record,
    recordDomain,
    overrides: [],
    security,
    why: discovery.why,
  };
  if (discovery.status === "failed") return { ...base, status: "temperror" };
  if (record === null) return base;
  if (!record.usable) {
    return {
      ...base,
      status: "permerror",
      why: `the record of ${recordDomain} has no policy that can be read`,
    };
  }
  const { alignedBy, uncertain } = align(record, input);
  const publishedPolicy = policyFor(discovery, record);
  if (alignedBy.length > 0) {
    const by = alignedBy.map((one) => `${one.mechanism} of ${one.domain} (${one.alignment})`).join(", ");
    return { ...base, status: "pass", publishedPolicy, alignedBy, why: `${domain} is confirmed by ${by}` };
  }
  if (uncertain !== null) return { ...base, status: "temperror", publishedPolicy, why: uncertain };
  if (publishedPolicy === null) {
    const why =
      `nobody knows whether ${domain} exists, which decides between the policies of ${recordDomain}`;
    return { ...base, status: "temperror", why };
  }
  return { ...base, status: "fail", publishedPolicy, ...applied(record, publishedPolicy, discovery) };
}

/** The result of a message that has no single Author Domain to ask for. RFC 9989 5.3.1, 11.5 */
export function withoutAuthor(status: "none" | "permerror", why: string): DmarcResult {
  return {
    status,
    policy: "none",
    publishedPolicy: null,
    alignedBy: [],
    domain: null,
    organizationalDomain: null,
    record: null,
    recordDomain: null,
    overrides: [],
    security: null,
    why,
  };
}

/**
 * One result for a message of several Author Domains: the strictest policy of those that fail counts, and it passes
 * only if each does. RFC 9989 11.5
 *
 * @param results At least one.
 */
export function strictest(results: readonly DmarcResult[]): DmarcResult {
  const [worst] = [...results].sort((a, b) => severity(b) - severity(a));
  if (worst === undefined) throw new TypeError("no results");
  return worst;
}

/**
 * The policy weighs most, be it asked for or only at stake: else one author's harmless doubt would hide another's that may
 * end in a refusal. Then a failure more than a doubt, then what says nothing good.
 */
function severity(result: DmarcResult): number {
  const order = ["pass", "none", "permerror", "temperror", "fail"].indexOf(result.status);
  const isFailure = result.status === "fail" || result.status === "temperror";
  const policy = result.status === "fail" ? result.policy : policyAtStake(result) ?? "reject";
  return isFailure ? 10 * policies.indexOf(policy) + order : order;
}

/**
 * The identifiers whose Organizational Domain is wanted: those that may be aligned, and are not the Author Domain
 * itself. Who is neither the Author's organization nor below it is not of it, so strangers' signatures cause no walks.
 */
export function domainsToWalk(input: Omit<DmarcInput, "organizations">): string[] {
  const { discovery: { domain, record, organizationalDomain } } = input;
  if (record === null || organizationalDomain === null) return [];
  const domains = new Set<string>();
  for (const { mode, ...identifier } of identifiers(record, input)) {
    if (mode === "strict" || identifier.domain === domain) continue;
    if (isWithin(identifier.domain, organizationalDomain)) domains.add(identifier.domain);
  }
  return [...domains];
}

/** What passes or may still, with what the record asks for. */
interface Candidate {
  readonly mechanism: "spf" | "dkim";
  readonly domain: string;
  /** Else it had a temporary error. */
  readonly passed: boolean;
  readonly mode: AlignmentMode;
}

function identifiers(record: DmarcRecord, input: Pick<DmarcInput, "spf" | "dkim">): Candidate[] {
  const candidates: Candidate[] = [];
  const add = (mechanism: "spf" | "dkim", status: string, domain: string | null, mode: AlignmentMode) => {
    if (domain === null || status !== "pass" && status !== "temperror") return;
    candidates.push({ mechanism, domain, passed: status === "pass", mode });
  };
  if (input.spf !== null) add("spf", input.spf.status, input.spf.domain, record.spfAlignment);
  for (const { status, domain, lengthLimited } of input.dkim) {
    if (!lengthLimited) add("dkim", status, domain, record.dkimAlignment);
  }
  return candidates;
}

/** RFC 9989 4.10.2; `uncertain` says what may have to be tried again. */
function align(
  record: DmarcRecord,
  input: DmarcInput,
): { alignedBy: AlignedIdentifier[]; uncertain: string | null } {
  const alignedBy: AlignedIdentifier[] = [];
  let uncertain: string | null = null;
  for (const { mechanism, domain, passed, mode } of identifiers(record, input)) {
    const alignment = alignmentOf(domain, mode, input);
    if (alignment === "none") continue;
    if (alignment === "unknown") {
      uncertain ??= `nobody knows for now whether ${domain} is of the organization`;
    } else if (!passed) uncertain ??= `the ${mechanism} check of ${domain} had a temporary error`;
    else if (!alignedBy.some((one) => one.mechanism === mechanism && one.domain === domain)) {
      alignedBy.push({ mechanism, domain, alignment });
    }
  }
  return { alignedBy, uncertain };
}

function alignmentOf(
  domain: string,
  mode: AlignmentMode,
  { discovery, organizations }: DmarcInput,
): AlignmentMode | "none" | "unknown" {
  if (domain === discovery.domain) return "strict";
  if (mode === "strict") return "none";
  const organization = discovery.organizationalDomain;
  // The Organizational Domains of both would be at or above a name that both are in.
  if (organization === null) return topLabel(domain) === topLabel(discovery.domain) ? "unknown" : "none";
  if (!isWithin(domain, organization)) return "none";
  const other = organizations.get(domain) ?? null;
  if (other === null) return "unknown";
  return other === organization ? "relaxed" : "none";
}

/** Null if the policies differ and nobody knows whether the domain exists. RFC 9989 4.10.1 */
function policyFor({ domain, recordDomain, exists }: Discovery, record: DmarcRecord): Policy | null {
  if (recordDomain === domain) return record.policy;
  const [existing, nonexistent] = [policyBelow(record, true), policyBelow(record, false)];
  if (existing === nonexistent || exists === true) return existing;
  return exists === null ? null : nonexistent;
}

function applied(
  record: DmarcRecord,
  published: Policy,
  { domain, recordDomain, exists }: Discovery,
): Pick<DmarcResult, "policy" | "overrides" | "why"> {
  const below = recordDomain === domain ? "" : exists === false ? ", which does not exist," : "";
  const why =
    `no identifier of the organization confirms ${domain}${below}; ${recordDomain} asks for ${published}`;
  if (!record.testing || published === "none") return { policy: published, overrides: [], why };
  const policy = milder(published);
  const comment = `${recordDomain} tests its policy (t=y): ${policy} in place of ${published}`;
  return { policy, overrides: [{ type: "policy_test_mode", comment }], why: `${why}; ${comment}` };
}

function isWithin(domain: string, above: string): boolean {
  return domain === above || domain.endsWith(`.${above}`);
}

function topLabel(domain: string): string {
  return domain.slice(domain.lastIndexOf(".") + 1);
}
