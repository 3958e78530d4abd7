import assert from "node:assert/strict";
import { maxEnvidLength, maxOrcptLength, printMailLine, printRcptLine } from "./client_commands.ts";
import { noOffers, type Offers } from "./client_offers.ts";
import type { Notify, OutgoingMessage } from "./client_state.ts";
import { outgoing } from "./testing/client_stage.ts";

const all: Offers = {
  ...noOffers,
  extended: true,
  size: 1000,
  eightBit: true,
  smtpUtf8: true,
  dsn: true,
  requireTls: true,
};
const full: Partial<OutgoingMessage> = { eightBit: true, requireTls: true, ret: "FULL", envid: "a+20b" };

const mails: [message: OutgoingMessage, offers: Offers, utf8: boolean, line: string][] = [
  [outgoing("", ["b@c.example"]), noOffers, false, "MAIL FROM:<>"],
  [outgoing('"a b"@c.example', ["b@c.example"]), noOffers, false, 'MAIL FROM:<"a b"@c.example>'],
  [outgoing("a@bücher.example", ["b@c.example"]), noOffers, false, "MAIL FROM:<a@xn--bcher-kva.example>"],
  [
    outgoing("a@bücher.example", ["b@c.example"]),
    all,
    true,
    "MAIL FROM:<a@bücher.example> SIZE=100 SMTPUTF8",
  ],
  [outgoing("a@c.example", ["b@c.example"]), all, false, "MAIL FROM:<a@c.example> SIZE=100"],
  [
    outgoing("a@c.example", ["b@c.example"], full),
    all,
    true,
    "MAIL FROM:<a@c.example> SIZE=100 BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=a+20b REQUIRETLS",
  ],
  [
    outgoing("a@c.example", ["b@c.example"], { ...full, requireTls: false }),
    noOffers,
    false,
    "MAIL FROM:<a@c.example>",
  ],
];
for (const [message, offers, utf8, line] of mails) {
  Deno.test(line, () => assert.equal(printMailLine(message, offers, utf8), line));
}

const to = outgoing("", ["b@bücher.example"]).recipients[0]?.to ?? { local: "", domain: "" };
const rcpts: [notify: Notify | null, orcpt: string | null, offers: Offers, utf8: boolean, line: string][] = [
  [null, null, all, false, "RCPT TO:<b@xn--bcher-kva.example>"],
  [null, null, all, true, "RCPT TO:<b@bücher.example>"],
  ["NEVER", null, noOffers, true, "RCPT TO:<b@bücher.example>"],
  ["NEVER", null, all, true, "RCPT TO:<b@bücher.example> NOTIFY=NEVER"],
  [
    ["SUCCESS", "FAILURE"],
    "rfc822;B+2Bc@d",
    all,
    true,
    "RCPT TO:<b@bücher.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;B+2Bc@d",
  ],
  [null, "utf-8;ä😀@d", all, true, "RCPT TO:<b@bücher.example> ORCPT=utf-8;ä😀@d"],
  [null, "utf-8;ä😀@d", all, false, "RCPT TO:<b@xn--bcher-kva.example> ORCPT=utf-8;\\x{E4}\\x{1F600}@d"],
];
for (const [notify, orcpt, offers, utf8, line] of rcpts) {
  Deno.test(line, () => assert.equal(printRcptLine({ to, notify, orcpt }, offers, utf8), line));
}

const wrongMails: Partial<OutgoingMessage>[] = [
  { envid: "" },
  { envid: "a b" },
  { envid: "a=b" },
  { envid: "a+2b" },
  { envid: "a\r\nRCPT" },
  { envid: "ä" },
  { envid: "x".repeat(maxEnvidLength + 1) },
  { from: { local: "a\r\nDATA", domain: "c.example" } },
  { from: { local: "a", domain: "c.example>\r\nDATA" } },
];
for (const own of wrongMails) {
  Deno.test(`MAIL is not written with ${JSON.stringify(own)}`, () => {
    assert.throws(() => printMailLine(outgoing("a@c.example", ["b@c.example"], own), all, false), TypeError);
  });
}

const wrongRcpts: [notify: Notify | null, orcpt: string | null][] = [
  [[], null],
  [null, "b@c.example"],
  [null, "rfc822;"],
  [null, "rfc822;b c"],
  [null, "rfc822;b=c"],
  [null, "rfc822;b\r\nDATA"],
  [null, `rfc822;${"x".repeat(maxOrcptLength)}`],
];
for (const [notify, orcpt] of wrongRcpts) {
  Deno.test(`RCPT is not written with ${JSON.stringify([notify, orcpt])}`, () => {
    assert.throws(() => printRcptLine({ to, notify, orcpt }, all, false), TypeError);
  });
}

Deno.test("the longest ENVID and ORCPT are written", () => {
  const message = outgoing("", ["b@c.example"], { envid: "x".repeat(maxEnvidLength) });
  assert.ok(printMailLine(message, all, false).endsWith("xxx"));
  const orcpt = `rfc822;${"x".repeat(maxOrcptLength - 7)}`;
  assert.ok(printRcptLine({ to, notify: null, orcpt }, all, false).endsWith("xxx"));
});
