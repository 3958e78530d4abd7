/**
 * Adds how TLS went to what the store knows of domains and days. RFC 8460
 *
 * What comes from the front is looked at before it is kept: whoever reports one day relies on its shape.
 *
 * @module
 */
import { normalForm } from "../address/domain.ts";
import { KiB } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import { Refused } from "../base/errors.ts";
import type { Work } from "../store/query.ts";
import type { Store } from "../store/store.ts";
import { keepTlsResults, tlsResultsOf } from "../store/tls_results.ts";
import {
  dayMs,
  type DayResults,
  type Failure,
  maxFailures,
  maxPolicies,
  maxPolicyLine,
  maxPolicyLines,
  maxTextLength,
  mergeResults,
  type PolicyResults,
  resultTypes,
} from "../tlsrpt/results.ts";
import { maxTlsResults } from "./queue.ts";

/** Characters that are kept of one domain and day, as JSON. What would make them more is not added. */
export const maxKeptText = 256 * KiB;

/** Days that notes may be of, before today and after: they are made when a day ends, and clocks differ. */
const daysBack = 2;
const daysAhead = 1;

/**
 * Merges these with what is known, all in one unit.
 *
 * @throws {Refused} `tooMany` for more than {@link maxTlsResults}, `badRequest` for what is none.
 */
export async function noteTls(store: Store, results: readonly DayResults[]): Promise<void> {
  if (!Array.isArray(results)) throw bad("list");
  if (results.length > maxTlsResults) throw new Refused("tooMany", "too many domains and days at once");
  const now = store.clock.now();
  for (const each of results) {
    try {
      check(each, now);
    } catch (error) {
      throw error instanceof TypeError ? bad("shape") : error;
    }
  }
  if (results.length === 0) return;
  const left = await store.writer.run(function* (): Work<number> {
    let left = 0;
    const counted = new Map<Millis, number>();
    for (const each of results) if (!(yield* noteOne(each, counted))) left++;
    return left;
  });
  if (left > 0) store.log.warn("there was no room for results of TLS", { domains: left });
}

function* noteOne(added: DayResults, counted: Map<Millis, number>): Work<boolean> {
  const { domain, day } = added;
  const known = yield* tlsResultsOf(day, domain);
  const merged = mergeResults({ domain, day, policies: parseTlsResults(known ?? "[]") }, added);
  const policies = JSON.stringify(merged.policies);
  return policies.length <= maxKeptText && (yield* keepTlsResults(day, domain, policies, counted));
}

/** As {@link noteTls} keeps them. */
export function parseTlsResults(json: string): PolicyResults[] {
  return JSON.parse(json) as PolicyResults[]; // Checked before it was written.
}

function check({ domain, day, policies }: DayResults, now: Millis): void {
  const today = Math.floor(now / dayMs);
  if (typeof domain !== "string" || domain !== domain.toLowerCase() || normalForm(domain) === null) {
    throw bad("domain");
  }
  const isNear = Number.isInteger(day / dayMs) && day / dayMs >= today - daysBack &&
    day / dayMs <= today + daysAhead;
  if (!isNear) throw bad("day");
  if (!Array.isArray(policies) || policies.length > maxPolicies) throw bad("list of policies");
  for (const each of policies) checkPolicy(each);
}

function checkPolicy({ policy, successes, failures, details }: PolicyResults): void {
  const { type, text, domain, mxHosts } = policy;
  if (type !== "sts" && type !== "tlsa" && type !== "no-policy-found") throw bad("type of policy");
  if (!isText(domain, maxTextLength)) throw bad("policy domain");
  for (const lines of [text, mxHosts]) {
    const isGood = Array.isArray(lines) && lines.length <= maxPolicyLines &&
      lines.every((line) => isText(line, maxPolicyLine));
    if (!isGood) throw bad("policy");
  }
  if (!isCount(successes) || !isCount(failures)) throw bad("count");
  // One kind each may stand behind those that are told apart.
  if (!Array.isArray(details) || details.length > maxFailures + resultTypes.length) throw bad("details");
  for (const each of details) checkFailure(each);
}

function checkFailure(failure: Failure): void {
  if (!resultTypes.includes(failure.type) || !isCount(failure.count)) throw bad("failure");
  const { sendingIp, receivingHost, receivingHelo, receivingIp, reason } = failure;
  for (const text of [sendingIp, receivingHost, receivingHelo, receivingIp, reason]) {
    if (text !== null && !isText(text, maxTextLength)) throw bad("failure");
  }
}

function isText(text: unknown, limit: number): boolean {
  return typeof text === "string" && text.length <= limit && text.isWellFormed();
}

function isCount(count: unknown): boolean {
  return Number.isSafeInteger(count) && (count as number) >= 0; // It is a number by then.
}

function bad(what: string): Refused {
  return new Refused("badRequest", `results of TLS with a ${what} that is none`);
}
