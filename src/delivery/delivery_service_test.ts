import assert from "node:assert/strict";
import type { Address } from "../address/address.ts";
import { utf8 } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { accountNamed, createAccount, setQuota } from "../store/accounts.ts";
import { maxPrefixBytes } from "../store/add_message.ts";
import { maxInlineBody } from "../store/bodies.ts";
import { many, prepared } from "../store/query.ts";
import { sampleIndex, sampleMessage } from "../store/testing/sample_message.ts";
import { FaultyDisk } from "../store/testing/faulty_disk.ts";
import { type TempStore, tempStore } from "../store/testing/temp_store.ts";
import type { AddressBook } from "./address_book.ts";
import type { Incoming } from "./deliver.ts";
import { DeliveryService, maxRecipients } from "./delivery_service.ts";
import { UnderWay } from "./under_way.ts";
import { encodeEvidence, type Evidence } from "../evidence/evidence.ts";
import { failedDmarc, sampleEvidence } from "../evidence/testing/sample_evidence.ts";
import { judgeStranger } from "./judge.ts";

const messages = prepared((db, p: { account: string }) =>
  db.selectFrom("messages as m").innerJoin("accounts as a", "a.id", "m.account_id")
    .innerJoin("mailboxes as b", "b.id", "m.mailbox_id").innerJoin("emails as e", "e.id", "m.email_id")
    .select(["b.name as mailbox", "e.object_id", "e.prefix", "e.body_id", "m.uid", "e.size"])
    .where("a.name", "=", p.account).orderBy("m.mailbox_id").orderBy("m.uid")
);

/** ann and bob are here, carl's account is missing, dora is refused; lists@ goes to a mailbox of its own. */
const book: AddressBook = {
  lookup({ local, domain }) {
    if (domain === "disabled.example") return { kind: "disabled" };
    if (domain !== "example.org") return { kind: "unknownDomain" };
    if (["ann", "bob", "carl"].includes(local)) return { kind: "local", account: local, mailbox: "Inbox" };
    if (local === "lists") return { kind: "local", account: "ann", mailbox: "Lists/news" };
    if (local === "dora") return { kind: "refused", code: 550, text: "gone" };
    if (local === "eric") return { kind: "refused", code: 421, text: "later" };
    return { kind: "unknownAddress" };
  },
  // Dora's mail is refused, and she may still write; nobody writes as the list, whose mail ann has.
  maySend: (account, { local, domain }) => domain === "example.org" && local === account,
};

const address = (text: string): Address => ({
  local: text.split("@")[0] ?? "",
  domain: text.split("@")[1] ?? "example.org",
});

let ids = 0;

function incoming(recipients: string[], more: Partial<Incoming> = {}): Incoming {
  const { content, index } = sampleMessage();
  return {
    deliveryId: (++ids).toString(16).padStart(32, "0"),
    from: address("sender@example.net"),
    recipients: recipients.map((to) => ({ address: address(to), prefix: utf8(`Delivered-To: ${to}\r\n`) })),
    remoteAddress: "192.0.2.1",
    helo: "mail.example.net",
    index,
    evidence: null,
    content,
    spool: null,
    cid: "1",
    ...more,
  };
}

async function withService(
  test: (service: DeliveryService, temp: TempStore, disk: FaultyDisk) => Promise<void>,
): Promise<void> {
  const disk = new FaultyDisk();
  await using temp = tempStore({ disk });
  for (const name of ["ann", "bob"]) {
    await temp.store.writer.run((tx) => createAccount(tx, { name, maxBytes: null }));
  }
  const service = new DeliveryService(temp.store, book);
  await test(service, temp, disk);
  await service.close();
}

const refused = (reason: string) => (error: unknown) => error instanceof Refused && error.reason === reason;

Deno.test("each recipient gets a copy with a prefix of its own, in one commit", () =>
  withService(async (service, { store }) => {
    const before = store.feed.commit;
    const results = await service.deliver(incoming(["ann", "bob", "lists"]));
    assert.deepEqual(results.map((result) => result.kind), ["delivered", "delivered", "delivered"]);
    assert.equal(store.feed.commit, before + 1);
    const ann = store.read(many(messages, { account: "ann" })),
      bob = store.read(many(messages, { account: "bob" }));
    assert.deepEqual(ann.map((row) => row.mailbox), ["Inbox", "Lists/news"]);
    assert.deepEqual(ann[1]?.prefix, utf8("Delivered-To: lists\r\n"));
    assert.equal(ann[0]?.body_id, bob[0]?.body_id);
    assert.equal(results[1]?.kind === "delivered" && results[1].id, bob[0]?.object_id);
  }));

Deno.test("recipients are refused one by one", () =>
  withService(async (service, { store }) => {
    const bob = store.read(accountNamed("bob"));
    await store.writer.run(() => setQuota(bob?.id ?? 0, 10));
    const results = await service.deliver(
      incoming(["ann", "bob", "carl", "dora", "eric", "nobody", "x@elsewhere.example", "x@disabled.example"]),
    );
    assert.deepEqual(results.map((result) => result.kind === "refused" ? result.reason : result.kind), [
      "delivered",
      "overQuota",
      "noSuchMailbox",
      "notPermitted",
      "tryLater",
      "noSuchMailbox",
      "noSuchMailbox",
      "tryLater",
    ]);
    assert.equal(store.read(many(messages, { account: "bob" })).length, 0);
  }));

