import assert from "node:assert/strict";
import { MiB } from "../base/bytes.ts";
import { Connection, databaseFailure, pageBytes, Reader, Slice, sliceBytes, turn } from "./connection.ts";
import { migrate } from "./migrations.ts";
import { many, prepared, run, type Work } from "./query.ts";

/** A value that nothing else of `meta` has: among others, no number of the schema. */
const marker = 777_777;

const names = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("meta").select("name").where("value", "=", marker)
);
const insert = prepared((db, p: { name: string }) =>
  db.insertInto("meta").values({ name: p.name, value: marker })
);

Deno.test("a new database has our page size, incremental vacuum and a write-ahead log", () => {
  const folder = Deno.makeTempDirSync();
  const connection = new Connection(`${folder}/db`);
  migrate(connection, 0);
  assert.equal(connection.pragma("page_size")?.["page_size"], pageBytes);
  assert.equal(connection.pragma("auto_vacuum")?.["auto_vacuum"], 2);
  assert.equal(connection.pragma("journal_mode")?.["journal_mode"], "wal");
  assert.equal(connection.pragma("synchronous")?.["synchronous"], 2);
  assert.equal(connection.pragma("wal_autocheckpoint")?.["wal_autocheckpoint"], 0);
  connection.close();
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("a reader sees each commit made before, one snapshot at a time, and ends on errors", () => {
  const folder = Deno.makeTempDirSync();
  const writer = new Connection(`${folder}/db`), connection = new Connection(`${folder}/db`);
  migrate(writer, 0);
  const reader = new Reader(connection);
  assert.deepEqual(reader.read(many(names, {})), []);
  writer.work(run(insert, { name: "a" }));
  assert.equal(reader.read(many(names, {})).length, 1);
  const twice = reader.read((function* (): Work<number[]> {
    const before = (yield* many(names, {})).length;
    writer.work(run(insert, { name: "b" }));
    const nested = reader.read(many(names, {})).length;
    return [before, nested, (yield* many(names, {})).length];
  })());
  assert.deepEqual(twice, [1, 1, 1]);
  assert.throws(() =>
    reader.read((function* (): Work<void> {
      yield* many(names, {});
      throw new RangeError("mine");
    })()), RangeError);
  assert.equal(connection.inTransaction, false);
  assert.equal(reader.read(many(names, {})).length, 2);
  writer.close();
  connection.close();
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("a slice ends by time or by bytes", async () => {
  let now = 0;
  const slice = new Slice(() => now);
  assert.equal(slice.full(), false);
  assert.equal(slice.full(sliceBytes - 1), false);
  assert.equal(slice.full(1), true);
  const other = new Slice(() => now);
  now = 10;
  assert.equal(other.full(), true);
  await turn();
});

const failures: [error: unknown, failure: ReturnType<typeof databaseFailure>][] = [
  [Object.assign(new Error("database or disk is full"), { code: "ERR_SQLITE_ERROR" }), "diskFull"],
  [Object.assign(new Error("x"), { code: "ERR_SQLITE_ERROR", errcode: 13 }), "diskFull"],
  [Object.assign(new Error("x"), { code: "ERR_SQLITE_ERROR", errcode: 4874 }), "diskFull"],
  [Object.assign(new Error("x"), { code: "ERR_SQLITE_ERROR", errcode: 1034 }), "broken"],
  [Object.assign(new Error("x"), { code: "ERR_SQLITE_ERROR", errcode: 11 }), "broken"],
  [Object.assign(new Error("x"), { code: "ERR_SQLITE_ERROR", errcode: 2067 }), "other"],
  [new Error("disk is full"), null],
  ["text", null],
];
for (const [error, failure] of failures) {
  Deno.test(`databaseFailure() of ${Deno.inspect(error).split("\n")[0]} is ${failure}`, () => {
    assert.equal(databaseFailure(error, () => false), failure);
  });
}

/** With room, and without: a quota that is reached looks like a broken disk. */
const byRoom: [
  errcode: number,
  room: ReturnType<typeof databaseFailure>,
  none: ReturnType<typeof databaseFailure>,
][] = [
  [778, "broken", "diskFull"], // SQLITE_IOERR_WRITE
  [1546, "broken", "diskFull"], // SQLITE_IOERR_TRUNCATE
  [4618, "broken", "diskFull"], // SQLITE_IOERR_SHMOPEN
  [5386, "broken", "diskFull"], // SQLITE_IOERR_SHMMAP
  [14, "other", "diskFull"], // SQLITE_CANTOPEN
  [1034, "broken", "broken"], // SQLITE_IOERR_FSYNC: nobody knows what is on the disk.
  [266, "broken", "broken"], // SQLITE_IOERR_READ
  [11, "broken", "broken"], // SQLITE_CORRUPT
];
for (const [errcode, room, none] of byRoom) {
  Deno.test(`databaseFailure() of ${errcode} is ${room} where there is room, and else ${none}`, () => {
    const error = Object.assign(new Error("disk I/O error"), { code: "ERR_SQLITE_ERROR", errcode });
    assert.equal(databaseFailure(error, () => false), room);
    assert.equal(databaseFailure(error, () => true), none);
  });
}

Deno.test("a script runs several statements", () => {
  const connection = new Connection(":memory:");
  connection.script("create table a(x); insert into a values(1)");
  assert.deepEqual(connection.rows("select x from a where x < ?", MiB).map((row) => row["x"]), [1]);
  connection.close();
});

Deno.test("afterTurn() lets in what other threads ask, also where slice follows slice", async () => {
  const worker = new Worker(new URL("./testing/slices_worker.ts", import.meta.url), { type: "module" });
  const slices = new Int32Array(new SharedArrayBuffer(4));
  const ask = async (request: Int32Array | "how many" | "stop") => {
    const answer = new Promise<number>((resolve) => worker.onmessage = ({ data }) => resolve(data));
    worker.postMessage(request);
    return await answer;
  };
  await ask(slices);
  const waited: number[] = [];
  for (let i = 0; i < 9; i++) {
    const before = Atomics.load(slices, 0);
    while (Atomics.load(slices, 0) < before + 20) await turn();
    const asked = Atomics.load(slices, 0);
    waited.push(await ask("how many") - asked);
  }
  await ask("stop");
  worker.terminate();
  // With setImmediate alone five to thirty, and no end to how many.
  const [median = Infinity] = waited.toSorted((a, b) => a - b).slice(4);
  assert.ok(median <= 4, `${waited.join(" ")} slices went first`);
});
