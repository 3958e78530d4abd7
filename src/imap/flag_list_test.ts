import assert from "node:assert/strict";
import { latin1 } from "../base/bytes.ts";
import { CommandError } from "./command_error.ts";
import { formatFlags, readFlagList, readFlags } from "./flag_list.ts";
import { deleted, flagBits, forwarded, maxKeywordLength, maxKeywords, seen } from "./flags.ts";
import { Scanner } from "./scanner.ts";

const read = (text: string, how = readFlags) => {
  const s = new Scanner(latin1(text));
  const flags = how(s);
  s.end();
  return flags;
};

const accepted: [wire: string, bits: number, keywords: string[]][] = [
  ["()", 0, []],
  ["(\\seen)", seen, []],
  ["\\Seen \\DELETED", seen | deleted, []],
  ["($forwarded b A a)", forwarded, ["a", "b"]],
  ["(constructor __proto__ toString)", 0, ["__proto__", "constructor", "tostring"]],
  ["(\\Recent \\Seen)", seen, []],
];
for (const [wire, bits, keywords] of accepted) {
  Deno.test(`readFlags() reads ${wire}`, () => assert.deepEqual(read(wire), { bits, keywords }));
}

for (const wire of ["", "(", "(\\Seen", "(\\Foo)", "\\", "(\\*)", "( )", "(a b ])", '("a")', "(a\\b)"]) {
  Deno.test(`readFlags() refuses ${wire}`, () => assert.throws(() => read(wire), SyntaxError));
}

Deno.test("keywords are limited in number and length", () => {
  const keywords = (count: number) => `(${Array.from({ length: count }, (_, i) => `k${i}`).join(" ")})`;
  assert.equal(read(keywords(maxKeywords)).keywords.length, maxKeywords);
  assert.throws(() => read(keywords(maxKeywords + 1)), CommandError);
  assert.equal(read("k".repeat(maxKeywordLength)).keywords.length, 1);
  assert.throws(() => read("k".repeat(maxKeywordLength + 1)), CommandError);
});

Deno.test("flags are read as they were written", () => {
  for (let bits = 0; bits < 1024; bits++) {
    assert.deepEqual(read(`(${formatFlags(bits, "a b")})`, readFlagList), { bits, keywords: ["a", "b"] });
  }
  assert.equal(formatFlags(1 | 8, "x", true), "\\Seen \\Deleted x \\Recent");
  assert.equal(Object.keys(flagBits).length, 10); // 1024 sums, above
});
