import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bytes, latin1, utf8 } from "../base/bytes.ts";
import {
  addInput,
  hasInput,
  keptReply,
  maxKeptLines,
  maxKeptText,
  maxReplyLines,
  maxReplyOctets,
  maxServerLine,
  nextReply,
  noInput,
  type ReplyFault,
  type ServerReply,
} from "./client_reply.ts";
import { printReply } from "./reply.ts";

/** All replies in octets that come in pieces of at most `cut`, up to the first fault. */
function read(bytes: Bytes, cut = Infinity): { found: (ServerReply | ReplyFault)[]; left: boolean } {
  const found: (ServerReply | ReplyFault)[] = [];
  let input = noInput;
  for (let at = 0; at < bytes.length; at += cut) {
    const piece = bytes.slice(at, Math.min(at + cut, bytes.length));
    input = addInput(input, piece);
    for (;;) {
      const [rest, reply] = nextReply(input);
      input = rest;
      if (reply === null) break;
      found.push(reply);
      if (typeof reply === "string") return { found, left: false };
    }
    piece.fill(0); // Whoever gave the octets may use their memory again.
  }
  return { found, left: hasInput(input) };
}

const accepted: [text: string, code: number, enhanced: string | null, lines: string[]][] = [
  ["250 ok\r\n", 250, null, ["ok"]],
  ["250 2.1.0 ok\r\n", 250, "2.1.0", ["ok"]],
  ["250 2.1.0\r\n", 250, "2.1.0", [""]],
  ["250\r\n", 250, null, [""]], // RFC 5321 4.2.1
  ["250 \r\n", 250, null, [""]],
  ["250-a\r\n250-b\r\n250 c\r\n", 250, null, ["a", "b", "c"]],
  ["250-\r\n250\r\n", 250, null, ["", ""]],
  ["550-5.1.1 a\r\n550-5.1.1\r\n550 5.7.1 c\r\n", 550, "5.1.1", ["a", "", "5.7.1 c"]],
  ["250-234 text\r\n250 end\r\n", 250, null, ["234 text", "end"]],
  ["571 policy\r\n", 571, null, ["policy"]],
  ["599 x\n", 599, null, ["x"]],
  ["450 5.1.1 x\r\n", 450, null, ["5.1.1 x"]], // Another class. RFC 2034 4
  ["550 5.01.1 x\r\n", 550, null, ["5.01.1 x"]],
  ["550 5.1.1000 x\r\n", 550, null, ["5.1.1000 x"]],
  ["550 5.1.1x\r\n", 550, null, ["5.1.1x"]],
  ["354 3.0.0 x\r\n", 354, null, ["3.0.0 x"]],
  ["550 a\tb\x07\x1b[31m\x7f\r\r\n", 550, null, ["a b??[31m??"]],
  ["550 a\0b\r\n", 550, null, ["a?b"]],
];
for (const [text, code, enhanced, lines] of accepted) {
  Deno.test(`a reply: ${JSON.stringify(text)}`, () => {
    for (const cut of [Infinity, 1, 2, 5]) {
      assert.deepEqual(read(latin1(text), cut), { found: [{ code, enhanced, lines }], left: false });
    }
  });
}

const refused: [what: string, text: string, fault: ReplyFault][] = [
  ["no code", "ok\r\n", "syntax"],
  ["an empty line", "\r\n", "syntax"],
  ["a code of two digits", "25 ok\r\n", "syntax"],
  ["a code of four digits", "2500 ok\r\n", "syntax"],
  ["a code that begins with 1", "150 ok\r\n", "syntax"],
  ["a code that begins with 6", "650 ok\r\n", "syntax"],
  ["something else behind the code", "250_ok\r\n", "syntax"],
  ["a tab behind the code", "250\tok\r\n", "syntax"],
  ["a space before the code", " 250 ok\r\n", "syntax"],
  ["a line without code in the middle", "250-a\r\nb\r\n250 c\r\n", "syntax"],
  ["another code in the middle", "250-a\r\n251 b\r\n", "codes"],
  ["a long line", `250 ${"x".repeat(maxServerLine - 3)}\r\n`, "lineTooLong"],
  ["a line that does not end", `250 ${"x".repeat(2 * maxServerLine)}`, "lineTooLong"],
  ["many lines", `${"250-\r\n".repeat(maxReplyLines)}250 x\r\n`, "tooManyLines"],
  ["many octets", `250-${"x".repeat(12_000)}\r\n`.repeat(6), "tooLong"],
];
for (const [what, text, fault] of refused) {
  Deno.test(`no reply: ${what}`, () => {
    for (const cut of [Infinity, 1000]) assert.deepEqual(read(latin1(text), cut).found, [fault]);
  });
}

Deno.test("the longest line, the most lines and the most octets are taken", () => {
  const longest = `250 ${"x".repeat(maxServerLine - 5)}\r\n`;
  assert.equal(read(latin1(longest)).found.length, 1);
  const most = `${"250-\r\n".repeat(maxReplyLines - 1)}250 x\r\n`;
  assert.equal(typeof read(latin1(most)).found[0], "object");
  const line = `250-${"x".repeat(8186)}\r\n`; // 8192 octets
  const full = line.repeat(maxReplyOctets / 8192 - 1) + line.replace("250-", "250 ");
  assert.equal(typeof read(latin1(full)).found[0], "object");
  assert.equal(read(latin1(full.replace("x", "xx"))).found[0], "tooLong");
});

Deno.test("a text in UTF-8 is kept; what is not is shown as such, and nothing turns the direction of writing", () => {
  assert.deepEqual(read(utf8("550 größer\u202e\u2028\u00ad\r\n")).found, [
    { code: 550, enhanced: null, lines: ["größer???"] },
  ]);
  assert.deepEqual(read(latin1("550 \xff\r\n")).found, [{ code: 550, enhanced: null, lines: ["\ufffd"] }]);
});

Deno.test("what comes behind a reply is told of", () => {
  assert.equal(read(latin1("220 ok\r\n2")).left, true);
  assert.equal(read(latin1("220-ok\r\n")).left, true);
  assert.equal(read(latin1("220 ok\r\n")).left, false);
});

Deno.test("an outcome keeps the beginning of a long reply", () => {
  const lines = Array.from({ length: 50 }, (_, i) => `${i} ${"x".repeat(90)}`);
  assert.equal(keptReply({ code: 550, enhanced: null, lines }).lines.length, maxKeptLines);
  const kept = keptReply({ code: 550, enhanced: null, lines: ["x".repeat(1999), "😀x", "y"] }).lines;
  assert.deepEqual(kept, ["x".repeat(1999), "\ufffd"]);
  assert.ok(kept.join("").length <= maxKeptText);
});

const text = fc.string({ unit: fc.constantFrom(..."abc 5.1-") }).map((word) => `x${word}`);
const anyReply = fc.record({
  code: fc.integer({ min: 200, max: 599 }),
  enhanced: fc.constant(null),
  text: fc.array(text, { minLength: 1, maxLength: 5 }),
});

Deno.test("what our server prints is read, wherever it is cut", () => {
  fc.assert(
    fc.property(fc.array(anyReply, { maxLength: 5 }), fc.integer({ min: 1, max: 40 }), (replies, cut) => {
      const { found } = read(utf8(replies.map(printReply).join("")), cut);
      assert.deepEqual(found, replies.map(({ code, enhanced, text }) => ({ code, enhanced, lines: text })));
    }),
  );
});
