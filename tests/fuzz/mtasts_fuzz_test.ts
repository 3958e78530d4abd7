/**
 * MTA-STS: whatever a record or policy file holds, it is read or refused, and what is printed is read again as the same;
 * and whatever happens, a policy that is kept holds until it is over or another was fetched.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { utf8 } from "../../src/base/bytes.ts";
import { decide, type Known, refreshAt } from "../../src/mtasts/life.ts";
import { expiresAt, parsePolicy, type Policy, printPolicy } from "../../src/mtasts/policy.ts";
import { parseRecord, printRecord } from "../../src/mtasts/record.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5");
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;
const budget = {
  seed,
  numRuns: 1e9,
  interruptAfterTimeLimit: seconds * 500,
  markInterruptAsFailure: false,
};

/** The value, or null where the text is refused as text is to be refused. */
function read<T>(parse: () => T): T | null {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}

const piece = fc.oneof(
  fc.constantFrom(
    "v=STSv1",
    "id=1",
    "x=1",
    "version: STSv1",
    "mode: enforce",
    "mx: *.a.example",
    "max_age: 1",
    "mx",
  ),
  fc.constantFrom(...";=: \t\r\n\0\xff*.-_~"),
  fc.string({ unit: "binary", maxLength: 5 }),
);
const text = fc.tuple(fc.constantFrom("", "; ", "\n", "\r\n"), fc.array(piece, { maxLength: 12 }))
  .map(([between, pieces]) => pieces.join(between));

Deno.test("fuzz: MTA-STS records and policies", () => {
  fc.assert(
    fc.property(text, (input) => {
      const record = read(() => parseRecord(input));
      if (record !== null) assert.deepEqual(parseRecord(printRecord(record)), record);
      const policy = read(() => parsePolicy(utf8(input)));
      if (policy !== null) assert.deepEqual(parsePolicy(utf8(printPolicy(policy))), policy);
    }),
    budget,
  );
});

const day = 24 * 3600 * 1000;
const now = 1000 * day;
const id = fc.constantFrom("1", "2");
const at = fc.integer({ min: now - 20 * day, max: now + day });
const policy = fc.record({
  mode: fc.constantFrom("none", "testing", "enforce"),
  mx: fc.constant(["mx.example.org"]),
  maxAgeSeconds: fc.constantFrom(0, 1, 86_400, 30 * 86_400),
  extensions: fc.constant([]),
}) as fc.Arbitrary<Policy>;
const failure = fc.constantFrom("unreachable", "certificate", "status", "mediaType", "tooLarge", "invalid");
const known = fc.record({
  remembered: fc.option(fc.record({
    policy: fc.option(policy),
    id: fc.option(id),
    fetchedAt: at,
    failed: fc.option(fc.record({ at, id: fc.option(id), failure, why: fc.constant("x") })),
  })),
  txt: fc.option(
    fc.oneof(
      fc.constantFrom(
        { status: "none", record: null, security: "insecure", why: "x" },
        { status: "failed", record: null, security: "insecure", why: "x" },
      ),
      id.map((one) => ({
        status: "found",
        record: { id: one, extensions: [] },
        security: "insecure",
        why: "x",
      })),
    ),
  ),
  fetched: fc.option(fc.oneof(
    policy.map((one) => ({ ok: true, policy: one })),
    failure.map((one) => ({ ok: false, failure: one, why: "x" })),
  )),
  now: fc.constant(now),
}) as fc.Arbitrary<Known>;

Deno.test("fuzz: the life of an MTA-STS policy", () => {
  fc.assert(
    fc.property(known, (input) => {
      const { remembered, txt, fetched } = input;
      const decision = decide(input);
      const holds = remembered?.policy && now < expiresAt(remembered.policy, remembered.fetchedAt)
        ? remembered.policy
        : null;
      assert.equal(decision.applies, fetched?.ok === true ? fetched.policy : holds);
      // Two questions at most, and then it is whole.
      if (fetched !== null) assert.equal(decision.ask, null);
      else if (txt !== null) assert.notEqual(decision.ask, "txt");
      if (decision.isConfirmed) assert.equal(decision.ask, null);
      assert.equal(decision.refreshAt, refreshAt(decision.remember));
      if (holds !== null) assert.equal(decision.remember?.policy, decision.applies);
      // What was just fetched is not fetched again.
      if (
        fetched !== null && txt !== null && decision.applies !== null && decision.applies.maxAgeSeconds > 1
      ) {
        const next = decide({ remembered: decision.remember, txt, fetched: null, now });
        assert.notEqual(next.ask, "policy");
      }
    }),
    budget,
  );
});
