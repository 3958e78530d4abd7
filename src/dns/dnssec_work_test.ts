import assert from "node:assert/strict";
import { Refused } from "../base/errors.ts";
import {
  maxCheckCost,
  maxHashRounds,
  maxQueries,
  maxRecordsRead,
  maxWastedCost,
  Work,
} from "./dnssec_work.ts";
import { classIn, decodeMessage, encodeQuery, maxRecords } from "./message.ts";

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

/** A message with as many records in its three sections. */
function withRecords(...[answers = 0, authorities = 0, additionals = 0]: number[]) {
  const query = { recursionDesired: true, checkingDisabled: true, dnssecOk: true, udpSize: null };
  const empty = decodeMessage(encodeQuery({ ...query, id: 1, name: ".", type: 1 }));
  const records = (length: number) =>
    Array.from({ length }, () => ({ name: ".", type: 1, class: classIn, ttl: 0, rdata: new Uint8Array(4) }));
  return {
    ...empty,
    answers: records(answers),
    authorities: records(authorities),
    additionals: records(additionals),
  };
}

Deno.test("each kind of work has its limit", () => {
  assert.equal(times((work) => work.query()), maxQueries);
  assert.equal(times((work) => work.check(1)), maxCheckCost);
  assert.equal(times((work) => work.check(9)), Math.floor(maxCheckCost / 9));
  assert.equal(times((work) => work.hash(1)), maxHashRounds);
  assert.equal(times((work) => work.hash(101)), Math.floor(maxHashRounds / 101));
  const [message, empty] = [withRecords(3, 4, 5), withRecords()];
  assert.equal(times((work) => work.read(message)), maxRecordsRead / 12);
  assert.equal(times((work) => work.read(empty)), Infinity);
  assert.ok(maxRecordsRead > 2 * maxRecords);
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
  work.read(withRecords(1, 1, 1));
  assert.deepEqual(work.spent, { queries: 1, checkCost: 3, wastedCost: 3, hashRounds: 12, records: 3 });
});
