import assert from "node:assert/strict";
import fc from "fast-check";
import { concat } from "../base/bytes.ts";
import { decode, encode, FrameWriter } from "./codec.ts";
import { maxMessageDepth, maxMessageValues, maxObjectMembers } from "./limits.ts";
import { giveAway } from "./plain_data.ts";

const layout: [value: unknown, hex: string][] = [
  [null, "00"],
  [true, "01"],
  [false, "02"],
  [0, "80"],
  [127, "ff"],
  [128, "0380000000"],
  [2 ** 32 - 1, "03ffffffff"],
  [-1, "04000000000000f0bf"],
  ["", "0500"],
  ["é", "0502c3a9"],
  [[1, 2], "07020000008182"],
  [{ a: 1 }, "080100016181"],
  [new Uint8Array([5, 6]), "0900020000000506"],
  [new Uint16Array([258]), "0903020000000201"],
];
for (const [value, hex] of layout) {
  Deno.test(`encode() writes ${hex}, decode() reads it`, () => {
    assert.equal(encode(value).toHex(), hex);
    assert.deepStrictEqual(decode(Uint8Array.fromHex(hex)), value);
  });
}

Deno.test("strings of every length and script come back", () => {
  for (const letter of ["a", "é", "€", "😀", "\u007f", "\u0080"]) {
    for (const length of [0, 1, 23, 24, 25, 84, 85, 86, 254, 255, 256, 257, 70_000]) {
      const text = letter.repeat(length);
      assert.equal(decode(encode(text)), text);
      assert.deepStrictEqual(decode(encode([text, 1])), [text, 1]);
    }
  }
});

Deno.test("a lone surrogate arrives as U+FFFD", () => {
  assert.equal(decode(encode("a\ud800")), "a\ufffd");
  assert.equal(decode(encode("x".repeat(300) + "\udc00")), "x".repeat(300) + "\ufffd");
});

const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.double(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.string({ unit: "binary" }),
    fc.uint8Array(),
    fc.float64Array(),
    fc.uint32Array(),
    fc.array(tie("value")),
    fc.dictionary(fc.string().filter((key) => key !== "__proto__"), tie("value"), { noNullPrototype: true }),
  ),
})).value;

Deno.test("decode(encode(x)) is x", () => {
  fc.assert(fc.property(plain, (value) => assert.deepEqual(decode(encode(value)), value)), { numRuns: 300 });
});

Deno.test("values read have memory of their own, also from a Buffer", () => {
  const bytes = Buffer.from(encode([new Uint8Array([1, 2, 3]), new Uint16Array([4])]));
  const [column, numbers] = decode(bytes.subarray(0)) as [Uint8Array, Uint16Array];
  bytes.fill(0);
  assert.deepEqual([...column, ...numbers], [1, 2, 3, 4]);
  assert.equal(column.buffer.byteLength, 3);
});

const malformed: [what: string, hex: string][] = [
  ["nothing", ""],
  ["an unknown tag", "0a"],
  ["the tag before the small numbers", "7f"],
  ["a short whole number", "03ffffff"],
  ["a short number", "0400000000000000"],
  ["a short string", "05026"],
  ["a long string that is not there", "06ffffffff61"],
  ["text that is not UTF-8", "0501ff"],
  ["an overlong encoding", "0502c080"],
  ["a surrogate in UTF-8", "0503eda080"],
  ["an array of 4 billion", "07ffffffff80"],
  ["an array that ends early", "070200000080"],
  ["an object without its members", "080100"],
  ["an object with too many members", "08ffff" + "0080".repeat(10)],
  ["a member without a value", "0801000161"],
  ["a member called __proto__", "08010009" + "5f5f70726f746f5f5f" + "80"],
  ["a member twice", "080200016180016180"],
  ["an unknown kind of column", "090b00000000"],
  ["a column that is not there", "0900ffffffff"],
  ["half a number in a column", "09080700000000000000000000"],
  ["bytes behind the value", "8080"],
];
for (const [what, hex] of malformed) {
  Deno.test(`decode() refuses ${what}`, () => {
    assert.throws(() => decode(Uint8Array.fromHex(hex.length % 2 === 0 ? hex : hex + "0")), SyntaxError);
  });
}

