import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { fromUtf8, utf8 } from "../base/bytes.ts";
import { createLog, type Level } from "../base/log.ts";
import { ConnectionLimits } from "./connection_limits.ts";
import { listen, type ListenSettings, quietMs } from "./listener.ts";
import {
  dialLocally,
  listenLocally,
  rawClient,
  readAll,
  readUntil,
  received,
  trustLocalhost,
} from "./testing/loopback.ts";
import { systemClock } from "./system_clock.ts";
import type { Transport } from "./transport.ts";

const untilClosed = (transport: Transport) => transport.read().then(() => {});

/** A log in memory. */
function kept(): { log: ListenSettings["log"]; lines: [Level, string][] } {
  const lines: [Level, string][] = [];
  const log = createLog(
    { level: "trace", format: "text" },
    () => 0,
    (level, line) => lines.push([level, line]),
  );
  return { log, lines };
}

Deno.test("a connection is closed when its handler returns", async () => {
  const listener = await listenLocally({ handler: (transport) => transport.write(utf8("220 hello\r\n")) });
  const client = await dialLocally(listener.port);
  assert.equal(fromUtf8(await readAll(client)), "220 hello\r\n");
  await client.close();
  await listener.close(1000);
  assert.equal(listener.open, 0);
});

Deno.test("a handler that throws loses its connection, not the listener; our bug is an error in the log", async () => {
  const { log, lines } = kept();
  let calls = 0;
  const listener = await listenLocally({
    log,
    handler: async (transport) => {
      if (calls++ === 0) throw new TypeError("a bug");
      await transport.write(utf8("fine"));
    },
  });
  const first = await dialLocally(listener.port);
  assert.equal(await first.read().catch(() => null), null);
  first.destroy();
  const second = await dialLocally(listener.port);
  assert.equal(await readUntil(second, "fine"), "fine");
  second.destroy();
  await listener.close(1000);
  const errors = lines.filter(([level]) => level === "error");
  assert.equal(errors.length, 1);
  assert.match(errors[0]?.[1] ?? "", /handler failed.*cid=1.*a bug/);
});

Deno.test("a peer that leaves is no error in the log", async () => {
  const { log, lines } = kept();
  const over = Promise.withResolvers<void>();
  const listener = await listenLocally({
    log,
    handler: untilClosed,
    observer: { ended: () => over.resolve() },
  });
  (await rawClient(listener.port)).resetAndDestroy();
  await over.promise;
  await listener.close(1000);
  assert.deepEqual(lines.filter(([level]) => level !== "debug"), []);
});

/** Some containers have no IPv6. */
const ipv6 = (() => {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return [{ address: "::1", port: 0 }];
  } catch {
    return [];
  }
})();

Deno.test("every address is listened on, each connection has an id of its own", async () => {
  const ids: string[] = [];
  const listener = await listenLocally({
    addresses: [{ address: "127.0.0.1", port: 0 }, { address: "127.0.0.2", port: 0 }, {
      address: "::1",
      port: 0,
    }],
    handler: async (transport) => {
      ids.push(transport.id);
      await transport.write(utf8(`you reached ${transport.local.address}`));
    },
  });
  for (const { address, port } of listener.addresses) {
    const client = await dialLocally(port, { address });
    assert.equal(await readUntil(client, address), `you reached ${address}`);
    client.destroy();
  }
  assert.equal(new Set(ids).size, 2 + ipv6.length);
  await listener.close(1000);
});

Deno.test("if one address cannot be had, none is kept, and the system's reason is told", async () => {
  const taken = await listenLocally({ handler: untilClosed });
  const free = await listenLocally({ handler: untilClosed });
  await free.close(0);
  const wanted = [{ address: "127.0.0.1", port: free.port }, { address: "127.0.0.1", port: taken.port }];
  await assert.rejects(listenLocally({ addresses: wanted, handler: untilClosed }), { code: "EADDRINUSE" });
  const again = await listenLocally({ addresses: wanted.slice(0, 1), handler: untilClosed });
  await Promise.all([again.close(0), taken.close(0)]);
});

Deno.test("implicit TLS is done before the handler runs, and is counted", async () => {
  const handshakes: string[] = [];
  let handled = 0;
  const listener = await listenLocally({
    implicitTls: true,
    observer: { handshake: (result) => handshakes.push(result) },
    handler: async (transport) => {
      handled++;
      await transport.write(utf8(transport.tls?.version ?? "plain"));
    },
  });
  const client = await dialLocally(listener.port, { tls: trustLocalhost() });
  assert.equal(await readUntil(client, "TLS"), "TLSv1.3");
  client.destroy();
  const plain = await rawClient(listener.port);
  const answer = received(plain);
  plain.once("end", () => plain.end());
  plain.write("EHLO example.org\r\n");
  assert.equal((await answer).length, 0);
  await listener.close(1000);
  assert.deepEqual([handshakes, handled], [["ok", "handshake"], 1]);
});

Deno.test("implicit TLS without settings for TLS is a mistake", async () => {
  await assert.rejects(listenLocally({ implicitTls: true, tls: null, handler: untilClosed }), TypeError);
});

