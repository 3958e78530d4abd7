/**
 * Outgoing mail between the store, which has it, and the front, which sends it. All of it is plain data, so that it can
 * cross an RPC connection.
 *
 * The front takes work, sends it, and reports; the store decides what follows from a report (another attempt, a notice to
 * the sender, the end). An attempt is on record before work is handed out, so whatever is killed then, nothing is sent
 * again at once; and a report that is lost means one more attempt, never a message that nobody sends.
 *
 * A lease opens the octets of its one message, on the RPC connection that it was given on, until it is reported, given
 * back, or its connection ends. What came of its attempt can still be told then, where that is final: a store that was killed
 * would else have it sent again, to somebody who has it.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import type { Methods } from "../rpc/service.ts";
import type { DayResults } from "../tlsrpt/results.ts";

/** Recipients of one job. RFC 5321 4.5.3.1.8: a server takes 100 at least. */
export const maxJobRecipients = 100;

/** Jobs that one connection may hold leases of. */
export const maxLeases = 1000;

/** Characters of the text of one result that are kept. */
export const maxResultText = 1000;

/** Domains and days of one {@link Queue.noteTls}. */
export const maxTlsResults = 100;

/** Results of one recipient that are kept: the last ones. */
export const maxResults = 20;

/** Recipients of one message at one domain, with all that sending it takes but its octets. */
export interface QueueJob {
  readonly lease: string;
  /** In normal form, or an address literal with its brackets. */
  readonly domain: string;
  /** MAIL FROM as `local@domain`; empty for the null sender. */
  readonly sender: string;
  readonly recipients: readonly QueueRecipient[];
  /** Name of the account that sent it; empty for the server's own. */
  readonly account: string;
  /** Attempts, this one among them. */
  readonly attempts: number;
  readonly submitted: Millis;
  /** Octets, prefix and body. */
  readonly size: number;
  /** Whether addresses or header need SMTPUTF8. */
  readonly utf8: boolean;
  readonly has8Bit: boolean;
  /** REQUIRETLS (true), `TLS-Required: No` (false), or as the destination's policy has it. RFC 8689 */
  readonly requireTls: boolean | null;
  /** The transport that somebody chose by hand; empty: as the routes say. */
  readonly transport: string;
  /** RFC 3461 4.3, 4.4; null if they were not asked for. */
  readonly ret: "FULL" | "HDRS" | null;
  readonly envid: string | null;
  /** Addresses dialled in earlier attempts, newest last. */
  readonly dialed: readonly string[];
}

export interface QueueRecipient {
  readonly id: number;
  /** `local@domain`. */
  readonly address: string;
  /** RFC 3461 4.1, as sent; null if it was not asked for. */
  readonly notify: string | null;
  /** RFC 3461 4.2, as sent, still encoded. */
  readonly orcpt: string | null;
}

/** What came of an attempt for one recipient. */
export interface QueueResult {
  readonly id: number;
  /**
   * - `delivered`: the next host has it, and answers for it.
   * - `temporary`: to be tried again.
   * - `permanent`: will not be taken, however often it is tried.
   */
  readonly outcome: "delivered" | "temporary" | "permanent";
  /** Of the reply; 0 if there was none. */
  readonly code: number;
  /** RFC 3463, as `5.1.1`; empty if there was none. */
  readonly status: string;
  /** The reply's lines, or our own words for what went wrong, policies by name. */
  readonly text: string;
  /** Who said so; null if nobody was reached. */
  readonly remote: { readonly host: string; readonly address: string } | null;
  /** Whether the next host sends notices itself (RFC 3461 5.2.3); only where it was delivered. */
  readonly relaysDsn: boolean;
  /** An MTA-STS policy is the reason, and nobody could tell whether it is still the newest. RFC 8461 5.1 */
  readonly unconfirmed?: true;
}

/** The report of one job. */
export interface QueueReport {
  readonly lease: string;
  readonly startedAt: Millis;
  readonly ms: number;
  /** Addresses dialled in this attempt, in order. */
  readonly dialed: readonly string[];
  /** One for each recipient that something came of; of the others nobody knows, and they wait for their next attempt. */
  readonly results: readonly QueueResult[];
}

/** What came of an attempt whose lease has ended with its connection. */
export interface LateReport {
  /** Of results, only those that are final. */
  readonly report: QueueReport;
  /** As the job had them, which the lease proves. */
  readonly attempts: number;
  readonly ids: readonly number[];
}

/** What is heard of the queue. */
export interface DueNews {
  /** When something will be due; null for never. */
  readonly due: Millis | null;
  /** Somebody wants it tried now, who may have mended what was wrong: failures of a moment ago count no more. */
  readonly afresh: boolean;
}

/** For the front alone. */
export interface Queue {
  /**
   * Takes work that is due, in the order in which it became so, at most one job for each domain.
   *
   * @param domain Only for this one: who has a connection to its host asks for more of the same.
   * @param busy Domains that are being worked on.
   */
  take(
    request: { readonly domain: string | null; readonly busy: readonly string[]; readonly max: number },
  ): Promise<readonly QueueJob[]>;
  /** The octets of a job's message, in pieces of at most 1 MB, prefix first. Refuses `noCapability`, `damaged`. */
  content(request: { readonly lease: string }): AsyncIterable<Bytes>;
  /** Returns when what follows from it is on disk. Refuses `noCapability`. */
  report(request: QueueReport): Promise<void>;
  /** The same over another connection; of those who have been tried again, nothing is noted. Refuses `noCapability`. */
  reportLate(request: LateReport): Promise<void>;
  /** Gives a job back that was not tried; it is due as it was before, its attempt is not counted. */
  giveBack(request: { readonly lease: string }): Promise<void>;
  /** Says when something will be due, at once and whenever that changes. */
  listen(request: Record<string, never>): AsyncIterable<DueNews>;
  /** Adds how TLS went to what is known of the domains and days (RFC 8460). At most {@link maxTlsResults}. */
  noteTls(request: { readonly results: readonly DayResults[] }): Promise<void>;
}

export const queueMethods = {
  take: "call",
  content: "stream",
  report: "call",
  reportLate: "call",
  giveBack: "call",
  listen: "stream",
  noteTls: "call",
} as const satisfies Methods<Queue>;
