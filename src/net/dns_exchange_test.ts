import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import {
  type DnsReply,
  type DnsServer,
  record,
  replyTo,
  startDnsServer,
} from "../../tests/support/dns_server.ts";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { decodeMessage, type DnsMessage, encodeMessage, encodeQuery } from "../dns/message.ts";
import type { Carried, Letter } from "../dns/upstream.ts";
import { slotMs } from "./deadlines.ts";
import { DnsCarrier } from "./dns_exchange.ts";
import { maxWrongAnswers } from "./dns_udp.ts";
import { systemClock } from "./system_clock.ts";

const address = { address: "192.0.2.1" };
const a = (name: string) => record(name, "A", address);
const ids = () => crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;

/** A query that takes what has its id. */
function letter(
  server: { address: string; port: number },
  parts: Partial<Letter> = {},
  name = "example.org.",
): Letter {
  const id = ids();
  const settings = { recursionDesired: true, checkingDisabled: false, dnssecOk: false, udpSize: 1232 };
  const accept = (octets: Uint8Array): DnsMessage | null => {
    try {
      const message = decodeMessage(octets);
      return message.id === id ? message : null;
    } catch {
      return null;
    }
  };
  const query = encodeQuery({ id, name, type: 1, ...settings });
  return { server, query, overTcp: false, accept, timeoutMs: 10_000, signal: undefined, ...parts };
}

async function withServer(
  handler: Parameters<typeof startDnsServer>[0],
  test: (server: DnsServer, carrier: DnsCarrier) => Promise<void>,
  settings: Partial<ConstructorParameters<typeof DnsCarrier>[0]> = {},
): Promise<void> {
  const server = await startDnsServer(handler);
  const carrier = new DnsCarrier({ clock: systemClock, ...settings });
  try {
    await test(server, carrier);
  } finally {
    await carrier.close();
    await server.close();
  }
}

/** Some containers have no IPv6. */
const hasIPv6 = (() => {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
})();

const answersOf = (carried: Carried) =>
  carried.kind === "message" ? carried.message.answers.length : carried.kind;

for (const overTcp of [false, true]) {
  const how = overTcp ? "TCP" : "UDP";

  Deno.test(`a query over ${how} is answered`, async () => {
    await withServer(({ name }) => ({ answers: [a(name)] }), async (server, carrier) => {
      assert.equal(answersOf(await carrier.carry(letter(server, { overTcp }))), 1);
      assert.deepEqual(server.asked, [`example.org. 1 ${how.toLowerCase()}`]);
      assert.equal(carrier.open, 0);
    });
  });

  Deno.test(`a query over ${how} that nobody answers ends at its deadline`, async () => {
    const clock = new FakeClock();
    const asked = Promise.withResolvers<void>();
    const handler = () => {
      asked.resolve();
      return new Promise<DnsReply>(() => {});
    };
    await withServer(handler, async (server, carrier) => {
      const carried = carrier.carry(letter(server, { overTcp, timeoutMs: 1000 }));
      await asked.promise;
      assert.equal(carrier.open, 1);
      await clock.advance(1000 + slotMs);
      assert.deepEqual(await carried, { kind: "timeout" });
    }, { clock });
    assert.equal(clock.pending, 0);
  });

  Deno.test(`a query over ${how} can be given up`, async () => {
    const asked = Promise.withResolvers<void>();
    const handler = () => {
      asked.resolve();
      return new Promise<DnsReply>(() => {});
    };
    await withServer(handler, async (server, carrier) => {
      const given = new AbortController();
      const carried = carrier.carry(letter(server, { overTcp, signal: given.signal }));
      await asked.promise;
      given.abort();
      assert.deepEqual(await carried, { kind: "aborted" });
      const before = carrier.carry(letter(server, { overTcp, signal: AbortSignal.abort() }));
      assert.deepEqual(await before, { kind: "aborted" });
    });
  });

  Deno.test(`closing gives up what is under way over ${how}, and what comes later`, async () => {
    const asked = Promise.withResolvers<void>();
    const handler = () => {
      asked.resolve();
      return new Promise<DnsReply>(() => {});
    };
    await withServer(handler, async (server, carrier) => {
      const carried = [1, 2].map(() => carrier.carry(letter(server, { overTcp })));
      await asked.promise;
      await carrier.close();
      for (const one of carried) assert.deepEqual(await one, { kind: "aborted" });
      assert.equal(carrier.open, 0);
      const later = carrier.carry(letter(server, { overTcp }));
      assert.equal(carrier.open, 0);
      assert.deepEqual(await later, { kind: "aborted" });
    }, { maxSockets: 1 });
  });

  Deno.test(`what is no address can not be asked over ${how}`, async () => {
    const carrier = new DnsCarrier({ clock: systemClock });
    const carried = await carrier.carry(letter({ address: "localhost", port: 53 }, { overTcp }));
    assert.equal(carried.kind, "unreachable");
    await carrier.close();
  });

  const name = `a server on IPv6 is asked over ${how}${hasIPv6 ? "" : " (skipped: no IPv6 here)"}`;
  Deno.test({ name, ignore: !hasIPv6 }, async () => {
    const server = await startDnsServer(({ name }) => ({ answers: [a(name)] }), "::1");
    const carrier = new DnsCarrier({ clock: systemClock });
    for (const text of ["::1", "0:0::1"]) {
      assert.equal(
        answersOf(await carrier.carry(letter({ address: text, port: server.port }, { overTcp }))),
        1,
      );
    }
    await carrier.close();
    await server.close();
  });
}

