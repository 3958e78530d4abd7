/**
 * Keywords of mailboxes and messages.
 *
 * Tested by `src/accounts/mail_store_test.ts`.
 *
 * @module
 */
import { many, prepared, type Work } from "../store/query.ts";

const keywordRows = prepared((db, p: { accountId: number; mailboxId: number }) =>
  db.selectFrom("mailbox_keywords").select("keyword")
    .where("account_id", "=", p.accountId).where("mailbox_id", "=", p.mailboxId).orderBy("keyword")
);

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
