import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { concat, fromUtf8, indexOfBytes, noBytes, utf8 } from "../base/bytes.ts";
import { Certificates, type CertificateStore, fingerprintOf, loadCertificate } from "../tls/certificates.ts";
import { clientHelloMessage, type HelloOffer, records } from "../tls/testing/client_hellos.ts";
import { rsaPair } from "../tls/testing/rsa_certificate.ts";
import { createSelfSigned } from "../tls/self_signed.ts";
import type { DialedTransport } from "./client.ts";
import type { ClientTls } from "./client_tls.ts";
import { slotMs } from "./deadlines.ts";
import { systemClock } from "./system_clock.ts";
import type { ServerTls } from "./server_tls.ts";
import {
  dialLocally,
  listenLocally,
  localhostCertificate,
  localhostStore,
  rawClient,
  readAll,
  readUntil,
  received,
  testCertificate,
  trustLocalhost,
  withServerEnd,
} from "./testing/loopback.ts";
import { queueHighBytes, type Transport, TransportError, type TransportFailure } from "./transport.ts";

const says = (failure: TransportFailure) => (error: unknown) => {
  assert.ok(error instanceof TransportError, String(error));
  assert.equal(error.failure, failure, error.message);
  return true;
};

/** Both ends, after STARTTLS. */
async function secured(
  serverTls: Partial<ServerTls>,
  clientTls: Partial<ClientTls>,
  run: (server: Transport, client: DialedTransport) => Promise<void>,
): Promise<void> {
  const tls = { certificates: localhostStore(), ...serverTls };
  await withServerEnd({ tls }, dialLocally, async (server, client) => {
    await Promise.all([server.startTls(), client.startTls({ ...trustLocalhost(), ...clientTls })]);
    await run(server, client);
  });
}

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  Deno.test(`${version}: both ends agree on what was settled, and talk`, async () => {
    const tls = { minVersion: version, maxVersion: version, alpn: ["h2", "imap"] } as const;
    await secured({ alpn: ["imap"] }, tls, async (server, client) => {
      assert.equal(server.tls?.version, version);
      assert.deepEqual(server.tls, client.tls);
      assert.equal(server.tls?.serverName, "localhost");
      assert.equal(server.tls?.alpn, "imap");
      assert.match(server.tls?.cipher ?? "", /^[\w-]{10,}$/);
      await server.write(utf8("* OK\r\n"));
      assert.equal(await readUntil(client, "\n"), "* OK\r\n");
      await client.write(utf8("a LOGOUT\r\n"));
      assert.equal(await readUntil(server, "\n"), "a LOGOUT\r\n");
      const closed = client.close();
      assert.equal(await server.read(), null);
      await Promise.all([server.close(), closed]);
    });
  });
}

Deno.test("large writes over TLS arrive whole in both directions", async () => {
  await secured({}, {}, async (server, client) => {
    const bytes = new Uint8Array(5_000_001).map((_, i) => i * 31 >> 3);
    for (const [from, to] of [[server, client], [client, server]] as const) {
      const written = from.write(bytes);
      let length = 0;
      while (length < bytes.length) {
        const piece = await to.read();
        assert.ok(piece !== null);
        assert.deepEqual(piece, bytes.subarray(length, length + piece.length));
        length += piece.length;
      }
      await written;
    }
  });
});

Deno.test("over TLS too, a client that has closed its side still gets its answer", async () => {
  await withServerEnd({ implicitTls: true }, (port) => tlsUnder(port), async (server, [raw, top]) => {
    let answer = "";
    top.on("data", (piece: Uint8Array) => answer += fromUtf8(piece));
    const ended = once(top, "end");
    top.end("all I have"); // And close_notify.
    assert.equal(fromUtf8(await readAll(server)), "all I have");
    await server.write(utf8("thanks"));
    const closed = server.close();
    await ended;
    raw.end();
    await closed;
    assert.equal(answer, "thanks");
    top.destroy();
  });
});

// STARTTLS. reference: deno.md 0.2

/** A server that says 220 to STARTTLS and then echoes. */
const upgradingServer = () =>
  listenLocally({
    handler: async (transport) => {
      const line = await readLine(transport);
      assert.equal(line, "STARTTLS");
      await transport.write(utf8("220 go ahead\r\n"));
      await transport.startTls();
      for (let piece = await transport.read(); piece !== null; piece = await transport.read()) {
        await transport.write(piece);
      }
    },
  });

