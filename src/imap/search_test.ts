import assert from "node:assert/strict";
import { type Bytes, concat, latin1, utf8 } from "../base/bytes.ts";
import type { Search, SearchTerm } from "./command.ts";
import { CommandError } from "./command_error.ts";
import { parseCommand } from "./parse_command.ts";
import { maxSearchKeys, maxSearchNesting, resolveSearch } from "./search.ts";

const rev1 = { utf8: false, rev2: false };
const parse = (text: string | Bytes, mode = rev1): Search => {
  const bytes = typeof text === "string" ? utf8(text) : text;
  const { command } = parseCommand(concat([utf8("a "), bytes]), mode);
  assert.equal(command.verb, "SEARCH");
  return command;
};
const set = (...ranges: number[]) => ({ ranges, saved: false });
const flag = (flag: string): SearchTerm => ({ key: "flag", flag });
const not = (inner: SearchTerm): SearchTerm => ({ key: "not", inner });
const and = (...keys: SearchTerm[]): SearchTerm => ({ key: "and", keys });
const or = (left: SearchTerm, right: SearchTerm): SearchTerm => ({ key: "or", left, right });
const text = (text: string): SearchTerm => ({ key: "text", text });
const day = (iso: string) => Date.parse(`${iso}T00:00:00Z`) / 86_400_000;

const programs: [program: string, key: SearchTerm][] = [
  ["ALL", { key: "all" }],
  // RFC 9051 6.4.4
  [
    'FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"',
    and(
      flag("\\Flagged"),
      { key: "date", of: "internal", is: "since", day: day("1994-02-01") },
      not({ key: "header", field: "from", text: "Smith" }),
    ),
  ],
  ["unseen", not(flag("\\Seen"))],
  ["NEW", and({ key: "recent" }, not(flag("\\Seen")))],
  ["OLD", not({ key: "recent" })],
  ["KEYWORD $forwarded", flag("$Forwarded")],
  ["UNKEYWORD Foo", not(flag("foo"))],
  ["2,4:*", { key: "sequence", set: set(2, 2, 4, Infinity) }],
  ["UID $", { key: "uids", set: { ranges: [], saved: true } }],
  [
    "(OR $ 1,3000:3021)", // RFC 5182 2.2
    or({ key: "sequence", set: { ranges: [], saved: true } }, {
      key: "sequence",
      set: set(1, 1, 3000, 3021),
    }),
  ],
  ["HEADER Message-ID <a@b>", { key: "header", field: "message-id", text: "<a@b>" }],
  ['HEADER X-Foo ""', { key: "header", field: "x-foo", text: "" }],
  ["SUBJECT {3}\r\nä!", { key: "header", field: "subject", text: "ä!" }],
  ["BODY a TEXT b", and({ key: "body", text: "a" }, text("b"))],
  ["LARGER 5000 SMALLER 0", and({ key: "larger", octets: 5000 }, { key: "smaller", octets: 0 })],
  ["SENTBEFORE 2-Jan-1970", { key: "date", of: "sent", is: "before", day: 1 }],
  ['SAVEDON "2-Jan-1970"', { key: "date", of: "saved", is: "on", day: 1 }],
  ["SAVEDATESUPPORTED", { key: "saveDateSupported" }],
  ["YOUNGER 259200", { key: "within", is: "younger", seconds: 259200 }],
  ["OLDER 1", { key: "within", is: "older", seconds: 1 }],
  ["MODSEQ 620162338", { key: "modseq", atLeast: 620162338 }],
  ['MODSEQ "/flags/\\\\draft" all 620162338', { key: "modseq", atLeast: 620162338 }], // RFC 7162 3.1.5
  ["EMAILID M00000001", { key: "emailId", id: "M00000001" }],
  ["UIDAFTER 25000", { key: "between", set: [25001, 4294967295] }],
  ["uidafter 4294967295", { key: "between", set: [] }],
  ["UIDBEFORE 25000", { key: "between", set: [1, 24999] }],
  ["UIDBEFORE 1", { key: "between", set: [] }],
  ["THREADID T64b478", { key: "threadId", id: "T64b478" }],
  ["NOT NOT SEEN", flag("\\Seen")],
  ["(((SEEN) (DRAFT)) ALL)", and(flag("\\Seen"), flag("\\Draft"), { key: "all" })],
  ["OR TEXT a OR TEXT b OR TEXT c TEXT d", or(or(text("a"), text("b")), or(text("c"), text("d")))],
  [
    "OR (OR TEXT a TEXT b) NOT NOT (OR TEXT c TEXT d)",
    or(or(text("a"), text("b")), or(text("c"), text("d"))),
  ],
];
for (const [program, key] of programs) {
  Deno.test(`SEARCH ${JSON.stringify(program)} is read`, () => {
    assert.deepEqual(parse(`SEARCH ${program}`).key, key);
  });
}

