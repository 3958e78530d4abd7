import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1 } from "../base/bytes.ts";
import { Scanner } from "./scanner.ts";
import {
  countOf,
  formatRanges,
  formatSequenceSet,
  includesNumber,
  lowerBound,
  normalized,
  rangesOf,
  readKnownSet,
  readSequenceSet,
  resolveSequence,
  selectNumbers,
  star,
} from "./sequence_set.ts";

const read = (text: string) => {
  const s = new Scanner(latin1(text));
  const set = readSequenceSet(s);
  s.end();
  return set;
};

const resolved: [set: string, largest: number, numbers: string][] = [
  ["1", 15, "1"],
  ["2,4:7,9,12:*", 15, "2,4:7,9,12:15"], // RFC 9051 9
  ["*:4,5:7", 10, "4:10"], // RFC 9051 9
  ["4:2", 10, "2:4"],
  ["3291:*", 100, "100:3291"], // RFC 9051 9: includes the last, even below
  ["*", 7, "7"],
  ["5,1,3,2,4", 9, "1:5"],
  ["1:4294967295", 9, "1:4294967295"],
  ["$", 9, "2:3,8"],
  ["1,$", 9, "1:3,8"],
];
for (const [text, largest, numbers] of resolved) {
  Deno.test(`${text} of ${largest} is ${numbers}`, () => {
    assert.equal(formatRanges(resolveSequence(read(text), largest, [2, 3, 8, 8])), numbers);
  });
}

const refused = [
  "",
  "0",
  "01",
  "1,",
  ",1",
  "1:",
  ":1",
  "1:2:3",
  "4294967296",
  "a",
  "1, 2",
  "-1",
  "1:$",
  "$:1",
  "**",
];
for (const text of refused) {
  Deno.test(`readSequenceSet() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => read(text), SyntaxError);
  });
}

Deno.test("readKnownSet() takes no * and no $", () => {
  assert.deepEqual(readKnownSet(new Scanner(latin1("5,1:2"))), [1, 2, 5, 5]);
  for (const text of ["*", "1:*", "$", "1,$"]) {
    assert.throws(() => readKnownSet(new Scanner(latin1(text))), SyntaxError);
  }
});

const number = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 0xffffffff }));

Deno.test("sets are read as they were written", () => {
  const ends = fc.oneof(number, fc.constant(star));
  const set = fc.record({ ranges: fc.array(fc.tuple(ends, ends), { minLength: 1 }), saved: fc.boolean() })
    .map(({ ranges, saved }) => ({ ranges: ranges.flat(), saved }));
  fc.assert(fc.property(set, (set) => assert.deepEqual(read(formatSequenceSet(set)), set)));
});

Deno.test("ranges hold exactly the numbers that they were made of", () => {
  fc.assert(fc.property(fc.array(fc.tuple(number, fc.integer({ min: 0, max: 9 }))), (pairs) => {
    const wanted = new Set<number>();
    for (const [first, more] of pairs) for (let n = first; n <= first + more; n++) wanted.add(n);
    const ranges = normalized(pairs.flatMap(([first, more]) => [first + more, first]));
    const sorted = [...wanted].sort((a, b) => a - b);
    assert.deepEqual(ranges, rangesOf(sorted));
    assert.equal(countOf(ranges), wanted.size);
    for (const n of sorted) {
      for (const near of [n - 1, n, n + 1]) {
        assert.equal(includesNumber(ranges, near), wanted.has(near));
      }
    }
  }));
});

Deno.test("selectNumbers() keeps what is in the ranges", () => {
  const uids = new Uint32Array([2, 3, 5, 9, 10, 4294967295]);
  assert.deepEqual([...selectNumbers([3, 9], uids)], [3, 5, 9]);
  assert.deepEqual([...selectNumbers([1, 1, 4, 4, 10, 4294967295], uids)], [10, 4294967295]);
  assert.deepEqual([...selectNumbers([], uids)], []);
  assert.equal(lowerBound(uids, 4), 2);
  assert.equal(lowerBound(uids, 4294967295), 5);
});

Deno.test("a hundred thousand UIDs with gaps are one set", () => {
  const uids = Uint32Array.from({ length: 100_000 }, (_, i) => 2 * i + 1);
  const text = formatRanges(rangesOf(uids));
  assert.ok(text.startsWith("1,3,5,") && text.endsWith(",199999"));
  assert.equal(countOf(resolveSequence(read(text), 1)), 100_000);
});