/** One line; what follows is put back, as sessions must before startTls(). */
async function readLine(transport: Transport): Promise<string> {
  let got = noBytes;
  for (;;) {
    const piece = await transport.read();
    assert.ok(piece !== null);
    got = concat([got, piece]);
    const end = got.indexOf(10);
    if (end === -1) continue;
    transport.unread(got.slice(end + 1));
    return fromUtf8(got.subarray(0, end)).trimEnd();
  }
}

/**
 * A client in one packet train: STARTTLS and, in the same write, the ClientHello. Its TLS runs over a pair of
 * streams, so that the first flight can be held back and the server's 220 taken out.
 */
async function eagerClient(port: number, text: string): Promise<string> {
  const socket = await rawClient(port);
  let first = true;
  let plain = noBytes;
  let secure = false;
  const under = new Duplex({
    read() {},
    write(chunk: Uint8Array, _encoding, done) {
      socket.write(first ? concat([utf8("STARTTLS\r\n"), chunk]) : chunk, done);
      first = false;
    },
    final(done) {
      socket.end(done);
    },
  });
  under.on("error", () => {});
  socket.on("data", (chunk: Uint8Array) => {
    if (secure) return void under.push(chunk);
    plain = concat([plain, chunk]);
    const end = plain.indexOf(10);
    if (end === -1) return;
    secure = true;
    assert.equal(fromUtf8(plain.subarray(0, end + 1)), "220 go ahead\r\n");
    if (end + 1 < plain.length) under.push(plain.slice(end + 1));
  });
  socket.on("end", () => under.push(null));
  const top = connectTls({ socket: under, servername: "localhost", ca: localhostCertificate().chainPem });
  try {
    return await new Promise<string>((resolve, reject) => {
      let got = "";
      top.on("error", reject);
      socket.once("close", () => reject(new Error("closed")));
      top.on("data", (chunk: Uint8Array) => {
        got += fromUtf8(chunk);
        if (got.length >= text.length) resolve(got);
      });
      top.write(text);
    });
  } finally {
    top.destroy();
    under.destroy();
    socket.destroy();
  }
}

const long = Deno.env.get("MAILDEN_LONG_TESTS") === "1";
const upgrades: [atOnce: number, rounds: number][] = long ? [[1, 1000], [20, 200]] : [[1, 50], [20, 10]];
for (const [atOnce, rounds] of upgrades) {
  Deno.test(`STARTTLS with the ClientHello in the same packet, ${atOnce} at once, ${rounds} times`, async () => {
    const server = await upgradingServer();
    for (let round = 0; round < rounds; round++) {
      const answers = Array.from({ length: atOnce }, (_, i) => eagerClient(server.port, `${round}/${i}`));
      for (const [i, answer] of (await Promise.all(answers)).entries()) assert.equal(answer, `${round}/${i}`);
    }
    await server.close(1000);
  });
}

Deno.test("STARTTLS, 20 polite clients at once, again and again", async () => {
  const server = await upgradingServer();
  for (let round = 0; round < (long ? 100 : 5); round++) {
    await Promise.all(Array.from({ length: 20 }, async (_, i) => {
      const client = await dialLocally(server.port);
      await client.write(utf8("STARTTLS\r\n"));
      await readUntil(client, "\n");
      await client.startTls(trustLocalhost());
      await client.write(utf8(`hello ${i}`));
      assert.equal(await readUntil(client, String(i)), `hello ${i}`);
      client.destroy();
    }));
  }
  await server.close(1000);
});

const hello = records(clientHelloMessage({ serverName: "localhost", signatureSchemes: [0x0403] }));
const injections: [what: string, bytes: Uint8Array, failure: TransportFailure][] = [
  ["a command", utf8("NOOP\r\n"), "injected"],
  ["one byte", utf8("N"), "injected"],
  ["a command and then a ClientHello", concat([utf8("NOOP\r\n"), hello]), "injected"],
  ["an empty line and then a ClientHello", concat([utf8("\r\n"), hello]), "injected"],
  ["a TLS alert", new Uint8Array([21, 3, 3, 0, 2, 1, 0]), "injected"],
  ["0x16 and then text", utf8("\x16NOOP\r\n"), "injected"],
  ["a hello of SSL 2.0", new Uint8Array([0x80, 46, 1, 3, 1, 0, 0]), "injected"],
  ["a broken ClientHello", records(new Uint8Array([2, 0, 0, 0])), "handshake"],
  ["a ClientHello without key exchange", hello, "handshake"],
];
for (const [what, bytes, failure] of injections) {
  for (const together of [true, false]) {
    const when = together ? "in the same packet as" : "after the answer to";
    Deno.test(`${what} ${when} STARTTLS is refused (${failure})`, async () => {
      await withServerEnd({}, rawClient, async (server, client) => {
        const got = received(client);
        client.once("end", () => client.end());
        client.write(together ? concat([utf8("STARTTLS\r\n"), bytes]) : utf8("STARTTLS\r\n"));
        await readLine(server);
        const upgraded = assert.rejects(server.startTls(), says(failure));
        if (!together) client.write(bytes);
        await upgraded;
        await assert.rejects(server.read(), says(failure)); // No byte of it is ever seen.
        await server.close();
        const answer = await got;
        assert.ok(answer.length === 0 || answer[0] === 21, "nothing, or an alert");
      });
    });
  }
}

