import assert from "node:assert/strict";
import { maxResultText, type QueueRecipient } from "../queue.ts";
import { maxSaid, Tally } from "./tally.ts";
import { ownVerdict, type Verdict } from "./verdict.ts";

const people = [1, 2].map((id): QueueRecipient => ({ id, address: `${id}@test`, notify: null, orcpt: null }));
const temporary = (text: string, code = 0) => ownVerdict("temporary", "4.0.0", text, { retry: "host", code });
const permanent = (text: string, code = 0) => ownVerdict("permanent", "5.0.0", text, { retry: "host", code });

const last: [what: string, said: Verdict[], outcome: string, text: string][] = [
  ["all hosts for good", [permanent("a"), permanent("b")], "permanent", "a; b"],
  ["one host for now", [temporary("a"), permanent("b")], "temporary", "a; b"],
  ["the last host for now", [permanent("a"), temporary("b")], "temporary", "a; b"],
  ["the same of two hosts", [temporary("a"), temporary("a")], "temporary", "a"],
  ["a host in its own words", [temporary("a"), temporary("b", 451)], "temporary", "b"],
  ["a temporary reply before a permanent one", [temporary("a", 451), permanent("b", 550)], "temporary", "a"],
  ["nobody", [], "temporary", "otherwise"],
];
for (const [what, said, outcome, text] of last) {
  Deno.test(`what counts if ${what} said it`, () => {
    const tally = new Tally(people);
    for (const verdict of said) tally.sayAll(verdict);
    tally.conclude(temporary("otherwise"));
    assert.deepEqual(tally.results.map((one) => [one.outcome, one.text]), [[outcome, text], [outcome, text]]);
  });
}

Deno.test("what is settled stays so", () => {
  const tally = new Tally(people);
  const delivered: Verdict = { ...temporary("ok", 250), outcome: "delivered", retry: "never" };
  tally.settle(1, delivered, true);
  tally.settle(1, permanent("late"));
  assert.deepEqual(tally.pending.map(({ id }) => id), [2]);
  assert.equal(tally.hasDelivered, true);
  tally.settleAll(permanent("others"));
  assert.deepEqual(tally.results.map(({ outcome, relaysDsn }) => [outcome, relaysDsn]), [
    ["delivered", true],
    ["permanent", false],
  ]);
});

Deno.test("of whom nothing is known there is no result", () => {
  const tally = new Tally(people);
  tally.settle(1, temporary("x"));
  tally.conclude(null);
  assert.deepEqual(tally.results.map(({ id }) => id), [1]);
});

Deno.test("many hosts with long words do not make a long result", () => {
  const tally = new Tally(people);
  for (let i = 0; i < 3 * maxSaid; i++) tally.sayAll(temporary(`${i}`.padEnd(900, "x")));
  tally.conclude(null);
  assert.equal(tally.results[0]?.text.length, maxResultText);
});
