import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { Deadline } from "./deadline.ts";

Deno.test("a deadline that nobody looks at sets no timer", () => {
  const clock = new FakeClock();
  const deadline = new Deadline(clock, 1000);
  deadline.start();
  assert.equal(clock.pending, 0);
  deadline.end("nobody waits any more");
  assert.equal(deadline.signal.aborted, true);
  assert.equal(deadline.reason(), "nobody waits any more");
  assert.equal(clock.pending, 0);
});

Deno.test("time runs from the start, whenever somebody looks first", async () => {
  for (const lookAt of [-1, 0, 600, 999]) {
    const clock = new FakeClock();
    const deadline = new Deadline(clock, 1000);
    if (lookAt < 0) assert.equal(deadline.signal.aborted, false);
    await clock.advance(5000);
    assert.equal(deadline.signal.aborted && lookAt < 0, false);
    deadline.start();
    await clock.advance(Math.max(0, lookAt));
    const { signal } = deadline;
    await clock.advance(999 - Math.max(0, lookAt));
    assert.deepEqual([signal.aborted, deadline.isLate], [false, false], `${lookAt}`);
    await clock.advance(1);
    assert.deepEqual([signal.aborted, deadline.isLate], [true, true], `${lookAt}`);
    assert.equal(deadline.reason(), "there was no answer within 1 s");
  }
});

Deno.test("who looks when it is over sees that", async () => {
  const clock = new FakeClock();
  const deadline = new Deadline(clock, 1000);
  deadline.start();
  await clock.advance(1000);
  assert.equal(deadline.signal.aborted, true);
  assert.equal(deadline.reason(), "there was no answer within 1 s");
});

Deno.test("the first end counts, and no timer stays", () => {
  const clock = new FakeClock();
  const deadline = new Deadline(clock, 1000);
  const { signal } = deadline;
  deadline.start();
  assert.equal(clock.pending, 1);
  deadline.end("first");
  deadline.end("second");
  assert.equal(signal.aborted, true);
  assert.deepEqual([deadline.reason(), deadline.isLate], ["first", false]);
  assert.equal(clock.pending, 0);
});
