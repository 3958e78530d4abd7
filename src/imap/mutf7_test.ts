import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeMutf7, encodeMutf7 } from "./mutf7.ts";

const pairs: [text: string, wire: string][] = [
  ["INBOX", "INBOX"],
  ["", ""],
  ["R&D", "R&-D"],
  ["&&", "&-&-"],
  ["Entwürfe", "Entw&APw-rfe"],
  // RFC 3501 5.1.3
  ["~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"],
  ["台北日本語", "&U,BTF2XlZyyKng-"],
  ["😀", "&2D3eAA-"],
  ["a\u0001", "a&AAE-"],
];
for (const [text, wire] of pairs) {
  Deno.test(`modified UTF-7 of ${JSON.stringify(text)} is ${wire}`, () => {
    assert.equal(encodeMutf7(text), wire);
    assert.equal(decodeMutf7(wire), text);
  });
}

const refused = [
  "&", // does not end
  "a&b",
  "&AGE", // does not end
  "&AGE-", // a, which represents itself
  "&U,BTFw-&ZeVnLIqe-", // RFC 3501 5.1.3: a superfluous shift
  "&U-", // half a character
  "&U,-",
  "&U/BTFw-", // the slash of plain base64
  "&APw=-", // padding
  "&APx-", // bits left over
  "&2D0-", // half of a surrogate pair
  "é",
  "a\u0001",
];
for (const wire of refused) {
  Deno.test(`decodeMutf7() refuses ${JSON.stringify(wire)}`, () => assert.equal(decodeMutf7(wire), null));
}

Deno.test("every name is read as it was written, and has one spelling", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assert.equal(decodeMutf7(encodeMutf7(text)), text);
  }));
  const wire = fc.array(fc.constantFrom("&", "-", "A", "P", "w", ",", "+", "U", "2D0", "AGE", " "));
  fc.assert(fc.property(wire, (parts) => {
    const text = decodeMutf7(parts.join(""));
    if (text !== null) assert.equal(encodeMutf7(text), parts.join(""));
  }));
});
