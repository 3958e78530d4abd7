import assert from "node:assert/strict";
import { maxParameters, parseNumber, parseParameters, printParameters } from "./parameters.ts";

const accepted: [text: string, parameters: [string, string | null][]][] = [
  ["", []],
  [" ", []],
  [" SIZE=1", [["SIZE", "1"]]],
  [" size=1  smtputf8 ", [["SIZE", "1"], ["SMTPUTF8", null]]],
  [" X-A=+3D;<>", [["X-A", "+3D;<>"]]],
];
for (const [text, parameters] of accepted) {
  Deno.test(`parseParameters() reads "${text}"`, () => {
    assert.deepEqual([...parseParameters(text, 0)], parameters);
  });
}

const refused = [
  "SIZE=1",
  " =1",
  " SIZE=",
  " SIZE=1=2",
  " SIZE=1 size=2",
  " -A",
  " A=\x01",
  " A=\x7f",
  " Ä",
  " A\tB",
];
for (
  const text of [
    ...refused,
    " ".concat(...Array.from({ length: maxParameters + 1 }, (_, i) => ` A${i}`)),
  ]
) {
  Deno.test(`parseParameters() refuses "${text}"`, () =>
    assert.throws(() => parseParameters(text, 0), SyntaxError));
}

Deno.test("what is printed reads back", () => {
  const parameters = new Map([["SIZE", "1"], ["SMTPUTF8", null]]);
  assert.deepEqual(parseParameters(printParameters(parameters), 0), parameters);
});

for (const text of [null, "", "x", "-1", "1.5", "1e3", " 1", "12345"]) {
  Deno.test(`parseNumber() refuses "${text}"`, () => assert.throws(() => parseNumber(text, 4), SyntaxError));
}
