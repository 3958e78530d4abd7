/**
 * Certificates of another hand: a chain of RSA and ECDSA keys that OpenSSL made, and TLSA digests that it computed.
 *
 * Skipped where openssl is absent.
 *
 * @module
 */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { hex } from "../../src/base/bytes.ts";
import { makeRecord, readPublished } from "../../src/dane/make_record.ts";
import { verifyDane } from "../../src/dane/verify.ts";
import { readCertificate } from "../../src/tls/certificate_fields.ts";

async function run(cwd: string | undefined, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("openssl", {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...(cwd === undefined ? {} : { cwd }),
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

async function hasOpenssl(): Promise<boolean> {
  try {
    return /^OpenSSL [3-9]/.test(await run(undefined, "version"));
  } catch {
    return false;
  }
}

const ready = await hasOpenssl();

const configuration = `[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[middle]
basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, keyCertSign
nameConstraints = critical, permitted;DNS:example.org
certificatePolicies = 1.2.3.4
crlDistributionPoints = URI:http://crl.example.org/
[leaf]
basicConstraints = CA:false
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:mx.example.org, DNS:*.mx.example.org, IP:192.0.2.1, email:a@example.org
authorityInfoAccess = OCSP;URI:http://ocsp.example.org/
`;

Deno.test({
  name: `DANE with certificates of OpenSSL${ready ? "" : " (skipped: openssl is absent)"}`,
  ignore: !ready,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "mailden-dane-" });
    try {
      await Deno.writeTextFile(`${folder}/c.cnf`, configuration);
      const keys = { root: "RSA:2048", middle: "EC:P-384", leaf: "RSA:2048" };
      for (const [name, kind] of Object.entries(keys)) {
        const [algorithm = "", size] = kind.split(":");
        const option = algorithm === "RSA" ? `rsa_keygen_bits:${size}` : `ec_paramgen_curve:${size}`;
        await run(folder, "genpkey", "-algorithm", algorithm, "-pkeyopt", option, "-out", `${name}.key`);
      }
      const make = (name: string, issuer: string | null, hash: string) =>
        run(
          folder,
          ...`req -x509 -new -config c.cnf -key ${name}.key -subj /O=Test/CN=${name} -days 30 -${hash}`.split(
            " ",
          ),
          ...`-extensions ${name} -out ${name}.pem`.split(" "),
          ...(issuer === null ? [] : ["-CA", `${issuer}.pem`, "-CAkey", `${issuer}.key`]),
        );
      await make("root", null, "sha512");
      await make("middle", "root", "sha256");
      await make("leaf", "middle", "sha384");
      const read = async (name: string) => {
        const published = readPublished(await Deno.readTextFile(`${folder}/${name}.pem`));
        assert.ok(published.kind === "certificate");
        return published;
      };
      const [root, middle, leaf] = [await read("root"), await read("middle"), await read("leaf")];
      const chain = [leaf.der, middle.der, root.der];
      const fields = readCertificate(leaf.der);
      assert.deepEqual(fields.dnsNames, ["mx.example.org", "*.mx.example.org"]);
      assert.equal(fields.notAfter, Date.parse(new X509Certificate(leaf.der).validTo));
      const names = ["mx.example.org"];
      const now = fields.notBefore + 1000;
      for (const [usage, of] of [[3, leaf], [2, middle], [2, root]] as const) {
        for (const selector of [0, 1]) {
          for (const matchingType of [0, 1, 2]) {
            const record = makeRecord({ usage, selector, matchingType }, of);
            assert.deepEqual(verifyDane(chain, { records: [record], names }, now).ok, true);
            const other = verifyDane(chain, { records: [record], names: ["mx.example.net"] }, now);
            assert.equal(other.ok, usage === 3);
          }
        }
      }
      // The key's digest, as people compute it by hand.
      await run(folder, ..."pkey -in leaf.key -pubout -outform DER -out leaf.spki".split(" "));
      const digest = await run(folder, ..."dgst -sha256 -r leaf.spki".split(" "));
      const record = makeRecord({ usage: 3, selector: 1, matchingType: 1 }, leaf);
      assert.equal(hex(record.data), digest.split(" ", 1)[0]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
