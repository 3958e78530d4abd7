/**
 * What a COPY of many messages has added so far, so that it can be taken back: all or nothing. RFC 9051 6.4.7
 *
 * A COPY that takes long goes in slices, and what a slice has added is there for everybody, as if others had copied. Each
 * slice but the last writes, in its own transaction, which UIDs were added until then; the last takes that away. So
 * whatever ends the work in between (a quota, a full disk, a crash), the row tells what is to be removed again, and it is:
 * at once, or, where that cannot be, before the store serves anybody the next time.
 *
 * The UIDs that were used stay used, and sessions that have the mailbox selected see messages come and go. Both is what
 * "restore the destination mailbox" has to mean where UIDs only grow.
 *
 * Tested by `src/accounts/mail_copy_test.ts`.
 *
 * @module
 */
import type { Ranges } from "../imap/search_key.ts";
import { newObjectId } from "../store/object_id.ts";
import { many, prepared, run, type Work } from "../store/query.ts";

/** Of rows in `jobs`. No chore runs them: those of a store that has just been opened are all of copies that broke off. */
const kind = "undoCopy";

const insertRow = prepared((db, p: { accountId: number; kind: string; payload: string; now: number }) =>
  db.insertInto("jobs").values({
    account_id: p.accountId,
    kind: p.kind,
    payload: p.payload,
    due: p.now,
    attempts: 0,
    leased_until: 0,
    created: p.now,
  })
);

const updateRow = prepared((db, p: { id: number; payload: string }) =>
  db.updateTable("jobs").set({ payload: p.payload }).where("id", "=", p.id)
);

const deleteRow = prepared((db, p: { id: number }) => db.deleteFrom("jobs").where("id", "=", p.id));

const rowsOfKind = prepared((db, p: { kind: string }) =>
  db.selectFrom("jobs").select(["id", "account_id", "payload"]).where("kind", "=", p.kind).orderBy("id")
);

/** A COPY that broke off. */
export interface BrokenCopy {
  readonly id: number;
  readonly accountId: number;
  /** Names the copy: numbers of rows that were rolled back are given again. */
  readonly copy: string;
  readonly mailbox: number;
  /** UIDs that it added. */
  readonly uids: Ranges;
}

/** The journal of one COPY. */
export class CopyJournal {
  readonly copy = newObjectId();
  readonly #accountId: number;
  readonly #mailbox: number;
  readonly #uids: number[] = [];
  #id: number | null = null;

  /** @param mailbox The target. */
  constructor(accountId: number, mailbox: number) {
    this.#accountId = accountId;
    this.#mailbox = mailbox;
  }

  /** Whether anything was ever written. */
  get written(): boolean {
    return this.#id !== null;
  }

  /** These UIDs were added: all from the first to the last. */
  added(first: number, last: number): void {
    if (this.#uids.at(-1) === first - 1) this.#uids[this.#uids.length - 1] = last;
    else this.#uids.push(first, last);
  }

  /** To be called before the work may be interrupted. */
  *write(now: number): Work<void> {
    const payload = JSON.stringify({ copy: this.copy, mailbox: this.#mailbox, uids: this.#uids });
    if (this.#id !== null) {
      yield* run(updateRow, { id: this.#id, payload });
      return;
    }
    const accountId = this.#accountId;
    this.#id = (yield* run(insertRow, { accountId, kind, payload, now })).insertedId;
  }

  /** The copy is whole. */
  *end(): Work<void> {
    if (this.#id !== null) yield* forgetCopy(this.#id);
  }
}

/** The copy is whole, or taken back. */
export function* forgetCopy(id: number): Work<void> {
  yield* run(deleteRow, { id });
}

/** All copies that broke off, when no other is under way. */
export function* brokenCopies(): Work<BrokenCopy[]> {
  const rows = yield* many(rowsOfKind, { kind });
  return rows.map(({ id, account_id, payload }) => {
    // Written by write(), and read by nobody but the store.
    const noted = JSON.parse(payload) as Pick<BrokenCopy, "copy" | "mailbox" | "uids">;
    return { ...noted, id, accountId: account_id };
  });
}
