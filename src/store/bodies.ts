/**
 * Bodies: what was sent, byte for byte. Small ones are in the database, larger ones in files; each has a SHA-256, and
 * one for each megabyte, checked by every read.
 *
 * A body comes in two steps. Before the writer: {@link Bodies.ready} hashes it and brings a large one to its place on
 * the disk. In the writer's unit: {@link insertBody} adds the row. `release()` must follow in any case: a file that got
 * no row is then removed.
 *
 * @module
 */
import { type Bytes, KiB, noBytes } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Counter, Gauge, Metrics } from "../base/metrics.ts";
import { blockBytes, type BodyHashes, isBlock, sha256 } from "./block_hash.ts";
import type { BodyFiles } from "./body_files.ts";
import type { Reader } from "./connection.ts";
import { damagedBodies, maxDamaged, unmarkDamaged } from "./damaged_bodies.ts";
import { type Disk, diskRefusal } from "./disk.ts";
import { literal, one, prepared, run, type Work } from "./query.ts";
import type { Spools } from "./spool.ts";
import type { Transaction } from "./transaction.ts";

/** Larger bodies are files. */
export const maxInlineBody = 256 * KiB;

/** A body on its way into the database. */
export interface ReadyBody {
  readonly hashes: BodyHashes;
  /** The content, or null if it is a file. */
  readonly content: Bytes | null;
  /** To be called when the unit that should have added it has ended, well or not. Once. */
  release(): void;
}

/** A row of `bodies`, as {@link Bodies.reader} wants it. */
export interface BodyRow {
  readonly id: number;
  readonly size: number;
  readonly sha256: string;
  readonly in_file: number;
  readonly blocks: Bytes;
  readonly bytes: Bytes | null;
}

/** Reads a body, checking the blocks that it touches. Holds nothing open. */
export interface BodyReader {
  readonly size: number;
  /**
   * Octets `start` to `end` (both within the size). Blocking; ask for at most about a megabyte.
   *
   * @throws {Refused} `damaged`, or `expunged` if the last email that had it is gone meanwhile.
   */
  slice(start: number, end: number): Bytes;
}

const bodyById = prepared((db, p: { id: number }) =>
  db.selectFrom("bodies").selectAll().where("id", "=", p.id)
);

const bodyOfFile = prepared((db, p: { sha256: string }) =>
  // The number is written out, because SQLite uses a partial index only if it can see the condition.
  db.selectFrom("bodies").select("id").where("in_file", "=", (eb) => eb.lit(1)).where("sha256", "=", p.sha256)
);

const insertRow = prepared((
  db,
  p: { size: number; sha256: string; inFile: number; blocks: Bytes; bytes: Bytes | null },
) =>
  db.insertInto("bodies").values({
    size: p.size,
    sha256: p.sha256,
    in_file: p.inFile,
    blocks: p.blocks,
    bytes: p.bytes,
  })
);

const emailWithBody = prepared((db, p: { id: number }) =>
  db.selectFrom("emails").select("id").where("body_shared", "=", (eb) => eb.lit(1)).where(
    "body_id",
    "=",
    p.id,
  )
    .limit(literal(1))
);

const queuedWithBody = prepared((db, p: { id: number }) =>
  db.selectFrom("queue").select("id").where("body_id", "=", p.id).limit(literal(1))
);

const fileOf = prepared((db, p: { id: number }) =>
  db.selectFrom("bodies").select(["in_file", "sha256"]).where("id", "=", p.id)
);

const deleteRow = prepared((db, p: { id: number }) => db.deleteFrom("bodies").where("id", "=", p.id));

/**
 * Adds a body's row, or finds that of the file. Returns its id. The emails that have it must follow in this unit; they
 * share it if there are several of them, if it is a file, or if it is in the queue as well.
 */
export function* insertBody(body: ReadyBody): Work<number> {
  const { hashes, content } = body;
  if (content === null) {
    const known = yield* one(bodyOfFile, { sha256: hashes.sha256 });
    if (known !== undefined) return known.id;
  }
  const { insertedId } = yield* run(insertRow, {
    size: hashes.size,
    sha256: hashes.sha256,
    inFile: content === null ? 1 : 0,
    blocks: hashes.blocks,
    bytes: content,
  });
  return insertedId;
}

