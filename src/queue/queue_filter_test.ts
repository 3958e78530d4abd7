import assert from "node:assert/strict";
import { Refused } from "../base/errors.ts";
import { everyMessage, type QueueFilter } from "./queue_admin.ts";
import { checkFilter, isMeant, isMeantOnceDone, maxFilterIds, maxFilterText } from "./queue_filter.ts";
import { sampleRow } from "./testing/sample_notice.ts";

const row = sampleRow({
  id: 7,
  account_id: 3,
  sender: "Ann@example.org",
  recipient: "bob@X.example",
  submitted: 100,
  due: 200,
  hold: 1,
  transport: "relay",
});
const accounts = (name: string) => name === "ann" ? 3 : name === "bob" ? 4 : undefined;

const cases: [filter: Partial<QueueFilter>, isMeant: boolean][] = [
  [{}, true],
  [{ ids: [9, 7, 7] }, true],
  [{ ids: [6, 8] }, false],
  [{ ids: [] }, false],
  [{ account: "ann" }, true],
  [{ account: "bob" }, false],
  [{ account: "" }, false],
  [{ from: "ANN@" }, true],
  [{ from: "" }, true],
  [{ from: "bob" }, false],
  [{ from: "<>" }, false],
  [{ to: "@x.EXAMPLE" }, true],
  [{ to: "ann" }, false],
  [{ hold: true }, true],
  [{ hold: false }, false],
  [{ transport: "relay" }, true],
  [{ transport: "" }, false],
  [{ submitted: { from: 100, until: 101 } }, true],
  [{ submitted: { from: 101, until: null } }, false],
  [{ submitted: { from: null, until: 100 } }, false],
  [{ nextAttempt: { from: 200, until: null } }, true],
  [{ nextAttempt: { from: null, until: 200 } }, false],
  [{ account: "ann", from: "ann", to: "bob", hold: true }, true],
  [{ account: "ann", from: "ann", to: "bob", hold: false }, false], // All must match.
];
for (const [change, expected] of cases) {
  Deno.test(`a message ${expected ? "is" : "is not"} meant by ${JSON.stringify(change)}`, () =>
    assert.equal(isMeant(checkFilter({ ...everyMessage, ...change }, accounts), row), expected));
}

Deno.test("the null sender, and the server's own mail", () => {
  const own = sampleRow({ sender: "", account_id: 0 });
  for (const filter of [{ from: "<>" }, { account: "" }]) {
    assert.equal(isMeant(checkFilter({ ...everyMessage, ...filter }, accounts), own), true);
  }
  assert.equal(isMeant(checkFilter({ ...everyMessage, from: "a" }, accounts), own), false);
});

Deno.test("of what is done with, neither hold nor the next attempt matters", () => {
  const filter = checkFilter(
    { ...everyMessage, hold: false, transport: "other", nextAttempt: { from: 1000, until: null } },
    accounts,
  );
  assert.equal(isMeantOnceDone(filter, row), true);
});

const refused: [what: string, filter: Partial<QueueFilter>, reason: string][] = [
  ["an account that is not there", { account: "eve" }, "badRequest"],
  ["half a number", { ids: [1.5] }, "badRequest"],
  ["too many numbers", { ids: Array.from({ length: maxFilterIds + 1 }, (_, i) => i) }, "tooMany"],
  ["a text without end", { from: "x".repeat(maxFilterText + 1) }, "badRequest"],
  ["less than nothing", { max: -1 }, "badRequest"],
  ["no time", { submitted: { from: NaN, until: null } }, "badRequest"],
];
for (const [what, change, reason] of refused) {
  Deno.test(`a filter with ${what} is refused`, () =>
    assert.throws(
      () => checkFilter({ ...everyMessage, ...change }, accounts),
      (error) => error instanceof Refused && error.reason === reason,
    ));
}
