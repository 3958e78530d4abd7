/**
 * What becomes of a message from a stranger, as long as accounts have no reputation and no junk filter: a pure function
 * of the evidence, so that it can be asked again later.
 *
 * @module
 */
import type { Evidence } from "../evidence/evidence.ts";
import {
  authenticationVerdict,
  defaultRules,
  strangerVerdict,
  type Verdict,
  type VerdictRules,
} from "../evidence/verdict.ts";

/** Gives the verdict on a message. */
export type Judge = (evidence: Evidence) => Verdict;

/** Where an author's domain asks for quarantine, that is the junk mailbox: the reference refuses it. RFC 9989 4.7 */
const usualRules: VerdictRules = { ...defaultRules, dmarcQuarantine: "junk" };

/**
 * The verdict. A failed SPF check alone is not held against anybody yet: forwarding breaks it, and there is no reputation
 * that would make up for it. Blocklists count, which the administrator has chosen.
 *
 * @param trustedSealers Domains whose ARC seals the administrator believes, in normal form.
 */
export function judgeStranger(evidence: Evidence, trustedSealers: readonly string[] = []): Verdict {
  const rules = { ...usualRules, trustedSealers };
  const spf = { ...evidence.spf, status: "neutral" as const };
  return authenticationVerdict(evidence, rules) ?? strangerVerdict({ ...evidence, spf });
}
