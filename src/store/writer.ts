/**
 * The one writer: everything that arrives together is one transaction and one fsync.
 *
 * The first unit to arrive schedules a `setImmediate`; all that arrive until then join its group. A group is one
 * synchronous transaction (WAL, synchronous=FULL). Promises settle after COMMIT; when that fails, nothing of the
 * group was acknowledged and all of it is refused.
 *
 * A unit which fails takes back only its own changes. For that each would need a SAVEPOINT, and SQLite then copies
 * every page before the unit's first change to it, which is a third of what a delivery costs. So units run without; one
 * that fails before it has changed anything needs nothing taken back; and only when one fails later, the
 * group is rolled back and its units run again, now each in a savepoint. A unit must therefore give the same when it is
 * run a second time from its beginning.
 *
 * Bulk work goes in slices between groups: a transaction of its own for each few milliseconds of it.
 *
 * Units that run behind others get a small part of the groups while others come: see `unit_queue.ts`.
 *
 * Units are synchronous generators ({@link Work}): whatever takes time (hashing, indexing, large bodies) is done before.
 *
 * @module
 */
import { MiB } from "../base/bytes.ts";
import type { Clock, Timer } from "../base/clock.ts";
import { Refused } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Counter, Histogram, Metrics } from "../base/metrics.ts";
import { type ChangeFeed, mergeTouched, type Touched } from "./change_feed.ts";
import { afterTurn, type Connection, letInToBulkMs, Slice, sliceBytes } from "./connection.ts";
import { Counts } from "./counts.ts";
import type { EmailIds } from "./email_ids.ts";
import type { MessageIds } from "./message_ids.ts";
import { prepared, run, type Step, type Work } from "./query.ts";
import { type DeletedEmail, type SlicedWork, type Transaction, UnitTransaction } from "./transaction.ts";
import { UnitQueue } from "./unit_queue.ts";
import type { WalKeeper } from "./wal_keeper.ts";

/** A group takes no more units, bytes or milliseconds than this. */
export const maxGroupUnits = 256;
export const maxGroupBytes = 8 * MiB;
export const maxGroupMs = 10;

/** A slice of bulk work: with its commit, everybody else waits for so long now and then. */
export const bulkSliceMs = 4;

/** What may wait for the writer; beyond it, units are refused at once with `tryLater`. */
export const maxWaitingUnits = 10_000;
export const maxWaitingBytes = 128 * MiB;

/**
 * Numbers of commits that are taken at once: `meta.commit` holds the end of those taken, so that not every commit
 * writes it. After a crash the rest of them is left out.
 */
export const commitsTaken = 1000;

/** What the writer is handed. */
export interface WriterParts {
  readonly connection: Connection;
  readonly feed: ChangeFeed;
  readonly wal: WalKeeper;
  readonly messageIds: MessageIds;
  readonly emailIds: EmailIds;
  /** Told after each COMMIT which emails it deleted. Must not throw. */
  readonly emailsDeleted?: (emails: readonly DeletedEmail[]) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Called after each group or slice, outside of any transaction. Must not throw. */
  readonly afterGroup?: () => void;
}

interface Waiting {
  readonly unit: (tx: Transaction) => Work<unknown>;
  readonly bytes: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Sliced {
  readonly begin: (tx: Transaction) => SlicedWork<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Once begun. */
  work: SlicedWork<unknown> | null;
  tx: UnitTransaction | null;
}

/** A unit that has run and waits for COMMIT. */
interface Ran {
  readonly waiting: { readonly resolve: (value: unknown) => void; readonly reject: (error: unknown) => void };
  readonly tx: UnitTransaction;
  readonly outcome: { readonly value: unknown } | { readonly error: unknown };
}

/** The same, of which the unit is known: it can be run again. */
interface RanUnit extends Ran {
  readonly waiting: Waiting;
}

const setCommit = prepared((db, p: { commit: number }) =>
  db.updateTable("meta").set({ value: p.commit }).where("name", "=", "commit")
);

/** Runs units in groups. */
export class Writer {
  readonly #parts: WriterParts;
  readonly #groups: Counter;
  readonly #units: Counter;
  readonly #seconds: Histogram;
  readonly #queue = new UnitQueue<Waiting>();
  readonly #bulk: Sliced[] = [];
  readonly #counts = new Counts();
  /** Whether the unit that runs has changed anything in the database. */
  #changed = false;
  /** End of the numbers of commits that are taken. */
  #taken: number;
  #waitingBytes = 0;
  #scheduled = false;
  /** Ends the rest of units that run behind others. */
  #rest: Timer | null = null;
  #sliceIsNext = false;
  #closed: Refused | null = null;
  /** Set for ever once the database failed: nothing may be acknowledged any more. */
  #broken: Refused | null = null;
  #idle: (() => void)[] = [];

