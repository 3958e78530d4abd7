import assert from "node:assert/strict";
import { defaultMaxAttempts, delayNoticeAfter, isLast, jitterMs, waitAfter, waitsLeft } from "./schedule.ts";

const minute = 60_000;

Deno.test("waits double from 7.5 minutes, and eight attempts take 16 hours", () => {
  const waits = waitsLeft(1, defaultMaxAttempts).map((ms) => ms / minute);
  assert.deepEqual(waits, [7.5, 15, 30, 60, 120, 240, 480]);
  assert.equal(waits.reduce((sum, wait) => sum + wait) / 60, 15.875);
});

Deno.test("who is told of a delay is told the true waits", () => {
  assert.deepEqual(waitsLeft(delayNoticeAfter, 8).map((ms) => ms / minute), [120, 240, 480]);
  assert.deepEqual(waitsLeft(8, 8), []);
});

Deno.test("chance moves a wait by seconds", () => {
  assert.equal(waitAfter(3, 0), 30 * minute - jitterMs);
  assert.equal(waitAfter(3, 0.5), 30 * minute);
  assert.ok(waitAfter(3, 0.999) < 30 * minute + jitterMs);
});

Deno.test("no wait is longer than a day", () => {
  for (const attempts of [9, 100, 1e9]) assert.equal(waitAfter(attempts, 0.5), 24 * 60 * minute);
});

Deno.test("the last attempt is the last", () => {
  assert.deepEqual([7, 8, 9].map((attempts) => isLast(attempts, 8)), [false, true, true]);
});

for (const attempts of [0, -1, 1.5, NaN]) {
  Deno.test(`waitAfter(${attempts}) is a caller's mistake`, () =>
    assert.throws(() => waitAfter(attempts, 0.5), RangeError));
}
