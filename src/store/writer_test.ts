import assert from "node:assert/strict";
import type { Clock } from "../base/clock.ts";
import { Refused } from "../base/errors.ts";
import { silentLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import { ChangeFeed } from "./change_feed.ts";
import { Connection } from "./connection.ts";
import { EmailIds } from "./email_ids.ts";
import { MessageIds } from "./message_ids.ts";
import { migrate } from "./migrations.ts";
import { many, one, prepared, run, type Work } from "./query.ts";
import { realClock } from "./testing/temp_store.ts";
import { pause, type SlicedWork } from "./transaction.ts";
import { WalKeeper } from "./wal_keeper.ts";
import {
  commitsTaken,
  maxGroupMs,
  maxGroupUnits,
  maxWaitingBytes,
  maxWaitingUnits,
  Writer,
} from "./writer.ts";

/** A value that nothing else of `meta` has: among others, no number of the schema. */
const marker = 777_777;

const insert = prepared((db, p: { name: string }) =>
  db.insertInto("meta").values({ name: p.name, value: marker })
);
const marked = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("meta").select("name").where("value", "=", marker).orderBy("name")
);
const commitNumber = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("meta").select("value").where("name", "=", "commit")
);

/** A connection on which chosen statements fail, and which remembers what was run. */
class Failing extends Connection {
  fail: ((sql: string) => Error | null) | null = null;
  readonly texts: string[] = [];
  noRoom = false;
  override lacksRoom(): boolean {
    return this.noRoom;
  }
  override text(sql: string): void {
    this.texts.push(sql);
    const error = this.fail?.(sql) ?? null;
    if (error !== null) throw error;
    super.text(sql);
  }
}

interface Parts {
  connection: Failing;
  writer: Writer;
  feed: ChangeFeed;
  names(): string[];
}

/** Time that does not pass while a group runs, however busy the machine is. */
const stillClock: Clock = { ...realClock, monotonic: () => 0 };

async function withWriter(test: (parts: Parts) => Promise<void>, clock: Clock = realClock): Promise<void> {
  const folder = Deno.makeTempDirSync();
  const connection = new Failing(`${folder}/db`);
  migrate(connection, 0);
  const metrics = new Metrics();
  const feed = new ChangeFeed(0);
  const wal = new WalKeeper(connection, clock, silentLog, metrics);
  const messageIds = new MessageIds(0);
  const writer = new Writer({
    connection,
    feed,
    wal,
    messageIds,
    emailIds: new EmailIds(0),
    clock,
    log: silentLog,
    metrics,
  });
  connection.texts.length = 0;
  try {
    await test({
      connection,
      writer,
      feed,
      names: () => connection.work(many(marked, {})).map((row) => row.name),
    });
  } finally {
    await writer.close();
    wal.close();
    connection.close();
    Deno.removeSync(folder, { recursive: true });
  }
}

function sqlite(message: string, errcode: number): Error {
  return Object.assign(new Error(message), { code: "ERR_SQLITE_ERROR", errcode });
}

const refused = (reason: string) => (error: unknown) => error instanceof Refused && error.reason === reason;

Deno.test("what arrives together is one transaction", () =>
  withWriter(async ({ writer, connection, names }) => {
    await Promise.all(["a", "b", "c"].map((name) => writer.run(() => run(insert, { name }))));
    assert.deepEqual(names(), ["a", "b", "c"]);
    assert.equal(connection.texts.filter((sql) => sql === "COMMIT").length, 1);
  }, stillClock));

Deno.test("a group closes at its limit of time", () => {
  let now = 0;
  const clock: Clock = { ...realClock, monotonic: () => now += maxGroupMs / 4 };
  return withWriter(async ({ writer, connection, names }) => {
    await Promise.all(["a", "b", "c", "d", "e"].map((name) => writer.run(() => run(insert, { name }))));
    assert.deepEqual(names(), ["a", "b", "c", "d", "e"]);
    assert.equal(connection.texts.filter((sql) => sql === "COMMIT").length, 2);
  }, clock);
});

