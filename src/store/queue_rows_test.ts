import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { Refused } from "../base/errors.ts";
import {
  dueDestinations,
  nextDue,
  noteQueued,
  type QueueRow,
  queueRow,
  removeQueued,
  type TakeDue,
  takeDue,
} from "./queue_rows.ts";
import { prepared, run } from "./query.ts";
import type { Store } from "./store.ts";
import { enqueue } from "./testing/queue_sample.ts";
import { type TempStore, tempStore } from "./testing/temp_store.ts";

const minute = 60_000;

/** A store with a clock of its own; what a test leaves in it is checked for consistency at the end. */
function queueStore(): { temp: TempStore; clock: FakeClock } {
  const clock = new FakeClock();
  return { temp: tempStore({ clock }), clock };
}

function take(
  store: Store,
  clock: FakeClock,
  domain: string,
  more: Partial<TakeDue> = {},
): Promise<QueueRow[]> {
  const now = clock.now();
  const nextAttempt = (attempts: number) => now + attempts * 10 * minute;
  return store.writer.run(() => takeDue({ domain, now, limit: 100, nextAttempt, ...more }));
}

const ids = (rows: readonly QueueRow[]) => rows.map(({ id }) => id);
const due = (store: Store, clock: FakeClock, limit = 10) => store.read(dueDestinations(clock.now(), limit));

Deno.test("recipients of one message and domain are taken together, once, with the attempt on record", async () => {
  const { temp, clock } = queueStore();
  await using _ = temp;
  const { store } = temp;
  const [a, b, c] = await enqueue(store, ["a@x.example", "b@x.example", "c@y.example"]);
  const [other] = await enqueue(store, ["d@x.example"]);
  assert.deepEqual(due(store, clock).sort(), ["x.example", "y.example"]);
  const rows = await take(store, clock, "x.example");
  assert.deepEqual(ids(rows), [a, b]);
  const [first] = rows;
  assert.deepEqual([first?.attempts, first?.last_attempt], [1, clock.now()]);
  // What is in the database is what a process that is killed now leaves.
  const kept = store.read(queueRow(a ?? 0));
  assert.deepEqual([kept.attempts, kept.due], [1, clock.now() + 10 * minute]);
  assert.deepEqual(ids(await take(store, clock, "x.example")), [other]);
  assert.deepEqual(await take(store, clock, "x.example"), []);
  assert.deepEqual(due(store, clock), ["y.example"]);
  assert.deepEqual(ids(await take(store, clock, "y.example")), [c]);
  assert.equal(store.read(nextDue(clock.now())), clock.now() + 10 * minute);
});

Deno.test("the oldest is taken first, up to the limit of recipients", async () => {
  const { temp, clock } = queueStore();
  await using _ = temp;
  const { store } = temp;
  const [late] = await enqueue(store, ["a@x.example"], { due: clock.now() - minute });
  const early = await enqueue(store, ["b@x.example", "c@x.example", "d@x.example"], {
    due: clock.now() - 2 * minute,
  });
  assert.deepEqual(ids(await take(store, clock, "x.example", { limit: 2 })), early.slice(0, 2));
  assert.deepEqual(ids(await take(store, clock, "x.example", { limit: 2 })), early.slice(2));
  assert.deepEqual(ids(await take(store, clock, "x.example")), [late]);
});

Deno.test("what differs in transport, TLS or attempts goes by itself", async () => {
  const { temp, clock } = queueStore();
  await using _ = temp;
  const { store } = temp;
  const [a, b] = await enqueue(store, ["a@x.example", "b@x.example"]);
  await take(store, clock, "x.example");
  await store.writer.run(() =>
    noteQueued({ id: b ?? 0, results: "[]", dialed: "[]", traits: 0, due: clock.now(), hold: false })
  );
  const [again] = await take(store, clock, "x.example");
  assert.deepEqual([again?.id, again?.attempts], [b, 2]);
  await clock.advance(60 * minute);
  assert.deepEqual(ids(await take(store, clock, "x.example")), [a], "first attempt of a, second of b");
  assert.deepEqual(ids(await take(store, clock, "x.example")), [b]);
});

