import assert from "node:assert/strict";
import { Refused } from "../base/errors.ts";
import { deleted, flagged, seen } from "../imap/flags.ts";
import { type TempStore, tempStore } from "../store/testing/temp_store.ts";
import { ensureAccount } from "./accounts.ts";
import { StoreMail } from "./mail_store.ts";
import { fill, mailboxOf } from "./testing/conformance_support.ts";
import { fillMailbox } from "./testing/large_mailbox.ts";

async function openMail(temp: TempStore) {
  const accountId = await ensureAccount(temp.store, { name: "ann", maxBytes: null });
  return { accountId, mail: new StoreMail(temp.store, accountId) };
}

const replace = { mode: "replace", keywords: [], unchangedSince: null } as const;

// A session numbers messages in the order of their UIDs: one that it hears of after a later one has no place any more.
Deno.test("a new message that is flagged while its \\Recent is claimed is told with those behind it", async () => {
  await using temp = tempStore();
  const { mail } = await openMail(temp);
  const { id: mailbox, highestModSeq } = await mailboxOf(mail, "Inbox");
  await fill(mail, "Inbox", 1);
  await fill(mail, "Inbox", 1);
  const [changes] = await Promise.all([
    mail.changes({ mailbox, modseq: highestModSeq, claimRecent: true }),
    mail.storeFlags({ ...replace, mailbox, uids: [1, 1], bits: seen }),
  ]);
  assert.deepEqual([[...changes.changed.uids], changes.recentFromUid, changes.uidNext], [[1, 2], 1, 3]);
});

Deno.test("on a full disk, what is new is told all the same, and is \\Recent for whoever asks", async () => {
  await using temp = tempStore();
  const { mail } = await openMail(temp);
  const { id: mailbox, highestModSeq } = await mailboxOf(mail, "Inbox");
  await fill(mail, "Inbox", 2);
  const { writer } = temp.store;
  const { run } = writer;
  writer.run = () => Promise.reject(new Refused("diskFull", "no space left"));
  for (let session = 0; session < 2; session++) {
    const { uids, recentFromUid } = await mail.open({ mailbox, claimRecent: true });
    assert.deepEqual([[...uids], recentFromUid], [[1, 2], 1]);
    const changes = await mail.changes({ mailbox, modseq: highestModSeq, claimRecent: true });
    assert.deepEqual([[...changes.changed.uids], changes.recentFromUid], [[1, 2], 1]);
  }
  writer.run = run;
  await mail.open({ mailbox, claimRecent: true });
  assert.equal((await mail.open({ mailbox, claimRecent: true })).recentFromUid, 3);
});

Deno.test("a new message that is flagged between two slices of changes is told with those behind it, once", async () => {
  await using temp = tempStore();
  const { accountId, mail } = await openMail(temp);
  const { highestModSeq } = await mailboxOf(mail, "Inbox");
  const mailbox = await fillMailbox(temp.store, accountId, "Inbox", 9000, 50);
  const asked = mail.changes({ mailbox, modseq: highestModSeq, claimRecent: false });
  // The first slice has been read; these come, in one commit, before the second.
  await Promise.all([
    mail.storeFlags({ ...replace, mailbox, uids: [10, 10], bits: seen }),
    mail.storeFlags({ ...replace, mailbox, uids: [8999, 8999], bits: flagged }),
    mail.storeFlags({ ...replace, mailbox, uids: [20, 20], bits: deleted }),
    mail.expunge({ mailbox, uids: [20, 20] }),
  ]);
  const { changed, expunged } = await asked;
  assert.deepEqual([...expunged], [20]);
  assert.deepEqual(
    [...changed.uids],
    Array.from({ length: 9000 }, (_, i) => i + 1).filter((uid) => uid !== 20),
  );
  const bitsOf = (uid: number) => changed.bits[changed.uids.indexOf(uid)];
  assert.deepEqual([bitsOf(10), bitsOf(8999), bitsOf(8998)], [seen, flagged, 0]);
});

Deno.test("who stores flags hears whether all that changed in the mailbox meanwhile was that", async () => {
  await using temp = tempStore();
  const { accountId, mail } = await openMail(temp);
  const mailbox = await fillMailbox(temp.store, accountId, "Inbox", 9000, 50);
  const highest = async () => (await mailboxOf(mail, "Inbox")).highestModSeq;
  const all = { ...replace, mailbox, uids: [1, 9000] };
  const since = await highest();
  const { alone } = await mail.storeFlags({ ...all, bits: seen });
  assert.deepEqual(alone, { since, until: await highest() });
  assert.equal((await mail.storeFlags({ ...all, bits: seen })).alone, null, "nothing changed");
  // It takes several slices, between which those of the other are committed.
  const [stored] = await Promise.all([
    mail.storeFlags({ ...all, bits: flagged }),
    mail.storeFlags({ ...replace, mailbox, uids: [4000, 9000], bits: deleted }),
  ]);
  assert.equal(stored.alone, null);
});
