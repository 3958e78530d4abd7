/**
 * What follows from one result of one recipient: a pure function of what was asked and what happened.
 *
 * Nobody is told of a message without sender (RFC 5321 4.5.5, RFC 3461 5.2.1), nor of our own notices: so no notice
 * can ever be the cause of another.
 *
 * @module
 */
import { type QueueRow, queueTraits } from "../store/queue_rows.ts";
import type { Suppression } from "../store/suppressions.ts";
import { parseDsnRequest, wants } from "./dsn_request.ts";
import type { QueueResult } from "./queue.ts";
import { delayNoticeAfter, isLast } from "./schedule.ts";

/** What becomes of a recipient. */
export type Consequence =
  | {
    readonly kind: "retire";
    readonly outcome: "delivered" | "failed" | "suppressed" | "dropped";
    /** What the sender is told. */
    readonly notice: "failed" | "relayed" | null;
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
    return { kind: "retire", outcome: "delivered", notice: relayed ? "relayed" : null };
  }
  if (isDropped(row)) return { kind: "retire", outcome: "dropped", notice: null };
  const { attempts, max_attempts: maxAttempts } = row;
  if (result.outcome === "permanent" || isLast(attempts, maxAttempts, result.unconfirmed)) {
    const notice = isHeard && wants(notify, "FAILURE") ? "failed" : null;
    return { kind: "retire", outcome: "failed", notice };
  }
  const isLate = row.attempts >= delayNoticeAfter && (row.traits & queueTraits.delayTold) === 0;
  return { kind: "wait", notice: isHeard && isLate && wants(notify, "DELAY") ? "delayed" : null };
}

/** Why a recipient is given up without an attempt. */
export interface Ending {
  readonly outcome: "failed" | "suppressed" | "dropped";
  /** RFC 3463, of class 5. */
  readonly status: string;
  /** What the sender is told. */
  readonly text: string;
}

/** What follows from that. */
export function endOf(row: Concerned, { outcome }: Ending): Consequence {
  const { notify } = parseDsnRequest(row.dsn);
  const notice = hears(row) && outcome !== "dropped" && wants(notify, "FAILURE") ? "failed" : null;
  return { kind: "retire", outcome, notice };
}

/** Whether somebody dropped it while it was being sent. */
export function isDropped({ traits }: Pick<QueueRow, "traits">): boolean {
  return (traits & queueTraits.dropped) !== 0;
}

/** How a message ends that was dropped while it was being sent, and of which nobody knows how that went. */
export const droppedEnding: Ending = {
  outcome: "dropped",
  status: "5.0.0",
  text: "It was dropped while it was being sent; nobody knows whether it arrived.",
};

/**
 * How a message ends whose recipient is on the account's list. RFC 3463 3.3: it takes no mail, here as its
 * sender has it.
 */
export function suppressedEnding({ automatic, reason, created }: Suppression): Ending {
  const since = new Date(created).toISOString().slice(0, 10);
  const who = automatic ? "Messages to it came back" : "Somebody put it there";
  const why = reason === "" ? "" : `: ${reason}`;
  return {
    outcome: "suppressed",
    status: "5.2.1",
    text:
      "It was not sent: the address is on the account's list of those to whom nothing is sent, until it is taken off. " +
      `${who} on ${since}${why}`,
  };
}

function hears({ sender, traits }: Concerned): boolean {
  return sender !== "" && (traits & queueTraits.notice) === 0;
}
