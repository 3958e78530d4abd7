import assert from "node:assert/strict";
import { FakeClock, settle } from "../../tests/support/fake_clock.ts";
import { Refused } from "../base/errors.ts";
import { createLog, silentLog } from "../base/log.ts";
import { offer } from "./callee.ts";
import type { Carrier, Receiver } from "./carrier.ts";
import { client } from "./client.ts";
import { connect, type ConnectionSettings } from "./connection.ts";
import { defaultLimits, type RpcLimits } from "./limits.ts";
import { kind } from "./message.ts";
import type { CallContext, Methods } from "./service.ts";

/** A carrier whose other end is the test. */
class HandCarrier implements Carrier {
  readonly sent: unknown[] = [];
  queuedBytes = 0;
  #closed: Refused | null = null;
  #receiver: Receiver | null = null;

  start(receiver: Receiver): void {
    this.#receiver = receiver;
  }

  send(message: unknown): number {
    this.sent.push(message);
    return 100;
  }

  close(reason: Refused): void {
    this.#closed = reason;
    this.#receiver?.closed(reason);
  }

  /** Why the connection was closed, or null. */
  closedFor(): string | null {
    return this.#closed && this.#closed.reason;
  }

  /** The peer sends this; everything counts 100 octets. */
  arrive(message: unknown, bytes = 100): void {
    this.#receiver?.message(message, bytes);
  }

  drained(): void {
    this.#receiver?.drained();
  }

  /** What was sent since the last time. */
  take(): unknown[] {
    return this.sent.splice(0);
  }
}

interface Work {
  wait(request: string): Promise<string>;
  items(request: null): AsyncIterable<number>;
}
const workMethods = { wait: "call", items: "stream" } as const satisfies Methods<Work>;

/** Calls that end when the test says. */
class WorkService implements Work {
  readonly begun = new Map<string, PromiseWithResolvers<string>>();
  made = 0;
  returned = 0;

  wait(request: string): Promise<string> {
    const call = Promise.withResolvers<string>();
    this.begun.set(request, call);
    return call.promise;
  }

  async *items() {
    try {
      for (;;) yield await Promise.resolve(++this.made);
    } finally {
      this.returned++;
    }
  }
}

function start(limits: Partial<RpcLimits> = {}, more: Partial<ConnectionSettings> = {}) {
  const carrier = new HandCarrier();
  const clock = new FakeClock();
  const service = new WorkService();
  const connection = connect(carrier, {
    clock,
    log: silentLog,
    offers: { work: offer<Work>(workMethods, service) },
    limits,
    ...more,
  });
  return { carrier, clock, service, connection, work: client<Work>(connection, "work", workMethods) };
}

const call = (id: number, request: string) => [kind.call, id, "work", "wait", null, request];
const open = (id: number) => [kind.open, id, "work", "items", null, null];

const violations: [what: string, messages: unknown[]][] = [
  ["what is no array", ["hello"]],
  ["an empty message", [[]]],
  ["an unknown kind", [[8, 1]]],
  ["a call numbered 0", [call(0, "a")]],
  ["a call numbered with a fraction", [call(1.5, "a")]],
  ["a call numbered with text", [[kind.call, "1", "work", "wait", null, "a"]]],
  ["a number used twice", [call(1, "a"), call(1, "b")]],
  ["a number that goes back", [call(5, "a"), call(4, "b")]],
  ["a service that is no name", [[kind.call, 1, 5, "wait", null, null]]],
  ["a service with a very long name", [[kind.call, 1, "w".repeat(65), "wait", null, null]]],
  ["a method that is no name", [[kind.call, 1, "work", null, null, null]]],
  ["a capability that is a number", [[kind.call, 1, "work", "wait", 7, null]]],
  ["a very long capability", [[kind.call, 1, "work", "wait", "c".repeat(65), null]]],
  ["a result that nobody asked for", [[kind.result, 1, "x"]]],
  ["an error that nobody asked for", [[kind.error, 1, null, null]]],
  ["an error with an unknown reason", [[kind.error, 1, "because", "x"]]],
  ["an item that nobody asked for", [[kind.item, 1, "x"]]],
  ["an end that nobody asked for", [[kind.end, 1]]],
  ["credit that is no number", [open(1), [kind.credit, 1, "all"]]],
  ["credit below zero", [open(1), [kind.credit, 1, -5]]],
];
for (const [what, messages] of violations) {
  Deno.test(`a peer that sends ${what} loses the connection`, async () => {
    const { carrier, connection } = start();
    for (const message of messages) carrier.arrive(message);
    assert.equal(carrier.closedFor(), "badRequest");
    assert.equal((await connection.ended).reason, "badRequest");
    await settle();
    assert.equal(connection.outstanding, 0);
  });
}

