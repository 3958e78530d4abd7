/**
 * TLS reports: whatever a record holds, it is read or refused; and whatever strangers made us count, the report is JSON
 * that says it, within bounds.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseRecord, printRecord } from "../../src/tlsrpt/record.ts";
import { printReport } from "../../src/tlsrpt/report.ts";
import { addSession, maxTextLength, noResults, resultTypes, type Session } from "../../src/tlsrpt/results.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5");
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;
const budget = {
  seed,
  numRuns: 1e9,
  interruptAfterTimeLimit: seconds * 500,
  markInterruptAsFailure: false,
};

const piece = fc.oneof(
  fc.constantFrom("v=TLSRPTv1", "rua=", "mailto:a@b.example", "https://x.example/", "x=1", "constructor=1"),
  fc.constantFrom(...";=,!%: \t\0\xff"),
  fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 5,
  }),
);
const text = fc.array(piece, { maxLength: 12 }).chain((pieces) =>
  fc.constantFrom(
    `v=TLSRPTv1; rua=mailto:a@b.example,${pieces.join("")}`,
    `v=TLSRPTv1; ${pieces.join("; ")}`,
    pieces.join(""),
  )
);

Deno.test("fuzz: TLSRPT records", () => {
  fc.assert(
    fc.property(text, (input) => {
      let record;
      try {
        record = parseRecord(input);
      } catch (error) {
        assert.ok(error instanceof SyntaxError, String(error));
        return;
      }
      const printed = printRecord(record);
      assert.match(printed, /^[ -~]*$/);
      assert.deepEqual(parseRecord(printed), record);
    }),
    budget,
  );
});

const words = fc.string({ unit: "binary", maxLength: 400 });
const session = fc.record({
  policy: fc.record({
    type: fc.constantFrom("sts", "tlsa", "no-policy-found"),
    text: fc.array(words, { maxLength: 3 }),
    domain: fc.constantFrom("example.org", "bücher.example"),
    mxHosts: fc.constantFrom([], ["*.example.org"]),
  }),
  failures: fc.array(
    fc.record({
      type: fc.constantFrom(...resultTypes),
      sendingIp: fc.constantFrom(null, "192.0.2.1"),
      receivingHost: fc.option(words),
      receivingHelo: fc.option(words),
      receivingIp: fc.constantFrom(null, "2001:db8::1"),
      reason: fc.option(words),
    }),
    { maxLength: 3 },
  ),
}) as fc.Arbitrary<Session>;

Deno.test("fuzz: TLS reports", () => {
  const reporter = {
    organization: "X",
    contact: { local: "a", domain: "x.example" },
    reportId: "1@x.example",
  };
  fc.assert(
    fc.property(fc.array(session, { maxLength: 5 }), (sessions) => {
      const results = sessions.reduce(addSession, noResults("example.org", 0));
      const printed = printReport(results, reporter);
      assert.ok(printed.isWellFormed());
      const report = JSON.parse(printed);
      let total = 0;
      for (const { summary, "failure-details": details = [] } of report.policies) {
        total += summary["total-successful-session-count"] + summary["total-failure-session-count"];
        for (const detail of details) {
          for (const value of Object.values(detail)) {
            if (typeof value !== "string") continue;
            assert.ok(value.length <= maxTextLength && !/[\0-\x1f]/.test(value));
          }
        }
      }
      assert.equal(total, sessions.length);
    }),
    budget,
  );
});
