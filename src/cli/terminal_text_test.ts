import assert from "node:assert/strict";
import { terminalText } from "./terminal_text.ts";

Deno.test("control characters are written out, so that a terminal takes no orders", () => {
  assert.equal(
    terminalText("\x1b]0;title\x07 \x9b31m \x7f\0\r"),
    "\\u001b]0;title\\u0007 \\u009b31m \\u007f\\u0000\\u000d",
  );
  assert.equal(terminalText("a\tb\r\nc\nd \u00fc \u{1f600}"), "a\tb\nc\nd \u00fc \u{1f600}");
});

Deno.test("JSON means the same", () => {
  const value = { text: "\x1b[31m\x80\x9f\u2028 \r\n" };
  assert.deepEqual(JSON.parse(terminalText(JSON.stringify(value))), value);
});
