/**
 * Who shows a certificate without having its key: OpenSSL, talked into it by a key file whose private half is another's.
 * In both versions of TLS, as a client that wants to sign in by its certificate and as a server.
 *
 * Skipped where openssl is absent.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { KeyObject } from "node:crypto";
import { base64, type Bytes, concat, fromBase64 } from "../../src/base/bytes.ts";
import { dialLocally, listenLocally, localhostStore } from "../../src/net/testing/loopback.ts";
import { TransportError } from "../../src/net/transport.ts";
import {
  bitString,
  explicit,
  objectIdentifier,
  octetString,
  sequence,
  unsignedInteger,
} from "../../src/tls/der.ts";
import { issue } from "../../src/tls/testing/certificate_maker.ts";
import { oddForms } from "../../src/tls/testing/odd_certificates.ts";
import { join } from "../support/paths.ts";
import { has } from "../support/scenario.ts";
import { freePorts } from "../support/server.ts";

const ready = has("openssl", "version");

const victim = issue({ name: "mx.example.org", dnsNames: ["mx.example.org"] });
const thief = issue({ name: "somebody else" });
/** Of version 1, with the victim's public key. */
const odd = oddForms(victim.spki)[0]?.[1] ?? new Uint8Array(0);

function pem(label: string, bytes: Uint8Array): string {
  return `-----BEGIN ${label}-----\n${base64(bytes).replace(/.{64}/g, "$&\n")}\n-----END ${label}-----\n`;
}

const part = (key: KeyObject, name: "d" | "x" | "y"): Bytes => {
  const text = key.export({ format: "jwk" })[name] ?? "";
  return fromBase64(text.replaceAll("-", "+").replaceAll("_", "/").padEnd(44, "=")) ?? new Uint8Array(0);
};

/** A private key that says of itself that it is the one of `shown`. RFC 5915 3 */
function keyPem(key: KeyObject, shown: KeyObject): string {
  const point = concat([new Uint8Array([4]), part(shown, "x"), part(shown, "y")]);
  return pem(
    "EC PRIVATE KEY",
    sequence(
      unsignedInteger(new Uint8Array([1])),
      octetString(part(key, "d")),
      explicit(0, objectIdentifier("1.2.840.10045.3.1.7")),
      explicit(1, bitString(point)),
    ),
  );
}

const own = keyPem(victim.keys.privateKey, victim.keys.privateKey);
const stolen = keyPem(thief.keys.privateKey, victim.keys.privateKey);

const cases: [what: string, der: Uint8Array, key: string, proved: boolean][] = [
  ["its own certificate", victim.der, own, true],
  ["another's certificate", victim.der, stolen, false],
  ["a broken certificate", odd, own, false],
  ["another's key in a broken certificate", odd, stolen, false],
];

/** Writes both, for OpenSSL. */
async function withFiles(
  der: Uint8Array,
  key: string,
  run: (args: string[]) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mailden-impostor-" });
  const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  await Deno.writeTextFile(certFile, pem("CERTIFICATE", der));
  await Deno.writeTextFile(keyFile, key);
  try {
    await run(["-cert", certFile, "-key", keyFile]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const version of ["1.2", "1.3"] as const) {
  const option = `-tls${version.replace(".", "_")}`;
  const tlsVersion = `TLSv${version}` as const;
  for (const [what, der, key, proved] of cases) {
    Deno.test({
      name: `TLS ${version}: a client with ${what} is ${proved ? "known by it" : "nobody"}`,
      ignore: !ready,
      fn: () =>
        withFiles(der, key, async (files) => {
          let known: string | null = null;
          const listener = await listenLocally({
            implicitTls: true,
            tls: { certificates: localhostStore(), requestClientCertificate: true },
            handler: async (transport) => {
              known = transport.tls?.clientCertificate?.fingerprint ?? null;
              await transport.close();
            },
          });
          const connect = ["-connect", `127.0.0.1:${listener.port}`, "-quiet", option];
          await new Deno.Command("openssl", {
            args: ["s_client", ...connect, ...files],
            stdin: "null",
            stdout: "null",
            stderr: "null",
          }).output();
          await listener.close(1000);
          assert.equal(known !== null, proved);
        }),
    });

    Deno.test({
      name: `TLS ${version}: a server with ${what} has shown ${proved ? "who it is" : "nothing"}`,
      ignore: !ready,
      fn: () =>
        withFiles(der, key, async (files) => {
          const [port = 0] = freePorts(1);
          const server = new Deno.Command("openssl", {
            args: ["s_server", "-accept", `127.0.0.1:${port}`, option, ...files],
            stdin: "piped", // Its end would be the end of the connection.
            stdout: "piped",
            stderr: "null",
          }).spawn();
          const said = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
          for (let text = ""; !text.includes("ACCEPT");) {
            const { value } = await said.read();
            assert.ok(value !== undefined, text);
            text += value;
          }
          const tls = { serverName: "mx.example.org", unverified: true, maxVersion: tlsVersion };
          try {
            const transport = await dialLocally(port, { tls });
            assert.equal((transport.serverProof?.chain.length ?? 0) > 0, proved);
            transport.destroy();
          } catch (error) {
            assert.ok(error instanceof TransportError && error.failure === "handshake", String(error));
            assert.equal(proved, false);
          }
          server.kill();
          await said.cancel();
          await server.stdin.abort();
          await server.status;
        }),
    });
  }
}
