import assert from "node:assert/strict";
import fc from "fast-check";
import {
  briefUtf8,
  concat,
  equalBytes,
  fromBase64,
  fromLatin1,
  fromStrictUtf8,
  indexOfBytes,
  latin1,
  utf8,
} from "./bytes.ts";

Deno.test("latin1() undoes fromLatin1() for any bytes", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 20_000 }),
      (bytes) => equalBytes(latin1(fromLatin1(bytes)), bytes),
    ),
  );
});

Deno.test("latin1() refuses what does not fit in a byte", () => {
  assert.throws(() => latin1("a€"), RangeError);
});

Deno.test("indexOfBytes() finds what a string search finds", () => {
  const bytes = fc.array(fc.integer({ min: 97, max: 98 }), { maxLength: 40 }).map((codes) =>
    Uint8Array.from(codes)
  );
  fc.assert(fc.property(bytes, bytes, fc.nat(40), (where, what, from) => {
    const start = Math.min(from, where.length);
    assert.equal(indexOfBytes(where, what, start), fromLatin1(where).indexOf(fromLatin1(what), start));
  }));
});

Deno.test("concat() joins pieces into memory of its own", () => {
  const piece = utf8("ab");
  const whole = concat([piece, utf8("c")]);
  piece[0] = 0;
  assert.deepEqual(whole, utf8("abc"));
});

const base64s: [text: string, good: boolean][] = [
  ["", true],
  ["YQ==", true],
  ["YQ", false],
  ["YQ= =", false],
  ["YQ==\n", false],
  ["YR==", false],
  ["!", false],
];
for (const [text, good] of base64s) {
  Deno.test(`fromBase64() ${good ? "reads" : "refuses"} ${JSON.stringify(text)}`, () => {
    assert.equal(fromBase64(text) !== null, good);
  });
}

Deno.test("fromStrictUtf8() refuses what is not well-formed, and keeps a byte order mark", () => {
  assert.equal(fromStrictUtf8(Uint8Array.of(0xc3)), null);
  assert.equal(fromStrictUtf8(utf8("\ufeffä")), "\ufeffä");
});

Deno.test("texts that share memory are each what they were, whatever comes after them", () => {
  const texts = Array.from({ length: 300 }, (_, i) => "é😀x".repeat(i));
  const all = texts.map(briefUtf8);
  for (const [i, text] of texts.entries()) assert.deepEqual(all[i], utf8(text));
  assert.equal(all[1]?.buffer, all[2]?.buffer);
  assert.deepEqual(briefUtf8("\ud800"), utf8("\ufffd"));
  assert.equal(briefUtf8("x".repeat(100_000)).length, 100_000);
});
