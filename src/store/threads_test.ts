import assert from "node:assert/strict";
import { noBytes } from "../base/bytes.ts";
import { createAccount } from "./accounts.ts";
import { addMessages, prepareEmail } from "./add_message.ts";
import { checkIndex } from "./check_index.ts";
import { many, prepared } from "./query.ts";
import { sampleMessage, type SampleSettings } from "./testing/sample_message.ts";
import { tempStore } from "./testing/temp_store.ts";
import { hashId, maxSubjects, subjectAfterMs, subjectBeforeMs } from "./threads.ts";

const mailboxes = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("mailboxes").select("id").orderBy("id")
);
const threads = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("emails").select(["id", "thread_id", "thread_object_id"]).orderBy("id")
);

interface Sample extends SampleSettings {
  /** Milliseconds after the first. */
  readonly at?: number;
  /** 1 for another mailbox than the inbox. */
  readonly mailbox?: number;
}

const re = { subject: "Re: plan", isReply: true } as const;
const plan = { subject: "plan", messageId: "1@x" } as const;

/** Emails in the order in which they come, and their threads, numbered from 0 in the order of their first. */
const cases: [what: string, samples: Sample[], threads: number[]][] = [
  ["unrelated emails", [{ subject: "a" }, { subject: "b" }, { subject: "b" }], [0, 1, 2]],
  ["the same Message-ID, in any case of letters", [plan, { ...plan, messageId: "1@X" }], [0, 0]],
  ["the same Message-ID with another subject", [plan, { ...plan, subject: "other" }], [0, 1]],
  ["a reference", [plan, { ...re, references: ["1@x"] }], [0, 0]],
  ["a reference with another subject", [plan, { subject: "Re: other", isReply: true, references: ["1@x"] }], [
    0,
    1,
  ]],
  ["a report with another subject", [plan, { subject: "failed", isReport: true, references: ["1@x"] }], [
    0,
    0,
  ]],
  ["the newest reference first", [
    plan,
    { subject: "plan", messageId: "2@x" },
    { ...re, references: ["1@x", "2@x"] },
  ], [0, 1, 1]],
  ["an older reference where the newest is unknown", [plan, { ...re, references: ["1@x", "gone@x"] }], [
    0,
    0,
  ]],
  ["a parent that comes after its answer", [{ ...re, references: ["1@x"] }, plan], [0, 0]],
  ["a parent of another subject after its answer", [{ ...re, references: ["1@x"] }, {
    ...plan,
    subject: "no",
  }], [0, 1]],
  ["a thread that was told stays, though a late parent joins two", [
    { ...re, references: ["0@x", "1@x"], messageId: "2@x" },
    { subject: "plan", messageId: "0@x" },
    plan,
  ], [0, 1, 0]],
  ["a reply without references, by its subject", [plan, { ...re }], [0, 0]],
  ["the same subject without being a reply", [plan, { subject: "plan" }], [0, 1]],
  ["a reply with references that are unknown is not found by its subject", [plan, {
    ...re,
    references: ["no@x"],
  }], [0, 1]],
  ["a reply at the end of four weeks", [plan, { ...re, at: subjectBeforeMs }], [0, 0]],
  ["a reply after four weeks", [plan, { ...re, at: subjectBeforeMs + 1 }], [0, 1]],
  ["a reply a day early", [plan, { ...re, at: -subjectAfterMs }], [0, 0]],
  ["a reply more than a day early", [plan, { ...re, at: -subjectAfterMs - 1 }], [0, 1]],
  ["a reply whose parent came on the day before", [plan, { ...re, at: 12 * 60 * 60 * 1000 }], [0, 0]],
  ["a reply to what came before 1970, and in 2300", [
    { ...plan, at: -1_800_000_000_000 },
    { ...re, at: -1_800_000_000_000 + subjectBeforeMs },
    { ...plan, messageId: "2@x", at: 9_000_000_000_000 },
    { ...re, at: 9_000_000_000_000 + subjectBeforeMs },
  ], [0, 0, 1, 1]],
  ["a reply in another mailbox", [plan, { ...re, mailbox: 1 }], [0, 1]],
  ["replies without subject", [{ subject: "" }, { subject: "", isReply: true }], [0, 1]],
  ["emails without Message-ID", [{ messageId: null, subject: "a" }, { messageId: null, subject: "a" }], [
    0,
    1,
  ]],
];

