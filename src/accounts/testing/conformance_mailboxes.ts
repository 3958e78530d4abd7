/**
 * Conformance of `Mail`: mailboxes.
 *
 * @module
 */
import assert from "node:assert/strict";
import { textMessage } from "./built_message.ts";
import {
  every,
  fill,
  flagsOf,
  mailboxOf,
  type MailTests,
  newMessage,
  refuses,
} from "./conformance_support.ts";

export const mailboxTests: MailTests = {
  async "a new account has its mailboxes, in order"({ mail }) {
    const { mailboxes } = await mail.list({});
    const names = mailboxes.map((mailbox) => mailbox.name);
    assert.deepEqual(names, [...names].sort());
    assert.ok(names.includes("Inbox"));
    for (const use of ["\\Archive", "\\Drafts", "\\Junk", "\\Sent", "\\Trash"] as const) {
      assert.equal(mailboxes.filter((mailbox) => mailbox.specialUse.includes(use)).length, 1);
    }
  },

  async "create makes parents, subscribed, with a UIDVALIDITY of their own"({ mail }) {
    const made = await mail.create({ name: "a/b/c", specialUse: [] });
    assert.equal(made.name, "a/b/c");
    assert.deepEqual([made.uidNext, made.messages, made.subscribed], [1, 0, true]);
    const { mailboxes } = await mail.list({});
    const ours = mailboxes.filter((mailbox) => mailbox.name.startsWith("a"));
    assert.deepEqual(ours.map((mailbox) => mailbox.name), ["a", "a/b", "a/b/c"]);
    assert.ok(ours.every((mailbox) => mailbox.subscribed));
    assert.equal(new Set(mailboxes.map((mailbox) => mailbox.uidValidity)).size, mailboxes.length);
    assert.equal(new Set(mailboxes.map((mailbox) => mailbox.objectId)).size, mailboxes.length);
    await refuses("mailboxExists", mail.create({ name: "a/b", specialUse: [] }));
    await refuses("mailboxExists", mail.create({ name: "Inbox", specialUse: [] }));
  },

  async "names that cannot be are refused"({ mail }) {
    for (const name of ["", "a//b", "../a", "#a", "a\rb", "a/."]) {
      await refuses("badName", mail.create({ name, specialUse: [] }));
      await refuses("badName", mail.rename({ from: "Sent", to: name }));
    }
  },

  async "a special use moves to the mailbox made for it"({ mail }) {
    await mail.create({ name: "Away", specialUse: ["\\Archive"] });
    assert.deepEqual((await mailboxOf(mail, "Away")).specialUse, ["\\Archive"]);
    assert.deepEqual((await mailboxOf(mail, "Archive")).specialUse, []);
  },

  async "delete removes a mailbox with its messages"({ mail }) {
    await mail.create({ name: "a/b", specialUse: [] });
    const id = await fill(mail, "a/b", 3);
    const before = await mailboxOf(mail, "a/b");
    await refuses("hasChildren", mail.delete({ name: "a" }));
    await refuses("notPermitted", mail.delete({ name: "Inbox" }));
    await refuses("noSuchMailbox", mail.delete({ name: "nowhere" }));
    await mail.delete({ name: "a/b" });
    await refuses("noSuchMailbox", mail.open({ mailbox: id, claimRecent: false }));
    const changes = await mail.changes({ mailbox: id, modseq: 1, claimRecent: false });
    assert.equal(changes.gone, true);
    assert.deepEqual((await mail.list({})).lostSubscriptions, ["a/b"]);
    const again = await mail.create({ name: "a/b", specialUse: [] });
    assert.ok(again.uidValidity > before.uidValidity); // RFC 9051 2.3.1.1
    assert.equal(again.messages, 0);
    await mail.delete({ name: "a/b" });
    await mail.delete({ name: "a" });
  },

  async "rename takes children along and keeps what is in them"({ mail }) {
    await mail.create({ name: "a/b/c", specialUse: [] });
    await mail.create({ name: "ab", specialUse: [] });
    const id = await fill(mail, "a/b/c", 2);
    const before = await mailboxOf(mail, "a/b/c");
    await mail.rename({ from: "a/b", to: "x/y" });
    const names = (await mail.list({})).mailboxes.map((mailbox) => mailbox.name);
    for (const name of ["a", "ab", "x", "x/y", "x/y/c"]) assert.ok(names.includes(name), name);
    for (const name of ["a/b", "a/b/c"]) assert.ok(!names.includes(name), name);
    const after = await mailboxOf(mail, "x/y/c");
    assert.deepEqual([after.id, after.objectId, after.uidValidity], [
      id,
      before.objectId,
      before.uidValidity,
    ]);
    assert.deepEqual([after.messages, after.subscribed], [2, true]);
    await refuses("mailboxExists", mail.rename({ from: "x", to: "ab" }));
    await refuses("noSuchMailbox", mail.rename({ from: "nowhere", to: "else" }));
    await refuses("badName", mail.rename({ from: "x", to: "x/y/z" }));
  },

  async "renaming Inbox moves its messages and leaves it empty"({ mail, deliver }) {
    await deliver("Inbox", textMessage("one\r\n"));
    await deliver("Inbox", textMessage("two\r\n"));
    await mail.create({ name: "Inbox/child", specialUse: [] });
    const inbox = await mailboxOf(mail, "Inbox");
    await mail.rename({ from: "Inbox", to: "Old" });
    const old = await mailboxOf(mail, "Old");
    const now = await mailboxOf(mail, "Inbox");
    assert.deepEqual([old.messages, now.messages, now.id], [2, 0, inbox.id]);
    assert.notEqual(old.uidValidity, now.uidValidity);
    assert.equal(now.uidNext, 3);
    assert.equal((await mailboxOf(mail, "Inbox/child")).messages, 0);
    const changes = await mail.changes({
      mailbox: inbox.id,
      modseq: inbox.highestModSeq,
      claimRecent: false,
    });
    assert.deepEqual([...changes.expunged], [1, 2]);
    assert.deepEqual(Object.keys(await flagsOf(mail, old.id)), ["1", "2"]);
  },

  async "subscriptions are to names"({ mail }) {
    await mail.subscribe({ name: "later", subscribed: true });
    await mail.subscribe({ name: "later", subscribed: true });
    assert.deepEqual((await mail.list({})).lostSubscriptions, ["later"]);
    await mail.create({ name: "later", specialUse: [] });
    assert.deepEqual((await mail.list({})).lostSubscriptions, []);
    await mail.subscribe({ name: "later", subscribed: false });
    assert.equal((await mailboxOf(mail, "later")).subscribed, false);
    await mail.subscribe({ name: "later", subscribed: false });
    await refuses("badName", mail.subscribe({ name: "a//b", subscribed: true }));
  },

  async "a mailbox counts what is in it"({ mail }) {
    const { id } = await mailboxOf(mail, "Inbox");
    const messages = [textMessage("a\r\n"), textMessage("bb\r\n"), textMessage("ccc\r\n")];
    await mail.append({
      mailbox: id,
      messages: messages.map((message, i) => newMessage(message, { bits: [0, 1, 9][i] ?? 0 })),
    });
    const sizes = messages.map((message) => message.content.length);
    const info = await mailboxOf(mail, "Inbox");
    assert.deepEqual([info.messages, info.unseen, info.deleted, info.recent], [3, 1, 1, 3]);
    assert.equal(info.bytes, sizes.reduce((sum, size) => sum + size, 0));
    assert.equal(info.deletedBytes, sizes[2]);
    await mail.expunge({ mailbox: id, uids: every });
    const after = await mailboxOf(mail, "Inbox");
    assert.deepEqual([after.messages, after.unseen, after.deleted, after.deletedBytes, after.uidNext], [
      2,
      1,
      0,
      0,
      4,
    ]);
  },
};
