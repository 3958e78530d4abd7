import assert from "node:assert/strict";
import fc from "fast-check";
import { type Reason, Refused } from "../base/errors.ts";
import type { SearchKey } from "../imap/search_key.ts";
import {
  compileKey,
  type ContentFacts,
  costs,
  type EmailFacts,
  maxSearchDepth,
  maxSearchKeys,
  maxSearchText,
  type MessageFacts,
} from "./mail_search_key.ts";

const now = Date.UTC(2026, 5, 15, 12);
const dayMs = 86_400_000;

const message: MessageFacts = {
  uid: 7,
  modseq: 50,
  bits: 1,
  keywords: "alpha beta",
  size: 1000,
  internalDate: now - 10_000,
  saveDate: now,
};

const email: EmailFacts = {
  emailId: "E",
  threadId: "T",
  sent: Date.UTC(2026, 5, 10, 23, 30),
  subject: "QUARTERLY REPORT",
  from: "ANN SMITH <ANN@EXAMPLE.ORG>",
  to: "",
  cc: "",
  bcc: "",
};

const content: ContentFacts = {
  field: (name) => name === "x-field" ? ["VALUE"] : name === "to" ? ["FRIENDS: A@EXAMPLE.ORG;"] : [],
  sentDay: () => Date.UTC(2026, 5, 11) / dayMs,
  inHeader: (text) => "X-FIELD: VALUE".includes(text),
  inBody: (text) => "BODY TEXT".includes(text),
};

/** What is known after each step: the row, the email, the content. */
function answers(key: SearchKey): (boolean | null)[] {
  const { test } = compileKey(key, now);
  return [
    test({ message, email: null, content: null }),
    test({ message, email, content: null }),
    test({ message, email, content }),
  ];
}

const day = (n: number) => Date.UTC(2026, 5, n) / dayMs;
const sent = (is: "before" | "on" | "since", n: number): SearchKey => ({
  key: "date",
  of: "sent",
  is,
  day: day(n),
});
const header = (field: string, text: string): SearchKey => ({ key: "header", field, text });

const table: [key: SearchKey, row: boolean | null, email: boolean | null, content: boolean | null][] = [
  [{ key: "all" }, true, true, true],
  [{ key: "flag", flag: "\\seen" }, true, true, true],
  [{ key: "flag", flag: "ALPHA" }, true, true, true],
  [{ key: "flag", flag: "$Junk" }, false, false, false],
  [{ key: "larger", octets: 1000 }, false, false, false],
  [{ key: "smaller", octets: 1001 }, true, true, true],
  [{ key: "modseq", atLeast: 50 }, true, true, true],
  [{ key: "modseq", atLeast: 51 }, false, false, false],
  [{ key: "within", is: "younger", seconds: 10 }, true, true, true],
  [{ key: "within", is: "younger", seconds: 9 }, false, false, false],
  [{ key: "within", is: "older", seconds: 10 }, true, true, true],
  [{ key: "within", is: "older", seconds: 11 }, false, false, false],
  [{ key: "emailId", id: "E" }, null, true, true],
  [{ key: "threadId", id: "E" }, null, false, false],
  [header("SUBJECT", "report"), null, true, true],
  [header("Subject", "missing"), null, false, false],
  [header("From", "ann smith"), null, true, true],
  [header("From", '"ann'), null, null, false], // How it was quoted, only the field itself says.
  [header("To", "friends:"), null, null, true],
  [header("To", ""), null, null, true],
  [header("X-Field", "alu"), null, null, true],
  [header("X-Other", ""), null, null, false],
  [{ key: "body", text: "TEXT" }, null, null, true],
  [{ key: "fuzzy", inner: header("Subject", "report QUARTER") }, null, true, true],
  [{ key: "fuzzy", inner: header("Subject", "report monthly") }, null, false, false],
  [{ key: "fuzzy", inner: { key: "not", inner: header("Subject", "x-y report") } }, null, true, true],
  [header("Subject", "report QUARTER"), null, false, false],
  [{ key: "fuzzy", inner: { key: "body", text: "text: body" } }, null, null, true],
  [{ key: "fuzzy", inner: { key: "flag", flag: "\\Draft" } }, false, false, false], // As it is without.
  [{ key: "text", text: "x-field" }, null, null, true],
  [{ key: "text", text: "nowhere" }, null, null, false],
  [sent("before", 9), null, false, false],
  [sent("before", 11), null, null, false], // A zone of one hour could make it the eleventh.
  [sent("before", 12), null, true, true],
  [sent("on", 11), null, null, true],
  [sent("on", 10), null, null, false],
  [sent("on", 13), null, false, false],
  [sent("since", 9), null, true, true],
  [sent("since", 12), null, false, false],
  [{ key: "and", keys: [{ key: "body", text: "x" }, { key: "flag", flag: "\\Draft" }] }, false, false, false],
  [{ key: "or", left: { key: "body", text: "x" }, right: { key: "flag", flag: "\\Seen" } }, true, true, true],
  [{ key: "not", inner: { key: "body", text: "text" } }, null, null, false],
];
for (const [key, ...expected] of table) {
  Deno.test(`${JSON.stringify(key)} is decided when it can be`, () =>
    assert.deepEqual(answers(key), expected));
}

