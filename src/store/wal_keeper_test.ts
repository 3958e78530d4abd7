import assert from "node:assert/strict";
import { MiB } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { createLog, silentLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import { Connection, Reader } from "./connection.ts";
import { migrate } from "./migrations.ts";
import { one, prepared, run } from "./query.ts";
import { alarmBytes, checkpointBytes, idleMs, WalKeeper } from "./wal_keeper.ts";

const insert = prepared((db, p: { name: string; value: string }) =>
  db.insertInto("settings").values({ account_id: 0, name: p.name, value: p.value })
);
const count = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("settings").select((eb) => eb.fn.countAll<number>().as("n"))
);

/** A clock that stands still until it is stepped. */
class StillClock implements Clock {
  at = 0;
  due: { at: number; fn: () => void }[] = [];
  now = () => this.at;
  monotonic = () => this.at;
  after(ms: number, fn: () => void) {
    const timer = { at: this.at + ms, fn };
    this.due.push(timer);
    return { cancel: () => void (this.due = this.due.filter((other) => other !== timer)) };
  }
  step(ms: number): void {
    this.at += ms;
    const due = this.due.filter((timer) => timer.at <= this.at);
    this.due = this.due.filter((timer) => timer.at > this.at);
    for (const timer of due) timer.fn();
  }
}

function withDatabase(test: (path: string, connection: Connection, clock: StillClock) => void): void {
  const folder = Deno.makeTempDirSync();
  const connection = new Connection(`${folder}/db`);
  try {
    migrate(connection, 0);
    connection.pragma("synchronous = OFF"); // For speed: this is about sizes.
    test(`${folder}/db`, connection, new StillClock());
  } finally {
    connection.close();
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Commits `bytes` in a few transactions. */
function write(connection: Connection, wal: WalKeeper, bytes: number): void {
  for (let done = 0; done < bytes; done += MiB) {
    connection.work(run(insert, { name: crypto.randomUUID(), value: "x".repeat(MiB) }));
    wal.committed(MiB);
  }
}

Deno.test("the log stays small under load, beside slices of reading", () =>
  withDatabase((path, connection, clock) => {
    const wal = new WalKeeper(connection, clock, silentLog, new Metrics());
    const other = new Connection(path);
    const reader = new Reader(other);
    for (let i = 0; i < 100; i++) {
      write(connection, wal, MiB);
      reader.read(one(count, {}));
    }
    assert.ok(wal.bytes < checkpointBytes + 2 * MiB);
    assert.ok(Deno.statSync(`${path}-wal`).size < checkpointBytes + 4 * MiB);
    assert.equal(wal.pressure(), 0);
    other.close();
    wal.close();
  }));

Deno.test("an idle writer's log goes into the database", () =>
  withDatabase((_path, connection, clock) => {
    const wal = new WalKeeper(connection, clock, silentLog, new Metrics());
    write(connection, wal, MiB);
    assert.ok(wal.bytes > MiB);
    clock.step(idleMs - 1);
    wal.committed(0); // Not idle yet.
    clock.step(1);
    assert.ok(wal.bytes > MiB);
    clock.step(idleMs);
    assert.equal(wal.bytes, 0);
    assert.deepEqual(clock.due, []);
    wal.close();
  }));

Deno.test("a reader that never ends raises an alarm and slows the writer down, until it goes", () =>
  withDatabase((path, connection, clock) => {
    const alarms: string[] = [];
    const log = createLog({ level: "error", format: "text" }, () => 0, (_level, line) => alarms.push(line));
    const wal = new WalKeeper(connection, clock, log, new Metrics());
    const other = new Connection(path);
    other.text("BEGIN");
    other.work(one(count, {}));
    write(connection, wal, alarmBytes);
    assert.equal(alarms.length, 1);
    assert.ok(wal.pressure() > 0);
    assert.equal(wal.pressure(), 0); // One transaction, then it waits again.
    assert.ok(wal.pressure() > 0);
    other.close();
    wal.committed(MiB);
    assert.equal(wal.pressure(), 0);
    wal.close();
  }));

for (
  const [what, errcode, level] of [["a full disk", 13, "warn"], ["a broken one", 1034, "error"]] as const
) {
  Deno.test(`a checkpoint that fails for ${what} is told as ${level}, and tried again`, () =>
    withDatabase((_path, connection, clock) => {
      const told: string[] = [];
      const log = createLog({ level: "info", format: "text" }, () => 0, (level) => told.push(level));
      const keeper = new WalKeeper(connection, clock, log, new Metrics());
      const pragma = connection.pragma.bind(connection);
      connection.pragma = () => {
        throw Object.assign(new Error("x"), { code: "ERR_SQLITE_ERROR", errcode });
      };
      keeper.committed(1);
      clock.step(idleMs);
      assert.deepEqual(told, [level]);
      connection.pragma = pragma;
      keeper.committed(1);
      clock.step(idleMs);
      assert.deepEqual([told.length, keeper.bytes], [1, 0]);
      keeper.close();
    }));
}
