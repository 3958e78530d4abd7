import assert from "node:assert/strict";
import { Refused } from "../base/errors.ts";
import { deleted } from "../imap/flags.ts";
import { tempStore } from "../store/testing/temp_store.ts";
import { ensureAccount } from "./accounts.ts";
import { sortMessages } from "./mail_sort.ts";
import { StoreMail } from "./mail_store.ts";
import { threadMessages } from "./mail_thread.ts";
import { all } from "./testing/conformance_support.ts";
import { fillMailbox } from "./testing/large_mailbox.ts";

const everything = { key: "all" } as const;
const bySubject = [{ key: "subject", reverse: true }] as const;

Deno.test("a sort and a thread keep so much text in memory and no more", async () => {
  await using temp = tempStore();
  const { store } = temp;
  const account = await ensureAccount(store, { name: "ann", maxBytes: null });
  const mailbox = await fillMailbox(store, account, "Inbox", 10, 100);
  const subjects = 10 * "message number 0".length;
  const sort = (max: number) =>
    all(sortMessages(store, account, { mailbox, key: everything, criteria: bySubject }, max));
  assert.deepEqual([...(await sort(subjects)).at(-1)?.uids ?? []], [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  const tooMany = (error: unknown) => error instanceof Refused && error.reason === "tooMany";
  await assert.rejects(sort(subjects - 1), tooMany);
  const ids = 10 * "0@example.org".length;
  const thread = (max: number) =>
    all(threadMessages(store, account, { mailbox, key: everything, algorithm: "references" }, max));
  assert.equal((await thread(subjects + ids)).at(-1)?.uids.length, 10);
  await assert.rejects(thread(subjects + ids - 1), tooMany);
});

Deno.test("emails that did not come one after the other are searched and sorted as others are", async () => {
  await using temp = tempStore();
  const { store } = temp;
  const account = await ensureAccount(store, { name: "ann", maxBytes: null });
  const other = await ensureAccount(store, { name: "bob", maxBytes: null });
  const mail = new StoreMail(store, account);
  const inbox = await fillMailbox(store, account, "Inbox", 3, 100);
  await fillMailbox(store, other, "Inbox", 500, 100);
  await fillMailbox(store, account, "Inbox", 3, 100);
  const { id } = await mail.create({ name: "Copies", specialUse: [] });
  // The newest first, and one twice.
  for (const uid of [6, 2, 4, 2]) await mail.copy({ mailbox: inbox, uids: [uid, uid], to: id });
  const criteria = [{ key: "subject", reverse: false }] as const;
  const sorted = await all(mail.sort({ mailbox: id, key: everything, criteria }));
  assert.deepEqual([...sorted.at(-1)?.uids ?? []], [3, 2, 4, 1]);
  const key = { key: "header", field: "subject", text: "NUMBER 1" } as const;
  const found = await all(mail.search({ mailbox: id, key }));
  assert.deepEqual(found.flatMap((batch) => [...batch.uids]), [2, 4]);
  await mail.close();
});

/** The UIDs that an answer tells of nine messages, of which two go after they were found, and before their columns are read. */
async function toldOf(
  ask: (mail: StoreMail, mailbox: number) => AsyncIterable<{ readonly uids: Uint32Array }>,
): Promise<number[]> {
  await using temp = tempStore();
  const { store } = temp;
  const account = await ensureAccount(store, { name: "ann", maxBytes: null });
  const mail = new StoreMail(store, account);
  const mailbox = await fillMailbox(store, account, "Inbox", 9, 100);
  const uids = [4, 5];
  await mail.storeFlags({ mailbox, uids, mode: "add", bits: deleted, keywords: [], unchangedSince: null });
  const asked = all(ask(mail, mailbox));
  // The first slice has run; columns are read in a later turn than this unit has.
  await mail.expunge({ mailbox, uids });
  const told = (await asked).flatMap((batch) => [...batch.uids]);
  await mail.close();
  return told;
}

for (const key of ["subject", "from", "date"] as const) {
  Deno.test(`what is expunged between its finding and its sorting by ${key} is nowhere in the order`, async () => {
    const criteria = [{ key, reverse: false }] as const;
    const told = await toldOf((mail, mailbox) => mail.sort({ mailbox, key: everything, criteria }));
    assert.deepEqual(told, [1, 2, 3, 6, 7, 8, 9]);
  });
}

for (const algorithm of ["orderedSubject", "references"] as const) {
  Deno.test(`what is expunged between its finding and its threading is in no thread (${algorithm})`, async () => {
    const told = await toldOf((mail, mailbox) => mail.thread({ mailbox, key: everything, algorithm }));
    assert.deepEqual(told.filter((uid) => uid !== 0).sort(), [1, 2, 3, 6, 7, 8, 9]);
  });
}

Deno.test("a sort and a thread end when nobody listens, and when the mailbox goes", async () => {
  await using temp = tempStore();
  const { store } = temp;
  const account = await ensureAccount(store, { name: "ann", maxBytes: null });
  const mail = new StoreMail(store, account);
  const mailbox = await fillMailbox(store, account, "Large", 10_000, 10);
  for await (const batch of mail.thread({ mailbox, key: everything, algorithm: "references" })) {
    assert.equal(batch.total, 10_000);
    break;
  }
  const sorting = mail.sort({ mailbox, key: everything, criteria: bySubject });
  let turns = 0;
  for await (const batch of sorting) if (batch.uids.length === 0) turns++;
  assert.ok(turns > 5, `${turns} turns`);
  await mail.delete({ name: "Large" });
  await assert.rejects(
    all(mail.sort({ mailbox, key: everything, criteria: bySubject })),
    (error) => error instanceof Refused && error.reason === "noSuchMailbox",
  );
  await mail.close();
});