export interface BodiesParts {
  readonly files: BodyFiles;
  readonly disk: Disk;
  readonly reader: Reader;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Called when a body is found to be damaged that is not on record: see `damaged_bodies.ts`. */
  readonly mark?: (id: number, what: string) => void;
}

/** Where bodies are kept. */
export class Bodies {
  readonly #files: BodyFiles;
  readonly #disk: Disk;
  readonly #reader: Reader;
  readonly #log: Log;
  readonly #mark: (id: number, what: string) => void;
  readonly #damagedTotal: Counter;
  readonly #damagedNow: Gauge;
  readonly #damaged: Set<number>;

  constructor(parts: BodiesParts) {
    this.#files = parts.files;
    this.#disk = parts.disk;
    this.#reader = parts.reader;
    this.#log = parts.log;
    this.#mark = parts.mark ?? (() => {});
    const { metrics } = parts;
    this.#damagedTotal = metrics.counter("mailden_store_damaged_total", "Bodies found to be damaged.", [{}]);
    this.#damagedNow = metrics.gauge("mailden_store_damaged_bodies", "Damaged bodies that are on record.");
    this.#damaged = new Set(parts.reader.read(damagedBodies()));
    this.#damagedNow.set(this.#damaged.size);
  }

  /**
   * Makes a body ready to be added: `content`, or else what was spooled.
   *
   * @throws {Refused} `tooLarge` if the content should have been spooled; as {@link Spools.take}.
   */
  async ready(from: { content: Bytes | null; spool: string | null }, spools: Spools): Promise<ReadyBody> {
    const { content, spool } = from;
    if (content !== null && spool === null) return inline(content);
    if (content !== null || spool === null) {
      throw new Refused("badRequest", "neither content nor spool file, or both");
    }
    const { path, hashes } = await spools.take(spool, maxInlineBody); // Small ones go to the database.
    try {
      if (hashes.size <= maxInlineBody) {
        const bytes = this.#disk.read(path, 0, hashes.size);
        const body = inline(bytes);
        if (body.hashes.sha256 !== hashes.sha256) {
          throw new Refused("tryLater", "a spool file does not hold what was written to it");
        }
        this.#disk.remove(path);
        return body;
      }
      await this.#files.place(path, hashes.sha256);
      return { hashes, content: null, release: () => this.#release(hashes.sha256) };
    } catch (error) {
      this.#disk.remove(path);
      this.#removeUnnamed(hashes.sha256); // It may have got its place, and then not for certain.
      throw diskRefusal(error, "a body could not be brought to its place");
    }
  }

  /**
   * Deletes a body if neither an email nor a message in the queue has it any more. To be called in the unit that deleted
   * the one that had it; the file goes after the commit.
   *
   * @param shared The email's `body_shared`: whether others may have it. True for what was in the queue.
   */
  *dropUnused(tx: Transaction, id: number, shared: boolean): Work<void> {
    if (
      shared && ((yield* one(emailWithBody, { id })) ?? (yield* one(queuedWithBody, { id }))) !== undefined
    ) return;
    const row = yield* one(fileOf, { id });
    if (row === undefined) return;
    yield* run(deleteRow, { id });
    if (this.#damaged.has(id)) {
      yield* unmarkDamaged(id);
      tx.afterCommit(() => this.healed(id));
    }
    if (row.in_file === 1) tx.afterCommit(() => this.#removeUnnamed(row.sha256));
  }

  /** A body that is on its way in, in pieces of at most a megabyte. Before {@link ReadyBody.release}. */
  *pieces({ hashes, content }: ReadyBody): Iterable<Bytes> {
    if (content !== null) return yield content;
    for (let at = 0; at < hashes.size; at += blockBytes) {
      yield this.#files.read(hashes.sha256, at, Math.min(at + blockBytes, hashes.size));
    }
  }

  /** A reader of a body. @throws {Refused} `damaged` if the body is small and damaged, or its row is gone. */
  *open(id: number): Work<BodyReader> {
    const row = yield* one(bodyById, { id });
    if (row === undefined) throw this.#damage(id, "its row is gone");
    return this.reader(row);
  }

  /** As {@link open}, for who has read the row. */
  reader(row: BodyRow): BodyReader {
    if (row.in_file === 1) return this.#fileReader(row);
    const bytes = row.bytes ?? noBytes;
    if (bytes.length !== row.size || sha256(bytes) !== row.sha256) {
      throw this.#damage(row.id, "its bytes are not those that were stored");
    }
    return { size: row.size, slice: (start, end) => bytes.subarray(start, end) };
  }

  /** Removes files that no row names: those of deliveries that were not committed when the process died. */
  sweep(): number {
    return this.#files.sweep((name) => this.#named(name));
  }

  #fileReader(row: BodyRow): BodyReader {
    let block: { index: number; bytes: Bytes } | null = null;
    const blockAt = (index: number): Bytes => {
      if (block?.index === index) return block.bytes;
      const start = index * blockBytes;
      const bytes = this.#readFile(row, start, Math.min(start + blockBytes, row.size));
      if (!isBlock(bytes, index, row)) {
        throw this.#damage(row.id, `its block ${index} is not what was stored`);
      }
      block = { index, bytes };
      return bytes;
    };
    const slice = (start: number, end: number): Bytes => {
      const first = Math.floor(start / blockBytes);
      if (end <= (first + 1) * blockBytes) {
        return end <= start
          ? noBytes
          : blockAt(first).subarray(start - first * blockBytes, end - first * blockBytes);
      }
      const bytes = new Uint8Array(end - start);
      for (let at = start; at < end;) {
        const index = Math.floor(at / blockBytes);
        const piece = blockAt(index).subarray(at - index * blockBytes, end - index * blockBytes);
        bytes.set(piece, at - start);
        at += piece.length;
      }
      return bytes;
    };
    return { size: row.size, slice };
  }

  #readFile(row: BodyRow, start: number, end: number): Bytes {
    try {
      return this.#files.read(row.sha256, start, end);
    } catch (error) {
      // Its number may be another body's by now.
      if (this.#reader.read(one(fileOf, { id: row.id }))?.sha256 !== row.sha256) {
        throw new Refused("expunged", `body ${row.id} was deleted while it was read`);
      }
      throw this.#damage(row.id, "its file cannot be read", error);
    }
  }

