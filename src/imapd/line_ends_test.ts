import assert from "node:assert/strict";
import fc from "fast-check";
import { concat, fromLatin1, latin1 } from "../base/bytes.ts";
import { LineEnds } from "./line_ends.ts";

function converted(...pieces: readonly string[]): string {
  const lineEnds = new LineEnds();
  return fromLatin1(concat(pieces.map((piece) => lineEnds.convert(latin1(piece)))));
}

const cases: [sent: string, stored: string][] = [
  ["a\r\nb\r\n", "a\r\nb\r\n"],
  ["a\nb\n", "a\r\nb\r\n"],
  ["\n", "\r\n"],
  ["a\r\n\nb", "a\r\n\r\nb"],
  ["a\rb\r", "a\rb\r"],
  ["a\r\r\n", "a\r\r\n"],
  ["", ""],
];
for (const [sent, stored] of cases) {
  Deno.test(`${JSON.stringify(sent)} is stored as ${JSON.stringify(stored)}`, () => {
    assert.equal(converted(sent), stored);
  });
}

Deno.test("wherever octets are split, the lines end the same", () => {
  const text = fc.string({ unit: fc.constantFrom("\r", "\n", "a") });
  fc.assert(fc.property(text, text, text, (a, b, c) => {
    assert.equal(converted(a, b, c), converted(a + b + c));
    assert.equal(converted(a), a.replace(/(?<!\r)\n/g, "\r\n"));
  }));
});

Deno.test("octets that are right are not copied", () => {
  const bytes = latin1("a\r\n");
  assert.equal(new LineEnds().convert(bytes), bytes);
});
