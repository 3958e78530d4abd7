import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { concat, fromLatin1 } from "../base/bytes.ts";
import {
  maxCertificateNames,
  maxCertificateOctets,
  maxExtensions,
  readCertificate,
} from "./certificate_fields.ts";
import { isSignedWith } from "./certificate_signature.ts";
import { der, sequence } from "./der.ts";
import { createSelfSigned } from "./self_signed.ts";
import { issue, testChain, testNow } from "./testing/certificate_maker.ts";
import { rsaPair } from "./testing/rsa_certificate.ts";

const serverAuth = "1.3.6.1.5.5.7.3.1";

Deno.test("a certificate is read as the runtime reads it", () => {
  const pair = createSelfSigned({
    names: ["MX.example.org", "*.example.org"],
    addresses: ["192.0.2.1"],
    notBefore: testNow,
    notAfter: testNow + 1000,
    serial: new Uint8Array([1]),
  });
  for (const pem of [pair.chainPem, rsaPair.chainPem]) {
    const runtime = new X509Certificate(pem);
    const raw = new Uint8Array(runtime.raw);
    const read = readCertificate(raw);
    assert.deepEqual(
      new Uint8Array(read.publicKey),
      new Uint8Array(runtime.publicKey.export({ type: "spki", format: "der" })),
    );
    assert.equal(read.notBefore, Date.parse(runtime.validFrom));
    assert.equal(read.notAfter, Date.parse(runtime.validTo));
    assert.equal(read.version, 3);
    assert.deepEqual(read.issuer, read.subject);
    assert.equal(read.isCa, false);
    assert.ok(isSignedWith(read, read.publicKey));
  }
  const { dnsNames, commonNames, purposes, maySignCertificates } = readCertificate(
    new Uint8Array(new X509Certificate(pair.chainPem).raw),
  );
  assert.deepEqual(dnsNames, ["mx.example.org", "*.example.org"]);
  assert.deepEqual(commonNames, ["mx.example.org"]);
  assert.deepEqual(purposes, [serverAuth]);
  assert.equal(maySignCertificates, false);
});

Deno.test("constraints and unknown critical extensions are told", () => {
  const { der: bytes } = issue({
    name: "A",
    ca: true,
    pathLength: 2,
    keyUsage: 0x04,
    permitted: ["Example.org", ".example.net"],
    excluded: ["bad.example.org"],
    critical: ["1.3.6.1.4.1.99999.1"],
  });
  const read = readCertificate(bytes);
  assert.equal(read.isCa, true);
  assert.equal(read.pathLength, 2);
  assert.equal(read.maySignCertificates, true);
  assert.deepEqual(read.nameConstraints, {
    permitted: ["example.org", ".example.net"],
    excluded: ["bad.example.org"],
  });
  assert.deepEqual(read.unknownCritical, ["1.3.6.1.4.1.99999.1"]);
});

Deno.test("names that were made to be misread are left out", () => {
  const { der: bytes } = issue({
    name: "",
    dnsNames: ["a.example\0.evil.example", "a, DNS:b", "ok.example", "*"],
  });
  assert.deepEqual(readCertificate(bytes).dnsNames, ["ok.example"]);
});

Deno.test("what is no certificate is refused", () => {
  const { der: good } = issue({ name: "A", ca: true });
  readCertificate(good);
  for (let end = 0; end < good.length; end++) {
    assert.throws(() => readCertificate(good.subarray(0, end)), SyntaxError);
  }
  assert.throws(() => readCertificate(concat([good, new Uint8Array(1)])), SyntaxError);
  assert.throws(() => readCertificate(sequence()), SyntaxError);
  assert.throws(
    () => readCertificate(der(0x30, new Uint8Array(maxCertificateOctets))),
    /a certificate that is too large/,
  );
  assert.throws(() => readCertificate(issue({ name: "A", critical: ["1.2.3", "1.2.3"] }).der), /twice/);
});

Deno.test("a version that is none, and two signature algorithms, are refused", () => {
  const { der: good } = issue({ name: "A" });
  const text = fromLatin1(good);
  const version = text.indexOf("\xa0\x03\x02\x01\x02") + 4;
  assert.throws(() => readCertificate(good.with(version, 3)), /a version that no certificate has/);
  assert.equal(readCertificate(good.with(version, 1)).version, 2);
  // ecdsa-with-SHA256, whose last arc becomes that of SHA-384, where it stands outside of what is signed.
  const algorithm = text.lastIndexOf("\x2a\x86\x48\xce\x3d\x04\x03\x02") + 7;
  assert.throws(() => readCertificate(good.with(algorithm, 3)), /two signature algorithms/);
});

Deno.test("a signature counts for the key that made it, and for no other", () => {
  const { root, middle, leaf } = testChain();
  assert.ok(isSignedWith(readCertificate(leaf.der), middle.spki));
  assert.ok(isSignedWith(readCertificate(middle.der), root.spki));
  assert.ok(!isSignedWith(readCertificate(leaf.der), root.spki));
  const changed = leaf.der.slice();
  const at = changed.length - 200;
  changed[at] = (changed[at] ?? 0) ^ 1;
  let read = null;
  try {
    read = readCertificate(changed);
  } catch { /* Also good. */ }
  if (read !== null) assert.ok(!isSignedWith(read, middle.spki));
  assert.ok(!isSignedWith(readCertificate(leaf.der), new Uint8Array([0x30, 0])));
});

for (const keyType of ["p256", "p384", "ed25519", "rsa2048"] as const) {
  Deno.test(`a signature of ${keyType} is read`, () => {
    const self = issue({ name: "A", keyType, ...(keyType === "p384" ? { hash: "sha384" as const } : {}) });
    assert.ok(isSignedWith(readCertificate(self.der), self.spki));
  });
}

Deno.test("SHA-1 proves nothing", () => {
  const self = issue({ name: "A", hash: "sha1" });
  assert.ok(!isSignedWith(readCertificate(self.der), self.spki));
});

Deno.test("a short RSA key proves nothing", () => {
  const self = issue({ name: "A", keyType: "rsa1024" });
  assert.ok(!isSignedWith(readCertificate(self.der), self.spki));
});

Deno.test("neither very many extensions nor very many names are read", () => {
  const ids = Array.from({ length: maxExtensions + 1 }, (_, i) => `1.2.${i}`);
  assert.equal(
    readCertificate(issue({ name: "A", critical: ids.slice(1) }).der).unknownCritical.length,
    maxExtensions,
  );
  assert.throws(() => readCertificate(issue({ name: "A", critical: ids }).der), /too many extensions/);
  const dnsNames = Array.from({ length: maxCertificateNames + 1 }, (_, i) => `m${i}.example`);
  assert.equal(readCertificate(issue({ name: "A", dnsNames }).der).dnsNames.length, maxCertificateNames);
});
