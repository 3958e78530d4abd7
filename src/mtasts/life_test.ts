import assert from "node:assert/strict";
import {
  decide,
  type Fetched,
  type FetchFailure,
  isForgettable,
  type Known,
  refreshAt,
  refreshMs,
  refreshRetryMs,
  type Remembered,
  retryMs,
} from "./life.ts";
import type { StsAnswer } from "./lookup.ts";
import type { Mode, Policy } from "./policy.ts";

const now = Date.UTC(2026, 10, 21);
const day = 24 * 3600 * 1000;
const policy = (mode: Mode = "enforce", maxAgeSeconds = 7 * 86_400, mx = ["mx.example.org"]): Policy => ({
  mode,
  mx,
  maxAgeSeconds,
  extensions: [],
});
const kept = (change: Partial<Remembered> = {}): Remembered => ({
  policy: policy(),
  id: "1",
  fetchedAt: now - 3600_000,
  failed: null,
  ...change,
});
const found = (id: string): StsAnswer => ({
  status: "found",
  record: { id, extensions: [] },
  security: "insecure",
  why: `id ${id}`,
});
const none: StsAnswer = { status: "none", record: null, security: "insecure", why: "no record" };
const failedDns: StsAnswer = { status: "failed", record: null, security: "indeterminate", why: "timeout" };
const newPolicy: Fetched = { ok: true, policy: policy("testing", 86_400, ["new.example.org"]) };
const failure = (kind: FetchFailure): Fetched => ({ ok: false, failure: kind, why: `because of ${kind}` });
const failedFetch = (at: number, id: string | null) => ({
  at,
  id,
  failure: "unreachable" as const,
  why: "silence",
});

const old = kept({ fetchedAt: now - refreshMs });
const over = kept({ fetchedAt: now - 8 * day });
const leaving = kept({ policy: policy("none") });

/** What is known; what must be asked, what applies meanwhile, and whether more can be known. */
const cases: [
  why: string,
  known: Partial<Known>,
  ask: "txt" | "policy" | null,
  applies: Mode | null,
  confirmed: boolean,
][] = [
  ["a new domain", {}, "txt", null, false],
  ["a new domain without a record", { txt: none }, null, null, true],
  ["a new domain that cannot be asked", { txt: failedDns }, null, null, false],
  ["a new domain with a record", { txt: found("1") }, "policy", null, false],
  ["a new domain whose policy came", { txt: found("1"), fetched: newPolicy }, null, "testing", true],
  [
    "a new domain whose policy did not come",
    { txt: found("1"), fetched: failure("unreachable") },
    null,
    null,
    true,
  ],
  ["a policy kept, nothing asked", { remembered: kept() }, "txt", "enforce", false],
  ["a policy kept, same id", { remembered: kept(), txt: found("1") }, null, "enforce", true],
  ["a policy kept, another id", { remembered: kept(), txt: found("2") }, "policy", "enforce", false],
  // The DNS takes no policy away. RFC 8461 3.3
  ["a policy kept, no record", { remembered: kept(), txt: none }, null, "enforce", true],
  ["a policy kept, DNS silent", { remembered: kept(), txt: failedDns }, null, "enforce", false],
  [
    "a policy kept, a new one came",
    { remembered: kept(), txt: found("2"), fetched: newPolicy },
    null,
    "testing",
    true,
  ],
  [
    "a policy kept, the new one did not come",
    { remembered: kept(), txt: found("2"), fetched: failure("invalid") },
    null,
    "enforce",
    true,
  ],
  ["a policy to refresh, same id", { remembered: old, txt: found("1") }, "policy", "enforce", false],
  ["a policy to refresh, no record", { remembered: old, txt: none }, "policy", "enforce", false], // RFC 8461 10.2
  ["a policy to refresh, DNS silent", { remembered: old, txt: failedDns }, "policy", "enforce", false],
  ["a policy that is over", { remembered: over }, "txt", null, false],
  ["a policy that is over, same id", { remembered: over, txt: found("1") }, "policy", null, false],
  ["a policy that is over, no record", { remembered: over, txt: none }, null, null, true],
  ["a policy that is over, DNS silent", { remembered: over, txt: failedDns }, null, null, false],
  ["a policy of none", { remembered: leaving, txt: found("1") }, null, "none", true],
  ["a policy of none, another id", { remembered: leaving, txt: found("2") }, "policy", "none", false],
  [
    "a policy from a clock ahead",
    { remembered: kept({ fetchedAt: now + day }), txt: found("1") },
    null,
    "enforce",
    true,
  ],
  [
    "a fetch that failed just now",
    {
      remembered: kept({ policy: null, id: null, failed: failedFetch(now - retryMs + 1, "1") }),
      txt: found("1"),
    },
    null,
    null,
    true,
  ],
  [
    "a fetch that failed, of another id",
    { remembered: kept({ failed: failedFetch(now - 1, "2") }), txt: found("3") },
    "policy",
    "enforce",
    false,
  ],
  [
    "a fetch that failed by a clock ahead",
    { remembered: kept({ failed: failedFetch(now + day, "2") }), txt: found("2") },
    "policy",
    "enforce",
    false,
  ],
  [
    "a fetch that failed some time ago",
    { remembered: kept({ failed: failedFetch(now - retryMs, "2") }), txt: found("2") },
    "policy",
    "enforce",
    false,
  ],
];
for (const [why, known, ask, applies, confirmed] of cases) {
  Deno.test(`decide(): ${why}`, () => {
    const decision = decide({ remembered: null, txt: null, fetched: null, now, ...known });
    assert.equal(decision.ask, ask);
    assert.equal(decision.applies?.mode ?? null, applies);
    assert.equal(decision.isConfirmed, confirmed);
    assert.notEqual(decision.why, "");
  });
}

