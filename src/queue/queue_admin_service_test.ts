import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { ensureAccount } from "../accounts/accounts.ts";
import { concat, fromUtf8, utf8 } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { addHoldRule, maxHoldRules } from "../store/hold_rules.ts";
import { many, prepared } from "../store/query.ts";
import { dueDestinations, type NewQueueRow, noteQueued, queueRow, takeDue } from "../store/queue_rows.ts";
import { suppressionOf } from "../store/suppressions.ts";
import { enqueue } from "../store/testing/queue_sample.ts";
import { type TempStore, tempStore } from "../store/testing/temp_store.ts";
import { conclude, type ConcludeParts, giveUp, type NoticeFacts } from "./conclude.ts";
import { everyMessage, maxListed, type QueueFilter } from "./queue_admin.ts";
import { QueueAdminService } from "./queue_admin_service.ts";

const hour = 3_600_000;

interface Open {
  readonly temp: TempStore;
  readonly clock: FakeClock;
  readonly admin: QueueAdminService;
  readonly told: NoticeFacts[];
  /** Recipients that are being worked on. */
  readonly leased: Set<number>;
  readonly parts: ConcludeParts;
  /** How often somebody was told that what is due may have changed. */
  readonly changed: { count: number; afresh: number };
  add(recipients: readonly string[], change?: Partial<NewQueueRow>): Promise<number[]>;
}

async function open(): Promise<Open> {
  const clock = new FakeClock();
  const temp = tempStore({ clock });
  for (const name of ["ann", "bob"]) await ensureAccount(temp.store, { name, maxBytes: null });
  const told: NoticeFacts[] = [];
  const leased = new Set<number>();
  const changed = { count: 0, afresh: 0 };
  const parts: ConcludeParts = {
    store: temp.store,
    compose: (facts) => {
      told.push(facts);
      return utf8("Subject: it failed\r\n\r\n");
    },
    keepRetiredMs: () => hour,
    postmaster: null,
    hasAccount: () => true,
  };
  const admin = new QueueAdminService({
    store: temp.store,
    giveUp: (endings) => giveUp(parts, endings),
    hasTransport: (name) => name === "relay",
    keepRetiredMs: () => hour,
    isLeased: (id) => leased.has(id),
    isBusy: (domain) => domain === "x.example",
    changed: (afresh) => {
      changed.count++;
      if (afresh) changed.afresh++;
    },
  });
  const add: Open["add"] = (recipients, change) => enqueue(temp.store, recipients, change);
  return { temp, clock, admin, told, leased, parts, changed, add };
}

const filter = (change: Partial<QueueFilter> = {}): { filter: QueueFilter } => ({
  filter: { ...everyMessage, ...change },
});
const refuses = (reason: string) => (error: unknown) => error instanceof Refused && error.reason === reason;
const all = async <T>(pieces: AsyncIterable<readonly T[]>) => (await Array.fromAsync(pieces)).flat();
const idsOf = async (pieces: AsyncIterable<readonly { readonly id: number }[]>) =>
  (await all(pieces)).map(({ id }) => id);

Deno.test("what is due and waits for another one of its domain is told apart", async () => {
  const { temp, clock, admin, add, leased } = await open();
  await using _ = temp;
  const [tried = 0, waits] = await add(["a@x.example", "b@x.example"]);
  leased.add(tried);
  await add(["held@x.example"], { hold: 1 });
  await add(["later@x.example"], { due: clock.now() + hour });
  await add(["a@y.example"]);
  const behind = (await all(admin.list(filter()))).filter((row) => row.behind).map(({ id }) => id);
  assert.deepEqual(behind, [waits]);
});

