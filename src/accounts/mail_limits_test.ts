/**
 * What the network can drive, driven to its limit; and what happens between the slices of long work.
 */
import assert from "node:assert/strict";
import { fromUtf8, MiB, utf8 } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { maxKeywords, maxMailboxKeywords } from "../imap/flags.ts";
import { addMessages, prepareEmail } from "../store/add_message.ts";
import { checkIndex } from "../store/check_index.ts";
import { one, prepared, run, type Work } from "../store/query.ts";
import { sampleMessage } from "../store/testing/sample_message.ts";
import { type TempStore, tempStore } from "../store/testing/temp_store.ts";
import { ensureAccount } from "./accounts.ts";
import { maxInlineBytes } from "./mail.ts";
import { maxSearchedBytes } from "./mail_content.ts";
import { maxSections } from "./mail_fetch.ts";
import { createMailbox, maxMailboxes, maxSubscriptions } from "./mail_mailboxes.ts";
import { maxLevels } from "./mail_names.ts";
import { maxAppended, StoreMail } from "./mail_store.ts";
import { textMessage } from "./testing/built_message.ts";
import {
  all,
  every,
  fetchRequest,
  fill,
  flagsOf,
  found,
  mailboxOf,
  newMessage,
  refuses,
  section,
  valuesOf,
} from "./testing/conformance_support.ts";
import { fillMailbox } from "./testing/large_mailbox.ts";

async function openMail(temp: TempStore, maxBytes: number | null = null) {
  const accountId = await ensureAccount(temp.store, { name: "ann", maxBytes });
  return { accountId, mail: new StoreMail(temp.store, accountId) };
}

Deno.test("long work lets others in between its slices, and takes a MODSEQ for each", async () => {
  await using temp = tempStore();
  const { accountId, mail } = await openMail(temp);
  const mailbox = await fillMailbox(temp.store, accountId, "Inbox", 6000, 50);
  const before = (await mailboxOf(mail, "Inbox")).highestModSeq;
  const order: string[] = [];
  const bulk = mail.storeFlags({
    mailbox,
    uids: every,
    mode: "add",
    bits: 8,
    keywords: [],
    unchangedSince: null,
  });
  const small = mail.storeFlags({
    mailbox,
    uids: [1, 1],
    mode: "add",
    bits: 4,
    keywords: [],
    unchangedSince: null,
  });
  await Promise.all([bulk.then(() => order.push("bulk")), small.then(() => order.push("small"))]);
  assert.deepEqual(order, ["small", "bulk"]);
  const { flags, modified } = await bulk;
  assert.deepEqual([flags.uids.length, modified.length], [6000, 0]);
  const modseqs = new Set(flags.modseqs);
  assert.ok(modseqs.size > 1 && Math.min(...modseqs) > before);
  // Who follows the changes from any of these MODSEQs on misses nothing.
  const half = [...modseqs].sort((a, b) => a - b)[Math.floor(modseqs.size / 2)] ?? 0;
  const { changed } = await mail.changes({ mailbox, modseq: half, claimRecent: false });
  assert.equal(changed.uids.length, flags.modseqs.filter((modseq) => modseq > half).length);
  const gone = await mail.expunge({ mailbox, uids: null });
  assert.equal(gone.length, 6000);
  assert.equal((await mailboxOf(mail, "Inbox")).bytes, 0);
  const after = await mail.changes({ mailbox, modseq: before, claimRecent: false });
  assert.equal(after.expunged.length, 6000);
  assert.deepEqual(after.expunged, after.expunged.slice().sort());
});

Deno.test("what is delivered while a mailbox is deleted goes with it", async () => {
  await using temp = tempStore();
  const { accountId, mail } = await openMail(temp);
  await mail.create({ name: "old", specialUse: [] });
  const mailbox = await fillMailbox(temp.store, accountId, "old", 2000, 50);
  const deleting = mail.delete({ name: "old" });
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, () => mail.append({ mailbox, messages: [newMessage(textMessage("late"))] })),
  );
  await deleting;
  await refuses("noSuchMailbox", mail.open({ mailbox, claimRecent: false }));
  for (const result of results) {
    if (result.status === "rejected") assert.equal(result.reason.reason, "noSuchMailbox");
  }
  // Closing the store checks that no message is left without a mailbox.
});

