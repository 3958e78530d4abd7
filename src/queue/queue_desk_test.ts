import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { concat, fromUtf8, utf8 } from "../base/bytes.ts";
import { type Reason, Refused } from "../base/errors.ts";
import { candidatesNumbered, dropLater, holdRows } from "../store/queue_admin_rows.ts";
import { noteQueued, type QueueRow, queueRow, removeQueued } from "../store/queue_rows.ts";
import { addSuppression } from "../store/suppressions.ts";
import { enqueue } from "../store/testing/queue_sample.ts";
import { type TempStore, tempStore } from "../store/testing/temp_store.ts";
import type { RowEnding } from "./conclude.ts";
import { printDsnRequest } from "./dsn_request.ts";
import { maxJobRecipients, maxLeases, type QueueReport } from "./queue.ts";
import { maxTaken, QueueDesk } from "./queue_desk.ts";

interface Open {
  readonly temp: TempStore;
  readonly clock: FakeClock;
  readonly desk: QueueDesk;
  readonly concluded: { rows: readonly QueueRow[]; report: QueueReport }[];
  readonly givenUp: RowEnding[];
  /** Reasons for which the next reports cannot be written down. */
  readonly failing: Reason[];
}

function open(): Open {
  const clock = new FakeClock();
  const temp = tempStore({ clock });
  const concluded: Open["concluded"] = [];
  const failing: Reason[] = [];
  const conclude = (rows: readonly QueueRow[], report: QueueReport) => {
    const reason = failing.shift();
    if (reason !== undefined) return Promise.reject(new Refused(reason, "not now"));
    concluded.push({ rows, report });
    return Promise.resolve();
  };
  const givenUp: RowEnding[] = [];
  const giveUp = async (endings: readonly RowEnding[]) => {
    givenUp.push(...endings);
    for (const { row } of endings) {
      await temp.store.writer.run(function* (tx) {
        yield* removeQueued(row.id);
        yield* temp.store.bodies.dropUnused(tx, row.body_id, true);
      });
    }
  };
  const freshPrefix = ({ prefix }: QueueRow) => prefix.length === 7 ? utf8("Signed: anew\r\n") : prefix;
  const parts = {
    store: temp.store,
    conclude,
    giveUp,
    random: () => 0.5,
    freshPrefix,
    leaseKey: new Uint8Array(32).fill(1),
  };
  return { temp, clock, concluded, givenUp, failing, desk: new QueueDesk(parts) };
}

const all = { domain: null, busy: [], max: 10 };
const refused = (reason: string) => (error: unknown) => error instanceof Refused && error.reason === reason;
const report = (lease: string): QueueReport => ({ lease, startedAt: 0, ms: 1, dialed: [], results: [] });

Deno.test("work is handed out once, a job for each domain", async () => {
  const { temp, desk } = open();
  await using _ = temp;
  const dsn = printDsnRequest({ ret: "HDRS", envid: "e", notify: "NEVER", orcpt: null });
  await enqueue(temp.store, ["a@x.example", "b@x.example", "c@y.example"], { dsn, prefix: utf8("X: 1\r\n") });
  await enqueue(temp.store, ["d@x.example"], { require_tls: 1 });
  const queue = desk.forConnection();
  const jobs = await queue.take(all);
  assert.deepEqual(jobs.map(({ domain, recipients }) => [domain, recipients.map(({ address }) => address)]), [
    ["x.example", ["a@x.example", "b@x.example"]],
    ["y.example", ["c@y.example"]],
  ]);
  const [job] = jobs;
  assert.deepEqual([job?.ret, job?.envid, job?.recipients[0]?.notify, job?.attempts], [
    "HDRS",
    "e",
    "NEVER",
    1,
  ]);
  // x.example has more that is due; but it is being worked on, on this connection or another.
  assert.deepEqual(await queue.take(all), []);
  assert.deepEqual(await desk.forConnection().take(all), []);
  const content = await Array.fromAsync(queue.content({ lease: job?.lease ?? "" }));
  assert.equal(fromUtf8(concat(content)), "X: 1\r\nFrom: a@example.org\r\n\r\ntext\r\n");
  await queue.report(report(job?.lease ?? ""));
  const [next] = await queue.take(all);
  assert.deepEqual([next?.recipients[0]?.address, next?.requireTls], ["d@x.example", true]);
});

