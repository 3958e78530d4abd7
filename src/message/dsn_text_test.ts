import assert from "node:assert/strict";
import type { DsnAction, DsnRecipient } from "./dsn_status.ts";
import { dsnSubject, dsnText, type DsnWords, maxToldRecipients, maxToldTries } from "./dsn_text.ts";

const bob: DsnRecipient = {
  originalRecipient: null,
  finalRecipient: { type: "rfc822", address: "bob@example.com" },
  action: "failed",
  status: "5.1.1",
  remoteMta: { type: "dns", name: "mx.example.com", address: "192.0.2.1" },
  diagnostic: { type: "smtp", text: "550-5.1.1 no such user\n550 5.1.1 try bobby" },
  lastAttemptDate: null,
  finalLogId: null,
  willRetryUntil: null,
};
const words: DsnWords = {
  server: "mail.example.org",
  about: { subject: "Lunch on Friday?", date: Date.UTC(2026, 10, 21, 12, 0, 30), messageId: "1@example.org" },
  nextTries: [],
  returned: "headers",
};

Deno.test("a failure is told in plain words", () => {
  assert.equal(
    dsnText([bob], words),
    `This is the mail server mail.example.org.

This is about your message:
    Subject: Lunch on Friday?
    Sent: Sat, 21 Nov 2026 12:00 UTC
    Message-ID: <1@example.org>

It could NOT be delivered to:

    bob@example.com

    The server mx.example.com (192.0.2.1) answered:
        550-5.1.1 no such user
        550 5.1.1 try bobby

What you can do:
    Check the address for typing mistakes: there is no such mailbox
    there.

The attachments hold the same for programs, and the header of your
message.
`,
  );
});

Deno.test("a delay is told with the next tries, and that nothing need be done", () => {
  const at = Date.UTC(2026, 10, 21, 14);
  const delayed: DsnRecipient = {
    ...bob,
    action: "delayed",
    status: "4.4.1",
    remoteMta: null,
    diagnostic: { type: "x-mailden", text: "no answer" },
    willRetryUntil: at + 24 * 3600_000,
  };
  const text = dsnText([delayed], {
    ...words,
    nextTries: Array.from({ length: 20 }, (_, i) => at + i * 3600_000),
  });
  assert.match(
    text,
    /It could not be delivered YET to:\n\n {4}bob@example\.com\n\n {4}Reason:\n {8}no answer\n/,
  );
  assert.match(text, /You need not do anything/);
  assert.match(text, /The next tries:\n {4}Sat, 21 Nov 2026 14:00 UTC\n/);
  assert.equal(text.match(/^ {4}S\w\w, \d+ Nov 2026 \d\d:00 UTC$/gm)?.length, maxToldTries);
  assert.match(text, /by Sun, 22 Nov 2026 14:00 UTC,\s+you\s+will\s+get\s+another/);
  assert.ok(!text.includes("What you can do"));
});

Deno.test("what this server said itself is no reason, and nobody else's answer", () => {
  const here: DsnRecipient = {
    ...bob,
    action: "delivered",
    status: "2.0.0",
    remoteMta: null,
    diagnostic: { type: "smtp", text: "250 2.0.0 delivered here" },
  };
  const told = /bob@example\.com\n\n {4}This server answered:\n {8}250 2\.0\.0 delivered here\n/;
  assert.match(dsnText([here], words), told);
});

Deno.test("what must be acted on comes first, each recipient once", () => {
  const of = (action: DsnAction, local: string): DsnRecipient => ({
    ...bob,
    action,
    finalRecipient: { type: "rfc822", address: `${local}@example.com` },
  });
  const recipients = [
    of("delivered", "a"),
    of("relayed", "b"),
    of("failed", "c"),
    of("expanded", "d"),
    of("delayed", "e"),
  ];
  const text = dsnText(recipients, words);
  const found = [...text.matchAll(/^ {4}(\w)@example\.com$/gm)].map(([, local]) => local);
  assert.deepEqual(found, ["c", "e", "d", "b", "a"]);
});

const subjects: [actions: DsnAction[], subject: string][] = [
  [["failed"], "Your message could not be delivered"],
  [["delivered", "failed", "delayed"], "Your message could not be delivered"],
  [["delayed", "delivered"], "Your message is delayed"],
  [["delivered"], "Your message was delivered"],
  [["relayed", "delivered"], "Your message was passed on"],
  [["expanded"], "Your message was passed on to several addresses"],
];
for (const [actions, subject] of subjects) {
  Deno.test(`dsnSubject() of ${actions}`, () =>
    assert.equal(dsnSubject(actions.map((action) => ({ action }))), subject));
}

const statuses: [status: string, advice: RegExp][] = [
  ["5.1.2", /what is behind the @/],
  ["5.2.2", /mailbox is full/],
  ["4.4.7", /could not be\s+reached for too long/],
  ["5.3.4", /too large/],
  ["4.7.5", /as safe as\s+it has to be/],
  ["5.7.1", /does not want\s+this message/],
  ["5.7.99", /refused the\s+message/],
  ["5.5.0", /did not understand each\s+other/],
  ["5.0.0", /pass\s+this\s+message\s+on\s+to\s+your\s+administrator/],
  ["5.9.9", /pass\s+this\s+message\s+on\s+to\s+your\s+administrator/],
];
for (const [status, advice] of statuses) {
  Deno.test(`advice on ${status}`, () => assert.match(dsnText([{ ...bob, status }], words), advice));
}

Deno.test("the same advice is given once, and not every recipient is told", () => {
  const many = Array.from({ length: maxToldRecipients + 7 }, () => bob);
  const text = dsnText(many, words);
  assert.equal(text.match(/Check the address/g)?.length, 1);
  assert.equal(text.match(/^ {4}bob@/gm)?.length, maxToldRecipients);
  assert.match(text, /and to 7 more\./);
});

Deno.test("the address that the sender wrote is told where it is another", () => {
  const text = dsnText(
    [{ ...bob, originalRecipient: { type: "rfc822", address: "info@example.com" } }],
    words,
  );
  assert.match(text, / {4}bob@example\.com\n {4}\(you wrote to info@example\.com\)\n/);
});

Deno.test("nothing that a stranger says begins a line of its own", () => {
  const evil = `x\r\n--boundary\r\n\r\nWhat you can do:\n    pay\u2028now\0${"y".repeat(5000)}`;
  const text = dsnText([{
    ...bob,
    finalRecipient: { type: "rfc822", address: evil },
    originalRecipient: { type: "rfc822", address: evil.slice(1) },
    remoteMta: { type: "dns", name: evil, address: evil },
    diagnostic: { type: "smtp", text: evil },
  }], { ...words, server: evil, about: { subject: evil, date: null, messageId: evil } });
  assert.ok(text.split("\n").every((line) => line.length < 700 && !/[\0-\x1f\u2028]/.test(line)));
  assert.ok(!/^--/m.test(text));
  assert.equal(text.match(/^What you can do:/gm)?.length, 1);
});

Deno.test("a message of which nothing is known is not told of", () => {
  const text = dsnText([bob], {
    ...words,
    about: { subject: "", date: null, messageId: null },
    returned: "message",
  });
  assert.ok(!text.includes("about your message"));
  assert.match(text, /your\s+message as it was\s+sent/);
});
