/**
 * Whether whoever shows a certificate has its key, as far as the runtime says, and where it does not say.
 *
 * @module
 */
import assert from "node:assert/strict";
import { issue } from "../tls/testing/certificate_maker.ts";
import { oddForms, soundForms } from "../tls/testing/odd_certificates.ts";
import { startImpostor } from "./testing/impostor_server.ts";
import { utf8 } from "../base/bytes.ts";
import { dialLocally, listenLocally, readUntil } from "./testing/loopback.ts";
import { TransportError } from "./transport.ts";

const victim = issue({ name: "mx.example.org", dnsNames: ["mx.example.org"] });
const thief = issue({ name: "somebody else" });
const tls = { serverName: "mx.example.org", unverified: true };

/** What a client believes of a server: `failed` if the handshake did. */
async function believed(der: Uint8Array, { keys }: typeof victim) {
  const server = await startImpostor(der, keys.privateKey);
  try {
    const transport = await dialLocally(server.port, { tls });
    const proof = transport.serverProof;
    transport.destroy();
    return proof;
  } catch (error) {
    assert.ok(error instanceof TransportError, String(error));
    assert.equal(error.failure, "handshake");
    return "failed";
  } finally {
    await server.close();
  }
}

for (const [what, der] of soundForms(victim.spki)) {
  Deno.test(`a server with a certificate ${what} is believed to have it, if it has its key`, async () => {
    const proof = await believed(der, victim);
    assert.ok(proof !== "failed" && proof !== null);
    assert.deepEqual(proof.chain, [der]);
    assert.equal(await believed(der, thief), "failed");
  });
}

for (const [what, der] of oddForms(victim.spki)) {
  Deno.test(`a server with a certificate ${what}, of whose key nobody can tell, has shown nothing`, async () => {
    for (const who of [victim, thief]) {
      const proof = await believed(der, who);
      if (proof === "failed") continue;
      assert.ok(proof !== null);
      assert.deepEqual(proof.chain, []);
      assert.notEqual(proof.problem, null);
    }
  });
}

// A session that is taken up again brings back who was there without a look at the certificate.
for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  Deno.test(`${version}: who was not verified the first time is not the second time either`, async () => {
    const listener = await listenLocally({
      implicitTls: true,
      handler: async (transport) => {
        await transport.write(utf8("hello\n"));
        await transport.close();
      },
    });
    for (let i = 0; i < 3; i++) {
      const tls = { serverName: "localhost", unverified: true, maxVersion: version };
      const transport = await dialLocally(listener.port, { tls });
      await readUntil(transport, "\n"); // Tickets come before.
      assert.notEqual(transport.serverProof?.problem, null);
      await transport.close();
    }
    const tls = { serverName: "localhost", maxVersion: version };
    await assert.rejects(dialLocally(listener.port, { tls }), TransportError);
    await listener.close(0);
  });
}
