/**
 * The tables of outgoing mail.
 *
 * One row of `queue` is one recipient of one message. What all recipients of a submission have in common stands in each of
 * them, but for the body, which is a row of `bodies` like that of any email.
 *
 * Which rows are due is asked by destination: `queue_destinations` has one row for each domain with mail that is not on
 * hold, and says when the first of it is due. So a domain that has been dead for days with 10,000 messages is one row to
 * look at, and picking the next work takes as long with a million rows as with ten.
 *
 * Tested by `src/store/queue_rows_test.ts`.
 *
 * @module
 */
import type { Generated } from "kysely";
import type { Bytes } from "../base/bytes.ts";

export interface QueueTable {
  id: Generated<number>;
  /** Whose message it is; 0 for the server's own. */
  account_id: number;
  /** Row of the first recipient of the same submission: those of one base may be sent in one transaction. */
  base_id: number;
  body_id: number;
  /** Octets of prefix and body. */
  size: number;
  /** Trace fields and signatures in front of the body, each line with CRLF. */
  prefix: Bytes;
  /** MAIL FROM as `local@domain`, empty for the null sender. */
  sender: string;
  /** RCPT TO as `local@domain`. */
  recipient: string;
  /** Its domain in normal form, or its address literal: mail for one domain goes one after the other. */
  domain: string;
  submitted: number;
  /** When it is tried next; already that of the attempt after the one that is under way. */
  due: number;
  /** Attempts that were begun. */
  attempts: number;
  max_attempts: number;
  /** When the last attempt began; 0 before the first. */
  last_attempt: number;
  /** 1: not tried until somebody lets it go. */
  hold: number;
  /** The transport that somebody chose for it; empty: the routes say. */
  transport: string;
  /** 1: REQUIRETLS (RFC 8689 2), 0: `TLS-Required: No` (RFC 8689 5), null: as the destination's policy has it. */
  require_tls: number | null;
  /** Bits, as in `queue_rows.ts`. */
  traits: number;
  message_id: string | null;
  subject: string;
  /** The part of the sender that is this message's alone; empty if it has none. */
  from_id: string;
  /** What the sender asked for with DSN parameters (RFC 3461 4, 5), as JSON; empty for nothing. */
  dsn: string;
  /** FUTURERELEASE as it was asked for (RFC 4865), for the notice; empty if it was not. */
  release: string;
  /** Addresses that were dialled, newest last, as JSON. */
  dialed: string;
  /** What came of the last attempts, oldest first, as JSON. */
  results: string;
}

/** A domain for which mail waits that is not on hold. */
export interface QueueDestinationsTable {
  domain: string;
  /** The least `due` of its rows. */
  due: number;
}

/** A recipient that is done with: delivered, failed, or dropped. */
export interface QueueRetiredTable {
  /** As it was in `queue`. */
  id: number;
  account_id: number;
  base_id: number;
  size: number;
  sender: string;
  recipient: string;
  domain: string;
  submitted: number;
  last_attempt: number;
  attempts: number;
  message_id: string | null;
  subject: string;
  from_id: string;
  results: string;
  retired: number;
  /** `delivered`, `failed`, `dropped` or `suppressed`. */
  outcome: string;
  /** When it may be forgotten. */
  keep_until: number;
}

/** What is put on hold as it comes in: all that is said must match; what is empty matches everything. */
export interface HoldRulesTable {
  id: Generated<number>;
  /** 0 for any. */
  account_id: number;
  sender_domain: string;
  recipient_domain: string;
  created: number;
}

/** Addresses to which an account's mail is not sent. */
export interface SuppressionsTable {
  account_id: number;
  /** In the form in which they are compared: see `suppressions.ts`. */
  address: string;
  /** As somebody wrote it. */
  original: string;
  /** 0: an account's owner added it; 1: deliveries failed. */
  automatic: number;
  reason: string;
  created: number;
}

/** How often messages of an account to an address have failed in a row; what arrives ends the row. */
export interface DeliveryFailuresTable {
  account_id: number;
  /** In the form in which suppressed addresses are compared. */
  address: string;
  failures: number;
  last: number;
}

/** How TLS went with a domain on a day (RFC 8460), until it is reported. */
export interface TlsResultsTable {
  id: Generated<number>;
  /** The UTC day's beginning. */
  day: number;
  /** In A-labels. */
  domain: string;
  /** `PolicyResults[]` as JSON. */
  policies: string;
}

/** The tables of this file. */
export interface QueueTables {
  delivery_failures: DeliveryFailuresTable;
  tls_results: TlsResultsTable;
  queue: QueueTable;
  queue_destinations: QueueDestinationsTable;
  queue_retired: QueueRetiredTable;
  hold_rules: HoldRulesTable;
  suppressions: SuppressionsTable;
}
