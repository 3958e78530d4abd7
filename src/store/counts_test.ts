import assert from "node:assert/strict";
import { Refused } from "../base/errors.ts";
import { accountNamed, createAccount, setQuota } from "./accounts.ts";
import { CountChange, maxUid } from "./counts.ts";
import { one, prepared, run, type Work } from "./query.ts";
import { type TempStore, tempStore } from "./testing/temp_store.ts";
import type { Transaction } from "./transaction.ts";

const mailbox = prepared((db, p: { id: number }) =>
  db.selectFrom("mailboxes").selectAll().where("id", "=", p.id)
);

const setUidNext = prepared((db, p: { id: number; uidNext: number }) =>
  db.updateTable("mailboxes").set({ uid_next: p.uidNext }).where("id", "=", p.id)
);

const setRecent = prepared((db, p: { id: number; uid: number }) =>
  db.updateTable("mailboxes").set({ recent_uid: p.uid }).where("id", "=", p.id)
);

/** No messages come with these: the checker would miss them. */
const counted = /mailbox 1|says \d+ octets/;

async function withAccount(test: (temp: TempStore, account: number) => Promise<void>): Promise<void> {
  const temp = tempStore();
  const account = await temp.store.writer.run((tx) =>
    createAccount(tx, { name: "ann", maxBytes: 1000, mailboxes: [{ name: "Inbox", specialUse: "" }] })
  );
  await test(temp, account);
  await temp.close(counted);
}

function* add(tx: Transaction, account: number, size: number): Work<{ uid: number; modseq: number }> {
  const uid = yield* tx.counts.takeUids(account, 1, 1);
  const modseq = yield* tx.counts.takeModSeq(account);
  const change = new CountChange();
  change.add(0, size, 1);
  yield* tx.count(account, 1, modseq, change);
  return { uid, modseq };
}

const refused = (reason: string) => (error: unknown) => error instanceof Refused && error.reason === reason;

Deno.test("a group counts in memory and writes once", () =>
  withAccount(async ({ store }, account) => {
    const added = await Promise.all(
      [10, 20, 30].map((size) => store.writer.run((tx) => add(tx, account, size))),
    );
    assert.deepEqual(added.map(({ uid }) => uid), [1, 2, 3]);
    assert.deepEqual(added.map(({ modseq }) => modseq), [2, 3, 4]);
    const row = store.read(one(mailbox, { id: 1 }));
    assert.deepEqual([row?.messages, row?.unseen, row?.bytes, row?.uid_next, row?.highest_modseq], [
      3,
      3,
      60,
      4,
      4,
    ]);
    const ann = store.read(accountNamed("ann"));
    assert.deepEqual([ann?.bytes, ann?.modseq], [60, 4]);
  }));

Deno.test("whoever asks for the rows sees what is held, and what others change is not lost", () =>
  withAccount(async ({ store }, account) => {
    const seen = await store.writer.run(function* (tx) {
      yield* add(tx, account, 10);
      const asked = yield* one(mailbox, { id: 1 });
      yield* run(setRecent, { id: 1, uid: 2 });
      yield* run(setUidNext, { id: 1, uidNext: 100 });
      const { uid } = yield* add(tx, account, 10);
      return [asked?.messages, asked?.uid_next, uid];
    });
    assert.deepEqual(seen, [1, 2, 100]);
    const row = store.read(one(mailbox, { id: 1 }));
    assert.deepEqual([row?.messages, row?.recent_uid, row?.uid_next], [2, 2, 101]);
  }));

Deno.test("what a failed unit counted is taken back, and nothing else", () =>
  withAccount(async ({ store }, account) => {
    const results = await Promise.allSettled([
      store.writer.run((tx) => add(tx, account, 10)),
      store.writer.run(function* (tx) {
        yield* add(tx, account, 500);
        throw new Refused("tooMany", "no");
      }),
      store.writer.run((tx) => add(tx, account, 20)),
    ]);
    assert.deepEqual(results.map((each) => each.status), ["fulfilled", "rejected", "fulfilled"]);
    const row = store.read(one(mailbox, { id: 1 }));
    assert.deepEqual([row?.messages, row?.bytes, row?.uid_next, row?.highest_modseq], [2, 30, 3, 3]);
  }));