const refused = [
  "SEARCH",
  "SEARCH ",
  "SEARCH FOO",
  "SEARCH constructor",
  "SEARCH ()",
  "SEARCH (ALL",
  "SEARCH ALL)",
  "SEARCH ALL ",
  "SEARCH ALL  ALL",
  "SEARCH NOT",
  "SEARCH OR ALL",
  "SEARCH OR ALL ALL)",
  "SEARCH BEFORE",
  "SEARCH BEFORE 30-Feb-2000",
  "SEARCH HEADER x",
  "SEARCH KEYWORD \\Seen",
  "SEARCH LARGER x",
  "SEARCH LARGER 9223372036854775808",
  "SEARCH OLDER 0",
  "SEARCH 0",
  "SEARCH UID x",
  "SEARCH EMAILID a.b",
  "SEARCH UIDAFTER",
  "SEARCH UIDAFTER 0",
  "SEARCH UIDBEFORE *",
  "SEARCH UIDBEFORE 1:2",
  "SEARCH UIDAFTER $",
  'SEARCH MODSEQ "/foo" all 1',
  'SEARCH MODSEQ "/flags/x" some 1',
  "SEARCH RETURN ALL ALL",
  "SEARCH RETURN (FOO) ALL",
  "SEARCH RETURN (ALL)",
  "SEARCH CHARSET UTF-8",
  "SEARCH ALL CHARSET UTF-8",
  "SEARCH CHARSET UTF-8 RETURN (ALL) ALL",
];
for (const line of refused) {
  Deno.test(`${line} is refused`, () => assert.throws(() => parse(line), SyntaxError));
}

Deno.test("RETURN, UID and MODSEQ are told", () => {
  assert.deepEqual(parse("SEARCH ALL").returns, null);
  assert.deepEqual(parse("SEARCH RETURN () ALL").returns, ["ALL"]);
  const found = parse("uid search return (min max Min count save) modseq 1");
  assert.deepEqual([found.uid, found.returns, found.modSeq], [true, ["MIN", "MAX", "COUNT", "SAVE"], true]);
  assert.equal(parse("SEARCH ALL").modSeq, false);
});

Deno.test("strings are decoded from their charset", () => {
  const subject = (search: Search) => "text" in search.key ? search.key.text : null;
  assert.equal(subject(parse(latin1("SEARCH CHARSET ISO-8859-1 SUBJECT {1}\r\n\xe9"))), "é");
  assert.equal(subject(parse(latin1('SEARCH CHARSET "koi8-r" SUBJECT {2}\r\n\xc4\xc1'))), "да");
  assert.equal(subject(parse('SEARCH CHARSET utf-8 SUBJECT "é"')), "é");
  assert.equal(subject(parse('SEARCH CHARSET US-ASCII SUBJECT "e"')), "e");
  assert.throws(() => parse(latin1("SEARCH SUBJECT {1}\r\n\xe9")), SyntaxError);
  assert.throws(() => parse(latin1("SEARCH CHARSET SHIFT_JIS SUBJECT {1}\r\n\x81")), SyntaxError);
});

Deno.test("an unknown charset is BADCHARSET, and none is allowed after UTF8=ACCEPT", () => {
  for (const charset of ["X-UNKNOWN", "replacement", '""']) {
    assert.throws(
      () => parse(`SEARCH CHARSET ${charset} ALL`),
      (error) =>
        error instanceof CommandError && error.status === "NO" && error.code.startsWith("BADCHARSET"),
    );
  }
  const utf8Mode = { utf8: true, rev2: false };
  assert.throws(
    () => parse("SEARCH CHARSET UTF-8 ALL", utf8Mode),
    (error) => !(error instanceof CommandError),
  );
  assert.deepEqual(parse("SEARCH CHARSET UTF-8 ALL", { utf8: false, rev2: true }).key, { key: "all" });
});

Deno.test("keys, nesting and depth have limits", () => {
  const limit = (program: string) => assert.throws(() => parse(`SEARCH ${program}`), CommandError);
  parse(`SEARCH ${Array(maxSearchKeys).fill("ALL").join(" ")}`);
  limit(Array(maxSearchKeys + 1).fill("ALL").join(" "));
  parse(`SEARCH ${"NOT ".repeat(maxSearchNesting - 1)}ALL`);
  limit(`${"NOT ".repeat(100_000)}ALL`);
  limit(`${"(".repeat(100_000)}ALL`);
  limit(`${"OR ".repeat(100_000)}ALL`);
  // Alternation cannot be simplified.
  const alternating = (depth: number) => `${"NOT (SEEN ".repeat(depth)}ALL${")".repeat(depth)}`;
  parse(`SEARCH ${alternating(15)}`);
  limit(alternating(16));
  // The chain of OR can.
  assert.equal(parse(`SEARCH ${"OR SEEN ".repeat(400)}ALL`).key.key, "or");
});

Deno.test("simplifying costs no more than reading", () => {
  const depth = 190;
  const program = `${"OR SEEN (OR DRAFT NOT (ALL ".repeat(depth)}ALL${"))".repeat(depth)}`;
  assert.throws(() => parse(`SEARCH ${program}`), CommandError); // At once, not after 2^190 steps.
});

Deno.test("resolveSearch() replaces what only the session knows", () => {
  const { key } = parse("SEARCH OR 1 (UID 2:* NOT RECENT SEEN)");
  const scope = { numbers: () => [10, 10], uids: () => [2, 9], recent: () => [7, 8] };
  assert.deepEqual(
    resolveSearch(key, scope),
    {
      key: "or",
      left: { key: "uids", set: [10, 10] },
      right: {
        key: "and",
        keys: [
          { key: "uids", set: [2, 9] },
          { key: "not", inner: { key: "uids", set: [7, 8] } },
          { key: "flag", flag: "\\Seen" },
        ],
      },
    },
  );
});