  constructor(parts: WriterParts) {
    this.#parts = parts;
    this.#taken = parts.feed.commit;
    const { metrics } = parts;
    this.#groups = metrics.counter("mailden_store_commits_total", "Transactions by result.", [
      { result: "ok" },
      { result: "error" },
    ]);
    this.#units = metrics.counter("mailden_store_units_total", "Units of work by result.", [
      { result: "ok" },
      { result: "error" },
    ]);
    this.#seconds = metrics.histogram(
      "mailden_store_commit_seconds",
      "Time of a group from BEGIN to COMMIT.",
    );
  }

  /**
   * Runs a unit in the next group. Its changes are on disk when the promise resolves.
   *
   * @param bytes About how much it writes, for the size of groups.
   * @throws {Refused} What the unit throws, `diskFull`, or `tryLater` when too much waits or the store closes.
   */
  run<T>(unit: (tx: Transaction) => Work<T>, bytes = 0): Promise<T> {
    return this.#add(unit, bytes, false);
  }

  /** The same for what has time: while other units come, it gets a small part of the groups. */
  runBehind<T>(unit: (tx: Transaction) => Work<T>, bytes = 0): Promise<T> {
    return this.#add(unit, bytes, true);
  }

  #add<T>(unit: (tx: Transaction) => Work<T>, bytes: number, isBehind: boolean): Promise<T> {
    if (this.#closed !== null) return Promise.reject(this.#closed);
    if (this.#queue.size >= maxWaitingUnits || this.#waitingBytes + bytes > maxWaitingBytes) {
      return Promise.reject(new Refused("tryLater", "too much waits for the writer"));
    }
    this.#waitingBytes += bytes;
    return new Promise((resolve, reject) => {
      // The value is the unit's own, so it is a T.
      const waiting = { unit, bytes, resolve: resolve as (value: unknown) => void, reject };
      this.#queue.add(waiting, isBehind);
      this.#schedule();
    });
  }

  /**
   * Runs bulk work in slices of a few milliseconds, each a transaction of its own. When a later slice fails, the earlier
   * ones stay.
   */
  slices<T>(begin: (tx: Transaction) => SlicedWork<T>): Promise<T> {
    if (this.#closed !== null) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => {
      const sliced = { begin, resolve: resolve as (value: unknown) => void, reject, work: null, tx: null };
      this.#bulk.push(sliced);
      this.#schedule();
    });
  }

  /** Refuses what comes from now on; resolves once everything that waits is done. */
  async close(): Promise<void> {
    this.#closed ??= new Refused("tryLater", "the store is closed");
    this.#queue.hurry();
    this.#rest?.cancel();
    this.#schedule();
    if (this.#scheduled) await new Promise<void>((resolve) => this.#idle.push(resolve));
    this.#giveBack();
  }

  /** Gives back the numbers of commits that were not used. */
  #giveBack(): void {
    const { connection, feed, log } = this.#parts;
    if (this.#taken === feed.commit || this.#broken !== null) return;
    try {
      connection.work(run(setCommit, { commit: feed.commit }));
      this.#taken = feed.commit;
    } catch (error) {
      log.warn("the number of the last commit was not written", { error: asError(error) }); // It skips some then.
    }
  }

  /** Another turn, if there is something to do. */
  #schedule(): void {
    if (this.#scheduled) return;
    const { clock } = this.#parts;
    const wait = this.#queue.waitMs(clock.monotonic());
    if (this.#bulk.length > 0 || wait === 0) {
      this.#scheduled = true;
      // What is in a hurry goes at once; bulk work lets in what may be in a hurry.
      if (wait === 0) setImmediate(() => this.#turn());
      else afterTurn(() => this.#turn(), letInToBulkMs);
    } else if (wait !== null) {
      this.#rest ??= clock.after(Math.ceil(wait), () => {
        this.#rest = null;
        this.#schedule();
      });
    }
  }

  /** One group or one slice; then, if more waits, another turn after whatever else the loop has to do. */
  #turn(): void {
    const wait = this.#parts.wal.pressure();
    if (wait > 0 && this.#closed === null) {
      this.#parts.clock.after(wait, () => this.#turn());
      return;
    }
    try {
      if (this.#broken !== null) this.#refuseAll(this.#broken);
      const sliced = this.#bulk[0];
      const isSlice = sliced !== undefined &&
        (this.#sliceIsNext || this.#queue.waitMs(this.#parts.clock.monotonic()) !== 0);
      const written = isSlice ? this.#slice(sliced) : this.#group();
      this.#sliceIsNext = !this.#sliceIsNext;
      this.#parts.wal.committed(written);
      this.#parts.afterGroup?.();
    } finally {
      this.#scheduled = false;
      this.#schedule();
      const isIdle = this.#queue.size === 0 && this.#bulk.length === 0;
      if (isIdle) { for (const idle of this.#idle.splice(0)) idle(); }
    }
  }

  /** Returns about how many octets it wrote. */
  #group(): number {
    const { connection, clock } = this.#parts;
    const began = clock.monotonic();
    const ran: RanUnit[] = [];
    let bytes = 0;
    if (this.#queue.waitMs(began) !== 0) return 0;
    try {
      connection.text("BEGIN IMMEDIATE");
      for (
        let now = began;
        ran.length < maxGroupUnits && bytes < maxGroupBytes && now - began < maxGroupMs;
        now = clock.monotonic()
      ) {
        const waiting = this.#queue.take(now);
        if (waiting === undefined) break;
        this.#waitingBytes -= waiting.bytes;
        bytes += waiting.bytes;
        const unit = this.#unit(waiting);
        ran.push(unit);
        if (!connection.inTransaction) throw lostTransaction(ran);
        if (!("error" in unit.outcome) || !this.#changed) continue;
        this.#again(ran);
        break;
      }
      this.#queue.endGroup(clock.monotonic());
      this.#commit(ran);
    } catch (error) {
      if (ran.length === 0) this.#failFirst(error);
      this.#failed(ran, error);
    } finally {
      this.#seconds.observe((clock.monotonic() - began) / 1000);
    }
    return bytes;
  }

  /** Not even BEGIN worked: the first that waits is told, so that none waits for ever. */
  #failFirst(error: unknown): void {
    const waiting = this.#queue.take(this.#parts.clock.monotonic());
    if (waiting === undefined) return;
    this.#waitingBytes -= waiting.bytes;
    waiting.reject(this.#refusal(error));
  }

  #unit(waiting: Waiting): RanUnit {
    const tx = this.#newTransaction();
    const before = this.#counts.changes;
    this.#changed = false;
    try {
      return { waiting, tx, outcome: { value: this.#work(waiting.unit(tx)) } };
    } catch (error) {
      this.#changed ||= this.#counts.changes > before;
      return { waiting, tx, outcome: { error } };
    }
  }

  #newTransaction(): UnitTransaction {
    const { clock, messageIds, emailIds } = this.#parts;
    return new UnitTransaction(clock.now(), this.#counts, messageIds, emailIds);
  }

  /** Rolls back the units that ran, the last of which failed, and runs them again, each in a savepoint. */
  #again(ran: RanUnit[]): void {
    const { connection, log } = this.#parts;
    connection.text("ROLLBACK");
    this.#counts.forget();
    for (const { tx } of ran) tx.settle(false, log);
    connection.text("BEGIN IMMEDIATE");
    for (const [i, { waiting }] of ran.entries()) {
      connection.text("SAVEPOINT unit");
      ran[i] = this.#unit(waiting);
      if (!connection.inTransaction) throw lostTransaction(ran.slice(0, i + 1));
      this.#endSavepoint(ran[i]);
    }
  }

  /** What is held in memory belongs to one unit only where that may be rolled back by itself. */
  #endSavepoint(ran: RanUnit | undefined): void {
    const { connection } = this.#parts;
    if (ran !== undefined && "value" in ran.outcome) connection.work(this.#counts.flush());
    else connection.text("ROLLBACK TO unit");
    this.#counts.forget();
    connection.text("RELEASE unit");
  }

  /** Runs a unit's steps to its end. */
  #work<T>(work: Work<T>): T {
    let next = work.next();
    while (!next.done) next = this.#advance(work, next.value);
    return next.value;
  }

  /** One step, before which what is held in memory is written if the step may ask for it. */
  #advance<S, T>(work: Generator<S, T, unknown>, step: Step): IteratorResult<S, T> {
    const { connection } = this.#parts;
    const { query } = step;
    this.#changed ||= query.changes;
    if (query.touchesCounts) {
      try {
        connection.work(this.#counts.flush());
      } catch (error) {
        return work.throw(error);
      }
      if (query.changes) this.#counts.forget();
    }
    return connection.advance(work, step);
  }

  #slice(sliced: Sliced): number {
    const { connection, clock } = this.#parts;
    const slice = new Slice(() => clock.monotonic(), bulkSliceMs);
    const tx = sliced.tx ??= this.#newTransaction();
    try {
      connection.text("BEGIN IMMEDIATE");
      const work = sliced.work ??= sliced.begin(tx);
      let next = work.next();
      while (!next.done && !(next.value.want === "pause" && slice.full())) {
        next = next.value.want === "pause" ? work.next() : this.#advance(work, next.value);
      }
      const ended = next.done === true;
      const value = next.done ? next.value : undefined;
      const waiting = { resolve: ended ? sliced.resolve : () => {}, reject: sliced.reject };
      this.#commit([{ waiting, tx, outcome: { value } }]);
      if (ended) this.#bulk.shift();
      else {
        // One after the other, so that none waits for the longest.
        this.#bulk.shift();
        this.#bulk.push(sliced);
        tx.clear(clock.now());
      }
    } catch (error) {
      this.#bulk.shift();
      endWork(sliced.work);
      this.#failed([{ waiting: sliced, tx, outcome: { error } }], error);
    }
    return sliceBytes;
  }

  /** Commits, then tells: first the hooks, then the listeners, then those who wait. */
  #commit(ran: readonly Ran[]): void {
    const { connection, feed, emailIds } = this.#parts;
    const touched: Touched = new Map();
    for (const { tx, outcome } of ran) if ("value" in outcome) mergeTouched(touched, tx.touched);
    const commit = feed.commit + (touched.size > 0 ? 1 : 0);
    const taken = commit > this.#taken ? commit + commitsTaken - 1 : this.#taken;
    connection.work(this.#counts.flush());
    if (taken > this.#taken) connection.work(run(setCommit, { commit: taken }));
    connection.work(emailIds.note());
    connection.text("COMMIT");
    emailIds.committed();
    this.#counts.forget();
    this.#taken = taken;
    this.#groups.add({ result: "ok" });
    for (const { tx, outcome } of ran) tx.settle("value" in outcome, this.#parts.log);
    const deleted = ran.flatMap(({ tx, outcome }) => "value" in outcome ? tx.deleted : []);
    if (deleted.length > 0) this.#parts.emailsDeleted?.(deleted);
    if (touched.size > 0) feed.publish(commit, touched);
    for (const { waiting, outcome } of ran) {
      this.#units.add({ result: "value" in outcome ? "ok" : "error" });
      if ("value" in outcome) waiting.resolve(outcome.value);
      else waiting.reject(this.#refusal(outcome.error));
    }
  }

  /** Nothing of the group is on disk. */
  #failed(ran: readonly Ran[], error: unknown): void {
    const { connection, log } = this.#parts;
    this.#counts.forget();
    try {
      if (connection.inTransaction) connection.text("ROLLBACK");
    } catch (rollback) {
      log.error("a transaction could not be rolled back", { error: asError(rollback) });
    }
    this.#groups.add({ result: "error" });
    for (const { waiting, tx, outcome } of ran) {
      tx.settle(false, log);
      this.#units.add({ result: "error" });
      // Whoever failed by itself is told its own reason.
      waiting.reject(this.#refusal("error" in outcome ? outcome.error : error));
    }
  }

  #refuseAll(refusal: Refused): void {
    for (const waiting of this.#queue.clear()) waiting.reject(refusal);
    for (const sliced of this.#bulk.splice(0)) {
      endWork(sliced.work);
      sliced.reject(refusal);
    }
    this.#waitingBytes = 0;
  }

  /** What a caller is told of an error, and what that means for the writer. */
  #refusal(error: unknown): unknown {
    const { log } = this.#parts;
    switch (this.#parts.connection.failure(error)) {
      case null:
        return error;
      case "diskFull":
        log.warn("the disk is full: refused", { error: asError(error) });
        return new Refused("diskFull", "no space left for the database", error);
      case "broken":
        // After a failed fsync nobody knows what is on disk until the database is opened anew.
        this.#broken ??= new Refused("tryLater", "the database failed; the store must be opened anew", error);
        this.#closed ??= this.#broken;
        log.error("the database failed: the store takes no more changes until it is started again", {
          error: asError(error),
        });
        return this.#broken;
      case "other":
        log.error("a query failed", { error: asError(error) });
        return new Refused("tryLater", "a query failed", error);
    }
  }

  /** Why nothing is taken any more (a closed or failed store), or null. */
  get closed(): Refused | null {
    return this.#closed;
  }
}

/** What ended the transaction under the last unit that ran. */
function lostTransaction(ran: readonly Ran[]): unknown {
  const outcome = ran.at(-1)?.outcome;
  return outcome !== undefined && "error" in outcome
    ? outcome.error
    : new Error("the transaction ended early");
}

/** Lets the `finally` blocks of interrupted work run; what they throw is of no use to anybody. */
function endWork(work: SlicedWork<unknown> | null): void {
  try {
    work?.return(undefined);
  } catch { /* Its first error is already on its way. */ }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