Deno.test("what was dropped while it was being sent is not handed out again, whatever became of that", async () => {
  const { temp, desk, givenUp, clock } = open();
  await using _ = temp;
  const [id = 0] = await enqueue(temp.store, ["a@x.example"]);
  const queue = desk.forConnection();
  const [job] = await queue.take(all);
  assert.ok(job !== undefined && desk.isLeased(id, "x.example"));
  const marked = temp.store.read(candidatesNumbered([id]));
  await temp.store.writer.run(() => holdRows(marked, true));
  await temp.store.writer.run(() => dropLater(marked));
  queue.close(); // As when the front is killed.
  await clock.advance(temp.store.read(queueRow(id)).due - clock.now());
  assert.deepEqual(await desk.forConnection().take(all), []);
  assert.deepEqual(givenUp.map(({ row, ending }) => [row.id, ending.outcome]), [[id, "dropped"]]);
});

Deno.test("what is handed out is being worked on for what comes behind it in the same commit", async () => {
  const { temp, desk } = open();
  await using _ = temp;
  const [id = 0] = await enqueue(temp.store, ["a@x.example"]);
  const taken = desk.forConnection().take(all);
  let seen: boolean | null = null;
  const behind = temp.store.writer.runBehind(function* () {
    seen = desk.isLeased(id, "x.example");
    yield* queueRow(id);
    throw new Refused("expunged", "the whole commit runs again");
  });
  await assert.rejects(behind, refused("expunged"));
  assert.deepEqual([(await taken).length, seen, desk.leasedOf("x.example").size], [1, true, 1]);
});

Deno.test("a message is sent with the signatures that it gets when it leaves, and its size is of those", async () => {
  const { temp, desk } = open();
  await using _ = temp;
  const prefix = utf8("Old: 1\n");
  await enqueue(temp.store, ["a@x.example"], { prefix, size: prefix.length + 29 });
  const queue = desk.forConnection();
  const [job] = await queue.take(all);
  const content = concat(await Array.fromAsync(queue.content({ lease: job?.lease ?? "" })));
  assert.equal(fromUtf8(content), "Signed: anew\r\nFrom: a@example.org\r\n\r\ntext\r\n");
  assert.equal(job?.size, content.length);
});

Deno.test("what came of an attempt is told over another connection, once, by whom it was given to", async () => {
  const { temp, desk, concluded, clock } = open();
  await using _ = temp;
  const [a = 0, b = 0, c = 0] = await enqueue(temp.store, ["a@x.example", "b@x.example", "c@x.example"]);
  const [job] = await desk.forConnection().take(all);
  assert.ok(job !== undefined);
  const one = { code: 250, status: "2.0.0", text: "ok", remote: null, relaysDsn: false };
  const results = [
    { ...one, id: a, outcome: "delivered" as const },
    { ...one, id: b, outcome: "temporary" as const },
    { ...one, id: c, outcome: "permanent" as const },
  ];
  const late = { report: { ...report(job.lease), results }, attempts: 1, ids: [a, b, c] };
  const queue = desk.forConnection();
  // Somebody may be sending it at this moment.
  await queue.reportLate(late);
  assert.equal(concluded.length, 0);
  const other = new QueueDesk(desk.parts).forConnection(); // As after the store was killed.
  for (
    const guess of [
      { ...late, attempts: 2 },
      { ...late, ids: [a, b] },
      { ...late, ids: [a, b, c, c + 1] },
      { ...late, report: report("0".repeat(64)) },
    ]
  ) await assert.rejects(other.reportLate(guess), refused("noCapability"));
  await temp.store.writer.run(() => removeQueued(c)); // Which has been reported.
  await other.reportLate(late);
  assert.deepEqual(concluded.map(({ rows, report }) => [rows.map(({ id }) => id), report.results]), [
    [[a, b], results.slice(0, 1)],
  ]);
  await clock.advance(temp.store.read(queueRow(a)).due - clock.now());
  const again = new QueueDesk(desk.parts).forConnection();
  const [next] = await again.take(all);
  assert.equal(next?.attempts, 2);
  await again.giveBack({ lease: next?.lease ?? "" });
  await again.take(all);
  again.close();
  await other.reportLate(late); // Tried again, it is another attempt's business.
  assert.equal(concluded.length, 1);
});

