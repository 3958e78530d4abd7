import assert from "node:assert/strict";
import fc from "fast-check";
import { claimsToBeRecord, maxRecordFields, maxRecordOctets, parseRecord, printRecord } from "./record.ts";

const accepted: [text: string, id: string, extensions: [string, string][]][] = [
  ["v=STSv1; id=20160831085700Z;", "20160831085700Z", []],
  ["v=STSv1;id=1", "1", []],
  ["v=STSv1 \t; \tid=1 ; ", "1", []],
  ["v=STSv1; x=1; id=a; y_-.=2:<>", "a", [["x", "1"], ["y_-.", "2:<>"]]],
  ["v=STSv1; id=a; id=b; x=1; x=2", "a", [["x", "1"]]], // The first counts. RFC 8461 3.2
  ["v=STSv1; ID=x; id=a", "a", [["ID", "x"]]], // Case matters: %s"id=".
  [`v=STSv1; id=${"9".repeat(32)}`, "9".repeat(32), []],
];
for (const [text, id, extensions] of accepted) {
  Deno.test(`parseRecord() reads ${text}`, () => assert.deepEqual(parseRecord(text), { id, extensions }));
}

const refused = [
  "",
  "v=STSv1",
  "v=STSv1;",
  "v=STSv1; id=",
  "v=STSv1; id=a-b",
  `v=STSv1; id=${"9".repeat(33)}`,
  "v=STSv1; ID=a",
  "v=stsv1; id=a",
  "V=STSv1; id=a",
  " v=STSv1; id=a",
  "v=STSv2; id=a",
  "v=STSv1, id=a",
  "id=a; v=STSv1;",
  "v=STSv1; id=a;;",
  "v=STSv1;; id=a",
  "v=STSv1; id=a b",
  "v=STSv1; id=a ",
  "v=STSv1; id = a",
  "v=STSv1; id=a; x",
  "v=STSv1; id=a; x=",
  "v=STSv1; id=a; =x",
  "v=STSv1; id=a; x=1=2",
  "v=STSv1; id=a; _x=1",
  "v=STSv1; id=a; x=\xfc",
  "v=STSv1; id=a; x=1\0",
  `v=STSv1; id=a; ${"x".repeat(33)}=1`,
  `v=STSv1; id=a${"; x=1".repeat(maxRecordFields)}`,
  `v=STSv1; id=a; x=${"1".repeat(maxRecordOctets)}`,
];
for (const text of refused) {
  Deno.test(`parseRecord() refuses ${JSON.stringify(text.slice(0, 40))}`, () =>
    assert.throws(() => parseRecord(text), SyntaxError));
}

Deno.test("what begins like a record is one of those that are counted", () => {
  for (const text of ["v=STSv1;", "v=STSv1 ; id=?"]) assert.ok(claimsToBeRecord(text));
  for (const text of ["v=STSv1", "v=STSv10; id=a", "v=spf1 -all", ""]) assert.ok(!claimsToBeRecord(text));
});

Deno.test("parseRecord() reads what printRecord() prints", () => {
  const id = fc.string({ unit: fc.constantFrom(..."aZ09"), minLength: 1, maxLength: 32 });
  const name = fc.tuple(
    fc.constantFrom(..."aZ0"),
    fc.string({ unit: fc.constantFrom(..."aZ9_.-"), maxLength: 31 }),
  )
    .map(([first, rest]) => first + rest).filter((text) => text !== "id");
  const value = fc.string({ unit: fc.constantFrom(...'!:<>~aZ,"'), minLength: 1, maxLength: 10 });
  const extensions = fc.uniqueArray(fc.tuple(name, value), { selector: ([one]) => one, maxLength: 5 });
  fc.assert(fc.property(id, extensions, (one, more) => {
    const record = { id: one, extensions: more };
    assert.deepEqual(parseRecord(printRecord(record)), record);
  }));
  assert.throws(() => printRecord({ id: "a; x", extensions: [] }), TypeError);
  assert.throws(() => printRecord({ id: "a", extensions: [["x", "1;2"]] }), TypeError);
});
