/**
 * Conformance of `Mail`: messages in mailboxes, their flags, and what changed.
 *
 * @module
 */
import assert from "node:assert/strict";
import { textMessage } from "./built_message.ts";
import {
  all,
  every,
  fetchRequest,
  fill,
  flagsOf,
  mailboxOf,
  type MailTests,
  newMessage,
  refuses,
} from "./conformance_support.ts";

export const messageTests: MailTests = {
  async "open tells UIDs, the first unseen message and keywords"({ mail }) {
    const { id } = await mailboxOf(mail, "Inbox");
    const messages = [1, 0, 0].map((bits, i) =>
      newMessage(textMessage(`${i}`), { bits, keywords: i === 1 ? ["work", "later"] : [] })
    );
    const { from, to, uidValidity } = await mail.append({ mailbox: id, messages });
    assert.deepEqual([[...from], [...to]], [[1, 2, 3], [1, 2, 3]]);
    const open = await mail.open({ mailbox: id, claimRecent: false });
    assert.deepEqual([...open.uids], [1, 2, 3]);
    assert.equal(open.firstUnseenUid, 2);
    assert.deepEqual(open.keywords, ["later", "work"]);
    assert.equal(open.info.uidValidity, uidValidity);
    assert.equal(open.info.uidNext, 4);
  },

  async "\\Recent is told to one session only"({ mail, deliver }) {
    await deliver("Inbox", textMessage("one"));
    const { id } = await mailboxOf(mail, "Inbox");
    assert.equal((await mail.open({ mailbox: id, claimRecent: false })).recentFromUid, 1);
    assert.equal((await mail.open({ mailbox: id, claimRecent: true })).recentFromUid, 1);
    assert.equal((await mail.open({ mailbox: id, claimRecent: true })).recentFromUid, 2);
    assert.equal((await mailboxOf(mail, "Inbox")).recent, 0);
    await deliver("Inbox", textMessage("two"));
    assert.equal((await mailboxOf(mail, "Inbox")).recent, 1);
    const changes = await mail.changes({ mailbox: id, modseq: 1, claimRecent: true });
    assert.equal(changes.recentFromUid, 2);
    assert.equal((await mail.open({ mailbox: id, claimRecent: false })).recentFromUid, 3);
  },

  async "flags are added, removed and replaced"({ mail }) {
    const mailbox = await fill(mail, "Inbox", 3);
    const change = (mode: "add" | "remove" | "replace", bits: number, keywords: string[], uids = every) =>
      mail.storeFlags({ mailbox, uids, mode, bits, keywords, unchangedSince: null });
    await change("add", 1 | 4, ["b", "a"]);
    assert.deepEqual(await flagsOf(mail, mailbox), { 1: "5 a b", 2: "5 a b", 3: "5 a b" });
    await change("remove", 4, ["a"], [2, 2]);
    assert.deepEqual(await flagsOf(mail, mailbox), { 1: "5 a b", 2: "1 b", 3: "5 a b" });
    const { flags, modified } = await change("replace", 8, ["c"], [1, 2]);
    assert.deepEqual(await flagsOf(mail, mailbox), { 1: "8 c", 2: "8 c", 3: "5 a b" });
    assert.deepEqual([[...flags.uids], [...flags.bits], [...modified]], [[1, 2], [8, 8], []]);
    assert.equal(flags.keywordSets[flags.keywordSet[0] ?? 0], "c");
    assert.deepEqual([(await mailboxOf(mail, "Inbox")).unseen, (await mailboxOf(mail, "Inbox")).deleted], [
      2,
      2,
    ]);
  },

  async "flags that are there already take no MODSEQ"({ mail }) {
    const mailbox = await fill(mail, "Inbox", 2);
    const add = { mailbox, mode: "add", bits: 1, keywords: [], unchangedSince: null } as const;
    await mail.storeFlags({ ...add, uids: [1, 1] });
    const before = (await mailboxOf(mail, "Inbox")).highestModSeq;
    const { flags } = await mail.storeFlags({ ...add, uids: [1, 1] });
    assert.equal((await mailboxOf(mail, "Inbox")).highestModSeq, before);
    assert.deepEqual([[...flags.uids], [...flags.modseqs]], [[1], [before]]);
    const both = await mail.storeFlags({ ...add, uids: every });
    assert.equal(both.flags.modseqs[0], before);
    assert.equal(both.before[0], before);
    assert.ok((both.before[1] ?? 0) < before, "of the message that was changed, the MODSEQ before");
    assert.ok((both.flags.modseqs[1] ?? 0) > before);
  },

  async "unchangedSince leaves alone what was changed since"({ mail }) {
    const mailbox = await fill(mail, "Inbox", 3);
    const start = (await mailboxOf(mail, "Inbox")).highestModSeq;
    const add = { mailbox, mode: "add", keywords: [] } as const;
    await mail.storeFlags({ ...add, uids: [2, 2], bits: 4, unchangedSince: null });
    const stored = await mail.storeFlags({ ...add, uids: every, bits: 1, unchangedSince: start });
    assert.deepEqual([...stored.modified], [2]);
    assert.deepEqual([...stored.flags.uids], [1, 3]);
    assert.deepEqual(await flagsOf(mail, mailbox), { 1: "1", 2: "4", 3: "1" });
  },

  async "expunge removes what is marked, of those asked for"({ mail }) {
    const mailbox = await fill(mail, "Inbox", 4);
    const add = { mailbox, mode: "add", bits: 8, keywords: [], unchangedSince: null } as const;
    await mail.storeFlags({ ...add, uids: [2, 4] });
    const before = (await mailboxOf(mail, "Inbox")).highestModSeq;
    assert.deepEqual([...await mail.expunge({ mailbox, uids: [1, 3] })], [2, 3]);
    assert.deepEqual([...(await mail.open({ mailbox, claimRecent: false })).uids], [1, 4]);
    const changes = await mail.changes({ mailbox, modseq: before, claimRecent: false });
    assert.deepEqual([...changes.expunged], [2, 3]);
    assert.equal(changes.complete, true);
    assert.ok(changes.highestModSeq > before);
    assert.deepEqual([...await mail.expunge({ mailbox, uids: null })], [4]);
    const after = (await mailboxOf(mail, "Inbox")).highestModSeq;
    assert.deepEqual([...await mail.expunge({ mailbox, uids: null })], []);
    assert.equal((await mailboxOf(mail, "Inbox")).highestModSeq, after);
  },

  async "copy and move keep the email, its flags and date"({ mail }) {
    const mailbox = await fill(mail, "Inbox", 3);
    const to = (await mailboxOf(mail, "Archive")).id;
    await mail.storeFlags({
      mailbox,
      uids: [2, 3],
      mode: "add",
      bits: 5,
      keywords: ["k"],
      unchangedSince: null,
    });
    const ids = async (of: number) => {
      const numbers = ["emailId", "threadId", "internalDate", "size"] as const;
      const batches = await all(mail.fetch(fetchRequest(of, { numbers })));
      return batches.flatMap((batch) =>
        Array.from(
          batch.uids,
          (
            uid,
            i,
          ) => [uid, batch.emailIds?.[i], batch.threadIds?.[i], batch.internalDates?.[i], batch.sizes?.[i]],
        )
      );
    };
    const before = await ids(mailbox);
    const copied = await mail.copy({ mailbox, uids: [1, 1, 3, 9], to });
    assert.deepEqual([[...copied.from], [...copied.to]], [[1, 3], [1, 2]]);
    assert.equal(copied.uidValidity, (await mailboxOf(mail, "Archive")).uidValidity);
    const moved = await mail.move({ mailbox, uids: [2, 2], to });
    assert.deepEqual([[...moved.from], [...moved.to]], [[2], [3]]);
    assert.deepEqual(await flagsOf(mail, to), { 1: "0", 2: "5 k", 3: "5 k" });
    const after = await ids(to);
    const rest = (row: readonly unknown[] | undefined) => row?.slice(1);
    assert.deepEqual([rest(after[0]), rest(after[1]), rest(after[2])], [
      rest(before[0]),
      rest(before[2]),
      rest(before[1]),
    ]);
    assert.deepEqual(Object.keys(await flagsOf(mail, mailbox)), ["1", "3"]);
    assert.deepEqual((await mail.open({ mailbox: to, claimRecent: false })).keywords, ["k"]);
  },

  async "an email can be in one mailbox several times, and goes with its last copy"({ mail }) {
    const mailbox = await fill(mail, "Inbox", 1);
    await mail.copy({ mailbox, uids: every, to: mailbox });
    await mail.copy({ mailbox, uids: every, to: mailbox });
    assert.deepEqual(Object.keys(await flagsOf(mail, mailbox)), ["1", "2", "3", "4"]);
    await mail.move({ mailbox, uids: [1, 2], to: mailbox });
    assert.deepEqual(Object.keys(await flagsOf(mail, mailbox)), ["3", "4", "5", "6"]);
    await mail.storeFlags({ mailbox, uids: every, mode: "add", bits: 8, keywords: [], unchangedSince: null });
    await mail.expunge({ mailbox, uids: [3, 5] });
    assert.equal((await mailboxOf(mail, "Inbox")).messages, 1);
    await mail.expunge({ mailbox, uids: null });
    assert.equal((await mailboxOf(mail, "Inbox")).bytes, 0);
  },

  async "copying nothing, or to nowhere"({ mail }) {
    const mailbox = await fill(mail, "Inbox", 1);
    const to = (await mailboxOf(mail, "Archive")).id;
    const before = (await mailboxOf(mail, "Archive")).highestModSeq;
    const nothing = await mail.copy({ mailbox, uids: [7, 9], to });
    assert.deepEqual([[...nothing.from], [...nothing.to]], [[], []]);
    assert.equal((await mailboxOf(mail, "Archive")).highestModSeq, before);
    await refuses("noSuchMailbox", mail.copy({ mailbox, uids: every, to: 99_999_999 }));
    await refuses("noSuchMailbox", mail.move({ mailbox: 99_999_999, uids: every, to }));
    assert.equal((await mailboxOf(mail, "Inbox")).messages, 1);
  },

  async "append is all or nothing"({ mail }) {
    const { id } = await mailboxOf(mail, "Inbox");
    const messages = [
      newMessage(textMessage("a")),
      newMessage(textMessage("b"), { content: null, spool: "none" }),
    ];
    await refuses("badRequest", mail.append({ mailbox: id, messages }));
    await refuses(
      "noSuchMailbox",
      mail.append({ mailbox: 99_999_999, messages: [newMessage(textMessage("a"))] }),
    );
    const info = await mailboxOf(mail, "Inbox");
    assert.deepEqual([info.messages, info.uidNext], [0, 1]);
  },

  async "a message is replaced by another, in one change or not at all"({ mail }) {
    const mailbox = await fill(mail, "Inbox", 3);
    const { id: to } = await mailboxOf(mail, "Drafts");
    const messages = [newMessage(textMessage("new"))];
    const before = await mailboxOf(mail, "Inbox");
    const here = await mail.append({ mailbox, messages, replaces: { mailbox, uid: 2 } });
    assert.deepEqual([...here.to], [4]);
    assert.deepEqual([...(await mail.open({ mailbox, claimRecent: false })).uids], [1, 3, 4]);
    const changes = await mail.changes({ mailbox, modseq: before.highestModSeq, claimRecent: false });
    assert.deepEqual([[...changes.expunged], [...changes.changed.uids]], [[2], [4]]);
    await refuses("expunged", mail.append({ mailbox: to, messages, replaces: { mailbox, uid: 2 } }));
    await refuses("expunged", mail.append({ mailbox: to, messages, replaces: { mailbox, uid: 99 } }));
    await refuses(
      "noSuchMailbox",
      mail.append({ mailbox: to, messages, replaces: { mailbox: 9999, uid: 1 } }),
    );
    await refuses("noSuchMailbox", mail.append({ mailbox: 9999, messages, replaces: { mailbox, uid: 1 } }));
    assert.deepEqual([...(await mail.open({ mailbox, claimRecent: false })).uids], [1, 3, 4]);
    assert.equal((await mailboxOf(mail, "Drafts")).messages, 0);
    await mail.append({ mailbox: to, messages, replaces: { mailbox, uid: 1 } });
    assert.deepEqual([...(await mail.open({ mailbox: to, claimRecent: false })).uids], [1]);
    const left = await mailboxOf(mail, "Inbox");
    assert.deepEqual([left.messages, left.unseen], [2, 2]);
  },

  async "a spool file becomes a message, once"({ mail }) {
    const { id } = await mailboxOf(mail, "Inbox");
    const message = textMessage(`${"line\r\n".repeat(100_000)}`);
    const spool = await mail.spoolOpen({});
    for (let at = 0; at < message.content.length; at += 65536) {
      await mail.spoolWrite({ spool, bytes: message.content.slice(at, at + 65536) });
    }
    await mail.append({ mailbox: id, messages: [newMessage(message, { content: null, spool })] });
    assert.equal((await mailboxOf(mail, "Inbox")).bytes, message.content.length);
    await refuses(
      "badRequest",
      mail.append({ mailbox: id, messages: [newMessage(message, { content: null, spool })] }),
    );
    await refuses("badRequest", mail.spoolWrite({ spool, bytes: new Uint8Array(1) }));
    const other = await mail.spoolOpen({});
    await mail.spoolDrop({ spool: other });
    await refuses("badRequest", mail.spoolWrite({ spool: other, bytes: new Uint8Array(1) }));
  },

  async "changes tells what is new, changed and gone since a MODSEQ"({ mail }) {
    const mailbox = await fill(mail, "Inbox", 4);
    const { highestModSeq } = await mailboxOf(mail, "Inbox");
    const nothing = await mail.changes({ mailbox, modseq: highestModSeq, claimRecent: false });
    assert.deepEqual([nothing.changed.uids.length, nothing.expunged.length, nothing.highestModSeq], [
      0,
      0,
      highestModSeq,
    ]);
    await mail.storeFlags({
      mailbox,
      uids: [4, 4],
      mode: "add",
      bits: 8,
      keywords: [],
      unchangedSince: null,
    });
    await mail.storeFlags({
      mailbox,
      uids: [2, 2],
      mode: "add",
      bits: 1,
      keywords: ["x"],
      unchangedSince: null,
    });
    await mail.expunge({ mailbox, uids: null });
    await fill(mail, "Inbox", 1);
    const changes = await mail.changes({ mailbox, modseq: highestModSeq, claimRecent: false });
    assert.deepEqual([...changes.changed.uids], [2, 5]);
    assert.deepEqual([...changes.changed.bits], [1, 0]);
    assert.deepEqual([...changes.expunged], [4]);
    assert.equal(changes.uidNext, 6);
    assert.ok(
      changes.changed.modseqs.every((modseq) => modseq > highestModSeq && modseq <= changes.highestModSeq),
    );
  },

  async "listeners hear of each change after it was made"({ mail }) {
    const listener = mail.listen({})[Symbol.asyncIterator]();
    const first = await listener.next();
    assert.deepEqual([first.value?.mailboxes, first.value?.list], [[], false]);
    const mailbox = await fill(mail, "Inbox", 1);
    const second = await listener.next();
    assert.deepEqual([second.value?.mailboxes, second.value?.list], [[mailbox], false]);
    assert.ok(second.value?.commit > first.value?.commit);
    await mail.create({ name: "new", specialUse: [] });
    assert.equal((await listener.next()).value?.list, true);
    await listener.return?.();
    assert.equal((await listener.next()).done, true);
  },
};
