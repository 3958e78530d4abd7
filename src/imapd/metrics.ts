/**
 * What is counted of IMAP.
 *
 * Tested by `src/imapd/serve_imap_test.ts`.
 *
 * @module
 */
import type { Counter, Histogram, Metrics } from "../base/metrics.ts";

/** Metrics of all IMAP connections of a process. */
export interface ImapMetrics {
  /** `service`: imap, imaps. */
  readonly connections: Counter;
  /** Seconds. `cmd`: the verb; `result`: ok, no, bad, error (of ours), closed. */
  readonly commandSeconds: Histogram;
  /** `kind`: imap; `variant`: the mechanism; `result`: ok, aborted, or the reason of the refusal. */
  readonly authentications: Counter;
  /** `kind`: imap. */
  readonly rateLimited: Counter;
  /** Errors that are bugs of ours. `pkg`: imapserver. */
  readonly panics: Counter;
}

export function imapMetrics(metrics: Metrics): ImapMetrics {
  return {
    connections: metrics.counter("mailden_imap_connection_total", "IMAP connections accepted."),
    commandSeconds: metrics.histogram(
      "mailden_imap_command_duration_seconds",
      "Time from an IMAP command to its tagged response.",
    ),
    authentications: metrics.counter("mailden_authentication_total", "Attempts to sign in."),
    rateLimited: metrics.counter(
      "mailden_authentication_ratelimited_total",
      "Attempts to sign in that were refused because of earlier failures.",
      [{ kind: "imap" }],
    ),
    panics: metrics.counter("mailden_panic_total", "Errors that are bugs.", [{ pkg: "imapserver" }]),
  };
}