Deno.test("decode() holds depth, values and members to their limits", () => {
  const nested = (depth: number) => Uint8Array.fromHex("0701000000".repeat(depth) + "00");
  assert.ok(Array.isArray(decode(nested(maxMessageDepth))));
  assert.throws(() => decode(nested(maxMessageDepth + 1)), SyntaxError);

  const many = new Uint8Array(5 + maxMessageValues);
  many[0] = 7;
  new DataView(many.buffer).setUint32(1, maxMessageValues, true);
  assert.throws(() => decode(many), { name: "SyntaxError", message: "too many values" });

  const members = (count: number) =>
    Uint8Array.fromHex(
      "08" + new Uint8Array([count & 255, count >> 8]).toHex() +
        Array.from({ length: count }, (_, i) => `04${new TextEncoder().encode(String(1000 + i)).toHex()}80`)
          .join(""),
    );
  assert.equal(Object.keys(decode(members(maxObjectMembers)) as object).length, maxObjectMembers);
  assert.throws(() => decode(members(maxObjectMembers + 1)), SyntaxError);
});

Deno.test("encode() holds depth, values, members and octets to the same limits", () => {
  let deep: unknown = null;
  for (let i = 0; i < maxMessageDepth; i++) deep = [deep];
  decode(encode(deep));
  assert.throws(() => encode([deep]), { reason: "tooLarge" });
  assert.throws(() => encode(new Array(maxMessageValues).fill(0)), { reason: "tooLarge" });
  decode(encode(new Array(maxMessageValues - 1).fill(0)));
  const members = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i]));
  decode(encode(members(maxObjectMembers)));
  assert.throws(() => encode(members(maxObjectMembers + 1)), { reason: "tooLarge" });
  decode(encode({ ["k".repeat(255)]: 1 }));
  for (const key of ["k".repeat(256), "é".repeat(128)]) {
    assert.throws(() => encode({ [key]: 1 }), { reason: "tooLarge" });
  }
});

Deno.test("a message that cannot be written leaves no trace among the others", () => {
  const writer = new FrameWriter();
  assert.equal(writer.add("one"), 5);
  assert.throws(() => writer.add(["half", () => {}]), TypeError);
  writer.add("two");
  assert.equal(concat(writer.take()).toHex(), "05000000" + "05036f6e65" + "05000000" + "050374776f");
  assert.equal(writer.take().length, 0);
  const large = new Uint8Array(200_000).fill(3);
  writer.add(large);
  const taken = concat(writer.take());
  writer.add("after");
  assert.deepEqual(decode(taken.subarray(4)), large);
});

Deno.test("what was given away is sent from where it is, once", () => {
  const given = new Uint8Array(100_000).fill(5);
  const writer = new FrameWriter();
  writer.add("before");
  const length = writer.add({ a: giveAway(given), b: "behind" });
  assert.equal(writer.length, 4 + 8 + 4 + length);
  const pieces = writer.take();
  assert.equal(pieces[1], given);
  const frame = concat(pieces).subarray(4 + 8);
  assert.equal(frame[0], length & 255);
  assert.deepEqual(decode(frame.subarray(4)), { a: given, b: "behind" });
  assert.equal(writer.length, 0);

  assert.throws(() => writer.add([giveAway(given), () => {}]), TypeError);
  assert.equal(writer.length, 0);
  writer.add(given); // Given for that message, not for this one.
  assert.equal(writer.take().length, 1);
  assert.throws(() => writer.add([giveAway(new Uint8Array(33 * 1024 * 1024))]), { reason: "tooLarge" });

  const part = new Uint8Array(200_000).subarray(1);
  writer.add(giveAway(part)); // Its memory is not all its own.
  assert.equal(writer.take().length, 1);
});
