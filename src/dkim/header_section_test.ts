import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1 } from "../base/bytes.ts";
import { HeaderSection, octetsOf, relaxedField } from "./header_section.ts";
import { parseTagList } from "./tag_list.ts";

function section(text: string, maxFields?: number): HeaderSection {
  return new HeaderSection(latin1(text.replaceAll("\n", "\r\n")), maxFields);
}

Deno.test("the example of RFC 6376 3.4.5", () => {
  const header = section("A: X\nB : Y\t\n\tZ  \n");
  const canonical = (form: "simple" | "relaxed") =>
    header.select(["a", "b"]).map((field) => header.canonical(field, form)).join("");
  assert.equal(canonical("relaxed"), "a:X\r\nb:Y Z\r\n");
  assert.equal(canonical("simple"), "A: X\r\nB : Y\t\r\n\tZ  \r\n");
});

const relaxed: [name: string, value: string, expected: string][] = [
  ["SUBJect", " AbC", "subject:AbC"], // RFC 6376 3.4.2
  ["A", "", "a:"],
  ["A", " ", "a:"],
  ["A", " \t ", "a:"],
  ["A", "x", "a:x"],
  ["A", "\tx\t", "a:x"],
  ["A", "x \t y", "a:x y"],
  ["A", " x\r\n\ty", "a:x y"],
  ["A", " x \r\n \t y ", "a:x y"],
  ["A", "\r\n x", "a:x"],
  ["A", "x\r\n ", "a:x"],
  ["A", "x\r\n \r\n\ty", "a:x y"],
  ["A", " \xa0x\xa0 ", "a:\xa0x\xa0"], // Not white space, but half of a UTF-8 character.
];
for (const [name, value, expected] of relaxed) {
  Deno.test(`relaxedField(${name}, ${JSON.stringify(value)})`, () => {
    assert.equal(relaxedField(name, value), expected);
  });
}

Deno.test("fields are taken from the bottom, each once; missing ones are nothing", () => {
  const header = section("Received: a\nReceived: b\nFrom: c\nreceived : d\n");
  const values = (...names: string[]) => header.select(names).map((field) => field.value.trim());
  assert.deepEqual(values("received", "received"), ["d", "b"]); // RFC 6376 5.4.2
  assert.deepEqual(values("received", "from", "received", "received", "received"), ["d", "c", "b", "a"]);
  assert.deepEqual(values("from", "from"), ["c"]);
  assert.deepEqual(values("to"), []);
  assert.deepEqual(values(), []);
});

Deno.test("a signature field does not count for its own h=", () => {
  const header = section("DKIM-Signature: new\nDKIM-Signature: old\nFrom: c\n");
  const [first, old] = header.all("dkim-signature");
  assert.deepEqual(header.select(["dkim-signature", "dkim-signature"], first), [old]);
  assert.deepEqual(header.select(["dkim-signature", "dkim-signature"], old), [first]);
});

Deno.test("the last field may lack its line end, and is hashed with one", () => {
  const header = section("A: x\nB: y");
  const [last] = header.all("b");
  assert.ok(last !== undefined);
  assert.equal(header.canonical(last, "simple"), "B: y\r\n");
  assert.equal(header.canonical(last, "relaxed"), "b:y\r\n");
});

Deno.test("a signature field is hashed without the value of b=, and nothing else is taken out", () => {
  const value = " v=1; b = ab\n\tcd ; bh=b=; c=x\n";
  for (
    const [form, expected] of [
      ["simple", "Sig: v=1; b =; bh=b=; c=x"],
      ["relaxed", "sig:v=1; b =; bh=b=; c=x"],
    ] as const
  ) {
    const header = section(`Sig:${value}From: c\n`);
    const [field] = header.all("sig");
    assert.ok(field !== undefined);
    assert.equal(header.canonicalSignature(field, parseTagList(field.value), form), expected);
  }
});

Deno.test("fields beyond the limit are not read, and it is told", () => {
  const text = "A: x\n".repeat(5);
  assert.equal(section(text, 5).truncated, false);
  assert.equal(section(text, 4).truncated, true);
  assert.equal(section(text, 4).all("a").length, 4);
});

Deno.test("h= with a name a thousand times takes no longer than the fields there are", () => {
  const header = section("From: a\n".repeat(10_000));
  const names = Array<string>(1000).fill("from");
  assert.equal(header.select(names).length, 1000);
  assert.equal(header.select(Array<string>(20_000).fill("from")).length, 10_000);
});

Deno.test("octetsOf() gives each character its octet", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    assert.deepEqual(octetsOf(String.fromCharCode(...bytes)), Uint8Array.from(bytes));
  }));
});
