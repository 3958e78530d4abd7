import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/support/fake_clock.ts";
import { KnownFailures, maxKnownFailures } from "./known_failures.ts";

Deno.test("a failure is known for a while, or until it is over", async () => {
  const clock = new FakeClock();
  const known = new KnownFailures<string>(clock, 1000);
  known.remember("a", "refused");
  known.remember("b", "refused");
  await clock.advance(999);
  assert.equal(known.of("a"), "refused");
  known.forget("b");
  assert.equal(known.of("b"), null);
  await clock.advance(1);
  assert.equal(known.of("a"), null);
  assert.equal(known.size, 0);
  known.remember("c", "refused");
  known.clear();
  assert.equal(known.of("c"), null);
});

Deno.test("the oldest failures are forgotten first", () => {
  const known = new KnownFailures<number>(new FakeClock(), 1000);
  for (let i = 0; i < maxKnownFailures; i++) known.remember(`${i}`, i);
  known.remember("0", 0); // Again: the newest.
  known.remember("more", 1);
  assert.equal(known.size, maxKnownFailures);
  assert.equal(known.of("0"), 0);
  assert.equal(known.of("1"), null);
});
