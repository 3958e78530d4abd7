/**
 * Conformance of `Mail`: what an account that shares nothing has of `Sharing`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { allRights, ownersRights } from "../../imap/rights.ts";
import { maxAnnotationBytes, specialUseEntry } from "../sharing.ts";
import { fill, mailboxOf, type MailTests, refuses } from "./conformance_support.ts";

export const sharingTests: MailTests = {
  async "a mailbox is found by its name, with all rights"({ mail }) {
    const listed = await mailboxOf(mail, "Inbox");
    assert.deepEqual(await mail.find({ name: "INBOX" }), listed);
    assert.deepEqual([listed.rights, listed.owner], [allRights, null]);
    for (const name of ["nowhere", "", "Other Users", "Other Users/x", "Other Users/x/Inbox", "a//b"]) {
      assert.equal(await mail.find({ name }), null);
    }
    const changes = await mail.changes({ mailbox: listed.id, modseq: 0, claimRecent: false });
    assert.deepEqual([changes.rights, changes.gone], [allRights, false]);
  },

  async "names of others' mailboxes are not one's own"({ mail }) {
    await refuses("badName", mail.create({ name: "Other Users", specialUse: [] }));
    await refuses("badName", mail.rename({ from: "Archive", to: "Other Users" }));
  },

  async "the owner stands in the access control list, and always has some rights"({ mail }) {
    const { id } = await mailboxOf(mail, "Inbox");
    const [owner, ...others] = await mail.acl({ mailbox: id });
    assert.equal(owner?.rights, allRights);
    assert.deepEqual(others, []);
    const of = (negative: boolean) =>
      mail.rightsAlways({ mailbox: id, grantee: { name: owner?.identifier ?? "", negative } });
    assert.deepEqual([await of(false), await of(true)], [ownersRights, 0]);
    const grantee = { name: "nobody at all", negative: false };
    await refuses("badName", mail.setAcl({ mailbox: id, grantee, mode: "add", rights: 1 }));
    await refuses("noSuchMailbox", mail.acl({ mailbox: id + 1000 }));
  },

  async "the quota counts octets and messages"({ mail }) {
    const { bytes } = await mailboxOf(mail, "Inbox");
    assert.equal(bytes, 0);
    await fill(mail, "Inbox", 3);
    const root = await mail.quotaRoot({ name: "Inbox" });
    const { bytes: used } = await mailboxOf(mail, "Inbox");
    assert.deepEqual([root.bytes.used, root.messages.used, root.bytes.limit], [used, 3, null]);
    assert.deepEqual(await mail.quota({ root: root.root }), root);
    await refuses("noSuchMailbox", mail.quota({ root: "" }));
  },

  async "the special uses of a mailbox are an annotation, which is checked"({ mail }) {
    const [archive, junk, box] = [
      await mailboxOf(mail, "Archive"),
      await mailboxOf(mail, "Junk"),
      await mailboxOf(mail, "Inbox"),
    ];
    const get = async (mailbox: number) => {
      const entries = [specialUseEntry];
      const { values } = await mail.annotations({ mailbox, entries, depth: 0, maxSize: null });
      return values.map(([entry, value]) => [entry, fromUtf8(value ?? utf8("NIL"))]);
    };
    const set = (mailbox: number, value: string | null) =>
      mail.annotate({
        mailbox,
        values: [[specialUseEntry, value === null ? null : utf8(value)], ["/private/x", utf8("y")]],
      });
    assert.deepEqual(await get(archive.id), [[specialUseEntry, "\\Archive"]]);
    assert.deepEqual(await get(box.id), []);
    assert.equal(await set(archive.id, "\\Junk \\Archive"), "set");
    assert.deepEqual(await get(archive.id), [[specialUseEntry, "\\Archive \\Junk"]]);
    assert.deepEqual((await mailboxOf(mail, "Archive")).specialUse, ["\\Archive", "\\Junk"]);
    assert.deepEqual([await get(junk.id), (await mailboxOf(mail, "Junk")).specialUse], [[], []]);
    assert.equal(await set(archive.id, null), "set");
    assert.deepEqual((await mailboxOf(mail, "Archive")).specialUse, []);
    for (const value of ["\\All", "Junk", "\\Junk \\Nothing"]) {
      assert.equal(await set(junk.id, value), "badUse");
    }
    assert.equal(await set(box.id, "\\Junk"), "badUse");
    assert.equal(await set(0, "\\Junk"), "badUse");
    assert.deepEqual((await mailboxOf(mail, "Inbox")).specialUse, []);
    const made = await mail.create({ name: "Spam", specialUse: ["\\Junk"] });
    assert.deepEqual(await get(made.id), [[specialUseEntry, "\\Junk"]]);
  },

  async "annotations are set all together, and told by name and depth"({ mail }) {
    const { id } = await mailboxOf(mail, "Inbox");
    const get = (entries: string[], depth = 0, maxSize: number | null = null) =>
      mail.annotations({ mailbox: id, entries, depth, maxSize });
    const value = utf8("\0x");
    assert.equal(
      await mail.annotate({ mailbox: id, values: [["/private/a", value], ["/shared/a/b", utf8("yyy")]] }),
      "set",
    );
    assert.deepEqual(await get(["/private/a", "/shared/a"]), { values: [["/private/a", value]], longest: 0 });
    assert.deepEqual((await get(["/shared"], Infinity)).values, [["/shared/a/b", utf8("yyy")]]);
    assert.deepEqual(await get(["/shared/a/b"], 0, 2), { values: [], longest: 3 });
    const large = new Uint8Array(maxAnnotationBytes + 1);
    assert.equal(
      await mail.annotate({ mailbox: id, values: [["/private/a", null], ["/private/b", large]] }),
      "tooLarge",
    );
    assert.deepEqual((await get(["/private/a"])).values, [["/private/a", value]]);
    assert.equal(await mail.annotate({ mailbox: id, values: [["/private/a", null]] }), "set");
    assert.deepEqual((await get(["/private/a"])).values, []);
    await refuses("noPermission", mail.annotate({ mailbox: 0, values: [["/shared/comment", value]] }));
    await refuses("noSuchMailbox", mail.annotate({ mailbox: id + 1000, values: [["/private/a", value]] }));
  },
};
