import assert from "node:assert/strict";
import { fromUtf8, utf8 } from "../base/bytes.ts";
import { readDsn } from "../message/dsn_parse.ts";
import { Indexer } from "../message/indexer.ts";
import type { QueueRow } from "../store/queue_rows.ts";
import type { NoticeFacts } from "./conclude.ts";
import { printDsnRequest } from "./dsn_request.ts";
import { composeNotice, type NoticeSettings } from "./notices.ts";
import type { QueueResult } from "./queue.ts";

const minute = 60_000;
const at = Date.UTC(2026, 10, 21, 12);
const settings: NoticeSettings = {
  hostname: "mail.example.org",
  postmaster: { local: "postmaster", domain: "example.org" },
  random: () => crypto.randomUUID().replaceAll("-", ""),
};
const row: QueueRow = {
  id: 7,
  account_id: 1,
  base_id: 7,
  body_id: 1,
  size: 10,
  prefix: new Uint8Array(),
  sender: "ann@example.org",
  recipient: "bob@x.example",
  domain: "x.example",
  submitted: at - 240 * minute,
  due: at + 120 * minute,
  attempts: 5,
  max_attempts: 8,
  last_attempt: at,
  hold: 0,
  transport: "",
  require_tls: null,
  traits: 0,
  message_id: "1@example.org",
  subject: "s",
  from_id: "",
  dsn: "",
  release: "",
  dialed: "[]",
  results: "[]",
};
const result: QueueResult = {
  id: 7,
  outcome: "permanent",
  code: 550,
  status: "5.1.1",
  text: "550-5.1.1 there is no\n550 5.1.1 bob here",
  remote: { host: "mx.x.example", address: "192.0.2.1" },
  relaysDsn: false,
};
const original = utf8(
  "From: ann@example.org\r\nSubject: hello\r\nMessage-ID: <1@example.org>\r\n\r\nthe text\r\n",
);

function composed(facts: Partial<NoticeFacts>) {
  const bytes = composeNotice(
    settings,
    { kind: "failed", recipients: [{ row, result }], at, brief: false, ...facts },
    original,
  );
  assert.ok(bytes !== null);
  const indexer = new Indexer();
  indexer.write(bytes);
  const read = readDsn(bytes, indexer.end());
  assert.ok(read !== null);
  return { text: fromUtf8(bytes), status: read.status };
}

Deno.test("a failure says to whom, who refused it and in which words", () => {
  const { text, status } = composed({});
  assert.match(text, /^To: .*ann@example\.org/m);
  assert.match(text, /^References: <1@example\.org>/m);
  assert.doesNotMatch(text, /the text/, "its header alone, unless all of it was asked for");
  const [recipient] = status.recipients;
  assert.deepEqual([recipient?.action, recipient?.status, recipient?.finalRecipient?.address], [
    "failed",
    "5.1.1",
    "bob@x.example",
  ]);
  assert.deepEqual([recipient?.remoteMta?.name, recipient?.remoteMta?.address], [
    "mx.x.example",
    "192.0.2.1",
  ]);
  assert.equal(status.arrivalDate, row.submitted);
});

Deno.test("a delay says when it is tried again, truly", () => {
  const late = { ...result, outcome: "temporary", code: 451, status: "4.3.0" } as const;
  const { status } = composed({ kind: "delayed", recipients: [{ row, result: late }] });
  const [recipient] = status.recipients;
  assert.deepEqual([recipient?.action, recipient?.status], ["delayed", "4.3.0"]);
  // In two, four and eight hours from each other, the first being the row's own.
  assert.equal(recipient?.willRetryUntil, row.due + (240 + 480) * minute);
});

Deno.test("what was temporary too long is a failure, and says why", () => {
  const late = { ...result, outcome: "temporary", code: 451, status: "4.3.0" } as const;
  assert.equal(composed({ recipients: [{ row, result: late }] }).status.recipients[0]?.status, "5.3.0");
  const silent = { ...late, code: 0, status: "", text: "", remote: null };
  const [recipient] = composed({ recipients: [{ row, result: silent }] }).status.recipients;
  assert.deepEqual([recipient?.status, recipient?.remoteMta, recipient?.diagnostic], ["5.4.7", null, null]);
});

