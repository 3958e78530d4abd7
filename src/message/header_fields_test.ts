import assert from "node:assert/strict";
import { fromLatin1, latin1 } from "../base/bytes.ts";
import { areCommon, commonFields, commonHeader, headerFields, maxCommonBytes } from "./header_fields.ts";

const header = [
  "Received: from a\r\n\tby b\r\n",
  "SUBJECT : odd space\r\n",
  "From: x\r\n",
  "no field at all\r\n",
  "subject: two\r\n  folded\r\n",
  "\r\n",
];

const cases: [names: string[], not: boolean, kept: number[]][] = [
  [["Subject"], false, [1, 4, 5]],
  [["received", "FROM"], false, [0, 2, 5]],
  [["X-None"], false, [5]],
  [["Subject"], true, [0, 2, 3, 5]],
  [["Subject", "Received", "From"], true, [3, 5]],
];
for (const [names, not, kept] of cases) {
  Deno.test(`headerFields() ${not ? "leaves out" : "keeps"} ${names.join(", ")}`, () => {
    const got = fromLatin1(headerFields(latin1(header.join("")), names, not));
    assert.equal(got, kept.map((i) => header[i]).join(""));
  });
}

Deno.test("headerFields() of a header without empty line, with bare LF, and of nothing", () => {
  const subset = (text: string) => fromLatin1(headerFields(latin1(text), ["a"], false));
  assert.equal(subset("A: 1\r\nB: 2\r\na: 3"), "A: 1\r\na: 3");
  assert.equal(subset("A: 1\nB: 2\n\nbody"), "A: 1\n\n");
  assert.equal(subset(" folded nothing\r\nA: 1\r\n"), "A: 1\r\n");
  assert.equal(subset(""), "");
});

Deno.test("the common header answers what is asked of common fields, as the whole header does", () => {
  const text = latin1(
    "Return-Path: x\r\nfrom: a\r\nX: y\r\n z\r\nTo: b,\r\n\tc\r\nDate : d\r\nX-Y: 1\r\nCC: e\r\n\r\n",
  );
  const kept = commonHeader(text);
  assert.ok(kept !== null);
  assert.equal(fromLatin1(kept), "from: a\r\nTo: b,\r\n\tc\r\nDate : d\r\nCC: e\r\n\r\n");
  for (const names of [["From", "Date"], ["CC"], ["subject"], [...commonFields]]) {
    assert.ok(areCommon(names));
    assert.deepEqual(headerFields(kept, names, false), headerFields(text, names, false));
  }
  assert.ok(!areCommon(["From", "Return-Path"]));
});

Deno.test("a long common header is not kept", () => {
  const to = (count: number) => latin1(`To: ${"a@example.org, ".repeat(count)}\r\nFrom: x\r\n\r\n`);
  assert.notEqual(commonHeader(to(10)), null);
  assert.equal(commonHeader(to(maxCommonBytes / 15)), null);
});
