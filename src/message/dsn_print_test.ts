import assert from "node:assert/strict";
import fc from "fast-check";
import { utf8 } from "../base/bytes.ts";
import { parseDeliveryStatus } from "./dsn_parse.ts";
import {
  maxDiagnosticLines,
  maxDsnRecipients,
  maxDsnText,
  plainText,
  printDeliveryStatus,
} from "./dsn_print.ts";
import { type DeliveryStatus, dsnActions, type DsnRecipient, statusOfReply } from "./dsn_status.ts";

export const recipient: DsnRecipient = {
  originalRecipient: null,
  finalRecipient: { type: "rfc822", address: "bob@example.com" },
  action: "failed",
  status: "5.1.1",
  remoteMta: null,
  diagnostic: null,
  lastAttemptDate: null,
  finalLogId: null,
  willRetryUntil: null,
};
export const status: DeliveryStatus = {
  originalEnvelopeId: null,
  reportingMta: { type: "dns", name: "mail.example.org", address: null },
  dsnGateway: null,
  receivedFromMta: null,
  arrivalDate: null,
  futureRelease: null,
  recipients: [recipient],
};
const ascii = { utf8: false };
const print = (change: Partial<DsnRecipient>, form = ascii) =>
  printDeliveryStatus({ ...status, recipients: [{ ...recipient, ...change }] }, form);

Deno.test("all fields, in the order of the standard", () => {
  const whole: DeliveryStatus = {
    originalEnvelopeId: "QQ 1+",
    reportingMta: { type: "dns", name: "mail.example.org", address: null },
    dsnGateway: { type: "dns", name: "gate.example.org", address: null },
    receivedFromMta: { type: "dns", name: "client.example.org", address: "192.0.2.7" },
    arrivalDate: Date.UTC(2026, 10, 21, 12),
    futureRelease: "for;3600",
    recipients: [{
      originalRecipient: { type: "rfc822", address: "Bob@example.com" },
      finalRecipient: { type: "rfc822", address: "bob@mx.example.com" },
      action: "delayed",
      status: "4.4.1",
      remoteMta: { type: "dns", name: "mx.example.com", address: "2001:db8::1" },
      diagnostic: { type: "smtp", text: "451-4.4.1 not now\n451 4.4.1 later" },
      lastAttemptDate: Date.UTC(2026, 10, 21, 13),
      finalLogId: "log 1",
      willRetryUntil: Date.UTC(2026, 10, 22, 13),
    }, recipient],
  };
  const printed = [
    "Original-Envelope-Id: QQ 1+",
    "Reporting-MTA: dns; mail.example.org",
    "DSN-Gateway: dns; gate.example.org",
    "Received-From-MTA: dns; client.example.org (192.0.2.7)",
    "Arrival-Date: Sat, 21 Nov 2026 12:00:00 +0000",
    "Future-Release-Request: for;3600",
    "",
    "Original-Recipient: rfc822; Bob@example.com",
    "Final-Recipient: rfc822; bob@mx.example.com",
    "Action: delayed",
    "Status: 4.4.1",
    "Remote-MTA: dns; mx.example.com (2001:db8::1)",
    "Diagnostic-Code: smtp; 451-4.4.1 not now",
    " 451 4.4.1 later",
    "Last-Attempt-Date: Sat, 21 Nov 2026 13:00:00 +0000",
    "Final-Log-ID: log 1",
    "Will-Retry-Until: Sun, 22 Nov 2026 13:00:00 +0000",
    "",
    "Final-Recipient: rfc822; bob@example.com",
    "Action: failed",
    "Status: 5.1.1",
    "",
  ].join("\r\n");
  assert.equal(printDeliveryStatus(whole, ascii), printed);
  assert.deepEqual(parseDeliveryStatus(utf8(printed)), whole);
});

