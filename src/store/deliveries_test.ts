import assert from "node:assert/strict";
import type { Bytes } from "../base/bytes.ts";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { answerTo, keepAnswer, keptMs, maxExpired, oldDeliveries } from "./deliveries.ts";
import { many, prepared } from "./query.ts";
import { tempStore } from "./testing/temp_store.ts";

/** Ids of which later ones are not always higher. */
const id = (n: number): Bytes => {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, Math.imul(n, 0x9e3779b1) >>> 0);
  return bytes;
};

const all = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("deliveries").select("answer").orderBy("at")
);

Deno.test("answers are found by id, and expire after a day, whatever the order of their ids", async () => {
  const clock = new FakeClock();
  await using temp = tempStore({ clock });
  const { store } = temp;
  const first = clock.now();
  const count = 2 * maxExpired + 10;
  await store.writer.run(function* () {
    for (let i = 0; i < count; i++) yield* keepAnswer(id(i), first + i, `answer ${i}`);
  });
  assert.equal(store.read(answerTo(id(7))), "answer 7");
  assert.equal(store.read(answerTo(new Uint8Array(16).fill(255))), undefined);
  clock.jump(keptMs);
  await store.expire();
  assert.equal(store.read(answerTo(id(0))), "answer 0");
  clock.jump(count - 5);
  await store.expire();
  const left = Array.from({ length: 5 }, (_, i) => `answer ${count - 5 + i}`);
  assert.deepEqual(store.read(many(all, {})).map((row) => row.answer), left);
});

Deno.test("so many deliveries are looked at in one go, and no more", async () => {
  await using temp = tempStore();
  const { store } = temp;
  await store.writer.run(function* () {
    for (let i = 0; i <= maxExpired; i++) yield* keepAnswer(id(i), 0, "old");
  });
  const { ids, last } = store.read(oldDeliveries(new Uint8Array(), keptMs + 1));
  assert.equal(ids.length, maxExpired);
  assert.deepEqual(last, ids.at(-1));
  const rest = store.read(oldDeliveries(last ?? new Uint8Array(), keptMs + 1));
  assert.deepEqual([rest.ids.length, rest.last], [1, null]);
});

Deno.test("an id is kept once", async () => {
  await using temp = tempStore();
  const { writer } = temp.store;
  await writer.run(() => keepAnswer(id(1), 0, "first"));
  await assert.rejects(writer.run(() => keepAnswer(id(1), 0, "second")));
});
