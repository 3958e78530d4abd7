/**
 * DER and certificates: what is written here anybody can read, value in value; and a certificate with any of its bytes
 * changed is read or refused, by words or as a client's, and never ends the process.
 *
 * @module
 */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import fc from "fast-check";
import { fingerprintOf, loadCertificate } from "../../src/tls/certificates.ts";
import {
  bitString,
  boolean,
  der,
  explicit,
  implicit,
  objectIdentifier,
  octetString,
  sequence,
  setOfOne,
  time,
  unsignedInteger,
  utf8String,
} from "../../src/tls/der.ts";
import { createSelfSigned } from "../../src/tls/self_signed.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5");
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;

/** The length of the one value that `bytes` are, read by the rules of X.690 8.1 and 10.1; its content is checked too. */
function checkValue(bytes: Uint8Array): void {
  const [tag = 0, first = 0] = bytes;
  const more = first < 0x80 ? 0 : first & 0x7f;
  let length = first < 0x80 ? first : 0;
  for (let i = 0; i < more; i++) length = length * 256 + (bytes[2 + i] ?? 0);
  assert.notEqual(tag & 0x1f, 0x1f, "a tag of one octet");
  assert.equal(bytes.length, 2 + more + length, "the length says all, and no more");
  assert.ok(more === 0 || length >= 0x80 && bytes[2] !== 0, "the shortest form of a length");
  if ((tag & 0x20) === 0) return;
  for (let rest = bytes.subarray(2 + more); rest.length > 0;) {
    const inner = rest.subarray(0, valueLength(rest));
    checkValue(inner);
    rest = rest.subarray(inner.length);
  }
}

function valueLength(bytes: Uint8Array): number {
  const first = bytes[1] ?? 0;
  if (first < 0x80) return 2 + first;
  let length = 0;
  for (let i = 0; i < (first & 0x7f); i++) length = length * 256 + (bytes[2 + i] ?? 0);
  return 2 + (first & 0x7f) + length;
}

const octets = fc.uint8Array({ maxLength: 300 });
const dotted = fc.tuple(fc.nat(1), fc.nat(39), fc.array(fc.nat(), { maxLength: 5 }))
  .map(([first, second, rest]) => [first, second, ...rest].join("."));
const at = fc.integer({ min: Date.UTC(1950, 0), max: Date.UTC(9999, 11) });
const value = fc.letrec<{ value: Uint8Array }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    octets.map(octetString),
    octets.map(unsignedInteger),
    octets.map((bytes) => bitString(bytes)),
    octets.map((bytes) => implicit(1, bytes)),
    octets.map((bytes) => der(0x16, bytes)),
    fc.boolean().map(boolean),
    fc.string({ unit: "grapheme" }).map(utf8String),
    dotted.map(objectIdentifier),
    at.map(time),
    fc.array(tie("value"), { maxLength: 4 }).map((values) => sequence(...values)),
    tie("value").map(setOfOne),
    tie("value").map((value) => explicit(3, value)),
  ),
})).value;

const pair = createSelfSigned({
  names: ["mail.example.org", "*.example.net"],
  addresses: ["192.0.2.1", "2001:db8::1"],
  notBefore: Date.UTC(2026, 0, 1),
  notAfter: Date.UTC(2027, 0, 1),
  serial: new Uint8Array([1, 2, 3]),
});
const certificate = Uint8Array.fromBase64(pair.chainPem.replace(/-----[^-]+-----/g, ""));
const key = Uint8Array.fromBase64(pair.keyPem.replace(/-----[^-]+-----/g, ""));

const change = fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom("set", "set", "put", "cut"));
const changes = fc.array(change, { minLength: 1, maxLength: 4 });

function changed(bytes: Uint8Array, changes: readonly (readonly [number, number, string])[]): Uint8Array {
  const all = [...bytes];
  for (const [at, value, how] of changes) {
    if (how === "put") all.splice(at % all.length, 0, value);
    else if (how === "set") all[at % all.length] = value;
    else all.splice(at % all.length, 1 + value % 8);
  }
  return Uint8Array.from(all);
}

const pem = (label: string, bytes: Uint8Array) =>
  `-----BEGIN ${label}-----\n${bytes.toBase64().replace(/.{64}/g, "$&\n")}\n-----END ${label}-----\n`;

Deno.test("fuzz: DER values are values", () => run(fc.property(value, checkValue)));

Deno.test("fuzz: a certificate and a key with some bytes changed", () => {
  const property = fc.property(changes, fc.boolean(), (changes, ofKey) => {
    const chainPem = ofKey ? pair.chainPem : pem("CERTIFICATE", changed(certificate, changes));
    const keyPem = ofKey ? pem("PRIVATE KEY", changed(key, changes)) : pair.keyPem;
    try {
      const loaded = loadCertificate({ chainPem, keyPem });
      assert.ok(loaded.names.every((name) => name === name.toLowerCase()));
      assert.match(loaded.fingerprint, /^[\w-]{43}$/);
      assert.ok(!Number.isNaN(loaded.notBefore) && !Number.isNaN(loaded.notAfter));
    } catch (error) {
      assert.ok(error instanceof SyntaxError, error instanceof Error ? error.stack : String(error));
    }
  });
  run(property);
});

Deno.test("fuzz: what a client may show as its certificate", () => {
  const bytes = fc.oneof(value, changes.map((changes) => changed(certificate, changes)), octets);
  const property = fc.property(bytes, (bytes) => {
    let fingerprint;
    try {
      fingerprint = fingerprintOf(new X509Certificate(bytes));
    } catch (error) {
      assert.ok(error instanceof Error);
      return;
    }
    assert.match(fingerprint, /^[\w-]{43}$/);
  });
  run(property);
});

function run<T>(property: fc.IProperty<T>): void {
  const end = performance.now() + seconds * 330;
  for (let round = seed; round === seed || performance.now() < end; round++) {
    fc.assert(property, { seed: round, numRuns: 100 });
  }
}
