/**
 * The store: one data folder, opened, locked, swept, and closed.
 *
 * ```text
 * DIR/lock           held by whoever serves the folder
 * DIR/mail.sqlite    everything but large bodies; with -wal and -shm beside it while it is open
 * DIR/bodies/ab/…    large bodies, named by their SHA-256
 * DIR/spool/…        large bodies on their way in; empty after a start
 * DIR/anchors.txt    the root's keys that DNSSEC begins with (`anchor_file.ts`), where it is validated
 * ```
 *
 * Folders are 0700 and files 0600. Nothing outside the folder is touched.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import { Bodies } from "./bodies.ts";
import { BodyFiles } from "./body_files.ts";
import { ChangeFeed } from "./change_feed.ts";
import { EmailIds } from "./email_ids.ts";
import { Connection, pageBytes, Reader, Slice, turn } from "./connection.ts";
import { markDamaged } from "./damaged_bodies.ts";
import { firstDelivery, forgetDeliveries, type OldDeliveries, oldDeliveries } from "./deliveries.ts";
import { type Disk, realDisk } from "./disk.ts";
import { MessageIds } from "./message_ids.ts";
import { migrate, versionOf, WrongDatabase } from "./migrations.ts";
import { one, prepared, type Work } from "./query.ts";
import { SpoolFolder } from "./spool.ts";
import { type FolderLock, lockFolder } from "./store_lock.ts";
import type { TextIndex } from "./text_index.ts";
import type { DeletedEmail } from "./transaction.ts";
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
  readonly messageIds: MessageIds;
  readonly emailIds: EmailIds;
  readonly spools: SpoolFolder;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Told after a COMMIT which emails it deleted; and after every group or slice of the writer. Must not throw. */
  onEmailsDeleted: ((emails: readonly DeletedEmail[]) => void) | null = null;
  onGroup: (() => void) | null = null;
  /** The full-text index, where there is one. Without it everything works, and search in texts is slow. */
  texts: TextIndex | null = null;
  readonly #lock: FolderLock;
  readonly #write: Connection;
  readonly #read: Connection;
  readonly #reader: Reader;
  readonly #wal: WalKeeper;
  #reads = 0;
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
    this.messageIds = MessageIds.load(this.#reader);
    this.emailIds = EmailIds.load(this.#reader);
    const { feed } = this;
    const parts = {
      connection: write,
      feed,
      wal: this.#wal,
      messageIds: this.messageIds,
      emailIds: this.emailIds,
      emailsDeleted: (emails: readonly DeletedEmail[]) => this.onEmailsDeleted?.(emails),
      clock,
      log,
      metrics,
    };
    this.writer = new Writer({ ...parts, afterGroup: () => this.#afterGroup() });
    const files = new BodyFiles(`${folder}/${bodiesFolder}`, disk);
    const mark = (id: number, what: string) => this.#markDamaged(id, what);
    this.bodies = new Bodies({ files, disk, reader: this.#reader, log, metrics, mark });
    this.spools = new SpoolFolder(`${folder}/${spoolFolder}`, disk);
    const swept = { spools: this.spools.sweep(), bodies: this.bodies.sweep() };
    if (swept.spools + swept.bodies > 0) log.info("files that nothing names were removed", swept);
  }

  /** Octets of the write-ahead log that are not in the database yet. */
  get walBytes(): number {
    return this.#wal.bytes;
  }

  /** How often something was read. */
  get reads(): number {
    return this.#reads;
  }

  /**
   * Runs a store function that only reads, as one read transaction: it sees every commit made before. It holds up
   * everything else, so what is long ends after a {@link Slice} and goes on by key in another, after `turn()`.
   */
  read<T>(work: Work<T>): T {
    this.#reads++;
    return this.#reader.read(work);
  }

  /** A slice that begins now: ten milliseconds or a megabyte. */
  slice(): Slice {
    return new Slice(() => this.clock.monotonic());
  }

  /** Deletes what is too old, and gives free pages back. A chore: see `housekeeping.ts`. */
  async expire(): Promise<void> {
    for (let behind: Bytes | null = firstDelivery; behind !== null && this.writer.closed === null;) {
      const { ids, last }: OldDeliveries = this.read(oldDeliveries(behind, this.clock.now()));
      if (ids.length > 0) await this.writer.run(() => forgetDeliveries(ids));
      else await turn();
      behind = last;
    }
    while (
      this.writer.closed === null &&
      Number(this.#write.pragma("freelist_count")?.["freelist_count"]) > keptPages
    ) {
      this.#write.script(`PRAGMA incremental_vacuum(${freedPages})`);
      this.#wal.committed(freedPages * pageBytes);
      await turn();
    }
  }

  /** Takes nothing more, finishes what waits, and writes the log into the database. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
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

  #afterGroup(): void {
    this.onGroup?.();
    if (!this.messageIds.full || this.writer.closed !== null) return;
    this.messageIds.settle((unit) => this.writer.run(unit)).catch((error: unknown) =>
      this.log.warn("Message-IDs stay in memory for now", {
        error: error instanceof Error ? error : String(error),
      })
    );
  }

  #markDamaged(id: number, what: string): void {
    this.writer.run((tx) => markDamaged(id, tx.now, what)).catch((error: unknown) => {
      if (this.writer.closed !== null) return; // The next one who reads it finds it again.
      this.log.warn("a damaged body was not put on record", {
        body: id,
        error: error instanceof Error ? error : String(error),
      });
    });
  }
}

/**
 * Opens a data folder, and makes it if it is new.
 *
 * @throws {FolderLocked} If somebody else serves it.
 * @throws {WrongDatabase} If it was made by a newer program, or is not there and bodies are.
 */
export function openStore(settings: StoreSettings): Store {
  const { folder, clock, log, disk = realDisk } = settings;
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
    emptyLog(write, log);
    if (versionOf(write) === 0) checkNoBodies(new BodyFiles(`${folder}/${bodiesFolder}`, disk));
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

/**
 * Brings into the database what a crash left in the log. After an fsync that failed, the system may say that the log's end is
 * on the disk when it is not; what is added behind it would be lost with it in a power failure. This reads it and writes it
 * anew, elsewhere.
 */
function emptyLog(connection: Connection, log: Log): void {
  try {
    connection.pragma("wal_checkpoint(TRUNCATE)");
  } catch (error) {
    if (connection.failure(error) !== "diskFull") throw error;
    // What is there can be read all the same, and room be made.
    log.warn("the disk is full: the write-ahead log stays as it is", {
      error: error instanceof Error ? error : String(error),
    });
  }
}

/** Beside a new database all bodies would be swept: none of them has a row. */
function checkNoBodies(files: BodyFiles): void {
  for (const { name, stray } of files.all()) {
    if (stray) continue;
    throw new WrongDatabase(
      `${databaseName} is not there or empty, and ${bodiesFolder}/ holds messages, such as ${name}, which a new ` +
        `database would not know: restore ${databaseName} from a backup, or move ${bodiesFolder}/ elsewhere`,
    );
  }
}
