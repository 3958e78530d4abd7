import assert from "node:assert/strict";
import { maxPreviewLength, previewOfHtml, previewOfText } from "./preview.ts";

const texts: [text: string, preview: string][] = [
  ["", ""],
  ["Hello,\r\n\r\nhow are   you?\r\n", "Hello, how are you?"],
  ["Yes.\r\n\r\nOn Monday, Joe wrote:\r\n> a\r\n> b\r\n\r\nbye", "Yes. [...] bye"],
  ["> a\r\n>> b\r\nyes\r\n> c", "[...] yes [...]"],
  ["> a\r\n\r\n> b", "[...]"],
  ["text\r\n-- \r\nsignature", "text"],
  ["text\r\n--\r\nsignature", "text"],
  ["a\u0000b\u001b[31m\u200b\u202ec", "a b [31m c"],
  ["x".repeat(1000), "x".repeat(maxPreviewLength)],
  ["😀".repeat(1000), "😀".repeat(maxPreviewLength)],
  ["\ud800", "\ufffd"],
];
for (const [text, preview] of texts) {
  Deno.test(`preview of ${JSON.stringify(text.slice(0, 40))}`, () =>
    assert.equal(previewOfText(text), preview));
}

Deno.test("preview of HTML", () => {
  const html = "<html><head><style>x</style></head><body><p>Hi &amp; bye</p>" +
    "<p>Joe wrote:</p><blockquote>old</blockquote><p>new</p></body></html>";
  assert.equal(previewOfHtml(html), "Hi & bye Joe wrote: [...] new");
  assert.equal(previewOfHtml("<img src=x>"), "");
});

Deno.test("long texts are not read to their end", () => {
  assert.equal(previewOfText("> x\n".repeat(1_000_000)), "[...]");
  assert.equal(previewOfText("\n".repeat(1_000_000)), "");
  assert.equal(Array.from(previewOfHtml("<b>x</b> ".repeat(100_000))).length <= maxPreviewLength, true);
});
