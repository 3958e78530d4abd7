import assert from "node:assert/strict";
import { nearest } from "./nearest.ts";

const words = ["serve", "localserve", "config test", "config example", "cid", "--json", "--config"];

const cases: [typed: string, meant: string | null][] = [
  ["serv", "serve"],
  ["sevre", "serve"],
  ["confg test", "config test"],
  ["config tset", "config test"],
  ["cdi", "cid"],
  ["--jsno", "--json"],
  ["--confgi", "--config"],
  ["local-serve", "localserve"],
  ["x", null],
  ["ab", null],
  ["nonsense", null],
  ["", null],
  ["s".repeat(100_000), null],
];
for (const [typed, meant] of cases) {
  Deno.test(`nearest() takes '${typed.slice(0, 20)}' for ${meant}`, () =>
    assert.equal(nearest(typed, words), meant));
}
