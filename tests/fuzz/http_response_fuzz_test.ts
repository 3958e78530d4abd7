/**
 * Answers over HTTP: whatever comes, it is read or refused, within bounds, and the same however it is cut.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { fromLatin1, latin1 } from "../../src/base/bytes.ts";
import { maxFields, ResponseReader } from "../../src/net/http_response.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5");
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;
const budget = {
  seed,
  numRuns: 1e9,
  interruptAfterTimeLimit: seconds * 1000,
  markInterruptAsFailure: false,
};

const piece = fc.oneof(
  fc.constantFrom("HTTP/1.1 200 OK", "HTTP/1.1 103 x", "\r\n", "\n", "\r\n\r\n", "0\r\n\r\n", "3\r\nabc\r\n"),
  fc.constantFrom(
    "Content-Length: 3",
    "Transfer-Encoding: chunked",
    "Content-Length: 0",
    "X: y",
    " z",
    ";a=b",
  ),
  fc.constantFrom(...":, \t\0\r\n\xff09aF-"),
  fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 5,
  }),
);
const input = fc.tuple(
  fc.constantFrom("", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
  fc.array(piece, { maxLength: 15 }),
).map(([start, pieces]) => start + pieces.join(""));

const maxBody = 20;

/** What came of it, as text. */
function outcome(text: string, size: number): string {
  const reader = new ResponseReader(maxBody);
  const bytes = latin1(text);
  let why = "";
  try {
    for (let at = 0; at < bytes.length; at += size) reader.push(bytes.slice(at, at + size));
  } catch (error) {
    assert.ok(error instanceof SyntaxError, String(error));
    why = error.message;
  }
  assert.ok(reader.body.length <= maxBody);
  assert.ok((reader.head?.fields.length ?? 0) <= maxFields);
  if (reader.done) assert.ok(reader.head !== null && reader.head.status >= 200);
  return JSON.stringify([why, reader.done, reader.head, fromLatin1(reader.body)]);
}

Deno.test("fuzz: answers over HTTP", () => {
  fc.assert(
    fc.property(input, fc.integer({ min: 1, max: 9 }), (text, size) => {
      assert.equal(outcome(text, size), outcome(text, Infinity));
    }),
    budget,
  );
});