Deno.test("the list begins with what is due first, in pieces, and says what is known", async () => {
  const { temp, clock, admin, add, leased } = await open();
  await using _ = temp;
  const [late = 0] = await add(["a@x.example"], { due: clock.now() + hour, transport: "relay" });
  leased.add(late);
  const [first = 0, second = 0] = await add(["b@x.example", "c@y.example"], { account_id: 2, hold: 1 });
  const record = {
    at: 5,
    ms: 7,
    ok: false,
    code: 450,
    status: "4.2.0",
    text: "later",
    host: "h",
    address: "1",
  };
  await temp.store.writer.run(() =>
    noteQueued({
      id: late,
      results: JSON.stringify([record]),
      dialed: "[]",
      traits: 0,
      due: clock.now() + hour,
      hold: false,
    })
  );
  assert.deepEqual(await idsOf(admin.list(filter())), [first, second, late]);
  const [shown] = await all(admin.list(filter({ ids: [late] })));
  assert.deepEqual([shown?.account, shown?.leased, shown?.transport, shown?.results], [
    "ann",
    true,
    "relay",
    [{
      startedAt: 5,
      ms: 7,
      delivered: false,
      code: 450,
      status: "4.2.0",
      text: "later",
      host: "h",
      address: "1",
    }],
  ]);
  assert.deepEqual(await idsOf(admin.list(filter({ account: "bob" }))), [first, second]);
  assert.deepEqual(await idsOf(admin.list(filter({ max: 2 }))), [first, second]);
  assert.deepEqual(await idsOf(admin.list(filter({ ids: [late, second], max: 1 }))), [second]);
  const soon = { from: clock.now() + 1, until: null };
  assert.deepEqual(await idsOf(admin.list(filter({ nextAttempt: soon }))), [late]);
  await assert.rejects(all(admin.list(filter({ account: "eve" }))), refuses("badRequest"));
});

Deno.test("a long list comes whole, in pieces of a bounded size, also where all is due at once", async () => {
  const { temp, clock, admin, add } = await open();
  await using _ = temp;
  const many = Array.from({ length: 600 }, (_, i) => `u${i}@x.example`);
  const same = await add(many, { due: clock.now() + 5 });
  const early = await add(many, { due: clock.now() });
  const pieces = await Array.fromAsync(admin.list(filter()));
  assert.deepEqual(pieces.flat().map(({ id }) => id), [...early, ...same]);
  assert.ok(pieces.every(({ length }) => length > 0 && length <= maxListed));
  assert.equal((await idsOf(admin.list(filter({ max: 701 })))).length, 701);
});

Deno.test("hold and unhold say whom they changed, and what is on hold is not due", async () => {
  const { temp, clock, admin, add, changed } = await open();
  await using _ = temp;
  await add(["a@x.example", "b@y.example"]);
  await add(["c@x.example"], { hold: 1 });
  assert.equal(await admin.hold({ ...filter({ to: "x.example" }), hold: true }), 1);
  assert.deepEqual(temp.store.read(dueDestinations(clock.now(), 10)), ["y.example"]);
  assert.equal(await admin.hold({ ...filter({ hold: true }), hold: true }), 0);
  assert.equal(await admin.hold({ ...filter(), hold: false }), 2);
  assert.deepEqual(temp.store.read(dueDestinations(clock.now(), 10)), ["x.example", "y.example"]);
  assert.ok(changed.count > 0);
  assert.equal(changed.afresh, 0);
});

Deno.test("schedule sets a time, or moves it, and each row once", async () => {
  const { temp, clock, admin, add, changed } = await open();
  await using _ = temp;
  const recipients = Array.from({ length: 250 }, (_, i) => `u${i}@x.example`);
  const ids = await add(recipients);
  const now = clock.now();
  const dues = () => new Set(ids.map((id) => temp.store.read(queueRow(id)).due));
  assert.equal(await admin.schedule({ ...filter(), at: null, delayMs: hour }), 250);
  assert.deepEqual(dues(), new Set([now + hour]));
  assert.equal(await admin.schedule({ ...filter(), at: null, delayMs: -2 * hour }), 250);
  assert.deepEqual(dues(), new Set([now - hour]));
  assert.equal(await admin.schedule({ ...filter({ ids: ids.slice(0, 1) }), at: now + 7, delayMs: 0 }), 1);
  assert.deepEqual(dues(), new Set([now - hour, now + 7]));
  await assert.rejects(admin.schedule({ ...filter(), at: NaN, delayMs: 0 }), refuses("badRequest"));
  assert.equal(changed.afresh, 3);
});

