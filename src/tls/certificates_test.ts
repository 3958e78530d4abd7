import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import {
  canCheck,
  Certificates,
  chooseAlpn,
  type KeyType,
  loadCertificate,
  type LoadedCertificate,
  maxPemLength,
} from "./certificates.ts";
import type { ClientHello } from "./client_hello.ts";
import { createSelfSigned } from "./self_signed.ts";

const day = 24 * 3600 * 1000;
const start = Date.UTC(2026, 0, 1);
const pair = createSelfSigned({
  names: ["Mail.Example.org", "*.example.net"],
  addresses: ["192.0.2.1"],
  notBefore: start,
  notAfter: start + day,
  serial: new Uint8Array([1]),
});

const modern: ClientHello = {
  serverName: null,
  alpn: [],
  signatureSchemes: [0x0403, 0x0503, 0x0807, 0x0804, 0x0401],
  versions: [0x0304, 0x0303],
  cipherSuites: [0x1301, 0xc02b, 0xc02f],
  groups: [29, 23, 24],
};

function certificate(keyType: KeyType, ...names: string[]): LoadedCertificate {
  return {
    chainPem: "",
    keyPem: "",
    keyType,
    names,
    notBefore: 0,
    notAfter: 0,
    fingerprint: `${keyType} ${names[0]}`,
  };
}

Deno.test("loadCertificate() reads names, times and the kind of key", () => {
  const loaded = loadCertificate(pair);
  assert.equal(loaded.keyType, "p256");
  assert.deepEqual(loaded.names, ["mail.example.org", "*.example.net"]);
  assert.deepEqual([loaded.notBefore, loaded.notAfter], [start, start + day]);
  assert.match(loaded.fingerprint, /^[\w-]{43}$/);
});

const otherKey = createSelfSigned({
  names: ["a"],
  notBefore: start,
  notAfter: start + day,
  serial: new Uint8Array([1]),
}).keyPem;
const unusable: [what: string, chainPem: string, keyPem: string][] = [
  ["an empty certificate", "", pair.keyPem],
  ["an empty key", pair.chainPem, ""],
  ["text", "hello", pair.keyPem],
  ["the files swapped", pair.keyPem, pair.chainPem],
  ["another certificate's key", pair.chainPem, otherKey],
  ["a damaged certificate", pair.chainPem.replace(/\n.{9}/, "\n!!!"), pair.keyPem],
  ["a file over the limit", pair.chainPem + "x".repeat(maxPemLength), pair.keyPem],
];
for (const [what, chainPem, keyPem] of unusable) {
  Deno.test(`loadCertificate() refuses ${what}`, () => {
    assert.throws(() => loadCertificate({ chainPem, keyPem }), SyntaxError);
  });
}

const first = certificate("p256", "mail.example.org");
const firstRsa = certificate("rsa", "mail.example.org");
const star = certificate("rsa", "*.example.org", "example.org");
const other = certificate("rsa", "mail.example.com");
const all = [first, firstRsa, star, other];

const oldTls12 = { ...modern, versions: [0x0303] };
const choices: [asked: string, hello: ClientHello, chosen: LoadedCertificate, matched: string][] = [
  ["an exact name", { ...modern, serverName: "mail.example.org" }, first, "exact"],
  ["another exact name", { ...modern, serverName: "mail.example.com" }, other, "exact"],
  ["a wildcard", { ...modern, serverName: "imap.example.org" }, star, "wildcard"],
  ["two labels under a wildcard", { ...modern, serverName: "a.imap.example.org" }, first, "default"],
  ["an unknown name", { ...modern, serverName: "example.invalid" }, first, "default"],
  ["a name without dots", { ...modern, serverName: "localhost" }, first, "default"],
  ["the text of a wildcard", { ...modern, serverName: "*.example.org" }, star, "exact"],
  ["no name", modern, first, "default"],
  ["only RSA signatures", { ...modern, signatureSchemes: [0x0804] }, firstRsa, "default"],
  ["TLS 1.2 with all it needs", oldTls12, first, "default"],
  ["TLS 1.2 without P-256", { ...oldTls12, groups: [29] }, firstRsa, "default"],
  ["TLS 1.2 with RSA suites only", { ...oldTls12, cipherSuites: [0xc02f] }, firstRsa, "default"],
  ["no signatures that we have", { ...modern, signatureSchemes: [0x0603] }, first, "default"],
];
for (const [asked, hello, chosen, matched] of choices) {
  Deno.test(`asked for ${asked}, the ${matched} certificate ${chosen.fingerprint} is chosen`, () => {
    assert.deepEqual(new Certificates(all).choose(hello), { certificate: chosen, matched });
  });
}

Deno.test("without certificates there is no choice", () =>
  assert.equal(new Certificates([]).choose(modern), null));

Deno.test("a certificate without names can be the default", () => {
  const nameless = { ...first, names: [] };
  assert.equal(new Certificates([nameless]).choose(modern)?.certificate, nameless);
});

Deno.test("what is replaced is chosen from then on", () => {
  const store = new Certificates([first]);
  const renewed = { ...first, fingerprint: "renewed" };
  store.replace([renewed]);
  assert.equal(store.choose({ ...modern, serverName: "mail.example.org" })?.certificate, renewed);
});

Deno.test("canCheck() wants the signature scheme of each kind of key", () => {
  const none = { ...modern, signatureSchemes: [] };
  for (const type of ["p256", "p384", "ed25519", "rsa"] as const) {
    assert.ok(canCheck(modern, type), type);
    assert.ok(!canCheck(none, type), type);
  }
});

const protocols: [offered: string[], ours: string[], choice: string][] = [
  [[], ["imap"], "none"],
  [["imap"], [], "none"],
  [["h2", "imap"], ["imap"], "imap"],
  [["http/1.1", "h2"], ["h2", "http/1.1"], "h2"], // The server's wish counts.
  [["h2"], ["imap"], "mismatch"],
  [["IMAP"], ["imap"], "mismatch"],
];
for (const [offered, ours, expected] of protocols) {
  Deno.test(`chooseAlpn() of [${offered}] and [${ours}] is ${expected}`, () => {
    const choice = chooseAlpn(offered, ours);
    assert.equal(choice.kind === "agreed" ? choice.protocol : choice.kind, expected);
  });
}

const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
const odd = generateKeyPairSync("x25519").privateKey;
for (const [what, key, says] of [["short", weak, /2048/], ["strange", odd, /x25519/]] as const) {
  Deno.test(`loadCertificate() refuses a ${what} key, and says why`, () => {
    const keyPem = key.export({ type: "pkcs8", format: "pem" }).toString();
    assert.throws(() => loadCertificate({ chainPem: pair.chainPem, keyPem }), says);
  });
}
