/**
 * Forgets what was expunged long ago: rows that stay only so that clients which come back can be told. RFC 7162 5.3
 *
 * A mailbox remembers up to which MODSEQ it has forgotten (`history_from`). Who comes with an older one is told of everything
 * that is not there, instead of everything that went: more words, and the same result (RFC 7162 3.2.5.1, 3.2.6).
 *
 * Tested by `src/accounts/mail_history_test.ts`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { turn } from "./connection.ts";
import type { Chore, ChoreContext } from "./housekeeping.ts";
import { literal, many, numbersOf, prepared, run, tuples } from "./query.ts";
import type { Store } from "./store.ts";
import { pause, type SlicedWork } from "./transaction.ts";

/**
 * What a mailbox remembers of expunged messages: those of so many days, and of these so many. A client that was away for
 * longer, or missed more, compares UIDs once: some kilobytes.
 */
export interface HistoryLimits {
  readonly days: number;
  readonly messages: number;
}

/** How often it is looked for. */
export const historyEveryMs = 24 * 60 * 60 * 1000;

const dayMs = 24 * 60 * 60 * 1000;

/** Rows read in one slice, and between two places where the writer may turn to others: some milliseconds. */
const readRows = 2000;

const mailboxesBehind = prepared((db, p: { id: number }) =>
  db.selectFrom("mailboxes").select(["id", "account_id"]).where("id", ">", p.id).orderBy("id").limit(
    literal(100),
  )
);

/** Changed messages by MODSEQ: expunged ones are among them. */
const changedBehind = prepared((
  db,
  p: { accountId: number; mailboxId: number; modseq: number; uid: number },
) =>
  db.selectFrom("messages").select(["modseq", "uid", "expunged", "save_date"])
    .where("account_id", "=", p.accountId).where("mailbox_id", "=", p.mailboxId)
    .whereRef("modseq", ">", "createseq")
    .where((eb) => eb(eb.refTuple("modseq", "uid"), ">", eb.tuple(p.modseq, p.uid)))
    .orderBy("modseq").orderBy("uid").limit(literal(readRows))
);

type ChangedRow = readonly [modseq: number, uid: number, expunged: number, went: number];

const forgetUpTo = prepared((db, p: { id: number; modseq: number }) =>
  db.updateTable("mailboxes").set({ history_from: p.modseq }).where("id", "=", p.id)
    .where("history_from", "<", p.modseq)
);

const deleteRows = prepared((db, p: { accountId: number; mailboxId: number; uids: string }) =>
  db.deleteFrom("messages").where("account_id", "=", p.accountId).where("mailbox_id", "=", p.mailboxId)
    .where("uid", "in", numbersOf(p.uids))
);

/** Before every change. */
const beginning = { modseq: 0, uid: 0 };

/** The chore. Its place is the row of the last mailbox that was looked at. */
export class HistoryCutter implements Chore {
  readonly kind = "cutHistory";
  readonly everyMs = historyEveryMs;
  readonly #store: Store;
  readonly #limits: HistoryLimits;
  /** MODSEQs of the newest expunged messages of the mailbox that is looked at. */
  readonly #newest: Ring;

  constructor(store: Store, limits: HistoryLimits) {
    this.#store = store;
    this.#limits = limits;
    this.#newest = new Ring(limits.messages);
  }

  async run(context: ChoreContext): Promise<void> {
    let last = Number(context.place);
    for (;;) {
      const mailboxes = this.#store.read(many(mailboxesBehind, { id: last }));
      if (mailboxes.length === 0) return;
      for (const { id, account_id } of mailboxes) {
        if (context.signal.aborted) return;
        await this.#cut(account_id, id, context.signal);
        last = id;
        await turn();
      }
      await context.keep(String(last));
    }
  }

  async #cut(accountId: number, mailboxId: number, signal: AbortSignal): Promise<void> {
    const modseq = await this.#end(accountId, mailboxId, signal);
    if (modseq === 0 || signal.aborted) return;
    await this.#store.writer.slices(() => forget(accountId, mailboxId, modseq));
  }

  /** The MODSEQ up to which a mailbox is to forget; 0 for nothing. */
  async #end(accountId: number, mailboxId: number, signal: AbortSignal): Promise<number> {
    const before: Millis = this.#store.clock.now() - this.#limits.days * dayMs;
    const newest = this.#newest;
    newest.clear();
    let end = 0;
    let from = beginning;
    while (!signal.aborted) {
      const rows = this.#store.read(tuples<ChangedRow>(changedBehind, { accountId, mailboxId, ...from }));
      for (const [modseq, , expunged, went] of rows) {
        if (expunged === 0) continue;
        end = Math.max(end, newest.push(modseq), went < before ? modseq : 0);
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < readRows) break;
      from = { modseq: last[0], uid: last[1] };
      await turn();
    }
    return end;
  }
}

/** First it is written that something is forgotten, then it is: a crash in between forgets nothing unsaid. */
function* forget(accountId: number, mailboxId: number, end: number): SlicedWork<void> {
  yield* run(forgetUpTo, { id: mailboxId, modseq: end });
  for (let from = beginning;;) {
    const rows = yield* tuples<ChangedRow>(changedBehind, { accountId, mailboxId, ...from });
    const old = rows.filter(([modseq, , expunged]) => expunged === 1 && modseq <= end);
    if (old.length > 0) {
      yield* run(deleteRows, { accountId, mailboxId, uids: JSON.stringify(old.map((row) => row[1])) });
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < readRows || last[0] > end) return;
    from = { modseq: last[0], uid: last[1] };
    yield* pause();
  }
}

/** The last numbers that were pushed. */
class Ring {
  readonly #numbers: Float64Array;
  #pushed = 0;

  constructor(size: number) {
    this.#numbers = new Float64Array(size);
  }

  clear(): void {
    this.#numbers.fill(0);
    this.#pushed = 0;
  }

  /** Adds a number; returns the one that falls out, 0 while none does. */
  push(number: number): number {
    const size = this.#numbers.length;
    if (size === 0) return number;
    const at = this.#pushed++ % size;
    const out = this.#numbers[at] ?? 0;
    this.#numbers[at] = number;
    return out;
  }
}
