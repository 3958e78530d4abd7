import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { deleted, flagged } from "../imap/flags.ts";
import { HistoryCutter, type HistoryLimits } from "../store/history.ts";
import { many, prepared } from "../store/query.ts";
import type { Store } from "../store/store.ts";
import { type TempStore, tempStore } from "../store/testing/temp_store.ts";
import { ensureAccount } from "./accounts.ts";
import type { Mail } from "./mail.ts";
import { StoreMail } from "./mail_store.ts";
import { fill, mailboxOf } from "./testing/conformance_support.ts";
import { fillMailbox } from "./testing/large_mailbox.ts";

const dayMs = 24 * 60 * 60 * 1000;

const expungedRows = prepared((db, p: { mailboxId: number }) =>
  db.selectFrom("messages").select(["uid"]).where("mailbox_id", "=", p.mailboxId).where("expunged", "=", 1)
    .orderBy("uid")
);

const historyOf = prepared((db, p: { mailboxId: number }) =>
  db.selectFrom("mailboxes").select(["history_from"]).where("id", "=", p.mailboxId)
);

async function withMail(
  test: (parts: { temp: TempStore; clock: FakeClock; mail: StoreMail }) => Promise<void>,
) {
  const clock = new FakeClock();
  await using temp = tempStore({ clock });
  const accountId = await ensureAccount(temp.store, { name: "ann", maxBytes: null });
  await test({ temp, clock, mail: new StoreMail(temp.store, accountId) });
}

async function cut(
  store: Store,
  limits: HistoryLimits,
  signal = new AbortController().signal,
): Promise<string[]> {
  const places: string[] = [];
  await new HistoryCutter(store, limits).run({
    place: "",
    signal,
    keep: (place) => Promise.resolve(void places.push(place)),
    pause: () => Promise.resolve(),
  });
  return places;
}

async function expunge(mail: Mail, mailbox: number, uids: number[]): Promise<void> {
  await mail.storeFlags({ mailbox, uids, mode: "add", bits: deleted, keywords: [], unchangedSince: null });
  await mail.expunge({ mailbox, uids });
}

const modseqOf = async (mail: Mail) => (await mailboxOf(mail, "Inbox")).highestModSeq;
const uidsOf = (store: Store, mailboxId: number) =>
  store.read(many(expungedRows, { mailboxId })).map((row) => row.uid);
const forgotten = (store: Store, mailboxId: number) =>
  store.read(many(historyOf, { mailboxId }))[0]?.history_from ?? NaN;

Deno.test("what was expunged long ago is forgotten, and it is said that it is", () =>
  withMail(async ({ temp: { store }, clock, mail }) => {
    const mailbox = await fill(mail, "Inbox", 30);
    const filled = await modseqOf(mail);
    await expunge(mail, mailbox, [1, 5]);
    const first = await modseqOf(mail);
    await clock.advance(30 * dayMs);
    await mail.storeFlags({
      mailbox,
      uids: [20, 25],
      mode: "add",
      bits: flagged,
      keywords: [],
      unchangedSince: null,
    });
    await expunge(mail, mailbox, [11, 15]);
    const limits = { days: 40, messages: 1000 };
    await cut(store, limits); // Too soon.
    assert.deepEqual([uidsOf(store, mailbox).length, forgotten(store, mailbox)], [10, 0]);
    await clock.advance(11 * dayMs);
    await cut(store, limits);
    assert.deepEqual([uidsOf(store, mailbox), forgotten(store, mailbox)], [[11, 12, 13, 14, 15], first]);
    const since = (modseq: number) => mail.changes({ mailbox, modseq, claimRecent: false });
    assert.equal((await since(filled)).complete, false);
    const changes = await since(first);
    assert.equal(changes.complete, true);
    assert.deepEqual([...changes.expunged], [11, 12, 13, 14, 15]);
    assert.deepEqual([...changes.changed.uids], [20, 21, 22, 23, 24, 25]);
  }));

