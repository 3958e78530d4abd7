/**
 * Certificates with another's public key, sound and odd, with some octets changed: whatever the runtime makes of them,
 * nobody who lacks the key has shown anything.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { dialLocally } from "../../src/net/testing/loopback.ts";
import { startImpostor } from "../../src/net/testing/impostor_server.ts";
import { TransportError } from "../../src/net/transport.ts";
import { issue } from "../../src/tls/testing/certificate_maker.ts";
import { oddForms, soundForms } from "../../src/tls/testing/odd_certificates.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5");
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;

const victim = issue({ name: "mx.example.org", dnsNames: ["mx.example.org"] });
const thief = issue({ name: "somebody else" });
const forms = [...soundForms(victim.spki), ...oddForms(victim.spki)].map(([, der]) => der);

const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 });
const certificate = fc.tuple(fc.constantFrom(...forms), changes).map(([der, changes]) => {
  const changed = der.slice();
  for (const [at, value] of changes) changed[at % changed.length] = value;
  return changed;
});

Deno.test("fuzz: without the key, no certificate is believed", async () => {
  const property = fc.asyncProperty(certificate, async (der) => {
    const server = await startImpostor(der, thief.keys.privateKey);
    try {
      const tls = { serverName: "mx.example.org", unverified: true };
      const transport = await dialLocally(server.port, { tls });
      transport.destroy();
      assert.deepEqual(transport.serverProof?.chain, []);
    } catch (error) {
      assert.ok(error instanceof TransportError, error instanceof Error ? error.stack : String(error));
    } finally {
      await server.close();
    }
  });
  const end = performance.now() + seconds * 1000;
  for (let round = seed; round === seed || performance.now() < end; round++) {
    await fc.assert(property, { seed: round, numRuns: 20 });
  }
});
