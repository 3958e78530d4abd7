import assert from "node:assert/strict";
import fc from "fast-check";
import { maxParameters, parameterText, parseParameters, printParameter } from "./parameters.ts";

type Shown = [name: string, value: string][];
const shown = (raw: string): Shown =>
  parseParameters(raw).parameters.map((
    { name, value, extended },
  ) => [`${name}${extended ? "*" : ""}`, value]);

const wellFormed: [raw: string, value: string, parameters: Shown][] = [
  ["text/plain", "text/plain", []],
  ["text/plain; charset=us-ascii (Plain text)", "text/plain", [["charset", "us-ascii"]]],
  ['text/plain; charset="us-ascii"', "text/plain", [["charset", "us-ascii"]]],
  ["(a) text/plain (b (c) d) ; (e) X = (f) y (g)", "text/plain", [["x", "y"]]],
  ['a/b; name="a\\"b;c\\\\"', "a/b", [["name", 'a"b;c\\']]],
  ['attachment; filename=genome.jpeg; modification-date="Wed, 12 Feb 1997 16:29:51 -0500";', "attachment", [
    ["filename", "genome.jpeg"],
    ["modification-date", "Wed, 12 Feb 1997 16:29:51 -0500"],
  ]],
  ["a/b;;; ; x=y;", "a/b", [["x", "y"]]],
  ["a/b; boundary==_x/y=", "a/b", [["boundary", "=_x/y="]]],
  // RFC 2231 3, 4, 4.1
  [
    'message/external-body; access-type=URL; URL*0="ftp://"; URL*1="ftp.test/pub/bulk-mailer/bulk-mailer.tar"',
    "message/external-body",
    [["access-type", "URL"], ["url", "ftp://ftp.test/pub/bulk-mailer/bulk-mailer.tar"]],
  ],
  [
    "application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
    "application/x-stuff",
    [["title*", "This is ***fun***"]],
  ],
  [
    "application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"",
    "application/x-stuff",
    [["title*", "This is even more ***fun*** isn't it!"]],
  ],
  // A character split over two pieces; pieces out of order, and one missing.
  ["a; n*1*=%BC; n*0*=utf-8''%C3", "a", [["n*", "\xc3\xbc"]]],
  ["a; n*0=x; n*2=z", "a", [["n", "x"]]],
  ["a; n*0=%20; n*1*=%20", "a", [["n", "%20 "]]],
  ["a; n*=iso-8859-1''%FC", "a", [["n*", "\xc3\xbc"]]],
  ["a; n*=%FC", "a", [["n*", "\xc3\xbc"]]],
  ["a; n=1; n=2; N=3; n*=''4", "a", [["n", "1"], ["n*", "4"]]],
  ["a; n*0=1; n*0=2; n*1=3", "a", [["n", "13"]]],
  ["a; __proto__=1; constructor=2", "a", [["__proto__", "1"], ["constructor", "2"]]],
];
for (const [raw, value, parameters] of wellFormed) {
  Deno.test(`parseParameters() reads ${raw.slice(0, 70)}`, () => {
    const parsed = parseParameters(raw);
    assert.equal(parsed.value, value);
    assert.deepEqual(shown(raw), parameters);
    assert.equal(parsed.malformed, false);
  });
}

const malformed: [raw: string, value: string, parameters: Shown][] = [
  ["a/b; name=my file.txt; x=y", "a/b", [["name", "my"], ["x", "y"]]],
  ["a/b; =x; y=z", "a/b", [["y", "z"]]],
  ["a/b; x; y=z", "a/b", [["y", "z"]]],
  ['a/b; name="unterminated; y=z', "a/b", [["name", ""], ["y", "z"]]],
  ["a/b; n**0=x; y=z", "a/b", [["y", "z"]]],
  ["a/b; n*01=x; y=z", "a/b", [["y", "z"]]],
];
for (const [raw, value, parameters] of malformed) {
  Deno.test(`parseParameters() makes the best of ${raw}`, () => {
    const parsed = parseParameters(raw);
    assert.equal(parsed.value, value);
    assert.deepEqual(shown(raw), parameters);
    assert.equal(parsed.malformed, true);
  });
}

Deno.test("file names in every disguise", () => {
  const names: [raw: string, text: string | null][] = [
    ["a; filename=a.txt", "a.txt"],
    ["a; filename*=utf-8''%E2%82%AC.txt; filename=euro.txt", "€.txt"],
    ['a; filename="=?utf-8?q?=E2=82=AC?=.txt"', "€.txt"],
    ['a; filename="\xe2\x82\xac.txt"', "€.txt"],
    ['a; filename="\xfc.txt"', "ü.txt"],
    ["a; name=b", null],
  ];
  for (const [raw, text] of names) {
    assert.equal(parameterText(parseParameters(raw).parameters, "filename"), text);
  }
});

Deno.test("there is a limit to parameters, and reading stays linear", () => {
  const many = parseParameters(`a${"; x=y".repeat(500_000)}`);
  assert.equal(many.malformed, true);
  assert.equal(many.parameters.length, 1);
  const numbered = Array.from({ length: 1000 }, (_, i) => `; n*${i}=x`).join("");
  assert.equal(parseParameters(`a${numbered}`).parameters[0]?.value.length, maxParameters);
  assert.equal(parseParameters(`a; ${"(".repeat(500_000)}`).parameters.length, 0);
  assert.equal(parseParameters(`a; ${"()".repeat(500_000)}x=y`).parameters.length, 1);
  assert.equal(parseParameters(`a; x="${"\\".repeat(500_000)}`).malformed, true);
  assert.equal(parseParameters('"'.repeat(100_000)).value.length, 100_000);
  assert.equal(parseParameters('"\\'.repeat(300_000)).value.length, 600_000);
  assert.equal(parseParameters(`a; ${'x="\\";'.repeat(300_000)}`).malformed, true);
});

Deno.test("what is printed is read again", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), (value) => {
    fc.pre(value !== "");
    const { parameters, malformed } = parseParameters(`a${printParameter("filename", value)}`);
    assert.equal(malformed, false);
    if (!/=\?/.test(value)) assert.equal(parameterText(parameters, "filename"), value);
  }));
});
