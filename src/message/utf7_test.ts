import assert from "node:assert/strict";
import { latin1 } from "../base/bytes.ts";
import { decodeUtf7 } from "./utf7.ts";

/** The first four are the examples of RFC 2152. */
const cases: [coded: string, text: string][] = [
  ["A+ImIDkQ.", "A\u2262\u0391."],
  ["Hi Mom -+Jjo--!", "Hi Mom -\u263a-!"],
  ["+ZeVnLIqe-", "\u65e5\u672c\u8a9e"],
  ["Item 3 is +AKM-1.", "Item 3 is \u00a31."],
  ["1 +- 1", "1 + 1"],
  ["+2D3eAA-", "\u{1f600}"],
  ["+2D0-", "\ufffd"],
  ["+", "+"],
  ["a+AKM", "a\u00a3"],
  ["\xff", "\ufffd"],
  ["", ""],
];
for (const [coded, text] of cases) {
  Deno.test(`UTF-7 ${coded}`, () => assert.equal(decodeUtf7(latin1(coded)), text));
}