Deno.test("a group closes at its limit of units", () =>
  withWriter(async ({ writer, connection, names }) => {
    const units = Array.from({ length: maxGroupUnits + 1 }, (_, i) =>
      writer.run(() => run(insert, { name: `n${i}` })));
    await Promise.all(units);
    assert.equal(names().length, maxGroupUnits + 1);
    assert.ok(
      connection.texts.filter((sql) =>
        sql === "COMMIT"
      ).length >= 2,
    );
  }));

Deno.test("a group closes at its limit of bytes", () =>
  withWriter(async ({ writer, connection }) => {
    await Promise.all(
      [1, 2, 3].map((n) => writer.run(() => run(insert, { name: `n${n}` }), 5 * 1024 * 1024)),
    );
    assert.equal(connection.texts.filter((sql) => sql === "COMMIT").length, 2);
  }, stillClock));

Deno.test("a unit that fails takes back only its own changes", () =>
  withWriter(async ({ writer, connection, names }) => {
    const log: string[] = [];
    const results = await Promise.allSettled([
      writer.run(function* (tx) {
        tx.afterCommit(() => log.push("a committed"));
        yield* run(insert, { name: "a" });
      }),
      writer.run(function* (tx) {
        tx.afterCommit(() => log.push("b committed"));
        tx.afterRollback(() => log.push("b rolled back"));
        yield* run(insert, { name: "b" });
        throw new Refused("overQuota", "no room");
      }),
      writer.run(() => run(insert, { name: "c" })),
    ]);
    assert.deepEqual(results.map((result) => result.status), ["fulfilled", "rejected", "fulfilled"]);
    assert.deepEqual(names(), ["a", "c"]);
    // Once with the whole group, once by itself.
    assert.deepEqual(log, ["b rolled back", "a committed", "b rolled back"]);
    assert.deepEqual(connection.texts.filter((sql) => sql === "COMMIT").length, 2);
  }, stillClock));

Deno.test("a unit that fails before it changes anything costs the others nothing", () =>
  withWriter(async ({ writer, connection, names }) => {
    const results = await Promise.allSettled([
      writer.run(() => run(insert, { name: "a" })),
      writer.run(function* () {
        yield* many(marked, {});
        throw new Refused("overQuota", "no room");
      }),
      writer.run(() => run(insert, { name: "b" })),
    ]);
    assert.deepEqual(results.map((result) => result.status), ["fulfilled", "rejected", "fulfilled"]);
    assert.deepEqual(names(), ["a", "b"]);
    assert.deepEqual(connection.texts, ["BEGIN IMMEDIATE", "COMMIT"]);
  }, stillClock));

Deno.test("several units of a group fail, each alone", () =>
  withWriter(async ({ writer, names }) => {
    const units = Array.from({ length: 9 }, (_, i) =>
      writer.run(function* () {
        yield* run(insert, { name: `n${i}` });
        if (i % 3 === 1) throw new Refused("tooMany", "no");
        return i;
      }));
    const results = await Promise.allSettled(units);
    assert.deepEqual(
      results.map((result) => result.status === "fulfilled" ? result.value : result.reason.reason),
      [0, "tooMany", 2, 3, "tooMany", 5, 6, "tooMany", 8],
    );
    assert.deepEqual(names(), ["n0", "n2", "n3", "n5", "n6", "n8"]);
  }, stillClock));

Deno.test("nothing is acknowledged when COMMIT fails, and the next group works", () =>
  withWriter(async ({ writer, connection, feed, names }) => {
    connection.fail = (sql) => sql === "COMMIT" ? sqlite("database or disk is full", 13) : null;
    const log: string[] = [];
    const units = ["a", "b"].map((name) =>
      writer.run(function* (tx) {
        tx.changed(1, 2);
        tx.afterRollback(() => log.push(name));
        yield* run(insert, { name });
      })
    );
    for (const unit of units) await assert.rejects(unit, refused("diskFull"));
    assert.deepEqual(names(), []);
    assert.deepEqual(log, ["a", "b"]);
    assert.equal(feed.commit, 0);
    connection.fail = null;
    await writer.run(() => run(insert, { name: "c" }));
    assert.deepEqual(names(), ["c"]);
  }));

