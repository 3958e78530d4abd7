import assert from "node:assert/strict";
import { latin1 } from "../base/bytes.ts";
import { fieldValues, headerFields, headerText, unfold } from "./headers.ts";

const fields = (text: string) => [...headerFields(latin1(text))].map(({ name, value }) => [name, value]);

const cases: [what: string, text: string, fields: [string, string][]][] = [
  ["two fields", "A: b\r\nC: d\r\n\r\nE: f\r\n", [["A", " b"], ["C", " d"]]],
  ["a folded field", "A: b\r\n c\r\n\td\r\nE:f\r\n", [["A", " b\r\n c\r\n\td"], ["E", "f"]]],
  ["bare line feeds", "A: b\n c\n\nE: f\n", [["A", " b\n c"]]],
  ["no line end", "A: b", [["A", " b"]]],
  ["an empty value", "A:\r\nB: \r\n", [["A", ""], ["B", " "]]],
  ["space in front of the colon", "Subject : x\r\n", [["Subject", " x"]]],
  ["lines that are no fields", "From x Mon 10:00\r\n a\r\nno colon\r\nB: c\r\n: d\r\n", [["B", " c"]]],
  ["eight bits in a name", "S\xfcbject: x\r\nB: c\r\n", [["B", " c"]]],
  ["a bare CR and NUL", "A: b\rC: d\u0000\r\n", [["A", " b\rC: d\u0000"]]],
  ["an empty header", "\r\nA: b\r\n", []],
  ["nothing", "", []],
];
for (const [what, text, expected] of cases) {
  Deno.test(`fields of ${what}`, () => assert.deepEqual(fields(text), expected));
}

Deno.test("a field knows where it stands", () => {
  const header = "A: b\r\n c\r\nD: e\r\n\r\n";
  for (const field of headerFields(latin1(header))) {
    assert.ok(header.slice(field.start, field.end).startsWith(`${field.name}:${field.value}`));
  }
  assert.deepEqual([...headerFields(latin1(header))].map((field) => [field.start, field.end]), [[0, 10], [
    10,
    16,
  ]]);
});

Deno.test("values are found whatever the letter case", () => {
  const header = latin1("received: a\r\nX: b\r\nReceived: c\r\n\td\r\n");
  assert.deepEqual(fieldValues(header, "RECEIVED"), ["a", "c\td"]);
  assert.deepEqual(fieldValues(header, "y"), []);
});

Deno.test("text of a value", () => {
  assert.equal(unfold(" a\r\n b\n\tc \r\n"), "a b\tc");
  assert.equal(headerText(" =?utf-8?q?=C3=BC?=\r\n =?utf-8?q?b?= \xc3\xa9"), "üb é");
  // The last octet of "à" is a no-break space in Latin-1.
  assert.equal(headerText(" \xc3\xa0"), "à");
});

Deno.test("a million lines are read once", () => {
  assert.equal(fields("a\n".repeat(1_000_000)).length, 0);
  assert.equal(fields(`${"a\n".repeat(1_000_000)}b:c`).length, 1);
  assert.equal(fields("a:\n".repeat(100_000)).length, 100_000);
});
