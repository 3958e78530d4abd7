/**
 * What a sender asks for on its way into the queue. The rest of the outbox: `outbox_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { createAccount } from "../store/accounts.ts";
import type { Address } from "../address/address.ts";
import { fromUtf8, utf8 } from "../base/bytes.ts";
import type { AddressBook } from "../delivery/address_book.ts";
import type { DeliveryResult, Incoming } from "../delivery/deliver.ts";
import { SubmissionService } from "../delivery/submission_service.ts";
import { Indexer } from "../message/indexer.ts";
import type { Hold } from "../smtp/mail.ts";
import { many, prepared } from "../store/query.ts";
import { queueTraits } from "../store/queue_rows.ts";
import { type TempStore, tempStore } from "../store/testing/temp_store.ts";
import { parseDsnRequest } from "./dsn_request.ts";
import { printHold } from "./future_release.ts";
import { QueueOutbox, usualLimits } from "./outbox.ts";

const book: AddressBook = {
  lookup: ({ local, domain }) =>
    domain === "example.org"
      ? { kind: "local", account: local, mailbox: "Inbox" }
      : { kind: "unknownDomain" },
  maySend: (account, { local, domain }) => domain === "example.org" && local === account,
};

const address = (text: string): Address => {
  const at = text.lastIndexOf("@");
  return { local: text.slice(0, at), domain: text.slice(at + 1) };
};

interface Open {
  readonly temp: TempStore;
  readonly clock: FakeClock;
  send(
    to: readonly string[],
    text?: string,
    change?: Partial<Incoming>,
  ): Promise<readonly DeliveryResult[]>;
}

let ids = 0;

async function open(): Promise<Open> {
  const clock = new FakeClock();
  const temp = tempStore({ clock });
  await temp.store.writer.run((tx) => createAccount(tx, { name: "ann", maxBytes: null }));
  const outbox = new QueueOutbox(
    () => usualLimits,
    () => {},
    { detains: ({ local }) => local === "detained", maxAttempts: 3 },
  );
  const submission = new SubmissionService(temp.store, book, "ann", undefined, null, outbox);
  return {
    temp,
    clock,
    send(
      to,
      text = "From: ann@example.org\r\nSubject: s\r\nMessage-ID: <1@x>\r\n\r\ntext\r\n",
      change = {},
    ) {
      const content = utf8(text);
      const indexer = new Indexer();
      indexer.write(content);
      const incoming: Incoming = {
        deliveryId: (++ids).toString(16).padStart(32, "0"),
        from: address("ann@example.org"),
        recipients: to.map((each) => ({ address: address(each), prefix: utf8("Received: from x\r\n") })),
        remoteAddress: "192.0.2.1",
        helo: "x",
        index: indexer.end(),
        evidence: null,
        content,
        spool: null,
        cid: "1",
        ...change,
      };
      return submission.submit(incoming);
    },
  };
}

const queued = prepared((db, _p: Record<string, never>) => db.selectFrom("queue").selectAll().orderBy("id"));
const rowsOf = ({ temp }: Open) => temp.store.read(many(queued, {}));
const inbox = prepared((db, _p: Record<string, never>) => db.selectFrom("messages").select("uid"));
const nothingAsked = { ret: null, envid: null, hold: null, requireTls: false } as const;
const final = "Delivered-To: a@x.example\r\nReturn-Path: <ann@example.org>\r\n";
const one = (
  to: string,
  asked?: { notify: string | null; orcpt: string | null },
  prefix = "Received: from x\r\n",
) => ({
  address: address(to),
  prefix: utf8(prefix),
  ...(asked === undefined ? {} : { asked }),
});

Deno.test("what the sender asks for stands with each recipient", async () => {
  const it = await open();
  await using _ = it.temp;
  await it.send([], undefined, {
    asked: { ret: "HDRS", envid: "QQ+2B1", hold: null, requireTls: true },
    recipients: [
      one("a@x.example", { notify: "SUCCESS,DELAY", orcpt: "rfc822;A@x.example" }),
      one("b@x.example"),
    ],
  });
  assert.deepEqual(rowsOf(it).map(({ dsn, require_tls }) => [parseDsnRequest(dsn), require_tls]), [
    [{ ret: "HDRS", envid: "QQ+2B1", notify: "SUCCESS,DELAY", orcpt: "rfc822;A@x.example" }, 1],
    [{ ret: "HDRS", envid: "QQ+2B1", notify: null, orcpt: null }, 1],
  ]);
});

const tls: [what: string, header: string, requireTls: boolean, column: number | null][] = [
  ["nothing", "", false, null],
  ["TLS-Required: No", "TLS-Required: No\r\n", false, 0],
  ["the field and the parameter, which goes before it", "TLS-Required: No\r\n", true, 1],
  ["a field of another value", "TLS-Required: Yes\r\n", false, null],
];
for (const [what, header, requireTls, column] of tls) {
  Deno.test(`a message that says of TLS: ${what}`, async () => {
    const it = await open();
    await using _ = it.temp;
    await it.send(["a@x.example"], `From: ann@example.org\r\n${header}\r\nTLS-Required: No\r\n`, {
      asked: { ...nothingAsked, requireTls },
    });
    assert.equal(rowsOf(it)[0]?.require_tls, column);
  });
}

Deno.test("a message to be sent later is due then, and is not delivered to us before. RFC 4865", async () => {
  const it = await open();
  await using _ = it.temp;
  const now = it.clock.now();
  const send = (hold: Hold) =>
    it.send(["a@x.example", "ann@example.org"], undefined, { asked: { ...nothingAsked, hold } });
  await send({ kind: "for", seconds: 60 });
  await send({ kind: "until", at: now - 5000 });
  assert.deepEqual(rowsOf(it).map(({ domain, due, release }) => [domain, due - now, release]), [
    ["x.example", 60_000, "for;60"],
    ["example.org", 60_000, "for;60"],
    ["x.example", 0, printHold({ kind: "until", at: now - 5000 })],
    ["example.org", 0, printHold({ kind: "until", at: now - 5000 })],
  ]);
  assert.equal(it.temp.store.read(many(inbox, {})).length, 0);
});

Deno.test("who wants to hear that mail arrived here hears it from the queue. RFC 3461 5.2.3", async () => {
  const it = await open();
  await using _ = it.temp;
  await it.send([], undefined, {
    recipients: [
      one("ann@example.org", { notify: "success", orcpt: null }),
      one("ann@example.org", { notify: "FAILURE", orcpt: null }),
      one("detained@example.org"),
    ],
  });
  assert.deepEqual(rowsOf(it).map(({ recipient }) => recipient), ["ann@example.org", "detained@example.org"]);
  assert.equal(it.temp.store.read(many(inbox, {})).length, 1);
});

Deno.test("what goes elsewhere has no fields of a last server; who is sent one copy has the same before it", async () => {
  const it = await open();
  await using _ = it.temp;
  await it.send([], undefined, {
    recipients: [one("a@x.example", undefined, `${final}Received: from x\r\n`), one("b@x.example")],
  });
  const [first, second] = rowsOf(it);
  assert.equal(fromUtf8(first?.prefix ?? new Uint8Array()), "Received: from x\r\n");
  assert.deepEqual(first?.prefix, second?.prefix);
  assert.equal(first?.size, second?.size);
});

const utf8Cases: [what: string, from: string, to: string, header: string, prefix: string, needs: boolean][] =
  [
    ["nothing", "ann@example.org", "a@x.example", "", "", false],
    ["a domain, which has A-labels", "ann@example.org", "a@bücher.example", "", "", false],
    ["the recipient", "ann@example.org", "ü@x.example", "", "", true],
    ["a field", "ann@example.org", "a@x.example", "Subject: grün\r\n", "", true],
    [
      "a field of a part",
      "ann@example.org",
      "a@x.example",
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Description: grün\r\n\r\nx\r\n--b--\r\n",
      "",
      true,
    ],
    ["the text, which needs 8BITMIME", "ann@example.org", "a@x.example", "\r\ngrün\r\n", "", false],
    ["a field of ours", "ann@example.org", "a@x.example", "", "Received: for <ü@x.example>\r\n", true],
  ];
for (const [what, from, to, header, prefix, needs] of utf8Cases) {
  Deno.test(`whether SMTPUTF8 is needed for ${what}`, async () => {
    const it = await open();
    await using _ = it.temp;
    await it.send([], `From: ${from}\r\n${header}\r\nx\r\n`, {
      recipients: [one(to, undefined, prefix)],
    });
    assert.equal(((rowsOf(it)[0]?.traits ?? 0) & queueTraits.utf8) !== 0, needs);
  });
}

Deno.test("a message is tried as often as the configuration says", async () => {
  const it = await open();
  await using _ = it.temp;
  await it.send(["a@x.example"]);
  assert.equal(rowsOf(it)[0]?.max_attempts, 3);
});