Deno.test("nobody to deliver to leaves nothing behind, large or small", () =>
  withService(async (service) => {
    await service.deliver(incoming(["nobody"]));
    const spool = await service.spoolOpen({});
    const bytes = new Uint8Array(maxInlineBody + 1);
    await service.spoolWrite({ spool, bytes });
    await service.deliver(incoming(["nobody"], { content: null, spool, index: sampleIndex(bytes) }));
    // The checker at the end finds a body or file too many.
  }));

Deno.test("the same delivery again gets the same answer and no second copy", () =>
  withService(async (service, temp) => {
    const request = incoming(["ann", "nobody"]);
    const [first, second] = await Promise.all([service.deliver(request), service.deliver(request)]);
    assert.deepEqual(first, second);
    const store = await temp.reopen();
    const again = new DeliveryService(store, book);
    assert.deepEqual(await again.deliver(request), first);
    assert.equal(store.read(many(messages, { account: "ann" })).length, 1);
  }));

for (const size of [100, maxInlineBody + 1]) {
  Deno.test(`who has got a body of ${size} octets gets no second copy of it, and every other one`, () =>
    withService(async (service, { store }) => {
      const send = async (recipients: Incoming["recipients"], last: number) => {
        const bytes = new Uint8Array(size).fill(97);
        bytes[size - 1] = last;
        const index = sampleIndex(bytes);
        if (size <= maxInlineBody) {
          return await service.deliver(incoming([], { content: bytes, index, recipients }));
        }
        const spool = await service.spoolOpen({});
        await service.spoolWrite({ spool, bytes });
        return await service.deliver(incoming([], { content: null, spool, index, recipients }));
      };
      const { recipients } = incoming(["ann", "nobody"]);
      const [first] = await send(recipients, 98);
      const got = first?.kind === "delivered" ? first.body : undefined;
      assert.ok(got !== undefined);
      const [ann] = recipients;
      assert.ok(ann !== undefined);
      assert.deepEqual(await send([{ ...ann, got }], 98), [{ kind: "delivered", id: "" }]);
      assert.equal(store.read(many(messages, { account: "ann" })).length, 1);
      const [other] = await send([{ ...ann, got }], 99);
      assert.ok(other?.kind === "delivered" && other.id !== "");
      assert.equal(store.read(many(messages, { account: "ann" })).length, 2);
    }));
}

Deno.test("a spooled delivery again, after a restart that swept the spool, gets the same answer", () =>
  withService(async (service, temp) => {
    const spool = await service.spoolOpen({});
    const bytes = new Uint8Array(maxInlineBody + 1);
    await service.spoolWrite({ spool, bytes });
    const request = incoming(["ann"], { content: null, spool, index: sampleIndex(bytes) });
    const first = await service.deliver(request);
    const again = new DeliveryService(await temp.reopen(), book);
    assert.deepEqual(await again.deliver(request), first);
    await assert.rejects(again.deliver({ ...request, deliveryId: "f".repeat(32) }), refused("badRequest"));
  }));

Deno.test("a spooled delivery that is asked again while it is under way gets the same answer, also elsewhere", () =>
  withService(async (_service, { store }, disk) => {
    const underWay = new UnderWay();
    const [one, other] = [0, 1].map(() => new DeliveryService(store, book, undefined, null, null, underWay));
    assert.ok(one !== undefined && other !== undefined);
    const bytes = new Uint8Array(maxInlineBody + 1);
    const send = async () => {
      const spool = await one.spoolOpen({});
      await one.spoolWrite({ spool, bytes });
      return incoming(["ann"], { content: null, spool, index: sampleIndex(bytes) });
    };
    const request = await send();
    const first = one.deliver(request);
    const close = one.close(); // As when the connection breaks: the answer reaches nobody.
    const again = other.deliver(request);
    assert.equal(underWay.size, 1);
    assert.equal((await again)[0]?.kind, "delivered");
    assert.deepEqual(await again, await first);
    assert.deepEqual(await other.deliver(request), await first);
    await close;
    assert.equal(store.read(many(messages, { account: "ann" })).length, 1);
    assert.equal(underWay.size, 0);
    disk.failing.add("rename"); // What fails leaves nothing to wait for.
    const spool = await other.spoolOpen({});
    await other.spoolWrite({ spool, bytes });
    const failing = { ...request, deliveryId: "f".repeat(32), spool };
    const both = [other.deliver(failing), other.deliver(failing)];
    for (const each of both) await assert.rejects(each, refused("diskFull"));
    assert.equal(underWay.size, 0);
    disk.failing.clear();
    await other.close();
  }));

