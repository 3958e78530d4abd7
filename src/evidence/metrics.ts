/**
 * What gathering evidence counts.
 *
 * Tested by `src/evidence/gather_test.ts`.
 *
 * @module
 */
import { type Counter, fastBuckets, type Histogram, type Metrics } from "../base/metrics.ts";

/**
 * How a message's evidence ended: `complete`; `late`: the deadline cut lookups off; `cut`: another limit did; `givenUp`:
 * nobody waited for it any more.
 */
export const evidenceResults = ["complete", "late", "cut", "givenUp"] as const;
export type EvidenceResult = typeof evidenceResults[number];

/** The metrics of all messages of a process. */
export interface EvidenceMetrics {
  /** result */
  readonly gathered: Counter;
  /** From the end of a message until its evidence was there. */
  readonly waited: Histogram;
}

/** Registers them; twice is once. */
export function evidenceMetrics(metrics: Metrics): EvidenceMetrics {
  return {
    gathered: metrics.counter(
      "mailden_evidence_total",
      "Messages of which evidence was gathered, by whether all of it came in time.",
      evidenceResults.map((result) => ({ result })),
    ),
    waited: metrics.histogram(
      "mailden_evidence_wait_seconds",
      "From the end of a message until its evidence was there.",
      [...fastBuckets, 60],
    ),
  };
}
