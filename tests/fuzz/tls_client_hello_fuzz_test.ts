/**
 * Anything at all as the first bytes of a connection: the reader must answer, keep to its limits, and not
 * mind where the bytes are cut.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { ClientHelloReader, maxClientHelloBytes } from "../../src/tls/client_hello.ts";
import { clientHelloMessage, records } from "../../src/tls/testing/client_hellos.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5");
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;

const hello = records(
  clientHelloMessage({
    serverName: "mail.example.org",
    alpn: ["imap"],
    signatureSchemes: [0x0403],
    versions: [0x0304],
  }),
);

/** Valid, with some bytes changed; in odd records; or nothing like it. */
const input = fc.oneof(
  fc.uint8Array({ maxLength: 600 }),
  fc.uint8Array({ maxLength: 600 }).map((bytes) => records(bytes, 50)),
  fc.uint8Array({ maxLength: 600 }).map((bytes) => new Uint8Array([22, 3, 1, ...bytes])),
  fc.array(fc.tuple(fc.nat(hello.length - 1), fc.nat(255)), { maxLength: 6 }).map((changes) => {
    const bytes = hello.slice();
    for (const [at, value] of changes) bytes[at] = value;
    return bytes;
  }),
);

Deno.test("fuzz: the ClientHello reader", () => {
  const property = fc.property(input, fc.array(fc.nat(100), { maxLength: 20 }), (bytes, cuts) => {
    const whole = new ClientHelloReader().push(bytes);
    const reader = new ClientHelloReader();
    let at = 0;
    let result = reader.push(bytes.subarray(0, 0));
    for (const cut of [...cuts, bytes.length]) {
      result = reader.push(bytes.subarray(at, at + cut));
      at += cut;
    }
    assert.deepEqual(result, whole);
    if (result.kind === "more") assert.ok(bytes.length < maxClientHelloBytes);
  });
  const end = performance.now() + seconds * 1000;
  for (let round = seed; round === seed || performance.now() < end; round++) {
    fc.assert(property, { seed: round, numRuns: 200 });
  }
});
