/**
 * Sharing, at the store's interface: what a front can ask, taken over or not. Every right against every call, what is
 * told to whom, and the limits.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Refused } from "../base/errors.ts";
import { allRights, includesRights, parseRights, right } from "../imap/rights.ts";
import { many, prepared, run } from "../store/query.ts";
import { type TempStore, tempStore } from "../store/testing/temp_store.ts";
import { ensureAccount } from "./accounts.ts";
import type { Mail } from "./mail.ts";
import { maxCopiedAcross } from "./mail_copy_across.ts";
import { StoreMail } from "./mail_store.ts";
import { maxAccountAclEntries, maxAclEntries, maxSharedMailboxes } from "./sharing.ts";
import { textMessage } from "./testing/built_message.ts";
import {
  all,
  every,
  fetchRequest,
  fill,
  flagsOf,
  newMessage,
  refuses,
  section,
} from "./testing/conformance_support.ts";

const bob = { name: "bob", negative: false };

/** A store with three accounts, and the mail of each. */
class House {
  readonly temp: TempStore = tempStore();
  readonly #opened: StoreMail[] = [];
  readonly ids = new Map<string, number>();

  static async make(): Promise<House> {
    const house = new House();
    for (const name of ["ann", "bob", "cat"]) {
      house.ids.set(name, await ensureAccount(house.temp.store, { name, maxBytes: null }));
    }
    return house;
  }

  mail(name: string): StoreMail {
    const mail = new StoreMail(this.temp.store, this.ids.get(name) ?? 0);
    this.#opened.push(mail);
    return mail;
  }

