import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { base64, type Bytes } from "../base/bytes.ts";
import { issue, spkiOf } from "../tls/testing/certificate_maker.ts";
import { rsaPair } from "../tls/testing/rsa_certificate.ts";
import { makeRecord, maxPemLength, readPublished } from "./make_record.ts";
import { matches } from "./match.ts";
import { problemOf } from "./records.ts";

const issued = issue({ name: "mx.example.org" });
const certificate = { kind: "certificate", der: issued.der } as const;
const publicKey = { kind: "publicKey", der: issued.spki } as const;
const hash = (name: string, bytes: Bytes) => new Uint8Array(createHash(name).update(bytes).digest());

for (const usage of [0, 1, 2, 3]) {
  for (const selector of [0, 1]) {
    for (const [matchingType, name] of [[0, ""], [1, "sha256"], [2, "sha512"]] as const) {
      Deno.test(`makeRecord() ${usage} ${selector} ${matchingType}`, () => {
        const record = makeRecord({ usage, selector, matchingType }, certificate);
        const octets = selector === 0 ? issued.der : issued.spki;
        assert.deepEqual(record.data, name === "" ? octets : hash(name, octets));
        assert.equal(problemOf(record) === null, usage >= 2);
        assert.ok(matches(record, issued.der));
        assert.ok(!matches(record, issue({ name: "mx.example.org" }).der));
        if (selector === 1) {
          assert.deepEqual(makeRecord({ usage, selector, matchingType }, publicKey), record);
          // The same key in a renewed certificate.
          assert.ok(matches(record, issue({ name: "other", keys: issued.keys }).der));
        } else assert.throws(() => makeRecord({ usage, selector, matchingType }, publicKey), RangeError);
      });
    }
  }
}

Deno.test("makeRecord() refuses what no record has", () => {
  for (
    const [usage, selector, matchingType] of [[4, 1, 1], [3, 2, 1], [3, 1, 3], [-1, 1, 1], [
      3,
      1,
      .5,
    ]] as const
  ) {
    assert.throws(() => makeRecord({ usage, selector, matchingType }, certificate), RangeError);
  }
});

const pem = (label: string, der: Bytes) =>
  `-----BEGIN ${label}-----\n${base64(der)}\n-----END ${label}-----\n`;

Deno.test("readPublished() reads certificates and keys", () => {
  const first = pem("CERTIFICATE", issued.der);
  assert.deepEqual(readPublished(first + rsaPair.chainPem), certificate);
  assert.deepEqual(readPublished(`subject=mx\n${first}`), certificate);
  assert.deepEqual(
    readPublished(issued.keys.publicKey.export({ type: "spki", format: "pem" }).toString()),
    publicKey,
  );
  const secret = issued.keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  assert.deepEqual(readPublished(secret), publicKey);
  assert.deepEqual(readPublished(secret).der, spkiOf(issued.keys.privateKey));
});

for (
  const wrong of [
    "",
    "hello",
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
    "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
    " ".repeat(100),
  ]
) {
  Deno.test(`readPublished() refuses ${JSON.stringify(wrong.slice(0, 50))}`, () =>
    assert.throws(() => readPublished(wrong), SyntaxError));
}

Deno.test("readPublished() reads no file that is too large", () => {
  const text = pem("CERTIFICATE", issued.der);
  assert.deepEqual(readPublished(text.padEnd(maxPemLength)), certificate);
  assert.throws(() => readPublished(text.padEnd(maxPemLength + 1)), /too large/);
});
