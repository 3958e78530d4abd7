/**
 * What follows from one result of one recipient: a pure function of what was asked and what happened.
 *
 * Nobody is told of a message without sender (RFC 5321 4.5.5, RFC 3461 5.2.1), nor of our own notices: so no notice
 * can ever be the cause of another.
 *
 * @module
 */
import { type QueueRow, queueTraits } from "../store/queue_rows.ts";
import { parseDsnRequest, wants } from "./dsn_request.ts";
import type { QueueResult } from "./queue.ts";
import { delayNoticeAfter, isLast } from "./schedule.ts";
import { suppresses } from "./suppression.ts";

/** What becomes of a recipient. */
export type Consequence =
  | {
    readonly kind: "retire";
    readonly outcome: "delivered" | "failed" | "suppressed";
    /** What the sender is told. */
    readonly notice: "failed" | "relayed" | null;
    /** Whether the account's mail to this address is not to be sent any more. */
    readonly suppress: boolean;
  }
  | { readonly kind: "wait"; readonly notice: "delayed" | null };

/** What rows are looked at for. */
export type Concerned = Pick<QueueRow, "attempts" | "max_attempts" | "traits" | "dsn" | "sender">;

export function consequenceOf(row: Concerned, result: QueueResult): Consequence {
  const { notify } = parseDsnRequest(row.dsn);
  const isHeard = hears(row);
  if (result.outcome === "delivered") {
    // Who asked for news of success is told that it went to a host which sends none. RFC 3461 5.2.2
    const relayed = isHeard && wants(notify, "SUCCESS") && !result.relaysDsn;
    return { kind: "retire", outcome: "delivered", notice: relayed ? "relayed" : null, suppress: false };
  }
  const isPermanent = result.outcome === "permanent";
  if (isPermanent || isLast(row.attempts, row.max_attempts)) {
    const notice = isHeard && wants(notify, "FAILURE") ? "failed" : null;
    return {
      kind: "retire",
      outcome: "failed",
      notice,
      suppress: isPermanent && suppresses(result.code, result.status),
    };
  }
  const isLate = row.attempts >= delayNoticeAfter && (row.traits & queueTraits.delayTold) === 0;
  return { kind: "wait", notice: isHeard && isLate && wants(notify, "DELAY") ? "delayed" : null };
}

/** What follows when a recipient is given up without an attempt. */
export function endOf(row: Concerned, outcome: "failed" | "suppressed"): Consequence {
  const { notify } = parseDsnRequest(row.dsn);
  const notice = hears(row) && wants(notify, "FAILURE") ? "failed" : null;
  return { kind: "retire", outcome, notice, suppress: false };
}

function hears({ sender, traits }: Concerned): boolean {
  return sender !== "" && (traits & queueTraits.notice) === 0;
}
