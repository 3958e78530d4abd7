import assert from "node:assert/strict";
import { delivered, garbled, ownOutcome, refused, refusedRecipient } from "./client_outcome.ts";
import type { ServerReply } from "./client_reply.ts";
import type { ClientWait } from "./client_rules.ts";

const reply = (code: number, enhanced: string | null = null): ServerReply => ({
  code,
  enhanced,
  lines: ["x"],
});

const table: [step: ClientWait, reply: ServerReply, verdict: string, retry: string, status: string][] = [
  ["greeting", reply(450), "temporary", "host", "4.0.0"],
  ["greeting", reply(554, "5.7.1"), "permanent", "host", "5.7.1"],
  ["ehlo", reply(550), "permanent", "host", "5.0.0"],
  ["helo", reply(550), "permanent", "host", "5.0.0"],
  ["mail", reply(451), "temporary", "host", "4.0.0"],
  ["mail", reply(550, "5.1.8"), "permanent", "never", "5.1.8"],
  ["rcpt", reply(450, "4.7.1"), "temporary", "later", "4.7.1"],
  ["rcpt", reply(451), "temporary", "later", "4.0.0"],
  ["rcpt", reply(451, "4.3.0"), "temporary", "host", "4.3.0"],
  ["rcpt", reply(451, "4.4.3"), "temporary", "host", "4.4.3"],
  ["rcpt", reply(451, "4.30.1"), "temporary", "later", "4.30.1"],
  ["rcpt", reply(550, "5.1.1"), "permanent", "never", "5.1.1"],
  ["rcpt", reply(550, "5.3.0"), "permanent", "never", "5.3.0"],
  ["data", reply(451), "temporary", "host", "4.0.0"],
  ["end", reply(452, "4.3.1"), "temporary", "host", "4.3.1"],
  ["end", reply(554), "permanent", "never", "5.0.0"],
];
for (const [step, given, verdict, retry, status] of table) {
  Deno.test(`${given.code} ${given.enhanced ?? ""} to ${step}: ${verdict}, ${retry}`, () => {
    const outcome = refused(given, step);
    assert.deepEqual([outcome.verdict, outcome.retry, outcome.status, outcome.cause, outcome.step], [
      verdict,
      retry,
      status,
      "reply",
      step,
    ]);
    assert.deepEqual([outcome.reply, outcome.fault, outcome.uncertain], [given, null, false]);
  });
}

const recipients: [accepted: number, reply: ServerReply, verdict: string, retry: string][] = [
  [0, reply(452), "temporary", "later"],
  [1, reply(452), "temporary", "transaction"],
  [1, reply(452, "4.5.3"), "temporary", "transaction"],
  [1, reply(452, "4.3.1"), "temporary", "transaction"],
  [1, reply(452, "4.2.2"), "temporary", "later"],
  [0, reply(552), "permanent", "never"],
  [1, reply(552), "temporary", "transaction"],
  [1, reply(552, "5.5.3"), "temporary", "transaction"],
  [1, reply(552, "5.2.2"), "permanent", "never"],
  [1, reply(552, "5.3.4"), "permanent", "never"],
  [1, reply(450), "temporary", "later"],
  [1, reply(550), "permanent", "never"],
];
for (const [accepted, given, verdict, retry] of recipients) {
  Deno.test(`${given.code} ${given.enhanced ?? ""} after ${accepted} accepted: ${verdict}, ${retry}`, () => {
    const outcome = refusedRecipient(given, accepted);
    assert.deepEqual([outcome.verdict, outcome.retry], [verdict, retry]);
    assert.equal(outcome.status[0], verdict === "permanent" ? "5" : "4");
  });
}

Deno.test("what was taken is over", () => {
  const outcome = delivered(reply(250, "2.6.0"), "end");
  assert.deepEqual([outcome.verdict, outcome.retry, outcome.status], ["delivered", "never", "2.6.0"]);
});

Deno.test("a long reply is not kept whole, whoever it came from", () => {
  const long = { code: 421, enhanced: null, lines: Array<string>(150).fill("x".repeat(400)) };
  for (
    const outcome of [
      ownOutcome("shutdown", "mail", { reply: long }),
      refused({ ...long, code: 550 }, "mail"),
    ]
  ) {
    assert.ok((outcome.reply?.lines.join("").length ?? Infinity) <= 2000);
  }
});

Deno.test("a fault is told with the outcome", () => {
  assert.equal(garbled("codes", "rcpt").fault, "codes");
});
