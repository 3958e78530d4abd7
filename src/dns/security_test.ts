import assert from "node:assert/strict";
import type { Security } from "./resolver.ts";
import { isWeaker, weaker } from "./security.ts";

const order: readonly Security[] = ["bogus", "indeterminate", "insecure", "secure"];

Deno.test("bogus is weaker than indeterminate, insecure and secure, in this order", () => {
  for (const [i, a] of order.entries()) {
    for (const [j, b] of order.entries()) {
      assert.equal(isWeaker(a, b), i < j);
      assert.equal(weaker(a, b), order[Math.min(i, j)]);
    }
    assert.deepEqual([weaker<Security | null>(a, null), weaker<Security | null>(null, a)], [a, a]);
  }
  assert.equal(weaker(null, null), null);
});
