import assert from "node:assert/strict";
import { openFileLimit, readLimit } from "./open_file_limit.ts";

const said: [text: string, limit: number | null][] = [
  ["1024\n", 1024],
  ["1048576", 1_048_576],
  ["unlimited\n", null],
  ["", null],
  ["0", null],
  ["-1", null],
  ["1e9", null],
  ["sh: ulimit: not found", null],
];
for (const [text, limit] of said) {
  Deno.test(`a shell that says ${JSON.stringify(text)} means ${limit}`, () => {
    assert.equal(readLimit(text), limit);
  });
}

Deno.test("the system says how many files may be open", async () => {
  const limit = await openFileLimit();
  assert.ok(limit === null || limit > 0);
});
