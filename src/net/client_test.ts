import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { utf8 } from "../base/bytes.ts";
import type { ClientTls } from "./client_tls.ts";
import { systemClock } from "./system_clock.ts";
import { dial } from "./client.ts";
import {
  dialLocally,
  listenLocally,
  localhostCertificate,
  readUntil,
  testCertificate,
  trustLocalhost,
} from "./testing/loopback.ts";
import { type Transport, TransportError } from "./transport.ts";

const greet = async (transport: Transport) => {
  await transport.write(utf8("hello"));
  await transport.read();
};

Deno.test("dial() refuses what is no address", async () => {
  for (const address of ["localhost", "", "127.0.0.1:25", "[::1]"]) {
    await assert.rejects(dial({ address, port: 25, clock: systemClock }), RangeError);
  }
});

Deno.test("dial() tells that nobody listens, with the system's code", async () => {
  const listener = await listenLocally({ handler: greet });
  await listener.close(0);
  await assert.rejects(dialLocally(listener.port), (error) => {
    assert.ok(error instanceof TransportError);
    assert.equal(error.failure, "reset");
    assert.match(String(Object(error.cause).code), /ECONNREFUSED/);
    return true;
  });
});

Deno.test("dial() gives up on a server that does not answer", async () => {
  const clock = new FakeClock();
  // A test network (RFC 5737) that nothing answers for; where the system says so at once, that is an answer too.
  const dialed = dial({ address: "192.0.2.1", port: 25, clock, connectTimeoutMs: 1000 });
  const failed = assert.rejects(dialed, TransportError);
  await clock.advance(1000);
  await failed;
  assert.equal(clock.pending, 0);
});

Deno.test("dial() is given up at once, before it begins and while it waits", async () => {
  const clock = new FakeClock();
  const gone = AbortSignal.abort();
  const closed = (error: unknown) => error instanceof TransportError && error.failure !== "timeout";
  await assert.rejects(dial({ address: "192.0.2.1", port: 25, clock, signal: gone }), closed);
  const giveUp = new AbortController();
  const failed = assert.rejects(
    dial({ address: "192.0.2.1", port: 25, clock, signal: giveUp.signal }),
    closed,
  );
  giveUp.abort();
  await failed;
  assert.equal(clock.pending, 0);
});

const other = testCertificate("other.example");
const verdicts: [what: string, tls: ClientTls, problem: RegExp | null, accepted: boolean][] = [
  ["trusted, and the name fits", trustLocalhost(), null, true],
  ["trusted, and the address fits", { ...trustLocalhost(), serverName: "127.0.0.1" }, null, true],
  ["of another name", { ...trustLocalhost(), serverName: "other.example" }, /./, false],
  ["not trusted", { serverName: "localhost", trusted: [other.chainPem] }, /./, false],
  ["not trusted by the runtime's own list", { serverName: "localhost" }, /./, false],
  ["not trusted, and nobody cares", { serverName: "localhost", unverified: true }, /./, true],
  ["without a name, and nobody cares", { serverName: null, unverified: true }, /./, true],
];
for (const [what, tls, problem, accepted] of verdicts) {
  Deno.test(`a server's certificate that is ${what} is ${accepted ? "accepted" : "refused"}`, async () => {
    const listener = await listenLocally({ handler: greet, implicitTls: true });
    const dialed = dialLocally(listener.port, { tls });
    if (accepted) {
      const client = await dialed;
      assert.equal(await readUntil(client, "hello"), "hello");
      const proof = client.serverProof;
      if (problem === null) assert.equal(proof?.problem, null);
      else assert.match(proof?.problem ?? "", problem);
      assert.equal(proof?.chain.length, 1);
      client.destroy();
    } else {
      await assert.rejects(
        dialed,
        (error) => error instanceof TransportError && error.failure === "handshake",
      );
    }
    await listener.close(1000);
  });
}

Deno.test("verification without a name to verify is a mistake", async () => {
  const listener = await listenLocally({ handler: greet, implicitTls: true });
  await assert.rejects(dialLocally(listener.port, { tls: { serverName: null } }), TypeError);
  await listener.close(1000);
});

Deno.test("a name that is another's is not accepted because it was asked for", async () => {
  const listener = await listenLocally({ handler: greet, implicitTls: true });
  const tls = { serverName: "other.example", trusted: [localhostCertificate().chainPem], unverified: true };
  const client = await dialLocally(listener.port, { tls });
  assert.notEqual(client.serverProof?.problem, null);
  client.destroy();
  await listener.close(1000);
});