  /** Bodies that are on record as damaged. */
  get damaged(): ReadonlySet<number> {
    return this.#damaged;
  }

  /** A body is no longer on record as damaged. */
  healed(id: number): void {
    this.#damaged.delete(id);
    this.#damagedNow.set(this.#damaged.size);
  }

  #damage(id: number, what: string, cause?: unknown): Refused {
    if (!this.#damaged.has(id)) {
      if (this.#damaged.size < maxDamaged) this.#damaged.add(id);
      this.#damagedTotal.add();
      this.#damagedNow.set(this.#damaged.size);
      this.#log.error("a stored body is damaged: restore it from a backup", { body: id, what });
      this.#mark(id, what);
    }
    return new Refused("damaged", `body ${id}: ${what}`, cause);
  }

  #release(name: string): void {
    if (this.#files.unpin(name)) this.#removeUnnamed(name);
  }

  #removeUnnamed(name: string): void {
    try {
      if (!this.#named(name)) this.#files.remove(name);
    } catch (error) {
      this.#log.warn("a body's file was not removed; the next start does it", {
        name,
        error: asError(error),
      });
    }
  }

  #named(name: string): boolean {
    return this.#reader.read(one(bodyOfFile, { sha256: name })) !== undefined;
  }
}

function inline(content: Bytes): ReadyBody {
  if (content.length > maxInlineBody) throw new Refused("tooLarge", "a body of this size must be spooled");
  return {
    hashes: { size: content.length, sha256: sha256(content), blocks: noBytes },
    content,
    release: () => {},
  };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
