import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeWords, encodeWords, maxEncodedWordLength } from "./encoded_word.ts";

/** The first block is made after RFC 2047 8, with the line ends already unfolded; RFC 2231 5 follows. */
const cases: [raw: string, text: string][] = [
  ["=?ISO-8859-1?Q?a?=", "a"],
  ["=?ISO-8859-1?Q?a?= b", "a b"],
  ["=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"],
  ["=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab"],
  ["=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=", "ab"],
  ["=?ISO-8859-1?Q?a_b?=", "a b"],
  ["=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"],
  ["=?US-ASCII?Q?Kim_Example?= <kim@cs.test>", "Kim Example <kim@cs.test>"],
  ["=?ISO-8859-1?Q?Pat_F=E4lstr=F6m?= <pf@nada.test>", "Pat Fälström <pf@nada.test>"],
  [
    "=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
    "If you can read this you understand the example.",
  ],
  ["(=?ISO-8859-1?Q?a?=)", "(a)"],
  ["=?US-ASCII*EN?Q?Kim_Example?=", "Kim Example"],
  // A character split over two words; a charset in two spellings is two charsets.
  ["=?utf-8?Q?=C3?= =?utf-8?Q?=BC?=", "ü"],
  ["=?UTF-8?b?4oKs?=", "€"],
  ["=?iso-2022-jp?b?GyRCJDMkcxsoQg==?=", "こん"],
  // Wrong, and common.
  ["=?utf-8?q?a b?=", "a b"],
  ["x=?utf-8?q?a?=y", "xay"],
  ["=?utf-8?q?a?==?utf-8?q?b?=", "ab"],
  ["=?utf-8?b?4oKs", "=?utf-8?b?4oKs"],
  ["=?utf-8?x?a?=", "=?utf-8?x?a?="],
  ["=?x-made-up?q?caf=E9?=", "café"],
  ["=?=?=?=?utf-8?q?a?=", "=?=?=?a"],
  ["caf\xc3\xa9 =?utf-8?q?a?= \xfc", "café a ü"],
  ["plain = ?text?", "plain = ?text?"],
  ["=?utf-8?q??=", ""],
];
for (const [raw, text] of cases) {
  Deno.test(`decodeWords() reads ${JSON.stringify(raw)}`, () => assert.equal(decodeWords(raw), text));
}

Deno.test("decode(encode(text)) is text, in words that are short enough", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 100 }), (text) => {
    const words = encodeWords(text);
    assert.match(words, /^[ -~]*$/);
    assert.equal(decodeWords(words), text);
    if (words !== text) {
      for (const word of words.split(" ")) assert.ok(word.length <= maxEncodedWordLength, word);
    }
  }));
});

Deno.test("text that looks like an encoded word is encoded", () => {
  assert.equal(decodeWords(encodeWords("=?utf-8?q?a?=")), "=?utf-8?q?a?=");
  assert.equal(encodeWords("plain"), "plain");
  assert.equal(encodeWords("Grüße aus Wien"), "=?utf-8?q?Gr=C3=BC=C3=9Fe_aus_Wien?=");
  assert.match(encodeWords("こんにちは"), /^=\?utf-8\?b\?/);
  assert.ok(!/[\r\n]/.test(encodeWords("a\r\nBcc: b")));
});
