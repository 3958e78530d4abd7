import assert from "node:assert/strict";
import { FakeClock, settle } from "../../tests/support/fake_clock.ts";
import { parseIp } from "../base/ip_address.ts";
import type { DataByType } from "../dns/record.ts";
import type { Answer, LookupOptions, Resolver } from "../dns/resolver.ts";
import { type Entry, type Zone, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { Blocklists, healthMs, listTimeoutMs, unknownHealthMs } from "./blocklists.ts";

const ip = (text: string) => parseIp(text) ?? assert.fail(text);
const code = (address: string): Entry => ({ records: { A: [{ address }] } });
const failure: Entry = { failures: { A: "timeout" } };
const address = ip("192.0.2.1");
const entry = { "1.2.0.192.bl.example": code("127.0.0.2") };
const working: Zone = { ...entry, "2.0.0.127.bl.example": code("127.0.0.2") };

/** Answers only when the question is given up. */
class Silence implements Resolver {
  asked = 0;

  async lookup<T extends keyof DataByType>(
    name: string,
    type: T,
    { signal }: LookupOptions,
  ): Promise<Answer<T>> {
    this.asked++;
    if (signal?.aborted === false) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    }
    const options = { signal: AbortSignal.abort() };
    return await new ZoneResolver({}).lookup(name, type, options);
  }
}

Deno.test("a list that works is asked, and for its health once in four hours", async () => {
  const resolver = new ZoneResolver(working);
  const clock = new FakeClock();
  const lists = new Blocklists({ resolver, clock });
  const all = await Promise.all([1, 2, 3].map(() => lists.lookup(address, "bl.example")));
  assert.deepEqual(all.map(({ status }) => status), ["listed", "listed", "listed"]);
  const forHealth = () => resolver.asked.filter((each) => each.includes("127.bl.example. A")).length;
  assert.equal(forHealth(), 2);
  await clock.advance(healthMs - 1);
  await lists.lookup(address, "BL.example");
  assert.equal(forHealth(), 2);
  await clock.advance(1);
  await lists.lookup(address, "bl.example");
  assert.equal(forHealth(), 4);
  assert.equal(clock.pending, 0);
});

Deno.test("a list that does not work is broken, and not asked", async () => {
  const resolver = new ZoneResolver(entry);
  const lists = new Blocklists({ resolver, clock: new FakeClock() });
  for (let i = 0; i < 3; i++) {
    const { status, why } = await lists.lookup(address, "bl.example");
    assert.equal(status, "broken");
    assert.match(why, /does not list 127\.0\.0\.2/);
  }
  assert.equal(resolver.asked.length, 2);
});

Deno.test("a list of IPv4 alone is asked for no IPv6 address", async () => {
  const resolver = new ZoneResolver(working);
  const lists = new Blocklists({ resolver, clock: new FakeClock() });
  assert.equal((await lists.lookup(ip("2001:db8::1"), "bl.example")).status, "broken");
  assert.ok(resolver.asked.every((each) => each.includes(".0.0.f.7.f.f.f.f.0.")), resolver.asked.join());
  assert.equal((await lists.lookup(address, "bl.example")).status, "listed");
});

Deno.test("a list whose health nobody knows is asked, and soon asked for its health again", async () => {
  const resolver = new ZoneResolver({ ...entry, "2.0.0.127.bl.example": failure });
  const clock = new FakeClock();
  const lists = new Blocklists({ resolver, clock });
  assert.equal((await lists.lookup(address, "bl.example")).status, "listed");
  await clock.advance(unknownHealthMs - 1);
  await lists.lookup(address, "bl.example");
  const forHealth = () => resolver.asked.filter((each) => each.includes("127.bl.example. A")).length;
  assert.equal(forHealth(), 2);
  await clock.advance(1);
  await lists.lookup(address, "bl.example");
  assert.equal(forHealth(), 4);
});

Deno.test("a list that is silent ends at its deadline, not listed", async () => {
  const resolver = new Silence();
  const clock = new FakeClock();
  const lists = new Blocklists({ resolver, clock });
  let status: string | null = null;
  const done = lists.lookup(address, "bl.example").then((result) => status = result.status);
  await clock.advance(listTimeoutMs - 1);
  assert.equal(status, null);
  await clock.advance(1);
  await done;
  assert.equal(status, "temperror");
  assert.equal(clock.pending, 0);
});

Deno.test("who gives up gets an answer at once, where the health is known", async () => {
  const clock = new FakeClock();
  const zone = new ZoneResolver(working);
  const silence = new Silence();
  const resolver: Resolver = {
    lookup: (name, type, options = {}) =>
      (name.includes("127.bl") ? zone : silence).lookup(name, type, options),
  };
  const lists = new Blocklists({ resolver, clock, timeoutMs: 1000 });
  const controller = new AbortController();
  const result = lists.lookup(address, "bl.example", controller.signal);
  await settle();
  assert.equal(silence.asked, 1);
  controller.abort();
  assert.equal((await result).status, "temperror");
  assert.equal(clock.pending, 0);
});

Deno.test("a list's domain that is none is the caller's mistake, each time", async () => {
  const lists = new Blocklists({ resolver: new ZoneResolver({}), clock: new FakeClock() });
  for (let i = 0; i < 2; i++) await assert.rejects(lists.lookup(address, "b..l"), SyntaxError);
});

Deno.test("a health that could not be asked for is not kept", async () => {
  const zone = new ZoneResolver(working);
  let broken = true;
  const resolver: Resolver = {
    lookup: (name, type, options) =>
      broken ? Promise.reject(new TypeError("our bug")) : zone.lookup(name, type, options),
  };
  const lists = new Blocklists({ resolver, clock: new FakeClock() });
  await assert.rejects(lists.lookup(address, "bl.example"), TypeError);
  broken = false;
  assert.equal((await lists.lookup(address, "bl.example")).status, "listed");
});
