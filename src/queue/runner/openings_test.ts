import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/support/fake_clock.ts";
import { Openings } from "./openings.ts";

Deno.test("who comes while an address is dialled waits for what comes of it, unless it was reached lately", async () => {
  const clock = new FakeClock();
  const openings = new Openings(clock, 1000);
  assert.equal(openings.ahead("a"), null);
  for (const reached of [false, true]) {
    const gate = Promise.withResolvers<void>();
    const dialled = openings.dial("a", async () => {
      await gate.promise;
      return { reached };
    });
    const ahead = openings.ahead("a");
    assert.ok(ahead !== null);
    assert.equal(openings.ahead("b"), null);
    gate.resolve();
    await ahead;
    assert.deepEqual(await dialled, { reached });
    assert.equal(openings.ahead("a"), null);
  }
  const again = Promise.withResolvers<{ reached: boolean }>();
  const second = openings.dial("a", () => again.promise);
  assert.equal(openings.ahead("a"), null, "it was reached a moment ago");
  await clock.advance(1000);
  assert.ok(openings.ahead("a") !== null);
  again.resolve({ reached: false });
  await second;
});

Deno.test("a dial that breaks holds nobody up, and a second one ends nothing of the first", async () => {
  const openings = new Openings(new FakeClock(), 1000);
  const first = Promise.withResolvers<{ reached: boolean }>();
  const dialled = openings.dial("a", () => first.promise);
  await openings.dial("a", () => Promise.resolve({ reached: false }));
  const ahead = openings.ahead("a");
  assert.ok(ahead !== null);
  first.reject(new Error("broken"));
  await assert.rejects(dialled, /broken/);
  await ahead;
  assert.equal(openings.ahead("a"), null);
});
