import assert from "node:assert/strict";
import { type Route, transportFor } from "./routes.ts";

const route = (change: Partial<Route>): Route => ({
  fromDomain: [],
  toDomain: [],
  minimumAttempts: 0,
  transport: "t",
  ...change,
});
const routed = { fromDomain: "a.example", toDomain: "x.b.example", attempts: 0 };

const cases: [what: string, levels: Route[][], transport: string][] = [
  ["nothing is direct", [], ""],
  ["a route without conditions matches all", [[route({})]], "t"],
  ["the first that matches counts", [[route({ transport: "one" }), route({ transport: "two" })]], "one"],
  [
    "the account's before the domain's before the server's",
    [[], [route({ transport: "d" })], [route({})]],
    "d",
  ],
  ["a sender's domain", [[route({ fromDomain: ["a.example"] })]], "t"],
  ["another sender's domain", [[route({ fromDomain: ["b.example"] })]], ""],
  ["a domain is not those below it", [[route({ toDomain: ["b.example"] })]], ""],
  ["unless it says so", [[route({ toDomain: [".b.example"] })]], "t"],
  ["and then it is itself, too", [[route({ fromDomain: [".a.example"] })]], "t"],
  ["but no other that ends alike", [[route({ fromDomain: [".example"], toDomain: [".nb.example"] })]], ""],
  ["one of several", [[route({ toDomain: ["c.example", "x.b.example"] })]], "t"],
  ["all conditions must hold", [[route({ fromDomain: ["a.example"], toDomain: ["c.example"] })]], ""],
  ["after some attempts", [[route({ minimumAttempts: 1, transport: "late" }), route({})]], "t"],
  ["a route can say direct", [[route({ transport: "" }), route({})]], ""],
];
for (const [what, levels, transport] of cases) {
  Deno.test(`transportFor(): ${what}`, () => assert.equal(transportFor(routed, "", levels), transport));
}

Deno.test("transportFor(): what was chosen by hand goes before all routes", () => {
  assert.equal(transportFor(routed, "mine", [[route({})]]), "mine");
});

Deno.test("transportFor(): the second attempt may go another way", () => {
  const levels = [[route({ minimumAttempts: 1, transport: "late" }), route({})]];
  assert.equal(transportFor({ ...routed, attempts: 1 }, "", levels), "late");
});

Deno.test("transportFor(): the null sender is of no domain", () => {
  const levels = [[route({ fromDomain: ["a.example"] })]];
  assert.equal(transportFor({ ...routed, fromDomain: "" }, "", levels), "");
});
