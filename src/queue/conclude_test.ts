import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { utf8 } from "../base/bytes.ts";
import { ensureAccount } from "../accounts/accounts.ts";
import { forgetRetired } from "../store/queue_retired.ts";
import {
  dueDestinations,
  noteQueued,
  queueRow,
  queueTraits,
  removeQueued,
  takeDue,
} from "../store/queue_rows.ts";
import { one, prepared, run } from "../store/query.ts";
import { maxSuppressions, suppressionOf } from "../store/suppressions.ts";
import { enqueue } from "../store/testing/queue_sample.ts";
import { type TempStore, tempStore } from "../store/testing/temp_store.ts";
import { countFailure, failureMemoryMs, forgetFailures } from "../store/delivery_failures.ts";
import type { AttemptRecord } from "./attempt_records.ts";
import { conclude, type ConcludeParts, giveUp, type NoticeFacts } from "./conclude.ts";
import type { QueueResult } from "./queue.ts";
import { delayNoticeAfter, waitAfter } from "./schedule.ts";

const hour = 3_600_000;

interface Desk {
  readonly temp: TempStore;
  readonly clock: FakeClock;
  readonly parts: ConcludeParts;
  readonly account: number;
  /** What notices were made of. */
  readonly told: NoticeFacts[];
}

async function desk(change: Partial<ConcludeParts> = {}, maxBytes: number | null = null): Promise<Desk> {
  const clock = new FakeClock();
  const temp = tempStore({ clock });
  const account = await ensureAccount(temp.store, { name: "a", maxBytes });
  const told: NoticeFacts[] = [];
  const compose = (facts: NoticeFacts) => {
    told.push(facts);
    return utf8(`From: postmaster@example.org\r\nSubject: ${facts.kind}\r\n\r\n`);
  };
  return {
    temp,
    clock,
    told,
    account,
    parts: {
      store: temp.store,
      compose,
      keepRetiredMs: () => hour,
      postmaster: null,
      hasAccount: () => true,
      ...change,
    },
  };
}

const result = (id: number, change: Partial<QueueResult>): QueueResult => ({
  id,
  outcome: "delivered",
  code: 250,
  status: "2.0.0",
  text: "taken",
  remote: { host: "mx.x.example", address: "192.0.2.1" },
  relaysDsn: false,
  ...change,
});
const permanent = { outcome: "permanent", code: 550, status: "5.1.1", text: "nobody here" } as const;
const temporary = { outcome: "temporary", code: 451, status: "4.3.0", text: "come back" } as const;

/** Takes what is due for x.example and reports what came of each recipient, in order. */
async function attempt({ parts, clock }: Desk, outcomes: readonly Partial<QueueResult>[]): Promise<void> {
  const now = clock.now();
  const nextAttempt = (attempts: number) => now + waitAfter(attempts, 0.5);
  const rows = await parts.store.writer.run(() =>
    takeDue({ domain: "x.example", now, limit: 100, nextAttempt })
  );
  assert.equal(rows.length, outcomes.length);
  await conclude(parts, rows, {
    lease: "",
    startedAt: now,
    ms: 5,
    dialed: ["192.0.2.1"],
    results: rows.map(({ id }, i) => result(id, outcomes[i] ?? {})),
  });
}

const retired = prepared((db, p: { id: number }) =>
  db.selectFrom("queue_retired").select(["outcome", "results"]).where("id", "=", p.id)
);
const inbox = prepared((db, p: { account: number }) =>
  db.selectFrom("mailboxes").select("messages").where("account_id", "=", p.account).where(
    "name",
    "=",
    "Inbox",
  )
);
const inboxOf = ({ temp, account }: Desk) => temp.store.read(one(inbox, { account }))?.messages;

