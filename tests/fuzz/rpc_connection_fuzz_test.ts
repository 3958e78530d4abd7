/**
 * Anything at all from the other end of an RPC connection: bytes that are no values, values that are no
 * messages, messages that nobody asked for. The reader answers with SyntaxError, the connection by closing, and
 * nothing is ever left waiting.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { silentLog } from "../../src/base/log.ts";
import { offer } from "../../src/rpc/callee.ts";
import type { Receiver } from "../../src/rpc/carrier.ts";
import { decode, encode } from "../../src/rpc/codec.ts";
import { connect } from "../../src/rpc/connection.ts";
import { FrameReader } from "../../src/rpc/frame_reader.ts";
import { maxMessageBytes } from "../../src/rpc/limits.ts";
import { FakeClock, settle } from "../support/fake_clock.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5") / 2;
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;
const run = {
  seed,
  numRuns: 1e9,
  interruptAfterTimeLimit: seconds * 1000,
  markInterruptAsFailure: false,
};

const valid = encode([
  0,
  1,
  "echo",
  "echo",
  null,
  {
    uids: new Uint32Array([1, 2]),
    names: ["a".repeat(30), "é"],
    deep: [[{ x: -1.5 }]],
    bytes: new Uint8Array(9),
  },
]);

/** Valid with some bytes changed, cut or doubled; tags at random; anything. */
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.array(fc.nat(12), { maxLength: 60 }).map((tags) => new Uint8Array(tags)),
  fc.tuple(fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 5 }), fc.nat(valid.length))
    .map(([changes, length]) => {
      const changed = valid.slice();
      for (const [at, value] of changes) changed[at] = value;
      return length % 3 === 0 ? changed.subarray(0, length) : changed;
    }),
);

Deno.test("fuzz: the RPC codec reads or refuses, and what it reads it writes", () => {
  fc.assert(
    fc.property(
      bytes,
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 9 }),
      (bytes, cuts) => {
        let value: unknown;
        try {
          value = decode(bytes);
        } catch (error) {
          assert.ok(error instanceof SyntaxError, String(error));
          return;
        }
        assert.deepStrictEqual(decode(encode(value)), value);

        const framed = new Uint8Array(4 + bytes.length);
        new DataView(framed.buffer).setUint32(0, bytes.length, true);
        framed.set(bytes, 4);
        const reader = new FrameReader(maxMessageBytes);
        const seen: Uint8Array[] = [];
        for (let at = 0, i = 0; at < framed.length; i++) {
          const end = at + (cuts[i % cuts.length] ?? 1);
          reader.push(framed.subarray(at, end), (frame) => void seen.push(frame));
          at = end;
        }
        assert.deepStrictEqual(seen.map(decode), [value]);
      },
    ),
    run,
  );
});

const name = fc.constantFrom("echo", "count", "nobody", "__proto__", "", 7, null);
const message = fc.oneof(
  fc.tuple(
    fc.constantFrom(0, 1),
    fc.nat(12),
    name,
    name,
    fc.constantFrom(null, "x", 1),
    fc.constantFrom(null, 3),
  ),
  fc.tuple(fc.constantFrom(2, 7, 4), fc.nat(12)),
  fc.tuple(fc.constantFrom(3, 4, 6), fc.nat(12), fc.constantFrom(0, 100, -1, "x", null)),
  fc.tuple(
    fc.constant(5),
    fc.nat(12),
    fc.constantFrom(null, "tryLater", "because"),
    fc.constantFrom("text", null),
  ),
  fc.anything(),
);

/** A connection that was sent any messages ends cleanly. */
const messagesEnd = (echo: { echo(request: unknown): Promise<unknown>; count(): AsyncIterable<number> }) =>
  fc.asyncProperty(fc.array(message, { maxLength: 30 }), async (messages) => {
    let receiver: Receiver | null = null;
    const connection = connect({
      start: (started) => void (receiver = started),
      send: () => 100,
      queuedBytes: 0,
      close: (reason) => receiver?.closed(reason),
    }, {
      clock: new FakeClock(),
      log: silentLog,
      offers: { echo: offer<typeof echo>({ echo: "call", count: "stream" }, echo) },
      limits: { maxCalls: 4, maxStreams: 4, streamWindowBytes: 300 },
    });
    const target = { service: "echo", method: "echo", capability: null };
    const asked = Promise.allSettled([
      connection.call(target, 1),
      connection.call(target, 2),
      connection.stream(target, 3).next(),
    ]);
    for (const one of messages) (receiver as Receiver | null)?.message(one, 100);
    await settle();
    connection.close();
    await asked;
    await settle();
    assert.equal(connection.outstanding, 0);
  });

Deno.test("fuzz: an RPC connection takes any messages, and leaves nothing waiting when it ends", async () => {
  const echo = {
    echo: (request: unknown) => Promise.resolve(request),
    async *count() {
      for (let i = 0; i < 20; i++) yield await Promise.resolve(i);
    },
  };
  // Not interrupted by time, which would leave the property that runs with its timers: small batches instead.
  const until = performance.now() + seconds * 1000;
  for (let batch = 0; performance.now() < until; batch++) {
    await fc.assert(messagesEnd(echo), { seed: seed + batch, numRuns: 20 });
  }
});