Deno.test("a server that speaks behind its answer to STARTTLS is refused by the client", async () => {
  await withServerEnd({}, dialLocally, async (server, client) => {
    await server.write(utf8("220 go ahead\r\n250 injected\r\n"));
    await readLine(client);
    await assert.rejects(client.startTls(trustLocalhost()), says("injected"));
  });
});

// Handshakes that do not end well.

/** Enough for TLS 1.2, where the server's certificate comes unencrypted. */
const tls12 = { serverName: "localhost", groups: [23, 29], versions: [0x0303] };

const stalls: [what: string, bytes: Uint8Array][] = [
  ["before the first byte", noBytes],
  ["in a record header", hello.subarray(0, 3)],
  ["in the ClientHello", hello.subarray(0, 50)],
];
for (const [what, bytes] of stalls) {
  Deno.test(`a handshake that stalls ${what} is ended`, async () => {
    const clock = new FakeClock();
    const times = { handshakeTimeoutMs: 1000 };
    await withServerEnd({ clock, times }, rawClient, async (server, client) => {
      const closed = received(client);
      client.write(bytes);
      const upgraded = assert.rejects(server.startTls(), says("timeout"));
      await clock.advance(999);
      assert.ok(!server.ended.aborted);
      await clock.advance(1 + slotMs);
      await upgraded;
      assert.ok(server.ended.aborted);
      assert.equal(clock.pending, 0);
      client.end();
      await closed;
    });
  });
}

Deno.test("a handshake that stalls after the server's answer is ended", async () => {
  const clock = new FakeClock();
  await withServerEnd({ clock, times: { handshakeTimeoutMs: 1000 } }, rawClient, async (server, client) => {
    const upgraded = assert.rejects(server.startTls(), says("timeout"));
    const answered = new Promise((resolve) => client.once("data", resolve));
    const top = connectTls({ socket: withheld(client), servername: "localhost" });
    top.on("error", () => {});
    await answered;
    await clock.advance(1000 + slotMs);
    await upgraded;
    top.destroy();
    client.destroy();
  });
});

/** A stream that sends but hears nothing, so that a client's handshake stops in the middle. */
function withheld(socket: Socket): Duplex {
  return new (class extends Duplex {
    override _read() {}
    override _write(chunk: Uint8Array, _encoding: string, done: () => void) {
      socket.write(chunk, done);
    }
  })();
}

for (const how of ["end", "resetAndDestroy"] as const) {
  Deno.test(`a client that leaves in the middle of a handshake (${how}) does no harm`, async () => {
    await withServerEnd({}, rawClient, async (server, client) => {
      const upgraded = assert.rejects(server.startTls(), (error) => error instanceof TransportError);
      client.write(hello.subarray(0, 60));
      setImmediate(() => client[how]());
      await upgraded;
      assert.ok(server.ended.aborted);
    });
  });
}

const complaints: [what: string, offer: HelloOffer, alert: number][] = [
  ["only TLS 1.2", { ...tls12, signatureSchemes: [0x0403], cipherSuites: [0xc02b] }, 70], // protocol_version
  ["no key shares", { versions: [0x0304], signatureSchemes: [0x0403], cipherSuites: [0x1301] }, 40], // handshake_failure
];
for (const [what, offer, alert] of complaints) {
  Deno.test(`a client that offers ${what} to a server of TLS 1.3 is told so by alert ${alert}`, async () => {
    const tls = { certificates: localhostStore(), minVersion: "TLSv1.3" } as const;
    await withServerEnd({ tls }, rawClient, async (server, client) => {
      const got = received(client);
      client.once("end", () => client.end());
      const upgraded = assert.rejects(server.startTls(), says("handshake"));
      client.write(records(clientHelloMessage({ serverName: "localhost", ...offer })));
      await upgraded;
      await server.close();
      assert.deepEqual([...await got], [21, 3, 3, 0, 2, 2, alert]);
    });
  });
}