Deno.test("those over the limits are told so and not served, and may come when others have left", async () => {
  const limits = new ConnectionLimits(systemClock, { openPerNetwork: [2, 9, 9] });
  const refused: string[] = [];
  const listener = await listenLocally({
    limits,
    refusal: (why) => utf8(`421 4.7.0 ${why}\r\n`),
    observer: { refused: (why) => refused.push(why) },
    handler: async (transport) => {
      await transport.write(utf8("220 hello\r\n"));
      await transport.read();
    },
  });
  const served = [await dialLocally(listener.port), await dialLocally(listener.port)];
  for (const client of served) await readUntil(client, "220");
  const third = await rawClient(listener.port);
  const answer = received(third);
  third.once("end", () => third.end());
  assert.equal(fromUtf8(await answer), "421 4.7.0 open\r\n");
  assert.deepEqual(refused, ["open"]);
  assert.equal(listener.open, 2);
  await Promise.all(served.map((client) => client.close()));
  const fourth = await dialLocally(listener.port);
  await readUntil(fourth, "220");
  fourth.destroy();
  await listener.close(1000);
  assert.equal(limits.open, 0);
});

Deno.test("where TLS is due first, those over the limits get no plain words", async () => {
  const listener = await listenLocally({
    implicitTls: true,
    limits: new ConnectionLimits(systemClock, { newPerMinute: [0, 0, 0] }),
    refusal: () => utf8("* BYE\r\n"),
    handler: untilClosed,
  });
  const client = await rawClient(listener.port);
  const answer = received(client);
  client.once("end", () => client.end());
  assert.equal((await answer).length, 0);
  await listener.close(1000);
});

Deno.test("stopAccepting() leaves the connections that are there", async () => {
  const listener = await listenLocally({
    handler: async (transport) => {
      await transport.read();
      await transport.write(utf8("still here"));
    },
  });
  const client = await dialLocally(listener.port);
  while (listener.open === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  listener.stopAccepting();
  await assert.rejects(dialLocally(listener.port));
  await client.write(utf8("?"));
  assert.equal(await readUntil(client, "here"), "still here");
  client.destroy();
  await listener.close(1000);
});

Deno.test("who may be deaf listens anew once nobody comes any more, and keeps the connections that are there", async () => {
  const clock = new FakeClock();
  const { log, lines } = kept();
  const listener = await listenLocally({
    clock,
    log,
    handler: async (transport) => {
      await transport.read();
      await transport.write(utf8("still here"));
    },
  });
  const anew = () => lines.filter(([, line]) => line.includes("listening anew")).length;
  const come = async () => {
    const before = listener.open;
    const client = await dialLocally(listener.port);
    while (listener.open === before) await new Promise<void>((resolve) => setImmediate(resolve));
    return client;
  };
  await clock.advance(10 * quietMs);
  assert.equal(anew(), 0); // Nobody coming is no reason by itself.
  listener.mayBeDeaf();
  await clock.advance(quietMs - 1);
  const first = await come();
  await clock.advance(quietMs - 1);
  assert.equal(anew(), 0); // It has accepted one meanwhile.
  await clock.advance(1);
  while (anew() === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  const second = await come();
  for (const client of [first, second]) {
    await client.write(utf8("?"));
    assert.equal(await readUntil(client, "here"), "still here");
    client.destroy();
  }
  await clock.advance(10 * quietMs);
  assert.equal(anew(), 1);
  listener.mayBeDeaf();
  listener.stopAccepting();
  await clock.advance(quietMs);
  await assert.rejects(dialLocally(listener.port));
  await listener.close(1000);
});

Deno.test("close() lets handlers say goodbye", async () => {
  const listener = await listenLocally({
    handler: async (transport, closing) => {
      await new Promise((resolve) => closing.addEventListener("abort", resolve));
      await transport.write(utf8("* BYE\r\n"));
    },
  });
  const client = await dialLocally(listener.port);
  while (listener.open === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  const closed = listener.close(5000);
  assert.equal(fromUtf8(await readAll(client)), "* BYE\r\n");
  await client.close();
  await closed;
});

Deno.test("close() drops those that do not end in time", async () => {
  const clock = new FakeClock();
  const listener = await listenLocally({ clock, handler: untilClosed });
  const clients = await Promise.all([rawClient(listener.port), rawClient(listener.port)]);
  while (listener.open < 2) await new Promise<void>((resolve) => setImmediate(resolve));
  const closed = listener.close(3000);
  await clock.advance(2999);
  assert.equal(listener.open, 2);
  await clock.advance(1);
  await closed;
  assert.equal(listener.open, 0);
  assert.equal(clock.pending, 0);
  for (const client of clients) client.destroy();
});

Deno.test("close() may be called twice, and on a listener without connections ends at once", async () => {
  const listener = await listenLocally({ handler: untilClosed });
  await Promise.all([listener.close(60_000), listener.close(60_000)]);
});

Deno.test("listen() on an address that is not ours is refused by the system", async () => {
  const settings = { clock: systemClock, newId: () => "1", tls: null, handler: untilClosed, log: kept().log };
  await assert.rejects(listen({ ...settings, addresses: [{ address: "192.0.2.1", port: 0 }] }), Error);
});
