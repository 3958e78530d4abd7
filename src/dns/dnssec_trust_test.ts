import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import type { Step } from "./dnssec_step.ts";
import {
  type Broken,
  type InsecureZone,
  maxTrustEntries,
  maxTrustOctets,
  maxTrustSeconds,
  minTrustSeconds,
  type SecureZone,
  TrustCache,
} from "./dnssec_trust.ts";

const step = (name: string): Step => ({
  kind: "zone",
  name,
  type: null,
  ds: [],
  keys: [],
  signature: null,
  result: "secure",
  why: "because",
});

const insecure = (zone: string, ttl: number): InsecureZone => ({
  kind: "insecure",
  zone,
  ttl,
  above: null,
  step: step(zone),
});

const secure = (zone: string, keyOctets: number, count = 1): SecureZone => ({
  kind: "secure",
  zone,
  keys: Array.from({ length: count }, () => ({
    tag: 1,
    data: { flags: 257, protocol: 3, algorithm: 8, publicKey: new Uint8Array(keyOctets) },
    rdata: new Uint8Array(keyOctets + 4),
  })),
  ttl: 300,
  above: null,
  step: step(zone),
});

Deno.test("a zone is kept for its TTL, whatever the case of its name", async () => {
  const clock = new FakeClock();
  const cache = new TrustCache(clock);
  cache.put(insecure("Example.", 60));
  assert.equal(cache.get("eXample.")?.kind, "insecure");
  await clock.advance(59_999);
  assert.equal(cache.get("example.")?.kind, "insecure");
  await clock.advance(1);
  assert.equal(cache.get("example."), null);
  assert.equal(cache.size, 0);
  assert.equal(cache.octets, 0);
});

Deno.test("TTLs have a least and a most", async () => {
  const clock = new FakeClock();
  const cache = new TrustCache(clock);
  cache.put(insecure("short.", 0));
  cache.put(insecure("long.", 10 * maxTrustSeconds));
  await clock.advance(minTrustSeconds * 1000 - 1);
  assert.ok(cache.get("short.") !== null);
  await clock.advance(1);
  assert.equal(cache.get("short."), null);
  await clock.advance((maxTrustSeconds - minTrustSeconds) * 1000);
  assert.equal(cache.get("long."), null);
});

Deno.test("what is not proved is not kept", () => {
  const cache = new TrustCache(new FakeClock());
  for (const kind of ["bogus", "indeterminate", "failed"] as const) {
    const broken: Broken = {
      kind,
      zone: "example.",
      why: "",
      failure: null,
      unsigned: false,
      above: null,
      step: step("example."),
    };
    cache.put(broken);
  }
  assert.equal(cache.size, 0);
});

Deno.test("zones are bounded by number, and what was not used goes first", () => {
  const cache = new TrustCache(new FakeClock());
  for (let i = 0; i < maxTrustEntries; i++) cache.put(insecure(`z${i}.`, 300));
  assert.equal(cache.size, maxTrustEntries);
  assert.ok(cache.get("z0.") !== null);
  cache.put(insecure("more.", 300));
  assert.equal(cache.size, maxTrustEntries);
  assert.ok(cache.get("z0.") !== null);
  assert.equal(cache.get("z1."), null);
});

Deno.test("and by octets; one that is very large is not kept", () => {
  const cache = new TrustCache(new FakeClock());
  for (let i = 0; i < 200; i++) {
    cache.put(secure(`z${i}.`, 60_000));
    assert.ok(cache.octets <= maxTrustOctets);
  }
  assert.ok(cache.size > 10 && cache.size < 100, String(cache.size));
  cache.put(secure("huge.", 60_000, 20));
  assert.equal(cache.get("huge."), null);
});

Deno.test("a zone that is put again takes the place of the old", () => {
  const cache = new TrustCache(new FakeClock());
  cache.put(insecure("example.", 300));
  const { octets } = cache;
  cache.put(insecure("EXAMPLE.", 300));
  assert.equal(cache.size, 1);
  assert.equal(cache.octets, octets);
});
