import assert from "node:assert/strict";
import { type HoldRule, isHeldBy } from "./hold_rules.ts";

const message = { accountId: 3, senderDomain: "a.example", recipientDomain: "b.example" };
const any: HoldRule = { accountId: 0, senderDomain: "", recipientDomain: "" };

const cases: [rule: Partial<HoldRule>, held: boolean][] = [
  [{}, true],
  [{ accountId: 3 }, true],
  [{ accountId: 4 }, false],
  [{ senderDomain: "a.example" }, true],
  [{ senderDomain: "b.example" }, false],
  [{ recipientDomain: "b.example" }, true],
  [{ accountId: 3, recipientDomain: "b.example" }, true],
  [{ accountId: 3, recipientDomain: "c.example" }, false],
  [{ accountId: 4, recipientDomain: "b.example" }, false],
];
for (const [rule, held] of cases) {
  Deno.test(`isHeldBy(${JSON.stringify(rule)})`, () =>
    assert.equal(isHeldBy({ ...any, ...rule }, message), held));
}

Deno.test("isHeldBy(): the null sender is of no domain", () => {
  assert.equal(isHeldBy({ ...any, senderDomain: "a.example" }, { ...message, senderDomain: "" }), false);
});
