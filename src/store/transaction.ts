/**
 * What units of the writer can say to it, and bulk work, which goes in slices.
 *
 * Tested by `src/store/writer_test.ts`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { type AccountTouched, type Origin, touchAnnotation, type Touched, untouched } from "./change_feed.ts";
import type { CountChange, Counts } from "./counts.ts";
import type { EmailIds } from "./email_ids.ts";
import type { MessageIds } from "./message_ids.ts";
import type { Step, Work } from "./query.ts";

/** An email whose last copy is gone. */
export interface DeletedEmail {
  readonly accountId: number;
  readonly emailId: number;
}

/** What a unit can say to the writer. Good only while the unit runs. */
export interface Transaction {
  /** When the unit began. */
  readonly now: Millis;
  /** The numbers of accounts and mailboxes, as they are now. */
  readonly counts: Counts;
  readonly messageIds: MessageIds;
  readonly emailIds: EmailIds;
  /** Counts what a change with this MODSEQ did to a mailbox, and tells the account's listeners of it after COMMIT. */
  count(accountId: number, mailboxId: number, modseq: number, change: CountChange): Work<void>;
  /** Messages or flags in a mailbox changed: listeners of the account are told after COMMIT. */
  changed(accountId: number, mailboxId: number): void;
  /** Mailboxes were made, deleted or renamed, or subscriptions changed. */
  listChanged(accountId: number): void;
  /** Who may do what with a mailbox changed, or it is gone: its watchers are told, and watch it no more. */
  accessChanged(accountId: number, mailboxId: number): void;
  /** An annotation changed, that is an account's own or that all may read who may read its mailbox. */
  annotated(accountId: number, mailboxId: number, entry: string, origin: Origin): void;
  /** An email's row was deleted: who keeps something beside the database is told after COMMIT. */
  emailDeleted(email: DeletedEmail): void;
  /** Called after COMMIT, before the unit's promise settles. Must not throw. */
  afterCommit(done: () => void): void;
  /**
   * Called when the unit's changes (of this slice) were taken back, also if it is then run again. Must not throw.
   */
  afterRollback(done: () => void): void;
}

/** Yielded where bulk work may be interrupted: everything up to here may be committed as it is. */
export interface Pause {
  readonly want: "pause";
}

/** Bulk work: as {@link Work}, and says where it may be interrupted. */
export type SlicedWork<T> = Generator<Step | Pause, T, unknown>;

const pauseStep: Pause = { want: "pause" };

/** Here the writer may commit and go on in another transaction; others' changes come between. */
export function* pause(): SlicedWork<void> {
  yield pauseStep;
}

/** What the writer keeps of a unit that runs. */
export class UnitTransaction implements Transaction {
  readonly touched: Touched = new Map();
  readonly counts: Counts;
  readonly messageIds: MessageIds;
  readonly emailIds: EmailIds;
  #deleted: DeletedEmail[] = [];
  #now: Millis;
  #committed: (() => void)[] = [];
  #rolledBack: (() => void)[] = [];

  constructor(now: Millis, counts: Counts, messageIds: MessageIds, emailIds: EmailIds) {
    this.#now = now;
    this.counts = counts;
    this.messageIds = messageIds;
    this.emailIds = emailIds;
  }

  /** Emails that it deleted. */
  get deleted(): readonly DeletedEmail[] {
    return this.#deleted;
  }

  get now(): Millis {
    return this.#now;
  }

  *count(accountId: number, mailboxId: number, modseq: number, change: CountChange): Work<void> {
    yield* this.counts.apply(accountId, mailboxId, modseq, change);
    this.changed(accountId, mailboxId);
  }

  changed(accountId: number, mailboxId: number): void {
    this.#touch(accountId).mailboxes.add(mailboxId);
  }

  listChanged(accountId: number): void {
    this.#touch(accountId).list = true;
  }

  accessChanged(accountId: number, mailboxId: number): void {
    const touched = this.#touch(accountId);
    (touched.access ??= new Set()).add(mailboxId);
    touched.mailboxes.add(mailboxId);
  }

  annotated(accountId: number, mailboxId: number, entry: string, origin: Origin): void {
    touchAnnotation(this.#touch(accountId), mailboxId, entry, origin);
  }

  emailDeleted(email: DeletedEmail): void {
    this.#deleted.push(email);
  }

  afterCommit(done: () => void): void {
    this.#committed.push(done);
  }

  afterRollback(done: () => void): void {
    this.#rolledBack.push(done);
  }

  /** Calls what was asked to be called. */
  settle(committed: boolean, log: Log): void {
    for (const done of committed ? this.#committed : this.#rolledBack) {
      try {
        done();
      } catch (error) {
        log.error("what follows a transaction failed", { error: asError(error) });
      }
    }
  }

  /** Ready for the next slice. */
  clear(now: Millis): void {
    this.#now = now;
    this.touched.clear();
    this.#deleted = [];
    this.#committed = [];
    this.#rolledBack = [];
  }

  #touch(accountId: number): AccountTouched {
    let touched = this.touched.get(accountId);
    if (touched === undefined) this.touched.set(accountId, touched = untouched());
    return touched;
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
