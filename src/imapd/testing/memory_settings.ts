/**
 * What tests may set of an account in memory, and what it begins with.
 *
 * Tested by `src/imapd/testing/memory_mail_test.ts`.
 *
 * @module
 */
import type { SpecialUse } from "../../accounts/mail.ts";
import { MiB } from "../../base/bytes.ts";

/** What tests may set. */
export interface MemoryMailSettings {
  /** Wall clock, milliseconds. */
  readonly now: () => number;
  readonly quotaBytes: number;
  readonly maxMailboxes: number;
  /** Octets of values in one batch before the next begins. */
  readonly batchBytes: number;
  /** Messages looked at by one batch of a search. */
  readonly searchBatch: number;
}

/** Unless a test says otherwise. */
export const defaults: MemoryMailSettings = {
  now: () => 1_700_000_000_000,
  quotaBytes: Number.MAX_SAFE_INTEGER,
  maxMailboxes: 1000,
  batchBytes: MiB,
  searchBatch: 100,
};

/** Mailboxes of a new account. */
export const initial: readonly [name: string, use: readonly SpecialUse[]][] = [
  ["Inbox", []],
  ["Archive", ["\\Archive"]],
  ["Drafts", ["\\Drafts"]],
  ["Junk", ["\\Junk"]],
  ["Sent", ["\\Sent"]],
  ["Trash", ["\\Trash"]],
];
