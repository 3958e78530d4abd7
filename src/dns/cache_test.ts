import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { AnswerCache, failureSeconds, maxCostlySeconds, maxFailureSeconds } from "./cache.ts";
import type { Name } from "./record.ts";
import type { Answer, FailureKind } from "./resolver.ts";
import { failedAnswer } from "./answer.ts";
import { txt } from "./testing/zone_resolver.ts";

function answer(name: Name, ttl: number, parts: Partial<Answer<"A">> = {}): Answer<"A"> {
  return {
    name,
    type: "A",
    status: "found",
    canonicalName: name,
    records: [{ address: "192.0.2.1" }],
    ttl,
    security: "secure",
    why: "a test",
    failure: null,
    ...parts,
  };
}

Deno.test("an answer is kept for its TTL, which runs down", async () => {
  const clock = new FakeClock();
  const cache = new AnswerCache({ clock });
  cache.put(answer("a.example.", 60));
  assert.deepEqual(cache.get("a.example.", "A"), answer("a.example.", 60));
  await clock.advance(59_500);
  assert.equal(cache.get("a.example.", "A")?.ttl, 1);
  await clock.advance(500);
  assert.equal(cache.get("a.example.", "A"), null);
  assert.deepEqual([cache.size, cache.octets], [0, 0]);
});

Deno.test("a jump of the wall clock does not matter", () => {
  const clock = new FakeClock();
  const cache = new AnswerCache({ clock });
  cache.put(answer("a.example.", 60));
  clock.jump(3600_000);
  assert.equal(cache.get("a.example.", "A")?.ttl, 60);
});

Deno.test("an answer is found by name in any case, and given with the name as it is asked for", () => {
  const cache = new AnswerCache({ clock: new FakeClock() });
  cache.put(answer("a.Example.", 60));
  assert.equal(cache.get("A.example.", "A")?.name, "A.example.");
  assert.equal(cache.get("A.example.", "A")?.canonicalName, "a.Example.");
});

Deno.test("each type is an answer of its own", () => {
  const cache = new AnswerCache({ clock: new FakeClock() });
  cache.put(answer("a.example.", 60));
  assert.equal(cache.get("a.example.", "AAAA"), null);
});

Deno.test("denials are kept, too", () => {
  const cache = new AnswerCache({ clock: new FakeClock() });
  for (const status of ["noData", "noSuchDomain"] as const) {
    cache.put(answer(`${status}.`, 60, { status, records: [] }));
    assert.equal(cache.get(`${status}.`, "A")?.status, status);
  }
});

Deno.test("an answer without a TTL is not kept, and takes away the one before", () => {
  const cache = new AnswerCache({ clock: new FakeClock() });
  cache.put(answer("a.example.", 60));
  cache.put(answer("a.example.", 0));
  assert.equal(cache.get("a.example.", "A"), null);
  assert.equal(cache.octets, 0);
});

Deno.test("failures are kept for a moment, but not what says nothing of the DNS", async () => {
  const kinds: [FailureKind, kept: boolean][] = [
    ["timeout", true],
    ["serverFailure", true],
    ["bogus", true],
    ["aliases", true],
    ["costly", true],
    ["limit", false],
    ["aborted", false],
  ];
  for (const [kind, kept] of kinds) {
    const clock = new FakeClock();
    const cache = new AnswerCache({ clock });
    cache.put(failedAnswer("a.", "A", "a.", kind, ""));
    assert.equal(cache.get("a.", "A")?.failure ?? null, kept ? kind : null);
    assert.equal(cache.get("a.", "A")?.ttl ?? 0, 0);
    await clock.advance(failureSeconds * 1000);
    assert.equal(cache.get("a.", "A"), null);
  }
});

/** For how many seconds each failure of a row is kept, where the next comes `afterMs` after the one before has ended. */
async function row(kind: FailureKind, length: number, afterMs = 0): Promise<number[]> {
  const clock = new FakeClock();
  const cache = new AnswerCache({ clock });
  const seconds: number[] = [];
  for (let i = 0; i < length; i++) {
    cache.put(failedAnswer("a.", "A", "a.", kind, ""));
    for (seconds.push(0); cache.get("a.", "A") !== null; seconds[i] = (seconds[i] ?? 0) + 1) {
      await clock.advance(1000);
    }
    await clock.advance(afterMs);
  }
  return seconds;
}

