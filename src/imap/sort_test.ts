import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bytes, concat, latin1, utf8 } from "../base/bytes.ts";
import type { Command } from "./command.ts";
import { CommandError } from "./command_error.ts";
import { parseCommand } from "./parse_command.ts";
import { maxSortCriteria } from "./sort.ts";
import type { SortCriterion } from "./sort_key.ts";

const parse = (text: string | Bytes): Command => {
  const bytes = typeof text === "string" ? utf8(text) : text;
  return parseCommand(concat([utf8("a "), bytes]), { utf8: false, rev2: false }).command;
};

const by = (key: SortCriterion["key"], reverse = false): SortCriterion => ({ key, reverse });
const everything = { key: { key: "all" }, modSeq: false, counts: false };
const plain = { returns: null, partial: null, ...everything };

const accepted: [text: string, command: unknown][] = [
  // RFC 5256 3
  ["SORT (SUBJECT) UTF-8 ALL", { verb: "SORT", uid: false, criteria: [by("subject")], ...plain }],
  ["sort (subject reverse date) utf-8 all", {
    verb: "SORT",
    uid: false,
    criteria: [by("subject"), by("date", true)],
    ...plain,
  }],
  ["UID SORT (ARRIVAL CC FROM SIZE TO) US-ASCII ALL", {
    verb: "SORT",
    uid: true,
    criteria: [by("arrival"), by("cc"), by("from"), by("size"), by("to")],
    ...plain,
  }],
  // RFC 5957 4
  ['SORT (DISPLAYFROM REVERSE DISPLAYTO) "UTF-8" ALL', {
    verb: "SORT",
    uid: false,
    criteria: [by("displayFrom"), by("displayTo", true)],
    ...plain,
  }],
  // RFC 5267 3.3, 4.4
  ["UID SORT RETURN () (REVERSE DATE) UTF-8 ALL", {
    verb: "SORT",
    uid: true,
    criteria: [by("date", true)],
    ...plain,
    returns: ["ALL"],
  }],
  ["SORT RETURN (PARTIAL 1:10 UPDATE CONTEXT) (DATE) UTF-8 ALL", {
    verb: "SORT",
    uid: false,
    criteria: [by("date")],
    ...plain,
    returns: ["PARTIAL", "UPDATE", "CONTEXT"],
    partial: { from: 1, to: 10 },
  }],
  // RFC 6203 6
  ['SORT RETURN (RELEVANCY ALL) (RELEVANCY) UTF-8 FUZZY TEXT "Helo"', {
    verb: "SORT",
    uid: false,
    criteria: [by("relevancy")],
    ...plain,
    returns: ["RELEVANCY", "ALL"],
    key: { key: "fuzzy", inner: { key: "text", text: "Helo" } },
  }],
  ["SORT (DATE) UTF-8 1 MODSEQ 5", {
    verb: "SORT",
    uid: false,
    criteria: [by("date")],
    ...plain,
    key: {
      key: "and",
      keys: [{ key: "sequence", set: { ranges: [1, 1], saved: false } }, { key: "modseq", atLeast: 5 }],
    },
    modSeq: true,
    counts: true,
  }],
  ["THREAD ORDEREDSUBJECT UTF-8 ALL", {
    verb: "THREAD",
    uid: false,
    algorithm: "orderedSubject",
    ...everything,
  }],
  ['uid thread references "us-ascii" all', {
    verb: "THREAD",
    uid: true,
    algorithm: "references",
    ...everything,
  }],
];
for (const [text, command] of accepted) {
  Deno.test(`${text} is read`, () => assert.deepEqual(parse(text), command));
}

const refused: [text: string, message: RegExp][] = [
  ["SORT", /expected a space/],
  ["SORT SUBJECT UTF-8 ALL", /expected \(/],
  ["SORT () UTF-8 ALL", /a sort key/],
  ["SORT (SUBJECT)", /expected a space/],
  ["SORT (SUBJECT) UTF-8", /expected a space/],
  ["SORT (SUBJECT) UTF-8 ", /a search key/],
  ["SORT (REVERSE) UTF-8 ALL", /unknown sort key/],
  ["SORT (REVERSE REVERSE DATE) UTF-8 ALL", /unknown sort key/],
  ["SORT (BCC) UTF-8 ALL", /unknown sort key/],
  ["SORT (constructor) UTF-8 ALL", /unknown sort key/],
  ["SORT (DATE DATE ) UTF-8 ALL", /a sort key/],
  ["SORT RETURN (DATE) UTF-8 ALL", /unknown return option/],
  ["SORT RETURN (ALL) UTF-8 ALL", /expected \(/],
  ["SORT RETURN (MIN PARTIAL 1:2 ALL) (DATE) UTF-8 ALL", /exclude/],
  ["SORT (RELEVANCY) UTF-8 ALL", /needs FUZZY/],
  ["THREAD UTF-8 ALL", /unknown threading algorithm/],
  ["THREAD REFERENCES ALL", /expected a space/],
  ["THREAD REFS UTF-8 ALL", /unknown threading algorithm/],
  ["THREAD __proto__ UTF-8 ALL", /a threading algorithm|unknown threading algorithm/],
  ["THREAD RETURN (ALL) REFERENCES UTF-8 ALL", /unknown threading algorithm/],
];
for (const [text, message] of refused) {
  Deno.test(`${text} is refused`, () =>
    assert.throws(
      () => parse(text),
      (error) =>
        error instanceof SyntaxError && !(error instanceof CommandError) && message.test(error.message),
    ));
}

Deno.test("SORT and THREAD take any charset there is, and say so of others", () => {
  for (const command of ["SORT (DATE)", "THREAD REFERENCES"]) {
    const found = parse(latin1(`${command} ISO-8859-1 SUBJECT {1}\r\n\xe9`));
    assert.ok("key" in found && found.key.key === "header" && found.key.text === "é");
    assert.throws(() => parse(latin1(`${command} UTF-8 SUBJECT {1}\r\n\xe9`)), SyntaxError);
    assert.throws(
      () => parse(`${command} X-UNKNOWN ALL`),
      (error) => error instanceof CommandError && error.code.startsWith("BADCHARSET"),
    );
  }
});

Deno.test("criteria have a limit", () => {
  const sort = (count: number) => parse(`SORT (${Array(count).fill("REVERSE DATE").join(" ")}) UTF-8 ALL`);
  sort(maxSortCriteria);
  assert.throws(() => sort(maxSortCriteria + 1), CommandError);
});

Deno.test("what is printed of a SORT is read again", () => {
  const names = {
    ARRIVAL: "arrival",
    CC: "cc",
    DATE: "date",
    DISPLAYFROM: "displayFrom",
    DISPLAYTO: "displayTo",
    FROM: "from",
    SIZE: "size",
    SUBJECT: "subject",
    TO: "to",
  } as const;
  const criterion = fc.record({ name: fc.constantFrom(...Object.keys(names)), reverse: fc.boolean() });
  fc.assert(fc.property(fc.array(criterion, { minLength: 1, maxLength: maxSortCriteria }), (criteria) => {
    const text = criteria.map(({ name, reverse }) => reverse ? `REVERSE ${name}` : name).join(" ");
    const sort = parse(`SORT (${text}) UTF-8 ALL`);
    const expected = criteria.map(({ name, reverse }) => by(names[name as keyof typeof names], reverse));
    assert.deepEqual("criteria" in sort ? sort.criteria : null, expected);
  }));
});
