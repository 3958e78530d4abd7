import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/support/fake_clock.ts";
import type { Answer, LookupOptions, Resolver } from "../../dns/resolver.ts";
import { ZoneResolver } from "../../dns/testing/zone_resolver.ts";
import { TimedResolver } from "./timed_resolver.ts";

class Silent implements Resolver {
  signal: AbortSignal | undefined;
  lookup(_name: string, _type: string, { signal }: LookupOptions = {}): Promise<Answer<never>> {
    this.signal = signal;
    return new Promise(() => {});
  }
}

Deno.test("an answer passes, and leaves no timer", async () => {
  const clock = new FakeClock();
  const resolver = new TimedResolver(new ZoneResolver({ "a.test": {} }), clock, 1000);
  assert.equal((await resolver.lookup("a.test.", "MX")).status, "noData");
  assert.equal(clock.pending, 0);
});

Deno.test("what takes too long has failed, and is not waited for", async () => {
  const clock = new FakeClock();
  const silent = new Silent();
  const asked = new TimedResolver(silent, clock, 1000).lookup("a.test.", "MX");
  await clock.advance(1000);
  assert.equal((await asked).failure, "timeout");
  assert.equal(silent.signal?.aborted, true);
});

Deno.test("who gives up has an answer at once, before and while asking", async () => {
  const clock = new FakeClock();
  const resolver = new TimedResolver(new Silent(), clock, 1000);
  const ending = new AbortController();
  const asked = resolver.lookup("a.test.", "MX", { signal: ending.signal });
  ending.abort();
  assert.equal((await asked).failure, "aborted");
  assert.equal((await resolver.lookup("a.test.", "MX", { signal: ending.signal })).failure, "aborted");
  assert.equal(clock.pending, 0);
});