Deno.test("a full database is refused, and works again when there is room", () =>
  withWriter(async ({ writer, connection, names }) => {
    const pages = Number(connection.pragma("page_count")?.["page_count"]);
    connection.pragma(`max_page_count = ${pages + 2}`);
    const big = "x".repeat(100_000);
    const results = await Promise.allSettled([
      writer.run(() => run(insert, { name: big })),
      writer.run(() => run(insert, { name: "small" })),
    ]);
    for (const result of results) {
      // Whether SQLite ends the whole transaction or only the statement, no success is claimed that is not there.
      if (result.status === "rejected") assert.ok(refused("diskFull")(result.reason));
    }
    assert.equal(results[0]?.status, "rejected");
    assert.deepEqual(names(), results[1]?.status === "fulfilled" ? ["small"] : []);
    connection.pragma("max_page_count = 100000");
    await writer.run(() => run(insert, { name: big }));
    assert.ok(names().includes(big));
  }));

Deno.test("a quota that is reached is a full disk, not a broken one: it works again when it is lifted", () =>
  withWriter(async ({ writer, connection, names }) => {
    connection.noRoom = true;
    connection.fail = (sql) => sql === "COMMIT" ? sqlite("disk I/O error", 778) : null;
    for (let i = 0; i < 2; i++) {
      await assert.rejects(writer.run(() => run(insert, { name: "no" })), refused("diskFull"));
    }
    assert.equal(writer.closed, null);
    connection.noRoom = false;
    connection.fail = null;
    await writer.run(() => run(insert, { name: "yes" }));
    assert.deepEqual(names(), ["yes"]);
  }));

Deno.test("after an I/O error nothing more is taken", () =>
  withWriter(async ({ writer, connection }) => {
    connection.fail = (sql) => sql === "COMMIT" ? sqlite("disk I/O error", 1034) : null;
    await assert.rejects(writer.run(() => run(insert, { name: "a" })), refused("tryLater"));
    connection.fail = null;
    await assert.rejects(writer.run(() => run(insert, { name: "b" })), refused("tryLater"));
    assert.notEqual(writer.closed, null);
  }));

Deno.test("a BEGIN that fails refuses what waits instead of leaving it waiting", () =>
  withWriter(async ({ writer, connection }) => {
    connection.fail = (sql) => sql.startsWith("BEGIN") ? sqlite("database is locked", 5) : null;
    await Promise.all(
      ["a", "b"].map((name) => assert.rejects(writer.run(() => run(insert, { name })), refused("tryLater"))),
    );
  }));

Deno.test("bulk work goes in slices, and units come between", () =>
  withWriter(async ({ writer, names }) => {
    const order: string[] = [];
    let between = false;
    function* bulk(): SlicedWork<string> {
      for (let i = 0; i < 3 || !between; i++) {
        yield* run(insert, { name: `bulk${String(i).padStart(6, "0")}` });
        const end = performance.now() + 11;
        while (performance.now() < end) { /* As if it were much work. */ }
        yield* pause();
      }
      order.push("bulk");
      return "done";
    }
    const sliced = writer.slices(bulk);
    const unit = writer.run(function* (): Work<void> {
      between = true;
      order.push("unit");
      yield* run(insert, { name: "unit" });
    });
    assert.equal(await sliced, "done");
    await unit;
    assert.deepEqual(order, ["unit", "bulk"]);
    assert.equal(names().filter((name) => name.startsWith("bulk")).length >= 3, true);
  }));

Deno.test("bulk work that fails keeps its earlier slices and runs its finally blocks", () =>
  withWriter(async ({ writer, names }) => {
    let cleaned = false;
    const sliced = writer.slices(function* () {
      try {
        yield* run(insert, { name: "kept" });
        const end = performance.now() + 11;
        while (performance.now() < end) { /* One slice. */ }
        yield* pause();
        yield* run(insert, { name: "lost" });
        throw new Refused("tooMany", "enough");
      } finally {
        cleaned = true;
      }
    });
    await assert.rejects(sliced, refused("tooMany"));
    assert.deepEqual(names(), ["kept"]);
    assert.equal(cleaned, true);
  }));

