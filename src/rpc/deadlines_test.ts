import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { Deadlines } from "./deadlines.ts";

Deno.test("each thing is told when its time is over, unless it was deleted, with one timer", async () => {
  const clock = new FakeClock();
  const over: string[] = [];
  const deadlines = new Deadlines<string>(clock, (thing) => void over.push(`${thing} ${clock.monotonic()}`));
  deadlines.set("slow", 1000);
  deadlines.set("quick", 10);
  deadlines.set("gone", 20);
  deadlines.set("middle", 500);
  assert.equal(clock.pending, 1);
  deadlines.delete("gone");
  await clock.advance(2000);
  assert.deepEqual(over, ["quick 10", "middle 500", "slow 1000"]);
  assert.equal(clock.pending, 0);
});

Deno.test("clear() forgets all and leaves no timer", async () => {
  const clock = new FakeClock();
  const deadlines = new Deadlines<string>(clock, () => assert.fail("cleared"));
  deadlines.set("a", 10);
  deadlines.clear();
  assert.equal(clock.pending, 0);
  await clock.advance(20);
});

Deno.test("a deadline may be set while one is told", async () => {
  const clock = new FakeClock();
  const over: number[] = [];
  const deadlines: Deadlines<number> = new Deadlines<number>(clock, (thing) => {
    over.push(thing);
    if (thing < 3) deadlines.set(thing + 1, 10);
  });
  deadlines.set(1, 10);
  await clock.advance(100);
  assert.deepEqual(over, [1, 2, 3]);
});
