/**
 * What the runner asks about TLS of a domain, and whom it tells how TLS went: interfaces, so that who sends and who
 * fetches policies know nothing of each other.
 *
 * @module
 */
import type { Decision } from "../../mtasts/life.ts";
import type { Policy } from "../../mtasts/policy.ts";
import type { Session } from "../../tlsrpt/results.ts";

/** What is known of a domain's MTA-STS policy, now. RFC 8461 */
export interface StsFinding extends Pick<Decision, "isConfirmed" | "isUncertain" | "report" | "why"> {
  /** The policy to follow; null if there is none. */
  readonly policy: Policy | null;
}

/** Policies, kept and fetched. */
export interface StsPolicies {
  /**
   * Looks up, fetches if need be, waits a minute at most. Rejects only when `signal` aborts.
   *
   * @param domain The recipients' own, in A-labels.
   */
  policyOf(domain: string, signal?: AbortSignal): Promise<StsFinding>;
}

/** How TLS went, by policy domain. RFC 8460 */
export interface TlsNotes {
  /** Never throws; what is told is kept some time later. @param domain The recipients' own, in A-labels. */
  note(domain: string, session: Session): void;
}