Deno.test("each recipient of a message has its own end", async () => {
  const it = await desk();
  await using _ = it.temp;
  const [a = 0, b = 0, c = 0] = await enqueue(it.temp.store, ["a@x.example", "B+l@x.example", "c@x.example"]);
  await attempt(it, [{}, permanent, temporary]);
  const { store } = it.temp;
  assert.equal(store.read(one(retired, { id: a }))?.outcome, "delivered");
  const failed = store.read(one(retired, { id: b }));
  assert.equal(failed?.outcome, "failed");
  const [record] = JSON.parse(failed?.results ?? "") as AttemptRecord[];
  assert.deepEqual([record?.code, record?.text, record?.address], [550, "nobody here", "192.0.2.1"]);
  const waiting = store.read(queueRow(c));
  assert.deepEqual([waiting.attempts, JSON.parse(waiting.dialed)], [1, ["192.0.2.1"]]);
  // One notice, about the one who failed.
  assert.deepEqual(it.told.map(({ kind, recipients }) => [kind, recipients.map(({ row }) => row.id)]), [
    ["failed", [b]],
  ]);
  assert.equal(inboxOf(it), 1);
  assert.equal(store.read(suppressionOf(it.account, "b@x.example"))?.original, "B+l@x.example");
  assert.equal(store.read(suppressionOf(it.account, "c@x.example")), undefined);
});

Deno.test("a message that nobody takes is told of once while it waits, and once in the end", async () => {
  const it = await desk();
  await using _ = it.temp;
  const { store } = it.temp;
  const [id = 0] = await enqueue(store, ["a@x.example"]);
  const kinds: string[] = [];
  for (let n = 1; n <= 8; n++) {
    await attempt(it, [temporary]);
    kinds.push(it.told.splice(0)[0]?.kind ?? "");
    if (n < 8) await it.clock.advance(store.read(queueRow(id)).due - it.clock.now());
    if (n === 5) assert.equal(store.read(queueRow(id)).traits, queueTraits.delayTold);
  }
  assert.deepEqual(kinds, ["", "", "", "", "delayed", "", "", "failed"]);
  assert.equal(store.read(one(retired, { id }))?.outcome, "failed");
  assert.deepEqual(store.read(dueDestinations(it.clock.now() + 100 * hour, 10)), []);
  assert.equal(inboxOf(it), 2);
});

Deno.test("of the server's own mail the postmaster is told, or nobody", async () => {
  for (const hasPostmaster of [true, false]) {
    const it = await desk();
    await using _ = it.temp;
    const parts = { ...it.parts, postmaster: hasPostmaster ? it.account : null };
    await enqueue(it.temp.store, ["a@x.example"], { account_id: 0 });
    await attempt({ ...it, parts }, [permanent]);
    assert.equal(inboxOf(it), hasPostmaster ? 1 : 0);
  }
});

Deno.test("who has no room left hears of a failure all the same, with the header alone", async () => {
  for (const maxBytes of [null, 1]) {
    const it = await desk({}, maxBytes);
    await using _ = it.temp;
    const [id = 0] = await enqueue(it.temp.store, ["a@x.example"]);
    await attempt(it, [permanent]);
    assert.equal(it.temp.store.read(one(retired, { id }))?.outcome, "failed");
    assert.deepEqual([inboxOf(it), it.told[0]?.brief], [1, maxBytes !== null]);
  }
});

Deno.test("where no notice can be written, nothing is sent again, and who is not told is kept for somebody to see", async () => {
  const it = await desk({
    compose: () => {
      throw new TypeError("a fault of ours");
    },
  });
  await using _ = it.temp;
  const { store } = it.temp;
  const dsn = '{"notify":"SUCCESS,FAILURE"}';
  const [a = 0, b = 0, c = 0] = await enqueue(store, ["a@x.example", "b@x.example", "c@x.example"], { dsn });
  await attempt(it, [{}, permanent, temporary]);
  assert.equal(store.read(one(retired, { id: a }))?.outcome, "delivered");
  const failed = store.read(queueRow(b));
  assert.deepEqual([failed.hold, (JSON.parse(failed.results) as AttemptRecord[])[0]?.code], [1, 550]);
  assert.equal(store.read(queueRow(c)).hold, 0);
  // Once it can be written again, somebody gives it up, and the sender hears.
  const parts = { ...it.parts, compose: () => utf8("Subject: x\r\n\r\n") };
  await giveUp(parts, [{ row: failed, ending: { outcome: "failed", status: "5.0.0", text: "" } }]);
  assert.equal(store.read(one(retired, { id: b }))?.outcome, "failed");
  assert.equal(inboxOf(it), 1);
});

