import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import type { Fetch } from "./command.ts";
import type { FetchItem, FetchSection, SectionSpec } from "./fetch_item.ts";
import { CommandError } from "./command_error.ts";
import { maxFetchItems, maxSectionDepth } from "./fetch.ts";
import { parseCommand } from "./parse_command.ts";

const parse = (text: string): Fetch => {
  const { command } = parseCommand(utf8(`a ${text}`), { utf8: false, rev2: false });
  assert.equal(command.verb, "FETCH");
  return command;
};
const section = (label: string, spec: Partial<SectionSpec>, more: Partial<FetchSection> = {}): FetchItem => ({
  item: "SECTION",
  section: { part: [], text: "ALL", fields: [], ...spec },
  peek: false,
  partial: null,
  label,
  ...more,
});

const items: [text: string, items: FetchItem[]][] = [
  ["FAST", [{ item: "FLAGS" }, { item: "INTERNALDATE" }, { item: "RFC822.SIZE" }]],
  ["ALL", [{ item: "FLAGS" }, { item: "INTERNALDATE" }, { item: "RFC822.SIZE" }, { item: "ENVELOPE" }]],
  [
    "full",
    [
      { item: "FLAGS" },
      { item: "INTERNALDATE" },
      { item: "RFC822.SIZE" },
      { item: "ENVELOPE" },
      { item: "BODY" },
    ],
  ],
  ["(UID flags UID)", [{ item: "UID" }, { item: "FLAGS" }]],
  ["(BODY BODYSTRUCTURE MODSEQ SAVEDATE EMAILID THREADID)", [
    { item: "BODY" },
    { item: "BODYSTRUCTURE" },
    { item: "MODSEQ" },
    { item: "SAVEDATE" },
    { item: "EMAILID" },
    { item: "THREADID" },
  ]],
  ["BODY[]", [section("BODY[]", {})]],
  ["BODY.PEEK[]<0.2048>", [section("BODY[]<0>", {}, { peek: true, partial: { offset: 0, length: 2048 } })]],
  ["BODY[1.2.MIME]", [section("BODY[1.2.MIME]", { part: [1, 2], text: "MIME" })]],
  ["BODY[header]", [section("BODY[HEADER]", { text: "HEADER" })]],
  ["BODY[4.1.TEXT]", [section("BODY[4.1.TEXT]", { part: [4, 1], text: "TEXT" })]],
  ["BODY[4.2.2.1]", [section("BODY[4.2.2.1]", { part: [4, 2, 2, 1] })]],
  // RFC 9051 6.4.5
  ["BODY[HEADER.FIELDS (DATE FROM)]", [
    section("BODY[HEADER.FIELDS (DATE FROM)]", { text: "HEADER.FIELDS", fields: ["DATE", "FROM"] }),
  ]],
  ['BODY.PEEK[3.header.fields.not ("Reply-To" {1}\r\na "a\\"(")]', [
    section('BODY[3.HEADER.FIELDS.NOT (Reply-To a "a\\"(")]', {
      part: [3],
      text: "HEADER.FIELDS.NOT",
      fields: ["Reply-To", "a", 'a"('],
    }, { peek: true }),
  ]],
  ["RFC822", [section("RFC822", {})]],
  ["(RFC822.HEADER RFC822.TEXT RFC822.SIZE)", [
    section("RFC822.HEADER", { text: "HEADER" }, { peek: true }),
    section("RFC822.TEXT", { text: "TEXT" }),
    { item: "RFC822.SIZE" },
  ]],
  ["(BODY.PEEK[] BODY[])", [section("BODY[]", {})]], // One of the two sets \Seen.
  ["(BODY[]<0.5> BODY[]<0.6>)", [
    section("BODY[]<0>", {}, { partial: { offset: 0, length: 5 } }),
    section("BODY[]<0>", {}, { partial: { offset: 0, length: 6 } }),
  ]],
  ["(BINARY[1] BINARY.PEEK[1.2]<10.20> BINARY.SIZE[1])", [
    { item: "BINARY", part: [1], peek: false, partial: null, label: "BINARY[1]" },
    {
      item: "BINARY",
      part: [1, 2],
      peek: true,
      partial: { offset: 10, length: 20 },
      label: "BINARY[1.2]<10>",
    },
    { item: "BINARY.SIZE", part: [1], label: "BINARY.SIZE[1]" },
  ]],
  ["BINARY[]", [{ item: "BINARY", part: [], peek: false, partial: null, label: "BINARY[]" }]],
  ["(PREVIEW UID)", [{ item: "PREVIEW", lazy: false }, { item: "UID" }]],
  ["(UID PREVIEW (LAZY))", [{ item: "UID" }, { item: "PREVIEW", lazy: true }]],
];
for (const [text, read] of items) {
  Deno.test(`FETCH 1 ${JSON.stringify(text)} is read`, () => {
    assert.deepEqual(parse(`FETCH 1 ${text}`).items, read);
  });
}

