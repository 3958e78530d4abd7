import assert from "node:assert/strict";
import fc from "fast-check";
import { Refused } from "../base/errors.ts";
import { maxUid } from "../store/counts.ts";
import { checkRanges, hasUid, maxRanges, RangeWalk } from "./mail_ranges.ts";

for (const ranges of [[], [1, 1], [1, maxUid], [1, 2, 3, 3, 10, 20]]) {
  Deno.test(`checkRanges() takes [${ranges}]`, () => checkRanges(ranges));
}

const refused: [title: string, ranges: number[]][] = [
  ["an odd number", [1]],
  ["UID 0", [0, 1]],
  ["a range backwards", [5, 4]],
  ["overlapping ranges", [1, 5, 5, 6]],
  ["descending ranges", [5, 6, 1, 2]],
  ["fractions", [1.5, 2]],
  ["no number", [NaN, 2]],
  ["more than 32 bits", [1, maxUid + 1]],
  ["too many", Array.from({ length: 2 * maxRanges + 2 }, (_, i) => i + 1)],
];
for (const [title, ranges] of refused) {
  Deno.test(`checkRanges() refuses ${title}`, () => assert.throws(() => checkRanges(ranges), Refused));
}

Deno.test("a walk visits exactly the UIDs of its ranges", () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 20 })), {
    maxLength: 20,
  });
  fc.assert(fc.property(steps, fc.integer({ min: 1, max: 10 }), (gaps, read) => {
    const ranges: number[] = [];
    for (const [gap, size] of gaps) {
      const from = (ranges.at(-1) ?? 0) + gap;
      ranges.push(from, from + size);
    }
    checkRanges(ranges);
    const expected: number[] = [];
    for (let uid = 1; uid < 3000; uid++) if (hasUid(ranges, uid)) expected.push(uid);
    const visited: number[] = [];
    const walk = new RangeWalk(ranges);
    // As a reader does: at most `read` UIDs at a time.
    for (let next = walk.next(1); next !== null;) {
      const to = Math.min(next.to, next.from + read - 1);
      for (let uid = next.from; uid <= to; uid++) if (next.dense || walk.wants(uid)) visited.push(uid);
      next = walk.next(to + 1);
    }
    assert.deepEqual(visited, expected);
    const total = ranges.reduce((sum, n, i) => i % 2 === 0 ? sum - n : sum + n + 1, 0);
    assert.equal(expected.length, total);
  }));
});

Deno.test("a walk can go back", () => {
  const walk = new RangeWalk([1, 1, 100, 100, 200, 210]);
  assert.deepEqual(walk.next(1), { from: 1, to: 1, dense: true });
  assert.deepEqual(walk.next(205), { from: 205, to: 210, dense: true });
  assert.equal(walk.next(211), null);
  assert.deepEqual(walk.next(2), { from: 100, to: 100, dense: true });
});
