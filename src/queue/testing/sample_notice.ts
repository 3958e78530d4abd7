/**
 * Rows and facts of notices, for tests.
 *
 * @module
 */
import type { Millis } from "../../base/clock.ts";
import type { QueueRow } from "../../store/queue_rows.ts";
import type { NoticeFacts } from "../conclude.ts";
import type { QueueResult } from "../queue.ts";

/** A recipient who waits. */
export function sampleRow(change: Partial<QueueRow> = {}): QueueRow {
  return {
    id: 7,
    account_id: 1,
    base_id: 7,
    body_id: 1,
    size: 10,
    prefix: new Uint8Array(),
    sender: "ann@example.org",
    recipient: "bob@x.example",
    domain: "x.example",
    submitted: 0,
    due: 0,
    attempts: 1,
    max_attempts: 8,
    last_attempt: 0,
    hold: 0,
    transport: "",
    require_tls: null,
    traits: 0,
    message_id: "1@example.org",
    subject: "s",
    from_id: "",
    dsn: "",
    release: "",
    dialed: "[]",
    results: "[]",
    ...change,
  };
}

/** What a host said that refuses for good. */
export const refusal: QueueResult = {
  id: 7,
  outcome: "permanent",
  code: 550,
  status: "5.1.1",
  text: "550 5.1.1 nobody here",
  remote: { host: "mx.x.example", address: "192.0.2.1" },
  relaysDsn: false,
};

/** One failure. */
export function sampleNotice(change: Partial<QueueRow>, at: Millis): NoticeFacts {
  return { kind: "failed", recipients: [{ row: sampleRow(change), result: refusal }], at, brief: false };
}
