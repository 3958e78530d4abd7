import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import { appendEnd, appendFirst, appendNext, type AppendOptions, isMessageLiteral } from "./append.ts";
import { seen } from "./flags.ts";

const mode = { utf8: false, rev2: false };
const none: AppendOptions = { flags: { bits: 0, keywords: [] }, internalDate: null, utf8: false };
const flags = { bits: seen, keywords: [] };
const internalDate = Date.parse("1994-02-08T05:52:25Z");

const accepted: [text: string, mailbox: string, options: AppendOptions][] = [
  ["A003 APPEND saved-messages (\\Seen) {326}", "saved-messages", { ...none, flags }], // RFC 9051 6.3.12
  ["a append inbox {0+}", "Inbox", none],
  ['a APPEND x " 7-Feb-1994 21:52:25 -0800" {310}', "x", { ...none, internalDate }],
  ['a APPEND "x y" (\\Seen) "07-Feb-1994 21:52:25 -0800" ~{310+}', "x y", { ...none, flags, internalDate }],
  ["a APPEND {5}\r\nINBOX {3}", "Inbox", none],
  ["a APPEND x UTF8 (~{10}", "x", { ...none, utf8: true }], // RFC 6855 4
];
for (const [text, mailbox, options] of accepted) {
  Deno.test(`appendFirst() reads ${JSON.stringify(text)}`, () => {
    assert.ok(isMessageLiteral(utf8(text)));
    const read = appendFirst(utf8(text), mode);
    assert.deepEqual([read.mailbox, read.options], [mailbox, options]);
  });
}

const refused = [
  "a APPEND x  {3}",
  "a APPEND x{3}",
  "a APPEND x (\\Seen){3}",
  "a APPEND x (\\Foo) {3}",
  'a APPEND x "7-Feb-1994" {3}',
  'a APPEND x " 7-Feb-1994 21:52:25 -0800" (\\Seen) {3}',
  "a APPEND x NIL {3}",
  "a APPEND x UTF8 ({3}",
  "a APPEND x UTF8 ~{3}",
  "a APPEND R&D {3}",
  "a APPEND x",
];
for (const text of refused) {
  Deno.test(`appendFirst() refuses ${text}`, () => {
    assert.throws(() => appendFirst(utf8(text), mode), SyntaxError);
  });
}

Deno.test("the mailbox's literal and those of other commands are no messages", () => {
  for (
    const text of [
      "a APPEND {5}",
      "a LOGIN {5}",
      "a LOGIN APPEND {5}",
      "APPEND x {5}",
      "a XAPPEND x {5}",
      "{5}",
    ]
  ) {
    assert.ok(!isMessageLiteral(utf8(text)), text);
  }
});

Deno.test("what stands between messages and after them is read", () => {
  assert.deepEqual(appendNext(utf8(" (\\Seen) {30}"), false), { ...none, flags });
  assert.deepEqual(appendNext(utf8(") UTF8 (~{30}"), true), { ...none, utf8: true });
  appendEnd(utf8(""), false);
  appendEnd(utf8(")"), true);
  for (
    const [text, open] of [["{3}", false], [") {3}", false], [" {3}", true], [" (\\Seen)", false]] as const
  ) {
    assert.throws(() => appendNext(utf8(text), open), SyntaxError);
  }
  for (const [text, open] of [["", true], [")", false], [" ", false], ["))", true]] as const) {
    assert.throws(() => appendEnd(utf8(text), open), SyntaxError);
  }
});
