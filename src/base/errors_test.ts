import assert from "node:assert/strict";
import { isReason, Refused } from "./errors.ts";

Deno.test("a refusal keeps its reason and cause", () => {
  const cause = new Error("inner");
  const refused = new Refused("diskFull", "no space for the body", cause);
  assert.equal(refused.reason, "diskFull");
  assert.equal(refused.cause, cause);
  assert.equal("cause" in new Refused("diskFull", "x"), false);
});

Deno.test("isReason() knows our words and no others", () => {
  assert.equal(isReason("overQuota"), true);
  for (const other of ["toString", "", 1, null, undefined]) assert.equal(isReason(other), false);
});
