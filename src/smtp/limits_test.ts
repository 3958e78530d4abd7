import assert from "node:assert/strict";
import fc from "fast-check";
import { type Limits, parseLimits, printLimits } from "./limits.ts";

const none: Limits = { mailMax: null, rcptMax: null, rcptDomainMax: null };

const read: [text: string, limits: Partial<Limits>][] = [
  ["RCPTMAX=1000", { rcptMax: 1000 }],
  ["MAILMAX=5 RCPTDOMAINMAX=1", { mailMax: 5, rcptDomainMax: 1 }],
  ["rcptmax=7", { rcptMax: 7 }],
  ["RCPTMAX=999999", { rcptMax: 999999 }],
  ["X-NEW=4 RCPTMAX=2", { rcptMax: 2 }],
  ["", {}],
  ["RCPTMAX", {}],
  ["RCPTMAX=", {}],
  ["RCPTMAX=0", {}],
  ["RCPTMAX=01", {}],
  ["RCPTMAX=-1", {}],
  ["RCPTMAX=1000000", {}],
  ["RCPTMAX=1e3", {}],
];
for (const [text, limits] of read) {
  Deno.test(`parseLimits() reads "${text}"`, () =>
    assert.deepEqual(parseLimits(text), { ...none, ...limits }));
}

Deno.test("what is printed reads back", () => {
  const limit = fc.option(fc.integer({ min: 1, max: 999_999 }));
  fc.assert(fc.property(
    fc.record({ mailMax: limit, rcptMax: limit, rcptDomainMax: limit }, { noNullPrototype: true }),
    (limits) => assert.deepEqual(parseLimits(printLimits(limits)), limits),
  ));
});
