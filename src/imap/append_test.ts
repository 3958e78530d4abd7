import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import {
  type AppendHead,
  type AppendLiteral,
  type AppendOptions,
  type AppendPiece,
  type AppendPlace,
  isAppend,
  maxUrlLength,
  readAppendHead,
  readAppendLine,
} from "./append.ts";
import { seen } from "./flags.ts";
import { Scanner } from "./scanner.ts";

const mode = { utf8: false, rev2: false };
const none: AppendOptions = {
  flags: { bits: 0, keywords: [] },
  internalDate: null,
  utf8: false,
  catenated: false,
};
const flags = { bits: seen, keywords: [] };
const internalDate = Date.parse("1994-02-08T05:52:25Z");
const replaces = (uid: boolean, number: number): AppendHead["replaces"] => ({
  uid,
  set: { ranges: [number, number], saved: false },
});

/** A whole first line. */
function read(text: string) {
  const s = new Scanner(utf8(text));
  const head = readAppendHead(s, mode);
  return { head, line: readAppendLine(s, "options", head.replaces === null) };
}

const accepted: [text: string, mailbox: string, options: AppendOptions, place?: AppendPlace][] = [
  ["A003 APPEND saved-messages (\\Seen) {326}", "saved-messages", { ...none, flags }], // RFC 9051 6.3.12
  ["a append inbox {0+}", "Inbox", none],
  ['a APPEND x " 7-Feb-1994 21:52:25 -0800" {310}', "x", { ...none, internalDate }],
  ['a APPEND "x y" (\\Seen) "07-Feb-1994 21:52:25 -0800" ~{310+}', "x y", { ...none, flags, internalDate }],
  ["a APPEND {5}\r\nINBOX {3}", "Inbox", none],
  ["a APPEND x UTF8 (~{10}", "x", { ...none, utf8: true }, "utf8 message"], // RFC 6855 4
];
for (const [text, mailbox, options, place = "message"] of accepted) {
  Deno.test(`APPEND is read: ${JSON.stringify(text)}`, () => {
    assert.ok(isAppend(utf8(text)));
    const { head, line } = read(text);
    assert.deepEqual([head.mailbox, head.replaces], [mailbox, null]);
    assert.deepEqual(line, { pieces: [{ piece: "message", options }], literal: "message", place, from: 0 });
  });
}

const heads: [text: string, replaces: AppendHead["replaces"]][] = [
  ["A003 REPLACE 4 Drafts (\\Seen \\Draft) {312}", replaces(false, 4)], // RFC 8508 3.2
  ["A004 UID REPLACE 2000 Drafts (\\Seen \\Draft) {350}", replaces(true, 2000)], // RFC 8508 3.3
  ["a uid replace * x {1+}", replaces(true, Infinity)],
  ["a REPLACE 1 {1}\r\nx {1+}", replaces(false, 1)],
];
for (const [text, replaces] of heads) {
  Deno.test(`REPLACE is read: ${JSON.stringify(text)}`, () => {
    assert.ok(isAppend(utf8(text)));
    const { head, line } = read(text);
    assert.deepEqual([head.replaces, line.literal], [replaces, "message"]);
  });
}

const url = (url: string): AppendPiece => ({ piece: "url", url });
const message: AppendPiece = { piece: "message", options: { ...none, catenated: true } };
const end: AppendPiece = { piece: "end" };

const lines: [text: string, pieces: readonly AppendPiece[], literal: AppendLiteral, place: AppendPlace][] = [
  ["a APPEND x CATENATE (TEXT {71}", [message], "part", "behind part"],
  ['a APPEND x CATENATE (URL "/y/;UID=1")', [message, url("/y/;UID=1"), end], "command", "message"],
  ["a APPEND x catenate (url /y/;UID=1 text {1+}", [message, url("/y/;UID=1")], "part", "behind part"],
  ["a APPEND x CATENATE (URL a UTF8 (~{1+}", [message, url("a")], "part", "behind utf8 part"], // RFC 6855 4
  ["a APPEND x CATENATE (URL {3}\r\na b URL c)", [message, url("a b"), url("c"), end], "command", "message"],
  // RFC 3502
  [
    "a APPEND x CATENATE (URL a) CATENATE (URL b) {3}",
    [message, url("a"), end, message, url("b"), end, { piece: "message", options: none }],
    "message",
    "message",
  ],
  ["A011 UID REPLACE 3002 Drafts CATENATE (TEXT {71}", [message], "part", "behind part"], // RFC 8508 4.2
  ["a REPLACE 1 x CATENATE (URL a)", [message, url("a"), end], "command", "message"],
];
for (const [text, pieces, literal, place] of lines) {
  Deno.test(`CATENATE is read: ${JSON.stringify(text)}`, () => {
    assert.ok(isAppend(utf8(text)));
    assert.deepEqual(read(text).line, { pieces, literal, place, from: 0 });
  });
}

