import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bytes, concat, latin1, utf8 } from "../base/bytes.ts";
import { ClientHelloReader, maxClientHelloBytes, maxClientHelloRecords } from "./client_hello.ts";
import { clientHelloMessage, type HelloOffer, records, vector } from "./testing/client_hellos.ts";

const usual: HelloOffer = {
  serverName: "Mail.Example.ORG",
  alpn: ["imap", "h2"],
  signatureSchemes: [0x0403, 0x0804],
  versions: [0x0a0a, 0x0304, 0x0303],
  groups: [0x001d, 0x0017],
  cipherSuites: [0x1301, 0xc02b],
};

const usualRead = {
  kind: "parsed",
  hello: {
    serverName: "mail.example.org",
    alpn: ["imap", "h2"],
    signatureSchemes: [0x0403, 0x0804],
    versions: [0x0a0a, 0x0304, 0x0303],
    groups: [0x001d, 0x0017],
    cipherSuites: [0x1301, 0xc02b],
  },
};

const read = (bytes: Uint8Array) => new ClientHelloReader().push(bytes);

Deno.test("a usual ClientHello is read", () =>
  assert.deepEqual(read(records(clientHelloMessage(usual))), usualRead));

Deno.test("a hello without extensions offers what its version says", () => {
  const result = read(records(clientHelloMessage({ cipherSuites: [5] })));
  assert.ok(result.kind === "parsed");
  assert.deepEqual(result.hello, {
    serverName: null,
    alpn: [],
    signatureSchemes: [],
    versions: [0x0303],
    cipherSuites: [5],
    groups: [],
  });
});

Deno.test("bytes and records split anywhere give the same answer, and the same bytes back", () => {
  const message = clientHelloMessage(usual);
  fc.assert(fc.property(fc.integer({ min: 4, max: 400 }), fc.array(fc.nat(300)), (recordSize, cuts) => {
    const whole = records(message, recordSize);
    const reader = new ClientHelloReader();
    let at = 0;
    let result = reader.push(new Uint8Array());
    for (const cut of [...cuts, whole.length]) {
      result = reader.push(whole.subarray(at, at + cut));
      at += cut;
      if (at < whole.length) assert.equal(result.kind, "more");
    }
    assert.deepEqual(result, usualRead);
    assert.deepEqual(reader.bytes, whole);
  }));
});

Deno.test("what follows a whole hello is kept and not judged", () => {
  const reader = new ClientHelloReader();
  const hello = records(clientHelloMessage(usual));
  assert.deepEqual(reader.push(concat([hello, utf8("NOOP\r\n")])), usualRead);
  assert.deepEqual(reader.push(utf8("x")), usualRead);
  assert.equal(reader.bytes.length, hello.length + 7);
});

const names: [asked: string, read: string | null][] = [
  ["mail.example.org", "mail.example.org"],
  ["LOCALHOST", "localhost"],
  ["_dmarc.example.org", "_dmarc.example.org"],
  ["xn--bcher-kva.example", "xn--bcher-kva.example"],
  ["192.0.2.1", null], // RFC 6066 3: addresses are not host names.
  ["::1", null],
  ["mail.example.org.", null],
  ["bücher.example", null],
  ["a b", null],
  ["mail..example", null],
  ["-mail.example", null],
  ["../../etc", null],
  ["*.example.org", null],
  ["", null],
  ["a".repeat(254), null],
];
for (const [asked, serverName] of names) {
  Deno.test(`the server name ${JSON.stringify(asked.slice(0, 30))} is read as ${serverName}`, () => {
    const result = read(records(clientHelloMessage({ serverName: asked })));
    assert.ok(result.kind === "parsed");
    assert.equal(result.hello.serverName, serverName);
  });
}

const message = clientHelloMessage(usual);
const refused: [what: string, bytes: Bytes, why: string][] = [
  ["a command", utf8("EHLO example.org\r\n"), "plaintext"],
  ["an alert", new Uint8Array([21, 3, 3, 0, 2, 1, 0]), "plaintext"],
  ["a NUL", new Uint8Array([0]), "plaintext"],
  ["0x16 and text", latin1("\x16EHLO"), "plaintext"],
  ["UTF-8 text", utf8("ÄÖÜ"), "plaintext"],
  ["a hello of SSL 2.0", new Uint8Array([0x80, 0x2e, 1, 0, 2]), "sslv2"],
  ["an empty record", new Uint8Array([22, 3, 1, 0, 0]), "malformed"],
  ["a record over 2^14", new Uint8Array([22, 3, 1, 0x40, 1]), "malformed"],
  ["another message", records(concat([new Uint8Array([2]), message.subarray(1)])), "malformed"],
  [
    "an alert inside",
    concat([records(message.subarray(0, 9)), utf8("12345")]),
    "malformed",
  ],
  ["a message over the limit", records(new Uint8Array([1, 1, 0, 0])), "malformed"],
  [
    "a body cut short",
    records(concat([new Uint8Array([1, 0, 0, 20]), message.subarray(4, 24)])),
    "malformed",
  ],
  [
    "an extension twice",
    records(clientHelloMessage({ ...usual, extra: [[0, new Uint8Array([0, 0])]] })),
    "malformed",
  ],
  [
    "a name list too long",
    records(clientHelloMessage({ extra: [[0, new Uint8Array([0, 9, 0])]] })),
    "malformed",
  ],
  [
    "bytes behind a name list",
    records(clientHelloMessage({ extra: [[0, new Uint8Array([0, 0, 1])]] })),
    "malformed",
  ],
  ["no cipher suite", records(clientHelloMessage({ cipherSuites: [] })), "malformed"],
];
for (const [what, bytes, why] of refused) {
  Deno.test(`${what} is ${why}`, () => {
    const result = read(bytes);
    assert.ok(result.kind === "notTls", result.kind);
    assert.equal(result.why, why);
  });
}

Deno.test("more than the limit of records is refused", () => {
  const long = clientHelloMessage({ extra: [[99, new Uint8Array(300)]] });
  const limit = maxClientHelloRecords;
  assert.equal(read(records(long, Math.ceil(long.length / limit))).kind, "parsed");
  assert.equal(read(records(long, Math.floor(long.length / (limit + 1)))).kind, "notTls");
});

Deno.test("more than the limit of bytes is refused, before they have come", () => {
  const big = (n: number) => records(clientHelloMessage({ extra: [[99, new Uint8Array(n)]] }), 1000);
  assert.equal(read(big(maxClientHelloBytes - 400)).kind, "parsed");
  assert.equal(read(big(maxClientHelloBytes)).kind, "notTls");
  assert.equal(read(big(maxClientHelloBytes).subarray(0, 1005)).kind, "notTls");
});

Deno.test("a list of protocols longer than the limit is cut", () => {
  const result = read(records(clientHelloMessage({ alpn: new Array(2000).fill("x") })));
  assert.ok(result.kind === "parsed");
  assert.equal(result.hello.alpn.length, 256);
});

Deno.test("vectors of tests are what they seem", () =>
  assert.deepEqual([...vector(1, utf8("h2"))], [2, 104, 50]));