Deno.test("a failure that follows another is kept twice as long, up to a limit (RFC 9520 3.2)", async () => {
  for (const kind of ["timeout", "serverFailure", "bogus"] as const) {
    assert.deepEqual(await row(kind, 6), [5, 10, 20, 40, maxFailureSeconds, maxFailureSeconds]);
  }
  for (const kind of ["costly", "aliases"] as const) {
    assert.deepEqual(await row(kind, 8), [5, 10, 20, 40, 80, 160, maxCostlySeconds, maxCostlySeconds]);
  }
  assert.ok(maxCostlySeconds <= 300 && maxFailureSeconds <= 300); // RFC 9520 3.2
});

Deno.test("a failure long after another is the first of a row, as is one after an answer", async () => {
  assert.deepEqual(await row("timeout", 3, 299_000), [5, 10, 20]);
  assert.deepEqual(await row("timeout", 3, 300_000), [5, 5, 5]);
  const clock = new FakeClock();
  const cache = new AnswerCache({ clock });
  for (const next of [failedAnswer("a.", "A", "a.", "timeout", ""), answer("a.", 5)]) {
    cache.put(next);
    await clock.advance(5000);
  }
  cache.put(failedAnswer("a.", "A", "a.", "timeout", ""));
  await clock.advance(5000);
  assert.equal(cache.get("a.", "A"), null);
});

Deno.test("who gives up does not end a row of failures, nor take an answer away", async () => {
  const clock = new FakeClock();
  const cache = new AnswerCache({ clock });
  cache.put(failedAnswer("a.", "A", "a.", "costly", ""));
  await clock.advance(5000);
  for (const kind of ["aborted", "limit"] as const) cache.put(failedAnswer("a.", "A", "a.", kind, ""));
  cache.put(failedAnswer("a.", "A", "a.", "costly", ""));
  await clock.advance(9999);
  assert.equal(cache.get("a.", "A")?.failure, "costly");
  cache.put(answer("b.", 60));
  cache.put(failedAnswer("b.", "A", "b.", "aborted", ""));
  assert.equal(cache.get("b.", "A")?.status, "found");
});

Deno.test("failures whose time is over are bounded as all else", async () => {
  const clock = new FakeClock();
  const cache = new AnswerCache({ clock, maxEntries: 10 });
  for (let i = 0; i < 50; i++) {
    cache.put(failedAnswer(`n${i}.`, "A", `n${i}.`, "costly", ""));
    await clock.advance(6000);
  }
  assert.equal(cache.size, 10);
});

Deno.test("over the limit of entries, the one asked for longest ago goes", () => {
  const cache = new AnswerCache({ clock: new FakeClock(), maxEntries: 3 });
  for (const name of ["a.", "b.", "c."]) cache.put(answer(name, 60));
  cache.get("a.", "A");
  cache.put(answer("d.", 60));
  assert.equal(cache.size, 3);
  assert.equal(cache.get("b.", "A"), null);
  for (const name of ["a.", "c.", "d."]) assert.equal(cache.get(name, "A")?.name, name);
});

Deno.test("over the limit of octets, as many go as needed, and what is larger than all is not kept", () => {
  const cache = new AnswerCache({ clock: new FakeClock(), maxOctets: 20_000 });
  const large = (name: Name, length: number): Answer<"TXT"> => {
    return { ...answer(name, 60), type: "TXT", records: txt("x".repeat(length)) };
  };
  for (const name of ["a.", "b.", "c.", "d."]) cache.put(large(name, 2000));
  assert.equal(cache.size, 4);
  cache.put(large("e.", 6000));
  assert.ok(cache.octets > 10_000 && cache.octets <= 20_000);
  assert.equal(cache.get("a.", "TXT"), null);
  assert.equal(cache.get("e.", "TXT")?.name, "e.");
  const size = cache.size;
  cache.put(large("f.", 30_000));
  assert.equal(cache.get("f.", "TXT"), null);
  assert.equal(cache.size, size);
});

Deno.test("the count of octets comes back to where it was", () => {
  const cache = new AnswerCache({ clock: new FakeClock() });
  cache.put(answer("a.", 60));
  const { octets } = cache;
  for (let i = 0; i < 3; i++) cache.put(answer("a.", 60 + i));
  assert.equal(cache.octets, octets);
  cache.clear();
  assert.deepEqual([cache.size, cache.octets], [0, 0]);
});
