import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { AddressFamilies, awayForMs, heardForMs, silentsInRow } from "./iterate_families.ts";

const v4 = "192.0.2.1";
const v6 = "2001:db8::1";

function make() {
  const clock = new FakeClock();
  const families = new AddressFamilies(clock);
  const state = () => ({
    away: [v4, v6].map((address) => families.isAway(address)),
    useless: [v4, v6].map((address) => families.isUseless(address)),
    types: families.types(),
  });
  return { clock, families, state };
}

const both = { away: [false, false], useless: [false, false], types: ["A", "AAAA"] };

Deno.test("nothing is known at first: both families are asked", () => {
  assert.deepEqual(make().state(), both);
});

Deno.test("a family that can not be reached is asked last, and not at all once the other has answered", async () => {
  const { clock, families, state } = make();
  families.wasUnreachable(v4);
  assert.deepEqual(state(), { away: [true, false], useless: [false, false], types: ["AAAA", "A"] });
  families.answered(v6);
  assert.deepEqual(state(), { away: [true, false], useless: [true, false], types: ["AAAA"] });
  await clock.advance(awayForMs);
  assert.deepEqual(state(), both);
});

Deno.test(`${silentsInRow} addresses that are silent in a row are a family that is away`, () => {
  const { families, state } = make();
  families.answered(v4);
  for (let i = 1; i < silentsInRow; i++) families.wasSilent(v6);
  assert.deepEqual(state(), both);
  families.wasSilent(v6);
  assert.deepEqual(state(), { away: [false, true], useless: [false, true], types: ["A"] });
  families.answered(v6);
  assert.deepEqual(state(), both);
});

Deno.test("where both are away, both are asked", () => {
  const { families, state } = make();
  families.wasUnreachable(v4);
  families.wasUnreachable(v6);
  assert.deepEqual(state(), { ...both, away: [true, true] });
});

Deno.test("a family that answered of late is not taken away by servers that strangers name", async () => {
  const { clock, families, state } = make();
  families.answered(v4);
  for (let i = 0; i < 100; i++) {
    families.wasSilent(v4);
    families.wasUnreachable(v4);
  }
  assert.deepEqual(state(), both);
  await clock.advance(heardForMs);
  families.wasSilent(v4);
  assert.deepEqual(state().away, [true, false]);
});
