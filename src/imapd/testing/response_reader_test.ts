import assert from "node:assert/strict";
import { readSet, readValues, ResponseBuffer } from "./response_reader.ts";

const read: [response: string, values: unknown][] = [
  ["* 3 EXPUNGE", ["*", "3", "EXPUNGE"]],
  ["* 1 FETCH (UID 7 FLAGS (\\Seen a))", ["*", "1", "FETCH", ["UID", "7", "FLAGS", ["\\Seen", "a"]]]],
  ['* LIST () "/" "a\\"b"', ["*", "LIST", [], { text: "/" }, { text: 'a"b' }]],
  ["* X (()(a) b)", ["*", "X", [[], ["a"], "b"]]],
  ["* 2 FETCH (BODY[1]<3> NIL)", ["*", "2", "FETCH", ["BODY[1]<3>", "NIL"]]],
];
for (const [response, values] of read) {
  Deno.test(`readValues() reads ${response}`, () => assert.deepEqual(readValues(response), values));
}

for (const wrong of ["* 1 FETCH (UID", '* "a', "* (a))", "* a  b", "* {9}\r\nabc)", "* a "]) {
  Deno.test(`readValues() refuses ${JSON.stringify(wrong)}`, () => {
    assert.throws(() => readValues(wrong), SyntaxError);
  });
}

Deno.test("a literal belongs to its response, however it is cut", () => {
  const whole = "* 1 FETCH (BODY[HEADER.FIELDS (TO)] {4}\r\n)\r\n( UID 3)\r\n";
  for (let at = 0; at <= whole.length; at++) {
    const buffer = new ResponseBuffer();
    buffer.push(whole.slice(0, at));
    if (at < whole.length) assert.equal(buffer.next(), null);
    buffer.push(whole.slice(at));
    assert.deepEqual(readValues(buffer.next() ?? ""), [
      "*",
      "1",
      "FETCH",
      ["BODY[HEADER.FIELDS (TO)]", { text: ")\r\n(" }, "UID", "3"],
    ]);
    assert.equal(buffer.next(), null);
  }
});

Deno.test("sets in either direction", () => {
  assert.deepEqual(readSet("1,4:2,9"), [1, 4, 3, 2, 9]);
  for (const wrong of ["", "1,", "*", "1:*", "a"]) assert.throws(() => readSet(wrong), SyntaxError);
});
