import assert from "node:assert/strict";
import { FakeClock, settle } from "../../tests/support/fake_clock.ts";
import { maxInlineBytes } from "../accounts/mail.ts";
import { type Bytes, latin1, utf8 } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { MemoryDelivery } from "../delivery/testing/memory_delivery.ts";
import { Indexer } from "../message/indexer.ts";
import { deliverLocally, type LocalDeliveryParts } from "./local_delivery.ts";
import { faultTimeoutMs } from "./local_fault.ts";
import type { QueueJob } from "./queue.ts";

const message = "Received: from x\r\nFrom: ann@example.org\r\n\r\ntext\r\n";

function job(to: readonly string[], change: Partial<QueueJob> = {}): QueueJob {
  return {
    lease: "0123456789abcdef0123456789abcdef",
    domain: "example.org",
    sender: "ann@example.org",
    recipients: to.map((address, i) => ({ id: i + 1, address, notify: null, orcpt: null })),
    account: "ann",
    attempts: 1,
    submitted: 0,
    size: message.length,
    utf8: false,
    has8Bit: false,
    requireTls: null,
    transport: "",
    ret: null,
    envid: null,
    dialed: [],
    ...change,
  };
}

interface Stage extends LocalDeliveryParts {
  readonly deliver: MemoryDelivery;
  readonly clock: FakeClock;
}

function stage(faults = false): Stage {
  let chance = 0;
  return {
    deliver: new MemoryDelivery(),
    indexer: () => new Indexer(),
    clock: new FakeClock(),
    random: (octets) => new Uint8Array(octets).fill(++chance),
    hostname: "mail.example.org",
    faults,
  };
}

async function* pieces(...all: Bytes[]) {
  yield* all;
}

const never = new AbortController().signal;

Deno.test("mail is handed to our own delivery, with the fields of a last server", async () => {
  const it = stage();
  const results = await deliverLocally(
    it,
    job(["a@example.org", '"b c"@example.org']),
    pieces(utf8(message.slice(0, 9)), utf8(message.slice(9))),
    never,
  );
  assert.deepEqual(results.map(({ id, outcome, remote }) => [id, outcome, remote]), [
    [1, "delivered", null],
    [2, "delivered", null],
  ]);
  const { copies } = it.deliver;
  assert.deepEqual(copies.map(({ to, from, body }) => [to, from, body]), [
    ["a@example.org", "ann@example.org", message],
    ['"b c"@example.org', "ann@example.org", message],
  ]);
  assert.equal(copies[0]?.prefix, "Delivered-To: a@example.org\r\nReturn-Path: <ann@example.org>\r\n");
  assert.equal(copies[0]?.incoming.index.size, message.length);
  assert.equal(copies[0]?.incoming.evidence, null);
});

Deno.test("the null sender stays null", async () => {
  const it = stage();
  await deliverLocally(it, job(["a@example.org"], { sender: "" }), pieces(utf8(message)), never);
  assert.equal(it.deliver.copies[0]?.incoming.from, null);
});

Deno.test("a large message goes through a spool file, and nothing is left of it", async () => {
  const it = stage();
  const large = latin1("x".repeat(maxInlineBytes));
  await deliverLocally(it, job(["a@example.org"]), pieces(utf8(message), large, large), never);
  assert.equal(it.deliver.copies[0]?.body.length, message.length + 2 * maxInlineBytes);
  assert.equal(it.deliver.spools.size, 0);
});

Deno.test("each recipient has a result of its own", async () => {
  const it = stage();
  it.deliver.refused.set("b@example.org", "overQuota");
  it.deliver.refused.set("c@example.org", "noSuchMailbox");
  const results = await deliverLocally(
    it,
    job(["a@example.org", "b@example.org", "c@example.org", "@"]),
    pieces(utf8(message)),
    never,
  );
  assert.deepEqual(
    results.map(({ id, outcome, code }) => [id, outcome, code]).sort(),
    [[1, "delivered", 250], [2, "temporary", 452], [3, "permanent", 550], [4, "permanent", 553]],
  );
});

Deno.test("a store that is away is tried again, and a spool file goes", async () => {
  const it = stage();
  it.deliver.throws.push(new Refused("tryLater", "away"));
  const large = latin1("x".repeat(2 * maxInlineBytes));
  const [result] = await deliverLocally(it, job(["a@example.org"]), pieces(large), never);
  assert.deepEqual([result?.outcome, result?.code], ["temporary", 451]);
  assert.equal(it.deliver.spools.size, 0);
});

Deno.test("our own bugs are not a result", async () => {
  const it = stage();
  it.deliver.throws.push(new TypeError("a bug"));
  await assert.rejects(deliverLocally(it, job(["a@example.org"]), pieces(utf8(message)), never), TypeError);
});

Deno.test("in localserve an address fails as it asks for, and beside it others do not", async () => {
  const it = stage(true);
  const results = await deliverLocally(
    it,
    job(["queue550@example.org", "a@example.org", "queuetemperror@example.org"]),
    pieces(utf8(message)),
    never,
  );
  assert.deepEqual(results.map(({ id, outcome, code }) => [id, outcome, code]), [
    [1, "permanent", 550],
    [3, "temporary", 451],
    [2, "delivered", 250],
  ]);
  assert.deepEqual(it.deliver.copies.map(({ to }) => to), ["a@example.org"]);
});

Deno.test("elsewhere these are addresses like any other", async () => {
  const it = stage();
  const [result] = await deliverLocally(it, job(["queue550@example.org"]), pieces(utf8(message)), never);
  assert.equal(result?.outcome, "delivered");
});

Deno.test("who asks for a timeout waits for it, unless everything stops", async () => {
  const it = stage(true);
  const leaving = new AbortController();
  const send = (signal: AbortSignal) =>
    deliverLocally(it, job(["queuetimeout@example.org"]), pieces(), signal);
  const first = send(never);
  const second = send(leaving.signal);
  await settle();
  leaving.abort();
  assert.deepEqual(await second, []);
  assert.deepEqual(await send(leaving.signal), []);
  await it.clock.advance(faultTimeoutMs);
  assert.deepEqual((await first).map(({ outcome, code }) => [outcome, code]), [["temporary", 0]]);
  assert.equal(it.clock.pending, 0);
});

Deno.test("when everything stops in the middle of a message, nothing of it is left and nothing is known", async () => {
  const it = stage();
  const leaving = new AbortController();
  async function* stopping() {
    yield latin1("x".repeat(2 * maxInlineBytes));
    await Promise.resolve();
    leaving.abort();
    yield latin1("x");
  }
  assert.deepEqual(await deliverLocally(it, job(["a@example.org"]), stopping(), leaving.signal), []);
  assert.equal(it.deliver.copies.length, 0);
  assert.equal(it.deliver.spools.size, 0);
});
