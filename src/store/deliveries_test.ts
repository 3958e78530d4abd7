import assert from "node:assert/strict";
import { answerTo, expireDeliveries, keepAnswer, keptMs, maxExpired } from "./deliveries.ts";
import { tempStore } from "./testing/temp_store.ts";

const id = (n: number) => new Uint8Array(16).fill(n % 256).fill(n / 256, 0, 1);

Deno.test("answers are found by id, and expire after a day, oldest first and some at a time", async () => {
  await using temp = tempStore();
  const { store } = temp;
  await store.writer.run(function* () {
    for (let i = 0; i < maxExpired + 10; i++) yield* keepAnswer(id(i), 1000 + i, `answer ${i}`);
  });
  assert.equal(store.read(answerTo(id(7))), "answer 7");
  assert.equal(store.read(answerTo(new Uint8Array(16).fill(255))), undefined);
  const now = 1000 + keptMs + maxExpired + 5; // Five of the last ten are a day old.
  assert.equal(await store.writer.run(() => expireDeliveries(1000 + keptMs)), false);
  assert.equal(store.read(answerTo(id(0))), "answer 0");
  assert.equal(await store.writer.run(() => expireDeliveries(now)), true);
  assert.equal(await store.writer.run(() => expireDeliveries(now)), false);
  assert.equal(store.read(answerTo(id(maxExpired + 4))), undefined);
  assert.equal(store.read(answerTo(id(maxExpired + 5))), `answer ${maxExpired + 5}`);
});

Deno.test("an id is kept once", async () => {
  await using temp = tempStore();
  const { writer } = temp.store;
  await writer.run(() => keepAnswer(id(1), 0, "first"));
  await assert.rejects(writer.run(() => keepAnswer(id(1), 0, "second")));
});
