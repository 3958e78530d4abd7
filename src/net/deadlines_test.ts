import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { Deadline, Deadlines, deadlinesOf, slotMs } from "./deadlines.ts";

function setUp() {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  const expired: string[] = [];
  const named = (name: string) => new Deadline(() => expired.push(name));
  return { clock, deadlines, expired, named };
}

Deno.test("a deadline is met in its slot, not early", async () => {
  const { clock, deadlines, expired, named } = setUp();
  deadlines.set(named("a"), 1010);
  await clock.advance(1009);
  assert.deepEqual(expired, []);
  await clock.advance(slotMs);
  assert.deepEqual(expired, ["a"]);
  assert.equal(clock.pending, 0);
});

Deno.test("a deadline that moves later does not touch the timer, and is met at its new time", async () => {
  const { clock, deadlines, expired, named } = setUp();
  const deadline = named("a");
  deadlines.set(deadline, 1000);
  for (let at = 0; at < 10; at++) {
    await clock.advance(500);
    deadlines.set(deadline, deadlines.now() + 1000);
    assert.equal(clock.pending, 1);
  }
  assert.deepEqual(expired, []);
  await clock.advance(1000 + slotMs);
  assert.deepEqual(expired, ["a"]);
});

Deno.test("a deadline that moves earlier is met earlier", async () => {
  const { clock, deadlines, expired, named } = setUp();
  const deadline = named("a");
  deadlines.set(deadline, 60_000);
  deadlines.set(deadline, 100);
  await clock.advance(100 + slotMs);
  assert.deepEqual(expired, ["a"]);
});

Deno.test("a deadline taken back is not met, and can be set again", async () => {
  const { clock, deadlines, expired, named } = setUp();
  const deadline = named("a");
  deadlines.set(deadline, 100);
  deadlines.set(deadline, Infinity);
  await clock.advance(1000);
  assert.deepEqual(expired, []);
  assert.equal(deadlines.size, 0);
  deadlines.set(deadline, deadlines.now() + 100);
  await clock.advance(200);
  assert.deepEqual(expired, ["a"]);
});

Deno.test("many deadlines share one timer, which ends with the last of them", async () => {
  const { clock, deadlines, expired, named } = setUp();
  const all = Array.from({ length: 1000 }, (_, i) => named(String(i)));
  for (const [i, deadline] of all.entries()) deadlines.set(deadline, 1000 + i);
  assert.equal(clock.pending, 1);
  await clock.advance(1499 + slotMs);
  assert.ok(expired.length >= 500 && expired.length <= 500 + slotMs);
  for (const deadline of all) deadlines.remove(deadline);
  assert.equal(clock.pending, 0);
  assert.equal(deadlines.size, 0);
});

Deno.test("one that expires may remove and set others of its slot", async () => {
  const { clock, deadlines, expired, named } = setUp();
  const later = named("later");
  const never = named("never");
  const first = new Deadline(() => {
    deadlines.set(later, 500);
    deadlines.remove(never);
    deadlines.set(first, 400);
    expired.push("first");
  });
  for (const deadline of [first, later, never]) deadlines.set(deadline, 100);
  await clock.advance(300);
  assert.deepEqual(expired, ["first"]);
  deadlines.remove(first);
  await clock.advance(300);
  assert.deepEqual(expired, ["first", "later"]);
});

Deno.test("one table belongs to each clock", () => {
  const clock = new FakeClock();
  assert.equal(deadlinesOf(clock), deadlinesOf(clock));
  assert.notEqual(deadlinesOf(clock), deadlinesOf(new FakeClock()));
});
