import assert from "node:assert/strict";
import fc from "fast-check";
import { casemap, compareOctets } from "./casemap.ts";

const prepared: readonly [text: string, casemapped: string][] = [
  ["", ""],
  ["Hello, World 1", "HELLO, WORLD 1"],
  ["café", "CAFE\u0301"],
  ["cafe\u0301", "CAFE\u0301"],
  ["\u01c4", "Dz\u030c"], // The RFC's own example.
  ["\u01c6", "Dz\u030c"],
  ["\u01f3", "Dz"],
  ["ß", "ß"],
  ["ẞ", "ẞ"],
  ["ﬀ", "ff"], // No title case; its decomposition is not looked at again for one.
  ["σς", "ΣΣ"],
  ["µ", "\u039c"],
  ["ſ", "S"],
  ["ı", "I"],
  ["ŉ", "\u02bcn"],
  ["\u1f80", "\u0391\u0313\u0345"],
  ["\u1f88", "\u0391\u0313\u0345"],
  ["\u1fb3", "\u0391\u0345"],
  ["\u1fbc", "\u0391\u0345"],
  ["\u1f50", "\u03c5\u0313"],
  ["\u10d0", "\u10d0"],
  ["\u1c90", "\u1c90"],
  ["𐐨", "𐐀"],
  ["ｋ", "K"],
  ["①", "1"],
];
for (const [text, wanted] of prepared) {
  Deno.test(`casemap() of ${JSON.stringify(text)}`, () => assert.equal(casemap(text), wanted));
}

Deno.test("casemap() prepares each character alone", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }), (a, b) => {
    const whole = casemap(a + b).normalize("NFKD");
    assert.equal(whole, (casemap(a) + casemap(b)).normalize("NFKD"));
  }));
});

Deno.test("compareOctets() orders as the octets of UTF-8", () => {
  const encoder = new TextEncoder();
  const byOctets = (a: string, b: string) => {
    const [x, y] = [encoder.encode(a), encoder.encode(b)];
    for (let i = 0; i < Math.min(x.length, y.length); i++) {
      if (x[i] !== y[i]) return (x[i] ?? 0) - (y[i] ?? 0);
    }
    return x.length - y.length;
  };
  const text = fc.string({
    unit: fc.constantFrom("a", "é", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}"),
  });
  fc.assert(
    fc.property(
      text,
      text,
      (a, b) => assert.equal(Math.sign(compareOctets(a, b)), Math.sign(byOctets(a, b))),
    ),
  );
});

Deno.test("casemap() takes bounded time, also where a letter has a million marks", () => {
  const marks = "\u0316\u0301".repeat(500_000); // Out of order: sorting takes time with the square.
  assert.ok(casemap(`x${marks}`).length >= 1_000_000);
  const thirty = `x${"\u0316\u0301".repeat(15)}`;
  assert.equal(casemap(thirty), thirty.toUpperCase().normalize("NFKD"));
});
