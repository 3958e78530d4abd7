import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1, noBytes } from "../base/bytes.ts";
import { type KeyRecord, maxKeyRecordOctets, parseKeyRecord, printKeyRecord } from "./key_record.ts";

const plain: KeyRecord = {
  keyType: "rsa",
  publicKey: latin1("key"),
  hashes: null,
  services: ["*"],
  flags: [],
};

const accepted: [text: string, record: Partial<KeyRecord>][] = [
  ["p=a2V5", {}],
  ["v=DKIM1; p=a2V5", {}],
  ["v=DKIM1;k=rsa;p=a2V5;", {}],
  [" v = DKIM1 ; p = a2 V5 ", {}],
  ["k=ed25519; p=a2V5", { keyType: "ed25519" }],
  ["k=future; p=a2V5", { keyType: "future" }],
  ["h=sha1:sha256; p=a2V5", { hashes: ["sha1", "sha256"] }],
  ["h= sha256 : x; p=a2V5", { hashes: ["sha256", "x"] }],
  ["s=email:tlsrpt; p=a2V5", { services: ["email", "tlsrpt"] }],
  ["t=y:s; p=a2V5", { flags: ["y", "s"] }],
  ["n=a note; g=; unknown=x; p=a2V5", {}], // g=: RFC 6376 C.2
  ["v=DKIM1; p=", { publicKey: noBytes }], // Revoked.
];
for (const [text, record] of accepted) {
  Deno.test(`parseKeyRecord() reads ${text}`, () => {
    assert.deepEqual(parseKeyRecord(text), { ...plain, ...record });
  });
}

const refused = [
  "",
  "v=spf1 -all",
  "v=DKIM1",
  "v=DKIM1; k=rsa",
  "v=DKIM2; p=a2V5",
  "v=DKIM1.0; p=a2V5",
  "v=dkim1; p=a2V5",
  "p=a2V5; v=DKIM1", // RFC 6376 3.6.1: v= comes first.
  "p=a2V5; p=a2V5",
  "v=DKIM1; p=*",
  "v=DKIM1; k=rsa; omg",
  `p=a2V5; n=${"x".repeat(maxKeyRecordOctets)}`,
];
for (const text of refused) {
  Deno.test(`parseKeyRecord() refuses ${text.slice(0, 40)}`, () => {
    assert.throws(() => parseKeyRecord(text), SyntaxError);
  });
}

Deno.test("a record of the longest length is read", () => {
  const text = `p=a2V5; n=${"x".repeat(maxKeyRecordOctets - 10)}`;
  assert.equal(text.length, maxKeyRecordOctets);
  assert.deepEqual(parseKeyRecord(text), plain);
});

Deno.test("a printed record reads back", () => {
  const words = fc.array(fc.constantFrom("y", "s", "email", "sha256", "x-1"), { minLength: 1, maxLength: 3 });
  const record = fc.record({
    keyType: fc.constantFrom("rsa", "ed25519"),
    publicKey: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    hashes: fc.option(words),
    services: fc.oneof(fc.constant(["*"]), words),
    flags: fc.oneof(fc.constant([]), words),
  }, { noNullPrototype: true });
  fc.assert(fc.property(record, (original) => {
    assert.deepEqual(parseKeyRecord(printKeyRecord(original as KeyRecord)), original);
  }));
});