const refused = [
  "FETCH",
  "FETCH 1",
  "FETCH 1 ",
  "FETCH 1 ()",
  "FETCH 1 FOO",
  "FETCH 1 constructor",
  "FETCH 1 (ALL)",
  "FETCH 1 UID FLAGS",
  "FETCH 1 (UID FLAGS",
  "FETCH 1 (UID  FLAGS)",
  "FETCH 1 BODY.PEEK",
  "FETCH 1 BODY[",
  "FETCH 1 BODY[FOO]",
  "FETCH 1 BODY[MIME]",
  "FETCH 1 BODY[0]",
  "FETCH 1 BODY[01]",
  "FETCH 1 BODY[1.]",
  "FETCH 1 BODY[.1]",
  "FETCH 1 BODY[1.FOO]",
  "FETCH 1 BODY[HEADER.FIELDS]",
  "FETCH 1 BODY[HEADER.FIELDS ()]",
  "FETCH 1 BODY[HEADER.FIELDS FROM]",
  'FETCH 1 BODY[HEADER.FIELDS ("")]',
  'FETCH 1 BODY[HEADER.FIELDS ("a b")]',
  'FETCH 1 BODY[HEADER.FIELDS ("é")]',
  "FETCH 1 BODY[HEADER.FIELDS ({2}\r\n\r\n)]",
  "FETCH 1 BODY[]<0>",
  "FETCH 1 BODY[]<0.0>",
  "FETCH 1 BODY[]<-1.5>",
  "FETCH 1 BODY[]<9223372036854775808.1>",
  "FETCH 1 BINARY",
  "FETCH 1 BINARY[TEXT]",
  "FETCH 1 BINARY[1.MIME]",
  "FETCH 1 BINARY.SIZE[1]<0.1>",
  "FETCH 1 RFC822[]",
  "FETCH 1 PREVIEW (EAGER)",
  "FETCH 1 UID (FOO)",
  "FETCH 1 UID ()",
  "FETCH 1 UID (CHANGEDSINCE)",
  "FETCH 1 UID (CHANGEDSINCE 1 CHANGEDSINCE 2)",
  "FETCH 1 UID (CHANGEDSINCE 1 VANISHED)", // RFC 7162 3.2.6
  "UID FETCH 1 UID (VANISHED)",
];
for (const text of refused) {
  Deno.test(`${JSON.stringify(text)} is refused`, () => assert.throws(() => parse(text), SyntaxError));
}

Deno.test("modifiers of RFC 7162 are read", () => {
  const { uid, set, changedSince, vanished } = parse(
    "UID FETCH 300:500 (FLAGS) (CHANGEDSINCE 12345 VANISHED)",
  );
  assert.deepEqual([uid, set.ranges, changedSince, vanished], [true, [300, 500], 12345, true]);
  assert.equal(parse("FETCH 1 FAST (CHANGEDSINCE 1)").changedSince, 1);
});

Deno.test("items and depth have limits", () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => `BODY[${i + 1}]`).join(" ");
  assert.equal(parse(`FETCH 1 (${many(maxFetchItems)})`).items.length, maxFetchItems);
  assert.throws(() => parse(`FETCH 1 (${many(maxFetchItems + 1)})`), CommandError);
  const deep = (depth: number) => Array(depth).fill("1").join(".");
  parse(`FETCH 1 BODY[${deep(maxSectionDepth)}]`);
  assert.throws(() => parse(`FETCH 1 BODY[${deep(maxSectionDepth + 1)}]`), SyntaxError);
});
