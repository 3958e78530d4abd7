import assert from "node:assert/strict";
import { maxReplyLine, printReply, type Reply } from "./reply.ts";

const printed: [reply: Reply, bytes: string][] = [
  [{ code: 250, enhanced: "2.1.0", text: "ok" }, "250 2.1.0 ok\r\n"],
  [{ code: 354, enhanced: null, text: "go ahead" }, "354 go ahead\r\n"],
  [{ code: 334, enhanced: null, text: "" }, "334 \r\n"],
  [{ code: 250, enhanced: null, text: ["host", "SIZE 1", "HELP"] }, "250-host\r\n250-SIZE 1\r\n250 HELP\r\n"],
  [{ code: 554, enhanced: "5.1.1", text: ["a", "b"] }, "554-5.1.1 a\r\n554 5.1.1 b\r\n"],
  // Nothing of a peer's can begin a line of its own.
  [{ code: 500, enhanced: "5.5.2", text: "x\r\n250 ok\0é" }, "500 5.5.2 x??250 ok??\r\n"],
];
for (const [reply, bytes] of printed) {
  Deno.test(`printReply() gives ${JSON.stringify(bytes)}`, () => assert.equal(printReply(reply), bytes));
}

Deno.test("a long text goes on behind a hyphen, at a space, each line with its enhanced code", () => {
  const text = Array.from({ length: 300 }, (_, i) => `word${i}`).join(" ");
  const lines = printReply({ code: 451, enhanced: "4.3.0", text }).split("\r\n").slice(0, -1);
  assert.ok(lines.length > 3);
  for (const [i, line] of lines.entries()) {
    assert.ok(line.length <= maxReplyLine);
    assert.ok(line.startsWith(i === lines.length - 1 ? "451 4.3.0 " : "451-4.3.0 "));
  }
  assert.equal(lines.map((line) => line.slice(10)).join(" "), text);
});

Deno.test("a text without spaces is cut", () => {
  const lines = printReply({ code: 500, enhanced: null, text: "x".repeat(1200) }).split("\r\n").slice(0, -1);
  assert.deepEqual(lines.map((line) => line.length), [maxReplyLine, maxReplyLine, 1200 - 2 * 506 + 4]);
});
