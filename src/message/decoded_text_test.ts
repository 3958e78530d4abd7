import assert from "node:assert/strict";
import { latin1 } from "../base/bytes.ts";
import { decodeText, decodeWordsOf, type TextPart } from "./decoded_text.ts";

const plain: TextPart = { type: "text", subtype: "plain", charset: null, encoding: "7bit" };

Deno.test("the text of a part", () => {
  const cases: [part: Partial<TextPart>, body: string, text: string][] = [
    [{}, "a", "a"],
    [{ encoding: "quoted-printable", charset: "iso-8859-1" }, "=FC", "ü"],
    [{ encoding: "base64", charset: "utf-8" }, "w7w=", "ü"],
    [{ encoding: "unknown", charset: "utf-8" }, "\xc3\xbc", "ü"],
    [{ subtype: "html" }, "<b>a</b>", "<b>a</b>"],
  ];
  for (const [part, body, text] of cases) assert.equal(decodeText({ ...plain, ...part }, latin1(body)), text);
});

Deno.test("the words of HTML", () => {
  assert.equal(decodeWordsOf({ ...plain, subtype: "html" }, latin1("<b>a</b>&amp;<script>x</script>")), "a&");
  assert.equal(decodeWordsOf(plain, latin1("<b>a</b>")), "<b>a</b>");
});
