/**
 * What an administrator sees and does of outgoing mail. Plain data: it crosses an RPC connection.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import type { Methods } from "../rpc/service.ts";

/** Which messages; all that is given must match, and null matches everything. */
export interface QueueFilter {
  readonly ids: readonly number[] | null;
  /** Name of an account; empty for the server's own messages. */
  readonly account: string | null;
  /** Part of the sender's address, whatever its case; `<>` for the null sender. */
  readonly from: string | null;
  readonly to: string | null;
  readonly hold: boolean | null;
  /** From (inclusive) and until (exclusive). */
  readonly submitted: Span | null;
  readonly nextAttempt: Span | null;
  /** The transport that was chosen by hand; empty for none. */
  readonly transport: string | null;
  /** At most so many, those that are due first; null: all. */
  readonly max: number | null;
}

/** Every message. */
export const everyMessage: QueueFilter = {
  ids: null,
  account: null,
  from: null,
  to: null,
  hold: null,
  submitted: null,
  nextAttempt: null,
  transport: null,
  max: null,
};

export interface Span {
  readonly from: Millis | null;
  readonly until: Millis | null;
}

/** What came of an attempt. */
export interface AttemptResult {
  readonly startedAt: Millis;
  readonly ms: number;
  readonly delivered: boolean;
  readonly code: number;
  readonly status: string;
  readonly text: string;
  readonly host: string;
  readonly address: string;
}

/** A recipient who waits. */
export interface QueuedRecipient {
  readonly id: number;
  readonly baseId: number;
  /** Empty for the server's own. */
  readonly account: string;
  readonly sender: string;
  readonly recipient: string;
  readonly domain: string;
  readonly submitted: Millis;
  readonly hold: boolean;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly nextAttempt: Millis;
  /** 0 before the first. */
  readonly lastAttempt: Millis;
  /** Whether it is being worked on. */
  readonly leased: boolean;
  /** Whether somebody has dropped it while it was being sent: it is not tried again. */
  readonly dropped: boolean;
  /** Whether others to its domain are being worked on, and it is due: then it comes after them. */
  readonly behind: boolean;
  readonly results: readonly AttemptResult[];
  readonly size: number;
  readonly messageId: string | null;
  readonly subject: string;
  readonly fromId: string;
  readonly transport: string;
  readonly requireTls: boolean | null;
  readonly futureRelease: string;
}

/** A recipient who is done with. */
export interface RetiredRecipient {
  readonly id: number;
  readonly baseId: number;
  readonly account: string;
  readonly sender: string;
  readonly recipient: string;
  readonly submitted: Millis;
  readonly retired: Millis;
  readonly attempts: number;
  readonly outcome: "delivered" | "failed" | "dropped" | "suppressed";
  readonly results: readonly AttemptResult[];
  readonly size: number;
  readonly messageId: string | null;
  readonly subject: string;
  readonly fromId: string;
}

export interface HoldRuleRow {
  readonly id: number;
  /** Empty for any, as the others. */
  readonly account: string;
  readonly senderDomain: string;
  readonly recipientDomain: string;
  readonly created: Millis;
}

export interface SuppressionRow {
  readonly account: string;
  /** In the form in which addresses are compared. */
  readonly address: string;
  readonly original: string;
  readonly automatic: boolean;
  readonly reason: string;
  readonly created: Millis;
}

/** Rows of one piece of a stream at most. */
export const maxListed = 500;

/** How many recipients a command has taken out of the queue. */
export interface Ended {
  readonly ended: number;
  /** These are being sent at this moment, and may arrive; they are not tried again. */
  readonly underWay: number;
}

/** For whoever has the capability of administration. Changes answer how many recipients they changed. */
export interface QueueAdmin {
  /** Those that are due first, first. */
  list(request: { readonly filter: QueueFilter }): AsyncIterable<readonly QueuedRecipient[]>;
  hold(request: { readonly filter: QueueFilter; readonly hold: boolean }): Promise<number>;
  /** @param request.at A time, or `delayMs` after (or, negative, before) the time that is set. */
  schedule(
    request: { readonly filter: QueueFilter; readonly at: Millis | null; readonly delayMs: number },
  ): Promise<number>;
  /** Empty: as the routes say. Refuses `badRequest` for a transport that the configuration does not have. */
  transport(request: { readonly filter: QueueFilter; readonly transport: string }): Promise<number>;
  requireTls(request: { readonly filter: QueueFilter; readonly requireTls: boolean | null }): Promise<number>;
  /** As if delivery had failed for good: senders are told. What is being worked on is not tried again. */
  fail(request: { readonly filter: QueueFilter }): Promise<Ended>;
  /** Removed; nobody is told. What is being worked on is removed when that ends, unless it arrives. */
  drop(request: { readonly filter: QueueFilter }): Promise<Ended>;
  /** The message as it is sent. Refuses `expunged`. */
  dump(request: { readonly id: number }): AsyncIterable<Bytes>;
  holdRules(request: Record<string, never>): Promise<readonly HoldRuleRow[]>;
  /** Also puts on hold what waits and matches. Refuses `badRequest` for an unknown account. */
  addHoldRule(
    request: { readonly account: string; readonly senderDomain: string; readonly recipientDomain: string },
  ): Promise<{ readonly id: number; readonly held: number }>;
  /** Whether it was there. What is on hold stays so. */
  removeHoldRule(request: { readonly id: number }): Promise<boolean>;
  /** Latest first; filtered by ids, account, from, to, submitted and max. */
  retired(request: { readonly filter: QueueFilter }): AsyncIterable<readonly RetiredRecipient[]>;
  /** @param request.account Null for all accounts. */
  suppressions(request: { readonly account: string | null }): AsyncIterable<readonly SuppressionRow[]>;
  suppress(
    request: { readonly account: string; readonly address: string; readonly reason: string },
  ): Promise<void>;
  /** Whether it was there. */
  unsuppress(request: { readonly account: string; readonly address: string }): Promise<boolean>;
}

export const queueAdminMethods = {
  list: "stream",
  hold: "call",
  schedule: "call",
  transport: "call",
  requireTls: "call",
  fail: "call",
  drop: "call",
  dump: "stream",
  holdRules: "call",
  addHoldRule: "call",
  removeHoldRule: "call",
  retired: "stream",
  suppressions: "stream",
  suppress: "call",
  unsuppress: "call",
} as const satisfies Methods<QueueAdmin>;
