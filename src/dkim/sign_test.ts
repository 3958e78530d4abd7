import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { fromBase64, latin1 } from "../base/bytes.ts";
import { DkimBodyHasher } from "./body_hasher.ts";
import { bodyHasherFor, defaultSignedFields, type Signer, signMessage } from "./sign.ts";
import { parseSignature } from "./signature.ts";
import { ed25519Signer, now, octets, rsaKey, rsaSigner } from "./testing/signed_message.ts";

const header = octets("From: a@example.org\nTo: b\nTo: c\nX: y\n");

function sign(signers: readonly Signer[], section = header): string[] {
  const body = bodyHasherFor(signers);
  body.write(latin1("Hi.\r\n"));
  body.finish();
  return signMessage({ header: section, body, signers, now });
}

const tagsOf = (field: string | undefined) =>
  parseSignature((field ?? "").replace("DKIM-Signature:", "").trim());

Deno.test("one field for each signer, each on lines that are not long", () => {
  const fields = sign([rsaSigner, ed25519Signer]);
  assert.deepEqual(fields.map((field) => tagsOf(field).selector), ["rsa", "ed"]);
  for (const field of fields) {
    assert.match(field, /^DKIM-Signature: v=1; [^]*[^\r\n]\r\n$/);
    for (const line of field.split("\r\n")) assert.ok(line.length <= 78);
  }
});

Deno.test("the same message, keys and time give the same fields, and this one", () => {
  const [field = ""] = sign([ed25519Signer]);
  assert.deepEqual(sign([ed25519Signer]), [field]);
  assert.deepEqual(field.split("\r\n").slice(0, 3), [
    "DKIM-Signature: v=1; a=ed25519-sha256; d=example.org; s=ed;",
    "\tc=relaxed/relaxed; t=1767312000; h=from:from:to:to:to:cc:bcc:reply-to:",
    "\treferences:in-reply-to:subject:date:message-id:content-type; bh=UrA8rmgY",
  ]);
  assert.deepEqual(tagsOf(field).bodyHash, fromBase64("UrA8rmgY3eNBotmDWtzAmHyn5RyZv8Gea45sNGsP0zw="));
});

Deno.test("sealed, each name stands once more than there are fields; unsealed, as often", () => {
  const fields = ["From", "to", "cc", "TO"];
  const sealed = tagsOf(sign([{ ...rsaSigner, fields }])[0]).signedFields;
  assert.deepEqual(sealed, ["from", "from", "to", "to", "to", "cc"]);
  const unsealed = tagsOf(sign([{ ...rsaSigner, fields, seal: false }])[0]).signedFields;
  assert.deepEqual(unsealed, ["from", "to", "to"]);
});

Deno.test("what is signed unless something else is said", () => {
  const names = tagsOf(sign([rsaSigner])[0]).signedFields;
  assert.deepEqual([...new Set(names)], defaultSignedFields);
});

Deno.test("times: when it was signed, and when it expires if it does", () => {
  const plain = tagsOf(sign([rsaSigner])[0]);
  assert.deepEqual([plain.timestamp, plain.expiration], [now / 1000, null]);
  const expiring = tagsOf(sign([{ ...rsaSigner, expirationSeconds: 72 * 3600 }])[0]);
  assert.equal(expiring.expiration, now / 1000 + 72 * 3600);
});

Deno.test("names are printed in A-labels, the identity encoded", () => {
  const signer = {
    ...rsaSigner,
    domain: "Bücher.example",
    selector: "ü.1",
    identity: "jö;x@Sub.bücher.example",
  };
  const [field = ""] = sign([signer]);
  assert.match(field, / i=j=C3=B6=3Bx@sub\.xn--bcher-kva\.example;/);
  assert.match(field.replaceAll("\r\n\t", " "), / d=xn--bcher-kva\.example; s=xn--tda\.1;/);
  assert.equal(tagsOf(field).identity, "jö;x@sub.bücher.example");
});

Deno.test("a message has exactly one From, or is not signed", () => {
  for (const section of ["", "To: a\n", "From: a\nFrom: b\n", "From: a\nfrom : b\n"]) {
    assert.throws(() => sign([rsaSigner], octets(section)), SyntaxError);
  }
});

const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const small = generateKeyPairSync("rsa", { modulusLength: 768 }).privateKey;
const wrong: [what: string, signer: Partial<Signer>, error: typeof Error][] = [
  ["a public key", { key: createPublicKey(rsaKey) }, TypeError],
  ["a key of another kind", { key: ec }, TypeError],
  ["an RSA key that is too short", { key: small }, TypeError], // RFC 8301 3.2
  ["From not among the fields", { fields: ["to"] }, TypeError],
  ["no field at all", { fields: [] }, TypeError],
  ["what is no field name", { fields: ["from", "a b"] }, TypeError],
  ["a field name that h= cannot hold", { fields: ["from", "a;b"] }, TypeError],
  ["an identity of another domain", { identity: "a@example.net" }, TypeError],
  ["an identity of the parent", { domain: "sub.example.org", identity: "@example.org" }, TypeError],
  ["an identity without @", { identity: "example.org" }, TypeError],
  ["no domain", { domain: "a b" }, SyntaxError],
  ["no selector", { selector: "" }, SyntaxError],
];
for (const [what, signer, error] of wrong) {
  Deno.test(`${what} is refused`, () => {
    assert.throws(() => sign([{ ...rsaSigner, ...signer }]), error);
  });
}

Deno.test("a body that was not hashed for the signer is refused", () => {
  const body = new DkimBodyHasher();
  body.want("simple");
  body.write(latin1("Hi."));
  assert.throws(() => signMessage({ header, body, signers: [rsaSigner], now }), TypeError);
  body.finish();
  assert.throws(() => signMessage({ header, body, signers: [rsaSigner], now }), TypeError);
});

Deno.test("PEM of other tools is read by the platform, and signs", () => {
  const pem = rsaKey.export({ type: "pkcs1", format: "pem" });
  assert.equal(sign([{ ...rsaSigner, key: createPrivateKey(pem) }])[0], sign([rsaSigner])[0]);
});