Deno.test("the quota counts what the group has added so far, and a new one holds at once", () =>
  withAccount(async ({ store }, account) => {
    const check = (more: number) => store.writer.run((tx) => tx.counts.checkQuota(account, more, 0));
    const both = [store.writer.run((tx) => add(tx, account, 900)), check(101)];
    await both[0];
    await assert.rejects(both[1] ?? Promise.resolve(), refused("overQuota"));
    await check(100);
    await assert.rejects(
      store.writer.run(function* (tx) {
        yield* tx.counts.checkQuota(account, 100, 0);
        yield* setQuota(account, 950);
        yield* tx.counts.checkQuota(account, 100, 0);
      }),
      refused("overQuota"),
    );
  }));

Deno.test("messages have a quota of their own, which the group counts as well", () =>
  withAccount(async ({ store }, account) => {
    await store.writer.run(() => setQuota(account, null, 3));
    const both = [
      store.writer.run((tx) => add(tx, account, 1)),
      store.writer.run((tx) => tx.counts.checkQuota(account, 0, 3)),
    ];
    await both[0];
    await assert.rejects(both[1] ?? Promise.resolve(), refused("overQuota"));
    await store.writer.run((tx) => tx.counts.checkQuota(account, 1_000_000, 2));
    const ann = store.read(accountNamed("ann"));
    assert.deepEqual([ann?.messages, ann?.max_messages, ann?.max_bytes], [1, 3, null]);
  }));

Deno.test("a mailbox has so many UIDs and no more", () =>
  withAccount(async ({ store }, account) => {
    await store.writer.run(() => run(setUidNext, { id: 1, uidNext: maxUid - 1 }));
    await assert.rejects(store.writer.run((tx) => tx.counts.takeUids(account, 1, 2)), refused("tooMany"));
    assert.equal(await store.writer.run((tx) => tx.counts.takeUids(account, 1, 1)), maxUid - 1);
    await assert.rejects(store.writer.run((tx) => tx.counts.takeUids(account, 1, 1)), refused("tooMany"));
  }));

Deno.test("what is gone, or another account's, is refused", () =>
  withAccount(async ({ store }, account) => {
    const { writer } = store;
    const change = new CountChange();
    await assert.rejects(writer.run((tx) => tx.counts.takeModSeq(99)), refused("noPermission"));
    await assert.rejects(writer.run((tx) => tx.counts.checkQuota(99, 1, 0)), refused("noPermission"));
    await assert.rejects(writer.run((tx) => tx.counts.takeUids(99, 1, 1)), refused("noSuchMailbox"));
    await assert.rejects(writer.run((tx) => tx.count(account, 77, 5, change)), refused("noSuchMailbox"));
    // Also when it is held already.
    await assert.rejects(
      writer.run(function* (tx) {
        yield* tx.counts.mailboxNamed(account, "Inbox");
        yield* tx.counts.takeUids(99, 1, 1);
      }),
      refused("noSuchMailbox"),
    );
    const found = await writer.run(function* (tx) {
      return [
        (yield* tx.counts.mailboxNamed(account, "Inbox"))?.id,
        (yield* tx.counts.mailboxNamed(account, "inbox"))?.id,
        (yield* tx.counts.mailboxNamed(99, "Inbox"))?.id,
        (yield* tx.counts.accountNamed("ann"))?.id,
        (yield* tx.counts.accountNamed("Ann"))?.id,
        (yield* tx.counts.mailbox(99, 1))?.id,
      ];
    });
    assert.deepEqual(found, [1, undefined, undefined, account, undefined, undefined]);
  }));
