/**
 * Changes to many messages, some at a time, with a place after each where the writer may turn to others.
 *
 * Tested by `src/accounts/mail_store_test.ts`.
 *
 * @module
 */
import type { Ranges } from "../imap/search_key.ts";
import type { SqlValue, Work } from "../store/query.ts";
import { pause, type SlicedWork } from "../store/transaction.ts";
import { type CursorQuery, MessageCursor } from "./mail_cursor.ts";
import { type AccountWork, mailboxWithId } from "./mail_mailboxes.ts";

/** Which messages of which mailbox. */
export interface Chosen {
  readonly mailbox: number;
  readonly uids: Ranges;
}

/**
 * Hands over the rows that `query` finds, some at a time. Rows are those of messages that exist at this moment, so the
 * mailbox exists as well.
 *
 * @throws {Refused} `noSuchMailbox` at the beginning; what `change` throws.
 */
export function* inChunks<T extends readonly [uid: number, ...rest: SqlValue[]]>(
  { accountId }: AccountWork,
  query: CursorQuery,
  { mailbox: mailboxId, uids }: Chosen,
  change: (rows: readonly T[]) => Work<void>,
): SlicedWork<void> {
  const cursor = new MessageCursor<T>(query, { accountId, mailboxId, uids });
  yield* mailboxWithId(accountId, mailboxId);
  while (!cursor.done) {
    const rows = yield* cursor.next();
    if (rows.length > 0) yield* change(rows);
    yield* pause();
  }
}
