import assert from "node:assert/strict";
import fc from "fast-check";
import { allRights, formatRights, parseRights, right } from "./rights.ts";

const read: [letters: string, bits: number, told: string][] = [
  ["", 0, ""],
  ["lrs", right.lookup | right.read | right.seen, "lrs"],
  // RFC 4314 2.1.1
  [
    "lrswida",
    parseRights("lrswia") | right.markDeleted | right.expunge,
    "lrswiteda",
  ],
  ["lrswikda", parseRights("lrswikatea"), "lrswiktecda"],
  ["cda", parseRights("kxtea"), "kxtecda"],
  ["x", right.remove, "xc"],
  ["e", right.expunge, "ed"],
  ["lrswipkxtecda", allRights, "lrswipkxtecda"],
  ["aal", right.administer | right.lookup, "la"],
];
for (const [letters, bits, told] of read) {
  Deno.test(`rights ${JSON.stringify(letters)} are read, and told as ${told}`, () => {
    assert.equal(parseRights(letters), bits);
    assert.equal(formatRights(bits), told);
  });
}

for (const letters of ["lrQs", "lrqs", "L", "0", "l r", "+l", "-", "é", "lr\0"]) {
  Deno.test(`rights ${JSON.stringify(letters)} are refused`, () => {
    assert.throws(() => parseRights(letters), SyntaxError);
  });
}

Deno.test("what is told of rights is read as the same, but for the virtual ones", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: allRights }), (bits) => {
      assert.equal(parseRights(formatRights(bits).replace(/[cd]/g, "")), bits);
    }),
  );
});
