/**
 * The worker that keeps the full-text index up to date, over a store with an account's mail.
 *
 * @module
 */
import assert from "node:assert/strict";
import { turn } from "../store/connection.ts";
import {
  longestWaitMs,
  openTexts,
  quietMs,
  retryMs,
  shortestRestMs,
  TextIndexer,
} from "../store/text_indexer.ts";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { textMessage } from "./testing/built_message.ts";
import { mailboxOf } from "./testing/conformance_support.ts";
import { type StoreUnderTest, storeUnderTest } from "./testing/store_under_test.ts";

/** Lets time pass, and what waits for the event loop happen. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  await clock.advance(ms);
  for (let i = 0; i < 20; i++) await turn();
}

async function withStore(test: (under: StoreUnderTest, clock: FakeClock) => Promise<void>): Promise<void> {
  const clock = new FakeClock();
  const under = await storeUnderTest({ texts: true, clock });
  try {
    await test(under, clock);
  } finally {
    await under.close();
  }
}

const done = (under: StoreUnderTest) => under.store.texts?.done ?? 0;

/** Expunges a message of the inbox. */
async function expunge({ mail }: StoreUnderTest, uid: number): Promise<void> {
  const { id } = await mailboxOf(mail, "Inbox");
  await mail.storeFlags({
    mailbox: id,
    uids: [uid, uid],
    mode: "add",
    bits: 8,
    keywords: [],
    unchangedSince: null,
  });
  await mail.expunge({ mailbox: id, uids: null });
}

Deno.test("mail is indexed when the writer is quiet, and not before", () =>
  withStore(async (under, clock) => {
    under.indexer?.start();
    await pass(clock, quietMs);
    await under.deliver("Inbox", textMessage("one", ["Subject: s"]));
    await pass(clock, quietMs - 1);
    assert.equal(done(under), 0);
    await pass(clock, 1);
    assert.equal(done(under), 1);
  }));

Deno.test("under load that does not end, some mail is indexed all the same", () =>
  withStore(async (under, clock) => {
    under.indexer?.start();
    for (let passed = 0; passed < 2 * longestWaitMs; passed += quietMs / 2) {
      await under.deliver("Inbox", textMessage("one", ["Subject: s"]));
      await pass(clock, quietMs / 2);
    }
    assert.ok(done(under) > 0);
  }));

Deno.test("while others read, it rests after each batch", () =>
  withStore(async (under, clock) => {
    for (let i = 0; i < 40; i++) await under.deliver("Inbox", textMessage(`m${i}`, ["Subject: s"]));
    await pass(clock, quietMs); // Before it starts: the writer is quiet from now on.
    under.indexer?.start();
    const { id } = await mailboxOf(under.mail, "Inbox");
    const counts: number[] = [];
    for (const ms of [0, shortestRestMs, shortestRestMs]) {
      await under.mail.changes({ mailbox: id, modseq: 1, claimRecent: false });
      await pass(clock, ms);
      counts.push(done(under));
    }
    assert.deepEqual(counts, [16, 32, 40]);
  }));

Deno.test("while nobody reads, it goes on", () =>
  withStore(async (under, clock) => {
    for (let i = 0; i < 40; i++) await under.deliver("Inbox", textMessage(`m${i}`, ["Subject: s"]));
    await pass(clock, quietMs);
    under.indexer?.start();
    await pass(clock, shortestRestMs);
    assert.equal(done(under), 40);
  }));

Deno.test("while there is no parser, it waits and tries again", () =>
  withStore(async (under, clock) => {
    under.parser.fails = "tryLater";
    await under.deliver("Inbox", textMessage("one", ["Subject: s"]));
    under.indexer?.start();
    await pass(clock, quietMs);
    under.parser.fails = "never";
    await pass(clock, retryMs - 1);
    assert.equal(done(under), 0);
    await pass(clock, 1);
    await pass(clock, quietMs);
    assert.equal(done(under), 1);
  }));

Deno.test("what is expunged leaves the index, the last copy first", () =>
  withStore(async (under, clock) => {
    const { mail, store, accountId } = under;
    await under.deliver("Inbox", textMessage("one", ["Subject: s"]));
    await under.deliver("Inbox", textMessage("two", ["Subject: s"]));
    under.indexer?.start();
    await pass(clock, quietMs);
    await pass(clock, quietMs);
    assert.equal(store.texts?.text(accountId, 1)?.body, "ONE");
    const { id } = await mailboxOf(mail, "Inbox");
    const { id: archive } = await mailboxOf(mail, "Archive");
    await mail.copy({ mailbox: id, to: archive, uids: [1, 1] });
    for (const uid of [1, 2]) await expunge(under, uid);
    for (let i = 0; i < 3; i++) await pass(clock, longestWaitMs);
    assert.equal(store.texts?.text(accountId, 1)?.body, "ONE");
    assert.deepEqual([store.texts?.text(accountId, 2), store.texts?.emails(accountId, 0, 10)], [null, [1]]);
  }));

Deno.test("what was expunged while nobody could note it is looked for after the next start", () =>
  withStore(async (under, clock) => {
    const { store, accountId, folder, parser } = under;
    for (const body of ["one", "two", "three"]) {
      await under.deliver("Inbox", textMessage(body, ["Subject: s"]));
    }
    await under.indexer?.catchUp();
    store.texts?.close(false); // Killed.
    store.onEmailsDeleted = null;
    await expunge(under, 2);
    const next: TextIndexer = openTexts(store, folder, parser);
    assert.equal(store.texts?.needsSweep, true);
    assert.deepEqual(store.texts?.emails(accountId, 0, 10), [1, 2, 3]);
    next.start();
    for (let i = 0; i < 3; i++) await pass(clock, longestWaitMs);
    assert.deepEqual([store.texts?.emails(accountId, 0, 10), store.texts?.needsSweep], [[1, 3], false]);
    await next.stop();
  }));
