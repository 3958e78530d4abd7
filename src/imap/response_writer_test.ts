import assert from "node:assert/strict";
import fc from "fast-check";
import { concat, fromLatin1, fromUtf8, latin1, utf8 } from "../base/bytes.ts";
import { maxQuotedLength, ResponseWriter } from "./response_writer.ts";
import { Scanner } from "./scanner.ts";

const written = (write: (w: ResponseWriter) => void, utf8Mode = false): string => {
  const w = new ResponseWriter(4);
  w.utf8 = utf8Mode;
  write(w);
  return fromUtf8(concat(w.take()));
};

const strings: [text: string, plain: string, utf8Mode: string][] = [
  ["", '""', '""'],
  ["a b", '"a b"', '"a b"'],
  ['a"\\', '"a\\"\\\\"', '"a\\"\\\\"'],
  ["a\r\nb", "{4}\r\na\r\nb", "{4}\r\na\r\nb"],
  ["a\0", "{2}\r\na\0", "{2}\r\na\0"],
  ["\t\x7f", '"\t\x7f"', '"\t\x7f"'],
  ["é", "{2}\r\né", '"é"'],
  ["x".repeat(maxQuotedLength), `"${"x".repeat(maxQuotedLength)}"`, `"${"x".repeat(maxQuotedLength)}"`],
  [
    "x".repeat(maxQuotedLength + 1),
    `{${maxQuotedLength + 1}}\r\n${"x".repeat(maxQuotedLength + 1)}`,
    `{${maxQuotedLength + 1}}\r\n${"x".repeat(maxQuotedLength + 1)}`,
  ],
];
for (const [text, plain, utf8Mode] of strings) {
  Deno.test(`string() writes ${JSON.stringify(text.slice(0, 20))}`, () => {
    assert.equal(written((w) => w.string(text)), plain);
    assert.equal(written((w) => w.string(text), true), utf8Mode);
  });
}

Deno.test("what string() writes is read", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.boolean(), (text, utf8Mode) => {
    if (text.includes("\0")) return;
    const s = new Scanner(utf8(written((w) => w.string(text), utf8Mode)));
    assert.equal(s.string(), text.toWellFormed());
    s.end();
  }));
});

Deno.test("astring() and mailbox() write atoms where they can", () => {
  assert.equal(written((w) => w.astring("a.b")), "a.b");
  assert.equal(written((w) => w.astring("nil")), '"nil"');
  assert.equal(written((w) => w.astring("a]")), '"a]"');
  assert.equal(written((w) => w.mailbox("Entwürfe")), "Entw&APw-rfe");
  assert.equal(written((w) => w.mailbox("Entwürfe"), true), '"Entwürfe"');
  assert.equal(written((w) => w.mailbox("")), '""');
  assert.equal(written((w) => w.nstring(null).nstring("NIL")), 'NIL"NIL"');
});

const numbers = [0, 7, 10, 99, 100, 4294967295, 4294967296, Number.MAX_SAFE_INTEGER];
for (const number of numbers) {
  Deno.test(`number() writes ${number}`, () => assert.equal(written((w) => w.number(number)), `${number}`));
}

Deno.test("numbers are written as JavaScript writes them", () => {
  fc.assert(fc.property(fc.maxSafeNat(), fc.nat(), (a, b) => {
    assert.equal(written((w) => w.number(a).ascii(" ").number(b)), `${a} ${b}`);
  }));
});

Deno.test("flags, dates and sets are written", () => {
  assert.equal(
    written((w) => w.flags(0).flags(9).flags(9).flags(1, "a b").flags(0, "", true)),
    "()(\\Seen \\Deleted)(\\Seen \\Deleted)(\\Seen a b)(\\Recent)",
  );
  assert.equal(written((w) => w.dateTime(0)), '" 1-Jan-1970 00:00:00 +0000"');
  assert.equal(written((w) => w.set([1, 2, 3, 5]).ascii(" ").ranges([4, 4])), "1:3,5 4");
  assert.equal(written((w) => w.literal(latin1("ab")).literalHeader(5, true)), "{2}\r\nab~{5}\r\n");
});

Deno.test("octets come out in order and are never changed after they were taken", () => {
  const w = new ResponseWriter(16);
  const taken: [piece: Uint8Array, copy: string][] = [];
  let expected = "";
  const large = latin1("L".repeat(20_000));
  for (let i = 0; i < 3000; i++) {
    w.ascii("* ").number(i).raw(latin1(" x\r\n"));
    expected += `* ${i} x\r\n`;
    if (i % 500 === 0) {
      w.raw(large);
      expected += fromLatin1(large);
    }
    if (i % 7 === 0) {
      const before = w.length;
      const pieces = w.take();
      assert.equal(concat(pieces).length, before);
      assert.equal(w.length, 0);
      for (const piece of pieces) taken.push([piece, fromLatin1(piece)]);
    }
    if (i % 1000 === 0) w.trim();
  }
  for (const piece of w.take()) taken.push([piece, fromLatin1(piece)]);
  for (const [piece, copy] of taken) assert.equal(fromLatin1(piece), copy);
  assert.equal(taken.map(([, copy]) => copy).join(""), expected);
});

Deno.test("protocol text never ends a line by accident", () => {
  assert.equal(written((w) => w.ascii("a\u010d\u010ab")), "a??b");
});

Deno.test("large octets are not copied", () => {
  const w = new ResponseWriter();
  const large = new Uint8Array(100_000);
  const pieces = w.ascii("a").raw(large).ascii("b").take();
  assert.equal(pieces.length, 3);
  assert.equal(pieces[1], large);
  assert.equal(w.length, 0);
});