Deno.test("what has a sender or fields of its own goes by itself", async () => {
  const { temp, clock } = queueStore();
  await using _ = temp;
  const { store } = temp;
  const content = await enqueue(store, ["a@x.example", "b@x.example", "c@x.example", "d@x.example"]);
  const set = prepared((db, p: { id: number; sender: string; prefix: Uint8Array<ArrayBuffer> }) =>
    db.updateTable("queue").set({ sender: p.sender, prefix: p.prefix }).where("id", "=", p.id)
  );
  const [a = 0, b = 0, c = 0, d = 0] = content;
  await store.writer.run(function* () {
    yield* run(set, { id: b, sender: "a+id@example.org", prefix: new Uint8Array() });
    yield* run(set, { id: c, sender: "a@example.org", prefix: new Uint8Array([65, 10]) });
  });
  const jobs: number[][] = [];
  for (let i = 0; i < 3; i++) jobs.push(ids(await take(store, clock, "x.example")));
  assert.deepEqual(jobs, [[a, d], [b], [c]]);
});

Deno.test("what is on hold waits, and its destination is not due", async () => {
  const { temp, clock } = queueStore();
  await using _ = temp;
  const { store } = temp;
  const [held] = await enqueue(store, ["a@x.example"], { hold: 1 });
  assert.deepEqual(due(store, clock), []);
  assert.deepEqual(await take(store, clock, "x.example"), []);
  const note = { id: held ?? 0, results: "[]", dialed: "[]", traits: 0, due: clock.now() };
  await store.writer.run(() => noteQueued({ ...note, hold: false }));
  assert.deepEqual(due(store, clock), ["x.example"]);
  await store.writer.run(() => noteQueued({ ...note, hold: true }));
  assert.deepEqual(due(store, clock), []);
});

Deno.test("a destination with ever so much mail is one destination", async () => {
  const { temp, clock } = queueStore();
  await using _ = temp;
  const { store } = temp;
  const dead = Array.from({ length: 500 }, (_, i) => `u${i}@dead.example`);
  await enqueue(store, dead, { due: clock.now() - minute });
  await enqueue(store, ["a@live.example"]);
  assert.deepEqual(due(store, clock, 2), ["dead.example", "live.example"]);
});

Deno.test("a destination is due when the first is that is left, whichever is taken out", async () => {
  const { temp, clock } = queueStore();
  await using _ = temp;
  const { store } = temp;
  const ids: number[] = [];
  for (const minutes of [1, 2, 3]) {
    ids.push(...await enqueue(store, ["a@x.example"], { due: clock.now() + minutes * minute }));
  }
  const [first = 0, second = 0, third = 0] = ids;
  const next = () => store.read(nextDue(clock.now()));
  const out = (id: number) =>
    store.writer.run(function* (tx) {
      yield* store.bodies.dropUnused(tx, (yield* removeQueued(id)).body_id, true);
    });
  await out(second);
  assert.equal(next(), clock.now() + minute);
  await out(first);
  assert.equal(next(), clock.now() + 3 * minute);
  await out(third);
  assert.equal(next(), null);
});

Deno.test("what is taken out is gone, and its body with the last of it", async () => {
  const { temp, clock } = queueStore();
  await using _ = temp;
  const { store } = temp;
  const [a, b] = await enqueue(store, ["a@x.example", "b@y.example"]);
  for (const id of [a ?? 0, b ?? 0]) {
    await store.writer.run(function* (tx) {
      const row = yield* removeQueued(id);
      yield* store.bodies.dropUnused(tx, row.body_id, true);
    });
  }
  assert.deepEqual(due(store, clock), []);
  await assert.rejects(
    store.writer.run(() => removeQueued(a ?? 0)),
    (error) => error instanceof Refused && error.reason === "expunged",
  );
});

Deno.test("a queue that is full takes nothing more, until there is room", async () => {
  const { temp } = queueStore();
  await using _ = temp;
  const { store } = temp;
  const add = (...recipients: string[]) => enqueue(store, recipients, {}, 3);
  const [a = 0] = await add("a@x.example", "b@x.example");
  const isFull = (error: unknown) => error instanceof Refused && error.reason === "tooMany";
  await assert.rejects(add("c@x.example", "d@x.example"), isFull);
  await add("c@x.example");
  await assert.rejects(add("d@x.example"), isFull);
  // In the middle, so that numbers alone do not tell.
  await store.writer.run(() => removeQueued(a + 1));
  await add("d@x.example");
  await assert.rejects(add("e@x.example"), isFull);
});

Deno.test("a queue is found again", async () => {
  const { temp, clock } = queueStore();
  await using _ = temp;
  const [a] = await enqueue(temp.store, ["a@x.example"]);
  const store = await temp.reopen();
  assert.deepEqual(ids(await take(store, clock, "x.example")), [a]);
});
