import assert from "node:assert/strict";
import { Refused } from "../base/errors.ts";
import { maxCheckCost, maxHashRounds, maxQueries, maxWastedCost, Work } from "./dnssec_work.ts";

const isRefused = (error: unknown) => error instanceof Refused && error.reason === "tooMany";

/** How often something can be done before it is refused. */
function times(spend: (work: Work) => void): number {
  const work = new Work();
  for (let count = 0; count < 100_000; count++) {
    try {
      spend(work);
    } catch (error) {
      assert.ok(isRefused(error));
      return count;
    }
  }
  return Infinity;
}

Deno.test("each kind of work has its limit", () => {
  assert.equal(times((work) => work.query()), maxQueries);
  assert.equal(times((work) => work.check(1)), maxCheckCost);
  assert.equal(times((work) => work.check(9)), Math.floor(maxCheckCost / 9));
  assert.equal(times((work) => work.hash(1)), maxHashRounds);
  assert.equal(times((work) => work.hash(101)), Math.floor(maxHashRounds / 101));
});

Deno.test("checks that fail have a lower limit", () => {
  assert.equal(
    times((work) => {
      work.check(4);
      work.wasted(4);
    }),
    maxWastedCost / 4,
  );
  assert.ok(maxWastedCost < maxCheckCost);
});

Deno.test("an account tells what was spent", () => {
  const work = new Work();
  work.query();
  work.check(3);
  work.wasted(3);
  work.hash(12);
  assert.deepEqual(work.spent, { queries: 1, checkCost: 3, wastedCost: 3, hashRounds: 12 });
});