Deno.test("a mailbox that gets a child while it is deleted stays, and says that it forgot", async () => {
  await using temp = tempStore();
  const { accountId, mail } = await openMail(temp);
  const mailbox = await fillMailbox(temp.store, accountId, "old", 3000, 50);
  const { highestModSeq } = await mailboxOf(mail, "old");
  const deleting = mail.delete({ name: "old" });
  await Promise.all([refuses("hasChildren", deleting), mail.create({ name: "old/child", specialUse: [] })]);
  const info = await mailboxOf(mail, "old");
  assert.ok(info.messages < 3000);
  const open = await mail.open({ mailbox, claimRecent: false });
  assert.equal(open.uids.length, info.messages);
  const changes = await mail.changes({ mailbox, modseq: highestModSeq, claimRecent: false });
  assert.equal(changes.complete, info.messages === 3000);
});

Deno.test("an account has a quota", async () => {
  await using temp = tempStore();
  const message = newMessage(textMessage("x".repeat(500)));
  const size = message.index.size;
  const { mail } = await openMail(temp, 3 * size);
  const { id } = await mailboxOf(mail, "Inbox");
  await mail.append({ mailbox: id, messages: [message, message] });
  await refuses("overQuota", mail.append({ mailbox: id, messages: [message, message] }));
  await refuses("overQuota", mail.copy({ mailbox: id, uids: every, to: id }));
  assert.equal((await mailboxOf(mail, "Inbox")).messages, 2);
  await mail.copy({ mailbox: id, uids: [1, 1], to: id });
  const to = (await mailboxOf(mail, "Archive")).id;
  await mail.append({ mailbox: id, messages: [message], replaces: { mailbox: id, uid: 1 } }); // RFC 8508 3.4
  await refuses(
    "overQuota",
    mail.append({ mailbox: id, messages: [message, message], replaces: { mailbox: id, uid: 2 } }),
  );
  assert.equal((await mailboxOf(mail, "Inbox")).messages, 3);
  await mail.move({ mailbox: id, uids: every, to }); // Moving needs no room.
  assert.equal((await mailboxOf(mail, "Archive")).bytes, 3 * size);
});

Deno.test("an account has so many mailboxes and no more", async () => {
  await using temp = tempStore();
  const { accountId, mail } = await openMail(temp);
  await temp.store.writer.run(function* (tx): Work<void> {
    const level = "/l".repeat(maxLevels - 1);
    for (let n = 6; n + maxLevels <= maxMailboxes; n += maxLevels) {
      yield* createMailbox({ accountId, tx }, { name: `${n}${level}`, specialUse: [] });
    }
  });
  const count = (await mail.list({})).mailboxes.length;
  for (let n = count; n < maxMailboxes; n++) await mail.create({ name: `more ${n}`, specialUse: [] });
  await refuses("tooMany", mail.create({ name: "one more", specialUse: [] }));
  await refuses("tooMany", mail.rename({ from: "Inbox", to: "one more" }));
  await refuses("tooMany", mail.rename({ from: "Sent", to: "one/more" }));
  assert.equal((await mail.list({})).mailboxes.length, maxMailboxes);
});

Deno.test("slices that end within scattered UIDs leave nobody out", async () => {
  await using temp = tempStore();
  const { accountId, mail } = await openMail(temp);
  const mailbox = await fillMailbox(temp.store, accountId, "Inbox", 200, 60_000);
  const uids: number[] = [];
  for (let uid = 1; uid <= 200; uid += uid % 20 === 19 ? 42 : 2) uids.push(uid, uid); // Near and far apart.
  const wanted = uids.filter((_uid, i) => i % 2 === 0);
  const batches = await all(mail.fetch(fetchRequest(mailbox, { uids, sections: [section()] })));
  assert.ok(batches.length > 1);
  assert.deepEqual(batches.flatMap((batch) => [...batch.uids]), wanted);
  // Each has its own content.
  for (const batch of batches) {
    for (const [i, value] of valuesOf(batch, maxInlineBytes).entries()) {
      const text = typeof value === "number" ? "" : fromUtf8(value.subarray(0, 1000));
      assert.ok(text.includes(`Subject: message number ${(batch.uids[i] ?? 0) - 1}\r\n`));
    }
  }
  const key = { key: "and", keys: [{ key: "uids", set: uids }, { key: "body", text: "lazy dog" }] } as const;
  assert.deepEqual(await found(mail, mailbox, key), wanted);
});

