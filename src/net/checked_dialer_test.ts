import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { nameFromText } from "../dns/name.ts";
import { type Entry, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import {
  CheckedDialer,
  CheckedDialError,
  type CheckedDialerSettings,
  type CheckedFailure,
  maxAddressMs,
  maxDialled,
  maxLookedAt,
} from "./checked_dialer.ts";
import type { DialedTransport, DialSettings } from "./client.ts";
import { systemClock } from "./system_clock.ts";
import { listenLocally, testCertificate, trustLocalhost } from "./testing/loopback.ts";
import { TransportError } from "./transport.ts";

const addresses = (...all: string[]): Entry => ({
  records: {
    A: all.filter((one) => !one.includes(":")).map((address) => ({ address })),
    AAAA: all.filter((one) => one.includes(":")).map((address) => ({ address })),
  },
});
const zone = {
  "open.example": addresses("9.9.9.9", "2a00::1", "8.8.8.8"),
  "mixed.example": addresses("10.0.0.1", "9.9.9.9", "fd00::1"),
  "half.example": { ...addresses("9.9.9.9"), failures: { AAAA: "timeout" } } satisfies Entry,
  "alias.example": { records: { CNAME: [{ target: "open.example." }] } },
  "inside.alias.example": { records: { CNAME: [{ target: "inside.example." }] } },
  "inside.example": addresses("192.168.1.1"),
  "here.example": addresses("127.0.0.1"),
  "none.example": { records: { MX: [{ preference: 1, exchange: "." }] } },
  "silent.example": { failures: { "*": "timeout" } } satisfies Entry,
  "crowded.example": addresses(...Array.from({ length: maxLookedAt }, (_, i) => `10.0.0.${i}`), "9.9.9.9"),
  "many.example": addresses(...Array.from({ length: 40 }, (_, i) => `9.9.9.${i}`)),
};

/** The table, which refuses what no resolver takes. */
class StrictResolver extends ZoneResolver {
  override lookup: ZoneResolver["lookup"] = (name, type, options) => {
    nameFromText(name);
    return super.lookup(name, type, options);
  };
}

/** A dialler whose connections are notes of whom it would have called; every call fails. */
function watched(settings: Partial<CheckedDialerSettings> = {}) {
  const dialled: string[] = [];
  const dialer = new CheckedDialer({
    resolver: new StrictResolver(zone),
    clock: new FakeClock(),
    dial: ({ address }) => {
      dialled.push(address);
      return Promise.reject(new TransportError("reset", "nobody there"));
    },
    ...settings,
  });
  return { dialer, dialled };
}

/** Why there is no connection. */
function failureOf(dialing: Promise<DialedTransport>): Promise<CheckedFailure> {
  return dialing.then(
    (transport) => {
      transport.destroy();
      throw new Error("it was dialled");
    },
    (error) => {
      assert.ok(error instanceof CheckedDialError, String(error));
      return error.failure;
    },
  );
}

const cases: [host: string, failure: CheckedFailure, dialled: string[]][] = [
  ["open.example", "unreachable", ["2a00::1", "9.9.9.9", "8.8.8.8"]],
  ["alias.example", "unreachable", ["2a00::1", "9.9.9.9", "8.8.8.8"]],
  ["OPEN.example", "unreachable", ["2a00::1", "9.9.9.9", "8.8.8.8"]],
  ["mixed.example", "unreachable", ["9.9.9.9"]],
  ["half.example", "unreachable", ["9.9.9.9"]],
  ["9.9.9.9", "unreachable", ["9.9.9.9"]],
  ["::ffff:9.9.9.9", "unreachable", ["9.9.9.9"]],
  ["inside.example", "closedAddress", []],
  ["inside.alias.example", "closedAddress", []],
  ["here.example", "closedAddress", []],
  ["127.0.0.1", "closedAddress", []],
  ["none.example", "noAddress", []],
  ["nowhere.example", "noAddress", []],
  ["127.1", "noAddress", []], // To the system's own resolver this is 127.0.0.1.
  ["0x7f000001", "noAddress", []],
  ["2130706433", "noAddress", []],
  [`${"a".repeat(63)}.`.repeat(3) + "b".repeat(63), "noAddress", []],
  [`${"a".repeat(63)}.`.repeat(3) + "b".repeat(62), "noAddress", []], // A domain, and too long for the DNS.
  ["", "noAddress", []],
  [".", "noAddress", []],
  ["a..example", "noAddress", []],
  ["open.example/", "noAddress", []],
  ["[9.9.9.9]", "noAddress", []],
  ["9.9.9.9:80", "noAddress", []],
  ["fe80::1%eth0", "noAddress", []],
  ["open.example\0", "noAddress", []],
  ["silent.example", "dns", []],
];
for (const [host, failure, expected] of cases) {
  Deno.test(`${host.slice(0, 30)} is ${failure}, and ${expected.length} addresses are dialled`, async () => {
    const { dialer, dialled } = watched();
    assert.equal(await failureOf(dialer.dial({ host, port: 443, totalMs: 1000 })), failure);
    assert.deepEqual(dialled, expected);
  });
}

/** One of each range; `base/open_address_test.ts` has their ends. */
const closed = [
  ..."0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 192.0.0.8 192.0.2.1"
    .split(" "),
  ..."192.88.99.1 192.168.0.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255".split(
    " ",
  ),
  ..."::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1 :: ::1".split(" "),
  ..."64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b:1::1 64:ff9b:1::9.9.9.9".split(" "),
  ..."2002:7f00:1::1 2002:c0a8:101:: 2002:909:909::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2".split(" "),
  ..."100::1 100:0:0:1::1 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 3fff::1 4000::1 5f00::1".split(" "),
  ..."fc00::1 fd12:3456::1 fe80::1 fec0::1 ff02::1".split(" "),
];
for (const address of closed) {
  Deno.test(`${address} is not dialled, named or looked up`, async () => {
    const { dialer, dialled } = watched({ resolver: new ZoneResolver({ "x.example": addresses(address) }) });
    for (const host of ["x.example", address]) {
      assert.equal(await failureOf(dialer.dial({ host, port: 443, totalMs: 1000 })), "closedAddress");
    }
    assert.deepEqual(dialled, []);
  });
}

Deno.test("loopback, and only that, can be allowed", async () => {
  const { dialer, dialled } = watched({ allowLoopback: true });
  assert.equal(
    await failureOf(dialer.dial({ host: "here.example", port: 443, totalMs: 1000 })),
    "unreachable",
  );
  assert.equal(await failureOf(dialer.dial({ host: "::1", port: 443, totalMs: 1000 })), "unreachable");
  assert.equal(
    await failureOf(dialer.dial({ host: "inside.example", port: 443, totalMs: 1000 })),
    "closedAddress",
  );
  assert.deepEqual(dialled, ["127.0.0.1", "::1"]);
});

Deno.test("of very many addresses the first are looked at, and of these the first dialled", async () => {
  const { dialer, dialled } = watched();
  await failureOf(dialer.dial({ host: "many.example", port: 443, totalMs: 1000 }));
  assert.equal(dialled.length, maxDialled);
  assert.equal(
    await failureOf(dialer.dial({ host: "crowded.example", port: 443, totalMs: 1000 })),
    "closedAddress",
  );
});

Deno.test("all addresses share the time, and who gives up is told at once", async () => {
  const clock = new FakeClock();
  const waits: (number | undefined)[] = [];
  const dial = ({ signal, connectTimeoutMs }: DialSettings) => {
    waits.push(connectTimeoutMs);
    const { promise, reject } = Promise.withResolvers<DialedTransport>();
    const end = (why: "timeout" | "closed") => reject(new TransportError(why, "no answer"));
    const late = clock.after(connectTimeoutMs ?? Infinity, () => end("timeout"));
    signal?.addEventListener("abort", () => {
      late.cancel();
      end("closed");
    });
    return promise;
  };
  const { dialer } = watched({ clock, dial });
  const failed = failureOf(dialer.dial({ host: "open.example", port: 443, totalMs: 12_000 }));
  await clock.advance(12_000);
  assert.equal(await failed, "unreachable");
  assert.deepEqual(waits.splice(0), [4000, 4000, 4000]);
  const slow = failureOf(dialer.dial({ host: "open.example", port: 443, totalMs: 60_000 }));
  await clock.advance(60_000);
  assert.equal(await slow, "unreachable");
  assert.deepEqual(waits, [maxAddressMs, maxAddressMs, 40_000]);
  const abort = new AbortController();
  const given = failureOf(
    dialer.dial({ host: "open.example", port: 1, totalMs: 9000, signal: abort.signal }),
  );
  await clock.advance(1);
  abort.abort();
  assert.equal(await given, "aborted");
  assert.equal(
    await failureOf(dialer.dial({ host: "open.example", port: 1, totalMs: 9, signal: AbortSignal.abort() })),
    "aborted",
  );
  assert.equal(clock.pending, 0);
});

Deno.test("the checked address is dialled, with the name for TLS", async () => {
  const listener = await listenLocally({ handler: (transport) => transport.close(), implicitTls: true });
  const dialer = new CheckedDialer({
    resolver: new ZoneResolver({ localhost: addresses("127.0.0.1") }),
    clock: systemClock,
    allowLoopback: true,
  });
  const target = { host: "localhost", port: listener.port, totalMs: 5000 };
  const transport = await dialer.dial({ ...target, tls: trustLocalhost() });
  assert.equal(transport.tls?.serverName, "localhost");
  assert.equal(transport.serverProof?.problem, null);
  transport.destroy();
  const tls = { serverName: "localhost", trusted: [testCertificate("other.example").chainPem] };
  assert.equal(await failureOf(dialer.dial({ ...target, tls })), "handshake");
  await listener.close(1000);
});

Deno.test("who gives up in the middle of a handshake is told at once", async () => {
  const abort = new AbortController();
  const listener = await listenLocally({
    handler: async (transport) => {
      await transport.read(); // The ClientHello, which gets no answer.
      abort.abort();
      assert.equal(await transport.read(), null);
    },
  });
  const dialer = new CheckedDialer({
    resolver: new ZoneResolver({}),
    clock: systemClock,
    allowLoopback: true,
  });
  const target = { host: "127.0.0.1", port: listener.port, totalMs: 60_000, signal: abort.signal };
  assert.equal(await failureOf(dialer.dial({ ...target, tls: trustLocalhost() })), "aborted");
  await listener.close(1000);
});
