import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { createAccount } from "../store/accounts.ts";
import type { Address } from "../address/address.ts";
import { utf8 } from "../base/bytes.ts";
import type { AddressBook } from "../delivery/address_book.ts";
import type { DeliveryResult, Incoming } from "../delivery/deliver.ts";
import { SubmissionService } from "../delivery/submission_service.ts";
import { Indexer } from "../message/indexer.ts";
import { addHoldRule } from "../store/hold_rules.ts";
import { many, prepared } from "../store/query.ts";
import { queueTraits, takeDue } from "../store/queue_rows.ts";
import { type TempStore, tempStore } from "../store/testing/temp_store.ts";
import { type OutgoingLimits, QueueOutbox, usualLimits } from "./outbox.ts";

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
  /** How often somebody was told that there is work. */
  readonly told: { count: number };
  send(
    to: readonly string[],
    text?: string,
    deliveryId?: string,
    submission?: SubmissionService,
  ): Promise<readonly DeliveryResult[]>;
}

let ids = 0;

async function open(limits: Partial<OutgoingLimits> = {}): Promise<Open> {
  const clock = new FakeClock();
  const temp = tempStore({ clock });
  await temp.store.writer.run((tx) => createAccount(tx, { name: "ann", maxBytes: null }));
  const told = { count: 0 };
  const outbox = new QueueOutbox(() => ({ ...usualLimits, ...limits }), () => told.count++);
  const usual = new SubmissionService(temp.store, book, "ann", undefined, null, outbox);
  return {
    temp,
    clock,
    told,
    send(
      to,
      text = "From: ann@example.org\r\nSubject: s\r\nMessage-ID: <1@x>\r\n\r\ntext\r\n",
      deliveryId = (++ids).toString(16).padStart(32, "0"),
      submission = usual,
    ) {
      const content = utf8(text);
      const indexer = new Indexer();
      indexer.write(content);
      const incoming: Incoming = {
        deliveryId,
        from: address("ann@example.org"),
        recipients: to.map((each) => ({ address: address(each), prefix: utf8("Received: from x\r\n") })),
        remoteAddress: "192.0.2.1",
        helo: "x",
        index: indexer.end(),
        evidence: null,
        content,
        spool: null,
        cid: "1",
      };
      return submission.submit(incoming);
    },
  };
}

const queued = prepared((db, _p: Record<string, never>) => db.selectFrom("queue").selectAll().orderBy("id"));
const rowsOf = ({ temp }: Open) => temp.store.read(many(queued, {}));
const inbox = prepared((db, _p: Record<string, never>) => db.selectFrom("messages").select("uid"));
const kinds = (results: readonly DeliveryResult[]) => results.map(({ kind }) => kind);

Deno.test("mail for others waits in the queue, mail for us is here, in the order of the recipients", async () => {
  const it = await open();
  await using _ = it.temp;
  const results = await it.send(["a@Bücher.example", "ann@example.org", "b@x.example"]);
  assert.deepEqual(kinds(results), ["delivered", "delivered", "delivered"]);
  const rows = rowsOf(it);
  assert.deepEqual(rows.map(({ recipient, domain }) => [recipient, domain]), [
    ["a@Bücher.example", "bücher.example"],
    ["b@x.example", "x.example"],
  ]);
  assert.equal(it.temp.store.read(many(inbox, {})).length, 1);
  const [first, second] = rows;
  assert.equal(first?.base_id, second?.base_id);
  assert.deepEqual([first?.sender, first?.subject, first?.message_id, first?.traits], [
    "ann@example.org",
    "s",
    "1@x",
    0,
  ]);
  assert.equal(it.told.count, 1);
});

Deno.test("a submission that is repeated is queued once", async () => {
  const it = await open();
  await using _ = it.temp;
  const id = "f".repeat(32);
  const first = await it.send(["a@x.example"], undefined, id);
  assert.deepEqual(await it.send(["a@x.example"], undefined, id), first);
  assert.equal(rowsOf(it).length, 1);
});

Deno.test("what needs SMTPUTF8 or 8BITMIME is known", async () => {
  const it = await open();
  await using _ = it.temp;
  await it.send(["ü@x.example"], "From: ann@example.org\r\n\r\ngrün\r\n");
  assert.equal(rowsOf(it)[0]?.traits, queueTraits.utf8 | queueTraits.has8Bit);
});

Deno.test("a rule holds what matches all of it", async () => {
  const it = await open();
  await using _ = it.temp;
  const rule = { account_id: 0, sender_domain: "example.org", recipient_domain: "x.example" };
  await it.temp.store.writer.run((tx) => addHoldRule(rule, tx.now));
  await it.send(["a@x.example", "a@y.example"]);
  assert.deepEqual(rowsOf(it).map(({ hold }) => hold), [1, 0]);
});

Deno.test("who of ours cannot have it now gets it later, if others have it already", async () => {
  const it = await open();
  await using _ = it.temp;
  await it.temp.store.writer.run((tx) => createAccount(tx, { name: "full", maxBytes: 1 }));
  for (const others of [["ann@example.org"], ["a@x.example"], ["ann@example.org", "a@x.example"]]) {
    const before = rowsOf(it).length;
    const results = await it.send([...others, "full@example.org"]);
    assert.deepEqual(kinds(results), [...others.map(() => "delivered"), "delivered"]);
    const rows = rowsOf(it).slice(before);
    assert.equal(rows.at(-1)?.recipient, "full@example.org");
    assert.equal(rows.length, others.includes("a@x.example") ? 2 : 1);
  }
  // Where nobody has it, its sender can be told at once.
  assert.deepEqual(await it.send(["full@example.org"]), [{ kind: "refused", reason: "overQuota" }]);
  assert.deepEqual(kinds(await it.send(["full@example.org", "nobody@example.org"])), ["refused", "refused"]);
});

