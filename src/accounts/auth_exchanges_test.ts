import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { exchangeMs, Exchanges, maxExchanges } from "./auth_exchanges.ts";

Deno.test("an exchange is taken once, and not after its time", async () => {
  const clock = new FakeClock();
  const exchanges = new Exchanges<string>(clock);
  const [once, late] = [exchanges.add("once"), exchanges.add("late")];
  assert.match(once ?? "", /^[0-9a-f]{32}$/);
  assert.equal(exchanges.take(once ?? ""), "once");
  assert.equal(exchanges.take(once ?? ""), null);
  assert.equal(exchanges.take("invented"), null);
  await clock.advance(exchangeMs);
  assert.equal(exchanges.take(late ?? ""), null);
  assert.equal(exchanges.size, 0);
});

Deno.test("there are so many at most, until their time is over", async () => {
  const clock = new FakeClock();
  const exchanges = new Exchanges<number>(clock);
  for (let i = 0; i < maxExchanges; i++) assert.ok(exchanges.add(i) !== null);
  assert.equal(exchanges.add(-1), null);
  await clock.advance(exchangeMs);
  assert.ok(exchanges.add(-1) !== null);
  exchanges.clear();
  assert.equal(exchanges.size, 0);
});
