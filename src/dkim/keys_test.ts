import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { fromUtf8 } from "../base/bytes.ts";
import { generatedRsaBits, generateKey, recordOf, recordStrings, zoneRecord } from "./keys.ts";
import { parseKeyRecord } from "./key_record.ts";
import { readRecord } from "./public_key.ts";
import {
  ed25519Key,
  ed25519Signer,
  plainMessage,
  rsaKey,
  rsaSigner,
  signed,
  verified,
} from "./testing/signed_message.ts";
import { txt, ZoneResolver } from "../dns/testing/zone_resolver.ts";

for (const type of ["rsa", "ed25519"] as const) {
  Deno.test(`a new key (${type}) is PKCS #8, and signs what its record verifies`, async () => {
    const pem = generateKey(type);
    assert.match(pem, /^-----BEGIN PRIVATE KEY-----\n/);
    const key = createPrivateKey(pem);
    const read = readRecord(recordOf(key));
    assert.equal(read.kind === "key" && read.key.bits, type === "rsa" ? generatedRsaBits : 256);
    const resolver = new ZoneResolver({
      "s1._domainkey.example.org": { records: { TXT: txt(recordOf(key)) } },
    });
    const [result] = await verified(signed(plainMessage, [{ ...rsaSigner, key, selector: "s1" }]), {
      resolver,
    });
    assert.equal(result?.status, "pass", result?.why);
  });
}

Deno.test("two new keys differ", () => {
  assert.notEqual(generateKey("ed25519"), generateKey("ed25519"));
});

Deno.test("the records of RFC 8463 A.2", () => {
  assert.equal(
    recordOf(ed25519Key),
    "v=DKIM1; h=sha256; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
  );
  assert.equal(
    recordOf(rsaKey),
    "v=DKIM1; h=sha256; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi" +
      "Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kr" +
      "yOTIKT+l/K4w3QIDAQAB",
  );
  assert.throws(() => recordOf(createPublicKey(ed25519Signer.key)), TypeError);
});

Deno.test("long records are split, and are the same together", () => {
  const text = `v=DKIM1; p=${"x".repeat(600)}`;
  const strings = recordStrings(text);
  assert.deepEqual(strings.map((string) => string.length), [255, 255, 101]);
  assert.equal(strings.map(fromUtf8).join(""), text);
  assert.deepEqual(recordStrings("").map((string) => string.length), [0]);
  assert.deepEqual(recordStrings("x".repeat(255)).map((string) => string.length), [255]);
});

Deno.test("the form for a zone file", () => {
  const record = recordOf(ed25519Key);
  assert.equal(zoneRecord("s1", "example.org", record), `s1._domainkey.example.org.\tIN\tTXT\t"${record}"`);
  assert.match(zoneRecord("ü", "bücher.example", record), /^xn--tda\._domainkey\.xn--bcher-kva\.example\.\t/);
  const long = `v=DKIM1; p=${"A".repeat(392)}`;
  const zone = zoneRecord("s1", "example.org", long);
  assert.match(zone, /^s1\._domainkey\.example\.org\.\tIN\tTXT\t\(\n/);
  const strings = [...zone.matchAll(/"([^"]*)"/g)].map((match) => match[1] ?? "");
  assert.deepEqual(strings.map((string) => string.length), [255, 148]);
  assert.deepEqual(parseKeyRecord(strings.join("")), parseKeyRecord(long));
});

Deno.test("what would have to be escaped in a zone file is refused", () => {
  for (const text of ['p="', "p=\\", "p=\n", "p=ü"]) {
    assert.throws(() => zoneRecord("s1", "example.org", text), SyntaxError);
  }
  assert.throws(() => zoneRecord("s 1", "a..b", "p="), SyntaxError);
});
