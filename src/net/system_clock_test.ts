import assert from "node:assert/strict";
import { backgroundClock, systemClock } from "./system_clock.ts";

Deno.test("systemClock tells the time", () => {
  const before = Date.now();
  const now = systemClock.now();
  assert.ok(Number.isInteger(now) && now >= before && now <= Date.now());
  assert.ok(systemClock.monotonic() <= systemClock.monotonic());
});

Deno.test("after() calls, and not early", async () => {
  const start = systemClock.monotonic();
  await new Promise<void>((resolve) => systemClock.after(5, resolve));
  assert.ok(systemClock.monotonic() - start >= 4.5); // The runtime rounds to whole milliseconds.
});

Deno.test("a cancelled timer does not call, and leaves nothing behind", async () => {
  let called = false;
  for (const clock of [systemClock, backgroundClock]) clock.after(0, () => called = true).cancel();
  await new Promise<void>((resolve) => systemClock.after(2, resolve));
  assert.equal(called, false);
});

Deno.test("a wait longer than the runtime's timers does not end at once", async () => {
  let called = false;
  const timers = [2 ** 31, 2 ** 40, Infinity].map((ms) => systemClock.after(ms, () => called = true));
  await new Promise<void>((resolve) => systemClock.after(5, resolve));
  for (const timer of timers) timer.cancel();
  assert.equal(called, false);
});

Deno.test("a time that is no number is refused", () => {
  assert.throws(() => systemClock.after(NaN, () => {}), RangeError);
});
