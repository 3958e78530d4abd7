import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { ensureAccount } from "../accounts/accounts.ts";
import { type Bytes, utf8 } from "../base/bytes.ts";
import type { AddressBook } from "../delivery/address_book.ts";
import type { DeliveryResult, Incoming } from "../delivery/deliver.ts";
import { DeliveryService } from "../delivery/delivery_service.ts";
import { Indexer } from "../message/indexer.ts";
import { maxInlineBody } from "../store/bodies.ts";
import { one, prepared } from "../store/query.ts";
import { retire } from "../store/queue_retired.ts";
import { queueRow, removeQueued } from "../store/queue_rows.ts";
import { maxPieceBytes } from "../store/spool.ts";
import { suppressionOf } from "../store/suppressions.ts";
import { enqueue } from "../store/testing/queue_sample.ts";
import { type TempStore, tempStore } from "../store/testing/temp_store.ts";
import type { AttemptRecord } from "./attempt_records.ts";
import { newFromId } from "./from_id.ts";
import { maxResults } from "./queue.ts";
import { ReturnedNotices } from "./returned_notices.ts";

const fromId = newFromId((octets) => crypto.getRandomValues(new Uint8Array(octets)));
const separators = (domain: string) => domain === "example.org" ? ["+"] : [];
const book: AddressBook = {
  lookup: ({ local }) => ({
    kind: "local",
    account: local.split("+")[0]?.toLowerCase() ?? "",
    mailbox: "Inbox",
  }),
  maySend: () => false,
};

interface Open {
  readonly temp: TempStore;
  /** Delivers a message to a localpart of ours. */
  deliver(local: string, content: Bytes): Promise<readonly DeliveryResult[]>;
}

/** A store in which ann's message to bob was sent with that id. */
async function open(): Promise<Open & { readonly id: number }> {
  const temp = tempStore({ clock: new FakeClock() });
  const { store } = temp;
  for (const name of ["ann", "eve"]) await ensureAccount(store, { name, maxBytes: null });
  const [id = 0] = await enqueue(store, ["bob@x.example"], { from_id: fromId });
  await store.writer.run(function* (tx) {
    const row = yield* queueRow(id);
    yield* removeQueued(id);
    yield* retire(row, { outcome: "delivered", results: "[]", now: tx.now, keepUntil: tx.now + 1000 });
    yield* store.bodies.dropUnused(tx, row.body_id, true);
  });
  const service = new DeliveryService(store, book, undefined, null, new ReturnedNotices(store, separators));
  let deliveries = 0;
  return {
    temp,
    id,
    async deliver(local, content) {
      const indexer = new Indexer();
      indexer.write(content);
      const isLarge = content.length > maxInlineBody;
      const spool = isLarge ? await service.spoolOpen({}) : null;
      for (let at = 0; spool !== null && at < content.length; at += maxPieceBytes) {
        await service.spoolWrite({ spool, bytes: content.slice(at, at + maxPieceBytes) });
      }
      const incoming: Incoming = {
        deliveryId: (++deliveries).toString(16).padStart(32, "0"),
        from: null,
        recipients: [{ address: { local, domain: "example.org" }, prefix: utf8("") }],
        remoteAddress: "192.0.2.1",
        helo: "x",
        index: indexer.end(),
        evidence: null,
        content: isLarge ? null : content,
        spool,
        cid: "1",
      };
      return await service.deliver(incoming);
    },
  };
}

const retired = prepared((db, p: { id: number }) =>
  db.selectFrom("queue_retired").select(["outcome", "results"]).where("id", "=", p.id)
);

function known({ temp, id }: { temp: TempStore; id: number }) {
  const row = temp.store.read(one(retired, { id }));
  return {
    outcome: row?.outcome,
    records: JSON.parse(row?.results ?? "[]") as AttemptRecord[],
    isSuppressed: temp.store.read(suppressionOf(1, "bob@x.example")) !== undefined,
  };
}

const recipient = (...fields: string[]) => ["Final-Recipient: rfc822; bob@x.example", ...fields].join("\r\n");
const failed = recipient(
  "Action: failed",
  "Status: 5.1.1",
  "Remote-MTA: dns; mx.x.example",
  "Diagnostic-Code: smtp; 550 5.1.1 nobody here",
);