Deno.test("a reset after the handshake ends the read that waits", async () => {
  await withServerEnd({ implicitTls: true }, (port) => tlsUnder(port), async (server, [raw, top]) => {
    const read = assert.rejects(server.read(), says("reset"));
    raw.resetAndDestroy();
    await read;
    top.destroy();
  });
});

Deno.test("a damaged record after the handshake ends the connection", async () => {
  await withServerEnd({ implicitTls: true }, (port) => tlsUnder(port), async (server, [raw, top]) => {
    const read = assert.rejects(server.read(), says("reset"));
    raw.write(new Uint8Array([23, 3, 3, 0, 20, ...new Array(20).fill(1)]));
    await read;
    assert.ok(server.ended.aborted);
    top.destroy();
    raw.destroy();
  });
});

Deno.test("plain bytes after the handshake end the connection", async () => {
  await withServerEnd({ implicitTls: true }, (port) => tlsUnder(port), async (server, [raw, top]) => {
    const read = assert.rejects(server.read(), says("reset"));
    raw.write("QUIT\r\n");
    await read;
    top.destroy();
    raw.destroy();
  });
});

/** A TLS client whose raw socket can be played with. */
async function tlsUnder(port: number): Promise<[raw: Socket, top: TLSSocket]> {
  const raw = await rawClient(port);
  const under = new (class extends Duplex {
    override _read() {}
    override _write(chunk: Uint8Array, _encoding: string, done: () => void) {
      raw.write(chunk, done);
    }
  })();
  raw.on("data", (chunk: Uint8Array) => under.push(chunk));
  raw.on("end", () => under.push(null));
  const top = connectTls({ socket: under, servername: "localhost", rejectUnauthorized: false });
  top.on("error", () => {});
  await new Promise<void>((resolve, reject) => top.once("secureConnect", resolve).once("error", reject));
  return [raw, top];
}

Deno.test("destroy() in the middle of a handshake frees everything", async () => {
  await withServerEnd({}, dialLocally, async (server, client) => {
    const upgrades = [
      assert.rejects(server.startTls(), says("closed")),
      assert.rejects(client.startTls(trustLocalhost()), TransportError),
    ];
    server.destroy();
    await Promise.all(upgrades);
  });
});

// Which certificate.

const shown = (client: DialedTransport) =>
  fingerprintOf(new X509Certificate(client.serverProof?.chain[0] ?? noBytes));

/** Shakes hands with a listener, and says whose certificate was shown. */
async function shownTo(port: number, tls: Partial<ClientTls>): Promise<string> {
  const client = await dialLocally(port, { tls: { serverName: "localhost", unverified: true, ...tls } });
  const fingerprint = shown(client);
  client.destroy();
  return fingerprint;
}

const echo = async (transport: Transport) => void await transport.read();

Deno.test("the certificate is chosen by the name that the client asks for", async () => {
  const [one, two, star] = [
    testCertificate("one.example"),
    testCertificate("two.example"),
    testCertificate("*.three.example"),
  ];
  const certificates = new Certificates([one, two, star]);
  const listener = await listenLocally({ handler: echo, implicitTls: true, tls: { certificates } });
  const expected = [
    ["one.example", one],
    ["TWO.example", two],
    ["mail.three.example", star],
    ["unknown.example", one], // The default.
    [null, one],
  ] as const;
  for (const [serverName, certificate] of expected) {
    assert.equal(await shownTo(listener.port, { serverName }), certificate.fingerprint, String(serverName));
  }
  await listener.close(1000);
});

