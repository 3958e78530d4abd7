import assert from "node:assert/strict";
import { Recent } from "./recent.ts";

Deno.test("a value is there for its time, which does not begin anew, and not before it", () => {
  const recent = new Recent<number>(10, 100);
  recent.add("a", 1, 1000);
  recent.add("a", 2, 1050);
  assert.deepEqual([recent.get("a", 1099), recent.get("a", 1100)], [1, undefined]);
  recent.add("b", 3, 1000);
  assert.equal(recent.get("b", 999), undefined, "the clock went back");
});

Deno.test("there are so many values, and the oldest go", () => {
  const recent = new Recent<number>(2, 100);
  for (const [n, key] of ["a", "b", "c"].entries()) recent.add(key, n, 0);
  assert.deepEqual(["a", "b", "c"].map((key) => recent.get(key, 1)), [undefined, 1, 2]);
});