for (const [what, samples, expected] of cases) {
  Deno.test(`threads: ${what}`, async () => {
    await using temp = tempStore();
    const { store } = temp;
    const account = await store.writer.run((tx) => createAccount(tx, { name: "ann", maxBytes: null }));
    const ids = store.read(many(mailboxes, {})).map((row) => row.id);
    for (const { at = 0, mailbox = 0, ...settings } of samples) {
      const { content, index } = sampleMessage(settings);
      const body = await store.bodies.ready({ content, spool: null }, store.spools.forOwner());
      const email = prepareEmail(body, checkIndex(index, content.length));
      const internalDate = 1_700_000_000_000 + at;
      await store.writer.run((tx) =>
        addMessages(tx, account, ids[mailbox] ?? 0, [{
          email,
          prefix: noBytes,
          bits: 0,
          keywords: [],
          internalDate,
        }])
      );
    }
    const rows = store.read(many(threads, {}));
    for (const ids of [rows.map((row) => row.thread_object_id), rows.map((row) => row.thread_id ?? row.id)]) {
      const first = [...new Set<string | number>(ids)];
      assert.deepEqual(ids.map((thread) => first.indexOf(thread)), expected);
    }
  });
}

Deno.test("a reply without references looks through so many subjects and no more", async () => {
  await using temp = tempStore();
  const { store } = temp;
  const account = await store.writer.run((tx) => createAccount(tx, { name: "ann", maxBytes: null }));
  const mailbox = store.read(many(mailboxes, {}))[0]?.id ?? 0;
  const add = async (settings: SampleSettings[]) => {
    const additions = await Promise.all(settings.map(async (each, i) => {
      const { content, index } = sampleMessage(each);
      const body = await store.bodies.ready({ content, spool: null }, store.spools.forOwner());
      const email = prepareEmail(body, checkIndex(index, content.length));
      return { email, prefix: noBytes, bits: 0, keywords: [], internalDate: 1_700_000_000_000 + i };
    }));
    await store.writer.run((tx) => addMessages(tx, account, mailbox, additions));
    return store.read(many(threads, {})).at(-1)?.thread_id ?? null;
  };
  const noise = Array.from({ length: maxSubjects - 1 }, (_, i) => ({ subject: `noise ${i}` }));
  const first = await add([{ subject: "plan", messageId: null }, ...noise]);
  assert.equal(first, null);
  assert.equal(await add([{ subject: "Re: plan", isReply: true, messageId: null }]), 1);
  // That reply is one subject more, and itself an email with the subject.
  await add([...noise, { subject: "last" }]);
  assert.equal(await add([{ subject: "Re: plan", isReply: true, messageId: null }]), null);
});

Deno.test("a thread of another account is never joined", async () => {
  await using temp = tempStore();
  const { store } = temp;
  for (const name of ["ann", "bob"]) {
    const account = await store.writer.run((tx) =>
      createAccount(tx, { name, maxBytes: null, mailboxes: [{ name: "Inbox", specialUse: "" }] })
    );
    const { content, index } = sampleMessage(plan);
    const body = await store.bodies.ready({ content, spool: null }, store.spools.forOwner());
    const email = prepareEmail(body, checkIndex(index, content.length));
    await store.writer.run((tx) =>
      addMessages(tx, account, account, [{ email, prefix: noBytes, bits: 0, keywords: [], internalDate: 0 }])
    );
  }
  assert.equal(new Set(store.read(many(threads, {})).map((row) => row.thread_object_id)).size, 2);
});

Deno.test("hashId() fits a number exactly", () => {
  for (const text of ["", "a", "b@c"]) {
    assert.ok(Number.isSafeInteger(hashId(text)) && hashId(text) < 2 ** 48);
  }
});
