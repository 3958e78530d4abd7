import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { argon2Costs, type Argon2Hash } from "./auth_argon2.ts";
import { maxRemembered, PasswordCache, rememberMs } from "./auth_cache.ts";

const hash = (salt: number): Argon2Hash => ({
  costs: argon2Costs,
  salt: new Uint8Array(16).fill(salt),
  hash: new Uint8Array(32),
});

Deno.test("a password is known for a quarter of an hour, for its account and its hash", async () => {
  const clock = new FakeClock();
  const cache = new PasswordCache(clock);
  cache.remember("a", "right", hash(1));
  assert.ok(cache.knows("a", "right", hash(1)));
  assert.ok(!cache.knows("a", "wrong", hash(1)));
  assert.ok(!cache.knows("b", "right", hash(1)));
  assert.ok(!cache.knows("a", "right", hash(2)), "the password was set again");
  await clock.advance(rememberMs - 1);
  assert.ok(cache.knows("a", "right", hash(1)));
  await clock.advance(1);
  assert.ok(!cache.knows("a", "right", hash(1)));
});

Deno.test("forget() forgets", () => {
  const cache = new PasswordCache(new FakeClock());
  cache.remember("a", "right", hash(1));
  cache.forget("a");
  assert.ok(!cache.knows("a", "right", hash(1)));
});

Deno.test("the oldest make room for the newest", () => {
  const cache = new PasswordCache(new FakeClock());
  for (let i = 0; i <= maxRemembered; i++) cache.remember(`a${i}`, "right", hash(1));
  assert.ok(!cache.knows("a0", "right", hash(1)));
  assert.ok(cache.knows("a1", "right", hash(1)));
  assert.ok(cache.knows(`a${maxRemembered}`, "right", hash(1)));
});