Deno.test("what somebody dropped while it was tried stays dropped", async () => {
  const it = await desk();
  await using _ = it.temp;
  const { store } = it.temp;
  const [id = 0] = await enqueue(store, ["a@x.example"]);
  const now = it.clock.now();
  const rows = await store.writer.run(() =>
    takeDue({ domain: "x.example", now, limit: 10, nextAttempt: () => now + hour })
  );
  await store.writer.run(function* (tx) {
    const row = yield* removeQueued(id);
    yield* store.bodies.dropUnused(tx, row.body_id, true);
  });
  const results = [result(id, permanent)];
  await conclude(it.parts, rows, { lease: "", startedAt: now, ms: 1, dialed: [], results });
  assert.equal(store.read(one(retired, { id })), undefined);
  assert.equal(inboxOf(it), 0, "and nobody is told that it failed");
});

/** Has this done to the queue while the notice of an attempt is written. */
async function attemptWhile(
  it: Desk,
  outcomes: readonly Partial<QueueResult>[],
  change: () => void,
): Promise<void> {
  let changes = 0;
  const compose: ConcludeParts["compose"] = (facts, original) => {
    if (changes++ === 0) change();
    return it.parts.compose(facts, original);
  };
  await attempt({ ...it, parts: { ...it.parts, compose } }, outcomes);
}

Deno.test("a notice tells of nobody who was dropped while it was written", async () => {
  const it = await desk();
  await using _ = it.temp;
  const { store } = it.temp;
  const [a = 0, b = 0] = await enqueue(store, ["a@x.example", "b@x.example"]);
  await attemptWhile(it, [permanent, permanent], () => void store.writer.run(() => removeQueued(a)));
  assert.deepEqual(it.told.at(-1)?.recipients.map(({ row }) => row.id), [b]);
  assert.equal(inboxOf(it), 1);
});

Deno.test("a notice of a delay tells of the time that somebody chose while it was written", async () => {
  const it = await desk();
  await using _ = it.temp;
  const { store } = it.temp;
  const [id = 0] = await enqueue(store, ["a@x.example"]);
  for (let n = 1; n < delayNoticeAfter; n++) {
    await attempt(it, [temporary]);
    await it.clock.advance(store.read(queueRow(id)).due - it.clock.now());
  }
  const chosen = it.clock.now() + 1;
  await attemptWhile(
    it,
    [temporary],
    () => void store.writer.run(() => noteQueued({ id, ...noted, due: chosen })),
  );
  assert.deepEqual(it.told.map(({ recipients }) => recipients[0]?.row.due).at(-1), chosen);
  assert.deepEqual([inboxOf(it), JSON.parse(store.read(queueRow(id)).results).length], [1, 1]);
});
const noted = { results: "[]", dialed: "[]", traits: 0, hold: false };

Deno.test("of the mail of an account that is gone the postmaster is told", async () => {
  const it = await desk();
  await using _ = it.temp;
  await enqueue(it.temp.store, ["a@x.example"], { account_id: 99 });
  await attempt({ ...it, parts: { ...it.parts, postmaster: it.account } }, [permanent]);
  assert.equal(inboxOf(it), 1);
});

Deno.test("also of one whose mail is still there, and which is in the configuration no more", async () => {
  const it = await desk();
  await using _ = it.temp;
  const gone = await ensureAccount(it.temp.store, { name: "gone", maxBytes: null });
  await enqueue(it.temp.store, ["a@x.example"], { account_id: gone });
  const parts = { ...it.parts, postmaster: it.account, hasAccount: (name: string) => name !== "gone" };
  await attempt({ ...it, parts }, [permanent]);
  assert.deepEqual([inboxOf(it), inboxOf({ ...it, account: gone })], [1, 0]);
});