Deno.test("an address of type utf-8 is encoded where UTF-8 may not stand", () => {
  const finalRecipient = { type: "utf-8", address: "jürgen@bücher.example" };
  assert.match(
    print({ finalRecipient }),
    /Final-Recipient: utf-8; j\\x\{FC\}rgen@b\\x\{FC\}cher\.example\r\n/,
  );
  assert.match(
    print({ finalRecipient }, { utf8: true }),
    /Final-Recipient: utf-8; jürgen@bücher\.example\r\n/,
  );
  for (const form of [ascii, { utf8: true }]) {
    const read = parseDeliveryStatus(utf8(print({ finalRecipient }, form)));
    assert.deepEqual(read.recipients[0]?.finalRecipient, finalRecipient);
  }
});

Deno.test("nothing that a stranger says ends its field, whatever it is", () => {
  const evil = "x\r\n\r\nAction: delivered\r\nStatus: 2.0.0\n\n--boundary\0\u2028\u0085y";
  const printed = printDeliveryStatus({
    originalEnvelopeId: evil,
    reportingMta: { type: evil, name: evil, address: evil },
    dsnGateway: null,
    receivedFromMta: { type: "dns", name: `${evil} (192.0.2.1)`, address: evil },
    arrivalDate: null,
    futureRelease: evil,
    recipients: [{
      ...recipient,
      originalRecipient: { type: evil, address: evil },
      finalRecipient: { type: "rfc822", address: evil },
      remoteMta: { type: "dns", name: evil, address: null },
      diagnostic: { type: evil, text: evil },
      finalLogId: evil,
    }],
  }, ascii);
  assert.match(printed, /^(?:[ -~]*\r\n)*$/);
  const read = parseDeliveryStatus(utf8(printed));
  assert.equal(read.recipients.length, 1);
  assert.equal(read.recipients[0]?.action, "failed");
  assert.equal(read.recipients[0]?.status, "5.1.1");
  assert.ok(!/^--/m.test(printed));
});

Deno.test("long texts are cut, long replies too, and no line is longer than a line may be", () => {
  const long = "語".repeat(5000);
  const lines = Array.from({ length: 100 }, (_, i) => `550-${i} ${long}`).join("\n");
  for (const form of [ascii, { utf8: true }]) {
    const printed = print({
      finalRecipient: { type: "utf-8", address: `${long}@example.org` },
      diagnostic: { type: "smtp", text: lines },
      finalLogId: long,
      remoteMta: { type: "dns", name: long, address: null },
    }, form);
    const octets = printed.split("\r\n").map((line) => utf8(line).length);
    assert.ok(Math.max(...octets) <= 998);
    assert.equal(printed.match(/550-/g)?.length, maxDiagnosticLines);
    assert.match(printed, /\[\.\.\.\]/);
  }
  assert.equal(plainText("a".repeat(maxDsnText), ascii).length, maxDsnText);
  assert.match(plainText("a".repeat(maxDsnText + 1), ascii), /^a+ \[\.\.\.\]$/);
  assert.ok(plainText("📧".repeat(1000), { utf8: true }).isWellFormed());
});

Deno.test("a server's name is told in A-labels, and what is no name as it can be", () => {
  const remote = (name: string, type = "dns") =>
    /Remote-MTA: (.*)\r\n/.exec(print({ remoteMta: { type, name, address: null } }))?.[1];
  assert.equal(remote("mx.bücher.example"), "dns; mx.xn--bcher-kva.example");
  assert.equal(remote("b\u0080ü (x)"), "dns; b????x?");
  assert.equal(remote("bücher", "x-local"), "x-local; b?cher");
  assert.equal(remote("a".repeat(300)), `dns; ${"a".repeat(255)}`);
});

const wrong: [why: string, change: Partial<DsnRecipient>][] = [
  ["no status", { status: "" }],
  ["a status with zeros in front", { status: "5.01.1" }],
  ["a status of no class", { status: "3.0.0" }],
  ["a status with words", { status: "5.1.1 x" }],
  ["a failure that is tried again", { willRetryUntil: 1 }], // RFC 3464 2.3.9
];
for (const [why, change] of wrong) {
  Deno.test(`printDeliveryStatus() refuses ${why}`, () => assert.throws(() => print(change), TypeError));
}