Deno.test("who has a connection to a host asks for more of the same domain", async () => {
  const { temp, desk } = open();
  await using _ = temp;
  for (let i = 0; i < 3; i++) await enqueue(temp.store, [`u${i}@x.example`]);
  const queue = desk.forConnection();
  const [first] = await queue.take(all);
  const more = await queue.take({ domain: "x.example", busy: [], max: 1 });
  assert.deepEqual([first?.recipients[0]?.address, more[0]?.recipients[0]?.address], [
    "u0@x.example",
    "u1@x.example",
  ]);
  // And keeps it to itself until the last of these is reported.
  await queue.report(report(first?.lease ?? ""));
  assert.deepEqual(await desk.forConnection().take(all), []);
  await queue.report(report(more[0]?.lease ?? ""));
  assert.equal((await desk.forConnection().take(all)).length, 1);
});

Deno.test("a lease is good on its own connection, until it is reported", async () => {
  const { temp, desk, concluded } = open();
  await using _ = temp;
  const [id = 0] = await enqueue(temp.store, ["a@x.example"]);
  const queue = desk.forConnection();
  const [job] = await queue.take(all);
  const lease = job?.lease ?? "";
  const other = desk.forConnection();
  await assert.rejects(other.report(report(lease)), refused("noCapability"));
  await assert.rejects(Array.fromAsync(other.content({ lease })), refused("noCapability"));
  const stranger = {
    id: id + 1,
    outcome: "delivered",
    code: 250,
    status: "",
    text: "",
    remote: null,
  } as const;
  await assert.rejects(
    queue.report({ ...report(lease), results: [{ ...stranger, relaysDsn: false }] }),
    refused("badRequest"),
  );
  await queue.report(report(lease));
  assert.deepEqual(concluded.map(({ rows }) => rows.map((row) => row.id)), [[id]]);
  await assert.rejects(queue.report(report(lease)), refused("noCapability"));
  await assert.rejects(Array.fromAsync(queue.content({ lease })), refused("noCapability"));
});

Deno.test("what is given back is due at once, and no attempt was made", async () => {
  const { temp, desk } = open();
  await using _ = temp;
  const [id = 0] = await enqueue(temp.store, ["a@x.example"]);
  const queue = desk.forConnection();
  const [job] = await queue.take(all);
  await queue.giveBack({ lease: job?.lease ?? "" });
  assert.equal(temp.store.read(queueRow(id)).attempts, 0);
  assert.equal((await queue.take(all)).length, 1);
});

Deno.test("work for somebody who has given up asking is given back", async () => {
  const { temp, desk } = open();
  await using _ = temp;
  const [id = 0] = await enqueue(temp.store, ["a@x.example"]);
  const queue = desk.forConnection();
  const gone = new AbortController();
  const taking = queue.take(all, { signal: gone.signal });
  gone.abort();
  assert.deepEqual(await taking, []);
  assert.equal(temp.store.read(queueRow(id)).attempts, 0);
  assert.equal(desk.isLeased(id, "x.example"), false);
  assert.equal((await queue.take(all)).length, 1);
});

Deno.test("what is given back keeps the time that somebody chose meanwhile", async () => {
  const { temp, desk, clock } = open();
  await using _ = temp;
  const { store } = temp;
  const [id = 0, other = 0] = await enqueue(store, ["a@x.example", "b@x.example"]);
  const queue = desk.forConnection();
  const [job] = await queue.take(all);
  const chosen = clock.now() + 86_400_000;
  const note = { id, results: "[]", dialed: "[]", traits: 0, due: chosen, hold: false };
  await store.writer.run(() => noteQueued(note));
  await queue.giveBack({ lease: job?.lease ?? "" });
  assert.deepEqual([store.read(queueRow(id)).due, store.read(queueRow(other)).due], [chosen, clock.now()]);
  assert.equal(store.read(queueRow(id)).attempts, 0);
});

Deno.test("what takes longer than the wait for its next attempt is not handed out beside itself", async () => {
  const { temp, desk, clock } = open();
  await using _ = temp;
  const [slow = 0] = await enqueue(temp.store, ["a@x.example"]);
  const queue = desk.forConnection();
  const [job] = await queue.take(all);
  await clock.advance(30 * 60_000);
  const [other = 0] = await enqueue(temp.store, ["b@x.example"]);
  const more = { domain: "x.example", busy: [], max: 1 };
  const [next] = await queue.take(more);
  assert.deepEqual(next?.recipients.map(({ id }) => id), [other]);
  assert.deepEqual(await queue.take(more), []);
  assert.deepEqual([desk.isLeased(slow, "x.example"), desk.isLeased(other, "y.example")], [true, false]);
  // In doubt it is tried again once nobody works on it any more.
  await queue.report(report(job?.lease ?? ""));
  assert.deepEqual((await queue.take(more))[0]?.recipients.map(({ id }) => id), [slow]);
  queue.close();
  assert.equal(desk.isLeased(slow, "x.example"), false);
});