const signers: [what: string, offer: HelloOffer, chosen: "rsa" | "p256"][] = [
  [
    "both, ECDSA first",
    { ...tls12, signatureSchemes: [0x0403, 0x0804], cipherSuites: [0xc02b, 0xc02f] },
    "p256",
  ],
  [
    "both, RSA first",
    { ...tls12, signatureSchemes: [0x0804, 0x0403], cipherSuites: [0xc02f, 0xc02b] },
    "p256",
  ],
  ["RSA only", { ...tls12, signatureSchemes: [0x0804, 0x0401], cipherSuites: [0xc02b, 0xc02f] }, "rsa"],
  ["suites for RSA only", { ...tls12, signatureSchemes: [0x0403, 0x0804], cipherSuites: [0xc02f] }, "rsa"],
];
for (const [what, offer, chosen] of signers) {
  Deno.test(`a client that can check ${what} is shown the ${chosen} certificate`, async () => {
    const both = { rsa: loadCertificate(rsaPair), p256: localhostCertificate() };
    const tls = { certificates: new Certificates([both.rsa, both.p256]) };
    await withServerEnd({ tls }, rawClient, async (server, client) => {
      const upgraded = assert.rejects(server.startTls(), TransportError);
      client.write(records(clientHelloMessage(offer)));
      const der = new X509Certificate(both[chosen].chainPem).raw;
      let flight = noBytes;
      while (indexOfBytes(flight, new Uint8Array(der)) === -1) {
        const [piece] = await once(client, "data") as [Uint8Array];
        flight = concat([flight, piece]);
        assert.equal(flight[0], 22, "a handshake record");
      }
      client.destroy();
      await upgraded;
    });
  });
}

Deno.test("a renewed certificate is used by the next connection, and not by those that are there", async () => {
  const [old, renewed] = [testCertificate("localhost"), testCertificate("localhost")];
  const certificates = new Certificates([old]);
  const listener = await listenLocally({
    implicitTls: true,
    tls: { certificates },
    handler: async (transport) => {
      await transport.read();
      await transport.write(utf8("still here"));
    },
  });
  const tls = { serverName: "localhost", trusted: [old.chainPem, renewed.chainPem] };
  const before = await dialLocally(listener.port, { tls });
  assert.equal(shown(before), old.fingerprint);
  certificates.replace([renewed]);
  assert.equal(await shownTo(listener.port, tls), renewed.fingerprint);
  await before.write(utf8("?"));
  assert.equal(await readUntil(before, "here"), "still here");
  before.destroy();
  await listener.close(1000);
});

// Alerts that the ClientHello alone decides.

const alerting: [what: string, tls: Partial<ServerTls>, offer: HelloOffer, alert: number][] = [
  [
    "an unknown name, where those are refused",
    { refuseUnknownNames: true },
    { serverName: "x.example" },
    112,
  ],
  ["no protocol in common", { alpn: ["imap"] }, { serverName: "localhost", alpn: ["h2"] }, 120],
  ["no certificate at all", { certificates: new Certificates([]) }, {}, 80],
];
for (const [what, tls, offer, alert] of alerting) {
  Deno.test(`${what} is answered with alert ${alert}`, async () => {
    const settings = { certificates: localhostStore(), ...tls };
    await withServerEnd({ tls: settings }, rawClient, async (server, client) => {
      const got = received(client);
      client.once("end", () => client.end());
      const upgraded = assert.rejects(server.startTls(), says("handshake"));
      client.write(records(clientHelloMessage(offer)));
      await upgraded;
      await server.close();
      assert.deepEqual([...await got], [21, 3, 3, 0, 2, 2, alert]);
    });
  });
}

Deno.test("a certificate store that fails costs one handshake, not the process", async () => {
  const certificates: CertificateStore = {
    choose: () => {
      throw new Error("no disk");
    },
  };
  await withServerEnd({ tls: { certificates } }, rawClient, async (server, client) => {
    client.write(hello);
    await assert.rejects(server.startTls(), says("handshake"));
  });
});

Deno.test("a certificate that the runtime refuses costs one handshake, not the process", async () => {
  const broken = { ...localhostCertificate(), keyPem: "no key" };
  await withServerEnd(
    { tls: { certificates: new Certificates([broken]) } },
    rawClient,
    async (server, client) => {
      client.write(hello);
      await assert.rejects(server.startTls(), says("handshake"));
    },
  );
});

Deno.test("a client that closed its side right behind STARTTLS and its ClientHello is let go", async () => {
  await withServerEnd({}, rawClient, async (server, client) => {
    client.end(concat([utf8("STARTTLS\r\n"), hello]));
    await readLine(server);
    while (await server.read() !== null) { /* Until the end has come, too. */ }
    server.unread(hello);
    await assert.rejects(server.startTls(), says("handshake"));
  });
});

Deno.test("no name at all is no unknown name", async () => {
  await secured({ refuseUnknownNames: true }, { serverName: null, unverified: true }, async (server) => {
    assert.equal(server.tls?.serverName, null);
    await Promise.resolve();
  });
});

