import assert from "node:assert/strict";
import { concat, fromUtf8, latin1, utf8 } from "../base/bytes.ts";
import { composeDsn, type DsnDraft } from "./dsn_compose.ts";
import { readDsn } from "./dsn_parse.ts";
import type { DsnRecipient } from "./dsn_status.ts";
import { fieldValues } from "./headers.ts";
import type { Part } from "./message_index.ts";
import { checkIndex, indexOf } from "./testing/check_index.ts";

const bob: DsnRecipient = {
  originalRecipient: { type: "rfc822", address: "Bob@example.com" },
  finalRecipient: { type: "rfc822", address: "bob@example.com" },
  action: "failed",
  status: "5.1.1",
  remoteMta: { type: "dns", name: "mx.example.com", address: "192.0.2.1" },
  diagnostic: { type: "smtp", text: "550 5.1.1 no such user" },
  lastAttemptDate: Date.UTC(2026, 10, 21, 13),
  finalLogId: "q1",
  willRetryUntil: null,
};
const draft: DsnDraft = {
  from: { name: "Mail delivery", address: { local: "postmaster", domain: "mail.example.org" } },
  to: { local: "alice", domain: "example.org" },
  date: Date.UTC(2026, 10, 21, 13, 5),
  messageId: "dsn1@mail.example.org",
  status: {
    originalEnvelopeId: "QQ1",
    reportingMta: { type: "dns", name: "mail.example.org", address: null },
    dsnGateway: null,
    receivedFromMta: null,
    arrivalDate: Date.UTC(2026, 10, 21, 12),
    futureRelease: null,
    recipients: [bob],
  },
  original: utf8("From: alice@example.org\r\nSubject: Hi\r\nMessage-ID: <m1@example.org>\r\n\r\nHello\r\n"),
  ret: null,
  path: { utf8: false, eightBit: false },
};

function counter(): () => string {
  let n = 0;
  return () => `boundary${n++}`;
}

function shape({ type, subtype, children }: Part): string {
  return `${type}/${subtype}${children.length === 0 ? "" : `(${children.map(shape).join(" ")})`}`;
}

function composed(change: Partial<DsnDraft> = {}) {
  const dsn = composeDsn({ ...draft, ...change }, counter());
  const index = indexOf(dsn.message);
  checkIndex(dsn.message, index);
  return { ...dsn, index, text: fromUtf8(dsn.message), read: readDsn(dsn.message, index) };
}

Deno.test("a notification, whole", () => {
  const { text, index, envelope, is8Bit, needsUtf8, read } = composed();
  assert.equal(
    text.slice(0, text.indexOf("\r\n\r\n")),
    [
      "From: Mail delivery <postmaster@mail.example.org>",
      "To: alice@example.org",
      "Subject: Your message could not be delivered",
      "Date: Sat, 21 Nov 2026 13:05:00 +0000",
      "Message-ID: <dsn1@mail.example.org>",
      "References: <m1@example.org>",
      "Auto-Submitted: auto-replied",
      "MIME-Version: 1.0",
      "Content-Type: multipart/report; report-type=delivery-status;",
      ' boundary="=_boundary0"',
    ].join("\r\n"),
  );
  assert.deepEqual(envelope, { from: null, to: draft.to, notify: "NEVER" });
  assert.deepEqual([is8Bit, needsUtf8], [false, false]);
  assert.ok(index.isReport);
  assert.equal(shape(index.root), "multipart/report(text/plain message/delivery-status text/rfc822-headers)");
  assert.deepEqual(read?.status, draft.status);
  assert.equal(read?.originalMessageId, "m1@example.org");
  assert.deepEqual(index.problems, []);
});

const shapes: [why: string, change: Partial<DsnDraft>, third: string, is8Bit: boolean, needsUtf8: boolean][] =
  [
    ["the whole message", { ret: "full" }, "message/rfc822(text/plain)", false, false],
    ["the header", { ret: "headers" }, "text/rfc822-headers", false, false],
    // RFC 3461 4.3: without a failure, the header only.
    [
      "a delay",
      {
        ret: "full",
        status: { ...draft.status, recipients: [{ ...bob, action: "delayed", status: "4.4.1" }] },
      },
      "text/rfc822-headers",
      false,
      false,
    ],
    [
      "an 8-bit message",
      { ret: "full", path: { utf8: false, eightBit: true }, original: utf8("Subject: x\r\n\r\nGrüße\r\n") },
      "message/rfc822(text/plain)",
      true,
      false,
    ],
  ];