Deno.test("an IPv4-mapped address is asked as IPv4", async () => {
  await withServer(({ name }) => ({ answers: [a(name)] }), async (server, carrier) => {
    const mapped = { address: "::ffff:127.0.0.1", port: server.port };
    assert.equal(answersOf(await carrier.carry(letter(mapped))), 1);
  });
});

Deno.test("wrong answers are passed over until the right one comes", async () => {
  const handler: Parameters<typeof startDnsServer>[0] = ({ name }, { query }) => [
    Uint8Array.of(),
    Uint8Array.of(1, 2, 3),
    encodeMessage(replyTo(query, { id: query.id ^ 1 })),
    encodeMessage(replyTo(query, { answers: [a(name)] })),
  ];
  await withServer(handler, async (server, carrier) => {
    assert.equal(answersOf(await carrier.carry(letter(server))), 1);
  });
});

Deno.test("after so many wrong answers, somebody guesses", async () => {
  const handler: Parameters<typeof startDnsServer>[0] = (_, { query }) =>
    Array.from({ length: maxWrongAnswers }, () => encodeMessage(replyTo(query, { id: query.id ^ 1 })));
  await withServer(handler, async (server, carrier) => {
    assert.deepEqual(await carrier.carry(letter(server)), { kind: "guessed" });
  });
});

Deno.test("answers from another port or address do not count, however right", async () => {
  const others = [createSocket("udp4"), createSocket("udp4")];
  const [otherPort, otherAddress] = others;
  await new Promise<void>((resolve) => otherPort?.bind(0, "127.0.0.1", resolve));
  let server: DnsServer | null = null;
  const handler: Parameters<typeof startDnsServer>[0] = async ({ name }, { query, port }) => {
    // First the false ones; the server's own goes out when they are on their way.
    const lie = encodeMessage(
      replyTo(query, { answers: [a(name), record(name, "A", { address: "192.0.2.66" })] }),
    );
    for (const socket of others) {
      await new Promise<void>((resolve) => socket.send(lie, port, "127.0.0.1", () => resolve()));
    }
    return { answers: [a(name)] };
  };
  server = await startDnsServer(handler);
  const { port } = server;
  await new Promise<void>((resolve) => otherAddress?.bind(port, "127.0.0.2", resolve));
  const carrier = new DnsCarrier({ clock: systemClock });
  assert.equal(answersOf(await carrier.carry(letter(server))), 1);
  await carrier.close();
  await server.close();
  for (const socket of others) await new Promise<void>((resolve) => socket.close(() => resolve()));
});

Deno.test("each query comes from another port", async () => {
  const ports = new Set<number>();
  const handler: Parameters<typeof startDnsServer>[0] = (_, { port }) => {
    ports.add(port);
    return {};
  };
  await withServer(handler, async (server, carrier) => {
    for (let i = 0; i < 20; i++) await carrier.carry(letter(server));
    assert.ok(ports.size >= 18, `${ports.size} ports`); // The system may pick one again.
  });
});

