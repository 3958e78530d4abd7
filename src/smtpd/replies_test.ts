import assert from "node:assert/strict";
import { reasons, Refused } from "../base/errors.ts";
import { createLog, silentLog } from "../base/log.ts";
import { authReplies, replies, replyForError, storeReplies } from "./replies.ts";

for (const [name, table] of Object.entries({ replies, authReplies, storeReplies })) {
  Deno.test(`${name}: the class of code and enhanced code agree, and say an error`, () => {
    for (const reason of reasons) {
      const [code, enhanced] = table[reason];
      assert.ok(code >= 400 && code < 600, reason);
      assert.equal(enhanced[0], String(code)[0], reason);
      assert.match(enhanced, /^[45]\.\d\.\d{1,2}$/);
    }
  });
}

Deno.test("a refusal is told by its reason, never by its message", () => {
  const reply = replyForError(new Refused("overQuota", "account x has 3 bytes left"), silentLog);
  assert.deepEqual(reply, { code: 452, enhanced: "4.2.2", text: "mailbox full" });
});

Deno.test("anything else is our bug: a stack in the log, nothing for the peer", () => {
  const lines: string[] = [];
  const log = createLog({ level: "error", format: "text" }, () => 0, (_level, line) => lines.push(line));
  const reply = replyForError(new TypeError("secret insides"), log);
  assert.equal(reply.code, 451);
  assert.ok(!JSON.stringify(reply).includes("secret"));
  assert.match(lines.join(""), /secret insides/);
});