Deno.test("a certificate may come with protocols of its own", async () => {
  const certificates: CertificateStore = {
    choose: (hello) => ({
      certificate: localhostCertificate(),
      matched: "exact",
      ...(hello.alpn.includes("acme-tls/1") ? { alpn: ["acme-tls/1"] } : {}),
    }),
  };
  const tls = { certificates, alpn: ["imap"] };
  await secured(tls, { alpn: ["acme-tls/1"] }, async (_, client) => {
    assert.equal(client.tls?.alpn, "acme-tls/1");
    await Promise.resolve();
  });
});

// Client certificates. reference: deno.md 0.5

const clientPair = createSelfSigned({
  names: ["client.example"],
  notBefore: Date.UTC(2026, 0, 1),
  notAfter: Date.UTC(2056, 0, 1),
  serial: new Uint8Array([1]),
});

const clientCertificates: [what: string, asked: boolean, sent: boolean, known: boolean][] = [
  ["asked for and sent", true, true, true],
  ["asked for and not sent", true, false, false],
  ["sent without being asked", false, true, false],
  ["neither", false, false, false],
];
for (const [what, asked, sent, known] of clientCertificates) {
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    Deno.test(`${version}: a client certificate that is ${what} is ${known ? "known" : "unknown"}`, async () => {
      const tls = { maxVersion: version, ...(sent ? { certificate: clientPair } : {}) };
      await secured({ requestClientCertificate: asked }, tls, async (server, client) => {
        const expected = known ? loadCertificate(clientPair).fingerprint : undefined;
        assert.equal(server.tls?.clientCertificate?.fingerprint, expected);
        await client.write(utf8("x"));
        assert.equal(await readUntil(server, "x"), "x");
      });
    });
  }
}

// Memory. reference: deno.md 0.1

const flood = 200 * 1024 * 1024;

/** No byte has gone for so long: the server has stopped reading. */
const stuckMs = 300;

Deno.test("a server that does not read 200 MB over TLS keeps a little of it, and the rest when it reads", async () => {
  const server = await stalledServer();
  const [raw, top] = await tlsUnder(server.port);
  const before = await server.ask("look");
  let sent = 0;
  let last = systemClock.monotonic();
  const done = new Promise<void>((resolve) => {
    const piece = new Uint8Array(64 * 1024);
    const send = (): void => {
      last = systemClock.monotonic();
      if (sent >= flood) return resolve();
      sent += piece.length;
      top.write(piece, send);
    };
    send();
  });
  while (systemClock.monotonic() - last < stuckMs) {
    await new Promise<void>((resolve) => systemClock.after(20, resolve));
  }
  assert.ok(sent < flood / 4, `the client could send ${sent}`);
  const stuck = await server.ask("look");
  assert.ok(stuck.rss - before.rss < 30e6, `grew by ${stuck.rss - before.rss}`);
  assert.ok(stuck.buffered < queueHighBytes + 256 * 1024, `keeps ${stuck.buffered}`);
  const [read] = await Promise.all([server.ask(`read ${flood}`), done]);
  assert.deepEqual([read.result, read.buffered], ["ok", 0]);
  top.destroy();
  raw.destroy();
  await server.stop();
});

Deno.test("a server that writes 200 MB over TLS to a client that does not read is stopped early", async () => {
  const server = await stalledServer();
  const [raw, top] = await tlsUnder(server.port);
  raw.pause();
  const wrote = await server.ask(`write ${flood}`);
  assert.equal(wrote.result, "timeout");
  assert.ok(wrote.rss < flood + 100e6, `has ${wrote.rss}, and ${flood} of it are what it was to write`);
  top.destroy();
  raw.destroy();
  await server.stop();
});

interface Look {
  readonly result: string;
  readonly rss: number;
  readonly buffered: number;
}

/** See `testing/stalled_server.ts`. */
async function stalledServer() {
  const code = new URL("./testing/stalled_server.ts", import.meta.url);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "--allow-net=127.0.0.1", code.href],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = child.stdin.getWriter();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const answer = async () => {
    let line = "";
    while (!line.endsWith("\n")) {
      const { value, done } = await lines.read();
      if (done) throw new Error("the server has ended");
      line += value;
    }
    return JSON.parse(line);
  };
  return {
    port: await answer() as number,
    ask: async (line: string): Promise<Look> => {
      await input.write(utf8(`${line}\n`));
      return await answer();
    },
    stop: async () => {
      await input.close();
      child.kill("SIGKILL");
      await lines.cancel();
      await child.status;
    },
  };
}