Deno.test("with a number, those that are due first are changed", async () => {
  const { temp, clock, admin, add } = await open();
  await using _ = temp;
  const [late] = await add(["a@x.example"], { due: clock.now() + hour });
  const [early] = await add(["b@x.example"]);
  assert.equal(await admin.hold({ ...filter({ max: 1 }), hold: true }), 1);
  assert.deepEqual(await idsOf(admin.list(filter({ hold: true }))), [early]);
  assert.deepEqual(await idsOf(admin.list(filter({ hold: false }))), [late]);
});

Deno.test("transport and TLS of a message are chosen by hand, from what there is", async () => {
  const { temp, admin, add } = await open();
  await using _ = temp;
  const [id = 0] = await add(["a@x.example"]);
  await assert.rejects(admin.transport({ ...filter(), transport: "none" }), refuses("badRequest"));
  assert.equal(await admin.transport({ ...filter(), transport: "relay" }), 1);
  for (const [requireTls, kept] of [[true, 1], [false, 0], [null, null]] as const) {
    assert.equal(await admin.requireTls({ ...filter(), requireTls }), 1);
    assert.equal(temp.store.read(queueRow(id)).require_tls, kept);
  }
  assert.equal(temp.store.read(queueRow(id)).transport, "relay");
  await admin.transport({ ...filter(), transport: "" });
  assert.equal(temp.store.read(queueRow(id)).transport, "");
});

Deno.test("who fails a message tells its sender once, of all its recipients", async () => {
  const { temp, admin, add, told } = await open();
  await using _ = temp;
  const ids = await add(["a@x.example", "b@y.example"]);
  const [other] = await add(["c@x.example"], { sender: "" });
  assert.deepEqual(await admin.fail(filter()), { ended: 3, underWay: 0 });
  assert.deepEqual(told.map(({ recipients }) => recipients.map(({ row }) => row.id)), [ids]);
  assert.deepEqual(await idsOf(admin.list(filter())), []);
  const done = await all(admin.retired(filter()));
  assert.deepEqual(done.map(({ id, outcome }) => [id, outcome]), [[other, "failed"], [ids[1], "failed"], [
    ids[0],
    "failed",
  ]]);
  assert.equal(temp.store.read(suppressionOf(1, "a@x.example")), undefined);
});

for (
  const [outcome, ends] of [["delivered", "delivered"], ["temporary", "failed"], [null, null]] as const
) {
  Deno.test(`who is failed in the middle of an attempt hears of what comes of it: ${outcome}`, async () => {
    const { temp, admin, add, told, leased, parts, clock } = await open();
    await using _ = temp;
    const [id = 0] = await add(["a@x.example"]);
    const now = clock.now();
    const rows = await temp.store.writer.run(() =>
      takeDue({ domain: "x.example", now, limit: 1, nextAttempt: () => now + hour })
    );
    leased.add(id);
    assert.deepEqual(await admin.fail(filter()), { ended: 0, underWay: 1 });
    assert.deepEqual([told.length, await idsOf(admin.list(filter()))], [0, [id]], "it may arrive yet");
    const [code, status] = outcome === "delivered" ? [250, "2.0.0"] : [450, "4.2.0"];
    const remote = { host: "mx.x.example", address: "192.0.2.1" };
    const result = { id, code, status, text: `${code} so`, remote, relaysDsn: false };
    const results = outcome === null ? [] : [{ ...result, outcome }];
    await conclude(parts, rows, { lease: "", startedAt: now, ms: 1, dialed: [], results });
    leased.clear();
    const done = await all(admin.retired(filter()));
    assert.deepEqual(done.map((each) => each.outcome), ends === null ? [] : [ends]);
    assert.deepEqual(
      told.map(({ recipients }) => recipients[0]?.result.code),
      ends === "failed" ? [450] : [],
    );
    // Nothing came of it: the next one is the last.
    const [row] = await all(admin.list(filter()));
    assert.deepEqual([row?.attempts, row?.maxAttempts], ends === null ? [1, 1] : [undefined, undefined]);
  });
}