const addName = prepared((db, p: { accountId: number; name: string }) =>
  db.insertInto("subscriptions").values({ account_id: p.accountId, name: p.name })
);

Deno.test("subscriptions to names end at a limit", async () => {
  await using temp = tempStore();
  const { accountId, mail } = await openMail(temp);
  const { length } = (await mail.list({})).mailboxes;
  await temp.store.writer.run(function* (): Work<void> {
    for (let n = length; n < maxSubscriptions - 1; n++) yield* run(addName, { accountId, name: `name ${n}` });
  });
  await mail.subscribe({ name: "the last", subscribed: true });
  await refuses("tooMany", mail.subscribe({ name: "one more", subscribed: true }));
  await mail.subscribe({ name: "the last", subscribed: false });
  await mail.subscribe({ name: "one more", subscribed: true });
});

const countNames = prepared((db, p: { accountId: number }) =>
  db.selectFrom("subscriptions").select((eb) => eb.fn.countAll<number>().as("n"))
    .where("account_id", "=", p.accountId)
);

Deno.test("mailboxes made, renamed and deleted on and on leave no more subscriptions than there may be", async () => {
  await using temp = tempStore();
  const { accountId, mail } = await openMail(temp);
  const { length } = (await mail.list({})).mailboxes;
  await temp.store.writer.run(function* (): Work<void> {
    for (let n = length; n < maxSubscriptions - 1; n++) yield* run(addName, { accountId, name: `name ${n}` });
  });
  const counted = () => temp.store.read(one(countNames, { accountId }))?.n;
  const subscribed = async (name: string) => (await mailboxOf(mail, name)).subscribed;
  await mail.create({ name: "a/b", specialUse: [] }); // Room for one of the two.
  assert.deepEqual([await subscribed("a"), await subscribed("a/b")], [true, false]);
  await mail.rename({ from: "a", to: "c" });
  assert.deepEqual([await subscribed("c"), await subscribed("c/b")], [false, false]);
  await mail.delete({ name: "c/b" });
  await mail.create({ name: "c/d", specialUse: [] });
  assert.equal(counted(), maxSubscriptions);
});

Deno.test("keywords end at limits: of a message, and of a mailbox", async () => {
  await using temp = tempStore();
  const { mail } = await openMail(temp);
  const mailbox = await fill(mail, "Inbox", 2);
  const add = (keywords: string[], uids = every) =>
    mail.storeFlags({ mailbox, uids, mode: "add", bits: 0, keywords, unchangedSince: null });
  const words = (from: number, count: number) => Array.from({ length: count }, (_, i) => `k${from + i}`);
  await add(words(0, maxKeywords), [1, 1]);
  await refuses("tooMany", add(["one-more"], [1, 1]));
  for (let n = maxKeywords; n < maxMailboxKeywords; n += maxKeywords) {
    await mail.storeFlags({
      mailbox,
      uids: [2, 2],
      mode: "replace",
      bits: 0,
      keywords: words(n, maxKeywords),
      unchangedSince: null,
    });
  }
  const before = await flagsOf(mail, mailbox);
  const last = {
    mailbox,
    uids: [2, 2],
    mode: "replace",
    bits: 0,
    keywords: ["one-more"],
    unchangedSince: null,
  } as const;
  await refuses("tooMany", mail.storeFlags(last));
  assert.deepEqual(await flagsOf(mail, mailbox), before);
});

