import assert from "node:assert/strict";
import { FakeClock, settle } from "../../../tests/support/fake_clock.ts";
import { Refused } from "../../base/errors.ts";
import { createLog } from "../../base/log.ts";
import { Metrics } from "../../base/metrics.ts";
import { type DayResults, mergeResults, type Session } from "../../tlsrpt/results.ts";
import { maxTlsResults } from "../queue.ts";
import { flushAt, flushMs, maxBatchLength, maxKept, maxKeptLength, TlsNoteBook } from "./tls_notes.ts";

const good: Session = {
  policy: { type: "no-policy-found", text: [], domain: "example.org", mxHosts: [] },
  failures: [],
};
const bad = (reason = "expired", text: readonly string[] = []): Session => ({
  policy: { ...good.policy, text },
  failures: [{
    type: "certificate-expired",
    sendingIp: null,
    receivingHost: "mx.example.org",
    receivingHelo: null,
    receivingIp: null,
    reason,
  }],
});

/** A store that adds up what it gets, and can be made to refuse. */
class Store {
  readonly kept = new Map<string, DayResults>();
  readonly batches: (readonly DayResults[])[] = [];
  refuses: Error | null = null;
  waits: Promise<void> | null = null;

  async noteTls({ results }: { readonly results: readonly DayResults[] }): Promise<void> {
    this.batches.push(results);
    await this.waits;
    if (this.refuses !== null) throw this.refuses;
    for (const one of results) {
      const key = `${one.domain} ${new Date(one.day).toISOString().slice(0, 10)}`;
      const known = this.kept.get(key);
      this.kept.set(key, known === undefined ? one : mergeResults(known, one));
    }
  }

  /** Successes and failures of each domain and day. */
  get sums(): Record<string, readonly [number, number]> {
    return Object.fromEntries([...this.kept].map(([key, { policies }]) => [
      key,
      [
        policies.reduce((sum, one) => sum + one.successes, 0),
        policies.reduce((sum, one) => sum + one.failures, 0),
      ],
    ]));
  }
}

function make(start = Date.UTC(2026, 10, 21, 12)) {
  const clock = new FakeClock(start);
  const store = new Store();
  const told: string[] = [];
  const log = createLog({ level: "info", format: "json" }, () => 0, (level, line) => {
    const { message, sessions, domains } = JSON.parse(line);
    told.push(`${level} ${message} ${sessions ?? "-"} ${domains}`);
  });
  const metrics = new Metrics();
  return { clock, store, told, metrics, notes: new TlsNoteBook({ queue: store, clock, log, metrics }) };
}

Deno.test("sessions are added up, and the store gets them after a minute", async () => {
  const { clock, store, notes, metrics } = make();
  notes.note("example.org", good);
  notes.note("example.org", bad());
  notes.note("example.net", good);
  await clock.advance(flushMs - 1);
  assert.equal(store.batches.length, 0);
  await clock.advance(1);
  assert.deepEqual(store.sums, { "example.org 2026-11-21": [1, 1], "example.net 2026-11-21": [1, 0] });
  assert.equal(clock.pending, 0);
  notes.note("example.org", good);
  await clock.advance(flushMs);
  assert.deepEqual(store.sums["example.org 2026-11-21"], [2, 1]);
  assert.match(metrics.text(), /mailden_tls_sessions_total\{result="good"\} 3\n/);
  await notes.close();
  assert.equal(store.batches.length, 2);
});

Deno.test("each day has results of its own", async () => {
  const { clock, store, notes } = make(Date.UTC(2026, 10, 21, 23, 59, 59, 999));
  notes.note("example.org", good);
  await clock.advance(1);
  notes.note("example.org", bad());
  await notes.close();
  assert.deepEqual(store.sums, { "example.org 2026-11-21": [1, 0], "example.org 2026-11-22": [0, 1] });
});

Deno.test("what the store does not take is kept, added to, and offered again", async () => {
  const { clock, store, notes, told } = make();
  store.refuses = new Error("the store is gone");
  notes.note("example.org", good);
  await clock.advance(flushMs);
  notes.note("example.org", bad());
  await clock.advance(flushMs);
  assert.deepEqual(told, Array(2).fill("warn results of tls cannot be kept yet - 1"));
  store.refuses = null;
  await clock.advance(flushMs);
  assert.deepEqual(store.sums, { "example.org 2026-11-21": [1, 1] });
  await notes.close();
});

