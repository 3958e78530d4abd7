import assert from "node:assert/strict";
import fc from "fast-check";
import { utf8 } from "../base/bytes.ts";
import { Scanner } from "./scanner.ts";
import { formatResultRange, placesOf, readResultRange } from "./result_range.ts";
import { readReturns } from "./search_return.ts";

const accepted: [text: string, returns: string[], partial: string | null][] = [
  ["RETURN () ", ["ALL"], null],
  ["return (min max count all save) ", ["MIN", "MAX", "COUNT", "ALL", "SAVE"], null],
  ["RETURN (COUNT COUNT) ", ["COUNT"], null],
  ["RETURN (UPDATE CONTEXT) ", ["UPDATE", "CONTEXT"], null],
  // RFC 5465 7
  ["RETURN (COUNT UPDATE (UID BODY.PEEK[HEADER.FIELDS (TO FROM)]) ALL) ", ["COUNT", "UPDATE", "ALL"], null],
  ["RETURN (UPDATE(FLAGS)) ", ["UPDATE"], null],
  ["RETURN (PARTIAL 1:500) ", ["PARTIAL"], "1:500"],
  ["RETURN (SAVE PARTIAL 500:1 MIN) ", ["SAVE", "PARTIAL", "MIN"], "500:1"],
  ["RETURN (PARTIAL -1:-100) ", ["PARTIAL"], "-1:-100"],
  ["RETURN (RELEVANCY) ", ["RELEVANCY"], null],
];
for (const [text, returns, partial] of accepted) {
  Deno.test(`${text} is read`, () => {
    const s = new Scanner(utf8(text));
    const found = readReturns(s);
    assert.deepEqual(found.returns, returns);
    assert.equal(found.partial === null ? null : formatResultRange(found.partial), partial);
    s.end();
  });
}

const refused = [
  "RETURN (",
  "RETURN (ALL)",
  "RETURN (FOO) ",
  "RETURN (UPDATE ()) ",
  "RETURN (UPDATE (FAST)) ",
  "RETURN (UPDATE FLAGS) ",
  "RETURN (COUNT (FLAGS)) ",
  "RETURN (PARTIAL) ",
  "RETURN (PARTIAL 1) ",
  "RETURN (PARTIAL 0:5) ",
  "RETURN (PARTIAL 1:-5) ",
  "RETURN (PARTIAL -1:5) ",
  "RETURN (PARTIAL 1:*) ",
  "RETURN (PARTIAL 1:2 PARTIAL 1:2) ",
  "RETURN (PARTIAL 1:2 ALL) ",
  "RETURN (ALL PARTIAL 1:2) ",
  "RETURN (PARTIAL 1:99999999999) ",
];
for (const text of refused) {
  Deno.test(`${text} is refused`, () =>
    assert.throws(() => readReturns(new Scanner(utf8(text))), SyntaxError));
}

Deno.test("UPDATE says what to fetch of new results, or nothing of it", () => {
  const updates = (text: string) => readReturns(new Scanner(utf8(text))).updates;
  assert.equal(updates("RETURN (UPDATE) "), undefined);
  assert.deepEqual(updates("RETURN (UPDATE (UID FLAGS UID) UPDATE) "), [{ item: "UID" }, { item: "FLAGS" }]);
});

Deno.test("without RETURN nothing is read", () => {
  const s = new Scanner(utf8("RETURNED"));
  assert.deepEqual(readReturns(s), { returns: null, partial: null });
  assert.equal(s.at, 0);
});

Deno.test("a range is printed as it was read, and names the same places as counting does", () => {
  const place = fc.integer({ min: 1, max: 12 });
  fc.assert(fc.property(place, place, fc.boolean(), fc.nat(10), (a, b, negative, count) => {
    const range = negative ? { from: -a, to: -b } : { from: a, to: b };
    assert.deepEqual(readResultRange(new Scanner(utf8(formatResultRange(range)))), range);
    const all = Array.from({ length: count }, (_, i) => i);
    const wanted = all.filter((i) => {
      const n = negative ? count - i : i + 1;
      return n >= Math.min(a, b) && n <= Math.max(a, b);
    });
    assert.deepEqual(all.slice(...placesOf(range, count)), wanted);
  }));
});