Deno.test("what is done with is forgotten after a while", async () => {
  const it = await desk();
  await using _ = it.temp;
  const { store } = it.temp;
  const [id = 0] = await enqueue(store, ["a@x.example"]);
  await attempt(it, [{}]);
  await it.clock.advance(hour - 1);
  await store.writer.run((tx) => forgetRetired(tx.now));
  assert.notEqual(store.read(one(retired, { id })), undefined);
  await it.clock.advance(1);
  assert.equal(await store.writer.run((tx) => forgetRetired(tx.now)), false);
  assert.equal(store.read(one(retired, { id })), undefined);
});

Deno.test("three messages in a row that a host does not take suppress the address; one that it takes begins anew", async () => {
  const it = await desk();
  await using _ = it.temp;
  const full = { outcome: "permanent", code: 552, status: "5.2.2", text: "full" } as const;
  const unreachable = {
    outcome: "permanent",
    code: 0,
    status: "",
    text: "nobody there",
    remote: null,
  } as const;
  const isSuppressed = async (outcomes: readonly Partial<QueueResult>[]) => {
    for (const outcome of outcomes) {
      await enqueue(it.temp.store, ["a@x.example"]);
      await attempt(it, [outcome]);
    }
    return it.temp.store.read(suppressionOf(it.account, "a@x.example")) !== undefined;
  };
  assert.equal(await isSuppressed([full, full, {}, full, full, unreachable, unreachable]), false);
  assert.equal(await isSuppressed([full]), true);
});

Deno.test("failures are in a row for a while only", async () => {
  const it = await desk();
  await using _ = it.temp;
  const { store } = it.temp;
  const count = () => store.writer.run((tx) => countFailure(it.account, "a@x.example", tx.now));
  await count();
  await it.clock.advance(failureMemoryMs + 1);
  assert.equal(await store.writer.run((tx) => forgetFailures(tx.now)), false);
  assert.equal(await count(), 1);
  assert.equal(await count(), 2);
});

Deno.test("recipients who are given up are told of in one notice, with the reason of each", async () => {
  const it = await desk();
  await using _ = it.temp;
  const { store } = it.temp;
  const ids = await enqueue(store, ["a@x.example", "b@x.example"]);
  const endings = [
    { outcome: "suppressed", status: "5.2.1", text: "it is on the list" },
    { outcome: "failed", status: "5.0.0", text: "given up" },
  ] as const;
  await giveUp(
    it.parts,
    endings.map((ending, i) => ({ row: store.read(queueRow(ids[i] ?? 0)), ending })),
  );
  assert.deepEqual(it.told.map(({ recipients }) => recipients.map(({ result }) => result.text)), [
    endings.map(({ text }) => text),
  ]);
  assert.deepEqual(ids.map((id) => store.read(one(retired, { id }))?.outcome), ["suppressed", "failed"]);
  assert.equal(store.read(suppressionOf(it.account, "b@x.example")), undefined);
});

Deno.test("a list that is full keeps no message in the queue", async () => {
  const it = await desk();
  await using _ = it.temp;
  const { store } = it.temp;
  const insert = prepared((db, p: { account: number; address: string }) =>
    db.insertInto("suppressions").values({
      account_id: p.account,
      address: p.address,
      original: "",
      automatic: 1,
      reason: "",
      created: 0,
    })
  );
  await store.writer.run(function* () {
    for (let i = 0; i < maxSuppressions; i++) yield* run(insert, { account: it.account, address: `u${i}@y` });
  });
  const [id = 0] = await enqueue(store, ["a@x.example"]);
  await attempt(it, [permanent]);
  assert.equal(store.read(one(retired, { id }))?.outcome, "failed");
  assert.equal(store.read(suppressionOf(it.account, "a@x.example")), undefined);
});