Deno.test("a URL that comes as a literal is left for when it is there", () => {
  const text = "a APPEND x CATENATE (URL a URL {3+}";
  const { line } = read(text);
  assert.deepEqual(line, {
    pieces: [message, url("a")],
    literal: "url",
    place: "part",
    from: text.indexOf("URL {"),
  });
  const rest = readAppendLine(new Scanner(utf8("URL {3+}\r\nb c TEXT {1}")), line.place, true);
  assert.deepEqual(rest, { pieces: [url("b c")], literal: "part", place: "behind part", from: 0 });
});

const following: [
  place: AppendPlace,
  text: string,
  pieces: readonly AppendPiece[],
  literal: AppendLiteral,
][] = [
  ["message", "", [end], "command"],
  ["message", " (\\Seen) {30}", [end, { piece: "message", options: { ...none, flags } }], "message"],
  ["utf8 message", ")", [end], "command"],
  ["utf8 message", ") UTF8 (~{30}", [end, { piece: "message", options: { ...none, utf8: true } }], "message"],
  ["behind part", ")", [end], "command"],
  ["behind part", " URL a)", [url("a"), end], "command"],
  ["behind part", " TEXT {3}", [], "part"],
  ["behind utf8 part", ") TEXT {3}", [], "part"],
  ["behind utf8 part", "))", [end], "command"],
];
for (const [place, text, pieces, literal] of following) {
  Deno.test(`${place}: ${JSON.stringify(text)} is read`, () => {
    const line = readAppendLine(new Scanner(utf8(text)), place, true);
    assert.deepEqual([line.pieces, line.literal], [pieces, literal]);
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
  "a APPEND x UTF8 ({3+}",
  "a APPEND x UTF8 ~{3}",
  "a APPEND R&D {3}",
  "a APPEND x",
  "a APPEND x CATENATE",
  "a APPEND x CATENATE ()",
  "a APPEND x CATENATE {3}",
  "a APPEND x CATENATE ( URL a)",
  "a APPEND x CATENATE (URL a",
  "a APPEND x CATENATE (URL a )",
  "a APPEND x CATENATE (URL a)) ",
  "a APPEND x CATENATE (URL (a))",
  "a APPEND x CATENATE (TEXT a)",
  "a APPEND x CATENATE (TEXT)",
  "a APPEND x CATENATE (UTF8 ({3}",
  "a APPEND x CATENATE (FILE {3}",
  "a APPEND x CATENATE (URL a){3}",
  `a APPEND x CATENATE (URL ${"a".repeat(maxUrlLength + 1)})`,
  "a REPLACE 0 x {3}",
  "a REPLACE 1:2 x {3}",
  "a REPLACE $ x {3}",
  "a REPLACE x {3}",
  "a REPLACE 1 x",
  "a REPLACE 1 x CATENATE (URL a) CATENATE (URL b)", // RFC 8508 4.7
];
for (const text of refused) {
  Deno.test(`APPEND is refused: ${text.slice(0, 60)}`, () => {
    assert.throws(() => read(text), SyntaxError);
  });
}

const wrongFollowing: [place: AppendPlace, text: string][] = [
  ["message", "{3}"],
  ["message", ") {3}"],
  ["message", " (\\Seen)"],
  ["message", ")"],
  ["message", " "],
  ["utf8 message", " {3}"],
  ["utf8 message", ""],
  ["utf8 message", "))"],
  ["behind part", ""],
  ["behind part", "URL a)"],
  ["behind part", "))"],
  ["behind utf8 part", ")"],
  ["part", "URL"],
];
for (const [place, text] of wrongFollowing) {
  Deno.test(`${place}: ${JSON.stringify(text)} is refused`, () => {
    assert.throws(() => readAppendLine(new Scanner(utf8(text)), place, true), SyntaxError);
  });
}

Deno.test("a second message is refused where there can be one only", () => {
  assert.throws(() => readAppendLine(new Scanner(utf8(" {3}")), "message", false), SyntaxError);
});

Deno.test("the mailbox's literal and those of other commands are no messages", () => {
  for (
    const text of [
      "a APPEND {5}",
      "a APPEND",
      "a LOGIN {5}",
      "a LOGIN APPEND {5}",
      "APPEND x {5}",
      "a XAPPEND x {5}",
      "{5}",
      "a UID APPEND x {5}",
      "a REPLACE 1 {5}",
      "a UID REPLACE 1 {5}",
      "a REPLACE",
    ]
  ) {
    assert.ok(!isAppend(utf8(text)), text);
  }
});