Deno.test("so many recipients in a job, jobs in an answer, leases on a connection", async () => {
  const { temp, desk } = open();
  await using _ = temp;
  await enqueue(temp.store, Array.from({ length: maxJobRecipients + 1 }, (_, i) => `u${i}@x.example`));
  const queue = desk.forConnection();
  assert.equal((await queue.take(all))[0]?.recipients.length, maxJobRecipients);
  await enqueue(temp.store, Array.from({ length: maxLeases }, (_, i) => `a@d${i}.example`));
  let leases = 1;
  for (let taken = 1; taken > 0; leases += taken) {
    taken = (await queue.take({ ...all, max: 1000 })).length;
    assert.ok(taken <= maxTaken);
  }
  assert.equal(leases, maxLeases);
  assert.equal((await desk.forConnection().take(all)).length, 1);
});

Deno.test("a store that closes hands nothing out", async () => {
  const { temp, desk } = open();
  await using _ = temp;
  const [id = 0] = await enqueue(temp.store, ["a@x.example"]);
  desk.close();
  assert.deepEqual(await desk.forConnection().take(all), []);
  assert.equal(temp.store.read(queueRow(id)).attempts, 0);
});

Deno.test("what is no request for work is refused", async () => {
  const { temp, desk } = open();
  await using _ = temp;
  for (const max of [NaN, Infinity, 0.5]) {
    await assert.rejects(desk.forConnection().take({ ...all, max }), refused("badRequest"));
  }
  for (const max of [0, -1]) assert.deepEqual(await desk.forConnection().take({ ...all, max }), []);
});

Deno.test("a front that is gone leaves its work to the next attempt", async () => {
  const { temp, desk, clock } = open();
  await using _ = temp;
  const [id = 0] = await enqueue(temp.store, ["a@x.example"]);
  const queue = desk.forConnection();
  await queue.take(all);
  queue.close();
  assert.deepEqual(await desk.forConnection().take(all), [], "not again at once");
  await clock.advance(temp.store.read(queueRow(id)).due - clock.now());
  assert.equal((await desk.forConnection().take(all))[0]?.attempts, 2);
  assert.deepEqual(await queue.take(all), []);
});

Deno.test("who listens is told when work is due", async () => {
  const { temp, desk, clock } = open();
  await using _ = temp;
  const listener = desk.listen();
  assert.deepEqual((await listener.next()).value, { due: null, afresh: false });
  const later = clock.now() + 5000;
  await enqueue(temp.store, ["a@x.example"], { due: later });
  desk.changed();
  assert.deepEqual((await listener.next()).value, { due: later, afresh: false });
  await enqueue(temp.store, ["a@y.example"]);
  desk.changed();
  desk.changed(true);
  desk.changed(); // Twice is once for who is slow, but what was asked for is not forgotten.
  assert.deepEqual((await listener.next()).value, { due: clock.now(), afresh: true });
  desk.changed();
  assert.deepEqual((await listener.next()).value, { due: clock.now(), afresh: false });
  const waiting = listener.next();
  await listener.return();
  assert.equal((await waiting).done, true);
});

Deno.test("work that is under way does not count as due", async () => {
  const { temp, desk, clock } = open();
  await using _ = temp;
  await enqueue(temp.store, ["a@x.example"]);
  await enqueue(temp.store, ["b@x.example"]);
  const queue = desk.forConnection();
  await queue.take(all);
  const listener = desk.listen();
  const { value } = await listener.next();
  assert.ok(value.due === null || value.due > clock.now());
  queue.close();
  assert.deepEqual((await listener.next()).value, { due: clock.now(), afresh: false });
  await listener.return();
});

