import assert from "node:assert/strict";
import { maxPreparedLength, prepareOpaqueString, prepareUsername } from "./precis.ts";

/** Kinds of passwords as in RFC 8265 4.3: spaces, case, scripts, symbols, mapped spaces; empty and control are refused. */
const passwords: [text: string, prepared: string | null][] = [
  ["correct horse battery staple", "correct horse battery staple"],
  ["Correct Horse Battery Staple", "Correct Horse Battery Staple"],
  ["πßå", "πßå"],
  ["Jack of ♦s", "Jack of ♦s"],
  ["foo\u1680bar", "foo bar"],
  ["", null],
  ["my cat is a \tby", null],
  [" leading and trailing ", " leading and trailing "],
  ["a\u00a0b\u3000c", "a b c"],
  ["e\u0301", "é"],
  ["\u00e9", "é"],
  ["ﬁ", "ﬁ"], // Compatibility characters are kept: NFC, not NFKC.
  ["１２", "１２"],
  ["😀🔑", "😀🔑"],
  ["ª¼", "ª¼"],
  ["a\u0000b", null],
  ["a\u007f", null],
  ["soft\u00adhyphen", null],
  ["\u115f", null], // Hangul filler
  ["\u1100\u1161", null], // Old Hangul jamo
  ["\ufdd0", null], // Noncharacter
  ["\ue000", null], // Private use
  ["\ud800", null], // Lone surrogate
  ["\u0378", null], // Unassigned
  ["\u2028", null], // Line separator
  ["\u0640", null], // Tatweel, by exception
  ["\ufeff", null],
];
for (const [text, prepared] of passwords) {
  Deno.test(`prepareOpaqueString(${JSON.stringify(text)})`, () => {
    assert.equal(prepareOpaqueString(text), prepared);
    if (prepared !== null) assert.equal(prepareOpaqueString(prepared), prepared);
  });
}

const names: [text: string, prepared: string | null][] = [
  ["juliet@example.com", "juliet@example.com"],
  ["fussball", "fussball"],
  ["fußball", "fußball"],
  ["π", "π"],
  ["Σ", "Σ"],
  ["you+tag@example.org", "you+tag@example.org"],
  ["ｙｏｕ@example.org", "you@example.org"],
  ["rene\u0301@example.org", "rené@example.org"],
  ["", null],
  ["foo bar", null],
  ["henry\u2163", null], // Roman numeral four
  ["♚", null],
  ["a\u0000", null],
  ["a\u200b", null],
];
for (const [text, prepared] of names) {
  Deno.test(`prepareUsername(${JSON.stringify(text)})`, () => assert.equal(prepareUsername(text), prepared));
}

Deno.test("what is too long is refused", () => {
  const long = "a".repeat(2 * maxPreparedLength);
  assert.equal(prepareOpaqueString(long), long);
  assert.equal(prepareOpaqueString(long + "a"), null);
  assert.equal(prepareUsername(long), long);
  assert.equal(prepareUsername(long + "a"), null);
  assert.equal(prepareUsername("\ufdfa".repeat(2 * maxPreparedLength)), null);
});
