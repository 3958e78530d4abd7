/**
 * What is kept of the attempts of a recipient, as JSON in its row.
 *
 * Tested by `src/queue/conclude_test.ts`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { maxResults, maxResultText, type QueueReport, type QueueResult } from "./queue.ts";

/** One attempt of one recipient, as the queue's list tells it. */
export interface AttemptRecord {
  readonly at: Millis;
  readonly ms: number;
  readonly ok: boolean;
  readonly code: number;
  readonly status: string;
  readonly text: string;
  readonly host: string;
  readonly address: string;
}

/** What is recorded of an attempt beside its results. */
export type Attempt = Pick<QueueReport, "startedAt" | "ms" | "dialed">;

/** The list of attempts with this one; the oldest go where there are too many. */
export function addRecord(json: string, record: AttemptRecord): string {
  const records = JSON.parse(json) as AttemptRecord[]; // Written by us.
  records.push({ ...record, text: record.text.slice(0, maxResultText) });
  return JSON.stringify(records.slice(-maxResults));
}

/** One result as it is kept. */
export function recordOf(result: QueueResult, attempt: Attempt): AttemptRecord {
  return {
    at: attempt.startedAt,
    ms: attempt.ms,
    ok: result.outcome === "delivered",
    code: result.code,
    status: result.status,
    text: result.text,
    host: result.remote?.host ?? "",
    address: result.remote?.address ?? "",
  };
}

/** Addresses that are remembered as dialled. */
export const maxDialed = 20;

/** The list of addresses with these; the oldest go. */
export function addDialed(json: string, dialed: readonly string[]): string {
  return JSON.stringify([...JSON.parse(json) as string[], ...dialed].slice(-maxDialed));
}
