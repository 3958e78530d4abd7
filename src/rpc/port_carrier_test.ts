import assert from "node:assert/strict";
import { Refused } from "../base/errors.ts";
import { giveAway } from "./plain_data.ts";
import { PortCarrier } from "./port_carrier.ts";
import { testCarrier } from "./testing/carrier_conformance.ts";

testCarrier("port carrier", () => {
  const { port1, port2 } = new MessageChannel();
  return Promise.resolve({
    left: new PortCarrier(port1),
    right: new PortCarrier(port2),
    dispose: () => Promise.resolve(),
  });
});

/** A port that keeps what is posted, and lets a test play the other end. */
class LoosePort extends EventTarget {
  readonly posted: { message: unknown; transfer: Transferable[] }[] = [];

  postMessage(message: unknown, transfer: Transferable[]): void {
    this.posted.push({ message, transfer });
  }

  arrive(data: unknown): void {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }
}

function started() {
  const port = new LoosePort();
  const carrier = new PortCarrier(port);
  const seen: unknown[] = [];
  carrier.start({
    message: (message, bytes) => void seen.push([message, bytes]),
    drained: () => void seen.push("drained"),
    closed: (reason) => void seen.push(reason.reason),
  });
  return { port, carrier, seen };
}

Deno.test("port carrier: the messages of one turn travel together, large arrays are moved", async () => {
  const { port, carrier } = started();
  const small = carrier.send([1, 1, new Uint8Array(10)]);
  const large = carrier.send([1, 2, new Uint8Array(65_537)]);
  assert.equal(port.posted.length, 0);
  assert.equal(carrier.queuedBytes, small + large);
  await Promise.resolve();
  assert.equal(port.posted.length, 1);
  assert.equal(carrier.queuedBytes, 0);
  const { message, transfer } = port.posted[0] ?? {};
  assert.deepEqual(message, [[small, large], [[1, 1, new Uint8Array(10)], [1, 2, new Uint8Array(65_537)]]]);
  assert.equal(transfer?.length, 1);
  await Promise.resolve();
  assert.equal(port.posted.length, 1);
});

Deno.test("port carrier: what was given away is moved, everything else is copied before", async () => {
  const { port, carrier } = started();
  const given = new Uint8Array(100_000);
  const kept = new Uint8Array(100_000);
  carrier.send([giveAway(given), kept]);
  carrier.send([given]); // Given for one message.
  await Promise.resolve();
  const transfer = port.posted[0]?.transfer ?? [];
  assert.deepEqual([transfer.length, transfer[0] === given.buffer], [3, true]);
  assert.ok(!transfer.includes(kept.buffer) && new Set(transfer).size === 3);
});

Deno.test("port carrier: the small arrays of a message share their memory, and nothing else", async () => {
  const { port, carrier } = started();
  const values = () => [
    new Uint8Array(65).fill(1),
    { a: new Float64Array(9).fill(0.5), b: new Uint8Array(0), c: [new BigInt64Array(9).fill(-1n)] },
    new Uint8Array(1000).fill(7).subarray(10, 80),
    new Uint8Array(64).fill(8),
    new Uint8Array(70_000).fill(9),
  ];
  const sent = values();
  carrier.send([1, sent]);
  carrier.send([2, new Uint8Array(100)]);
  sent[0] = new Uint8Array(0);
  await Promise.resolve();
  const [, messages] = port.posted[0]?.message as [number[], [[number, Uint8Array[]], [number, Uint8Array]]];
  const [[, first], [, second]] = messages;
  assert.deepEqual(first, values());
  const [one, , three, tiny, large] = first;
  assert.equal(one?.buffer, three?.buffer);
  assert.equal(one?.buffer.byteLength, 72 + 72 + 72 + 72);
  assert.equal(tiny?.buffer.byteLength, 64);
  assert.equal(large?.buffer.byteLength, 70_000);
  assert.equal(second.buffer.byteLength, 104);
});

for (const [what, batch] of [["nothing", undefined], ["a number", 7], ["half a batch", [[1]]]] as const) {
  Deno.test(`port carrier: ${what} in place of a batch ends the connection`, () => {
    const { port, seen } = started();
    port.arrive(batch);
    port.arrive([[70], [[6, 1, 1]]]);
    assert.deepEqual(seen, ["badRequest"]);
  });
}

Deno.test("port carrier: after goodbye nothing is sent or received", async () => {
  const { port, carrier, seen } = started();
  port.arrive("goodbye");
  port.arrive([[70], [[6, 1, 1]]]);
  assert.equal(carrier.send([1]), 0);
  carrier.close(new Refused("tryLater", "twice"));
  await Promise.resolve();
  assert.deepEqual(seen, ["tryLater"]);
  assert.equal(port.posted.length, 0);
});

Deno.test("port carrier: a Worker speaks RPC", async () => {
  const { client } = await import("./client.ts");
  const { connect } = await import("./connection.ts");
  const { silentLog } = await import("../base/log.ts");
  const worker = new Worker(new URL("./testing/echo_worker.ts", import.meta.url), { type: "module" });
  const clock = { now: () => 0, monotonic: () => 0, after: () => ({ cancel() {} }) };
  const connection = connect(new PortCarrier(worker), { clock, log: silentLog });
  const echo = client<{ echo(request: unknown): Promise<unknown> }>(connection, "echo", { echo: "call" });
  assert.deepEqual(await echo.echo({ a: [1] }), { a: [1] });
  connection.close();
  worker.terminate();
});
