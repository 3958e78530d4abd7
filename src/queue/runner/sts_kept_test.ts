import assert from "node:assert/strict";
import { createLog, type Log, silentLog } from "../../base/log.ts";
import type { Remembered } from "../../mtasts/life.ts";
import type { Policy } from "../../mtasts/policy.ts";
import {
  KeptPolicies,
  maxEntries,
  maxEntriesLength,
  maxWritten,
  maxWrittenLength,
  printEntry,
  readEntry,
  usedPrecisionMs,
} from "./sts_kept.ts";
import { MemoryPolicyStore, testPolicy } from "./testing/memory_policies.ts";

const now = Date.UTC(2026, 10, 21);
const day = 24 * 3600_000;
const remembered = (policy: Policy | null = testPolicy(), change: Partial<Remembered> = {}): Remembered => ({
  policy,
  id: "1",
  fetchedAt: now,
  failed: null,
  ...change,
});
const failed = { at: now, id: "2", failure: "status", why: "404" } as const;

const entries: Remembered[] = [
  remembered(),
  remembered(testPolicy("testing", 0, ["*.example.org", "a.example"]), { id: null, failed }),
  remembered(testPolicy("none", 31_557_600, [])),
  remembered({ ...testPolicy(), extensions: [["x", 'ü "quoted" \\ '.trim()]] }),
];
for (const [i, one] of entries.entries()) {
  Deno.test(`entry ${i} is read as it was written`, () => {
    const entry = { remembered: one, usedAt: now - 1 };
    assert.deepEqual(readEntry(printEntry(entry)), entry);
  });
}

const whole = JSON.parse(printEntry({ remembered: remembered(), usedAt: now }));
const unreadable: [what: string, text: string][] = [
  ["nothing", ""],
  ["no JSON", "{"],
  ["no object", "[]"],
  ["another version", JSON.stringify({ ...whole, version: 2 })],
  ["no policy", JSON.stringify({ ...whole, policy: null })],
  ["no mode", JSON.stringify({ ...whole, policy: { ...whole.policy, mode: "strict" } })],
  ["a wrong pattern", JSON.stringify({ ...whole, policy: { ...whole.policy, mx: ["a b"] } })],
  ["patterns that are no list", JSON.stringify({ ...whole, policy: { ...whole.policy, mx: "a" } })],
  ["a wrong age", JSON.stringify({ ...whole, policy: { ...whole.policy, maxAgeSeconds: -1 } })],
  ["no id", JSON.stringify({ ...whole, id: 1 })],
  ["no time", JSON.stringify({ ...whole, fetchedAt: "1" })],
];
for (const [what, text] of unreadable) {
  Deno.test(`an entry with ${what} is not read, and goes`, async () => {
    assert.equal(readEntry(text), null);
    const store = new MemoryPolicyStore();
    store.texts.set("example.org", text);
    const kept = new KeptPolicies(store, silentLog);
    await kept.load(now);
    await kept.flush();
    assert.deepEqual([kept.size, store.texts.size], [0, 0]);
  });
}

Deno.test("a failure that cannot be read takes no policy with it", () => {
  const entry = readEntry(JSON.stringify({ ...whole, failed: { ...failed, failure: "later" } }));
  assert.deepEqual(entry?.remembered, remembered());
});

Deno.test("policies outlive a restart; what is over, and mere failures, do not", async () => {
  const store = new MemoryPolicyStore();
  const kept = new KeptPolicies(store, silentLog);
  kept.set("long.example", remembered(), now);
  kept.set("short.example", remembered(testPolicy("enforce", 3600)), now);
  kept.set("failed.example", remembered(null, { failed }), now);
  assert.equal(kept.size, 3);
  await kept.flush();
  assert.deepEqual([...store.texts.keys()], ["long.example", "short.example"]);
  const next = new KeptPolicies(store, silentLog);
  await next.load(now + day);
  assert.deepEqual([...next.entries()].map(([domain]) => domain), ["long.example"]);
  await next.flush();
  assert.deepEqual([...store.texts.keys()], ["long.example"]);
  next.forget(now + 8 * day);
  await next.flush();
  assert.equal(store.texts.size, 0);
});

Deno.test("being used is written once a day, not for each message", async () => {
  const store = new MemoryPolicyStore();
  const kept = new KeptPolicies(store, silentLog);
  kept.set("example.org", remembered(), now);
  await kept.flush();
  kept.use("example.org", now + usedPrecisionMs - 1);
  await kept.flush();
  assert.equal(store.writes.length, 1);
  kept.use("example.org", now + usedPrecisionMs);
  kept.use("unknown.example", now);
  await kept.flush();
  assert.equal(store.writes.length, 2);
  assert.equal(readEntry(store.texts.get("example.org") ?? "")?.usedAt, now + usedPrecisionMs);
});

/** A log that keeps its messages. */
function listening(): { log: Log; told: string[] } {
  const told: string[] = [];
  return {
    told,
    log: createLog({ level: "warn", format: "json" }, () => now, (_level, line) => {
      told.push(JSON.parse(line).message);
    }),
  };
}

Deno.test("a store that is broken is told of once, and tried again", async () => {
  const store = new MemoryPolicyStore();
  const { log, told } = listening();
  const kept = new KeptPolicies(store, log);
  store.broken = true;
  await kept.load(now);
  kept.set("a.example", remembered(), now);
  await kept.flush();
  kept.set("b.example", remembered(), now);
  await kept.flush();
  assert.deepEqual(told, ["kept mta-sts policies cannot be read", "mta-sts policies cannot be kept"]);
  assert.equal(kept.size, 2);
  store.broken = false;
  await kept.flush();
  assert.deepEqual([...store.texts.keys()].sort(), ["a.example", "b.example"]);
});

Deno.test("of too many domains those go that got mail longest ago, failures first", async () => {
  const store = new MemoryPolicyStore();
  const { log, told } = listening();
  const kept = new KeptPolicies(store, log);
  for (let i = 0; i < maxEntries - 1; i++) kept.set(`d${i}.example`, remembered(), now);
  kept.set("failed.example", remembered(null, { failed }), now);
  kept.use("d0.example", now + 1);
  kept.set("new.example", remembered(), now);
  assert.equal(kept.get("failed.example"), null);
  assert.deepEqual(told, []);
  kept.set("newer.example", remembered(), now);
  assert.equal(kept.get("d1.example"), null);
  assert.notEqual(kept.get("d0.example"), null);
  assert.deepEqual([kept.size, told.length], [maxEntries, 1]);
  await kept.flush();
  assert.equal(store.texts.size, maxEntries);
  assert.ok(store.sizes.length > 1 && store.sizes.every((size) => size <= maxWritten));
});

Deno.test("long policies are bounded together", async () => {
  const { log } = listening();
  const store = new MemoryPolicyStore();
  const kept = new KeptPolicies(store, log);
  const mx = Array.from({ length: 1000 }, (_, i) => `${"m".repeat(50)}${i}.example`);
  const one = remembered(testPolicy("enforce", 86_400, mx));
  const length = printEntry({ remembered: one, usedAt: now }).length;
  for (let i = 0; i < 300; i++) kept.set(`d${i}.example`, one, now);
  assert.ok(kept.size < 300 && kept.size * length <= maxEntriesLength, `${kept.size}`);
  assert.ok((kept.size + 1) * (length + 20) > maxEntriesLength);
  await kept.flush();
  assert.ok(store.lengths.length > 10 && store.lengths.every((each) => each <= maxWrittenLength));
});
