/**
 * Which DMARC Policy Record applies to an Author Domain. RFC 9989 4.10.1
 *
 * @module
 */
import type { Security } from "../dns/resolver.ts";
import { weaker } from "../dns/security.ts";
import type { DmarcRecord } from "./record.ts";
import { organizationalDomain, type TreeWalker, type Walk, type WalkStep } from "./tree_walk.ts";

/** What the DNS says of an Author Domain. Plain data. */
export interface Discovery {
  /** The Author Domain, in normal form. */
  readonly domain: string;
  /** `failed`: nobody knows whether there is a record. */
  readonly status: "found" | "none" | "failed";
  readonly record: DmarcRecord | null;
  /** Where the record stands, the DMARC Policy Domain; null without. */
  readonly recordDomain: string | null;
  /** Null if a lookup failed. */
  readonly organizationalDomain: string | null;
  /** Whether the Author Domain exists; null if a lookup failed, or it makes no difference. RFC 9989 3.2.13 */
  readonly exists: boolean | null;
  /** The weakest of what DNSSEC says of the answers that led here. */
  readonly security: Security;
  /** One sentence. */
  readonly why: string;
}

/** Finds the record of an Author Domain. @param domain In normal form. */
export async function discover(domain: string, walker: TreeWalker): Promise<Discovery> {
  const discovery = fromWalk(await walker.walk(domain));
  if (!needsExistence(discovery)) return discovery;
  return { ...discovery, exists: await walker.exists(domain) };
}

/** Whether no failure left anything open that the result may depend on. */
export function isCertain(discovery: Discovery): boolean {
  return discovery.organizationalDomain !== null && !needsExistence(discovery);
}

/** RFC 9989 4.10.1: the domain's own record, else that of its organization, else that of the suffix above it. */
function fromWalk(walk: Walk): Discovery {
  const { domain, steps } = walk;
  const [own] = steps;
  const organization = organizationalDomain(walk);
  const base = {
    domain,
    organizationalDomain: organization,
    exists: own?.existenceProved === true ? true : null,
  };
  if (own !== undefined && own.record !== null) return found(base, own, steps.slice(0, 1));
  const failed = steps.find((step) => step.outcome === "failed");
  if (failed !== undefined) {
    return {
      ...base,
      status: "failed",
      record: null,
      recordDomain: null,
      ...weakest(steps),
      why: failed.why,
    };
  }
  const applies = steps.find((step) => step.record !== null && step.domain === organization) ??
    // What stands above the organization is a public suffix that wants its policy for all below (`psd=y`).
    steps.findLast((step) => step.record !== null);
  if (applies !== undefined) return found(base, applies, steps.slice(0, steps.indexOf(applies) + 1));
  const several = steps.find((step) => step.outcome === "several");
  const why = several?.why ?? `neither ${domain} nor a domain above it has a record`;
  return { ...base, status: "none", record: null, recordDomain: null, ...weakest(steps), why };
}

function found(
  base: Pick<Discovery, "domain" | "organizationalDomain" | "exists">,
  step: WalkStep,
  way: readonly WalkStep[],
): Discovery {
  const { record, domain: recordDomain, why } = step;
  return { ...base, status: "found", record, recordDomain, ...weakest(way), why };
}

function weakest(steps: readonly WalkStep[]): { security: Security } {
  const weakest = steps.reduce<Security | null>((sum, step) => weaker(sum, step.security), null);
  return { security: weakest ?? "indeterminate" };
}

/** Whether the policy depends on it. RFC 9989 4.7 (`np`) */
function needsExistence({ domain, record, recordDomain, exists }: Discovery): boolean {
  if (record === null || recordDomain === domain || exists !== null) return false;
  const existing = record.subdomainPolicy ?? record.policy;
  return record.nonexistentPolicy !== null && record.nonexistentPolicy !== existing;
}