Deno.test("who gets no second copy is known also of a partial answer that was lost", () =>
  withService(async (service) => {
    const spool = await service.spoolOpen({});
    const bytes = new Uint8Array(maxInlineBody + 1);
    await service.spoolWrite({ spool, bytes });
    const request = incoming(["ann", "nobody"], { content: null, spool, index: sampleIndex(bytes) });
    const [ann] = await service.deliver(request);
    assert.ok(ann?.kind === "delivered" && ann.body !== undefined);
    assert.deepEqual((await service.deliver(request))[0], ann);
  }));

Deno.test("outcome() tells what became of a delivery, also of one that waits for the writer, and makes none", () =>
  withService(async (service, { store }) => {
    const request = incoming(["ann", "nobody"]);
    const { deliveryId } = request;
    assert.equal(await service.outcome({ deliveryId }), null);
    const answer = service.deliver(request);
    for (let i = 0; i < 10; i++) await Promise.resolve(); // It is made ready, and waits for a group.
    assert.equal(store.read(many(messages, { account: "ann" })).length, 0);
    assert.deepEqual(await service.outcome({ deliveryId }), await answer);
    assert.equal(store.read(many(messages, { account: "ann" })).length, 1);
    await assert.rejects(service.outcome({ deliveryId: "x" }), refused("badRequest"));
  }));

const wrong: [what: string, more: Partial<Incoming>, reason: string][] = [
  ["an id that is too short", { deliveryId: "abc" }, "badRequest"],
  ["an id in capitals", { deliveryId: "A".repeat(32) }, "badRequest"],
  ["no recipients", { recipients: [] }, "badRequest"],
  ["too many recipients", {
    recipients: Array(maxRecipients + 1).fill({ address: address("ann"), prefix: utf8("") }),
  }, "tooMany"],
  ["a prefix that is too large", {
    recipients: [{ address: address("ann"), prefix: new Uint8Array(maxPrefixBytes + 1) }],
  }, "tooLarge"],
  [
    "a prefix without line end",
    { recipients: [{ address: address("ann"), prefix: utf8("X: y") }] },
    "badRequest",
  ],
  ["no content", { content: null }, "badRequest"],
  ["content and spool", { spool: "x" }, "badRequest"],
  ["a body that should be spooled", { content: new Uint8Array(maxInlineBody + 1) }, "tooLarge"],
  ["an index of something else", { content: utf8("other") }, "badRequest"],
];
for (const [what, more, reason] of wrong) {
  Deno.test(`deliver() refuses ${what}`, () =>
    withService((service) => assert.rejects(service.deliver(incoming(["ann"], more)), refused(reason))));
}

Deno.test("a full disk refuses a large message, then takes the same delivery when there is room", () =>
  withService(async (service, { store }, disk) => {
    const bytes = new Uint8Array(maxInlineBody + 1);
    const request = incoming(["ann"], { content: null, index: sampleIndex(bytes) });
    for (const operation of ["sync", "rename"] as const) {
      const spool = await service.spoolOpen({});
      await service.spoolWrite({ spool, bytes });
      disk.failing.add(operation);
      await assert.rejects(service.deliver({ ...request, spool }), refused("diskFull"));
      disk.failing.clear();
    }
    const spool = await service.spoolOpen({});
    await service.spoolWrite({ spool, bytes });
    assert.equal((await service.deliver({ ...request, spool }))[0]?.kind, "delivered");
    assert.equal(store.read(many(messages, { account: "ann" })).length, 1);
  }));

Deno.test("resolve() tells what the book says, and no account names", () =>
  withService(async (service) => {
    assert.deepEqual(await service.resolve({ address: address("ann") }), { kind: "local" });
    assert.deepEqual(await service.resolve({ address: address("x@elsewhere.example") }), {
      kind: "unknownDomain",
    });
  }));

Deno.test("a connection that goes takes its spool files with it, and only its own", () =>
  withService(async (service, { store, folder }) => {
    const other = new DeliveryService(store, book);
    const spool = await service.spoolOpen({});
    await assert.rejects(other.spoolWrite({ spool, bytes: utf8("x") }), refused("badRequest"));
    await other.spoolOpen({});
    await other.close();
    assert.equal([...Deno.readDirSync(`${folder}/spool`)].length, 1);
    await service.spoolDrop({ spool });
  }));

Deno.test("verdicts are counted, by what is done and why", () =>
  withService(async (_service, { store }) => {
    const service = new DeliveryService(store, book, undefined, judgeStranger);
    const judged = (change: Partial<Evidence>) =>
      service.deliver(incoming(["ann"], { evidence: encodeEvidence({ ...sampleEvidence, ...change }) }));
    await judged({});
    await judged({ dmarc: failedDmarc("reject") });
    await judged({ dmarc: failedDmarc("quarantine") });
    await judged({ dmarc: failedDmarc("quarantine") });
    await service.deliver(incoming(["ann"]));
    await service.close();
    const lines = store.metrics.text().split("\n").filter((line) =>
      line.startsWith("mailden_verdict_total{")
    );
    assert.deepEqual(lines, [
      'mailden_verdict_total{action="accept",reason="no-bad-signals"} 1',
      'mailden_verdict_total{action="reject",reason="dmarc-policy"} 1',
      'mailden_verdict_total{action="junk",reason="dmarc-policy"} 2',
    ]);
  }));
