import assert from "node:assert/strict";
import { noBytes } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { createAccount } from "./accounts.ts";
import { addMessages, prepareEmail } from "./add_message.ts";
import { checkIndex } from "./check_index.ts";
import { Connection, Reader } from "./connection.ts";
import { CountChange } from "./counts.ts";
import { maxFound, MessageIds, settleAt, settledAtOnce } from "./message_ids.ts";
import { many, prepared, run, type Work } from "./query.ts";
import { dropCopies } from "./remove_message.ts";
import type { Store } from "./store.ts";
import { sampleMessage } from "./testing/sample_message.ts";
import { type TempStore, tempStore } from "./testing/temp_store.ts";
import { hashId } from "./threads.ts";

const table = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("message_ids").select("email_id").orderBy("email_id")
);
const newest = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("emails").select(["id", "size"]).orderBy("id", "desc")
);
const forgetMessage = prepared((db, p: { emailId: number; modseq: number }) =>
  db.updateTable("messages").set({ expunged: 1, email_id: 0, size: 0, modseq: p.modseq })
    .where("email_id", "=", p.emailId)
);

async function withStore(test: (temp: TempStore, account: number) => Promise<void>): Promise<void> {
  await using temp = tempStore();
  const account = await temp.store.writer.run((tx) =>
    createAccount(tx, { name: "ann", maxBytes: null, mailboxes: [{ name: "Inbox", specialUse: "" }] })
  );
  await test(temp, account);
}

/** Adds emails in one unit, which fails at its end if told so. */
async function add(store: Store, account: number, ids: readonly string[], fail = false): Promise<void> {
  const additions = await Promise.all(ids.map(async (messageId) => {
    const { content, index } = sampleMessage({ messageId });
    const body = await store.bodies.ready({ content, spool: null }, store.spools.forOwner());
    const email = prepareEmail(body, checkIndex(index, content.length));
    return { email, prefix: noBytes, bits: 0, keywords: [], internalDate: 0 };
  }));
  await store.writer.run(function* (tx) {
    yield* addMessages(tx, account, 1, additions);
    if (fail) throw new Refused("tryLater", "no");
  });
}

/** Deletes the newest email; the next one gets its row. */
async function deleteNewest(store: Store, accountId: number): Promise<number> {
  const row = store.read(many(newest, {}))[0];
  assert.ok(row !== undefined);
  await store.writer.run(function* (tx): Work<void> {
    const modseq = yield* tx.counts.takeModSeq(accountId);
    yield* run(forgetMessage, { emailId: row.id, modseq });
    yield* dropCopies(tx, store.bodies, { accountId, emailId: row.id, copies: 1 });
    const change = new CountChange();
    change.add(0, row.size, -1);
    yield* tx.count(accountId, 1, modseq, change);
  });
  return row.id;
}

const settle = (store: Store) => store.messageIds.settle((unit) => store.writer.run(unit));
const settled = (store: Store) => store.read(many(table, {})).map((row) => row.email_id);

/** Emails that have the hash and the Message-ID, as threads look for them. */
function found(store: Store, account: number, messageId: string): number[] {
  const rows = store.read(store.messageIds.find(account, hashId(messageId)));
  return [...new Set(rows.filter((row) => row.message_id === messageId).map((row) => row.id))];
}

Deno.test("emails are found in memory, while they are added to the table, and in it", () =>
  withStore(async ({ store }, account) => {
    await add(store, account, ["a@x", "b@x", "a@x"]);
    assert.deepEqual([found(store, account, "a@x"), settled(store)], [[3, 1], []]);
    const settling = settle(store);
    await add(store, account, ["a@x"]);
    assert.deepEqual(found(store, account, "a@x"), [4, 3, 1]);
    await settling;
    assert.deepEqual([found(store, account, "a@x"), settled(store)], [[4, 3, 1], [1, 2, 3]]);
    assert.deepEqual([found(store, account, "c@x"), found(store, account + 1, "a@x")], [[], []]);
  }));

