/**
 * Rows of the queue as an administrator is shown them.
 *
 * Tested by `src/queue/queue_admin_service_test.ts`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { ShownRow } from "../store/queue_admin_rows.ts";
import type { QueueRetiredTable } from "../store/queue_schema.ts";
import type { AttemptRecord } from "./attempt_records.ts";
import { isDropped } from "./consequences.ts";
import type { AttemptResult, QueuedRecipient, RetiredRecipient } from "./queue_admin.ts";

/** What the row does not tell: whether it, or another one of its domain, is being worked on. */
export interface UnderWay {
  readonly leased: boolean;
  readonly busy: boolean;
}

export function shownQueued(
  row: ShownRow,
  account: string,
  { leased, busy }: UnderWay,
  now: Millis,
): QueuedRecipient {
  return {
    id: row.id,
    baseId: row.base_id,
    account,
    sender: row.sender,
    recipient: row.recipient,
    domain: row.domain,
    submitted: row.submitted,
    hold: row.hold === 1,
    attempts: row.attempts,
    maxAttempts: Math.max(row.max_attempts, row.attempts),
    nextAttempt: row.due,
    lastAttempt: row.last_attempt,
    leased,
    dropped: isDropped(row),
    behind: busy && !leased && row.hold === 0 && row.due <= now,
    results: resultsOf(row.results),
    size: row.size,
    messageId: row.message_id,
    subject: row.subject,
    fromId: row.from_id,
    transport: row.transport,
    requireTls: row.require_tls === null ? null : row.require_tls === 1,
    futureRelease: row.release,
  };
}

export function shownRetired(row: QueueRetiredTable, account: string): RetiredRecipient {
  return {
    id: row.id,
    baseId: row.base_id,
    account,
    sender: row.sender,
    recipient: row.recipient,
    submitted: row.submitted,
    retired: row.retired,
    attempts: row.attempts,
    outcome: row.outcome as RetiredRecipient["outcome"], // Only `retire()` writes it.
    results: resultsOf(row.results),
    size: row.size,
    messageId: row.message_id,
    subject: row.subject,
    fromId: row.from_id,
  };
}

/** As `conclude.ts` wrote it. */
function resultsOf(json: string): AttemptResult[] {
  return (JSON.parse(json) as AttemptRecord[]).map(({ at, ok, ...result }) => ({
    startedAt: at,
    delivered: ok,
    ...result,
  }));
}
