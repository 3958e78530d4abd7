import assert from "node:assert/strict";
import { concat, latin1, utf8 } from "../base/bytes.ts";
import { maxDsnRecipients } from "./dsn_print.ts";
import {
  maxEncodedMessageOctets,
  maxReadText,
  maxReturnedHeaderOctets,
  maxStatusOctets,
  parseDeliveryStatus,
  readDsn,
} from "./dsn_parse.ts";
import { indexOf } from "./testing/check_index.ts";

const parse = (...lines: string[]) => parseDeliveryStatus(latin1(lines.join("\r\n")));
const first = (...lines: string[]) => parse("Reporting-MTA: dns; x", "", ...lines).recipients[0];

Deno.test("as Postfix writes it", () => {
  const status = parse(
    "Reporting-MTA: dns; mail.example.org",
    "X-Postfix-Queue-ID: 4F2A",
    "X-Postfix-Sender: rfc822; alice@example.org",
    "Arrival-Date: Sat, 21 Nov 2026 13:05:00 +0100 (CET)",
    "",
    "Final-Recipient: rfc822; bob@example.com",
    "Original-Recipient: rfc822;bob@example.com",
    "Action: failed",
    "Status: 5.1.1",
    "Remote-MTA: dns; mx.example.com",
    "Diagnostic-Code: smtp; 550 5.1.1 <bob@example.com>: Recipient address rejected:",
    "    User unknown in virtual mailbox table",
    "",
  );
  assert.equal(status.reportingMta?.name, "mail.example.org");
  assert.equal(status.arrivalDate, Date.UTC(2026, 10, 21, 12, 5));
  assert.deepEqual(status.recipients, [{
    originalRecipient: { type: "rfc822", address: "bob@example.com" },
    finalRecipient: { type: "rfc822", address: "bob@example.com" },
    action: "failed",
    status: "5.1.1",
    remoteMta: { type: "dns", name: "mx.example.com", address: null },
    diagnostic: {
      type: "smtp",
      text: "550 5.1.1 <bob@example.com>: Recipient address rejected: User unknown in virtual mailbox table",
    },
    lastAttemptDate: null,
    finalLogId: null,
    willRetryUntil: null,
  }]);
});

const fields: [line: string, key: string, value: unknown][] = [
  ["action: FAILED (delivery failed)", "action", "failed"],
  ["Action: bounced", "action", null],
  ["Action:", "action", null],
  ["Status: 5.1.1 (bad destination)", "status", "5.1.1"],
  ["Status: 5.1.1x", "status", "5.1.1"],
  ["Status: 9.1.1", "status", null],
  ["Status: 5.1", "status", null],
  ["Status: 550", "status", null],
  ["Final-Recipient: RFC822 ; <Bob@example.com>", "finalRecipient", {
    type: "rfc822",
    address: "Bob@example.com",
  }],
  ["Final-Recipient: bob@example.com", "finalRecipient", { type: "rfc822", address: "bob@example.com" }],
  ["Final-Recipient: utf-8; \\x{FC}@x", "finalRecipient", { type: "utf-8", address: "ü@x" }],
  // What breaks the encoding stays. RFC 6533 3
  ["Final-Recipient: utf-8; \\x{41}@x", "finalRecipient", { type: "utf-8", address: "\\x{41}@x" }],
  ["Final-Recipient: rfc822; \xfc@x", "finalRecipient", { type: "rfc822", address: "ü@x" }],
  ["Remote-MTA: dns; mx.example.com ([192.0.2.1])", "remoteMta", {
    type: "dns",
    name: "mx.example.com",
    address: "192.0.2.1",
  }],
  ["Remote-MTA: DNS;mx.example.com [IPv6:2001:DB8::1]", "remoteMta", {
    type: "dns",
    name: "mx.example.com",
    address: "2001:db8::1",
  }],
  ["Remote-MTA: dns; mx.example.com (TCP|192.0.2.1|25)", "remoteMta", {
    type: "dns",
    name: "mx.example.com",
    address: null,
  }],
  ["Diagnostic-Code: X-Unix; No such user", "diagnostic", { type: "x-unix", text: "No such user" }],
  ["Diagnostic-Code: 550 no", "diagnostic", { type: "smtp", text: "550 no" }],
  ["Diagnostic-Code: smtp;\r\n 550-a\r\n\t550 b", "diagnostic", { type: "smtp", text: "550-a\n550 b" }],
  ["Last-Attempt-Date: Sat, 21 Nov 2026 13:00:00 -0000", "lastAttemptDate", Date.UTC(2026, 10, 21, 13)],
  ["Last-Attempt-Date: yesterday", "lastAttemptDate", null],
  ["Final-Log-Id:  a\tb ", "finalLogId", "a b"],
];
for (const [line, key, value] of fields) {
  Deno.test(`parseDeliveryStatus() reads ${JSON.stringify(line)}`, () => {
    const read = first(
      "Action: failed".startsWith(line.slice(0, 6)) ? "Original-Recipient: x; y" : "Action: failed",
      line,
    );
    assert.deepEqual(
      read === undefined ? undefined : { [key]: Object.entries(read).find(([name]) => name === key)?.[1] },
      {
        [key]: value,
      },
    );
  });
}

Deno.test("fields in an order of their own, lines that end in LF, and empty lines with spaces", () => {
  const status = parseDeliveryStatus(
    utf8(
      "\n \nFinal-Recipient: rfc822; a@b\nAction: failed\n\t\n\nAction: delayed\n\nReporting-MTA: dns; late\n",
    ),
  );
  assert.deepEqual(status.recipients.map((one) => one.action), ["failed", "delayed"]);
  assert.equal(status.reportingMta?.name, "late");
});

