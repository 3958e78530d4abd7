/**
 * How TLS went: what is counted of each attempt, by policy domain and UTC day, as plain data. RFC 8460 4.2, 4.3
 *
 * Counts of one day can be kept, added to and merged in any order: what two processes saw, or what was written down
 * before a restart, is the same as if one had seen it all. Limits bound what a domain that fails in ever new ways can
 * make us keep: beyond them failures are still counted, only not told apart, and more than {@link maxPolicies} policies
 * of one day are not kept at all.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";

/** RFC 8460 4.3, 6.6 */
export const resultTypes = [
  "starttls-not-supported",
  "certificate-host-mismatch",
  "certificate-expired",
  "certificate-not-trusted",
  "validation-failure",
  "tlsa-invalid",
  "dnssec-invalid",
  "dane-required",
  "sts-policy-fetch-error",
  "sts-policy-invalid",
  "sts-webpki-invalid",
] as const;
export type ResultType = typeof resultTypes[number];

/** The policy that applied. RFC 8460 4.4 */
export interface AppliedPolicy {
  readonly type: "sts" | "tlsa" | "no-policy-found";
  /** Lines of the MTA-STS policy, or each TLSA record as text; empty where there was none. RFC 8460 4.5 */
  readonly text: readonly string[];
  /** In A-labels: the next hop's for MTA-STS and where there is no policy, the TLSA base domain for DANE. */
  readonly domain: string;
  /** The patterns of an MTA-STS policy; empty for others. RFC 8460 erratum 6241 makes it a list. */
  readonly mxHosts: readonly string[];
}

/** One way to fail, and how often it was met. */
export interface Failure {
  readonly type: ResultType;
  /** Addresses as text, null where no connection was made. */
  readonly sendingIp: string | null;
  readonly receivingHost: string | null;
  readonly receivingHelo: string | null;
  readonly receivingIp: string | null;
  /** A short code or text of what was wrong. */
  readonly reason: string | null;
  readonly count: number;
}

/** What became of sessions under one policy. */
export interface PolicyResults {
  readonly policy: AppliedPolicy;
  readonly successes: number;
  /** Sessions that failed; one session may have several failures, so their counts may add up to more. */
  readonly failures: number;
  readonly details: readonly Failure[];
}

/** One policy domain, one day. */
export interface DayResults {
  /** In A-labels. */
  readonly domain: string;
  /** The UTC day's beginning. */
  readonly day: Millis;
  readonly policies: readonly PolicyResults[];
}

/** One session, as the queue tells of it: whom it was with, and everything that was wrong. */
export interface Session {
  readonly policy: AppliedPolicy;
  /** Empty if all went as the policy wants it. */
  readonly failures: readonly Omit<Failure, "count">[];
}

/** Different policies of one domain and day; a domain may change its own, but not for ever. */
export const maxPolicies = 20;
/** Ways to fail that are told apart, of one policy. */
export const maxFailures = 100;
/** Characters of any text of a stranger that is kept. */
export const maxTextLength = 300;
/** Lines of a policy that are told. */
export const maxPolicyLines = 200;
/** Characters of each: a TLSA record may hold a whole certificate. */
export const maxPolicyLine = 4096;
/** Failures of one session that are looked at. */
export const maxSessionFailures = 20;

/** The beginning of the UTC day. RFC 8460 4.1 */
export function dayOf(at: Millis): Millis {
  return Math.floor(at / dayMs) * dayMs;
}
export const dayMs = 24 * 3600 * 1000;

/** No sessions yet. */
export function noResults(domain: string, at: Millis): DayResults {
  return { domain, day: dayOf(at), policies: [] };
}

/** The results with one session more. */
export function addSession(results: DayResults, session: Session): DayResults {
  const details = session.failures.slice(0, maxSessionFailures).map((one) => ({
    ...cleanFailure(one),
    count: 1,
  }));
  const failed = session.failures.length > 0;
  const one = {
    policy: cleanPolicy(session.policy),
    successes: failed ? 0 : 1,
    failures: failed ? 1 : 0,
    details: mergeDetails([], details),
  };
  return { ...results, policies: mergePolicies(results.policies, [one]) };
}

/**
 * Two results of the same domain and day as one.
 *
 * @throws {TypeError} If they are not.
 */
export function mergeResults(a: DayResults, b: DayResults): DayResults {
  if (a.domain !== b.domain || a.day !== b.day) throw new TypeError("results of another domain or day");
  return { ...a, policies: mergePolicies(a.policies, b.policies) };
}

/** Whether there is anything to tell but that all is well. */
export function hasFailures({ policies }: DayResults): boolean {
  return policies.some((one) => one.failures > 0);
}

function mergePolicies(a: readonly PolicyResults[], b: readonly PolicyResults[]): PolicyResults[] {
  const merged = new Map<string, PolicyResults>();
  for (const one of [...a, ...b]) {
    const key = JSON.stringify(one.policy);
    const known = merged.get(key);
    if (known !== undefined) {
      merged.set(key, {
        policy: one.policy,
        successes: sum(known.successes, one.successes),
        failures: sum(known.failures, one.failures),
        details: mergeDetails(known.details, one.details),
      });
    } else if (merged.size < maxPolicies) merged.set(key, one);
  }
  return [...merged.values()];
}

function mergeDetails(a: readonly Failure[], b: readonly Failure[]): Failure[] {
  const merged = new Map<string, Failure>();
  const add = (failure: Failure, isRest: boolean): boolean => {
    const { count, ...rest } = failure;
    const key = JSON.stringify(rest);
    const known = merged.get(key);
    if (known === undefined && merged.size >= maxFailures && !isRest) return false;
    merged.set(key, { ...failure, count: sum(known?.count ?? 0, count) });
    return true;
  };
  // Beyond the limit only the kind is told.
  for (const one of [...a, ...b]) {
    if (!add(one, one.reason === restReason)) add({ ...bare(one.type), count: one.count }, true);
  }
  return [...merged.values()];
}

function bare(type: ResultType): Omit<Failure, "count"> {
  return {
    type,
    sendingIp: null,
    receivingHost: null,
    receivingHelo: null,
    receivingIp: null,
    reason: restReason,
  };
}

const restReason = "more failures than are told apart";

function cleanPolicy({ type, text, domain, mxHosts }: AppliedPolicy): AppliedPolicy {
  const lines = text.slice(0, maxPolicyLines).map((one) => one.slice(0, maxPolicyLine).toWellFormed());
  return { type, text: lines, domain, mxHosts: mxHosts.slice(0, maxPolicyLines) };
}

function cleanFailure(failure: Omit<Failure, "count">): Omit<Failure, "count"> {
  return {
    type: failure.type,
    sendingIp: failure.sendingIp,
    receivingHost: cleanText(failure.receivingHost),
    receivingHelo: cleanText(failure.receivingHelo),
    receivingIp: failure.receivingIp,
    reason: cleanText(failure.reason),
  };
}

/** One line, bounded, well-formed: RFC 8460 7 warns of what strangers put into reports, RFC 7493 2.1 of half characters. */
function cleanText(text: string | null): string | null {
  if (text === null) return null;
  return text.slice(0, maxTextLength).toWellFormed().replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, " ")
    .trim();
}

function sum(a: number, b: number): number {
  return Math.min(a + b, Number.MAX_SAFE_INTEGER); // RFC 7493 2.2
}
