import assert from "node:assert/strict";
import { count, flag, list, nullable, object, text, word } from "./shape.ts";

const shape = object({
  name: text(5),
  size: count(100),
  isGood: flag,
  kind: nullable(word("a", "b")),
  parts: list(object({ id: count() }), 2),
});
const good = { name: "x", size: 1, isGood: true, kind: "a" as const, parts: [{ id: 1 }] };

const fit = (value: typeof good) => shape.read(shape.pack(value), "packed");

Deno.test("a shape reads what it packs, and cuts it down", () => {
  assert.deepEqual(shape.read(good, "named"), good);
  assert.deepEqual(fit(good), good);
  const large = {
    name: "a\r\nbcdef",
    size: 1e9,
    isGood: false,
    kind: null,
    parts: [{ id: -1 }, { id: NaN }, { id: 3 }],
  };
  const fitted = { name: "a  bc", size: 100, isGood: false, kind: null, parts: [{ id: 0 }, { id: 0 }] };
  assert.deepEqual(fit({ ...large, kind: "a" }), { ...fitted, kind: "a" });
  assert.deepEqual(shape.read(fitted, "named"), fitted);
  assert.equal(text(2).pack("a😀"), "a\ufffd");
});

Deno.test("what is packed has no names, and is read back", () => {
  const packed = ["x", 1, true, "a", [[1]]];
  assert.deepEqual(shape.pack(good), packed);
  assert.deepEqual(shape.read(packed, "packed"), good);
  assert.deepEqual(shape.read(shape.pack({ ...good, kind: null, parts: [] }), "packed"), {
    ...good,
    kind: null,
    parts: [],
  });
});

const refusedPacked: [what: string, value: unknown][] = [
  ["names", good],
  ["a member too few", ["x", 1, true, "a"]],
  ["a member too many", ["x", 1, true, "a", [[1]], 1]],
  ["a wrong member", ["x", "1", true, "a", [[1]]]],
  ["names further inside", ["x", 1, true, "a", [{ id: 1 }]]],
  ["a long list", ["x", 1, true, "a", [[1], [1], [1]]]],
];
for (const [what, value] of refusedPacked) {
  Deno.test(`a shape refuses, packed, ${what}`, () =>
    assert.throws(() => shape.read(value, "packed"), SyntaxError));
}

const refused: [what: string, value: unknown][] = [
  ["nothing", undefined],
  ["null", null],
  ["a list", [good]],
  ["a missing member", { ...good, name: undefined }],
  ["one member more", { ...good, more: 1 }],
  ["a prototype", JSON.parse(`{"__proto__": 1, ${JSON.stringify(good).slice(1)}`)],
  ["text that is too long", { ...good, name: "abcdef" }],
  ["a control character", { ...good, name: "a\n" }],
  ["half a character", { ...good, name: "\ud800" }],
  ["a number as text", { ...good, name: 1 }],
  ["a large number", { ...good, size: 101 }],
  ["a negative number", { ...good, size: -1 }],
  ["a fraction", { ...good, size: 0.5 }],
  ["a number as flag", { ...good, isGood: 1 }],
  ["another word", { ...good, kind: "c" }],
  ["a long list", { ...good, parts: [{ id: 1 }, { id: 1 }, { id: 1 }] }],
  ["an object as list", { ...good, parts: { length: 0 } }],
  ["a wrong item", { ...good, parts: [{ id: "1" }] }],
];
for (const [what, value] of refused) {
  Deno.test(`a shape refuses ${what}`, () => assert.throws(() => shape.read(value, "named"), SyntaxError));
}

Deno.test("an error says where", () => {
  assert.throws(
    () => shape.read({ ...good, parts: [{ id: 1 }, { id: null }] }, "named"),
    /: \.parts\[1\]\.id/,
  );
});