Deno.test("of a field that comes twice, the first counts", () => {
  assert.equal(first("Action: failed", "Action: delivered")?.action, "failed");
});

for (const nothing of ["", "\r\n\r\n", "hello", ": x", "\0".repeat(100)]) {
  Deno.test(`parseDeliveryStatus() finds nothing in ${JSON.stringify(nothing.slice(0, 10))}`, () => {
    const status = parseDeliveryStatus(latin1(nothing));
    assert.deepEqual(status.recipients, []);
    assert.equal(status.reportingMta, null);
  });
}

Deno.test("neither many recipients nor long texts nor much of it are kept", () => {
  const many = "Action: failed\r\n\r\n".repeat(maxDsnRecipients * 3);
  assert.equal(parseDeliveryStatus(latin1(many)).recipients.length, maxDsnRecipients);
  const long = "x".repeat(10_000);
  const one = first(
    "Action: failed",
    `Final-Log-ID: ${long}`,
    `Final-Recipient: ${long}`,
    `Diagnostic-Code: ${long}`,
  );
  assert.equal(one?.finalLogId?.length, maxReadText);
  assert.equal(one?.finalRecipient?.address.length, maxReadText);
  assert.equal(one?.diagnostic?.text.length, maxReadText);
  const beyond = concat([
    latin1("a: b\r\n".repeat(maxStatusOctets / 6)),
    latin1("\r\n\r\nAction: failed\r\n"),
  ]);
  assert.equal(parseDeliveryStatus(beyond).recipients.length, 0);
});

const report = (status: string, returned: string, type = "multipart/report; report-type=delivery-status") =>
  utf8([
    "From: mailer-daemon@example.com",
    `Content-Type: ${type}; boundary=b`,
    "",
    "--b",
    "",
    "Not delivered.",
    "--b",
    status,
    "--b",
    returned,
    "--b--",
    "",
  ].join("\r\n"));
const fieldsPart =
  "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nAction: failed\r\n";

const whole: [why: string, message: Uint8Array, id: string | null | undefined][] = [
  [
    "with a header",
    report(fieldsPart, "Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <1@x>\r\n"),
    "1@x",
  ],
  [
    "with a folded header",
    report(fieldsPart, "Content-Type: text/rfc822-headers\r\n\r\nMessage-ID:\r\n <1@x>\r\n"),
    "1@x",
  ],
  [
    "with a message",
    report(fieldsPart, "Content-Type: message/rfc822\r\n\r\nMessage-ID: <2@x>\r\n\r\nHello\r\n"),
    "2@x",
  ],
  [
    "with an encoded global message",
    report(
      fieldsPart,
      "Content-Type: message/global\r\nContent-Transfer-Encoding: base64\r\n\r\nTWVzc2FnZS1JRDogPDNAeD4NCg0KSGVsbG8NCg==\r\n",
    ),
    "3@x",
  ],
  ["with nothing of use", report(fieldsPart, "\r\nHello\r\n"), null],
  [
    "with a header without an id",
    report(fieldsPart, "Content-Type: text/rfc822-headers\r\n\r\nSubject: x\r\n"),
    null,
  ],
  [
    "encoded",
    report(
      "Content-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\nQWN0aW9uOiBmYWlsZWQNCg==\r\n",
      "Content-Type: message/global-headers\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nMessage-ID: <4=40x>\r\n",
    ),
    "4@x",
  ],
  [
    "in multipart/mixed",
    report(fieldsPart, "Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <5@x>\r\n", "multipart/mixed"),
    "5@x",
  ],
  [
    "in a message that was passed on",
    report(
      "Content-Type: text/plain\r\n\r\nSee below\r\n",
      `Content-Type: message/rfc822\r\n\r\n${
        new TextDecoder().decode(report(fieldsPart, "")).replaceAll("b", "c")
      }`,
    ),
    undefined,
  ],
  ["that is none", utf8("Subject: x\r\n\r\nHello\r\n"), undefined],
];
for (const [why, message, id] of whole) {
  Deno.test(`readDsn() of a notification ${why}`, () => {
    const dsn = readDsn(message, indexOf(message));
    if (id === undefined) return assert.equal(dsn, null);
    assert.equal(dsn?.originalMessageId, id);
    assert.deepEqual(dsn?.status.recipients.map((one) => one.action), ["failed"]);
  });
}

Deno.test("of what is returned, only so much is read", () => {
  const id = (returned: string) => {
    const message = report(fieldsPart, returned);
    return readDsn(message, indexOf(message))?.originalMessageId;
  };
  const filler = (octets: number) => `X: ${"y".repeat(95)}\r\n`.repeat(octets / 100);
  const header = "Content-Type: text/rfc822-headers\r\n\r\n";
  assert.equal(id(`${header}${filler(maxReturnedHeaderOctets - 1000)}Message-ID: <1@x>\r\n`), "1@x");
  assert.equal(id(`${header}${filler(maxReturnedHeaderOctets + 1000)}Message-ID: <1@x>\r\n`), null);
  const encoded =
    "Content-Type: message/global\r\nContent-Transfer-Encoding: base64\r\n\r\nTWVzc2FnZS1JRDogPDNAeD4NCg0K\r\n";
  const lines = (octets: number) => `${"QUFB".repeat(18)}\r\n`.repeat(octets / 74);
  assert.equal(id(encoded + lines(maxEncodedMessageOctets)), "3@x");
  assert.equal(id(encoded + lines(2 * maxEncodedMessageOctets + 1000)), null);
});

Deno.test("a status that is too large is none", () => {
  const message = report(`${fieldsPart}${"X: y\r\n".repeat(maxStatusOctets / 3)}`, "");
  assert.equal(readDsn(message, indexOf(message)), null);
});
