import assert from "node:assert/strict";
import { baseSubject } from "./subject.ts";

const cases: [subject: string, base: string, isReply: boolean][] = [
  ["", "", false],
  ["Hello", "Hello", false],
  ["  Hello \t World  ", "Hello World", false],
  ["Re: Hello", "Hello", true],
  ["RE: re: Hello", "Hello", true],
  ["Fw: Hello", "Hello", true],
  ["FWD: Hello", "Hello", true],
  ["Re : Hello", "Hello", true],
  ["Re[2]: Hello", "Hello", true],
  ["Re [2] : Hello", "Hello", true],
  ["[list] Hello", "Hello", false],
  ["[list] Re: Hello", "Hello", true],
  ["[a] [b] Re: [c] Hello", "Hello", true],
  ["Re: [list] Re: Hello", "Hello", true],
  ["Hello (fwd)", "Hello", true],
  ["Hello (FWD) (fwd) ", "Hello", true],
  ["[Fwd: Hello]", "Hello", true],
  ["[fwd: Re: [list] Hello (fwd)]", "Hello", true],
  ["[fwd: [fwd: Hello]]", "Hello", true],
  // A blob is the subject if nothing else is.
  ["[list]", "[list]", false],
  ["[a] [b]", "[b]", false],
  ["Re: [list]", "[list]", true],
  ["[a]Re: [b]", "[b]", true],
  // Not artifacts.
  ["Regarding: x", "Regarding: x", false],
  ["Re Hello", "Re Hello", false],
  ["Aw: Hello", "Aw: Hello", false],
  ["[[a]] Hello", "[[a]] Hello", false],
  ["[a Hello", "[a Hello", false],
  ["Hello [a]", "Hello [a]", false],
  ["[fwd: Hello", "[fwd: Hello", false],
  ["Re:", "", true],
  ["(fwd)", "", true],
];
for (const [subject, base, isReply] of cases) {
  Deno.test(`base subject of ${JSON.stringify(subject)}`, () => {
    assert.deepEqual(baseSubject(subject), { base, isReply });
  });
}

Deno.test("an endless row of artifacts is taken off in one go", () => {
  assert.equal(baseSubject(`${"[a]".repeat(3000)}x`).base, "x");
  assert.equal(baseSubject(`${"[a] Re: ".repeat(1000)}x`).base, "x");
  assert.equal(baseSubject(`${"[fwd: ".repeat(1000)}x${"]".repeat(1000)}`).base, "x");
  assert.equal(baseSubject("[".repeat(1_000_000)).base.length, 10_000);
});