Deno.test("what was decided stays decided when more is known", () => {
  const leaf = fc.constantFrom(...table.map(([key]) => key));
  const { key } = fc.letrec<{ key: SearchKey }>((tie) => ({
    key: fc.oneof(
      { depthSize: "small" },
      leaf,
      fc.record({ key: fc.constant("not" as const), inner: tie("key") }),
      fc.record({ key: fc.constant("or" as const), left: tie("key"), right: tie("key") }),
      fc.record({ key: fc.constant("and" as const), keys: fc.array(tie("key"), { maxLength: 3 }) }),
    ),
  }));
  const truth = (key: SearchKey): boolean => {
    switch (key.key) {
      case "and":
        return key.keys.every(truth);
      case "or":
        return truth(key.left) || truth(key.right);
      case "not":
        return !truth(key.inner);
      default:
        return answers(key)[2] === true;
    }
  };
  fc.assert(fc.property(key, (key) => {
    const expected = truth(key);
    const steps = answers(key);
    assert.equal(steps[2], expected);
    for (const step of steps) assert.ok(step === null || step === expected);
    const { cost } = compileKey(key, now);
    if (cost === costs.message) assert.equal(steps[0], expected);
  }));
});

Deno.test("a message without a readable Date has no sent day", () => {
  const { test } = compileKey(sent("since", 1), now);
  assert.equal(test({ message, email: { ...email, sent: null }, content: null }), false);
});

function nested(depth: number): SearchKey {
  let key: SearchKey = { key: "all" };
  for (let i = 1; i < depth; i++) key = { key: "not", inner: key };
  return key;
}

const refused: [title: string, key: SearchKey, reason: Reason][] = [
  ["message numbers", { key: "sequence", set: [1, 1] }, "badRequest"],
  ["\\Recent", { key: "recent" }, "badRequest"],
  ["ranges that are none", { key: "uids", set: [2, 1] }, "badRequest"],
  ["keys nested too deep", nested(maxSearchDepth + 1), "tooMany"],
  ["too many keys", { key: "and", keys: Array(maxSearchKeys).fill({ key: "all" }) }, "tooMany"],
  ["too many words", {
    key: "fuzzy",
    inner: { key: "body", text: Array.from({ length: maxSearchKeys }, (_, i) => i).join(" ") },
  }, "tooMany"],
  ["text that is too long", { key: "body", text: "x".repeat(maxSearchText + 1) }, "tooLarge"],
];
for (const [title, key, reason] of refused) {
  Deno.test(`a search refuses ${title}`, () =>
    assert.throws(
      () => compileKey(key, now),
      (error) => error instanceof Refused && error.reason === reason,
    ));
}
Deno.test("a search takes what is just small enough", () => {
  compileKey(nested(maxSearchDepth), now);
  compileKey({ key: "and", keys: Array(maxSearchKeys - 1).fill({ key: "all" }) }, now);
});
