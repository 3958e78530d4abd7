import assert from "node:assert/strict";
import { constants, createDeflateRaw, createInflateRaw, deflateRawSync, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { settle } from "../../tests/support/fake_clock.ts";
import { type MemoryTransport, memoryTransports } from "../../tests/support/memory_transport.ts";
import { type Bytes, concat, fromUtf8, MiB, utf8 } from "../base/bytes.ts";
import { DeflaterPool } from "./deflaters.ts";
import { DeflateTransport } from "./deflate_transport.ts";
import { dialLocally, readAll, withServerEnd } from "./testing/loopback.ts";
import { type Transport, TransportError, type TransportFailure } from "./transport.ts";

const says = (failure: TransportFailure) => (error: unknown) => {
  assert.ok(error instanceof TransportError, String(error));
  assert.equal(error.failure, failure);
  return true;
};

/** As a client does it: one stream, flushed. */
function deflated(text: string | Uint8Array): Uint8Array {
  return deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH });
}

function inflated(bytes: Uint8Array): Uint8Array {
  return inflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
}

/** A compressed end, and the peer's plain one. */
function ends(pool = new DeflaterPool()): { end: DeflateTransport; peer: MemoryTransport; below: Transport } {
  const { server, client } = memoryTransports({});
  return { end: new DeflateTransport(server, pool), peer: client, below: server };
}

async function readText(transport: Transport, length: number): Promise<string> {
  const pieces: Bytes[] = [];
  for (let got = 0; got < length;) {
    const piece = await transport.read();
    assert.ok(piece !== null, "the end came early");
    assert.equal(piece.constructor, Uint8Array);
    pieces.push(piece);
    got += piece.length;
  }
  return fromUtf8(concat(pieces));
}

Deno.test("what is written can be inflated at once, each piece to its end", async () => {
  const { end, peer } = ends();
  const pieces: Bytes[] = [];
  for (const text of ["* 1 EXISTS\r\n", "* 2 EXISTS\r\n", "x"]) {
    await end.write(utf8(text));
    pieces.push(await peer.read() ?? utf8(""));
    assert.ok(fromUtf8(inflated(concat(pieces))).endsWith(text));
  }
  assert.equal(end.bytesWritten, concat(pieces).length);
  end.destroy();
});

Deno.test("whatever comes, split anywhere, both ends understand each other", async () => {
  const texts = fc.array(
    fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), fc.constant("a".repeat(70_000))),
    {
      minLength: 1,
      maxLength: 8,
    },
  );
  await fc.assert(
    fc.asyncProperty(
      texts,
      fc.array(fc.nat(5000), { maxLength: 10 }),
      fc.nat(2),
      async (texts, cuts, kept) => {
        const { end, peer } = ends(new DeflaterPool(kept));
        const all = texts.map((text) => utf8(text)).filter((bytes) => bytes.length > 0);
        const wire: Bytes[] = [];
        for (const text of all) {
          await end.write(text);
          while (peer.buffered > 0) wire.push(await peer.read() ?? utf8(""));
        }
        assert.deepEqual(inflated(concat(wire)), Buffer.from(concat(all)));
        // The same octets back, cut anywhere.
        const bytes = concat(wire);
        let at = 0;
        for (const cut of [...cuts.sort((a, b) => a - b), bytes.length]) {
          if (cut <= at) continue;
          await peer.write(bytes.subarray(at, cut));
          at = cut;
        }
        peer.endWriting();
        assert.deepEqual(concat([await readAll(end)]), concat(all));
        assert.equal(await end.read(), null);
        end.destroy();
      },
    ),
    { numRuns: 40 },
  );
});

Deno.test("a compressor that was given up goes on with another one", async () => {
  const pool = new DeflaterPool(2);
  const connections = Array.from({ length: 5 }, () => ends(pool));
  for (let round = 0; round < 3; round++) {
    for (const { end } of connections) {
      await end.write(utf8(`round ${round} of a text that repeats itself\r\n`));
    }
    assert.equal(pool.resting, 2);
  }
  for (const { end, peer } of connections) {
    const wire: Bytes[] = [];
    while (peer.buffered > 0) wire.push(await peer.read() ?? utf8(""));
    assert.match(fromUtf8(inflated(concat(wire))), /^round 0 .*\r\nround 1 .*\r\nround 2 .*\r\n$/);
    end.destroy();
  }
  assert.equal(pool.resting, 0);
});

Deno.test("of a bomb no more is inflated than is read", async () => {
  const { end, peer } = ends();
  const deflate = createDeflateRaw({ level: 9 });
  const pieces: Uint8Array[] = [];
  deflate.on("data", (piece: Uint8Array) => pieces.push(piece));
  for (let i = 0; i < 200; i++) deflate.write(new Uint8Array(MiB));
  await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, () => resolve()));
  const bomb = concat(pieces);
  assert.ok(bomb.length < 300_000);
  const sent = peer.write(bomb);
  await end.read();
  await settle();
  assert.ok(end.buffered <= 128 * 1024, `${end.buffered}`);
  // Others get their turn while it is read.
  let turns = 0;
  let reading = true;
  const count = (async () => {
    while (reading) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      turns++;
    }
  })();
  for (let got = 0; got < 20 * MiB;) got += (await end.read())?.length ?? 0;
  reading = false;
  await count;
  assert.ok(turns > 50, `${turns} turns`);
  assert.ok(end.buffered <= 128 * 1024, `${end.buffered}`);
  end.destroy();
  await sent.catch(() => {});
});

