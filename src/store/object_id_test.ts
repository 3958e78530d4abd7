import assert from "node:assert/strict";
import { isObjectId, newObjectId } from "./object_id.ts";

Deno.test("object ids are different, and of the form that RFC 8474 allows", () => {
  const ids = Array.from({ length: 1000 }, newObjectId);
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.ok(isObjectId(id) && /^[A-Za-z0-9_-]{1,255}$/.test(id));
});

for (const text of ["", "1", "abc def", "x".repeat(23), "=".repeat(22)]) {
  Deno.test(`isObjectId() refuses ${JSON.stringify(text)}`, () => assert.equal(isObjectId(text), false));
}
