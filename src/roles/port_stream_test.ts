import assert from "node:assert/strict";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { MiB } from "../base/bytes.ts";
import { portStream } from "./port_stream.ts";

function pair() {
  const { port1, port2 } = new MessageChannel();
  return [portStream(port1), portStream(port2)] as const;
}

async function all(stream: Duplex): Promise<number[]> {
  const octets: number[] = [];
  stream.on("data", (piece: Uint8Array) => octets.push(...piece));
  await once(stream, "end");
  return octets;
}

Deno.test("portStream() brings bytes both ways, and the end of each way by itself", async () => {
  const [a, b] = pair();
  a.write(new Uint8Array([1, 2]));
  a.end(new Uint8Array([3]));
  assert.deepEqual(await all(b), [1, 2, 3]);
  const back = all(a);
  b.end(new Uint8Array([4]));
  assert.deepEqual(await back, [4]);
  a.destroy();
  b.destroy();
});

Deno.test("portStream() holds up a writer whose bytes nobody reads", async () => {
  const [a, b] = pair();
  const piece = new Uint8Array(MiB);
  let taken = 0;
  const write = () => a.write(piece, (error) => error === null || error === undefined ? taken++ : undefined);
  for (let i = 0; i < 4; i++) write();
  // A message that went through the same two ports, twice, is behind whatever could have been read by then.
  for (let i = 0; i < 8; i++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(taken <= 1, `${taken} MB were taken and not read`);
  let read = 0;
  b.on("data", (bytes: Uint8Array) => read += bytes.length);
  a.end();
  await once(b, "end");
  assert.equal(read, 4 * MiB);
  a.destroy();
  b.destroy();
});

Deno.test("portStream(): an end that is destroyed takes the other along", async () => {
  const [a, b] = pair();
  const closed = once(b, "close");
  a.destroy();
  await closed;
  assert.ok(b.destroyed);
});

Deno.test("portStream(): what was said to the end is read, though who said it is gone", async () => {
  const [a, b] = pair();
  b.end();
  a.resume();
  await once(a, "end");
  a.end(new Uint8Array([1, 2, 3]));
  await once(a, "finish");
  a.destroy();
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(await all(b), [1, 2, 3]);
  b.destroy();
});