Deno.test("what is not compressed breaks the connection, behind what was right", async () => {
  const { end, peer } = ends();
  await peer.write(concat([deflated("a NOOP\r\n"), utf8("b NOOP\r\n")]));
  assert.equal(await readText(end, 8), "a NOOP\r\n");
  await assert.rejects(end.read(), says("garbled"));
  await assert.rejects(end.read(), says("garbled"));
  await end.write(utf8("* BYE\r\n")); // The last words can still be said.
  assert.equal(fromUtf8(inflated(await peer.read() ?? utf8(""))), "* BYE\r\n");
  await end.close();
});

Deno.test("behind the last block nothing is read", async () => {
  const { end, peer } = ends();
  await peer.write(concat([deflateRawSync("a NOOP\r\n"), utf8("b NOOP\r\n")]));
  assert.equal(await readText(end, 8), "a NOOP\r\n");
  assert.equal(await end.read(), null);
  assert.equal(await end.read(), null);
  await end.close();
});

for (
  const [how, bytes] of [["a flush", deflated("a\r\n")], ["the last block", deflateRawSync("a\r\n")]] as const
) {
  for (const split of [false, true]) {
    Deno.test(`compression ends at ${how}, and plain octets go on${split ? " in another packet" : ""}`, async () => {
      const { end, peer } = ends();
      if (split) await peer.write(bytes);
      else await peer.write(concat([bytes, utf8("b LOGIN\r\n")]));
      assert.equal(await readText(end, 3), "a\r\n");
      assert.equal(await end.end(), true);
      if (split) await peer.write(utf8("b LOGIN\r\n"));
      assert.equal(await readText(end, 9), "b LOGIN\r\n");
      await end.write(utf8("b OK\r\n"));
      assert.equal(await peer.receive(), "b OK\r\n");
      // And begins again.
      await peer.write(concat([utf8("c COMPRESS\r\n"), deflated("d\r\n")]));
      const piece = await end.read();
      end.unread(piece?.slice(12) ?? piece ?? utf8(""));
      end.begin();
      assert.equal(await readText(end, 3), "d\r\n");
      await end.write(utf8("d OK\r\n"));
      assert.equal(fromUtf8(inflated(await peer.read() ?? utf8(""))), "d OK\r\n");
      end.destroy();
    });
  }
}

Deno.test("a flush that was cut in two by the network is no plain text", async () => {
  const bytes = deflated("a\r\n");
  for (let missing = 1; missing <= 4; missing++) {
    const { end, peer } = ends();
    await peer.write(bytes.subarray(0, -missing));
    assert.equal(await readText(end, 3), "a\r\n");
    assert.equal(await end.end(), true);
    await peer.write(concat([bytes.subarray(-missing), utf8("b\r\n")]));
    assert.equal(await readText(end, 3), "b\r\n", `${missing} missing`);
    end.destroy();
  }
});

Deno.test("who goes on compressing where compression ends is found out", async () => {
  const { end, peer } = ends();
  await peer.write(deflated("a\r\nb\r\n"));
  const piece = await end.read();
  end.unread(piece?.subarray(3) ?? utf8(""));
  assert.equal(await end.end(), false);
  end.destroy();
});

Deno.test("what was put back is read again, first", async () => {
  const { end, peer } = ends();
  await peer.write(deflated("one two"));
  const piece = await end.read();
  assert.ok(piece !== null);
  end.unread(piece.subarray(4));
  assert.equal(end.buffered, 3);
  assert.equal(await readText(end, 3), "two");
  end.destroy();
});

Deno.test("destroy() ends a read that waits; a second reader, a second writer and TLS are mistakes", async () => {
  const { end, peer } = ends();
  const waiting = end.read();
  await assert.rejects(end.read(), TypeError);
  await assert.rejects(end.end(), TypeError);
  const writing = end.write(utf8("x"));
  await assert.rejects(end.write(utf8("y")), TypeError);
  await writing;
  await assert.rejects(end.startTls(), TypeError);
  assert.throws(() => end.begin(), TypeError);
  end.destroy();
  await assert.rejects(waiting, says("closed"));
  await assert.rejects(end.read(), says("closed"));
  await assert.rejects(end.write(utf8("x")), says("closed"));
  peer.destroy();
});

Deno.test("the limits of time are those of the connection below", () => {
  const { end, below } = ends();
  end.readTimeoutMs = 7;
  end.writeTimeoutMs = 8;
  assert.deepEqual([below.readTimeoutMs, below.writeTimeoutMs], [7, 8]);
  assert.deepEqual([end.readTimeoutMs, end.id, end.tls, end.remote], [7, below.id, below.tls, below.remote]);
  end.destroy();
});

Deno.test("over a socket: a reader that stops stops the writer, and gets everything in the end", async () => {
  await withServerEnd({}, dialLocally, async (server, client) => {
    const end = new DeflateTransport(server);
    const chance = new Uint8Array(8 * MiB).map((_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 23);
    const inflate = createInflateRaw();
    let got = 0;
    inflate.on("data", (piece: Uint8Array) => got += piece.length);
    const writing = end.write(chance);
    for (let at = 0; got < chance.length; at++) {
      const piece = await client.read();
      assert.ok(piece !== null, `at ${at}`);
      await new Promise<void>((resolve) => inflate.write(piece, () => resolve()));
    }
    await writing;
    inflate.destroy();
    assert.equal(got, chance.length);
    await Promise.all([end.close(), client.close()]);
    assert.ok(end.ended.aborted);
  });
});
