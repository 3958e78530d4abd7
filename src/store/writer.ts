/**
 * The one writer: everything that arrives together is one transaction and one fsync.
 *
 * The first unit to arrive schedules a `setImmediate`; all that arrive until then join its group. A group is one
 * synchronous transaction (WAL, synchronous=FULL). Each unit runs in a SAVEPOINT of its own, so that one
 * which fails takes back only its own changes. Promises settle after COMMIT; when that fails, nothing of the
 * group was acknowledged and all of it is refused.
 *
 * Bulk work goes in slices between groups: a transaction of its own for each ten milliseconds of it.
 *
 * Units are synchronous generators ({@link Work}): whatever takes time (hashing, indexing, large bodies) is done before.
 *
 * @module
 */
import { MiB } from "../base/bytes.ts";
import type { Clock, Millis } from "../base/clock.ts";
import { Refused } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Counter, Histogram, Metrics } from "../base/metrics.ts";
import { type ChangeFeed, mergeTouched, type Touched } from "./change_feed.ts";
import { type Connection, databaseFailure, Slice, sliceMs } from "./connection.ts";
import { prepared, run, type Step, type Work } from "./query.ts";
import type { WalKeeper } from "./wal_keeper.ts";

/** A group takes no more units, bytes or milliseconds than this. */
export const maxGroupUnits = 256;
export const maxGroupBytes = 8 * MiB;
export const maxGroupMs = 10;

/** What may wait for the writer; beyond it, units are refused at once with `tryLater`. */
export const maxWaitingUnits = 10_000;
export const maxWaitingBytes = 128 * MiB;

/** What a unit can say to the writer. Good only while the unit runs. */
export interface Transaction {
  /** When the unit began. */
  readonly now: Millis;
  /** Messages or flags in a mailbox changed: listeners of the account are told after COMMIT. */
  changed(accountId: number, mailboxId: number): void;
  /** Mailboxes were made, deleted or renamed, or subscriptions changed. */
  listChanged(accountId: number): void;
  /** Called after COMMIT, before the unit's promise settles. Must not throw. */
  afterCommit(done: () => void): void;
  /** Called when the unit's changes (of this slice) were taken back. Must not throw. */
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

/** What the writer is handed. */
export interface WriterParts {
  readonly connection: Connection;
  readonly feed: ChangeFeed;
  readonly wal: WalKeeper;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
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

const setCommit = prepared((db, p: { commit: number }) =>
  db.updateTable("meta").set({ value: p.commit }).where("name", "=", "commit")
);

/** Runs units in groups. */
export class Writer {
  readonly #parts: WriterParts;
  readonly #groups: Counter;
  readonly #units: Counter;
  readonly #seconds: Histogram;
  readonly #queue: Waiting[] = [];
  readonly #bulk: Sliced[] = [];
  #waitingBytes = 0;
  #scheduled = false;
  #sliceIsNext = false;
  #closed: Refused | null = null;
  /** Set for ever once the database failed: nothing may be acknowledged any more. */
  #broken: Refused | null = null;
  #idle: (() => void)[] = [];

