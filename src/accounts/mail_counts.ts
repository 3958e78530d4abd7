/**
 * What a mailbox and its account count, kept with every change: messages, octets, keywords, MODSEQ.
 *
 * Tested by `src/accounts/mail_store_test.ts`.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import { deleted, seen } from "../imap/flags.ts";
import { many, one, prepared, run, type Work } from "../store/query.ts";
import type { AccountWork } from "./mail_mailboxes.ts";

/** How counts change. */
export class CountChange {
  messages = 0;
  unseen = 0;
  deleted = 0;
  bytes = 0;
  deletedBytes = 0;

  /** Messages with these flags come (`by` 1) or go (-1). */
  add(bits: number, size: number, by: 1 | -1): void {
    this.messages += by;
    this.bytes += by * size;
    this.#flags(bits, size, by);
  }

  /** A message's flags become others. */
  reflag(before: number, after: number, size: number): void {
    this.#flags(before, size, -1);
    this.#flags(after, size, 1);
  }

  #flags(bits: number, size: number, by: 1 | -1): void {
    if ((bits & seen) === 0) this.unseen += by;
    if ((bits & deleted) === 0) return;
    this.deleted += by;
    this.deletedBytes += by * size;
  }
}

const changeMailbox = prepared((
  db,
  p: {
    id: number;
    modseq: number;
    messages: number;
    unseen: number;
    deleted: number;
    bytes: number;
    deletedBytes: number;
  },
) =>
  db.updateTable("mailboxes").set((eb) => ({
    highest_modseq: p.modseq,
    messages: eb("messages", "+", p.messages),
    unseen: eb("unseen", "+", p.unseen),
    deleted: eb("deleted", "+", p.deleted),
    bytes: eb("bytes", "+", p.bytes),
    deleted_bytes: eb("deleted_bytes", "+", p.deletedBytes),
  })).where("id", "=", p.id)
);

const changeAccount = prepared((db, p: { accountId: number; bytes: number }) =>
  db.updateTable("accounts").set((eb) => ({ bytes: eb("bytes", "+", p.bytes) })).where("id", "=", p.accountId)
);

const quotaOf = prepared((db, p: { accountId: number }) =>
  db.selectFrom("accounts").select(["bytes", "max_bytes"]).where("id", "=", p.accountId)
);

const keywordRows = prepared((db, p: { accountId: number; mailboxId: number }) =>
  db.selectFrom("mailbox_keywords").select("keyword")
    .where("account_id", "=", p.accountId).where("mailbox_id", "=", p.mailboxId).orderBy("keyword")
);

/** Writes a change to a mailbox, with its MODSEQ, and tells those who listen. */
export function* applyCounts(
  { accountId, tx }: AccountWork,
  mailboxId: number,
  modseq: number,
  change: CountChange,
): Work<void> {
  const { messages, unseen, deleted, bytes, deletedBytes } = change;
  yield* run(changeMailbox, { id: mailboxId, modseq, messages, unseen, deleted, bytes, deletedBytes });
  if (bytes !== 0) yield* run(changeAccount, { accountId, bytes });
  tx.changed(accountId, mailboxId);
}

/** @throws {Refused} `overQuota` if so many octets more do not fit in the account. */
export function* checkQuota(accountId: number, more: number): Work<void> {
  const row = yield* one(quotaOf, { accountId });
  if (row === undefined) throw new Refused("noPermission", "the account is gone");
  if (row.max_bytes !== null && row.bytes + more > row.max_bytes) {
    throw new Refused("overQuota", `${row.bytes} and ${more} more octets, of ${row.max_bytes}`);
  }
}

/** Keywords used in a mailbox, ascending. */
export function* mailboxKeywords(accountId: number, mailboxId: number): Work<string[]> {
  return (yield* many(keywordRows, { accountId, mailboxId })).map((row) => row.keyword).sort();
}

/** The different words of sets of keywords that are joined by spaces. */
export function keywordsOf(sets: readonly string[]): string[] {
  const words = new Set<string>();
  for (const set of new Set(sets)) if (set !== "") { for (const word of set.split(" ")) words.add(word); }
  return [...words];
}
