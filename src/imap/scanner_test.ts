import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1, utf8 } from "../base/bytes.ts";
import { isAstringAtom, isAtom, literalAtEnd, maxTagLength, Scanner } from "./scanner.ts";

const read = <T>(text: string, how: (s: Scanner) => T): T => {
  const s = new Scanner(latin1(text));
  const value = how(s);
  s.end();
  return value;
};

const strings: [wire: string, text: string][] = [
  ["abc", "abc"],
  ["a]b", "a]b"],
  ["NIL", "NIL"],
  ['""', ""],
  ['"a b"', "a b"],
  ['"\\"\\\\"', '"\\'],
  ['"\xc3\xa9"', "é"],
  ["{3}\r\na b", "a b"],
  ["{0}\r\n", ""],
  ["{03+}\r\na\r\n", "a\r\n"],
  ["{2}\r\n\xc3\xa9", "é"],
];
for (const [wire, text] of strings) {
  Deno.test(`astring() reads ${JSON.stringify(wire)}`, () => {
    assert.equal(read(wire, (s) => s.astring()), text);
  });
}

const noStrings = [
  "",
  " ",
  "(",
  "a(",
  "a{",
  "a%",
  "a\\",
  "\xe9",
  "a\x7f",
  "a\0",
  '"a',
  '"a\\',
  '"a\\x"',
  '"a\rb"',
  '"a\nb"',
  '"a\0b"',
  '"\xe9"',
  "{1}\r\n\xe9",
  "{1}\r\n\0",
  "{3}\r\nab",
  "{3}ab",
  "{}\r\n",
  "{-1}\r\n",
  "{3\r\nabc",
  "{9223372036854775808}\r\n",
  "~{1}\r\na",
];
for (const wire of noStrings) {
  Deno.test(`astring() refuses ${JSON.stringify(wire)}`, () => {
    assert.throws(() => read(wire, (s) => s.astring()), SyntaxError);
  });
}

Deno.test("strings that are written are read", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0")), (text) => {
    const bytes = utf8(text);
    const literal = new Scanner(utf8(`{${bytes.length}}\r\n${text}`));
    assert.equal(literal.astring(), text.toWellFormed());
    if (/[\r\n]/.test(text)) return;
    const quoted = new Scanner(utf8(`"${text.replace(/["\\]/g, "\\$&")}"`));
    assert.equal(quoted.astring(), text.toWellFormed());
  }));
});

const numbers: [wire: string, how: "number" | "nzNumber" | "number64", value: number | null][] = [
  ["0", "number", 0],
  ["007", "number", 7],
  ["4294967295", "number", 4294967295],
  ["4294967296", "number", null],
  ["", "number", null],
  ["-1", "number", null],
  ["1", "nzNumber", 1],
  ["0", "nzNumber", null],
  ["01", "nzNumber", null],
  ["4294967296", "number64", 4294967296],
  ["9007199254740991", "number64", 9007199254740991],
  ["9007199254740993", "number64", Number.MAX_SAFE_INTEGER],
  ["9223372036854775807", "number64", Number.MAX_SAFE_INTEGER],
  ["0009223372036854775807", "number64", Number.MAX_SAFE_INTEGER],
  ["9223372036854775808", "number64", null],
  ["10000000000000000000", "number64", null],
  ["9".repeat(400), "number64", null],
];
for (const [wire, how, value] of numbers) {
  Deno.test(`${how}() of ${wire.slice(0, 30)} is ${value ?? "refused"}`, () => {
    if (value === null) assert.throws(() => read(wire, (s) => s[how]()), SyntaxError);
    else assert.equal(read(wire, (s) => s[how]()), value);
  });
}

Deno.test("tag() takes no + and nothing too long", () => {
  assert.equal(read("a1]", (s) => s.tag()), "a1]");
  assert.equal(read("A".repeat(maxTagLength), (s) => s.tag()).length, maxTagLength);
  for (const tag of ["", "+", "a+b", "a*", "*", "A".repeat(maxTagLength + 1)]) {
    assert.throws(() => read(tag, (s) => s.tag()), SyntaxError, tag);
  }
});

Deno.test("list() wants one space between items and the right number of them", () => {
  const list = (text: string, least?: number) => read(text, (s) => s.list((s) => s.atom(), least));
  assert.deepEqual(list("(a b)"), ["a", "b"]);
  assert.deepEqual(list("()", 0), []);
  for (const text of ["()", "(a  b)", "( a)", "(a )", "(a", "a)"]) {
    assert.throws(() => list(text), SyntaxError);
  }
});

Deno.test("keyword() and take() do not care for case", () => {
  assert.equal(read("rfc822.size", (s) => s.keyword("x")), "RFC822.SIZE");
  const s = new Scanner(latin1("reTURN ("));
  assert.ok(!s.take("RETURNS"));
  assert.ok(s.take("RETURN ("));
  assert.ok(s.atEnd);
});

const headers: [line: string, size: number | null, sync?: boolean, binary?: boolean][] = [
  ["a LOGIN {3}", 3, true, false],
  ["{0}", 0, true, false],
  ["x {12+}", 12, false, false],
  ["x ~{12}", 12, true, true],
  ["x ~{12+}", 12, false, true],
  ["x {9223372036854775807}", 9223372036854775807, true, false],
  ["x {9223372036854775808}", Infinity, true, false],
  ["x {}", null],
  ["x {+}", null],
  ["x {3-}", null],
  ["x {3} ", null],
  ["x 3}", null],
  ["", null],
  ["}", null],
];
for (const [line, size, sync, binary] of headers) {
  Deno.test(`literalAtEnd() of ${line} is ${size}`, () => {
    const literal = literalAtEnd(latin1(line));
    if (size === null) assert.equal(literal, null);
    else assert.deepEqual([literal?.size, literal?.sync, literal?.binary], [size, sync, binary]);
  });
}

Deno.test("isAtom() and isAstringAtom() differ in ]", () => {
  assert.deepEqual([isAtom("a]"), isAstringAtom("a]"), isAtom("a"), isAtom(""), isAtom("é"), isAtom("a b")], [
    false,
    true,
    true,
    false,
    false,
    false,
  ]);
});
