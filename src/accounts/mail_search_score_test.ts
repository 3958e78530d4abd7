import assert from "node:assert/strict";
import type { SearchKey } from "../imap/search_key.ts";
import type { Candidate, ContentFacts } from "./mail_search_key.ts";
import { compileScore } from "./mail_search_score.ts";

const content: ContentFacts = {
  field: (name) => name === "subject" ? ["GARDEN PLAN"] : name === "x-tag" ? ["A PLAN", "PLAN"] : [],
  sentDay: () => null,
  inHeader: (text) => "SUBJECT: GARDEN PLAN".includes(text),
  inBody: (text) => "ALL ABOUT ROSES".includes(text),
};

const known: Candidate = {
  message: {
    uid: 1,
    modseq: 1,
    bits: 0,
    keywords: "",
    size: 1,
    internalDate: 0,
    saveDate: 0,
  },
  email: {
    emailId: "",
    threadId: "",
    sent: null,
    subject: "GARDEN PLAN",
    from: "ANN <ANN@X>",
    to: "",
    cc: "",
    bcc: "",
  },
  content: null,
};

const header = (field: string, text: string): SearchKey => ({ key: "header", field, text });
const fuzzy = (inner: SearchKey): SearchKey => ({ key: "fuzzy", inner });
const body = (text: string): SearchKey => ({ key: "body", text });

const scores: [key: SearchKey, withoutContent: number, withContent: number][] = [
  [fuzzy(header("Subject", "garden plan")), 100, 100],
  [fuzzy(header("Subject", "garden")), 82, 82],
  [fuzzy(header("Subject", "plan garden")), 46, 46],
  [fuzzy(header("From", "ann")), 71, 1], // Asked for in the message, where this one has none.
  [fuzzy(header("X-Tag", "plan")), 1, 100],
  [fuzzy(header("Subject", "")), 60, 60],
  [fuzzy(body("about roses")), 20, 50],
  [fuzzy(body("roses about")), 20, 20],
  [fuzzy({ key: "text", text: "garden" }), 20, 60],
  [fuzzy({ key: "text", text: "roses" }), 20, 50],
  [fuzzy({ key: "flag", flag: "\\Seen" }), 100, 100],
  [fuzzy({ key: "and", keys: [header("Subject", "garden plan"), body("roses")] }), 60, 75],
  [{ key: "and", keys: [fuzzy(header("Subject", "garden plan")), body("roses")] }, 100, 100],
  [fuzzy({ key: "or", left: body("roses"), right: header("Subject", "garden plan") }), 100, 100],
  [{ key: "or", left: { key: "all" }, right: fuzzy(header("Subject", "no")) }, 1, 1],
  [fuzzy({ key: "not", inner: header("Subject", "x") }), 100, 100],
];
for (const [key, without, withContent] of scores) {
  Deno.test(`the score of ${JSON.stringify(key)}`, () => {
    const score = compileScore(key);
    assert.equal(score?.(known), without);
    assert.equal(score?.({ ...known, content }), withContent);
  });
}

Deno.test("a header of very many fields has a score", () => {
  const fields: ContentFacts = { ...content, field: () => Array<string>(300_000).fill("A PLAN") };
  assert.equal(compileScore(fuzzy(header("X-Tag", "plan")))?.({ ...known, content: fields }), 87);
});

Deno.test("a key without FUZZY has no score", () => {
  for (const key of [header("Subject", "x"), { key: "not", inner: { key: "all" } } as const]) {
    assert.equal(compileScore(key), null);
  }
});
