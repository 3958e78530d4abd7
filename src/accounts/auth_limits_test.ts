import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { FailureLimits } from "./auth_limits.ts";

Deno.test("ten failures in a minute, fifty in a day; then the address is not heard", async () => {
  const clock = new FakeClock(Date.UTC(2026, 0, 2));
  const limits = new FailureLimits(clock);
  let failures = 0;
  for (let minute = 0; minute < 10; minute++) {
    let heard = 0;
    for (; !limits.limited("192.0.2.1"); heard++) limits.failed("192.0.2.1");
    assert.equal(heard, minute < 5 ? 10 : 0);
    failures += heard;
    await clock.advance(60_000);
  }
  assert.equal(failures, 50);
  assert.ok(!limits.limited("198.51.100.1"));
  await clock.advance(24 * 60 * 60_000);
  assert.ok(!limits.limited("192.0.2.1"));
});

Deno.test("networks are counted too", () => {
  const limits = new FailureLimits(new FakeClock());
  for (let i = 0; i < 30; i++) limits.failed(`192.0.2.${i}`);
  assert.ok(limits.limited("192.0.2.60"), "the same /26");
  assert.ok(!limits.limited("192.0.2.70"));
  for (let i = 0; i < 10; i++) limits.failed(`2001:db8::${i}`);
  assert.ok(limits.limited("2001:db8::ffff"), "the same /64");
  assert.ok(!limits.limited("2001:db8:0:1::1"));
});

Deno.test("a success clears the address", () => {
  const limits = new FailureLimits(new FakeClock());
  for (let i = 0; i < 10; i++) limits.failed("::ffff:192.0.2.1");
  assert.ok(limits.limited("192.0.2.1"));
  limits.succeeded("192.0.2.1");
  assert.ok(!limits.limited("192.0.2.1"));
});

Deno.test("addresses that cannot be read share one limit", () => {
  const limits = new FailureLimits(new FakeClock());
  for (let i = 0; i < 10; i++) limits.failed(`invented ${i}`);
  assert.ok(limits.limited(""));
});
