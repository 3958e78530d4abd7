/**
 * What the SMTP server counts.
 *
 * Tested by `tests/transcripts/smtp_transcript_test.ts`.
 *
 * @module
 */
import { type Counter, fastBuckets, type Histogram, type Metrics } from "../base/metrics.ts";
import type { SmtpSettings } from "./settings.ts";

/** The metrics of all listeners of a process. */
export interface SmtpMetrics {
  /** kind */
  readonly connections: Counter;
  /** kind, cmd, code, ecode */
  readonly commands: Histogram;
  /** result (`delivered`, `reject`, `unknownuser`, `delivererror`), reason */
  readonly deliveries: Counter;
  /** result (`ok`, `badfrom`, `badmessage`, `queueerror`) */
  readonly submissions: Counter;
  /** error (`servererror`, `timeout`, `io`) */
  readonly errors: Counter;
  /** Handshakes asked for on port 25, and how those failed: reason. */
  readonly startTls: Counter;
  readonly startTlsErrors: Counter;
}

/** Registers them; twice is once. */
export function smtpMetrics(metrics: Metrics): SmtpMetrics {
  const kinds: SmtpSettings["kind"][] = ["delivery", "submission", "submissions"];
  const errors = ["servererror", "timeout", "io"];
  const name = (rest: string) => `mailden_smtpserver_${rest}`;
  return {
    connections: metrics.counter(name("connection_total"), "Connections.", kinds.map((kind) => ({ kind }))),
    commands: metrics.histogram(
      name("command_duration_seconds"),
      "From a command (of DATA: the whole message) to its reply.",
      [...fastBuckets, 60, 120],
    ),
    deliveries: metrics.counter(name("delivery_total"), "Recipients of incoming messages, by result."),
    submissions: metrics.counter(name("submission_total"), "Messages of users, by result."),
    errors: metrics.counter(
      name("errors_total"),
      "Connections and commands that failed.",
      errors.map((error) => ({ error })),
    ),
    startTls: metrics.counter(name("delivery_starttls_total"), "STARTTLS on port 25.", [{}]),
    startTlsErrors: metrics.counter(
      name("delivery_starttls_errors_total"),
      "Handshakes on port 25 that failed.",
    ),
  };
}
