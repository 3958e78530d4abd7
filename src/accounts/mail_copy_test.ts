/** COPY and MOVE of many messages: others are let in between, and a COPY that breaks off leaves nothing behind. */
import assert from "node:assert/strict";
import { Refused } from "../base/errors.ts";
import { many, prepared } from "../store/query.ts";
import { type TempStore, tempStore } from "../store/testing/temp_store.ts";
import type { SlicedWork } from "../store/transaction.ts";
import { ensureAccount } from "./accounts.ts";
import { CopyJournal } from "./copy_journal.ts";
import { copyMessages } from "./mail_copy.ts";
import { StoreMail, undoCopies } from "./mail_store.ts";
import { every, flagsOf, mailboxOf, refuses } from "./testing/conformance_support.ts";
import { fillMailbox } from "./testing/large_mailbox.ts";

const count = 3000;

const journals = prepared((db, _p: Record<string, never>) => db.selectFrom("jobs").select("payload"));

async function withMail(
  test: (parts: {
    temp: TempStore;
    mail: StoreMail;
    accountId: number;
    from: number;
    to: number;
    /** From now on the account has no rights. */
    revoke: () => void;
  }) => Promise<void>,
) {
  await using temp = tempStore();
  const { store } = temp;
  const accountId = await ensureAccount(store, { name: "ann", maxBytes: null });
  let revoked = false;
  const mail = new StoreMail(store, accountId, () => {
    if (revoked) throw new Refused("noCapability", "revoked");
  });
  const from = await fillMailbox(store, accountId, "Inbox", count, 50);
  const to = (await mailboxOf(mail, "Archive")).id;
  await test({ temp, mail, accountId, from, to, revoke: () => revoked = true });
}

const flag = (mail: StoreMail, mailbox: number) =>
  mail.storeFlags({ mailbox, uids: [1, 1], mode: "add", bits: 4, keywords: [], unchangedSince: null });

for (const verb of ["copy", "move"] as const) {
  Deno.test(`a ${verb} of many lets others in between, and takes all`, () =>
    withMail(async ({ temp, mail, from, to }) => {
      const order: string[] = [];
      const before = await flagsOf(mail, from);
      const all = mail[verb]({ mailbox: from, uids: every, to }).then((copied) => {
        order.push(verb);
        return copied;
      });
      await flag(mail, (await mailboxOf(mail, "Drafts")).id);
      order.push("other");
      const copied = await all;
      assert.deepEqual(order, ["other", verb]);
      assert.deepEqual([copied.from.length, copied.to.length], [count, count]);
      assert.deepEqual([copied.from.at(-1), copied.to.at(-1)], [count, count]);
      assert.deepEqual(await flagsOf(mail, to), before);
      assert.deepEqual(await flagsOf(mail, from), verb === "copy" ? before : {});
      assert.deepEqual(temp.store.read(many(journals, {})), []);
    }));

  Deno.test(`a ${verb} of all into the same mailbox ends`, () =>
    withMail(async ({ mail, from }) => {
      const copied = await mail[verb]({ mailbox: from, uids: every, to: from });
      assert.equal(copied.to.at(-1), 2 * count);
      assert.equal(Object.keys(await flagsOf(mail, from)).length, verb === "copy" ? 2 * count : count);
    }));
}

Deno.test("a copy that breaks off is taken back, and what came meanwhile stays", () =>
  withMail(async ({ temp, mail, accountId, from, to, revoke }) => {
    const other = new StoreMail(temp.store, accountId);
    const broken = refuses("noCapability", mail.copy({ mailbox: from, uids: every, to }));
    const meanwhile = await other.copy({ mailbox: from, uids: [7, 7], to });
    assert.ok((meanwhile.to[0] ?? 0) > 1, "nothing of the copy was there yet");
    revoke();
    await broken;
    assert.deepEqual(Object.keys(await flagsOf(other, to)).map(Number), [...meanwhile.to]);
    assert.equal((await mailboxOf(other, "Archive")).messages, 1);
    assert.deepEqual(temp.store.read(many(journals, {})), []);
  }));

Deno.test("a quota that is reached in the middle of a copy leaves nothing of it", () =>
  withMail(async ({ temp, mail, from, to }) => {
    const { bytes } = await mailboxOf(mail, "Inbox");
    await ensureAccount(temp.store, { name: "ann", maxBytes: Math.floor(bytes * 1.6) });
    await refuses("overQuota", mail.copy({ mailbox: from, uids: every, to }));
    assert.deepEqual(await flagsOf(mail, to), {});
    assert.equal((await mailboxOf(mail, "Inbox")).messages, count);
  }));

Deno.test("what a crash left of a copy is taken back when the store opens", () =>
  withMail(async ({ temp, accountId, from, to }) => {
    await temp.store.writer.slices(function* (tx): SlicedWork<void> {
      const journal = new CopyJournal(accountId, to);
      const work = copyMessages({ accountId, tx }, { mailbox: from, uids: every, to }, journal);
      let next = work.next();
      while (!next.done && next.value.want !== "pause") next = work.next(yield next.value);
    });
    const store = await temp.reopen();
    const mail = new StoreMail(store, accountId);
    assert.equal(Object.keys(await flagsOf(mail, to)).length, 500);
    await undoCopies(store);
    assert.deepEqual(await flagsOf(mail, to), {});
    const { messages, uidNext } = await mailboxOf(mail, "Archive");
    assert.deepEqual({ messages, uidNext }, { messages: 0, uidNext: 501 });
    assert.equal((await mailboxOf(mail, "Inbox")).messages, count);
    assert.deepEqual(store.read(many(journals, {})), []);
  }));
