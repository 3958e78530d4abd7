import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { createSelfSigned, type SelfSignedSettings } from "./self_signed.ts";

const settings: SelfSignedSettings = {
  names: ["localhost", "*.Example.org"],
  addresses: ["127.0.0.1", "::1"],
  notBefore: Date.UTC(2026, 0, 2, 3, 4, 5),
  notAfter: Date.UTC(2056, 0, 2, 3, 4, 5),
  serial: new Uint8Array([0x80, 1, 2]),
};

Deno.test("createSelfSigned() makes what clients check", () => {
  const pair = createSelfSigned(settings);
  const certificate = new X509Certificate(pair.chainPem);
  const key = createPrivateKey(pair.keyPem);
  assert.equal(certificate.subject, "CN=localhost");
  assert.equal(certificate.issuer, "CN=localhost");
  assert.equal(certificate.serialNumber, "800102");
  assert.equal(
    certificate.subjectAltName,
    "DNS:localhost, DNS:*.example.org, IP Address:127.0.0.1, IP Address:::1",
  );
  assert.equal(certificate.ca, false);
  assert.deepEqual(certificate.keyUsage, ["DigitalSignature"]);
  assert.equal(Date.parse(certificate.validFrom), settings.notBefore);
  assert.equal(Date.parse(certificate.validTo), settings.notAfter);
  assert.ok(certificate.verify(certificate.publicKey), "signed by its own key");
  assert.ok(certificate.checkPrivateKey(key), "has its private key");
  assert.equal(key.asymmetricKeyType, "ec");
  assert.ok(pair.keyPem.startsWith("-----BEGIN PRIVATE KEY-----"));
});

Deno.test("createSelfSigned() answers to its names and to no others", () => {
  const certificate = new X509Certificate(createSelfSigned(settings).chainPem);
  assert.ok(certificate.checkHost("localhost"));
  for (const name of ["example.org", "a.b.example.org", "remote"]) {
    assert.ok(!certificate.checkHost(name), name);
  }
  for (const ip of ["127.0.0.1", "::1"]) assert.ok(certificate.checkIP(ip), ip);
  assert.ok(!certificate.checkIP("127.0.0.2"));
});

Deno.test("two certificates have two keys", () => {
  const [a, b] = [createSelfSigned(settings), createSelfSigned(settings)];
  assert.ok(!new X509Certificate(a.chainPem).checkPrivateKey(createPrivateKey(b.keyPem)));
});

Deno.test("a name longer than a common name stands in subjectAltName", () => {
  const name = `${"a".repeat(60)}.${"b".repeat(60)}.example`;
  const certificate = new X509Certificate(createSelfSigned({ ...settings, names: [name] }).chainPem);
  assert.ok(certificate.checkHost(name));
});

const refused: [what: string, change: Partial<SelfSignedSettings>][] = [
  ["no name", { names: [] }],
  ["too many names", { names: new Array(101).fill("a.example") }],
  ["a name with a space", { names: ["a b"] }],
  ["a name that is not ASCII", { names: ["bücher.example"] }],
  ["a star in the middle", { names: ["a.*.example"] }],
  ["a name too long", { names: [`${"a.".repeat(130)}example`] }],
  ["something that is no address", { addresses: ["localhost"] }],
  ["no serial number", { serial: new Uint8Array() }],
  ["serial number 0", { serial: new Uint8Array(5) }],
  ["a serial number of 21 bytes", { serial: new Uint8Array(21).fill(1) }],
  ["a serial number that needs 21 bytes", { serial: new Uint8Array(20).fill(0xff) }],
  ["an end before the beginning", { notAfter: settings.notBefore }],
  ["no time", { notAfter: NaN }],
];
for (const [what, change] of refused) {
  Deno.test(`createSelfSigned() refuses ${what}`, () => {
    assert.throws(() => createSelfSigned({ ...settings, ...change }), RangeError);
  });
}
