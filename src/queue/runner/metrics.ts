/**
 * What the runner counts.
 *
 * Tested by `src/queue/runner/runner_test.ts`.
 *
 * @module
 */
import type { Counter, Gauge, Histogram, Metrics } from "../../base/metrics.ts";

export interface RunnerMetrics {
  /** attempt, transport (kind), tlsmode, result; seconds of a job. */
  readonly deliveries: Histogram;
  /** result */
  readonly connections: Counter;
  readonly connectionsOpen: Gauge;
  readonly destinations: Counter;
  readonly authentic: Counter;
  readonly daneRequired: Counter;
  readonly daneUnverified: Counter;
  readonly daneErrors: Counter;
  /** reason (`nopolicy`, `norequiretls`) */
  readonly requireTlsUnsupported: Counter;
  readonly plaintextFallback: Counter;
  /** ignored (`dane`, `mtasts`) */
  readonly tlsRequiredNo: Counter;
}

/** Seconds: most take less than one, tarpits minutes. */
const buckets = [.01, .05, .1, .5, 1, 5, 10, 20, 60, 300, 1800];

/** Attempts that are told apart. */
const maxAttemptLabel = 8;

/** Registers them; twice is once. */
export function runnerMetrics(metrics: Metrics): RunnerMetrics {
  const name = (rest: string) => `mailden_queue_${rest}`;
  return {
    deliveries: metrics.histogram(
      name("delivery_duration_seconds"),
      "Attempts, from start to report.",
      buckets,
    ),
    connections: metrics.counter(
      name("connection_total"),
      "Outgoing connections.",
      ["ok", "timeout", "canceled", "error"].map((result) => ({ result })),
    ),
    connectionsOpen: metrics.gauge(name("under_way"), "Jobs that are under way."),
    destinations: metrics.counter(name("destinations_total"), "Hosts that were looked up.", [{}]),
    authentic: metrics.counter(
      name("destinations_authentic_total"),
      "Of these, those whose records are signed (DNSSEC).",
      [{}],
    ),
    daneRequired: metrics.counter(
      name("destination_dane_required_total"),
      "Hosts with usable TLSA records.",
      [{}],
    ),
    daneUnverified: metrics.counter(
      name("destination_dane_starttlsunverified_total"),
      "Hosts with TLSA records none of which is usable.",
      [{}],
    ),
    daneErrors: metrics.counter(
      name("destination_dane_gathertlsa_errors_total"),
      "Hosts whose TLSA records could not be looked up.",
      [{}],
    ),
    requireTlsUnsupported: metrics.counter(
      name("requiretls_unsupported_total"),
      "Hosts that cannot take messages with REQUIRETLS.",
      ["nopolicy", "norequiretls"].map((reason) => ({ reason })),
    ),
    plaintextFallback: metrics.counter(
      name("plaintext_fallback_total"),
      "Connections without TLS after one on which it failed.",
      [{}],
    ),
    tlsRequiredNo: metrics.counter(
      name("tlsrequiredno_ignored_total"),
      "Policies that were ignored for TLS-Required: No.",
      ["dane", "mtasts"].map((ignored) => ({ ignored })),
    ),
  };
}

/** Of an attempt, bounded. */
export function attemptLabel(attempts: number): string {
  return attempts <= maxAttemptLabel ? String(attempts) : `${maxAttemptLabel}+`;
}
