import assert from "node:assert/strict";
import fc from "fast-check";
import { foldOn, maxTags, parseTagList, printTagField, required, shown } from "./tag_list.ts";

const accepted: [text: string, tags: Record<string, string>][] = [
  ["a=1", { a: "1" }],
  ["a=1;", { a: "1" }],
  ["a=1; \t", { a: "1" }],
  [" a = 1 ; b=2", { a: "1", b: "2" }],
  ["\ta=1;\r\n\tb=2;\r\n c=3", { a: "1", b: "2", c: "3" }],
  ["a=", { a: "" }],
  ["a=;b=", { a: "", b: "" }],
  ["a=b=c", { a: "b=c" }],
  ["a=b  c", { a: "b  c" }], // RFC 6376 3.2: white space inside is kept.
  ["A=1;a=2", { A: "1", a: "2" }], // Names are case-sensitive.
  ["a_1=x", { a_1: "x" }],
  ["n=\xc3\xbc", { n: "\xc3\xbc" }], // RFC 8616 5
];
for (const [text, tags] of accepted) {
  Deno.test(`parseTagList() reads ${JSON.stringify(text)}`, () => {
    const found = Object.fromEntries([...parseTagList(text)].map(([name, tag]) => [name, tag.value]));
    assert.deepEqual(found, tags);
  });
}

const refused = [
  "",
  " ",
  ";",
  "a=1;;",
  ";a=1",
  "a",
  "a=1;b",
  "=1",
  "1=a",
  "a-b=1",
  "a b=1",
  "_a=1",
  "a=1;a=2", // RFC 6376 3.2
  "a=1;a=1",
  "a=\x00",
  "a=\x7f",
  "a=1\r\nb",
  "a=1\r b",
  "a=1\n b",
  Array.from({ length: maxTags + 1 }, (_, i) => `a${i}=`).join(";"),
];
for (const text of refused) {
  Deno.test(`parseTagList() refuses ${shown(text)}`, () => {
    assert.throws(() => parseTagList(text), SyntaxError);
  });
}

Deno.test("a list may have as many tags as the limit says", () => {
  assert.equal(parseTagList(Array.from({ length: maxTags }, (_, i) => `a${i}=`).join(";")).size, maxTags);
});

Deno.test("a tag knows where its value stands, with the white space around it", () => {
  const text = "v=1; b = ab\r\n c ;x=2";
  const tag = parseTagList(text).get("b");
  assert.equal(text.slice(tag?.start, tag?.end), " ab\r\n c ");
});

Deno.test("required() throws for a tag that is missing, not for one that is empty", () => {
  const tags = parseTagList("a=");
  assert.equal(required(tags, "a"), "");
  assert.throws(() => required(tags, "b"), SyntaxError);
});

Deno.test("a printed field is folded where it may be, and nowhere else", () => {
  const atoms = Array.from({ length: 40 }, () => "abcd");
  const field = printTagField("X", [["d", "a".repeat(100)], ["h", atoms], ["b", ""]]);
  assert.deepEqual(field.split("\r\n").map((line) => line.length), [2, 104, 75, 73, 21]);
  assert.equal(field.split("\r\n\t")[1], `d=${"a".repeat(100)};`);
});

Deno.test("what is printed reads back, and what is folded on stays in its tag", () => {
  const value = fc.stringMatching(/^[!-:<-~]{0,30}$/);
  const tags = fc.uniqueArray(
    fc.tuple(fc.stringMatching(/^[a-z][a-z0-9_]{0,3}$/), fc.oneof(value, fc.array(value, { maxLength: 30 }))),
    { minLength: 1, maxLength: 10, selector: ([name]) => name },
  );
  fc.assert(fc.property(tags, fc.array(value), (list, more) => {
    const field = foldOn(printTagField("Field", list), more);
    const read = parseTagList(field.slice("Field:".length));
    const [last] = list.at(-1) ?? [""];
    for (const [name, value] of list) {
      const text = (typeof value === "string" ? value : value.join("")) +
        (name === last ? more.join("") : "");
      assert.equal(read.get(name)?.value.replace(/\r\n\t/g, ""), text);
    }
    for (const line of field.split("\r\n")) assert.ok(line.length <= 76 || !line.slice(1).includes(" "));
  }));
});
