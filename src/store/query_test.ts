import assert from "node:assert/strict";
import { Connection } from "./connection.ts";
import { migrate } from "./migrations.ts";
import {
  bitAnd,
  literal,
  many,
  numbersOf,
  one,
  type Prepared,
  prepared,
  run,
  someTuples,
  tuples,
  type Work,
} from "./query.ts";

const insert = prepared((db, p: { name: string; value: number }) =>
  db.insertInto("meta").values({ name: p.name, value: p.value })
);
const between = prepared((db, p: { low: number; high: number }) =>
  db.selectFrom("meta").select(["name", "value"]).where("value", ">=", p.low).where("value", "<=", p.high)
    .orderBy("value").limit(literal(2))
);
const among = prepared((db, p: { json: string }) =>
  db.selectFrom("meta").select("name").where("value", "in", numbersOf(p.json)).orderBy("name")
);
const odd = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("meta").select("name").where("value", ">", 100).where(bitAnd("value", 1), "=", 1)
);
const bump = prepared((db, p: { name: string; by: number }) =>
  db.updateTable("meta").set((eb) => ({ value: eb("value", "+", p.by) })).where("name", "=", p.name)
    .returning("value")
);

const insertBytes = prepared((db, p: { id: Uint8Array<ArrayBuffer>; at: number }) =>
  db.insertInto("deliveries").values({ delivery_id: p.id, at: p.at, answer: "a long text that is no bytes" })
);
const allBytes = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("deliveries").select(["at", "delivery_id", "answer"]).orderBy("at")
);

function withDatabase(test: (connection: Connection) => void): void {
  const connection = new Connection(":memory:");
  try {
    migrate(connection, 0);
    for (const value of [101, 102, 103]) connection.work(run(insert, { name: `v${value}`, value }));
    test(connection);
  } finally {
    connection.close();
  }
}

const cuts: [maxBytes: number, rows: number[], cut: boolean][] = [
  [1, [10], true],
  [10, [10], true],
  [11, [10, 20], true],
  [60, [10, 20, 30], true], // There may be more: nobody has looked.
  [61, [10, 20, 30], false],
];
for (const [maxBytes, rows, cut] of cuts) {
  Deno.test(`someTuples() of ${maxBytes} octets gives ${rows.length} rows, and leaves nothing open`, () =>
    withDatabase((connection) => {
      for (const at of [10, 20, 30]) connection.work(run(insertBytes, { id: new Uint8Array(at), at }));
      for (let again = 0; again < 2; again++) {
        const some = connection.work(someTuples<[number]>(allBytes, {}, maxBytes));
        assert.deepEqual([some.rows.map((row) => row[0]), some.cut], [rows, cut]);
      }
      connection.text("BEGIN IMMEDIATE");
      connection.text("COMMIT");
      connection.script("drop table deliveries"); // Refused while a statement reads it.
    }));
}

Deno.test("one() and many() give rows as objects, tuples() as arrays", () =>
  withDatabase((connection) => {
    assert.deepEqual(connection.work(one(between, { low: 102, high: 200 })), { name: "v102", value: 102 });
    assert.equal(connection.work(one(between, { low: 500, high: 600 })), undefined);
    assert.deepEqual(connection.work(many(between, { low: 100, high: 200 })).map((row) => row.name), [
      "v101",
      "v102",
    ]);
    assert.deepEqual(connection.work(tuples<[string, number]>(between, { low: 101, high: 101 })), [[
      "v101",
      101,
    ]]);
  }));

Deno.test("run() tells what changed; a RETURNING query is read with one()", () =>
  withDatabase((connection) => {
    assert.equal(connection.work(run(insert, { name: "x", value: 1 })).changes, 1);
    assert.equal(connection.work(one(bump, { name: "x", by: 41 }))?.value, 42);
    assert.equal(connection.work(one(bump, { name: "nobody", by: 41 })), undefined);
  }));

Deno.test("lists are one parameter, and bits can be asked for", () =>
  withDatabase((connection) => {
    assert.deepEqual(connection.work(many(among, { json: "[103,101,777777]" })).map((row) => row.name), [
      "v101",
      "v103",
    ]);
    assert.deepEqual(connection.work(many(odd, {})).map((row) => row.name), ["v101", "v103"]);
  }));

Deno.test("a query is compiled once, and a missing parameter is an error", () => {
  assert.equal(among.sql, among.sql);
  assert.throws(() => insert.bind({ name: "x" }), TypeError);
  assert.deepEqual(insert.bind({ value: 1, name: "x" }), ["x", 1]);
});

Deno.test("an error of a query is thrown into the store function, which may go on", () =>
  withDatabase((connection) => {
    function* twice(): Work<string> {
      try {
        yield* run(insert, { name: "v101", value: 1 });
      } catch {
        return "known";
      }
      return "new";
    }
    assert.equal(connection.work(twice()), "known");
  }));

Deno.test("a query knows whether it changes anything, and whether counts that are held matter to it", () => {
  const cases: [Prepared<Record<string, never>, unknown>, boolean, boolean][] = [
    [prepared((db) => db.selectFrom("emails").select("id")), false, false],
    [prepared((db) => db.selectFrom("mailboxes as b").select("b.id")), false, true],
    [
      prepared((db) =>
        db.selectFrom("emails as e").innerJoin("accounts as a", "a.id", "e.account_id").select("e.id")
      ),
      false,
      true,
    ],
    [prepared((db) => db.updateTable("accounts").set({ bytes: 0 })), true, true],
    [prepared((db) => db.deleteFrom("mailbox_keywords")), true, false],
    [prepared((db) => db.insertInto("subscriptions").values({ account_id: 1, name: "x" })), true, false],
    [prepared((db) => db.selectFrom("accounts").select("id"), { besideCounts: true }), false, false],
  ];
  for (const [query, changes, touches] of cases) {
    assert.deepEqual([query.changes, query.touchesCounts], [changes, touches], query.sql);
  }
});
