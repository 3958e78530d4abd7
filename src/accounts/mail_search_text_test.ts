import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import { fold, foldedFields, maxHeaderBytes, writtenDay } from "./mail_search_text.ts";

const same: [a: string, b: string][] = [
  ["KÖLN", "köln"],
  ["o\u0308", "Ö"],
  ["ΟΔΟΣ", "οδος"],
  ["ΟΔΟΣ", "οδοσ"],
  ["ПРИВЕТ", "привет"],
];
for (const [a, b] of same) {
  Deno.test(`fold() takes ${a} and ${b} as one`, () => assert.equal(fold(a), fold(b)));
}

const different: [a: string, b: string][] = [["a", "ä"], ["ß", "ss"], ["ﬁ", "fi"]];
for (const [a, b] of different) {
  Deno.test(`fold() keeps ${a} and ${b} apart`, () => assert.notEqual(fold(a), fold(b)));
}

Deno.test("foldedFields() unfolds, decodes, and leaves out what is no field", () => {
  const header = utf8(
    "Subject: =?utf-8?q?Caf=C3=A9?=\r\n =?utf-8?q?_AU?= lait\r\nno field\r\n: nothing\r\nX-A : b\r\n" +
      "X-Empty:\r\nBare: lf\n folded\n\r\n",
  );
  assert.deepEqual(foldedFields(header), [
    { name: "subject", value: "CAFE\u0301 AU LAIT" },
    { name: "x-a", value: "B" },
    { name: "x-empty", value: "" },
    { name: "bare", value: "LF FOLDED" },
  ]);
  assert.deepEqual(foldedFields(new Uint8Array()), []);
});

Deno.test("foldedFields() reads so much of a header and no more", () => {
  const header = utf8(`A: ${"x".repeat(maxHeaderBytes)}\r\nB: beyond\r\n`);
  assert.deepEqual(foldedFields(header).map((field) => field.name), ["a"]);
});

const day = (year: number, month: number, date: number) => Date.UTC(year, month - 1, date) / 86_400_000;
const dates: [value: string, day: number | null][] = [
  ["SUN, 1 MAR 2026 23:59:59 -1200", day(2026, 3, 1)],
  ["sun, 1 mar 2026 00:00:00 +1400", day(2026, 3, 1)],
  ["1 MAR 26 12:00 GMT", day(2026, 3, 1)],
  ["31 dec 1999 23:59:59 +0000", day(1999, 12, 31)],
  ["", null],
  ["yesterday", null],
];
for (const [value, expected] of dates) {
  Deno.test(`writtenDay() of ${JSON.stringify(value)}`, () => assert.equal(writtenDay(value), expected));
}
