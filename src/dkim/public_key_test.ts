import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { base64, type Bytes, latin1 } from "../base/bytes.ts";
import { sequence, unsignedInteger } from "../tls/der.ts";
import { maxKeyRecordOctets } from "./key_record.ts";
import { recordOf } from "./keys.ts";
import { KeyCache, maxCachedKeys, readRecord } from "./public_key.ts";
import { ed25519Key, rsaKey } from "./testing/signed_message.ts";

/** RSAPublicKey of a number that nobody knows the factors of, nor needs to. RFC 8017 A.1.1 */
function rsaRecord(bits: number, exponent = 65537n): string {
  const modulus = new Uint8Array(bits / 8).fill(0xa5);
  const digits = exponent.toString(16);
  const e = Uint8Array.fromHex(digits.length % 2 === 0 ? digits : `0${digits}`);
  return `p=${base64(sequence(unsignedInteger(modulus), unsignedInteger(e)))}`;
}

function spkiOf(key: ReturnType<typeof createPublicKey>): Bytes {
  return new Uint8Array(key.export({ type: "spki", format: "der" }));
}

Deno.test("an RSA key is read bare and as SubjectPublicKeyInfo", () => {
  const bare = new Uint8Array(createPublicKey(rsaKey).export({ type: "pkcs1", format: "der" }));
  for (const text of [recordOf(rsaKey), `p=${base64(bare)}`]) {
    const read = readRecord(text);
    assert.equal(read.kind, "key");
    assert.deepEqual(read.kind === "key" && [read.key.type, read.key.bits], ["rsa", 1024]);
  }
});

Deno.test("an Ed25519 key is its 32 octets and nothing else", () => {
  const read = readRecord(recordOf(ed25519Key));
  assert.deepEqual(read.kind === "key" && [read.key.type, read.key.bits], ["ed25519", 256]);
  const spki = spkiOf(createPublicKey(ed25519Key));
  assert.equal(readRecord(`k=ed25519; p=${base64(spki)}`).kind, "useless");
  assert.equal(readRecord(`k=ed25519; p=${base64(spki.slice(-31))}`).kind, "useless");
});

Deno.test("what is not the key that k= says is of no use", () => {
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey;
  for (
    const text of [
      `p=${base64(spkiOf(ec))}`,
      `p=${base64(spkiOf(createPublicKey(ed25519Key)))}`,
      `k=ed25519; ${rsaRecord(1024)}`,
      `k=future; ${rsaRecord(1024)}`,
      `p=${base64(latin1("key"))}`,
    ]
  ) {
    assert.equal(readRecord(text).kind, "useless", text);
  }
});

Deno.test("RSA exponents that are even, one, or larger than anyone needs are of no use", () => {
  for (const exponent of [1n, 2n, 65536n, 2n ** 32n + 1n, 2n ** 64n + 1n]) {
    assert.equal(readRecord(rsaRecord(1024, exponent)).kind, "useless", `${exponent}`);
  }
  for (const exponent of [3n, 17n, 65537n]) {
    assert.equal(readRecord(rsaRecord(1024, exponent)).kind, "key", `${exponent}`);
  }
});

Deno.test("revoked and malformed records are told apart", () => {
  assert.equal(readRecord("v=DKIM1; p=").kind, "revoked");
  assert.equal(readRecord("v=DKIM1; k=future; p=").kind, "revoked");
  assert.equal(readRecord("v=DKIM1").kind, "malformed");
});

Deno.test("the cache reads a text once, keeps the youngest, and nothing that is too long", () => {
  const cache = new KeyCache(3);
  const text = (n: number) => `p=; n=${n}`;
  const first = cache.read(text(1));
  cache.read(text(2));
  cache.read(text(3));
  assert.equal(cache.read(text(1)), first);
  cache.read(text(4)); // Pushes out 2, which was not asked for since.
  assert.equal(cache.size, 3);
  assert.equal(cache.read(text(1)), first);
  assert.equal(cache.read(`p=; n=${"x".repeat(maxKeyRecordOctets)}`).kind, "malformed");
  assert.equal(cache.size, 3);
  assert.equal(cache.read(text(1)), first);
});

Deno.test("the cache of a process has a limit", () => {
  const cache = new KeyCache();
  for (let i = 0; i < maxCachedKeys + 10; i++) cache.read(`p=; n=${i}`);
  assert.equal(cache.size, maxCachedKeys);
});