Deno.test("what nobody answered is told in our own words, and with the status that they have", () => {
  const own = { ...result, code: 0, status: "5.7.10", text: "TLSA records of mx.x.example match nothing" };
  const { text, status } = composed({ recipients: [{ row, result: own }] });
  const [recipient] = status.recipients;
  assert.deepEqual([recipient?.status, recipient?.remoteMta, recipient?.diagnostic], ["5.7.10", null, {
    type: "x-mailden",
    text: own.text,
  }]);
  assert.match(text, /Reason:\r\n +TLSA records/);
  assert.doesNotMatch(text, /answered/);
});

Deno.test("an address in quotes stays what it is", () => {
  const recipient = '"a b"@x.example';
  const [read] = composed({ recipients: [{ row: { ...row, recipient }, result }] }).status.recipients;
  assert.equal(read?.finalRecipient?.address, recipient);
});

Deno.test("what the sender asked for comes back", () => {
  const dsn = printDsnRequest({
    ret: "FULL",
    envid: "a+2Bb",
    notify: null,
    orcpt: "rfc822;b+2Bob@x.example",
  });
  const { text, status } = composed({ recipients: [{ row: { ...row, dsn }, result }] });
  assert.match(text, /the text/);
  assert.equal(status.originalEnvelopeId, "a+b");
  assert.equal(status.recipients[0]?.originalRecipient?.address, "b+ob@x.example");
  // What cannot be read is left out, and nothing fails.
  const broken = printDsnRequest({ ret: null, envid: "+", notify: null, orcpt: "none" });
  const other = composed({ recipients: [{ row: { ...row, dsn: broken }, result }] }).status;
  assert.deepEqual([other.originalEnvelopeId, other.recipients[0]?.originalRecipient], [null, null]);
});

Deno.test("several recipients are one notice, nobody is none", () => {
  const other = { row: { ...row, id: 8, recipient: "c@x.example" }, result: { ...result, id: 8 } };
  assert.equal(composed({ recipients: [{ row, result }, other] }).status.recipients.length, 2);
  const facts = {
    kind: "failed" as const,
    recipients: [{ row: { ...row, sender: "" }, result }],
    at,
    brief: false,
  };
  assert.equal(composeNotice(settings, facts, original), null);
});

Deno.test("a stranger's words end no field", () => {
  const text = "550 x\r\nStatus: 2.0.0\r\n\r\n--boundary\r\nX: y";
  const { status } = composed({ recipients: [{ row, result: { ...result, text } }] });
  assert.deepEqual([status.recipients.length, status.recipients[0]?.status], [1, "5.1.1"]);
});

Deno.test("what arrived here was delivered, not passed on", () => {
  const row_ = { ...row, dsn: printDsnRequest({ ret: null, envid: null, notify: "SUCCESS", orcpt: null }) };
  const here: QueueResult = {
    ...result,
    outcome: "delivered",
    code: 250,
    status: "2.0.0",
    text: "250 2.0.0 delivered here",
    remote: null,
  };
  for (const [remote, action] of [[null, "delivered"], [result.remote, "relayed"]] as const) {
    const bytes = composeNotice(
      settings,
      { kind: "relayed", recipients: [{ row: row_, result: { ...here, remote } }], at, brief: false },
      original,
    ) ?? new Uint8Array();
    assert.match(fromUtf8(bytes), new RegExp(`^Action: ${action}\\r$`, "m"));
  }
});

Deno.test("a notice says when a message was to be sent. RFC 4865", () => {
  const facts: NoticeFacts = {
    kind: "failed",
    recipients: [{ row: { ...row, release: "for;3600" }, result }],
    at,
    brief: false,
  };
  const text = fromUtf8(composeNotice(settings, facts, original) ?? new Uint8Array());
  assert.match(text, /^Future-Release-Request: for;3600\r$/m);
});

Deno.test("of a message that requires TLS (RFC 8689 5), or to a full inbox, only the header comes back", () => {
  const dsn = printDsnRequest({ ret: "FULL", envid: null, notify: null, orcpt: null });
  const cases = [[1, false, false], [0, false, true], [null, false, true], [null, true, false]] as const;
  for (const [require_tls, brief, whole] of cases) {
    const facts: NoticeFacts = {
      kind: "failed",
      recipients: [{ row: { ...row, dsn, require_tls }, result }],
      at,
      brief,
    };
    const text = fromUtf8(composeNotice(settings, facts, original) ?? new Uint8Array());
    assert.equal(text.includes("the text"), whole);
    assert.match(text, /Subject: hello/);
  }
});
