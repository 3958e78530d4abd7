import assert from "node:assert/strict";
import { type Bytes, noBytes, utf8 } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { maxMailboxKeywords } from "../imap/flags.ts";
import { createAccount } from "./accounts.ts";
import {
  type AddedAll,
  addMessages,
  maxPrefixBytes,
  type PreparedEmail,
  prepareEmail,
} from "./add_message.ts";
import { maxInlineBody } from "./bodies.ts";
import { checkIndex } from "./check_index.ts";
import { CountChange } from "./counts.ts";
import { many, one, prepared, run } from "./query.ts";
import { dropCopies } from "./remove_message.ts";
import type { Store } from "./store.ts";
import { sampleIndex, sampleMessage, type SampleSettings } from "./testing/sample_message.ts";
import { tempStore } from "./testing/temp_store.ts";

const mailboxes = prepared((db, p: { accountId: number }) =>
  db.selectFrom("mailboxes").selectAll().where("account_id", "=", p.accountId).orderBy("id")
);
const emails = prepared((db, p: { accountId: number }) =>
  db.selectFrom("emails").selectAll().where("account_id", "=", p.accountId).orderBy("id")
);
const bodyCount = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("bodies").select((eb) => eb.fn.countAll<number>().as("n"))
);

async function newAccount(
  store: Store,
  maxBytes: number | null = null,
): Promise<{ account: number; inbox: number }> {
  const account = await store.writer.run((tx) => createAccount(tx, { name: crypto.randomUUID(), maxBytes }));
  const inbox = store.read(many(mailboxes, { accountId: account }))[0]?.id ?? 0;
  return { account, inbox };
}

async function email(store: Store, content: Bytes, settings: SampleSettings = {}): Promise<PreparedEmail> {
  const spools = store.spools.forOwner();
  let from: { content: Bytes | null; spool: string | null } = { content, spool: null };
  if (content.length > maxInlineBody) {
    const spool = await spools.open();
    for (let at = 0; at < content.length; at += 100_000) {
      await spools.write(spool, content.subarray(at, at + 100_000));
    }
    from = { content: null, spool };
  }
  const body = await store.bodies.ready(from, spools);
  return prepareEmail(body, checkIndex(sampleIndex(content, settings), body.hashes.size));
}

async function add(
  store: Store,
  account: number,
  mailbox: number,
  settings: SampleSettings & { bits?: number; keywords?: string[]; prefix?: string; received?: number } = {},
): Promise<AddedAll> {
  const { content, index } = sampleMessage(settings);
  const body = await store.bodies.ready({ content, spool: null }, store.spools.forOwner());
  const prepared = prepareEmail(body, checkIndex(index, content.length));
  return await store.writer.run((tx) =>
    addMessages(tx, account, mailbox, [{
      email: prepared,
      prefix: utf8(settings.prefix ?? ""),
      bits: settings.bits ?? 0,
      keywords: settings.keywords ?? [],
      internalDate: settings.received ?? 1_700_000_000_000,
    }])
  );
}

Deno.test("messages added get UIDs, a MODSEQ, and are counted", async () => {
  await using temp = tempStore();
  const { store } = temp;
  const { account, inbox } = await newAccount(store);
  const first = await add(store, account, inbox, { prefix: "Received: x\r\n" });
  const second = await add(store, account, inbox, { bits: 1 | 8, keywords: ["alpha", "beta"] });
  assert.equal(first.messages[0]?.uid, 1);
  assert.equal(second.messages[0]?.uid, 2);
  assert.ok(second.modseq > first.modseq);
  const row = store.read(many(mailboxes, { accountId: account }))[0];
  assert.deepEqual([row?.messages, row?.unseen, row?.deleted, row?.uid_next], [2, 1, 1, 3]);
  assert.equal(row?.highest_modseq, second.modseq);
  assert.match(first.messages[0]?.objectId ?? "", /^[\w-]{22}$/);
});

Deno.test("a body over the inline limit is a file, shared, and goes with its last email", async () => {
  await using temp = tempStore();
  const { store } = temp;
  const { account, inbox } = await newAccount(store);
  const content = utf8("Subject: x\r\n\r\n" + "0123456789abcde\n".repeat(160_000)); // 2.5 MB
  const sizes = [];
  for (let i = 0; i < 2; i++) {
    const prepared = await email(store, content);
    const added = await store.writer.run((tx) =>
      addMessages(tx, account, inbox, [{
        email: prepared,
        prefix: noBytes,
        bits: 0,
        keywords: [],
        internalDate: 0,
      }])
    );
    prepared.body.release();
    sizes.push(added.messages.length);
  }
  const rows = store.read(many(emails, { accountId: account }));
  assert.equal(rows[0]?.body_id, rows[1]?.body_id);
  const reader = store.read(store.bodies.open(rows[0]?.body_id ?? 0));
  assert.deepEqual(reader.slice(1_048_570, 1_048_600), content.subarray(1_048_570, 1_048_600));
  assert.deepEqual(reader.slice(0, content.length), content);
  for (const [i, row] of rows.entries()) {
    assert.equal(filesIn(temp.folder), 1);
    await expunge(store, account, inbox, i + 1, row.id, row.size);
  }
  assert.equal(filesIn(temp.folder), 0);
  assert.equal(store.read(one(bodyCount, {}))?.n, 0);
});