Deno.test("who is failed just when an attempt has ended is not tried again", async () => {
  const { temp, admin, add, told, leased } = await open();
  await using _ = temp;
  const [id = 0] = await add(["a@x.example"]);
  leased.add(id);
  const failed = admin.fail(filter());
  await Promise.resolve();
  leased.clear();
  assert.deepEqual(await failed, { ended: 1, underWay: 0 });
  assert.equal(told.length, 1);
  assert.deepEqual(await idsOf(admin.list(filter())), []);
});

Deno.test("what is dropped is gone with its body, and nobody is told", async () => {
  const { temp, admin, add, told, clock } = await open();
  await using _ = temp;
  const [a = 0, b = 0] = await add(["a@x.example", "b@x.example"]);
  assert.deepEqual(await admin.drop(filter({ ids: [a] })), { ended: 1, underWay: 0 });
  const dumped = await Array.fromAsync(admin.dump({ id: b }));
  assert.match(fromUtf8(concat(dumped)), /^From: a@example\.org\r\n/);
  await assert.rejects(Array.fromAsync(admin.dump({ id: a })), refuses("expunged"));
  assert.deepEqual(await admin.drop(filter()), { ended: 1, underWay: 0 });
  assert.equal(told.length, 0);
  assert.deepEqual(temp.store.read(many(bodies, {})), []);
  assert.deepEqual(temp.store.read(dueDestinations(clock.now(), 10)), []);
  const done = await all(admin.retired(filter({ to: "a@x" })));
  assert.deepEqual(done.map(({ id, outcome, account }) => [id, outcome, account]), [[a, "dropped", "ann"]]);
  assert.deepEqual(await idsOf(admin.retired(filter({ max: 1 }))), [b]);
});
const bodies = prepared((db, _p: Record<string, never>) => db.selectFrom("bodies").select("id"));

Deno.test("who is dropped in the middle of an attempt, and then failed, is told of", async () => {
  const { temp, admin, add, told, leased, parts, clock } = await open();
  await using _ = temp;
  const [id = 0] = await add(["a@x.example"]);
  const now = clock.now();
  const rows = await temp.store.writer.run(() =>
    takeDue({ domain: "x.example", now, limit: 1, nextAttempt: () => now + hour })
  );
  leased.add(id);
  await admin.drop(filter());
  assert.deepEqual(await admin.fail(filter()), { ended: 0, underWay: 1 });
  const remote = { host: "mx.x.example", address: "192.0.2.1" };
  const result = {
    id,
    outcome: "temporary" as const,
    code: 450,
    status: "",
    text: "no",
    remote,
    relaysDsn: false,
  };
  await conclude(parts, rows, { lease: "", startedAt: now, ms: 1, dialed: [], results: [result] });
  assert.deepEqual((await all(admin.retired(filter()))).map(({ outcome }) => outcome), ["failed"]);
  assert.equal(told.length, 1);
});

for (const [outcome, code] of [["delivered", 250], ["temporary", 450], ["permanent", 550]] as const) {
  Deno.test(`what is dropped in the middle of an attempt has not been dropped if it arrived: ${outcome}`, async () => {
    const { temp, admin, add, leased, parts, clock } = await open();
    await using _ = temp;
    const [id = 0, idle = 0] = await add(["a@x.example", "b@y.example"]);
    const now = clock.now();
    const rows = await temp.store.writer.run(() =>
      takeDue({ domain: "x.example", now, limit: 1, nextAttempt: () => now + hour })
    );
    leased.add(id);
    assert.deepEqual(await admin.drop(filter()), { ended: 1, underWay: 1 });
    assert.deepEqual(await admin.drop(filter()), { ended: 0, underWay: 1 }); // Said twice, it is no other.
    const [row] = await all(admin.list(filter()));
    assert.deepEqual([row?.id, row?.dropped, row?.hold], [id, true, false]);
    const remote = { host: "mx.x.example", address: "192.0.2.1" };
    const result = { id, outcome, code, status: "", text: `${code} so`, remote, relaysDsn: false };
    await conclude(parts, rows, { lease: "", startedAt: now, ms: 1, dialed: [], results: [result] });
    const done = await all(admin.retired(filter()));
    assert.deepEqual(done.map((each) => [each.id, each.outcome]), [
      [idle, "dropped"],
      [id, outcome === "delivered" ? "delivered" : "dropped"],
    ]);
    assert.deepEqual(await idsOf(admin.list(filter())), []);
    assert.deepEqual(temp.store.read(many(notices, {})), []);
  });
}
const notices = prepared((db, _p: Record<string, never>) => db.selectFrom("messages").select("uid"));

