/**
 * Checks a data folder: whether everything that the program relies on is true. For `mailden verifydata`, and at the
 * end of every test that opened a store.
 *
 * @module
 */
import { type Bytes, equalBytes, noBytes } from "../base/bytes.ts";
import { blockBytes, BodyHasher } from "./block_hash.ts";
import { BodyFiles } from "./body_files.ts";
import { Connection, Reader } from "./connection.ts";
import { realDisk } from "./disk.ts";
import { schemaVersion, versionOf } from "./migrations.ts";
import { decodeParts } from "./part_table.ts";
import { many, prepared } from "./query.ts";
import { bodiesFolder, databaseName } from "./store.ts";
import { lockFolder } from "./store_lock.ts";
import { rowChecks } from "./verify_rows.ts";

/** Problems reported at most; a folder with more is broken in one way or another. */
export const maxReported = 1000;

/** Bodies and emails looked at in one step. */
const batch = 16;

const bodiesAfter = prepared((db, p: { id: number; limit: number }) =>
  db.selectFrom("bodies").selectAll().where("id", ">", p.id).orderBy("id").limit(p.limit)
);

const partsAfter = prepared((db, p: { id: number; limit: number }) =>
  db.selectFrom("emails").innerJoin("bodies", "bodies.id", "emails.body_id")
    .select(["emails.id", "emails.parts", "emails.prefix", "emails.size", "bodies.size as body_size"])
    .where("emails.id", ">", p.id).orderBy("emails.id").limit(p.limit)
);

/**
 * Checks the data folder of a server that is not running.
 *
 * @returns What is wrong, in words; empty if nothing is.
 * @throws {FolderLocked} If a server uses the folder.
 */
export function verifyData(folder: string): string[] {
  if (realDisk.size(`${folder}/${databaseName}`) === null) {
    return [`${folder} is not a data folder: there is no ${databaseName} in it`];
  }
  const lock = lockFolder(folder);
  try {
    const connection = new Connection(`${folder}/${databaseName}`);
    try {
      return [...problemsOf(folder, connection)].slice(0, maxReported);
    } finally {
      connection.close();
    }
  } catch (error) {
    return [`the database cannot be read: ${error instanceof Error ? error.message : String(error)}`];
  } finally {
    lock.release();
  }
}

function* problemsOf(folder: string, connection: Connection): Generator<string> {
  const version = versionOf(connection);
  if (version !== schemaVersion) {
    yield `the database has schema ${version}, and this program checks schema ${schemaVersion} only`;
    return;
  }
  for (const row of connection.rows("PRAGMA integrity_check(20)")) {
    if (row["integrity_check"] !== "ok") yield `the database file is damaged: ${row["integrity_check"]}`;
  }
  const reader = new Reader(connection);
  for (const { query, words } of rowChecks) {
    for (const row of reader.read(many(query, { limit: maxReported }))) yield words(row);
  }
  yield* badParts(reader);
  yield* badBodies(reader, new BodyFiles(`${folder}/${bodiesFolder}`, realDisk));
}

/** Sizes and part tables of emails. */
function* badParts(reader: Reader): Generator<string> {
  for (let id = 0;;) {
    const rows = reader.read(many(partsAfter, { id, limit: batch }));
    for (const row of rows) {
      id = row.id;
      if (row.size !== row.prefix.length + row.body_size) {
        yield `email ${id}: size is ${row.size}, its prefix and body have ${
          row.prefix.length + row.body_size
        } octets`;
      }
      try {
        const root = decodeParts(row.parts);
        if (root.bodyEnd > row.body_size) yield `email ${id}: its parts reach beyond its body`;
      } catch (error) {
        yield `email ${id}: its parts cannot be read: ${error instanceof Error ? error.message : error}`;
      }
    }
    if (rows.length < batch) return;
  }
}

/** Every body against its hashes, every file against the rows. */
function* badBodies(reader: Reader, files: BodyFiles): Generator<string> {
  const named = new Set<string>();
  for (let id = 0;;) {
    const rows = reader.read(many(bodiesAfter, { id, limit: batch }));
    for (const row of rows) {
      id = row.id;
      if (row.in_file === 1) named.add(row.sha256);
      const wrong = wrongBody(row, files);
      if (wrong !== null) yield `body ${id}: ${wrong}`;
    }
    if (rows.length < batch) break;
  }
  for (const { name, stray } of files.all()) {
    if (stray) yield `${bodiesFolder}/${name} is no body's file: move it elsewhere`;
    else if (!named.has(name)) yield `${bodiesFolder}/${name.slice(0, 2)}/${name} belongs to no message`;
  }
}

function wrongBody(
  row: { size: number; sha256: string; in_file: number; blocks: Bytes; bytes: Bytes | null },
  files: BodyFiles,
): string | null {
  const hasher = new BodyHasher();
  if (row.in_file === 0) hasher.update(row.bytes ?? noBytes);
  else {
    const size = files.size(row.sha256);
    if (size === null) return `its file ${row.sha256} is missing`;
    for (let at = 0; at < size; at += blockBytes) {
      hasher.update(files.read(row.sha256, at, Math.min(at + blockBytes, size)));
    }
  }
  const found = hasher.digest();
  if (found.size !== row.size) return `it has ${found.size} octets and should have ${row.size}`;
  if (found.sha256 !== row.sha256) return "its content is not what was stored";
  return equalBytes(found.blocks, row.blocks) ? null : "its blocks' hashes are wrong";
}
