import assert from "node:assert/strict";
import { Scanner } from "../base/scanner.ts";
import { localpartProblem, maxLocalOctets, printLocalpart, takeLocalpart } from "./localpart.ts";

const accepted: [text: string, local: string, printed: string][] = [
  ["a.b+c", "a.b+c", "a.b+c"],
  ["!#$%&'*+-/=?^_`{|}~", "!#$%&'*+-/=?^_`{|}~", "!#$%&'*+-/=?^_`{|}~"],
  ['"a.b"', "a.b", "a.b"],
  ['"Joe\\,Smith"', "Joe,Smith", '"Joe,Smith"'],
  ['"a\\"b\\\\c"', 'a"b\\c', '"a\\"b\\\\c"'],
  ['" "', " ", '" "'],
  ['"a..b"', "a..b", '"a..b"'],
  ['".a"', ".a", '".a"'],
  ['"a@b"', "a@b", '"a@b"'],
  ["用户", "用户", "用户"],
  ["u\u0308ber", "über", "über"],
  ['"ü b"', "ü b", '"ü b"'],
  ["😀", "😀", "😀"],
  ["x".repeat(maxLocalOctets), "x".repeat(maxLocalOctets), "x".repeat(maxLocalOctets)],
];
for (const [text, local, printed] of accepted) {
  Deno.test(`takeLocalpart() reads ${text.slice(0, 40)}`, () => {
    const s = new Scanner(`${text}@x`);
    assert.equal(takeLocalpart(s), local);
    assert.equal(s.rest(), "@x");
    assert.equal(printLocalpart(local), printed);
    assert.equal(takeLocalpart(new Scanner(printed)), local);
  });
}

const refused = [
  "",
  "@",
  '""',
  ".a",
  '"a',
  '"a\r\nb"',
  '"a\u0000"',
  '"\\\u0007"',
  "\u0085",
  "(a)",
  "\ud800",
  "x".repeat(maxLocalOctets + 1),
  "ü".repeat(maxLocalOctets / 2 + 1),
  `"${"\\".repeat(100_000)}`,
];
for (const text of refused) {
  Deno.test(`takeLocalpart() refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
    assert.throws(() => takeLocalpart(new Scanner(text)), SyntaxError);
  });
}

Deno.test("a localpart that came another way can be checked too", () => {
  assert.equal(localpartProblem("a b"), null);
  assert.equal(localpartProblem("a\tb"), "control character in localpart");
});
