/**
 * One connection to the database: statements kept by query, and the synchronous runner of store functions.
 *
 * Rows are read as arrays and made into objects here: `node:sqlite` takes three microseconds for each object
 * that it makes itself, and a third of one for an array.
 *
 * @module
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { MiB } from "../base/bytes.ts";
import type { Effect, Prepared, SomeRows, SqlValue, Step, Work } from "./query.ts";
import { lacksRoom } from "./room.ts";

/**
 * Pages are this large. Measured against 4 KB with bodies of 2 and 50 KB (`delivery/deliver_bench.ts`): a single commit
 * then writes 48 instead of 78 KB, but groups, large bodies, and reading many messages take a tenth to a quarter longer.
 */
export const pageBytes = 8192;

/** What each connection keeps of the database in memory. */
const cacheBytes = 32 * MiB;

/** What `PRAGMA auto_vacuum` says of a database that was made so. */
const incremental = 2;

/** A WAL that grew beyond this is cut back to it once it starts anew. */
const walKeptBytes = 32 * MiB;

/** A statement of `node:sqlite` with its methods for arrays, which the types do not know yet. */
interface ArrayStatement {
  setReturnArrays(on: boolean): void;
  get(...values: readonly SqlValue[]): SqlValue[] | undefined;
  all(...values: readonly SqlValue[]): SqlValue[][];
  iterate(...values: readonly SqlValue[]): IterableIterator<SqlValue[]>;
  run(...values: readonly SqlValue[]): { changes: number; lastInsertRowid: number };
}

interface Statement {
  readonly run: ArrayStatement;
  readonly names: readonly string[];
}

/** A row with its columns' names. */
export type Row = Record<string, SqlValue>;

/** A connection; not to be used while {@link work} runs, except through the work. */
export class Connection {
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<Prepared<never, unknown>, Statement>();
  readonly #texts = new Map<string, StatementSync>();

  /** Opens or creates the file. Page size and auto-vacuum take effect only on a new one. */
  constructor(path: string) {
    this.#path = path;
    this.#db = new DatabaseSync(path);
    try {
      this.pragma(`page_size = ${pageBytes}`);
      // Said again it is written again, for which there is no room on a full disk.
      if (this.pragma("auto_vacuum")?.["auto_vacuum"] !== incremental) {
        this.pragma("auto_vacuum = INCREMENTAL");
      }
      this.pragma("journal_mode = WAL");
      this.pragma("synchronous = FULL");
      this.pragma("wal_autocheckpoint = 0"); // Only the writer's `WalKeeper` does it.
      this.pragma(`journal_size_limit = ${walKeptBytes}`);
      this.pragma(`cache_size = -${cacheBytes / 1024}`);
      this.pragma("temp_store = MEMORY"); // Savepoints keep the pages that they may have to put back here.
      this.pragma("foreign_keys = OFF"); // `verify.ts` checks references; each check here would cost a lookup.
      this.pragma("busy_timeout = 5000");
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** Whether a transaction is open. An error such as a full disk may have ended it. */
  get inTransaction(): boolean {
    return this.#db.isTransaction;
  }

  /** What an error of this connection means to us. To be asked at once: whether there is room may change. */
  failure(error: unknown): DatabaseFailure | null {
    return databaseFailure(error, () => this.lacksRoom());
  }

  /** Whether there is no room for the database now. */
  lacksRoom(): boolean {
    return lacksRoom(this.#path);
  }

  /** Runs a fixed statement: BEGIN, SAVEPOINT and their like. */
  text(sql: string): void {
    let statement = this.#texts.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#texts.set(sql, statement);
    }
    statement.run();
  }

  /** Runs a script of several statements, for migrations. */
  script(sql: string): void {
    this.#db.exec(sql);
  }

  /** Makes a function of one value for each argument that statements can call, for migrations. It must depend on these alone. */
  define(name: string, body: (...values: SqlValue[]) => SqlValue): void {
    // There are no big integers in our columns; the driver's own type is wider.
    this.#db.function(
      name,
      { deterministic: true, varargs: true },
      (...values) => body(...values as SqlValue[]),
    );
  }

  /** A PRAGMA's first row, or undefined. */
  pragma(text: string): Row | undefined {
    const sql = `PRAGMA ${text}`;
    let statement = this.#texts.get(sql);
    if (statement === undefined) this.#texts.set(sql, statement = this.#db.prepare(sql));
    // A row has only values of SQL; the driver's own type is wider.
    return statement.get() as Row | undefined;
  }

  /** All rows of a PRAGMA or query that is used once. */
  rows(sql: string, ...values: (string | number)[]): Row[] {
    return this.#db.prepare(sql).all(...values) as Row[];
  }

  /** Runs a store function to its end, each query at once. Transactions are the caller's. */
  work<T>(work: Generator<Step, T, unknown>): T {
    let next = work.next();
    while (!next.done) next = this.advance(work, next.value);
    return next.value;
  }

  /** Runs one step of a store function and goes on to its next. An error of the query is thrown into it. */
  advance<S, T>(work: Generator<S, T, unknown>, step: Step): IteratorResult<S, T> {
    let answer: unknown;
    try {
      answer = this.#execute(step);
    } catch (error) {
      return work.throw(error);
    }
    return work.next(answer);
  }

  close(): void {
    this.#statements.clear();
    this.#texts.clear();
    this.#db.close();
  }

  #execute({ query, values, want, maxBytes }: Step): unknown {
    const { run, names } = this.#statements.get(query) ?? this.#prepare(query);
    const bound = query.bind(values);
    switch (want) {
      case "run": {
        const { changes, lastInsertRowid } = run.run(...bound);
        return { changes, insertedId: lastInsertRowid } satisfies Effect;
      }
      case "one": {
        const row = run.get(...bound);
        return row === undefined ? undefined : named(row, names);
      }
      case "many":
        return run.all(...bound).map((row) => named(row, names));
      case "tuples":
        return run.all(...bound);
      case "some":
        return someOf(run.iterate(...bound), maxBytes ?? Infinity);
    }
  }

