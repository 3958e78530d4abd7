import assert from "node:assert/strict";
import { settle } from "../../tests/support/fake_clock.ts";
import { SharedWork } from "./shared_work.ts";

/** Work that a test ends, and that knows its signal. */
function work() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let started = 0;
  let signal: AbortSignal | undefined;
  const start = (its: AbortSignal | undefined) => {
    started++;
    signal = its;
    return promise;
  };
  return { start, resolve, reject, started: () => started, aborted: () => signal?.aborted };
}
const givenUp = () => "given up";

Deno.test("what several ask for is done once", async () => {
  const shared = new SharedWork<string>();
  const { start, resolve, started } = work();
  const results = [1, 2, 3].map(() => shared.run("key", undefined, start, givenUp));
  assert.deepEqual([started(), shared.size], [1, 1]);
  resolve("done");
  assert.deepEqual(await Promise.all(results), ["done", "done", "done"]);
  assert.equal(shared.size, 0);
});

Deno.test("other keys are other work, and what is done is done anew", async () => {
  const shared = new SharedWork<string>();
  const [one, other] = [work(), work()];
  const results = [
    shared.run("a", undefined, one.start, givenUp),
    shared.run("b", undefined, other.start, givenUp),
  ];
  assert.equal(shared.size, 2);
  one.resolve("one");
  other.resolve("other");
  assert.deepEqual(await Promise.all(results), ["one", "other"]);
  await shared.run("a", undefined, one.start, givenUp);
  assert.equal(one.started(), 2);
});

Deno.test("who gives up does not take it from the others; the last one ends it", async () => {
  const shared = new SharedWork<string>();
  const { start, aborted } = work();
  const [first, second] = [new AbortController(), new AbortController()];
  const results = [first, second].map(({ signal }) => shared.run("key", signal, start, givenUp));
  first.abort();
  assert.equal(await results[0], "given up");
  assert.equal(aborted(), false);
  second.abort();
  assert.equal(await results[1], "given up");
  assert.equal(aborted(), true);
  assert.equal(shared.size, 0);
});

Deno.test("who comes after all have given up starts anew", async () => {
  const shared = new SharedWork<string>();
  const [old, fresh] = [work(), work()];
  const given = new AbortController();
  const result = shared.run("key", given.signal, old.start, givenUp);
  given.abort();
  const next = shared.run("key", undefined, fresh.start, givenUp);
  old.resolve("old");
  await settle();
  assert.equal(shared.size, 1); // The old work's end does not forget the new one.
  fresh.resolve("fresh");
  assert.deepEqual([await result, await next], ["given up", "fresh"]);
});

Deno.test("work that somebody waits for who can not give up is never ended", async () => {
  for (const order of [[0, 1], [1, 0]]) {
    const shared = new SharedWork<string>();
    const { start, resolve, aborted } = work();
    const given = new AbortController();
    const signals = [given.signal, undefined];
    const results = order.map((i) => shared.run("key", signals[i], start, givenUp));
    given.abort();
    assert.notEqual(aborted(), true);
    resolve("done");
    assert.deepEqual((await Promise.all(results)).sort(), ["done", "given up"]);
  }
});

Deno.test("who has given up before asking gets nothing started", async () => {
  const shared = new SharedWork<string>();
  const { start, started } = work();
  assert.equal(await shared.run("key", AbortSignal.abort(), start, givenUp), "given up");
  assert.equal(started(), 0);
});

Deno.test("an error is everybody's, and is not kept", async () => {
  const shared = new SharedWork<string>();
  const { start, reject } = work();
  const signal = new AbortController().signal;
  const results = [shared.run("key", undefined, start, givenUp), shared.run("key", signal, start, givenUp)];
  reject(new Error("broken"));
  for (const result of results) await assert.rejects(result, /broken/);
  assert.equal(shared.size, 0);
});
