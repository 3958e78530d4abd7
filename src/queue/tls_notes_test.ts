import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { Refused } from "../base/errors.ts";
import { prepared, run } from "../store/query.ts";
import {
  forgetTlsResults,
  maxTlsDomains,
  removeTlsResults,
  tlsResultsBehind,
  tlsResultsKeptMs,
  tlsResultsOf,
} from "../store/tls_results.ts";
import { type TempStore, tempStore } from "../store/testing/temp_store.ts";
import { addSession, dayMs, dayOf, type DayResults, noResults, type Session } from "../tlsrpt/results.ts";
import { maxTlsResults } from "./queue.ts";
import { noteTls, parseTlsResults } from "./tls_notes.ts";

const policy = {
  type: "sts",
  text: ["version: STSv1"],
  domain: "x.example",
  mxHosts: ["mx.x.example"],
} as const;
const good: Session = { policy, failures: [] };
const failed: Session = {
  policy,
  failures: [{
    type: "certificate-expired",
    sendingIp: "192.0.2.1",
    receivingHost: "mx.x.example",
    receivingHelo: null,
    receivingIp: "192.0.2.2",
    reason: null,
  }],
};

function open(): { temp: TempStore; clock: FakeClock; of(...sessions: Session[]): DayResults } {
  const clock = new FakeClock();
  const of = (...sessions: Session[]) => sessions.reduce(addSession, noResults("x.example", clock.now()));
  return { temp: tempStore({ clock }), clock, of };
}

const insert = prepared((db, p: { day: number; domain: string }) =>
  db.insertInto("tls_results").values({ day: p.day, domain: p.domain, policies: "[]" })
);

const known = ({ store }: TempStore, { day, domain }: DayResults) => {
  const json = store.read(tlsResultsOf(day, domain));
  return json === undefined ? undefined : parseTlsResults(json);
};

Deno.test("what is noted twice is as if it had been seen at once, also after a restart", async () => {
  const { temp, of } = open();
  await using _ = temp;
  await noteTls(temp.store, [of(good, failed)]);
  await temp.reopen();
  await noteTls(temp.store, [of(failed)]);
  const all = of(good, failed, failed);
  assert.deepEqual(known(temp, all), all.policies);
});

Deno.test("days and domains are apart; what is reported is forgotten, and what is too old", async () => {
  const { temp, of, clock } = open();
  await using _ = temp;
  const { store } = temp;
  const today = of(good);
  const other = { ...today, domain: "y.example" };
  await noteTls(store, [today, other, { ...today, day: today.day - dayMs }]);
  assert.deepEqual(store.read(tlsResultsBehind(today.day, "")).map(({ domain }) => domain), [
    "x.example",
    "y.example",
  ]);
  assert.equal(await store.writer.run(() => removeTlsResults(other.day, other.domain)), true);
  assert.equal(known(temp, other), undefined);
  await clock.advance(today.day - dayMs + tlsResultsKeptMs + 1 - clock.now());
  assert.equal(await store.writer.run((tx) => forgetTlsResults(tx.now)), false);
  assert.equal(known(temp, { ...today, day: today.day - dayMs }), undefined);
  assert.notEqual(known(temp, today), undefined);
});

Deno.test("of one day, so many domains are kept, and those that are there go on", async () => {
  const { temp, of } = open();
  await using _ = temp;
  const { store } = temp;
  const results = of(good);
  await store.writer.run(function* () {
    for (let i = 1; i < maxTlsDomains; i++) yield* run(insert, { day: results.day, domain: `d${i}.example` });
  });
  const [last, tooMany] = ["y.example", "z.example"].map((domain) => ({ ...results, domain }));
  assert.ok(last !== undefined && tooMany !== undefined);
  await noteTls(store, [last, tooMany, { ...results, domain: "d7.example" }]);
  assert.deepEqual([known(temp, last), known(temp, tooMany)], [results.policies, undefined]);
  await noteTls(store, [results]);
  assert.equal(known(temp, results), undefined);
  assert.deepEqual(known(temp, { ...results, domain: "d7.example" }), results.policies);
});

Deno.test("a domain that says ever more does not fill the store", async () => {
  const { temp, of } = open();
  await using _ = temp;
  const long = (n: number): Session => ({
    policy: { ...policy, text: Array.from({ length: 30 }, (_, i) => `${n}${i}`.padEnd(4000, "x")) },
    failures: [],
  });
  await noteTls(temp.store, [of(long(1))]);
  await noteTls(temp.store, [of(long(2))]);
  await noteTls(temp.store, [of(long(3))]);
  assert.deepEqual(known(temp, of()), of(long(1), long(2)).policies);
  await noteTls(temp.store, [of(long(1))]);
  assert.equal(known(temp, of())?.[0]?.successes, 2, "what is known is counted on");
});

const wrong: [what: string, change: (results: DayResults) => unknown][] = [
  ["no domain", (results) => ({ ...results, domain: "no domain" })],
  ["a domain in capitals", (results) => ({ ...results, domain: "X.example" })],
  ["the middle of a day", (results) => ({ ...results, day: results.day + 1 })],
  ["a day long ago", (results) => ({ ...results, day: results.day - 5 * dayMs })],
  ["a day to come", (results) => ({ ...results, day: results.day + 5 * dayMs })],
  ["no policies", (results) => ({ ...results, policies: null })],
  ["a policy that is nothing", (results) => ({ ...results, policies: [null] })],
  ["nothing at all", () => null],
  ["a count that is none", (results) => ({
    ...results,
    policies: results.policies.map((one) => ({ ...one, successes: -1 })),
  })],
  ["a type of ours that there is not", (results) => ({
    ...results,
    policies: results.policies.map((one) => ({ ...one, policy: { ...one.policy, type: "x" } })),
  })],
  ["a failure that is none", (results) => ({
    ...results,
    policies: results.policies.map((one) => ({ ...one, details: [{ type: "x", count: 1 }] })),
  })],
  ["words without end", (results) => ({
    ...results,
    policies: results.policies.map((one) => ({
      ...one,
      details: one.details.map((each) => ({ ...each, reason: "x".repeat(100_000) })),
    })),
  })],
];
for (const [what, change] of wrong) {
  Deno.test(`results with ${what} are refused, and nothing of them is kept`, async () => {
    const { temp, of } = open();
    await using _ = temp;
    const results = of(failed);
    // What a front that was taken over sends has any shape.
    const sent = [{ ...results, domain: "y.example" }, change(results) as DayResults];
    await assert.rejects(
      noteTls(temp.store, sent),
      (error) => error instanceof Refused && error.reason === "badRequest",
    );
    assert.equal(known(temp, { ...results, domain: "y.example" }), undefined);
  });
}

Deno.test("so many domains and days at once", async () => {
  const { temp, of } = open();
  await using _ = temp;
  const many = Array.from(
    { length: maxTlsResults + 1 },
    (_, i) => ({ ...of(good), domain: `d${i}.example` }),
  );
  await assert.rejects(
    noteTls(temp.store, many),
    (error) => error instanceof Refused && error.reason === "tooMany",
  );
  await noteTls(temp.store, many.slice(1));
  assert.equal(dayOf(many[0]?.day ?? 1), many[0]?.day);
});
