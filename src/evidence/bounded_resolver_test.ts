import assert from "node:assert/strict";
import type { FailureKind, LookupOptions, Resolver } from "../dns/resolver.ts";
import { txt, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { createLog, silentLog } from "../base/log.ts";
import { BoundedResolver, maxTooDear } from "./bounded_resolver.ts";
import { maxCutLookups } from "./evidence.ts";

const zone = new ZoneResolver({ "a.example": { records: { TXT: txt("x") } } });
const bounds = (over: AbortController, maxLookups = 10) => ({
  deadline: { signal: over.signal, reason: () => String(over.signal.reason) },
  maxLookups,
});

Deno.test("within its bounds it is the resolver behind it", async () => {
  const resolver = new BoundedResolver(zone, bounds(new AbortController()), silentLog);
  assert.deepEqual(await resolver.lookup("a.example.", "TXT"), await zone.lookup("a.example.", "TXT"));
  await assert.rejects(resolver.lookup("relative", "TXT"), SyntaxError);
  assert.deepEqual(resolver.cut, []);
});

/** Never answers; keeps the signals that it was given. */
class Mute implements Resolver {
  readonly signals: (AbortSignal | undefined)[] = [];
  lookup(_name: string, _type: unknown, options: LookupOptions = {}): Promise<never> {
    this.signals.push(options.signal);
    return new Promise(() => {});
  }
}

Deno.test("a resolver that never answers is left when it is over, and told so", async () => {
  const over = new AbortController();
  const mute = new Mute();
  const resolver = new BoundedResolver(mute, bounds(over), silentLog);
  const answer = resolver.lookup("a.example.", "TXT");
  over.abort("it is late");
  const { status, failure, why, security, records } = await answer;
  assert.deepEqual([status, failure, why, security], ["failed", "timeout", "it is late", "indeterminate"]);
  assert.equal(records.length, 0);
  assert.equal(mute.signals[0]?.aborted, true);
  // And nobody is asked any more.
  assert.equal((await resolver.lookup("b.example.", "A")).failure, "timeout");
  assert.equal(mute.signals.length, 1);
  assert.deepEqual(resolver.cut, ["TXT a.example.", "A b.example."]);
});

Deno.test("a lookup that its asker gives up is no cut", async () => {
  const resolver = new BoundedResolver(new Mute(), bounds(new AbortController()), silentLog);
  const given = new AbortController();
  const answer = resolver.lookup("a.example.", "TXT", { signal: given.signal });
  given.abort();
  assert.equal((await answer).failure, "aborted");
  assert.deepEqual(resolver.cut, []);
});

Deno.test("lookups up to the limit", async () => {
  const resolver = new BoundedResolver(zone, bounds(new AbortController(), 2), silentLog);
  for (const failure of [null, null, "limit"]) {
    assert.equal((await resolver.lookup("a.example.", "TXT")).failure, failure);
  }
  for (let i = 0; i < 100; i++) await resolver.lookup("a.example.", "TXT");
  assert.equal(resolver.cut.length, maxCutLookups);
});

Deno.test("a resolver that throws is a failure, and a line in the log", async () => {
  for (
    const broken of [() => Promise.reject(new Error("oh")), () => {
      throw new TypeError("oh");
    }]
  ) {
    const lines: string[] = [];
    const log = createLog({ level: "error", format: "text" }, () => 0, (_, line) => lines.push(line));
    const resolver = new BoundedResolver({ lookup: broken }, bounds(new AbortController()), log);
    assert.equal((await resolver.lookup("a.example.", "TXT")).failure, "serverFailure");
    assert.match(lines.join(), /resolver threw/);
  }
});

Deno.test("after some lookups that were too much work, nothing more is looked up for the message", async () => {
  const asked: string[] = [];
  const dear: Resolver = {
    async lookup(name, type, options) {
      asked.push(name);
      const answer = await zone.lookup(name, type, options);
      if (name.endsWith("busy.example.")) return { ...answer, status: "failed", failure: "limit" };
      return name.endsWith("trap.example.") ? { ...answer, status: "failed", failure: "costly" } : answer;
    },
  };
  const resolver = new BoundedResolver(dear, bounds(new AbortController(), 100), silentLog);
  // That there is no place for lookups is no fault of the message.
  for (let i = 0; i < 5; i++) await resolver.lookup(`${i}.busy.example.`, "TXT");
  asked.length = 0;
  const failures: (FailureKind | null)[] = [];
  for (let i = 0; i < 20; i++) failures.push((await resolver.lookup(`${i}.trap.example.`, "TXT")).failure);
  assert.deepEqual(failures, [
    ...Array<FailureKind>(maxTooDear).fill("costly"),
    ...Array<FailureKind>(20 - maxTooDear).fill("limit"),
  ]);
  assert.equal(asked.length, maxTooDear);
  const { failure, why } = await resolver.lookup("a.example.", "TXT");
  assert.deepEqual([failure, why], ["limit", "3 lookups of the message were too much work"]);
  assert.equal(resolver.cut[0], "TXT 3.trap.example.");
  const shared = { ...bounds(new AbortController(), Infinity), maxTooDear: Infinity };
  const ofAll = new BoundedResolver(dear, shared, silentLog);
  for (let i = 0; i < 20; i++) await ofAll.lookup(`${i}.trap.example.`, "TXT");
  assert.equal((await ofAll.lookup("a.example.", "TXT")).status, "found");
});