Deno.test("after a start they are found as before, also where only some of them were added", () =>
  withStore(async (temp, account) => {
    const ids = Array.from({ length: settledAtOnce + 10 }, (_, i) => `${i}@x`);
    await add(temp.store, account, ids);
    let units = 0;
    const failing = temp.store.messageIds.settle((unit) => {
      if (units++ > 0) throw new Refused("diskFull", "no");
      return temp.store.writer.run(unit);
    });
    await assert.rejects(failing);
    assert.equal(settled(temp.store).length, settledAtOnce);
    await add(temp.store, account, ["0@x"]);
    for (const again of [false, true]) {
      const store = again ? await temp.reopen() : temp.store;
      assert.deepEqual(found(store, account, "0@x"), [ids.length + 1, 1]);
      assert.deepEqual(found(store, account, `${ids.length - 1}@x`), [ids.length]);
    }
    await settle(temp.store);
    assert.equal(settled(temp.store).length, ids.length + 1);
    // Closing the store checks that all up to the last are there.
  }));

Deno.test("what failed is added with what came meanwhile", () =>
  withStore(async ({ store }, account) => {
    await add(store, account, ["a@x"]);
    await assert.rejects(store.messageIds.settle(() => Promise.reject(new Error("no"))));
    await add(store, account, ["b@x"]);
    await settle(store);
    await settle(store);
    assert.deepEqual(settled(store), [1, 2]);
  }));

Deno.test("a unit that is rolled back leaves nothing wrong behind, and none of its rows is another's", () =>
  withStore(async ({ store }, account) => {
    await assert.rejects(add(store, account, ["a@x", "b@x"], true));
    assert.deepEqual(found(store, account, "a@x"), []);
    const lost = store.emailIds.last;
    await add(store, account, ["c@x"]);
    assert.deepEqual([found(store, account, "a@x"), found(store, account, "c@x")], [[], [lost + 1]]);
    await settle(store);
    await add(store, account, ["d@x"]);
    assert.deepEqual([found(store, account, "b@x"), found(store, account, "d@x")], [[], [lost + 2]]);
    assert.deepEqual(settled(store), [lost + 1]);
  }));

Deno.test("a deleted email is not found, wherever it was, and its row is never another's", () =>
  withStore(async (temp, account) => {
    await add(temp.store, account, ["a@x"]);
    assert.equal(await deleteNewest(temp.store, account), 1);
    await add(temp.store, account, ["b@x"]);
    assert.deepEqual([found(temp.store, account, "a@x"), found(temp.store, account, "b@x")], [[], [2]]);
    await settle(temp.store);
    assert.equal(await deleteNewest(temp.store, account), 2);
    assert.deepEqual([found(temp.store, account, "b@x"), settled(temp.store)], [[], []]);
    await add(temp.store, account, ["c@x"]);
    const last = temp.store.emailIds.last;
    assert.ok(last > 2);
    const store = await temp.reopen();
    assert.deepEqual(found(store, account, "c@x"), [last]);
  }));

Deno.test("a full memory is emptied by the store itself", () =>
  withStore(async ({ store }, account) => {
    const ids = Array.from({ length: settleAt / 4 }, (_, i) => `${i}@x`);
    for (let i = 0; i < 4; i++) {
      assert.equal(settled(store).length, 0);
      await add(store, account, ids);
    }
    await store.writer.run(function* () {}); // Behind all units that were asked for by then.
    while (settled(store).length < settleAt) await store.writer.run(function* () {});
    assert.equal(found(store, account, "7@x").length, 4);
  }));

Deno.test("many emails of one Message-ID: only so many are told of each place", () =>
  withStore(async ({ store }, account) => {
    const ids = Array.from({ length: maxFound + 5 }, () => "a@x");
    await add(store, account, ids);
    await settle(store);
    await add(store, account, ids);
    const rows = store.read(store.messageIds.find(account, hashId("a@x")));
    assert.equal(rows.length, 2 * maxFound);
    assert.equal(rows[0]?.id, 2 * ids.length);
  }));

Deno.test("a start reads all that the table lacks, however much it is", () =>
  withStore(async (temp, account) => {
    const ids = Array.from({ length: 2600 }, (_, i) => `${i}@x`);
    await add(temp.store, account, ids);
    await add(temp.store, account, ids);
    await temp.store.close();
    const connection = new Connection(`${temp.folder}/mail.sqlite`);
    const loaded = MessageIds.load(new Reader(connection));
    const rows = connection.work(loaded.find(account, hashId("2599@x")));
    connection.close();
    assert.deepEqual(rows.map((row) => row.id), [5200, 2600]);
  }));