Deno.test("a policy that came is kept with its id, and is fetched again in time", () => {
  const { remember, refreshAt: at } = decide({ remembered: over, txt: found("9"), fetched: newPolicy, now });
  assert.deepEqual(remember, { policy: newPolicy.policy, id: "9", fetchedAt: now, failed: null });
  assert.equal(at, now + day / 2); // A life of one day: in its middle.
});

Deno.test("a refresh without a record keeps the id, so that the next record is noticed", () => {
  const { remember } = decide({ remembered: old, txt: none, fetched: newPolicy, now });
  assert.equal(remember?.id, "1");
  assert.equal(decide({ remembered: remember, txt: found("2"), fetched: null, now: now + 1 }).ask, "policy");
});

Deno.test("an uncertain answer is told as such only where no policy is kept", () => {
  assert.ok(decide({ remembered: null, txt: failedDns, fetched: null, now }).isUncertain);
  assert.ok(decide({ remembered: over, txt: failedDns, fetched: null, now }).isUncertain);
  assert.ok(!decide({ remembered: kept(), txt: failedDns, fetched: null, now }).isUncertain);
});

const reported: [FetchFailure, string][] = [
  ["unreachable", "sts-policy-fetch-error"],
  ["status", "sts-policy-fetch-error"],
  ["certificate", "sts-webpki-invalid"],
  ["mediaType", "sts-policy-invalid"],
  ["tooLarge", "sts-policy-invalid"],
  ["invalid", "sts-policy-invalid"],
];
for (const [kind, report] of reported) {
  Deno.test(`a fetch that failed (${kind}) is reported, and a person hears of it if a policy is at stake`, () => {
    const first = decide({ remembered: null, txt: found("1"), fetched: failure(kind), now });
    assert.equal(first.report, report);
    assert.equal(first.alert, null);
    const refresh = decide({ remembered: old, txt: none, fetched: failure(kind), now });
    assert.equal(refresh.report, report);
    assert.match(refresh.alert ?? "", new RegExp(`ends in 6 days: because of ${kind}`));
    // Who leaves is left in peace. RFC 8461 8.3
    const left = decide({ remembered: leaving, txt: found("2"), fetched: failure(kind), now });
    assert.deepEqual([left.report, left.alert], [null, null]);
  });
}

Deno.test("a refresh that failed is tried again after an hour, and not when the policy is over by then", () => {
  const failed = { ...old, failed: failedFetch(now, null) };
  assert.equal(refreshAt(failed), now + refreshRetryMs);
  assert.equal(decide({ remembered: failed, txt: none, fetched: null, now: now + 1 }).ask, null);
  assert.equal(
    decide({ remembered: failed, txt: none, fetched: null, now: now + refreshRetryMs }).ask,
    "policy",
  );
  assert.equal(refreshAt(kept({ fetchedAt: now - 7 * day + 1, failed: failedFetch(now, null) })), null);
  assert.equal(refreshAt(leaving), null);
  assert.equal(refreshAt(null), null);
});

Deno.test("a policy with no life applies once, and is not kept", () => {
  const decision = decide({
    remembered: null,
    txt: found("1"),
    fetched: { ok: true, policy: policy("enforce", 0) },
    now,
  });
  assert.equal(decision.applies?.mode, "enforce");
  assert.ok(decision.remember !== null && isForgettable(decision.remember, now));
  assert.equal(decide({ remembered: decision.remember, txt: found("1"), fetched: null, now }).ask, "policy");
});

Deno.test("what is over can go, once nothing follows from its failure", () => {
  assert.ok(!isForgettable(kept(), now));
  assert.ok(isForgettable(over, now));
  assert.ok(!isForgettable({ ...over, failed: failedFetch(now - 1, "1") }, now));
  assert.ok(isForgettable({ ...over, failed: failedFetch(now - retryMs, "1") }, now));
});

Deno.test("a long list of hosts is not told whole", () => {
  const mx = Array.from({ length: 500 }, (_, i) => `mx${i}.example.org`);
  const { why } = decide({
    remembered: kept({ policy: policy("testing", 86_400, mx) }),
    txt: found("1"),
    fetched: null,
    now,
  });
  assert.match(why, /mx4\.example\.org and 495 more/);
});