Deno.test("requests have limits", async () => {
  await using temp = tempStore();
  const { mail } = await openMail(temp);
  const mailbox = await fill(mail, "Inbox", 1);
  const sections = Array(maxSections + 1).fill(section());
  await refuses("tooMany", all(mail.fetch(fetchRequest(mailbox, { sections }))));
  await all(mail.fetch(fetchRequest(mailbox, { sections: sections.slice(1) })));
  for (const bad of [section({ offset: -1 }), section({ length: 0.5 }), section({ part: [NaN] })]) {
    await refuses("badRequest", all(mail.fetch(fetchRequest(mailbox, { sections: [bad] }))));
    await refuses("badRequest", all(mail.read({ mailbox, uid: 1, section: bad })));
  }
  await refuses(
    "tooMany",
    all(mail.read({ mailbox, uid: 1, section: section({ part: Array(300).fill(1) }) })),
  );
  await refuses("badRequest", all(mail.fetch(fetchRequest(mailbox, { uids: [2, 1] }))));
  await refuses("badRequest", mail.copy({ mailbox, uids: [1], to: mailbox }));
  await refuses("badRequest", mail.expunge({ mailbox, uids: [0, 1] }));
  const message = newMessage(textMessage("x"));
  await refuses("tooMany", mail.append({ mailbox, messages: Array(maxAppended + 1).fill(message) }));
  await refuses("badRequest", mail.append({ mailbox, messages: [{ ...message, internalDate: NaN }] }));
  await refuses(
    "badRequest",
    mail.append({ mailbox, messages: [{ ...message, index: sampleMessage().index }] }),
  );
  assert.equal((await mailboxOf(mail, "Inbox")).messages, 1);
});

Deno.test("a right that has ended is noticed at the next call, and between slices", async () => {
  await using temp = tempStore();
  const { accountId } = await openMail(temp);
  let allowed = true;
  const mail = new StoreMail(temp.store, accountId, () => {
    if (!allowed) throw new Refused("noCapability", "ended");
  });
  const mailbox = await fillMailbox(temp.store, accountId, "Inbox", 5000, 50);
  const bulk = mail.storeFlags({
    mailbox,
    uids: every,
    mode: "add",
    bits: 8,
    keywords: [],
    unchangedSince: null,
  });
  setTimeout(() => allowed = false, 0);
  await refuses("noCapability", bulk);
  await refuses("noCapability", mail.list({}));
  await refuses("noCapability", mail.create({ name: "x", specialUse: [] }));
  await refuses("noCapability", all(mail.fetch(fetchRequest(mailbox))));
});

Deno.test("one account's mailboxes are nobody else's", async () => {
  await using temp = tempStore();
  const { mail } = await openMail(temp);
  const bob = new StoreMail(temp.store, await ensureAccount(temp.store, { name: "bob", maxBytes: null }));
  const mailbox = await fill(mail, "Inbox", 1);
  const own = (await mailboxOf(bob, "Inbox")).id;
  await refuses("noSuchMailbox", bob.open({ mailbox, claimRecent: true }));
  await refuses("noSuchMailbox", all(bob.fetch(fetchRequest(mailbox, { sections: [section()] }))));
  await refuses("noSuchMailbox", all(bob.read({ mailbox, uid: 1, section: section() })));
  await refuses("noSuchMailbox", bob.copy({ mailbox, uids: every, to: own }));
  await refuses("noSuchMailbox", bob.move({ mailbox: own, uids: every, to: mailbox }));
  await refuses("noSuchMailbox", bob.expunge({ mailbox, uids: null }));
  await refuses("noSuchMailbox", bob.append({ mailbox, messages: [newMessage(textMessage("x"))] }));
  await refuses("noSuchMailbox", found(bob, mailbox, { key: "all" }));
  const flags = { mailbox, uids: every, mode: "add", bits: 1, keywords: [], unchangedSince: null } as const;
  await refuses("noSuchMailbox", bob.storeFlags(flags));
  assert.equal((await bob.changes({ mailbox, modseq: 0, claimRecent: false })).gone, true);
  const spool = await mail.spoolOpen({});
  await refuses("badRequest", bob.spoolWrite({ spool, bytes: new Uint8Array(1) }));
  await mail.close();
  await refuses("badRequest", mail.spoolWrite({ spool, bytes: new Uint8Array(1) }));
});