Deno.test("of what was expunged, so many are kept, the newest", () =>
  withMail(async ({ temp: { store }, mail }) => {
    const mailbox = await fill(mail, "Inbox", 20);
    for (const uid of [7, 3, 9, 1]) await expunge(mail, mailbox, [uid, uid]);
    await cut(store, { days: 1000, messages: 4 });
    assert.equal(forgotten(store, mailbox), 0);
    await cut(store, { days: 1000, messages: 2 });
    assert.deepEqual(uidsOf(store, mailbox), [1, 9]);
    await cut(store, { days: 1000, messages: 0 });
    assert.deepEqual(uidsOf(store, mailbox), []);
    assert.equal(forgotten(store, mailbox), await modseqOf(mail));
  }));

Deno.test("whoever comes back learns what is there, however much was forgotten", () =>
  withMail(async ({ temp: { store }, mail }) => {
    const mailbox = await fill(mail, "Inbox", 12);
    const known = new Map<number, number[]>(); // What there was, by MODSEQ.
    const uids = async () => [...(await mail.open({ mailbox, claimRecent: false })).uids];
    const remember = async () => known.set(await modseqOf(mail), await uids());
    await remember();
    for (const uid of [2, 12, 5, 6]) {
      await expunge(mail, mailbox, [uid, uid]);
      await remember();
      await fill(mail, "Inbox", 1);
      await remember();
    }
    const told: boolean[] = [];
    for (const count of [4, 2, 0]) {
      await cut(store, { days: 1000, messages: count });
      for (const [modseq, before] of known) {
        const { complete, expunged, changed } = await mail.changes({ mailbox, modseq, claimRecent: false });
        told.push(complete);
        const there = new Set(await uids());
        const left = before.filter((uid) => complete ? !expunged.includes(uid) : there.has(uid));
        assert.deepEqual([...new Set([...left, ...changed.uids])].sort((a, b) => a - b), [...there]);
      }
    }
    assert.ok(told.includes(true) && told.includes(false));
  }));

Deno.test("a long history is cut in slices, among much else that changed", () =>
  withMail(async ({ temp: { store }, mail }) => {
    const accountId = 1;
    const mailbox = await fillMailbox(store, accountId, "Inbox", 6000, 50);
    const half = Array.from({ length: 3000 }, (_, i) => [2 * i + 1, 2 * i + 1]).flat();
    for (const [uids, bits] of [[[1, 6000], flagged], [half, deleted]] as const) {
      await mail.storeFlags({ mailbox, uids, mode: "add", bits, keywords: [], unchangedSince: null });
    }
    await mail.expunge({ mailbox, uids: null });
    await cut(store, { days: 1000, messages: 500 });
    const left = uidsOf(store, mailbox);
    assert.ok(left.length <= 500 && left.length >= 400, String(left.length)); // A slice has one MODSEQ.
    assert.equal(left.at(-1), 5999);
    assert.equal((await mail.open({ mailbox, claimRecent: false })).uids.length, 3000);
  }));

Deno.test("all mailboxes of all accounts have their turn, unless the store closes", () =>
  withMail(async ({ temp: { store }, mail }) => {
    const bob = new StoreMail(store, await ensureAccount(store, { name: "bob", maxBytes: null }));
    const boxes: number[] = [];
    for (const each of [mail, bob]) {
      for (const name of ["Inbox", "Archive"]) {
        const mailbox = await fill(each, name, 2);
        await expunge(each, mailbox, [1, 1]);
        boxes.push(mailbox);
      }
    }
    const stopped = new AbortController();
    stopped.abort();
    assert.deepEqual(await cut(store, { days: 1000, messages: 0 }, stopped.signal), []);
    for (const mailbox of boxes) assert.deepEqual(uidsOf(store, mailbox), [1]);
    const places = await cut(store, { days: 1000, messages: 0 });
    for (const mailbox of boxes) assert.deepEqual(uidsOf(store, mailbox), []);
    assert.ok(Number(places.at(-1)) >= Math.max(...boxes));
  }));