Deno.test("late credit, late cancels and cancels of nothing are no violation", async () => {
  const { carrier, service } = start();
  carrier.arrive([kind.cancel, 9]);
  carrier.arrive([kind.credit, 9, 100]);
  carrier.arrive(call(10, "a"));
  service.begun.get("a")?.resolve("done");
  await settle();
  carrier.arrive([kind.cancel, 10]);
  assert.deepEqual(carrier.sent, [[kind.result, 10, "done"]]);
  assert.equal(carrier.closedFor(), null);
});

Deno.test("answers of the wrong kind end the connection, and nobody waits for ever", async () => {
  const answered = start();
  const stream = answered.work.items(null)[Symbol.asyncIterator]().next();
  answered.carrier.arrive([kind.result, 1, "x"]);
  await assert.rejects(stream, { reason: "badRequest" });
  for (const wrong of [[kind.item, 1, "x"], [kind.end, 1]]) {
    const { carrier, work } = start();
    const waiting = work.wait("a");
    carrier.arrive(wrong);
    await assert.rejects(waiting, { reason: "badRequest" });
  }
});

Deno.test("a peer that asks for more than it may at once loses the connection", () => {
  const calls = start({ maxCalls: 2 });
  for (const id of [1, 2]) calls.carrier.arrive(call(id, String(id)));
  assert.equal(calls.carrier.closedFor(), null);
  calls.carrier.arrive(call(3, "3"));
  assert.equal(calls.carrier.closedFor(), "badRequest");

  const streams = start({ maxStreams: 1 });
  streams.carrier.arrive(open(1));
  streams.carrier.arrive(call(2, "calls are counted apart"));
  assert.equal(streams.carrier.closedFor(), null);
  streams.carrier.arrive(open(3));
  assert.equal(streams.carrier.closedFor(), "badRequest");

  const bytes = start({ maxRequestBytes: 150 });
  for (const id of [1, 2]) bytes.carrier.arrive(call(id, String(id)));
  assert.equal(bytes.carrier.closedFor(), null);
  bytes.carrier.arrive(call(3, "3"));
  assert.equal(bytes.carrier.closedFor(), "badRequest");
});

Deno.test("calls above the limits wait for room, in order, and a cancelled call holds its room until it ends", async () => {
  const { carrier, work, connection } = start({ maxCalls: 2 });
  const controller = new AbortController();
  const first = work.wait("a", { signal: controller.signal });
  const answers = ["b", "c", "d"].map((request) => work.wait(request));
  assert.deepEqual(carrier.take(), [call(1, "a"), call(2, "b")]);
  controller.abort();
  await assert.rejects(first, { name: "AbortError" });
  assert.deepEqual(carrier.take(), [[kind.cancel, 1]]);
  carrier.arrive([kind.error, 1, "tryLater", "cancelled"]);
  assert.deepEqual(carrier.take(), [call(3, "c")]);
  carrier.arrive([kind.result, 3, "C"]);
  carrier.arrive([kind.result, 2, "B"]);
  assert.deepEqual(carrier.take(), [call(4, "d")]);
  carrier.arrive([kind.result, 4, "D"]);
  assert.deepEqual(await Promise.all(answers), ["B", "C", "D"]);
  assert.equal(connection.outstanding, 0);
});

