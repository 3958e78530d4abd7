import assert from "node:assert/strict";
import { once } from "node:events";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { fromUtf8, latin1, utf8 } from "../base/bytes.ts";
import { pieceCost } from "./byte_queue.ts";
import { slotMs } from "./deadlines.ts";
import { systemClock } from "./system_clock.ts";
import {
  dialLocally,
  listenLocally,
  rawClient,
  readAll,
  readUntil,
  received,
  withServerEnd,
} from "./testing/loopback.ts";
import { queueHighBytes, type Transport, TransportError, type TransportFailure } from "./transport.ts";

const says = (failure: TransportFailure) => (error: unknown) => {
  assert.ok(error instanceof TransportError, String(error));
  assert.equal(error.failure, failure);
  return true;
};

/** Says true when nothing was written over so many questions in a row: the kernel takes no more. */
function quiet(transport: Transport, questions = 10): () => boolean {
  let before = -1;
  let same = 0;
  return () => {
    same = before === transport.bytesWritten ? same + 1 : 0;
    before = transport.bytesWritten;
    return same >= questions;
  };
}

/** Lets sockets move until something has happened. */
async function eventually(what: string, happened: () => boolean): Promise<void> {
  for (let i = 0; !happened(); i++) {
    assert.ok(i < 2000, `in vain: ${what}`);
    await new Promise<void>((resolve) => systemClock.after(2, resolve));
  }
}

Deno.test("bytes go both ways, are counted, and the ends know each other", async () => {
  await withServerEnd({}, dialLocally, async (server, client) => {
    await server.write(utf8("220 hello\r\n"));
    assert.equal(await readUntil(client, "\n"), "220 hello\r\n");
    await client.write(utf8("QUIT\r\n"));
    const piece = await server.read();
    assert.equal(fromUtf8(piece ?? utf8("")), "QUIT\r\n");
    assert.equal(piece?.constructor, Uint8Array); // Not the runtime's Buffer, whose slice() shares memory.
    assert.deepEqual([server.bytesRead, server.bytesWritten], [6, 11]);
    assert.deepEqual([server.remote, server.local], [client.local, client.remote]);
    assert.equal(server.tls, null);
    assert.match(server.id, /^[0-9a-f]+$/);
    await Promise.all([client.close(), server.close()]);
    assert.ok(server.ended.aborted && client.ended.aborted);
  });
});

Deno.test("what was put back is read again, first", async () => {
  await withServerEnd({}, dialLocally, async (server, client) => {
    await client.write(utf8("one two"));
    const piece = await server.read();
    assert.ok(piece !== null);
    server.unread(piece.subarray(4));
    assert.deepEqual([server.buffered, server.bytesRead], [3, 4]);
    const closed = client.close();
    assert.equal(fromUtf8(await readAll(server)), "two");
    await server.close();
    await closed;
  });
});

Deno.test("a client that has closed its side still gets its answer", async () => {
  await withServerEnd({}, rawClient, async (server, client) => {
    const answer = received(client);
    client.end("all I have");
    assert.equal(fromUtf8(await readAll(server)), "all I have");
    assert.equal(await server.read(), null); // And again null.
    await server.write(utf8("thanks"));
    await server.close();
    assert.equal(fromUtf8(await answer), "thanks");
  });
});

Deno.test("large writes arrive whole, in order, with the reader's speed", async () => {
  await withServerEnd({}, dialLocally, async (server, client) => {
    const bytes = new Uint8Array(5_000_001).map((_, i) => i * 31 >> 3);
    const written = server.write(bytes).then(() => server.close());
    assert.deepEqual(await readAll(client), bytes);
    await client.close();
    await written;
    assert.equal(client.bytesRead, bytes.length);
  });
});

Deno.test("while nobody reads, the peer is stopped, and goes on when somebody reads", async () => {
  await withServerEnd({}, rawClient, async (server, client) => {
    const total = 20 * 1024 * 1024;
    client.end(new Uint8Array(total));
    await eventually("the queue fills", () => server.buffered > queueHighBytes - pieceCost);
    const stopped = server.buffered;
    await eventually("the socket is quiet", () => server.buffered === stopped);
    assert.ok(server.buffered < queueHighBytes + 128 * 1024, String(server.buffered));
    assert.equal((await readAll(server)).length, total);
  });
});