Deno.test("a rule means the same for what waits as for what comes, and what it held stays so", async () => {
  const { temp, admin, add } = await open();
  await using _ = temp;
  const any = { account: "", senderDomain: "", recipientDomain: "" };
  const [a, b] = await add(["a@x.example", "b@y.example"]);
  const [c] = await add(["a@x.example"], { account_id: 2 });
  const [d] = await add(["a@x.example"], { sender: "" });
  const held = async () => (await idsOf(admin.list(filter({ hold: true })))).sort();
  const rule = { ...any, account: "ann", senderDomain: "EXAMPLE.org", recipientDomain: "x.example" };
  const added = await admin.addHoldRule(rule);
  assert.deepEqual([added.held, await held()], [1, [a]]);
  assert.deepEqual((await admin.holdRules({})).map(({ account, senderDomain }) => [account, senderDomain]), [
    ["ann", "example.org"],
  ]);
  assert.equal((await admin.addHoldRule(any)).held, 3);
  assert.deepEqual(await held(), [a, b, c, d].sort());
  assert.equal(await admin.removeHoldRule({ id: added.id }), true);
  assert.equal(await admin.removeHoldRule({ id: added.id }), false);
  assert.equal((await admin.holdRules({})).length, 1);
  assert.equal((await held()).length, 4);
  await assert.rejects(admin.addHoldRule({ ...any, account: "eve" }), refuses("badRequest"));
  await assert.rejects(admin.addHoldRule({ ...any, senderDomain: "no domain" }), refuses("badRequest"));
});

Deno.test("so many rules and no more", async () => {
  const { temp, admin } = await open();
  await using _ = temp;
  await temp.store.writer.run(function* (tx) {
    const rule = { account_id: 0, sender_domain: "none.example", recipient_domain: "" };
    for (let i = 1; i < maxHoldRules; i++) yield* addHoldRule(rule, tx.now);
  });
  const rule = { account: "", senderDomain: "x.example", recipientDomain: "" };
  await admin.addHoldRule(rule);
  await assert.rejects(admin.addHoldRule(rule), refuses("tooMany"));
});

Deno.test("addresses are put on an account's list and taken off it, however they are written", async () => {
  const { temp, admin, clock } = await open();
  await using _ = temp;
  const list = (account: string | null) => all(admin.suppressions({ account }));
  await admin.suppress({ account: "ann", address: "B.ob+list@X.example", reason: "asked for it" });
  await admin.suppress({ account: "bob", address: "c@x.example", reason: "" });
  assert.deepEqual(await list("ann"), [{
    account: "ann",
    address: "b.ob@x.example",
    original: "B.ob+list@x.example",
    automatic: false,
    reason: "asked for it",
    created: clock.now(),
  }]);
  assert.deepEqual((await list(null)).map(({ account }) => account), ["ann", "bob"]);
  assert.equal(await admin.unsuppress({ account: "ann", address: "b.ob@x.example" }), true);
  assert.equal(await admin.unsuppress({ account: "ann", address: "b.ob@x.example" }), false);
  assert.deepEqual(await list("ann"), []);
  await assert.rejects(list("eve"), refuses("badRequest"));
  const nothing = { account: "ann", address: "nobody", reason: "" };
  await assert.rejects(admin.suppress({ ...nothing, address: "a@@b" }), refuses("badRequest"));
});