Deno.test("a large answer comes over TCP in pieces, or two messages at once: the first counts", async () => {
  const strings = Array.from({ length: 200 }, () => new Uint8Array(255).fill(0x61));
  const handler: Parameters<typeof startDnsServer>[0] = ({ name }, { query }) => [
    encodeMessage(replyTo(query, { answers: [record(name, "TXT", { strings })] })),
    encodeMessage(replyTo(query)),
  ];
  await withServer(handler, async (server, carrier) => {
    const carried = await carrier.carry(letter(server, { overTcp: true }));
    assert.ok(carried.kind === "message");
    assert.equal(carried.message.answers[0]?.rdata.length, 200 * 256);
  });
});

const tcpFaults: [what: string, octets: Uint8Array][] = [
  ["closes at once", new Uint8Array(0)],
  ["closes after half a length", Uint8Array.of(0)],
  ["closes within a message", Uint8Array.of(0, 12, 1, 2, 3)],
  ["sends an empty message", Uint8Array.of(0, 0)],
  ["sends nonsense", Uint8Array.of(0, 3, 1, 2, 3)],
];
for (const [what, octets] of tcpFaults) {
  Deno.test(`a server that ${what} over TCP gives no answer`, async () => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end(octets));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const port = Object(server.address()).port as number;
    const carrier = new DnsCarrier({ clock: systemClock });
    const carried = await carrier.carry(letter({ address: "127.0.0.1", port }, { overTcp: true }));
    assert.equal(carried.kind, "unreachable");
    await carrier.close();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
}

Deno.test("nobody listens on TCP: that is told at once", async () => {
  const server = await startDnsServer(() => "drop");
  await server.close();
  const carrier = new DnsCarrier({ clock: systemClock });
  assert.equal((await carrier.carry(letter(server, { overTcp: true }))).kind, "unreachable");
  await carrier.close();
});

Deno.test("a server of whom the connection is refused was asked, and it is told where nothing could be sent", async () => {
  const server = await startDnsServer(() => "drop");
  await server.close();
  const carrier = new DnsCarrier({ clock: systemClock });
  const refused = await carrier.carry(letter(server, { overTcp: true }));
  assert.equal(refused.kind === "unreachable" && refused.unsent === true, false);
  // Nothing is sent to where no machine can be: of IPv6, with a zone that no link has.
  const nowhere = await carrier.carry(letter({ address: "fe80::1%nolink", port: 53 }));
  assert.equal(nowhere.kind === "unreachable" && nowhere.unsent, true);
  await carrier.close();
});

Deno.test("no more sockets than the limit are open, the others wait, and too many are refused", async () => {
  const goOn = Promise.withResolvers<void>();
  let most = 0;
  const handler: Parameters<typeof startDnsServer>[0] = async () => {
    await goOn.promise;
    return {};
  };
  await withServer(handler, async (server, carrier) => {
    const carried = Array.from({ length: 10 }, async (_, i) => {
      const one = await carrier.carry(letter(server, {}, `${i}.example.`));
      most = Math.max(most, carrier.open);
      return one.kind;
    });
    assert.deepEqual([carrier.open, carrier.waiting], [4, 5]);
    goOn.resolve();
    const kinds = await Promise.all(carried);
    assert.equal(kinds.filter((kind) => kind === "message").length, 9);
    assert.equal(kinds.at(-1), "limit");
    assert.ok(most <= 4);
    assert.deepEqual([carrier.open, carrier.waiting], [0, 0]);
  }, { maxSockets: 4, maxWaiting: 5 });
});

Deno.test("who gives up while waiting for a socket never gets one", async () => {
  const goOn = Promise.withResolvers<DnsReply>();
  await withServer(() => goOn.promise, async (server, carrier) => {
    const given = new AbortController();
    const first = carrier.carry(letter(server));
    const second = carrier.carry(letter(server, { signal: given.signal }));
    given.abort();
    assert.deepEqual(await second, { kind: "aborted" });
    goOn.resolve({});
    assert.equal(answersOf(await first), 0);
    assert.equal(server.asked.length, 1);
  }, { maxSockets: 1 });
});

Deno.test({
  name: "without permission for a socket, or for the server, a query fails and nothing else does",
  permissions: { net: ["0.0.0.0:0"] },
  fn: async () => {
    const carrier = new DnsCarrier({ clock: systemClock });
    const servers = [{ address: "127.0.0.1", port: 53 }, { address: "::1", port: 53 }];
    for (const overTcp of [false, true]) {
      for (const server of servers) {
        const carried = await carrier.carry(letter(server, { overTcp, timeoutMs: 1000 }));
        assert.equal(carried.kind, "unreachable", JSON.stringify(carried));
      }
    }
    await carrier.close();
  },
});