Deno.test("requests wait by their octets too", async () => {
  const { carrier, work } = start({ maxRequestBytes: 150 });
  const answers = ["a", "b", "c"].map((request) => work.wait(request));
  assert.deepEqual(carrier.take(), [call(1, "a"), call(2, "b")]);
  for (const id of [1, 2, 3]) carrier.arrive([kind.result, id, "x"]);
  await Promise.all(answers);
});

Deno.test("a call that waits for room can be aborted, and too many are refused", async () => {
  const { carrier, work, clock } = start({ maxCalls: 1, maxWaiting: 2, callDeadlineMs: 1000 });
  const first = work.wait("a");
  const controller = new AbortController();
  const second = work.wait("b", { signal: controller.signal });
  const third = work.wait("c");
  await assert.rejects(work.wait("d"), { reason: "tryLater" });
  controller.abort();
  await assert.rejects(second, { name: "AbortError" });
  const late = Promise.all([first, third].map((call) => assert.rejects(call, { reason: "timeout" })));
  await clock.advance(1000);
  await late;
  assert.deepEqual(carrier.take(), [call(1, "a"), [kind.cancel, 1]]);
});

Deno.test("a deadline passes: the caller is told, and so is the other end", async () => {
  const { carrier, work, clock, connection } = start({ callDeadlineMs: 5000 });
  const usual = assert.rejects(work.wait("usual"), { reason: "timeout" });
  const short = assert.rejects(work.wait("short", { deadlineMs: 10 }), { reason: "timeout" });
  const endless = work.wait("endless", { deadlineMs: null });
  const stream = work.items(null, { deadlineMs: 20 })[Symbol.asyncIterator]();
  const streamed = assert.rejects(stream.next(), { reason: "timeout" });
  carrier.take();
  await clock.advance(10);
  await short;
  assert.deepEqual(carrier.take(), [[kind.cancel, 2]]);
  await clock.advance(10);
  await streamed;
  await clock.advance(5000);
  await usual;
  assert.deepEqual(carrier.take(), [[kind.cancel, 4], [kind.cancel, 1]]);
  carrier.arrive([kind.result, 1, "too late"]);
  carrier.arrive([kind.result, 3, "in time"]);
  assert.equal(await endless, "in time");
  connection.close();
  assert.equal(clock.pending, 0);
});

Deno.test("a peer that sends more items than it may loses the connection", async () => {
  const { carrier, work } = start({ streamWindowBytes: 250 });
  const stream = work.items(null)[Symbol.asyncIterator]();
  const first = stream.next();
  for (const i of [1, 2, 3]) carrier.arrive([kind.item, 1, i]);
  await first;
  assert.equal(carrier.closedFor(), null);
  carrier.arrive([kind.item, 1, 4]);
  assert.equal(carrier.closedFor(), "badRequest");
});

Deno.test("items wait for credit, and credit is given as items are consumed", async () => {
  const producer = start({ streamWindowBytes: 250 });
  producer.carrier.arrive(open(1));
  await settle();
  assert.deepEqual(producer.carrier.take(), [1, 2, 3].map((i) => [kind.item, 1, i]));
  producer.carrier.arrive([kind.credit, 1, 100]);
  await settle();
  assert.deepEqual(producer.carrier.take(), [[kind.item, 1, 4]]);
  producer.carrier.arrive([kind.cancel, 1]);
  await settle();
  assert.deepEqual(producer.carrier.take(), [[kind.end, 1]]);
  assert.equal(producer.service.returned, 1);

  const consumer = start({ streamWindowBytes: 250 });
  const stream = consumer.work.items(null)[Symbol.asyncIterator]();
  const first = stream.next();
  for (const i of [1, 2, 3]) consumer.carrier.arrive([kind.item, 1, i]);
  await first;
  consumer.carrier.take();
  await stream.next();
  assert.deepEqual(consumer.carrier.take(), [[kind.credit, 1, 200]]);
});

