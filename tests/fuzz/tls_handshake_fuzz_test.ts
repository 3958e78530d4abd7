/**
 * Broken handshakes over real sockets. The runtime's TLS has thrown where nobody could catch it, which ends the
 * process; so this one asserts that the listener lives, lets go of every connection, and still serves.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { concat, utf8 } from "../../src/base/bytes.ts";
import type { Clock, Millis, Timer } from "../../src/base/clock.ts";
import {
  dialLocally,
  listenLocally,
  rawClient,
  readUntil,
  trustLocalhost,
} from "../../src/net/testing/loopback.ts";
import { systemClock } from "../../src/net/system_clock.ts";
import { clientHelloMessage, records, vector } from "../../src/tls/testing/client_hellos.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5");
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;

const keyShare = vector(2, concat([new Uint8Array([0, 29]), vector(2, new Uint8Array(32).fill(9))]));

/** Good enough that a server of TLS 1.3 answers it. */
const hello = records(clientHelloMessage({
  serverName: "localhost",
  signatureSchemes: [0x0403, 0x0804],
  versions: [0x0304, 0x0303],
  groups: [29, 23],
  extra: [[51, keyShare]],
}));

const changed = fc.array(fc.tuple(fc.nat(hello.length - 1), fc.nat(255)), { maxLength: 4 }).map((changes) => {
  const bytes = hello.slice();
  for (const [at, value] of changes) bytes[at] = value;
  return bytes;
});
const record = fc.tuple(fc.constantFrom(20, 21, 22, 23, 24), fc.uint8Array({ maxLength: 80 })).map(
  ([type, body]) => concat([new Uint8Array([type, 3, 3]), vector(2, body)]),
);
const flight = fc.tuple(fc.oneof(changed, fc.constant(hello)), fc.array(record, { maxLength: 3 }));

/** Sends, waits for an answer or the end, and leaves in one of the ways to leave. */
async function attack(port: number, pieces: readonly Uint8Array[], politely: boolean): Promise<void> {
  const socket = await rawClient(port);
  const answered = new Promise<void>((resolve) => {
    socket.once("data", () => resolve());
    socket.once("end", () => resolve());
    socket.once("close", () => resolve());
  });
  for (const piece of pieces) socket.write(piece);
  if (politely) socket.end();
  await answered;
  if (politely) socket.destroy();
  else socket.resetAndDestroy();
}

/** Time that runs a hundred times as fast, until an honest client comes: for that the machine may be slow. */
class HurriedClock implements Clock {
  #factor = 100;
  #began = 0;
  #real = systemClock.monotonic();

  now(): Millis {
    return systemClock.now();
  }

  monotonic(): number {
    return this.#began + (systemClock.monotonic() - this.#real) * this.#factor;
  }

  after(ms: number, fn: () => void): Timer {
    return systemClock.after(ms / this.#factor, fn);
  }

  calmDown(): void {
    [this.#began, this.#real, this.#factor] = [this.monotonic(), systemClock.monotonic(), 1];
  }
}

Deno.test("fuzz: handshakes of hostile clients", async () => {
  const clock = new HurriedClock();
  const listener = await listenLocally({
    implicitTls: true,
    clock,
    times: { handshakeTimeoutMs: 20_000, lingerMs: 10_000 },
    handler: async (transport) => {
      await transport.write(utf8("served"));
      await transport.read();
    },
  });
  const property = fc.asyncProperty(flight, fc.boolean(), async ([first, rest], politely) => {
    await attack(listener.port, [first, ...rest], politely);
  });
  const end = performance.now() + seconds * 1000;
  for (let round = seed; round === seed || performance.now() < end; round++) {
    await fc.assert(property, { seed: round, numRuns: 20 });
  }
  clock.calmDown();
  const client = await dialLocally(listener.port, { tls: trustLocalhost() });
  assert.equal(await readUntil(client, "served"), "served");
  client.destroy();
  await listener.close(1000);
  assert.equal(listener.open, 0);
});