Deno.test("what may not be sent to others is not delivered to our own either", async () => {
  const it = await open({ messagesPerDay: 1 });
  await using _ = it.temp;
  const results = await it.send(["ann@example.org", "a@x.example", "b@x.example"]);
  assert.deepEqual(kinds(results), ["refused", "refused", "refused"]);
  assert.deepEqual(
    new Set(results.map((each) => each.kind === "refused" && each.reply?.enhanced)),
    new Set(["4.7.1"]),
  );
  assert.equal(it.temp.store.read(many(inbox, {})).length, 0);
});

Deno.test("so many messages a day, and the answer names the setting", async () => {
  const it = await open({ messagesPerDay: 3 });
  await using _ = it.temp;
  await it.send(["a@x.example", "b@x.example"]);
  const [over] = await it.send(["a@x.example", "b@x.example"]);
  assert.ok(over?.kind === "refused" && /maxOutgoingMessagesPerDay/.test(over.reply?.text ?? ""));
  assert.equal(over.reply?.code, 451);
  assert.equal(rowsOf(it).length, 2, "nothing of it");
  assert.deepEqual(kinds(await it.send(["a@x.example"])), ["delivered"]);
  assert.deepEqual(kinds(await it.send(["ann@example.org"])), ["delivered"], "mail for us does not count");
  await it.clock.advance(24 * 3_600_000);
  assert.deepEqual(kinds(await it.send(["a@x.example", "b@x.example"])), ["delivered", "delivered"]);
});

Deno.test("so many new recipients a day; known ones are free", async () => {
  const it = await open({ firstTimeRecipientsPerDay: 2 });
  await using _ = it.temp;
  await it.send(["a@x.example", "b@x.example"]);
  assert.deepEqual(kinds(await it.send(["A@x.example"])), ["delivered"]);
  const [over] = await it.send(["c@x.example"]);
  assert.ok(over?.kind === "refused" && /maxFirstTimeRecipientsPerDay/.test(over.reply?.text ?? ""));
  await it.clock.advance(24 * 3_600_000);
  assert.deepEqual(kinds(await it.send(["a@x.example", "c@x.example", "d@x.example"])), [
    "delivered",
    "delivered",
    "delivered",
  ]);
});

Deno.test("an address counts as new once, however often it is written to on its first day", async () => {
  const it = await open({ firstTimeRecipientsPerDay: 2 });
  await using _ = it.temp;
  for (let i = 0; i < 3; i++) assert.deepEqual(kinds(await it.send(["a@x.example"])), ["delivered"]);
  assert.deepEqual(kinds(await it.send(["B@x.example", "b@x.example", "a@x.example"])), [
    "delivered",
    "delivered",
    "delivered",
  ]);
  assert.deepEqual(kinds(await it.send(["c@x.example"])), ["refused"]);
});

Deno.test("what was refused, or is older than a day, does not count for ever", async () => {
  const it = await open({ messagesPerDay: 3 });
  await using _ = it.temp;
  for (let i = 0; i < 5; i++) {
    assert.deepEqual(kinds(await it.send(["a@x.example", "b@x.example"])), ["delivered", "delivered"]);
    assert.deepEqual(kinds(await it.send(["a@x.example", "b@x.example"])), ["refused", "refused"]);
    assert.deepEqual(kinds(await it.send(["a@x.example"])), ["delivered"]);
    assert.deepEqual(kinds(await it.send(["a@x.example"])), ["refused"]);
    await it.clock.advance(24 * 3_600_000);
  }
});

Deno.test("what was sent while the clock was ahead does not count until that day has come", async () => {
  const it = await open({ messagesPerDay: 3, firstTimeRecipientsPerDay: 2 });
  await using _ = it.temp;
  const year = 365 * 24 * 3_600_000;
  it.clock.jump(year);
  await it.send(["a@x.example", "b@x.example"]);
  assert.deepEqual(kinds(await it.send(["c@x.example"])), ["refused"]);
  it.clock.jump(-year);
  assert.deepEqual(kinds(await it.send(["c@x.example", "d@x.example"])), ["delivered", "delivered"]);
  assert.deepEqual(kinds(await it.send(["e@x.example"])), ["refused"]);
});

Deno.test("each recipient gets a sender of its own where somebody makes them, and one job each", async () => {
  const it = await open();
  await using _ = it.temp;
  const outbox = new QueueOutbox(() => usualLimits, () => {});
  let made = 0;
  const own = outbox.withSenders((from) => {
    const fromId = `id${++made}`;
    return { sender: { ...from, local: `${from.local}+${fromId}` }, fromId };
  });
  const submission = new SubmissionService(it.temp.store, book, "ann", undefined, null, own);
  await it.send(["a@x.example", "b@x.example"], undefined, undefined, submission);
  assert.deepEqual(rowsOf(it).map(({ sender, from_id }) => [sender, from_id]), [
    ["ann+id1@example.org", "id1"],
    ["ann+id2@example.org", "id2"],
  ]);
  const first = await it.temp.store.writer.run((tx) =>
    takeDue({ domain: "x.example", now: tx.now, limit: 10, nextAttempt: () => tx.now + 1 })
  );
  assert.deepEqual(first.map(({ recipient }) => recipient), ["a@x.example"]);
});