Deno.test("a notification has recipients, and not too many", () => {
  const some = (length: number) => ({ ...status, recipients: Array.from({ length }, () => recipient) });
  assert.throws(() => printDeliveryStatus(some(0), ascii), TypeError);
  assert.throws(() => printDeliveryStatus(some(maxDsnRecipients + 1), ascii), TypeError);
  const most = parseDeliveryStatus(utf8(printDeliveryStatus(some(maxDsnRecipients), ascii)));
  assert.equal(most.recipients.length, maxDsnRecipients);
});

const replies: [code: number, enhanced: string | null, expected: string][] = [
  [550, "5.1.1", "5.1.1"],
  [451, "4.7.1", "4.7.1"],
  [250, "2.1.5", "2.1.5"],
  [550, null, "5.0.0"],
  [450, null, "4.0.0"],
  [250, null, "2.0.0"],
  [550, "4.1.1", "5.0.0"], // A code and a class that contradict each other: the code was acted on.
  [450, "5.1.1", "4.0.0"],
  [550, "5.1", "5.0.0"],
  [550, "5.01.1", "5.0.0"],
  [354, null, "5.0.0"],
];
for (const [code, enhanced, expected] of replies) {
  Deno.test(`statusOfReply(): ${code} ${enhanced}`, () =>
    assert.equal(statusOfReply(code, enhanced), expected));
}

const words = fc.array(fc.constantFrom("a", "b-c", "1+=", "(x)", "語"), { minLength: 1, maxLength: 4 }).map((
  all,
) => all.join(" "));
const asciiWords = words.map((text) => text.replaceAll("語", "z"));
const mta = fc.record({
  type: fc.constantFrom("dns", "x-local-hostname"),
  name: fc.constantFrom("mx.example.org", "[192.0.2.1]", "a_b"),
  address: fc.constantFrom(null, "192.0.2.1", "2001:db8::1"),
}, { noNullPrototype: true });
const address = fc.oneof(
  asciiWords.map((text) => ({ type: "rfc822", address: `"${text}"@example.org` })),
  words.map((text) => ({ type: "utf-8", address: `${text.replaceAll(" ", "")}ü@bücher.example` })),
  fc.constant({ type: "x400", address: "/c=us/admd=x/" }),
);
const at = fc.nat(2_000_000_000).map((seconds) => seconds * 1000);
const diagnostic = fc.array(asciiWords, { minLength: 1, maxLength: 3 }).map((lines) => ({
  type: "smtp",
  text: lines.map((line, i) => `550${i < lines.length - 1 ? "-" : " "}${line}`).join("\n"),
}));
const anyRecipient = fc.record({
  originalRecipient: fc.option(address),
  finalRecipient: address,
  action: fc.constantFrom(...dsnActions),
  status: fc.constantFrom("5.1.1", "4.0.0", "2.999.10"),
  remoteMta: fc.option(mta),
  diagnostic: fc.option(diagnostic),
  lastAttemptDate: fc.option(at),
  finalLogId: fc.option(asciiWords),
  willRetryUntil: fc.option(at),
}, { noNullPrototype: true }).map((one) => ({
  ...one,
  willRetryUntil: one.action === "delayed" ? one.willRetryUntil : null,
}));
const anyStatus: fc.Arbitrary<DeliveryStatus> = fc.record({
  originalEnvelopeId: fc.option(asciiWords),
  reportingMta: mta,
  dsnGateway: fc.option(mta),
  receivedFromMta: fc.option(mta),
  arrivalDate: fc.option(at),
  futureRelease: fc.option(fc.constantFrom("for;60", "until;2026-01-02T03:04:05Z")),
  recipients: fc.array(anyRecipient, { minLength: 1, maxLength: 4 }),
}, { noNullPrototype: true });

Deno.test("parseDeliveryStatus() reads what printDeliveryStatus() prints", () => {
  fc.assert(fc.property(anyStatus, fc.boolean(), (one, isUtf8) => {
    assert.deepEqual(parseDeliveryStatus(utf8(printDeliveryStatus(one, { utf8: isUtf8 }))), one);
  }));
});