  async close(): Promise<void> {
    for (const mail of this.#opened) await mail.close();
    await this.temp.close();
  }
}

function housed(name: string, test: (house: House) => Promise<void>): void {
  Deno.test(name, async () => {
    const house = await House.make();
    try {
      await test(house);
    } finally {
      await house.close();
    }
  });
}

const message = newMessage(textMessage("x\r\n", ["Subject: x"], { subject: "x" }));

/** A mailbox of ann's with one message, and what bob does with it. */
interface Call {
  readonly needs: string;
  readonly call: (mail: Mail, mailbox: number, name: string, own: number) => Promise<unknown>;
  /** Whether what is refused must look as if nothing were there, even to who may look it up. */
  readonly refusal?: "noPermission";
}

const store =
  (bits: number, keywords: string[] = [], mode: "add" | "replace" = "add") => (mail: Mail, mailbox: number) =>
    mail.storeFlags({ mailbox, uids: every, mode, bits, keywords, unchangedSince: null });

const calls: Record<string, Call> = {
  open: { needs: "r", call: (mail, mailbox) => mail.open({ mailbox, claimRecent: true }) },
  fetch: {
    needs: "r",
    call: (mail, mailbox) => all(mail.fetch(fetchRequest(mailbox, { numbers: ["flags", "size"] }))),
  },
  read: {
    needs: "r",
    call: (mail, mailbox) => all(mail.read({ mailbox, uid: 1, section: section() })),
  },
  search: {
    needs: "r",
    call: (mail, mailbox) => all(mail.search({ mailbox, key: { key: "all" } })),
  },
  sort: {
    needs: "r",
    call: (mail, mailbox) =>
      all(mail.sort({ mailbox, key: { key: "all" }, criteria: [{ key: "arrival", reverse: false }] })),
  },
  thread: {
    needs: "r",
    call: (mail, mailbox) => all(mail.thread({ mailbox, key: { key: "all" }, algorithm: "references" })),
  },
  "store \\Seen": { needs: "rs", call: store(1) },
  "store \\Deleted": { needs: "rt", call: store(8) },
  "store \\Flagged": { needs: "rw", call: store(4) },
  "store a keyword": { needs: "rw", call: store(0, ["word"]) },
  expunge: { needs: "re", call: (mail, mailbox) => mail.expunge({ mailbox, uids: null }) },
  "copy out": {
    needs: "r",
    call: (mail, mailbox, _name, own) => mail.copy({ mailbox, uids: every, to: own }),
  },
  "move out": {
    needs: "rte",
    call: (mail, mailbox, _name, own) => mail.move({ mailbox, uids: every, to: own }),
  },
  "copy in": {
    needs: "i",
    call: (mail, mailbox, _name, own) => mail.copy({ mailbox: own, uids: [1, 1], to: mailbox }),
  },
  "move in": {
    needs: "i",
    call: (mail, mailbox, _name, own) => mail.move({ mailbox: own, uids: [1, 1], to: mailbox }),
  },
  append: { needs: "i", call: (mail, mailbox) => mail.append({ mailbox, messages: [message] }) },
  "append nothing": { needs: "i", call: (mail, mailbox) => mail.append({ mailbox, messages: [] }) },
  "replace by one elsewhere": {
    needs: "rte",
    call: (mail, mailbox, _name, own) =>
      mail.append({ mailbox: own, messages: [message], replaces: { mailbox, uid: 1 } }),
  },
  "replace one elsewhere": {
    needs: "i",
    call: async (mail, mailbox, _name, own) => {
      const uid = ((await mail.find({ name: "Drafts" }))?.uidNext ?? 0) - 1;
      await mail.append({ mailbox, messages: [message], replaces: { mailbox: own, uid } });
    },
  },
  create: {
    needs: "k",
    call: (mail, _mailbox, name) => mail.create({ name: `${name}/below`, specialUse: [] }),
    refusal: "noPermission",
  },
  delete: { needs: "x", call: (mail, _mailbox, name) => mail.delete({ name }) },
  "rename to below another": {
    needs: "x",
    call: (mail, _mailbox, name) =>
      mail.rename({ from: name, to: `Other Users/ann/open/${crypto.randomUUID()}` }),
  },
  acl: { needs: "a", call: (mail, mailbox) => mail.acl({ mailbox }) },
  setAcl: {
    needs: "a",
    call: (mail, mailbox) =>
      mail.setAcl({ mailbox, grantee: { name: "cat", negative: false }, mode: "add", rights: right.read }),
  },
  rightsAlways: { needs: "a", call: (mail, mailbox) => mail.rightsAlways({ mailbox, grantee: bob }) },
  quotaRoot: { needs: "r", call: (mail, _mailbox, name) => mail.quotaRoot({ name }) },
  "annotations of one who reads": {
    needs: "lr",
    call: async (mail, mailbox) => {
      if (((await mail.list({})).mailboxes.find(({ id }) => id === mailbox)?.rights ?? 0) !== 0) {
        const has = (await mail.list({})).mailboxes.find(({ id }) => id === mailbox)?.rights ?? 0;
        if (!includesRights(has, right.read)) throw new Refused("noPermission", "another right does as well");
      }
      return await mail.annotations({ mailbox, entries: ["/shared/comment"], depth: 0, maxSize: null });
    },
  },
  "annotate for all": {
    needs: "lw",
    call: (mail, mailbox) => mail.annotate({ mailbox, values: [["/shared/comment", new Uint8Array(3)]] }),
  },
};

const letters = [..."lrswipkxtea"];

for (const [title, { needs, call, refusal }] of Object.entries(calls)) {
  housed(`${title} takes ${needs}, whatever other rights there are`, async (house) => {
    const ann = house.mail("ann");
    const mail = house.mail("bob");
    await ann.create({ name: "open", specialUse: [] });
    const open = await ann.find({ name: "open" });
    await ann.setAcl({ mailbox: open?.id ?? 0, grantee: bob, mode: "replace", rights: right.create });
    const needed = parseRights(needs);
    const sets = [
      0,
      needed,
      allRights,
      ...letters.map((letter) => allRights & ~parseRights(letter)),
      ...letters.map((letter) => parseRights(letter)),
    ];
    for (const [i, rights] of sets.entries()) {
      await fill(mail, "Drafts", 1);
      const own = (await mail.find({ name: "Drafts" }))?.id ?? 0;
      const { id } = await ann.create({ name: `m${i}`, specialUse: [] });
      await ann.append({ mailbox: id, messages: [{ ...message, bits: 2 }] });
      await ann.setAcl({ mailbox: id, grantee: bob, mode: "replace", rights });
      const before = await ann.find({ name: `m${i}` });
      const lists = await ann.acl({ mailbox: id });
      const shown = `rights ${rights.toString(2)}`;
      if (includesRights(rights, needed)) {
        await assert.doesNotReject(call(mail, id, `Other Users/ann/m${i}`, own), shown);
        continue;
      }
      const reason = refusal ?? (includesRights(rights, right.lookup) ? "noPermission" : "noSuchMailbox");
      await assert.rejects(call(mail, id, `Other Users/ann/m${i}`, own), (error) => {
        assert.ok(error instanceof Refused, `${shown}: ${error}`);
        assert.equal(error.reason, reason, shown);
        return true;
      });
      assert.deepEqual(await ann.find({ name: `m${i}` }), before, shown);
      assert.deepEqual(await ann.acl({ mailbox: id }), lists, shown);
    }
  });
}

housed(
  "what is asked for by number without any right is refused, and changes are those of nothing",
  async (house) => {
    const ann = house.mail("ann");
    const front = house.mail("bob");
    const { mailboxes } = await ann.list({});
    const inbox = mailboxes.find(({ name }) => name === "Inbox")?.id ?? 0;
    await ann.append({ mailbox: inbox, messages: [message] });
    const own = (await front.find({ name: "Inbox" }))?.id ?? 0;
    for (const { id, name } of mailboxes) {
      for (const [title, { call }] of Object.entries(calls)) {
        const reason = title === "create" ? "noPermission" : "noSuchMailbox";
        await refuses(reason, call(front, id, `Other Users/ann/${name}`, own));
      }
      const changes = await front.changes({ mailbox: id, modseq: 0, claimRecent: true });
      assert.equal(changes.gone, true);
      assert.equal(changes.changed.uids.length + changes.expunged.length + changes.uidNext, 1);
      assert.equal(await front.find({ name: `Other Users/ann/${name}` }), null);
    }
    const everything = await front.list({});
    assert.ok(everything.mailboxes.every(({ owner }) => owner === null));
    await refuses("noSuchMailbox", front.quota({ root: "#user/ann" }));
    // Nor by what no client could ask.
    const grant = { mailbox: inbox, grantee: bob, mode: "add", rights: allRights } as const;
    await refuses("noSuchMailbox", front.setAcl(grant));
    const mine = { ...grant, mailbox: own };
    for (const rights of [-1, allRights + 1, 2 ** 32, 0.5, NaN]) {
      await refuses("badRequest", front.setAcl({ ...mine, rights }));
    }
    await refuses("badName", front.setAcl({ ...mine, grantee: { name: "nobody", negative: false } }));
    for (const mailbox of [-1, 0.5, NaN, 2 ** 40]) {
      await refuses("noSuchMailbox", front.open({ mailbox, claimRecent: false }));
      await refuses("noSuchMailbox", front.acl({ mailbox }));
    }
    for (const entry of ["/shared/a//b", "/other/x", "/shared", "/SHARED/x", "/private/vendor/x"]) {
      await refuses("badRequest", front.annotate({ mailbox: own, values: [[entry, null]] }));
    }
  },
);

housed("a stream under way ends with the right", async (house) => {
  const ann = house.mail("ann");
  const inbox = await fill(ann, "Inbox", 0);
  const big = newMessage(textMessage("x".repeat(200_000) + "\r\n", ["Subject: big"], { subject: "big" }));
  await ann.append({ mailbox: inbox, messages: Array(12).fill(big) });
  const mail = house.mail("bob");
  await ann.setAcl({ mailbox: inbox, grantee: bob, mode: "replace", rights: right.read });
  const stream = mail.fetch(fetchRequest(inbox, { sections: [section()] }))[Symbol.asyncIterator]();
  assert.equal((await stream.next()).done, false);
  await ann.setAcl({ mailbox: inbox, grantee: bob, mode: "replace", rights: 0 });
  await refuses("noSuchMailbox", stream.next());
});

housed("changes in slices end with the right", async (house) => {
  const ann = house.mail("ann");
  const inbox = await fill(ann, "Inbox", 0);
  for (let i = 0; i < 6; i++) await ann.append({ mailbox: inbox, messages: Array(1000).fill(message) });
  const mail = house.mail("bob");
  await ann.setAcl({ mailbox: inbox, grantee: bob, mode: "replace", rights: parseRights("lrt") });
  const marking = store(8)(mail, inbox).then(() => "all", (error: unknown) => error);
  // Groups and slices take turns, and a slice of ten milliseconds is not enough for all.
  await ann.setAcl({ mailbox: inbox, grantee: bob, mode: "replace", rights: parseRights("lr") });
  const ended = await marking;
  const marked = (await ann.find({ name: "Inbox" }))?.deleted ?? 0;
  assert.ok(ended instanceof Refused && ended.reason === "noPermission", String(ended));
  assert.ok(marked < 6000, `${marked} are marked`);
});

housed("who watches a mailbox is told of it alone, and no more once the right is gone", async (house) => {
  const ann = house.mail("ann");
  const [inbox, drafts] = [await fill(ann, "Inbox", 1), await fill(ann, "Drafts", 1)];
  await ann.setAcl({ mailbox: inbox, grantee: bob, mode: "replace", rights: right.read });
  const mail = house.mail("bob");
  const feed = mail.listen({})[Symbol.asyncIterator]();
  await feed.next();
  await mail.watch({ mailboxes: [inbox, drafts, 9999, -1] });
  await store(1)(ann, drafts);
  await store(1)(ann, inbox);
  assert.deepEqual((await feed.next()).value?.mailboxes, [inbox]);
  await ann.setAcl({ mailbox: inbox, grantee: bob, mode: "replace", rights: 0 });
  // Told once more, so that the session can end; and that the list is another.
  const last = (await feed.next()).value;
  assert.deepEqual([last?.mailboxes, last?.list], [[inbox], true]);
  await store(4)(ann, inbox);
  await mail.watch({ mailboxes: [inbox] });
  await mail.subscribe({ name: "x", subscribed: true });
  assert.deepEqual((await feed.next()).value?.mailboxes, []);
  await feed.return?.();
});

housed(
  "negative rights take away, from one or from everybody, wherever the others come from",
  async (house) => {
    const ann = house.mail("ann");
    const inbox = await fill(ann, "Inbox", 1);
    const set = (name: string, negative: boolean, rights: string) =>
      ann.setAcl({
        mailbox: inbox,
        grantee: { name, negative },
        mode: "replace",
        rights: parseRights(rights),
      });
    const seen = async (name: string) =>
      (await house.mail(name).find({ name: "Other Users/ann/Inbox" }))?.rights ?? 0;
    await set("anyone", false, "lrs");
    await set("bob", false, "w");
    assert.equal(await seen("bob"), parseRights("lrsw"));
    await set("bob", true, "sw");
    assert.equal(await seen("bob"), parseRights("lr"));
    assert.equal(await seen("cat"), parseRights("lrs"));
    await set("anyone", true, "r");
    assert.equal(await seen("bob"), parseRights("l"));
    assert.equal(
      (await house.mail("cat").list({})).mailboxes.find(({ owner }) => owner === "ann")?.messages,
      0,
    );
  },
);

housed("flags that a replacing STORE may not change stay", async (house) => {
  const ann = house.mail("ann");
  const inbox = await fill(ann, "Inbox", 1);
  await store(1 | 4 | 8, ["old"], "replace")(ann, inbox);
  const mail = house.mail("bob");
  const may = (rights: string) =>
    ann.setAcl({ mailbox: inbox, grantee: bob, mode: "replace", rights: parseRights(rights) });
  await may("rs");
  await store(2, ["new"], "replace")(mail, inbox);
  assert.deepEqual(await flagsOf(ann, inbox), { 1: "12 old" });
  await may("rw");
  await store(1 | 2, ["new"], "replace")(mail, inbox);
  assert.deepEqual(await flagsOf(ann, inbox), { 1: "10 new" });
  await may("r");
  await refuses("noSuchMailbox", store(0, [], "replace")(mail, inbox));
  await may("lr");
  await refuses("noPermission", store(0, [], "replace")(mail, inbox));
});

housed("lists have their limits", async (house) => {
  const { store } = house.temp;
  const ann = house.mail("ann");
  const inbox = await fill(ann, "Inbox", 0);
  const insert = prepared((db, p: { owner: number; mailbox: number; grantee: number }) =>
    db.insertInto("mailbox_rights").values({
      account_id: p.owner,
      mailbox_id: p.mailbox,
      grantee_id: p.grantee,
      negative: 0,
      rights: 1,
    })
  );
  const clear = prepared((db, p: { owner: number }) =>
    db.deleteFrom("mailbox_rights").where("account_id", "=", p.owner)
  );
  const owner = house.ids.get("ann") ?? 0;
  // Accounts need not be there for lines to count.
  await store.writer.run(function* () {
    for (let i = 0; i < maxAclEntries; i++) yield* run(insert, { owner, mailbox: inbox, grantee: 1000 + i });
  });
  const grant = { mailbox: inbox, grantee: bob, mode: "replace", rights: 1 } as const;
  await refuses("tooMany", ann.setAcl(grant));
  assert.equal((await ann.acl({ mailbox: inbox })).length, 1); // Accounts that are gone are not told.
  const drafts = (await ann.find({ name: "Drafts" }))?.id ?? 0;
  await ann.setAcl({ ...grant, mailbox: drafts });
  await store.writer.run(function* () {
    for (let i = maxAclEntries + 1; i < maxAccountAclEntries; i++) {
      yield* run(insert, { owner, mailbox: drafts + 1 + Math.floor(i / 150), grantee: 1000 + i });
    }
  });
  const trash = (await ann.find({ name: "Trash" }))?.id ?? 0;
  await refuses("tooMany", ann.setAcl({ ...grant, mailbox: trash }));
  await refuses("tooMany", ann.create({ name: "Drafts/below", specialUse: [] }));
  await store.writer.run(() => run(clear, { owner }));
  await ann.create({ name: "Drafts/below", specialUse: [] });
});

housed("of mailboxes of others only so many are shown", async (house) => {
  const { store } = house.temp;
  const owner = house.ids.get("ann") ?? 0;
  const mailboxes = prepared((db, p: { owner: number }) =>
    db.selectFrom("mailboxes").select("id").where("account_id", "=", p.owner).limit(1)
  );
  const copy = prepared((db, p: { id: number; name: string; objectId: string }) =>
    db.insertInto("mailboxes").values({
      account_id: p.id,
      object_id: p.objectId,
      name: p.name,
      special_use: "",
      uid_validity: 1,
      uid_next: 1,
      highest_modseq: 1,
      createseq: 1,
      history_from: 0,
      recent_uid: 1,
      messages: 0,
      unseen: 0,
      deleted: 0,
      bytes: 0,
      deleted_bytes: 0,
    })
  );
  const share = prepared((db, p: { owner: number; mailbox: number }) =>
    db.insertInto("mailbox_rights").values({
      account_id: p.owner,
      mailbox_id: p.mailbox,
      grantee_id: 0,
      negative: 0,
      rights: 1,
    })
  );
  assert.equal(store.read(many(mailboxes, { owner })).length, 1);
  await store.writer.run(function* () {
    for (let i = 0; i < maxSharedMailboxes + 10; i++) {
      const { insertedId } = yield* run(copy, { id: owner, name: `n${i}`, objectId: `o${i}` });
      yield* run(share, { owner, mailbox: insertedId });
    }
  });
  const { mailboxes: seen } = await house.mail("bob").list({});
  assert.equal(seen.filter(({ owner }) => owner !== null).length, maxSharedMailboxes);
});

housed("as many messages go to another account at once as one APPEND may bring", async (house) => {
  const ann = house.mail("ann");
  const mail = house.mail("bob");
  const inbox = await fill(ann, "Inbox", 0);
  const own = (await mail.find({ name: "Inbox" }))?.id ?? 0;
  await ann.setAcl({ mailbox: inbox, grantee: bob, mode: "replace", rights: right.read });
  await ann.append({ mailbox: inbox, messages: Array(maxCopiedAcross).fill(message) });
  assert.equal((await mail.copy({ mailbox: inbox, uids: every, to: own })).to.length, maxCopiedAcross);
  await ann.append({ mailbox: inbox, messages: [message] });
  await refuses("tooMany", mail.copy({ mailbox: inbox, uids: every, to: own }));
  assert.equal((await mail.find({ name: "Inbox" }))?.messages, maxCopiedAcross);
});

const newestEmail = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("emails").select("id").orderBy("id", "desc").limit(1)
);

housed("what the owner of a mailbox deletes is not lost to who copied it", async (house) => {
  const ann = house.mail("ann");
  const mail = house.mail("bob");
  const { id } = await ann.create({ name: "Work", specialUse: [] });
  const own = (await mail.find({ name: "Inbox" }))?.id ?? 0;
  await ann.append({ mailbox: id, messages: [message] });
  await ann.setAcl({ mailbox: id, grantee: bob, mode: "replace", rights: right.read });
  await mail.copy({ mailbox: id, uids: every, to: own });
  // Its row has a number that no email had: the full-text index knows emails by it.
  const { store } = house.temp;
  assert.equal(store.read(many(newestEmail, {}))[0]?.id, store.emailIds.last);
  await ann.delete({ name: "Work" });
  const [batch] = await all(mail.fetch(fetchRequest(own, { sections: [section()] })));
  assert.equal(batch?.values.length, message.content?.length);
});