Deno.test("who is on the account's list is not handed out, and the others of the message are", async () => {
  const { temp, desk, givenUp } = open();
  await using _ = temp;
  const listed = {
    address: "b@x.example",
    original: "b@x.example",
    automatic: true,
    reason: "550",
    created: 0,
  };
  await temp.store.writer.run(() => addSuppression(1, listed));
  await enqueue(temp.store, ["a@x.example", "B+list@x.example"]);
  await enqueue(temp.store, ["b@x.example"], { account_id: 2 }); // Another account's mail goes there.
  const queue = desk.forConnection();
  const [job] = await queue.take(all);
  assert.deepEqual(job?.recipients.map(({ address }) => address), ["a@x.example"]);
  assert.deepEqual(givenUp.map(({ row, ending }) => [row.recipient, ending.outcome]), [
    ["B+list@x.example", "suppressed"],
  ]);
  assert.match(givenUp[0]?.ending.text ?? "", /1970-01-01: 550/);
  await queue.report(report(job?.lease ?? ""));
  assert.equal((await queue.take(all))[0]?.recipients[0]?.address, "b@x.example");
});

Deno.test("a domain of which all is on the list is free for what comes next", async () => {
  const { temp, desk, givenUp, clock } = open();
  await using _ = temp;
  const entry = { original: "", automatic: false, reason: "", created: 0 };
  await temp.store.writer.run(() => addSuppression(1, { ...entry, address: "a@x.example" }));
  await enqueue(temp.store, ["a@x.example"]);
  await enqueue(temp.store, ["b@x.example"]);
  const queue = desk.forConnection();
  assert.deepEqual(await queue.take(all), []);
  assert.equal(givenUp.length, 1);
  const listener = desk.listen();
  assert.deepEqual((await listener.next()).value, { due: clock.now(), afresh: false });
  await listener.return();
  assert.equal((await queue.take(all)).length, 1);
});

Deno.test("what a report says is kept in bounded words, and one that is none is refused", async () => {
  const { temp, desk, concluded } = open();
  await using _ = temp;
  const [id = 0] = await enqueue(temp.store, ["a@x.example"]);
  const queue = desk.forConnection();
  const [job] = await queue.take(all);
  const result = {
    id,
    outcome: "temporary",
    code: 450,
    status: "4".repeat(1000),
    text: "x".repeat(100_000),
    remote: { host: "h".repeat(1000), address: "1".repeat(1000) },
    relaysDsn: false,
  } as const;
  const good = { ...report(job?.lease ?? ""), dialed: Array(1000).fill("a".repeat(1000)), results: [result] };
  await assert.rejects(queue.report({ ...good, ms: NaN }), refused("badRequest"));
  // No notice could be dated so.
  await assert.rejects(queue.report({ ...good, startedAt: 8.64e15 + 1 }), refused("badRequest"));
  await queue.report(good);
  assert.ok(JSON.stringify(concluded[0]?.report).length < 5000);
});

Deno.test("while the disk is full, what was delivered is not handed out again, and is written down in the end", async () => {
  const { temp, desk, concluded, failing, clock } = open();
  await using _ = temp;
  await enqueue(temp.store, ["a@x.example"]);
  await enqueue(temp.store, ["b@x.example"]);
  const queue = desk.forConnection();
  const [job] = await queue.take(all);
  failing.push("diskFull", "tryLater", "diskFull");
  const reported = queue.report(report(job?.lease ?? ""));
  await clock.advance(0);
  assert.equal(failing.length, 2);
  queue.close(); // Even so.
  assert.deepEqual(await desk.forConnection().take(all), []);
  await clock.advance(1000);
  await clock.advance(2000);
  assert.equal(concluded.length, 0);
  await clock.advance(4000);
  await reported;
  assert.equal(concluded.length, 1);
  assert.equal((await desk.forConnection().take(all)).length, 1);
});

Deno.test("a report that can never be written down ends, and one that waits when the store closes", async () => {
  const { temp, desk, failing, clock } = open();
  await using _ = temp;
  for (const address of ["a@x.example", "b@y.example"]) await enqueue(temp.store, [address]);
  const queue = desk.forConnection();
  const [one, two] = await queue.take(all);
  failing.push("damaged");
  await assert.rejects(queue.report(report(one?.lease ?? "")), refused("damaged"));
  failing.push("diskFull", "diskFull");
  const waiting = queue.report(report(two?.lease ?? ""));
  await clock.advance(10);
  desk.close();
  await assert.rejects(waiting, refused("diskFull"));
});