function notice(recipients: readonly string[], returned = "Message-ID: <1@x>\r\n\r\ntext"): Bytes {
  return utf8(
    "From: MAILER-DAEMON@x.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n" +
      "--b\r\n\r\nwords\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n" +
      `${
        recipients.join("\r\n\r\n")
      }\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n${returned}\r\n--b--\r\n`,
  );
}

Deno.test("a notice of failure to the message's own sender is known for its answer", async () => {
  const it = await open();
  await using _ = it.temp;
  // Some send notices in lower or upper case.
  const [result] = await it.deliver(`Ann+${fromId.toUpperCase()}`, notice([failed]));
  assert.equal(result?.kind, "delivered");
  const { outcome, records, isSuppressed } = known(it);
  assert.deepEqual([outcome, isSuppressed], ["failed", true]);
  assert.deepEqual(records.map(({ ok, code, status, text, host }) => [ok, code, status, text, host]), [
    [false, 550, "5.1.1", "notice, failed: 550 5.1.1 nobody here", "mx.x.example"],
  ]);
});

const cases: [
  what: string,
  recipient: string,
  told: Partial<AttemptRecord>,
  outcome: string,
  listed: boolean,
][] = [
  ["of a delay", recipient("Action: delayed", "Status: 4.2.0"), { ok: false, code: 400 }, "delivered", false],
  [
    "of success",
    recipient("Action: delivered", "Status: 2.0.0"),
    { ok: true, code: 200 },
    "delivered",
    false,
  ],
  [
    "of another failure",
    recipient("Action: failed", "Status: 5.2.2"),
    { ok: false, code: 500, status: "5.2.2", host: "relay.example" },
    "failed",
    false,
  ],
  ["without a status", recipient("Action: failed"), { code: 0, status: "" }, "failed", false],
  ["without an action", recipient("Status: 5.1.1"), { ok: false, code: 500 }, "delivered", false],
];
for (const [what, text, told, outcome, listed] of cases) {
  Deno.test(`a notice ${what}`, async () => {
    const it = await open();
    await using _ = it.temp;
    await it.deliver(`ann+${fromId}`, notice([text]));
    const found = known(it);
    assert.equal(found.records.length, 1);
    assert.deepEqual({ ...found.records[0], ...told }, found.records[0]);
    assert.deepEqual([found.outcome, found.isSuppressed], [outcome, listed]);
  });
}

Deno.test("a message that several servers say has failed is one that failed", async () => {
  const it = await open();
  await using _ = it.temp;
  const full = recipient("Action: failed", "Status: 5.2.2");
  for (let i = 0; i < 3; i++) await it.deliver(`ann+${fromId}`, notice([full]));
  assert.deepEqual([known(it).records.length, known(it).isSuppressed], [3, false]);
});

const nothing: [what: string, local: string, content: Bytes][] = [
  ["an id that nobody has", `ann+${"a".repeat(26)}`, notice([failed])],
  ["another account's address", `eve+${fromId}`, notice([failed])],
  ["no id", "ann", notice([failed])],
  ["two recipients", `ann+${fromId}`, notice([failed, failed])],
  ["no recipient", `ann+${fromId}`, notice(["X: y"])],
  ["no notice", `ann+${fromId}`, utf8("From: a@x.example\r\n\r\nAction: failed\r\n")],
  ["a status in the text", `ann+${fromId}`, utf8(`From: a@x.example\r\n\r\n${failed}\r\n`)],
  [
    "a report of another kind",
    `ann+${fromId}`,
    utf8("Content-Type: multipart/report; boundary=b\r\n\r\n--b--\r\n"),
  ],
];
for (const [what, local, content] of nothing) {
  Deno.test(`mail with ${what} is delivered, and nothing follows from it`, async () => {
    const it = await open();
    await using _ = it.temp;
    assert.equal((await it.deliver(local, content))[0]?.kind, "delivered");
    assert.deepEqual(known(it), { outcome: "delivered", records: [], isSuppressed: false });
  });
}

Deno.test("of a notice with a large message in it, what counts is read; and many notices do not grow without end", async () => {
  const it = await open();
  await using _ = it.temp;
  await it.deliver(`ann+${fromId}`, notice([failed], `Subject: s\r\n\r\n${"a line\r\n".repeat(200_000)}`));
  assert.equal(known(it).isSuppressed, true);
  for (let i = 0; i < maxResults + 5; i++) await it.deliver(`ann+${fromId}`, notice([failed]));
  assert.equal(known(it).records.length, maxResults);
});
