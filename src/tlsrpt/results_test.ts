import assert from "node:assert/strict";
import fc from "fast-check";
import {
  addSession,
  type AppliedPolicy,
  dayMs,
  dayOf,
  type DayResults,
  type Failure,
  hasFailures,
  maxFailures,
  maxPolicies,
  maxPolicyLine,
  maxPolicyLines,
  maxSessionFailures,
  maxTextLength,
  mergeResults,
  noResults,
  resultTypes,
  type Session,
} from "./results.ts";

const at = Date.UTC(2026, 10, 21, 13, 5);
const policy = (domain = "example.org"): AppliedPolicy => ({
  type: "no-policy-found",
  text: [],
  domain,
  mxHosts: [],
});
const failure = (change: Partial<Failure> = {}): Omit<Failure, "count"> => ({
  type: "certificate-expired",
  sendingIp: "192.0.2.1",
  receivingHost: "mx.example.org",
  receivingHelo: "mx.example.org",
  receivingIp: "192.0.2.2",
  reason: null,
  ...change,
});
const of = (sessions: readonly Session[]): DayResults =>
  sessions.reduce(addSession, noResults("example.org", at));

Deno.test("sessions are counted by policy and by the way they failed", () => {
  const results = of([
    { policy: policy(), failures: [] },
    { policy: policy(), failures: [failure()] },
    { policy: policy(), failures: [failure(), failure({ type: "certificate-host-mismatch" })] },
    { policy: policy("mx.example.org"), failures: [] },
  ]);
  assert.equal(results.day, Date.UTC(2026, 10, 21));
  assert.ok(hasFailures(results));
  assert.deepEqual(
    results.policies.map((
      one,
    ) => [one.policy.domain, one.successes, one.failures, one.details.map((each) => each.count)]),
    // One session with two failures is one session. RFC 8460 4
    [["example.org", 1, 2, [2, 1]], ["mx.example.org", 1, 0, []]],
  );
  assert.ok(!hasFailures(of([{ policy: policy(), failures: [] }])));
});

Deno.test("what strangers say is one line, bounded and well-formed", () => {
  const long = `a\r\n\u2028b\ud800${"x".repeat(1000)}`;
  const [results] = of([{
    policy: { ...policy(), text: new Array(1000).fill(`mx: a\ud800${"x".repeat(maxPolicyLine)}`) },
    failures: [failure({ receivingHelo: long, reason: long, receivingHost: long })],
  }]).policies;
  const [detail] = results?.details ?? [];
  for (const text of [detail?.receivingHelo, detail?.reason, detail?.receivingHost]) {
    assert.match(text ?? "", /^a b\ufffdx+$/);
    assert.ok((text ?? "").length <= maxTextLength);
  }
  assert.equal(results?.policy.text.length, maxPolicyLines);
  assert.ok(results?.policy.text.every((line) => line.isWellFormed() && line.length === maxPolicyLine));
});

Deno.test("ever new failures are counted, and no longer told apart", () => {
  const sessions = Array.from({ length: maxFailures + 50 }, (_, i) => ({
    policy: policy(),
    failures: [failure({ reason: `code ${i}` })],
  }));
  const [results] = of(sessions).policies;
  assert.equal(results?.failures, maxFailures + 50);
  assert.equal(results?.details.length, maxFailures + 1);
  assert.deepEqual(results?.details.at(-1), {
    type: "certificate-expired",
    sendingIp: null,
    receivingHost: null,
    receivingHelo: null,
    receivingIp: null,
    reason: "more failures than are told apart",
    count: 50,
  });
  // All kinds have room then, and no more than that is ever kept.
  const all = of([
    ...sessions,
    ...resultTypes.flatMap((type) =>
      sessions.map(() => ({ policy: policy(), failures: [failure({ type, reason: "new" })] }))
    ),
  ]);
  assert.equal(all.policies[0]?.details.length, maxFailures + resultTypes.length);
});

Deno.test("a session with very many failures is one that failed", () => {
  const failures = Array.from({ length: 100 }, (_, i) => failure({ reason: `${i}` }));
  const [results] = of([{ policy: policy(), failures }]).policies;
  assert.equal(results?.failures, 1);
  assert.equal(results?.details.length, maxSessionFailures);
});

Deno.test("more policies of one day than can be are not kept", () => {
  const results = of(
    Array.from({ length: 50 }, (_, i) => ({ policy: policy(`mx${i}.example.org`), failures: [] })),
  );
  assert.equal(results.policies.length, maxPolicies);
});

Deno.test("days are UTC days", () => {
  for (const hours of [0, 1, 23.999]) {
    assert.equal(dayOf(Date.UTC(2026, 0, 1) + hours * 3600_000), Date.UTC(2026, 0, 1));
  }
  assert.equal(dayOf(Date.UTC(2026, 0, 1) - 1), Date.UTC(2025, 11, 31));
  assert.equal(dayMs, 86_400_000);
});

const session = fc.record({
  policy: fc.constantFrom(policy(), policy("mx.example.org"), {
    ...policy(),
    type: "tlsa" as const,
    text: ["3 1 1 ab"],
  }),
  failures: fc.array(
    fc.record({
      type: fc.constantFrom(...resultTypes),
      sendingIp: fc.constantFrom(null, "192.0.2.1"),
      receivingHost: fc.constantFrom(null, "mx.example.org"),
      receivingHelo: fc.constant(null),
      receivingIp: fc.constantFrom(null, "192.0.2.2"),
      reason: fc.constantFrom(null, "x"),
    }, { noNullPrototype: true }),
    { maxLength: 3 },
  ),
}, { noNullPrototype: true });

/** In an order that does not depend on who came first. */
function sorted(results: DayResults): unknown {
  const key = (value: unknown) => JSON.stringify(value);
  const byKey = (a: unknown, b: unknown) => key(a) < key(b) ? -1 : 1;
  return results.policies.map((one) => ({ ...one, details: [...one.details].sort(byKey) })).sort(byKey);
}

Deno.test("results can be merged in any order and any pieces", () => {
  fc.assert(fc.property(fc.array(session, { maxLength: 20 }), fc.nat(20), (sessions, cut) => {
    const whole = of(sessions);
    const [a, b] = [of(sessions.slice(0, cut)), of(sessions.slice(cut))];
    assert.deepEqual(sorted(mergeResults(a, b)), sorted(whole));
    assert.deepEqual(sorted(mergeResults(b, a)), sorted(whole));
    assert.deepEqual(sorted(mergeResults(whole, noResults("example.org", at))), sorted(whole));
    const total = whole.policies.reduce((all, one) => all + one.successes + one.failures, 0);
    assert.equal(total, sessions.length);
  }));
});

Deno.test("results of another domain or day are not merged", () => {
  const one = noResults("example.org", at);
  assert.throws(() => mergeResults(one, noResults("example.com", at)), TypeError);
  assert.throws(() => mergeResults(one, noResults("example.org", at + dayMs)), TypeError);
});