Deno.test("listeners are told after the commit", () =>
  withWriter(async ({ writer, feed }) => {
    const listener = feed.listen(5);
    assert.deepEqual((await listener.next()).value, {
      commit: 0,
      mailboxes: [],
      list: false,
      annotations: [],
    });
    await Promise.all([
      writer.run(function* (tx) {
        tx.changed(5, 1);
        yield* run(insert, { name: "a" });
      }),
      writer.run(function* (tx) {
        tx.changed(5, 2);
        tx.listChanged(6);
        yield* run(insert, { name: "b" });
      }),
    ]);
    assert.deepEqual((await listener.next()).value, {
      commit: 1,
      mailboxes: [1, 2],
      list: false,
      annotations: [],
    });
    feed.close();
    assert.equal((await listener.next()).done, true);
  }));

Deno.test("numbers of commits are never used twice: after a crash some are left out, after an end none", () =>
  withWriter(async ({ writer, connection, feed }) => {
    const kept = () => connection.work(one(commitNumber, {}))?.value ?? 0;
    const change = () =>
      // deno-lint-ignore require-yield -- There is nothing to ask.
      writer.run(function* (tx): Work<void> {
        tx.changed(5, 1);
      });
    for (let i = 0; i <= commitsTaken; i++) {
      await change();
      assert.ok(kept() >= feed.commit, `${kept()} of ${feed.commit}`);
    }
    assert.equal(kept(), 2 * commitsTaken);
    await writer.close();
    assert.equal(kept(), commitsTaken + 1);
  }));

Deno.test("too much waiting is refused at once", async (t) => {
  await t.step("units", () =>
    withWriter(async ({ writer }) => {
      const waiting = Array.from({ length: maxWaitingUnits }, () => writer.run(function* () {}));
      await assert.rejects(writer.run(function* () {}), refused("tryLater"));
      await Promise.all(waiting);
    }));
  await t.step("bytes", () =>
    withWriter(async ({ writer }) => {
      const waiting = writer.run(function* () {}, maxWaitingBytes);
      await assert.rejects(writer.run(function* () {}, 1), refused("tryLater"));
      await waiting;
      await writer.run(function* () {}, 1);
    }));
});

Deno.test("close() finishes what waits and refuses what comes", () =>
  withWriter(async ({ writer, names }) => {
    const waiting = writer.run(() => run(insert, { name: "a" }));
    await writer.close();
    await waiting;
    await assert.rejects(writer.run(() => run(insert, { name: "b" })), refused("tryLater"));
    assert.deepEqual(names(), ["a"]);
  }));

/** Time that passes with each look at it, and calls nobody by itself. */
function steppedClock(): { clock: Clock; wake(): boolean } {
  let now = 0;
  const waiting: (() => void)[] = [];
  const clock: Clock = {
    ...realClock,
    monotonic: () => now += 0.25,
    after: (_ms, fn) => {
      waiting.push(fn);
      return { cancel: () => void waiting.splice(waiting.indexOf(fn), 1) };
    },
  };
  return { clock, wake: () => waiting.splice(0).map((fn) => fn()).length > 0 };
}

/** One that is waited for, and so many behind it; tells how many of these are done. */
function oneAndBehind(writer: Writer, count: number): { urgent: Promise<unknown>; done(): number } {
  let done = 0;
  for (let i = 0; i < count; i++) {
    void writer.runBehind(() => run(insert, { name: `behind${i}` })).then(() => done++);
  }
  return { urgent: writer.run(() => run(insert, { name: "urgent" })), done: () => done };
}

Deno.test("units that run behind others rest while these come, and go on when they have rested", async () => {
  const { clock, wake } = steppedClock();
  await withWriter(async ({ writer, names }) => {
    const { urgent, done } = oneAndBehind(writer, 50);
    await urgent;
    await new Promise((resolve) => setImmediate(resolve));
    const first = done();
    assert.ok(first > 0 && first < 50, `${first} of 50 ran in the first group`);
    for (let turns = 0; done() < 50 && turns < 1000; turns++) {
      wake();
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(names().length, 51);
  }, clock);
});

Deno.test("close() waits for no rest", async () => {
  const { clock } = steppedClock();
  await withWriter(async ({ writer, names }) => {
    const { urgent, done } = oneAndBehind(writer, 50);
    await urgent;
    assert.ok(done() < 50);
    await writer.close();
    assert.equal(names().length, 51);
    await assert.rejects(writer.runBehind(() => run(insert, { name: "late" })), refused("tryLater"));
  }, clock);
});
