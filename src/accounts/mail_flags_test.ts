import assert from "node:assert/strict";
import { type Reason, Refused } from "../base/errors.ts";
import { maxKeywordLength, maxKeywords } from "../imap/flags.ts";
import { flagSet } from "./mail_flags.ts";

const accepted: [bits: number, keywords: string[], stored: string][] = [
  [0, [], ""],
  [1023, ["b", "a", "b"], "a b"],
  [0, ["$label1", "non-junk", "x_y.z"], "$label1 non-junk x_y.z"],
  [0, ["k".repeat(maxKeywordLength)], "k".repeat(maxKeywordLength)],
];
for (const [bits, keywords, stored] of accepted) {
  Deno.test(`flagSet() takes ${bits} ${keywords.join(" ").slice(0, 40)}`, () => {
    assert.deepEqual(flagSet(bits, keywords), { bits, keywords: stored });
  });
}

const refused: [title: string, bits: number, keywords: string[], reason: Reason][] = [
  ["bits that are no flags", 1024, [], "badRequest"],
  ["negative bits", -1, [], "badRequest"],
  ["fractions", 0.5, [], "badRequest"],
  ["an empty keyword", 0, [""], "badRequest"],
  ["upper case", 0, ["Work"], "badRequest"],
  ["a space", 0, ["a b"], "badRequest"],
  ["a list", 0, ["(a)"], "badRequest"],
  ["a system flag", 0, ["\\seen"], "badRequest"],
  ["a keyword that is a bit", 0, ["$junk"], "badRequest"],
  ["a control character", 0, ["a\n"], "badRequest"],
  ["what is not ASCII", 0, ["ä"], "badRequest"],
  ["a long keyword", 0, ["k".repeat(maxKeywordLength + 1)], "badRequest"],
  ["many keywords", 0, Array.from({ length: maxKeywords + 1 }, (_, i) => `k${i}`), "tooMany"],
];
for (const [title, bits, keywords, reason] of refused) {
  Deno.test(`flagSet() refuses ${title}`, () =>
    assert.throws(
      () => flagSet(bits, keywords),
      (error) => error instanceof Refused && error.reason === reason,
    ));
}