/** Delivers a message whose body is a file, with something in front. */
async function deliverLarge(
  temp: TempStore,
  accountId: number,
  mailbox: number,
  text: string,
): Promise<void> {
  const { store } = temp;
  const { content, index } = textMessage(text);
  const spools = store.spools.forOwner();
  const spool = await spools.open();
  for (let at = 0; at < content.length; at += MiB) await spools.write(spool, content.slice(at, at + MiB));
  const body = await store.bodies.ready({ content: null, spool }, spools);
  const email = prepareEmail(body, checkIndex(index, content.length));
  const addition = { email, prefix: utf8("X: y\r\n"), bits: 0, keywords: [], internalDate: 0 };
  await store.writer.run((tx) => addMessages(tx, accountId, mailbox, [addition]));
  body.release();
}

Deno.test("a search in a large body lets others in between its pieces", async () => {
  await using temp = tempStore();
  const { mail, accountId } = await openMail(temp);
  const { id } = await mailboxOf(mail, "Inbox");
  await deliverLarge(temp, accountId, id, "a line of text\r\n".repeat(maxSearchedBytes / 16) + "needle");
  await deliverLarge(temp, accountId, id, "another line\r\n".repeat(50_000) + "needle");
  let turns = 0;
  let searching = true;
  const count = () => {
    turns++;
    if (searching) setImmediate(count);
  };
  setImmediate(count);
  assert.deepEqual(await found(mail, id, { key: "body", text: "needle" }), [2], "only so much is searched");
  searching = false;
  assert.ok(turns > maxSearchedBytes / MiB, `${turns} turns`);
  assert.deepEqual(await found(mail, id, { key: "text", text: "x: y" }), [1, 2]);
  assert.deepEqual(await found(mail, id, { key: "not", inner: { key: "body", text: "another" } }), [1]);
});

Deno.test("damaged bodies spoil their own messages only", async () => {
  const temp = tempStore();
  const { mail, accountId } = await openMail(temp);
  const { id } = await mailboxOf(mail, "Inbox");
  for (const word of ["changed", "missing"]) {
    await deliverLarge(temp, accountId, id, `needle ${word}\r\n`.repeat(50_000));
  }
  await mail.append({ mailbox: id, messages: [newMessage(textMessage("needle"))] });
  const files = [...Deno.readDirSync(`${temp.folder}/bodies`)].flatMap((folder) =>
    [...Deno.readDirSync(`${temp.folder}/bodies/${folder.name}`)].map((file) => `${folder.name}/${file.name}`)
  );
  assert.equal(files.length, 2);
  for (const file of files) {
    const path = `${temp.folder}/bodies/${file}`;
    if (Deno.readTextFileSync(path).includes("missing")) Deno.removeSync(path);
    else Deno.writeTextFileSync(path, "not what was stored");
  }
  const sections = [section({ length: 5 }), section({ length: 10 })];
  const batches = await all(mail.fetch(fetchRequest(id, { sections })));
  const values = batches.flatMap((batch) => valuesOf(batch, maxInlineBytes));
  const shown = values.map((value) => typeof value === "number" ? value : fromUtf8(value));
  // The first five octets are the prefix, which is not in the file.
  assert.deepEqual(shown, ["X: y\r", -3, "X: y\r", -3, "\r\nnee", "\r\nneedle"]);
  await refuses("damaged", all(mail.read({ mailbox: id, uid: 1, section: section() })));
  await refuses("damaged", all(mail.read({ mailbox: id, uid: 2, section: section() })));
  assert.deepEqual(await found(mail, id, { key: "body", text: "needle" }), [3]);
  assert.deepEqual(await found(mail, id, { key: "larger", octets: 1000 }), [1, 2]);
  await mail.close();
  await temp.close(/body/);
});
