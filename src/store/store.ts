/**
 * The store: one data folder, opened, locked, swept, and closed.
 *
 * ```text
 * DIR/lock           held by whoever serves the folder
 * DIR/mail.sqlite    everything but large bodies; with -wal and -shm beside it while it is open
 * DIR/bodies/ab/…    large bodies, named by their SHA-256
 * DIR/spool/…        large bodies on their way in; empty after a start
 * ```
 *
 * Folders are 0700 and files 0600. Nothing outside the folder is touched.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import { Bodies } from "./bodies.ts";
import { BodyFiles } from "./body_files.ts";
import { ChangeFeed } from "./change_feed.ts";
import { Connection, Reader, Slice, turn } from "./connection.ts";
import { expireDeliveries } from "./deliveries.ts";
import { type Disk, realDisk } from "./disk.ts";
import { migrate } from "./migrations.ts";
import { one, prepared, type Work } from "./query.ts";
import { SpoolFolder } from "./spool.ts";
import { type FolderLock, lockFolder } from "./store_lock.ts";
import { WalKeeper } from "./wal_keeper.ts";
import { Writer } from "./writer.ts";

/** What a store is opened with. */
export interface StoreSettings {
  /** The data folder; made if its parent is there. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** For tests: file operations that fail. */
  readonly disk?: Disk;
}

/** Free pages that the database may keep for what comes next (8 MB), and how many are given back in one step. */
const keptPages = 1000;
const freedPages = 250;
/** How often old rows and free pages are looked for. */
const housekeepingMs = 60 * 60 * 1000;

const metaValue = prepared((db, p: { name: string }) =>
  db.selectFrom("meta").select("value").where("name", "=", p.name)
);

/** The names of the files in a data folder. */
export const databaseName = "mail.sqlite";
export const bodiesFolder = "bodies";
export const spoolFolder = "spool";

/** An open store. */
export class Store {
  readonly writer: Writer;
  readonly feed: ChangeFeed;
  readonly bodies: Bodies;
  readonly spools: SpoolFolder;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly #lock: FolderLock;
  readonly #write: Connection;
  readonly #read: Connection;
  readonly #reader: Reader;
  readonly #wal: WalKeeper;
  #housekeeping: Timer;
  #closing: Promise<void> | null = null;

  /** Use {@link openStore}. */
  constructor(settings: StoreSettings, lock: FolderLock, write: Connection, read: Connection) {
    const { folder, clock, log, metrics, disk = realDisk } = settings;
    this.clock = clock;
    this.log = log;
    this.metrics = metrics;
    this.#lock = lock;
    this.#write = write;
    this.#read = read;
    this.#reader = new Reader(read);
    this.feed = new ChangeFeed(this.read(one(metaValue, { name: "commit" }))?.value ?? 0);
    this.#wal = new WalKeeper(write, clock, log, metrics);
    this.writer = new Writer({ connection: write, feed: this.feed, wal: this.#wal, clock, log, metrics });
    const files = new BodyFiles(`${folder}/${bodiesFolder}`, disk);
    this.bodies = new Bodies({ files, disk, reader: this.#reader, log, metrics });
    this.spools = new SpoolFolder(`${folder}/${spoolFolder}`, disk);
    const swept = { spools: this.spools.sweep(), bodies: this.bodies.sweep() };
    if (swept.spools + swept.bodies > 0) log.info("files that nothing names were removed", swept);
    this.#housekeeping = clock.after(housekeepingMs, () => this.#keepHouse());
  }

  /** Octets of the write-ahead log that are not in the database yet. */
  get walBytes(): number {
    return this.#wal.bytes;
  }

  /**
   * Runs a store function that only reads, as one read transaction: it sees every commit made before. It holds up
   * everything else, so what is long ends after a {@link Slice} and goes on by key in another, after `turn()`.
   */
  read<T>(work: Work<T>): T {
    return this.#reader.read(work);
  }

  /** A slice that begins now: ten milliseconds or a megabyte. */
  slice(): Slice {
    return new Slice(() => this.clock.monotonic());
  }

  /** Deletes what is too old, and gives free pages back; also called by itself each hour. */
  async expire(): Promise<void> {
    while (await this.writer.run((tx) => expireDeliveries(tx.now))) { /* There may be more. */ }
    while (
      this.writer.closed === null &&
      Number(this.#write.pragma("freelist_count")?.["freelist_count"]) > keptPages
    ) {
      this.#write.script(`PRAGMA incremental_vacuum(${freedPages})`);
      this.#wal.committed();
      await turn();
    }
  }

  /** Takes nothing more, finishes what waits, and writes the log into the database. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#housekeeping.cancel();
    await this.writer.close();
    this.#wal.close();
    this.feed.close();
    try {
      this.#read.close();
      this.#write.close(); // The last connection: SQLite checkpoints and removes the log.
    } finally {
      this.#lock.release();
    }
  }

  #keepHouse(): void {
    this.#housekeeping = this.clock.after(housekeepingMs, () => this.#keepHouse());
    this.expire().catch((error: unknown) =>
      this.log.warn("old rows were not deleted", { error: error instanceof Error ? error : String(error) })
    );
  }
}

/**
 * Opens a data folder, and makes it if it is new.
 *
 * @throws {FolderLocked} If somebody else serves it.
 * @throws {WrongDatabase} If it was made by a newer program.
 */
export function openStore(settings: StoreSettings): Store {
  const { folder, clock, disk = realDisk } = settings;
  disk.makeFolder(folder);
  const lock = lockFolder(folder);
  const open: Connection[] = [];
  try {
    // Before the database: with its first transaction SQLite syncs the folder, and these entries as well.
    for (const name of [bodiesFolder, spoolFolder]) disk.makeFolder(`${folder}/${name}`);
    const path = `${folder}/${databaseName}`;
    Deno.openSync(path, { create: true, write: true, mode: 0o600 }).close(); // SQLite would make it 0644.
    const write = new Connection(path);
    open.push(write);
    migrate(write, clock.now());
    const read = new Connection(path);
    open.push(read);
    return new Store(settings, lock, write, read);
  } catch (error) {
    for (const connection of open) connection.close();
    lock.release();
    throw error;
  }
}