Deno.test("a large body whose unit fails leaves no file", async () => {
  await using temp = tempStore();
  const { store } = temp;
  const { account, inbox } = await newAccount(store, 1000);
  const prepared = await email(store, new Uint8Array(maxInlineBody + 1));
  assert.equal(filesIn(temp.folder), 1);
  await assert.rejects(
    store.writer.run((tx) =>
      addMessages(tx, account, inbox, [{
        email: prepared,
        prefix: noBytes,
        bits: 0,
        keywords: [],
        internalDate: 0,
      }])
    ),
    refused("overQuota"),
  );
  prepared.body.release();
  assert.equal(filesIn(temp.folder), 0);
});

Deno.test("a spooled body up to the inline limit is in the database", async () => {
  await using temp = tempStore();
  const { store } = temp;
  const spools = store.spools.forOwner();
  const spool = await spools.open();
  await spools.write(spool, utf8("small"));
  const body = await store.bodies.ready({ content: null, spool }, spools);
  assert.deepEqual(body.content, utf8("small"));
});

Deno.test("adding is refused", async (t) => {
  await using temp = tempStore();
  const { store } = temp;
  const { account, inbox } = await newAccount(store, 2000);
  const other = await newAccount(store);
  await t.step(
    "to a mailbox of another account",
    () => assert.rejects(add(store, account, other.inbox), refused("noSuchMailbox")),
  );
  await t.step(
    "to an account that does not exist",
    () => assert.rejects(add(store, 99, inbox), refused("noSuchMailbox")),
  );
  await t.step("over the quota, which is exact", async () => {
    const { content } = sampleMessage({ messageId: "a@b", textBytes: 100 });
    const exact = 2000 - content.length + 100;
    await add(store, account, inbox, { messageId: "a@b", textBytes: exact });
    await assert.rejects(add(store, account, inbox), refused("overQuota"));
  });
  await t.step("with a prefix that is too large", () =>
    assert.rejects(
      add(store, other.account, other.inbox, { prefix: "x".repeat(maxPrefixBytes + 1) }),
      refused("tooLarge"),
    ));
  await t.step("with more keywords than a mailbox may have", async () => {
    for (let at = 0; at < maxMailboxKeywords; at += 100) {
      await add(store, other.account, other.inbox, {
        keywords: Array.from({ length: 100 }, (_, i) => `k${at + i}`),
      });
    }
    await add(store, other.account, other.inbox, { keywords: ["k7"] });
    await assert.rejects(add(store, other.account, other.inbox, { keywords: ["new"] }), refused("tooMany"));
  });
});

Deno.test("several recipients share one body", async () => {
  await using temp = tempStore();
  const { store } = temp;
  const a = await newAccount(store), b = await newAccount(store);
  const { content, index } = sampleMessage();
  const body = await store.bodies.ready({ content, spool: null }, store.spools.forOwner());
  const prepared = prepareEmail(body, checkIndex(index, content.length));
  await store.writer.run(function* (tx) {
    const rows = new Map();
    for (const { account, inbox } of [a, b]) {
      const addition = { email: prepared, prefix: utf8("X: y\r\n"), bits: 0, keywords: [], internalDate: 0 };
      yield* addMessages(tx, account, inbox, [addition], rows);
    }
  });
  assert.equal(store.read(one(bodyCount, {}))?.n, 1);
});

function refused(reason: string) {
  return (error: unknown) => error instanceof Refused && error.reason === reason;
}

function filesIn(folder: string): number {
  let n = 0;
  for (const sub of Deno.readDirSync(`${folder}/bodies`)) {
    n += [...Deno.readDirSync(`${folder}/bodies/${sub.name}`)].length;
  }
  return n;
}

const expungeRow = prepared((db, p: { accountId: number; mailboxId: number; uid: number; modseq: number }) =>
  db.updateTable("messages").set({ expunged: 1, email_id: 0, size: 0, modseq: p.modseq })
    .where("account_id", "=", p.accountId).where("mailbox_id", "=", p.mailboxId).where("uid", "=", p.uid)
);

async function expunge(
  store: Store,
  accountId: number,
  mailboxId: number,
  uid: number,
  emailId: number,
  size: number,
) {
  await store.writer.run(function* (tx) {
    const modseq = yield* tx.counts.takeModSeq(accountId);
    yield* run(expungeRow, { accountId, mailboxId, uid, modseq });
    yield* dropCopies(tx, store.bodies, { accountId, emailId, copies: 1 });
    const change = new CountChange();
    change.add(0, size, -1);
    yield* tx.count(accountId, mailboxId, modseq, change);
  });
}
