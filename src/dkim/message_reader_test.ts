import assert from "node:assert/strict";
import fc from "fast-check";
import { fromLatin1, latin1 } from "../base/bytes.ts";
import { MessageReader } from "./message_reader.ts";

/** What is told of a message, in pieces of the sizes of `cuts` and the rest. */
function read(text: string, cuts: readonly number[], max?: number) {
  const told = { headers: [] as (string | null)[], body: "", ends: 0 };
  const reader = new MessageReader({
    header: (header) => told.headers.push(header === null ? null : fromLatin1(header)),
    body: (piece) => told.body += fromLatin1(piece),
    end: () => told.ends++,
  }, max);
  const octets = latin1(text);
  let at = 0;
  for (const cut of [...cuts, octets.length]) {
    reader.write(octets.subarray(at, at + cut));
    at += cut;
  }
  reader.finish();
  return told;
}

const messages: [text: string, header: string, body: string][] = [
  ["A: b\r\n\r\nc\r\n", "A: b\r\n", "c\r\n"],
  ["A: b\r\n\r\n", "A: b\r\n", ""],
  ["A: b\r\n", "A: b\r\n", ""],
  ["A: b", "A: b", ""],
  ["", "", ""],
  ["\r\n", "", ""],
  ["\r\nA: b\r\n\r\nc", "", "A: b\r\n\r\nc"],
  ["A: b\r\n\r\n\r\n\r\nc", "A: b\r\n", "\r\n\r\nc"],
  ["A: b\n\nc\r\n\r\nd", "A: b\n\nc\r\n", "d"], // Only CRLF ends a line.
  ["A: b\r\r\n\r\nd", "A: b\r\r\n", "d"],
];
for (const [text, header, body] of messages) {
  Deno.test(`header and body of ${JSON.stringify(text)}, cut anywhere`, () => {
    const expected = { headers: [header], body, ends: 1 };
    fc.assert(fc.property(fc.array(fc.nat(4), { maxLength: 20 }), (cuts) => {
      assert.deepEqual(read(text, cuts), expected);
    }));
  });
}

Deno.test("a header section of the longest length is kept, a longer one is not", () => {
  const header = `A: ${"x".repeat(95)}\r\n`;
  const text = `${header}\r\nbody`;
  for (const cuts of [[], [1], [50, 50, 1, 1], Array<number>(110).fill(1)]) {
    assert.deepEqual(read(text, cuts, 100), { headers: [header], body: "body", ends: 1 });
    assert.deepEqual(read(text, cuts, 99), { headers: [null], body: "", ends: 1 });
  }
});

Deno.test("a header without end is given up at the limit, not kept", () => {
  let headers = 0;
  const reader = new MessageReader({
    header: (header) => {
      assert.equal(header, null);
      headers++;
    },
    body: () => assert.fail("a body without header"),
    end: () => {},
  }, 1000);
  const piece = latin1("x".repeat(600));
  for (let i = 0; i < 1000; i++) reader.write(piece);
  reader.finish();
  assert.equal(headers, 1);
});

Deno.test("a long header in pieces of one octet takes time in proportion", () => {
  const header = "A: b\r\n".repeat(20_000);
  const told = read(`${header}\r\nc`, Array<number>(header.length).fill(1));
  assert.deepEqual([told.headers[0]?.length, told.body], [header.length, "c"]);
});
