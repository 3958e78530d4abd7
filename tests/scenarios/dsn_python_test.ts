/**
 * Our delivery status notifications, read by another hand: Python's email package.
 *
 * Skipped where python3 is absent.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fromLatin1, utf8 } from "../../src/base/bytes.ts";
import { composeDsn, type DsnDraft } from "../../src/message/dsn_compose.ts";
import type { DsnRecipient } from "../../src/message/dsn_status.ts";
import { fromFileUrl } from "../support/paths.ts";

const python = "python3";

async function hasPython(): Promise<boolean> {
  try {
    const args = ["-c", "import email.policy"];
    return (await new Deno.Command(python, { args, stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

const ready = await hasPython();

interface Found {
  readonly type: string;
  readonly reportType: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly defects: readonly string[];
  readonly parts: readonly string[];
  readonly text: string;
  readonly groups: readonly Readonly<Record<string, string>>[];
}

async function ask(messages: readonly Uint8Array[]): Promise<readonly Found[]> {
  const script = fromFileUrl(new URL("./dsn_peer.py", import.meta.url));
  const child = new Deno.Command(python, { args: [script], stdin: "piped", stdout: "piped", stderr: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(utf8(JSON.stringify(messages.map((one) => fromLatin1(one)))));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

const bob: DsnRecipient = {
  originalRecipient: { type: "rfc822", address: "Bob@example.com" },
  finalRecipient: { type: "rfc822", address: "bob@example.com" },
  action: "failed",
  status: "5.1.1",
  remoteMta: { type: "dns", name: "mx.example.com", address: "192.0.2.1" },
  diagnostic: { type: "smtp", text: "550-5.1.1 no such user\n550 5.1.1 sorry" },
  lastAttemptDate: Date.UTC(2026, 10, 21, 13),
  finalLogId: null,
  willRetryUntil: null,
};
const draft: DsnDraft = {
  from: { name: "Zustellung für alle", address: { local: "postmaster", domain: "mail.example.org" } },
  to: { local: "alice", domain: "example.org" },
  date: Date.UTC(2026, 10, 21, 13, 5),
  messageId: "dsn1@mail.example.org",
  status: {
    originalEnvelopeId: "QQ1",
    reportingMta: { type: "dns", name: "mail.example.org", address: null },
    dsnGateway: null,
    receivedFromMta: { type: "dns", name: "laptop", address: "192.0.2.7" },
    arrivalDate: Date.UTC(2026, 10, 21, 12),
    futureRelease: null,
    recipients: [bob, {
      ...bob,
      finalRecipient: { type: "rfc822", address: "carol@example.com" },
      action: "delayed",
      status: "4.4.1",
      remoteMta: null,
      willRetryUntil: Date.UTC(2026, 10, 22, 13),
    }],
  },
  original: utf8("Subject: Lunch\r\nMessage-ID: <m1@example.org>\r\n\r\nHello\r\n"),
  ret: "full",
  path: { utf8: false, eightBit: false },
};
const international: DsnDraft = {
  ...draft,
  original: utf8("Subject: Grüße\r\nMessage-ID: <m2@example.org>\r\n\r\nHallo\r\n"),
  status: {
    ...draft.status,
    recipients: [{ ...bob, finalRecipient: { type: "utf-8", address: "jürgen@bücher.example" } }],
  },
};

let n = 0;
const random = () => `boundary${n++}`;

Deno.test({
  name: `Python reads our notifications${ready ? "" : " (skipped: python3 is absent)"}`,
  ignore: !ready,
  fn: async () => {
    const [plain, encoded, global] = await ask([
      composeDsn(draft, random).message,
      composeDsn(international, random).message,
      composeDsn({ ...international, path: { utf8: true, eightBit: true } }, random).message,
    ]);
    for (const one of [plain, encoded, global]) {
      assert.equal(one?.type, "multipart/report");
      assert.equal(one.reportType, "delivery-status");
      assert.equal(
        one.fields["From"],
        '"Zustellung für alle" <postmaster@mail.example.org>'.replace(/"/g, ""),
      );
      assert.equal(one.fields["Auto-Submitted"], "auto-replied");
      assert.match(one.text, /It could NOT be delivered to:/);
      assert.equal(one.groups[0]?.["Reporting-MTA"], "dns; mail.example.org");
      assert.equal(one.groups[0]?.["Received-From-MTA"], "dns; laptop (192.0.2.7)");
    }
    // Only here: it takes the encoded content of message/global for a header.
    assert.deepEqual(plain?.defects, []);
    assert.deepEqual(plain?.parts, ["text/plain", "message/delivery-status", "message/rfc822"]);
    assert.equal(plain?.fields["References"], "<m1@example.org>");
    assert.deepEqual(
      plain?.groups.slice(1).map((one) => [one["Final-Recipient"], one["Action"], one["Status"]]),
      [
        ["rfc822; bob@example.com", "failed", "5.1.1"],
        ["rfc822; carol@example.com", "delayed", "4.4.1"],
      ],
    );
    assert.equal(plain?.groups[1]?.["Diagnostic-Code"], "smtp; 550-5.1.1 no such user 550 5.1.1 sorry");
    assert.equal(plain?.groups[2]?.["Will-Retry-Until"], "Sun, 22 Nov 2026 13:00:00 +0000");
    assert.deepEqual(encoded?.parts, ["text/plain", "message/delivery-status", "message/global"]);
    assert.equal(encoded?.groups[1]?.["Final-Recipient"], "utf-8; j\\x{FC}rgen@b\\x{FC}cher.example");
    assert.match(encoded?.text ?? "", /jürgen@bücher\.example/);
    assert.deepEqual(global?.parts, ["text/plain", "message/global-delivery-status", "message/global"]);
    assert.match(global?.groups[1]?.["Final-Recipient"] ?? "", /^utf-8; jürgen@bücher\.example$/);
  },
});