  #prepare(query: Prepared<never, unknown>): Statement {
    const statement = this.#db.prepare(query.sql);
    const names = statement.columns().map((column) => column.name);
    // Not yet in the driver's types: see ArrayStatement.
    const run = statement as unknown as ArrayStatement;
    run.setReturnArrays(true);
    const made = { run, names };
    this.#statements.set(query, made);
    return made;
  }
}

/** Leaving the loop resets the statement, so nothing stays open. */
function someOf(found: Iterable<SqlValue[]>, maxBytes: number): SomeRows<SqlValue[]> {
  const rows: SqlValue[][] = [];
  let bytes = 0;
  for (const row of found) {
    rows.push(row);
    for (const value of row) if (value instanceof Uint8Array) bytes += value.length;
    if (bytes >= maxBytes) return { rows, cut: true };
  }
  return { rows, cut: false };
}

function named(row: readonly SqlValue[], names: readonly string[]): Row {
  const object: Row = {};
  for (let i = 0; i < names.length; i++) object[names[i] ?? ""] = row[i] ?? null;
  return object;
}

/** What SQLite's errors mean to us. */
export type DatabaseFailure = "diskFull" | "broken" | "other";

/**
 * What SQLite says of every write that failed, also where a quota is reached: SQLITE_IOERR_WRITE, _TRUNCATE, _SHMOPEN and
 * _SHMMAP, and SQLITE_CANTOPEN where the log cannot be made. A failed fsync is not among them: after it nobody knows what is
 * on the disk.
 */
const perhapsNoRoom: ReadonlySet<number> = new Set([778, 1546, 4618, 5386, 14]);

/**
 * Sorts an error: no space (nothing is lost, it will work again), a broken disk or file (a person must act), or
 * any other.
 *
 * @param lacksRoom Whether there is no room now, where the error alone does not tell.
 */
export function databaseFailure(error: unknown, lacksRoom: () => boolean): DatabaseFailure | null {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "ERR_SQLITE_ERROR") return null;
  const code = "errcode" in error && typeof error.errcode === "number" ? error.errcode : 0;
  // SQLITE_FULL; SQLITE_IOERR_SHMSIZE, no room for the WAL's index.
  if ((code & 0xff) === 13 || code === 4874 || /disk is full/.test(error.message)) return "diskFull";
  if (perhapsNoRoom.has(code) && lacksRoom()) return "diskFull";
  // SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_NOTADB.
  if ([10, 11, 26].includes(code & 0xff)) return "broken";
  return "other";
}

/** Longest time and most bytes of one slice: of a read transaction, or of bulk work in the writer. */
export const sliceMs = 10;
export const sliceBytes = MiB;

/**
 * Runs a store function on a connection of its own, as one read transaction. It sees every commit that was made
 * before, and must end after one slice: see {@link Slice}.
 */
export class Reader {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Inside another read, it is part of that. @throws Whatever the work throws. */
  read<T>(work: Work<T>): T {
    if (this.#connection.inTransaction) return this.#connection.work(work);
    this.#connection.text("BEGIN");
    try {
      return this.#connection.work(work);
    } finally {
      if (this.#connection.inTransaction) this.#connection.text("COMMIT");
    }
  }
}

/** How much of a slice is used up. */
export class Slice {
  readonly #monotonic: () => number;
  readonly #end: number;
  #bytes = 0;

  /** @param monotonic Milliseconds, as `Clock.monotonic`. */
  constructor(monotonic: () => number, ms: number = sliceMs) {
    this.#monotonic = monotonic;
    this.#end = monotonic() + ms;
  }

  /** Counts `bytes` that were made or read, and says whether the slice should end. */
  full(bytes = 0): boolean {
    this.#bytes += bytes;
    return this.#bytes >= sliceBytes || this.#monotonic() >= this.#end;
  }
}

/** Between slices of bulk work, which has time, requests of other threads and processes are let in so often, in milliseconds. */
export const letInToBulkMs = 5;

/** Between slices of what somebody waits for; most of that waits for the other end anyhow, now and then. */
export const letInMs = 100;

let lastLetIn = 0;

/**
 * Calls back after everything else that waits has had a turn: between two slices.
 *
 * While one `setImmediate` follows another, the runtime asks neither sockets nor message ports, for about thirty rounds: with
 * slices of 5 ms, a request of another thread waited 60 ms and at times 200. A timer lets them in at once, but costs some
 * milliseconds; so it is one only now and then. (With one every 5 ms, flags of 100,000 messages took a third longer to read.)
 */
export function afterTurn(next: () => void, everyMs: number): void {
  const now = performance.now();
  if (now - lastLetIn < everyMs) {
    setImmediate(next);
    return;
  }
  setTimeout(() => {
    lastLetIn = performance.now();
    next();
  }, 0);
}

/** Lets everything else that waits have a turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => afterTurn(resolve, letInMs));
}