Deno.test("no new work begins, and streams rest, while the peer does not read", async () => {
  const { carrier, service } = start({ busyBytes: 1000 });
  carrier.queuedBytes = 1001;
  carrier.arrive(call(1, "a"));
  carrier.arrive(open(2));
  carrier.arrive(call(3, "cancelled before it begins"));
  carrier.arrive([kind.cancel, 3]);
  await settle();
  assert.equal(service.begun.size + service.made, 0);
  carrier.queuedBytes = 0;
  carrier.drained();
  await settle();
  assert.deepEqual([...service.begun.keys()], ["a"]);
  assert.ok(carrier.take().some((message) => Array.isArray(message) && message[0] === kind.error));

  const made = service.made;
  assert.ok(made > 0);
  carrier.queuedBytes = 1001;
  carrier.arrive([kind.credit, 2, 1_000_000]);
  await settle();
  assert.ok(service.made <= made + 1);
  carrier.queuedBytes = 0;
  carrier.drained();
  await settle();
  assert.ok(service.made > made + 1);
  carrier.arrive([kind.cancel, 2]);
  await settle();
});

Deno.test("a peer that reads nothing at all loses the connection", async () => {
  const { carrier, service, work } = start({ maxQueuedBytes: 5000 });
  carrier.arrive(call(1, "a"));
  carrier.queuedBytes = 5001;
  service.begun.get("a")?.resolve("x");
  await settle();
  assert.equal(carrier.closedFor(), "tryLater");
  await assert.rejects(work.wait("b"), { reason: "tryLater" });
});

Deno.test("a call whose sending ends the connection fails like the others", async () => {
  const { carrier, work } = start({ maxQueuedBytes: 5000 });
  carrier.queuedBytes = 5001;
  await assert.rejects(work.wait("a"), { reason: "tryLater" });
});

Deno.test("what failed is in the log of the answering side, and only there", async () => {
  const lines: string[] = [];
  const log = createLog({ level: "info", format: "text" }, () => 0, (_level, line) => void lines.push(line));
  const { carrier, service } = start({}, { log });
  carrier.arrive(call(1, "a"));
  carrier.arrive(call(2, "b"));
  service.begun.get("a")?.reject(new Error("the secret is 42"));
  service.begun.get("b")?.reject(new Refused("overQuota", "x".repeat(2000)));
  await settle();
  assert.deepEqual(carrier.sent, [
    [kind.error, 1, null, null],
    [kind.error, 2, "overQuota", "x".repeat(500)],
  ]);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /the secret is 42/);
});

Deno.test("onClose is told once; closing twice is no harm", async () => {
  const reasons: string[] = [];
  const { connection } = start({}, { onClose: (reason) => void reasons.push(reason.message) });
  connection.close(new Refused("tryLater", "first"));
  connection.close(new Refused("tryLater", "second"));
  assert.equal((await connection.ended).message, "first");
  assert.deepEqual(reasons, ["first"]);
});

Deno.test("an implementation sees its signal aborted, whenever it looks", async () => {
  const contexts: CallContext[] = [];
  const service = {
    look: (_request: null, context?: CallContext) => {
      if (context) contexts.push(context);
      return new Promise<void>(() => {});
    },
  };
  const carrier = new HandCarrier();
  const offers = { s: offer<typeof service>({ look: "call" }, service) };
  const connection = connect(carrier, { clock: new FakeClock(), log: silentLog, offers });
  carrier.arrive([kind.call, 1, "s", "look", null, null]);
  carrier.arrive([kind.cancel, 1]);
  assert.equal(contexts[0]?.signal.aborted, true);
  carrier.arrive([kind.call, 2, "s", "look", null, null]);
  const signal = contexts[1]?.signal;
  assert.equal(signal?.aborted, false);
  connection.close();
  assert.equal(signal?.aborted, true);
  await settle();
});

Deno.test("the limits of both ends are the same by default, and leave room for the largest request", () => {
  assert.ok(defaultLimits.maxQueuedBytes > defaultLimits.maxRequestBytes);
  assert.ok(defaultLimits.busyBytes < defaultLimits.maxQueuedBytes);
});
