import assert from "node:assert/strict";
import * as net from "node:net";
import { Refused } from "../base/errors.ts";
import { encode } from "./codec.ts";
import { SocketCarrier } from "./socket_carrier.ts";
import { testCarrier } from "./testing/carrier_conformance.ts";
import { socketPair } from "./testing/socket_pair.ts";

testCarrier("socket carrier", async () => {
  const pair = await socketPair();
  return {
    left: new SocketCarrier(pair.left),
    right: new SocketCarrier(pair.right),
    dispose: () => pair.dispose(),
  };
});

interface Seen {
  readonly messages: unknown[];
  readonly closed: Promise<Refused>;
}

/** Starts a carrier and keeps what it receives. */
function receive(carrier: SocketCarrier): Seen {
  const messages: unknown[] = [];
  const closed = Promise.withResolvers<Refused>();
  carrier.start({ message: (message) => void messages.push(message), drained() {}, closed: closed.resolve });
  return { messages, closed: closed.promise };
}

function frame(value: unknown): Uint8Array {
  const content = encode(value);
  const framed = new Uint8Array(4 + content.length);
  new DataView(framed.buffer).setUint32(0, content.length, true);
  framed.set(content, 4);
  return framed;
}

const hostile: [what: string, bytes: Uint8Array][] = [
  ["an empty frame", new Uint8Array(4)],
  ["a frame of 4 GB", new Uint8Array([255, 255, 255, 255])],
  ["a frame above the limit", new Uint8Array([1, 0, 0, 2])],
  ["a frame that is no value", new Uint8Array([1, 0, 0, 0, 99])],
  ["SMTP", new TextEncoder().encode("EHLO example.org\r\n")],
  ["TLS", new Uint8Array([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3])],
];
for (const [what, bytes] of hostile) {
  Deno.test(`socket carrier: ${what} ends the connection as badRequest`, async () => {
    const pair = await socketPair();
    const seen = receive(new SocketCarrier(pair.right));
    pair.left.write(frame("good"));
    pair.left.write(bytes);
    assert.equal((await seen.closed).reason, "badRequest");
    assert.deepEqual(seen.messages, ["good"]);
    await pair.dispose();
  });
}

Deno.test("socket carrier: a frame split into single bytes arrives", async () => {
  const pair = await socketPair();
  const carrier = new SocketCarrier(pair.right);
  const seen = receive(carrier);
  for (const byte of frame({ a: [1, "é"] })) pair.left.write(new Uint8Array([byte]));
  pair.left.end();
  assert.equal((await seen.closed).reason, "tryLater");
  assert.deepEqual(seen.messages, [{ a: [1, "é"] }]);
  await pair.dispose();
});

Deno.test("socket carrier: a peer that vanishes in the middle of a frame is gone", async () => {
  const pair = await socketPair();
  const seen = receive(new SocketCarrier(pair.right));
  pair.left.write(frame("half").subarray(0, 6));
  pair.left.destroy();
  assert.equal((await seen.closed).reason, "tryLater");
  assert.deepEqual(seen.messages, []);
  await pair.dispose();
});

Deno.test("socket carrier: the messages of one turn are one write", async () => {
  const pair = await socketPair();
  const writes: number[] = [];
  const write = pair.left.write.bind(pair.left);
  pair.left.write = ((bytes: Uint8Array, done: () => void) => {
    writes.push(bytes.length);
    return write(bytes, done);
  }) as net.Socket["write"];
  const carrier = new SocketCarrier(pair.left);
  receive(carrier);
  const seen = receive(new SocketCarrier(pair.right));
  for (let i = 0; i < 100; i++) carrier.send([i]);
  assert.ok(carrier.queuedBytes > 0);
  carrier.close(new Refused("tryLater", "done"));
  await seen.closed;
  assert.equal(writes.length, 1);
  assert.equal(seen.messages.length, 100);
  await pair.dispose();
});

Deno.test("socket carrier: what a peer does not read waits in the queue, and is counted", async () => {
  const pair = await socketPair();
  pair.right.pause();
  const carrier = new SocketCarrier(pair.left);
  receive(carrier);
  for (let i = 0; i < 8; i++) carrier.send(new Uint8Array(1_000_000));
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(carrier.queuedBytes >= 7_000_000);
  const seen = receive(new SocketCarrier(pair.right));
  carrier.close(new Refused("tryLater", "done"));
  await seen.closed;
  assert.equal(seen.messages.length, 8);
  await pair.dispose();
});
