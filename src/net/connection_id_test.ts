import assert from "node:assert/strict";
import { connectionIds } from "./connection_id.ts";

Deno.test("ids count up from the start, in hexadecimal", () => {
  const id = connectionIds(0xfe);
  assert.deepEqual([id(), id(), id()], ["fe", "ff", "100"]);
});