Deno.test("what comes while the store is asked waits for the next time", async () => {
  const { clock, store, notes } = make();
  const { promise, resolve } = Promise.withResolvers<void>();
  store.waits = promise;
  notes.note("example.org", good);
  await clock.advance(flushMs);
  notes.note("example.org", good);
  await clock.advance(flushMs);
  assert.equal(store.batches.length, 1);
  resolve();
  await settle();
  await clock.advance(flushMs);
  assert.deepEqual(store.sums, { "example.org 2026-11-21": [2, 0] });
  await notes.close();
});

Deno.test("what was refused for good is dropped and told, the rest goes on", async () => {
  const { clock, store, notes, told } = make();
  store.refuses = new Refused("badRequest", "no such thing");
  notes.note("example.org", good);
  await clock.advance(flushMs);
  assert.deepEqual(told, ["error results of tls are refused and dropped - 1"]);
  assert.equal(clock.pending, 0);
  await notes.close();
  assert.equal(store.batches.length, 1);
});

Deno.test("closing gives the store what is left, or tells what is lost", async () => {
  const first = make();
  first.notes.note("example.org", good);
  await first.notes.close();
  assert.deepEqual([first.store.sums, first.told], [{ "example.org 2026-11-21": [1, 0] }, []]);
  const second = make();
  second.store.refuses = new Error("the store is gone");
  second.notes.note("example.org", good);
  await second.notes.close();
  assert.deepEqual(second.told, [
    "warn results of tls cannot be kept yet - 1",
    "error results of tls were lost 0 1",
  ]);
  second.notes.note("example.org", good);
  assert.match(second.metrics.text(), /result="lost"\} 1\n/);
  assert.deepEqual([first.clock.pending, second.clock.pending], [0, 0]);
});

Deno.test("many domains are given to the store at once, some in each request", async () => {
  const { store, notes } = make();
  for (let i = 0; i < flushAt; i++) notes.note(`d${i}.example`, good);
  await settle();
  await notes.close();
  assert.equal(store.kept.size, flushAt);
  assert.equal(store.batches.length, flushAt / maxTlsResults);
  assert.ok(store.batches.every((batch) => batch.length <= maxTlsResults));
});

Deno.test("a store that fails is not asked again for each note", async () => {
  const { clock, store, notes } = make();
  store.refuses = new Error("the store is gone");
  for (let i = 0; i < flushAt + 10; i++) {
    notes.note(`d${i}.example`, good);
    if (i > flushAt - 3) await settle();
  }
  assert.equal(store.batches.length, 1);
  await clock.advance(flushMs);
  assert.equal(store.batches.length, 2);
  store.refuses = null;
  await notes.close();
  assert.equal(store.kept.size, flushAt + 10);
});

const long = (n: number) => Array.from({ length: 200 }, (_, i) => `${n} ${i} ${"x".repeat(4000)}`);

Deno.test("long results are cut into requests that can be sent, and lose nothing", async () => {
  const { store, notes } = make();
  for (let i = 0; i < 15; i++) notes.note("example.org", bad("expired", long(i)));
  await notes.close();
  assert.ok(store.batches.length >= 3);
  for (const batch of store.batches) assert.ok(JSON.stringify(batch).length < maxBatchLength + 1e6);
  assert.deepEqual(store.sums, { "example.org 2026-11-21": [0, 15] });
});

Deno.test("too many domains and too long results are counted as lost, and told once the store answers", async () => {
  const { clock, store, notes, told, metrics } = make();
  store.refuses = new Error("the store is gone");
  for (let i = 0; i < maxKept + 5; i++) notes.note(`d${i}.example`, good);
  await clock.advance(flushMs);
  assert.match(metrics.text(), /result="lost"\} 5\n/);
  store.refuses = null;
  await clock.advance(flushMs);
  assert.equal(store.kept.size, maxKept);
  assert.equal(told.at(-1), "error results of tls were lost 5 0");
  await notes.close();
  const other = make();
  other.store.refuses = new Error("the store is gone");
  const each = JSON.stringify(long(0)).length;
  for (let i = 0; i < 40; i++) other.notes.note(`d${i}.example`, bad("expired", long(i)));
  await other.clock.advance(flushMs);
  other.store.refuses = null;
  await other.notes.close();
  const fits = Math.ceil(maxKeptLength / each);
  assert.ok(Math.abs(other.store.kept.size - fits) <= 2, `${other.store.kept.size} of ${fits}`);
});