Deno.test("a peer that sends byte by byte is stopped by what that costs us", async () => {
  await withServerEnd({}, rawClient, async (server, client) => {
    const most = queueHighBytes / pieceCost;
    let sent = 0;
    for (; sent < 4 * most; sent++) {
      client.write("x");
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    assert.ok(server.buffered < sent, `all ${sent} pieces are kept`);
    client.end();
    assert.equal((await readAll(server)).length, sent);
  });
});

Deno.test("a peer that sends nothing for too long is given up", async () => {
  const clock = new FakeClock();
  await withServerEnd({ clock }, rawClient, async (server, client) => {
    server.readTimeoutMs = 1000;
    const read = assert.rejects(server.read(), says("timeout"));
    await clock.advance(999);
    assert.ok(!server.ended.aborted);
    await clock.advance(1 + slotMs);
    await read;
    await assert.rejects(server.read(), says("timeout")); // It stays so.
    await assert.rejects(server.write(utf8("x")), says("timeout"));
    assert.ok(server.ended.aborted);
    assert.equal(clock.pending, 0);
    client.destroy();
  });
});

Deno.test("each byte begins the read deadline anew", async () => {
  const clock = new FakeClock();
  await withServerEnd({ clock }, rawClient, async (server, client) => {
    server.readTimeoutMs = 1000;
    for (let i = 0; i < 5; i++) {
      const read = server.read();
      await clock.advance(900);
      client.write(".");
      assert.equal(fromUtf8(await read ?? utf8("")), ".");
      await clock.advance(5000); // Nobody waits for the peer here.
    }
    client.destroy();
  });
});

Deno.test("a peer that takes nothing for too long is given up", async () => {
  const clock = new FakeClock();
  await withServerEnd({ clock }, rawClient, async (server, client) => {
    client.pause();
    server.writeTimeoutMs = 1000;
    const write = assert.rejects(server.write(new Uint8Array(50_000_000)), says("timeout"));
    await eventually("the peer is full", quiet(server));
    await clock.advance(1000 + slotMs);
    await write;
    client.destroy();
  });
});

Deno.test("a slow reader that does go on reading is not given up", async () => {
  const clock = new FakeClock();
  await withServerEnd({ clock }, rawClient, async (server, client) => {
    const total = 60_000_000;
    server.writeTimeoutMs = 1000;
    let taken = 0;
    client.on("data", (piece: Uint8Array) => taken += piece.length);
    const write = server.write(new Uint8Array(total));
    for (let mark = 10_000_000; mark < total; mark += 10_000_000) {
      client.resume();
      await eventually("more is taken", () => taken >= mark);
      client.pause();
      await eventually("the peer is full", quiet(server));
      await clock.advance(900);
    }
    client.resume();
    await write;
    client.destroy();
  });
});

Deno.test("a reset ends the read that waits", async () => {
  await withServerEnd({}, rawClient, async (server, client) => {
    const read = server.read();
    client.resetAndDestroy();
    await assert.rejects(read, says("reset"));
    assert.ok(server.ended.aborted);
  });
});

Deno.test("destroy() ends a read and a write that wait, and may be called again", async () => {
  await withServerEnd({}, rawClient, async (server, client) => {
    client.pause();
    const read = assert.rejects(server.read(), says("closed"));
    const write = assert.rejects(server.write(new Uint8Array(50_000_000)), says("closed"));
    let aborted = false;
    server.ended.addEventListener("abort", () => aborted = true);
    server.destroy();
    server.destroy();
    assert.ok(aborted);
    await Promise.all([read, write]);
    await server.close();
    client.destroy();
  });
});

Deno.test("close() brings the last words to a peer that is still sending", async () => {
  const clock = new FakeClock(); // It stands still: only the peer's end is the end.
  await withServerEnd({ clock }, rawClient, async (server, client) => {
    const got = received(client);
    client.write(new Uint8Array(3_000_000)); // Closing over unread bytes would reset, and lose the reply.
    client.once("end", () => client.end());
    await server.write(latin1("421 4.7.0 too many errors\r\n"));
    await server.close();
    assert.equal(fromUtf8(await got), "421 4.7.0 too many errors\r\n");
  });
});

Deno.test("close() does not wait for ever for a peer that stays", async () => {
  await withServerEnd({ times: { lingerMs: 20 } }, rawClient, async (server, client) => {
    const reading = assert.rejects(server.read(), says("closed"));
    await Promise.all([server.close(), server.close(), reading]);
    await assert.rejects(server.write(utf8("x")), says("closed"));
    client.destroy();
  });
});

Deno.test("close() gives a slow peer the time of a write for the last bytes", async () => {
  const clock = new FakeClock();
  await withServerEnd({ clock, times: { lingerMs: 100 } }, rawClient, async (server, client) => {
    client.pause();
    let wrote = 0;
    const fill = server.write(new Uint8Array(50_000_000)).then(() => wrote++);
    await eventually("the peer is full", quiet(server));
    const failed = assert.rejects(fill, says("closed"));
    const closed = server.close();
    await failed;
    await clock.advance(10_000);
    assert.ok(!server.ended.aborted);
    client.once("end", () => client.end()).resume();
    await closed;
    assert.equal(wrote, 0);
  });
});

Deno.test("a second reader, a second writer and TLS in the middle are mistakes of the caller", async () => {
  await withServerEnd({}, rawClient, async (server, client) => {
    client.pause();
    const read = assert.rejects(server.read(), says("closed"));
    await assert.rejects(server.read(), TypeError);
    await assert.rejects(server.startTls(), TypeError);
    const write = assert.rejects(server.write(new Uint8Array(50_000_000)), says("closed"));
    await assert.rejects(server.write(utf8("x")), TypeError);
    server.destroy();
    await Promise.all([read, write]);
    client.destroy();
  });
});

Deno.test("without settings for TLS there is no TLS", async () => {
  await withServerEnd({ tls: null }, dialLocally, async (server, client) => {
    await assert.rejects(server.startTls(), TypeError);
    await assert.rejects(client.startTls(), TypeError);
    client.destroy();
  });
});

Deno.test("many connections at once, again and again, are all served", async () => {
  const listener = await listenLocally({
    handler: async (transport) => {
      for (let piece = await transport.read(); piece !== null; piece = await transport.read()) {
        await transport.write(piece);
      }
    },
  });
  for (let round = 0; round < 5; round++) {
    const clients = await Promise.all(Array.from({ length: 200 }, () => rawClient(listener.port)));
    const answers = clients.map((client, i) => {
      const answer = received(client);
      client.end(`number ${i}`);
      return answer;
    });
    for (const [i, answer] of (await Promise.all(answers)).entries()) {
      assert.equal(fromUtf8(answer), `number ${i}`);
    }
  }
  await listener.close(1000);
  assert.equal(listener.open, 0);
});

Deno.test("a client that leaves before it is served does no harm", async () => {
  const listener = await listenLocally({ handler: async (transport) => void await transport.read() });
  for (let i = 0; i < 20; i++) (await rawClient(listener.port)).resetAndDestroy();
  const last = await rawClient(listener.port);
  last.end("x");
  last.resume();
  await once(last, "close");
  await listener.close(1000);
});