  constructor(parts: WriterParts) {
    this.#parts = parts;
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
    if (this.#closed !== null) return Promise.reject(this.#closed);
    if (this.#queue.length >= maxWaitingUnits || this.#waitingBytes + bytes > maxWaitingBytes) {
      return Promise.reject(new Refused("tryLater", "too much waits for the writer"));
    }
    this.#waitingBytes += bytes;
    this.#schedule();
    return new Promise((resolve, reject) => {
      // The value is the unit's own, so it is a T.
      this.#queue.push({ unit, bytes, resolve: resolve as (value: unknown) => void, reject });
    });
  }

  /**
   * Runs bulk work in slices of at most ten milliseconds, each a transaction of its own. When a later slice fails, the earlier
   * ones stay.
   */
  slices<T>(begin: (tx: Transaction) => SlicedWork<T>): Promise<T> {
    if (this.#closed !== null) return Promise.reject(this.#closed);
    this.#schedule();
    return new Promise((resolve, reject) => {
      const sliced = { begin, resolve: resolve as (value: unknown) => void, reject, work: null, tx: null };
      this.#bulk.push(sliced);
    });
  }

  /** Refuses what comes from now on; resolves once everything that waits is done. */
  close(): Promise<void> {
    this.#closed ??= new Refused("tryLater", "the store is closed");
    if (!this.#scheduled) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#turn());
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
      if (sliced !== undefined && (this.#sliceIsNext || this.#queue.length === 0)) this.#slice(sliced);
      else if (this.#queue.length > 0) this.#group();
      this.#sliceIsNext = !this.#sliceIsNext;
      this.#parts.wal.committed();
    } finally {
      this.#scheduled = false;
      if (this.#queue.length > 0 || this.#bulk.length > 0) this.#schedule();
      else for (const idle of this.#idle.splice(0)) idle();
    }
  }

  #group(): void {
    const { connection, clock } = this.#parts;
    const began = clock.monotonic();
    const ran: Ran[] = [];
    try {
      connection.text("BEGIN IMMEDIATE");
      let bytes = 0;
      while (ran.length < maxGroupUnits && bytes < maxGroupBytes && clock.monotonic() - began < maxGroupMs) {
        const waiting = this.#queue.shift();
        if (waiting === undefined) break;
        this.#waitingBytes -= waiting.bytes;
        bytes += waiting.bytes;
        ran.push(this.#unit(waiting));
        if (!connection.inTransaction) throw lostTransaction(ran);
      }
      this.#commit(ran);
    } catch (error) {
      if (ran.length === 0) this.#failFirst(error);
      this.#failed(ran, error);
      return;
    } finally {
      this.#seconds.observe((clock.monotonic() - began) / 1000);
    }
  }

  /** Not even BEGIN worked: the first that waits is told, so that none waits for ever. */
  #failFirst(error: unknown): void {
    const waiting = this.#queue.shift();
    if (waiting === undefined) return;
    this.#waitingBytes -= waiting.bytes;
    waiting.reject(this.#refusal(error));
  }

  #unit(waiting: Waiting): Ran {
    const { connection, clock } = this.#parts;
    const tx = new UnitTransaction(clock.now());
    connection.text("SAVEPOINT unit");
    try {
      const value = connection.work(waiting.unit(tx));
      connection.text("RELEASE unit");
      return { waiting, tx, outcome: { value } };
    } catch (error) {
      if (connection.inTransaction) {
        connection.text("ROLLBACK TO unit");
        connection.text("RELEASE unit");
      }
      return { waiting, tx, outcome: { error } };
    }
  }

  #slice(sliced: Sliced): void {
    const { connection, clock } = this.#parts;
    const slice = new Slice(() => clock.monotonic(), sliceMs);
    const tx = sliced.tx ??= new UnitTransaction(clock.now());
    try {
      connection.text("BEGIN IMMEDIATE");
      const work = sliced.work ??= sliced.begin(tx);
      let next = work.next();
      while (!next.done && !(next.value.want === "pause" && slice.full())) {
        next = next.value.want === "pause" ? work.next() : connection.advance(work, next.value);
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
  }

  /** Commits, then tells: first the hooks, then the listeners, then those who wait. */
  #commit(ran: readonly Ran[]): void {
    const { connection, feed } = this.#parts;
    const touched: Touched = new Map();
    for (const { tx, outcome } of ran) if ("value" in outcome) mergeTouched(touched, tx.touched);
    const commit = feed.commit + (touched.size > 0 ? 1 : 0);
    if (touched.size > 0) connection.work(run(setCommit, { commit }));
    connection.text("COMMIT");
    this.#groups.add({ result: "ok" });
    for (const { tx, outcome } of ran) tx.settle("value" in outcome, this.#parts.log);
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
    for (const waiting of this.#queue.splice(0)) waiting.reject(refusal);
    for (const sliced of this.#bulk.splice(0)) {
      endWork(sliced.work);
      sliced.reject(refusal);
    }
    this.#waitingBytes = 0;
  }

  /** What a caller is told of an error, and what that means for the writer. */
  #refusal(error: unknown): unknown {
    const { log } = this.#parts;
    switch (databaseFailure(error)) {
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

class UnitTransaction implements Transaction {
  readonly touched: Touched = new Map();
  #now: Millis;
  #committed: (() => void)[] = [];
  #rolledBack: (() => void)[] = [];

  constructor(now: Millis) {
    this.#now = now;
  }

  get now(): Millis {
    return this.#now;
  }

  changed(accountId: number, mailboxId: number): void {
    this.#touch(accountId).mailboxes.add(mailboxId);
  }

  listChanged(accountId: number): void {
    this.#touch(accountId).list = true;
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
    this.#committed = [];
    this.#rolledBack = [];
  }

  #touch(accountId: number): { mailboxes: Set<number>; list: boolean } {
    let touched = this.touched.get(accountId);
    if (touched === undefined) this.touched.set(accountId, touched = { mailboxes: new Set(), list: false });
    return touched;
  }
}