for (const [why, change, third, is8Bit, needsUtf8] of shapes) {
  Deno.test(`what is returned: ${why}`, () => {
    const made = composed(change);
    assert.equal(shape(made.index.root), `multipart/report(text/plain message/delivery-status ${third})`);
    assert.deepEqual([made.is8Bit, made.needsUtf8], [is8Bit, needsUtf8]);
    // RFC 2045 6.1, 6.4: what holds 8-bit parts says so; without a word it is 7-bit.
    assert.equal(made.index.root.encoding, is8Bit ? "8bit" : "7bit");
  });
}

const international: Partial<DsnDraft> = {
  original: utf8("From: jürgen@bücher.example\r\nSubject: Grüße\r\nMessage-ID: <m2@x>\r\n\r\nHallo\r\n"),
  status: {
    ...draft.status,
    recipients: [{
      ...bob,
      originalRecipient: null,
      finalRecipient: { type: "utf-8", address: "用户@例え.example" },
      diagnostic: { type: "smtp", text: "550 5.1.1 nicht gefunden: 用户" },
    }],
  },
};

Deno.test("an internationalised notification, on a way that takes SMTPUTF8", () => {
  const made = composed({ ...international, path: { utf8: true, eightBit: true } });
  assert.equal(
    shape(made.index.root),
    "multipart/report(text/plain message/global-delivery-status message/global-headers)",
  );
  assert.ok(made.is8Bit && made.needsUtf8);
  assert.equal(made.index.root.encoding, "8bit");
  assert.deepEqual(made.read?.status.recipients, international.status?.recipients);
  assert.equal(made.read?.originalMessageId, "m2@x");
});

Deno.test("the same on a way that does not", () => {
  const made = composed(international);
  assert.equal(
    shape(made.index.root),
    "multipart/report(text/plain message/delivery-status message/global-headers)",
  );
  assert.ok(!made.is8Bit && !made.needsUtf8);
  assert.ok(made.message.every((octet) => octet < 0x80));
  assert.deepEqual(made.read?.status.recipients[0]?.finalRecipient, {
    type: "utf-8",
    address: "用户@例え.example",
  });
  assert.equal(made.read?.status.recipients[0]?.diagnostic?.text, "550 5.1.1 nicht gefunden: ??");
  assert.equal(made.read?.originalMessageId, "m2@x");
  const full = composed({ ...international, ret: "full" });
  assert.ok(full.message.every((octet) => octet < 0x80));
  assert.equal(full.read?.originalMessageId, "m2@x"); // In base64, and read again.
});

Deno.test("a way with SMTPUTF8 changes nothing for what is ASCII", () => {
  assert.deepEqual(composed({ path: { utf8: true, eightBit: true } }).message, composed().message);
});

Deno.test("a message that contains the boundary does not end its part", () => {
  const original = concat([draft.original, latin1("--=_boundary0--\r\n--=_boundary1\r\n")]);
  const made = composed({ ret: "full", original });
  assert.equal(
    shape(made.index.root),
    "multipart/report(text/plain message/delivery-status message/rfc822(text/plain))",
  );
  assert.match(made.text, /boundary="=_boundary2"/);
  assert.throws(() => composeDsn({ ...draft, ret: "full", original }, () => "boundary0"), TypeError);
  assert.throws(() => composeDsn(draft, () => 'a"b'), TypeError);
});

Deno.test("references are of an original that can be referred to", () => {
  const of = (id: string) =>
    fieldValues(composed({ original: latin1(`Subject: x\r\n${id}\r\n`) }).message, "References");
  assert.deepEqual(of("Message-ID: <a@b>\r\n"), ["<a@b>"]);
  assert.deepEqual(of("Message-ID:\r\n <a@b>\r\n"), ["<a@b>"]);
  assert.deepEqual(of("X: y\r\n"), []);
  assert.deepEqual(of("Message-ID: <\xfc@b>\r\n"), []);
  assert.deepEqual(of(`Message-ID: <${"a".repeat(950)}@b>\r\n`), []);
});

Deno.test("what can never be right is refused", () => {
  assert.throws(() => composed({ messageId: "a b" }), TypeError);
  assert.throws(() => composed({ messageId: "" }), TypeError);
  assert.throws(() => composed({ status: { ...draft.status, recipients: [] } }), TypeError);
});
