import assert from "node:assert/strict";
import { createAccount, disableLogin } from "../store/accounts.ts";
import { tempStore } from "../store/testing/temp_store.ts";
import { insertCredential } from "../store/credentials.ts";
import { parseSecrets, type PasswordSecrets, printSecrets } from "./auth_credentials.ts";
import { StoredCredentials } from "./auth_store.ts";

const scram = (fill: number) => ({
  salt: new Uint8Array(16).fill(fill),
  iterations: 100_000,
  storedKey: new Uint8Array(32).fill(fill),
  serverKey: new Uint8Array(32).fill(fill + 1),
});

const strong: PasswordSecrets = {
  argon2: {
    costs: { memoryKiB: 19456, passes: 2, lanes: 1 },
    salt: new Uint8Array(16).fill(7),
    hash: new Uint8Array(32).fill(8),
  },
  scramSha256: scram(1),
  scramSha1: null,
  cramMd5: null,
};
const weak: PasswordSecrets = {
  ...strong,
  scramSha1: scram(3),
  cramMd5: { inner: [1, 2, 3, 0xffffffff], outer: [5, 6, 7, 8] },
};

Deno.test("secrets come back from their rows", () => {
  for (const secrets of [strong, weak]) assert.deepEqual(parseSecrets(printSecrets(secrets)), secrets);
  assert.equal(parseSecrets([]), null);
});

const [phc = { kind: "", data: "" }, sha256 = { kind: "", data: "" }] = printSecrets(weak);
const damaged: [what: string, rows: { kind: string; data: string }[]][] = [
  ["a password without SCRAM", [phc]],
  ["a hash that is none", [{ ...phc, data: '{"phc":"$2a$10$"}' }, sha256]],
  ["no iterations", [phc, { ...sha256, data: '{"salt":"AAAA","storedKey":"AAAA","serverKey":"AAAA"}' }]],
  ["an empty key", [phc, { ...sha256, data: sha256.data.replace(/"storedKey":"[^"]*"/, '"storedKey":""') }]],
  ["half a state", [phc, sha256, { kind: "cramMd5", data: '{"inner":[1,2,3],"outer":[1,2,3,4]}' }]],
];
for (const [what, rows] of damaged) {
  Deno.test(`rows with ${what} are damaged`, () => assert.throws(() => parseSecrets(rows), TypeError));
}

Deno.test("accounts are found with their secrets, which a new password replaces", async () => {
  await using temp = tempStore();
  const { store } = temp;
  await store.writer.run((tx) => createAccount(tx, { name: "you", maxBytes: null }));
  const credentials = new StoredCredentials(store);
  assert.deepEqual(await credentials.find("you"), { name: "you", disabled: null, secrets: null });
  assert.equal(await credentials.find("nobody"), null);
  assert.equal(await credentials.find(null), null);
  await credentials.setSecrets("you", weak, 1);
  assert.deepEqual((await credentials.find("you"))?.secrets, weak);
  await credentials.setSecrets("you", strong, 2);
  assert.deepEqual((await credentials.find("you"))?.secrets, strong);
  await assert.rejects(credentials.setSecrets("nobody", strong, 2), { reason: "noSuchMailbox" });
});

Deno.test("certificates are found by fingerprint, belong to one account, and outlive passwords", async () => {
  await using temp = tempStore();
  const { store } = temp;
  for (const name of ["you", "they"]) {
    await store.writer.run((tx) => createAccount(tx, { name, maxBytes: null }));
  }
  const credentials = new StoredCredentials(store);
  const certificate = { fingerprint: "abc", account: "you", login: "you@example.org" };
  assert.equal(await credentials.certificate("abc"), null);
  await credentials.addCertificate(certificate, 1);
  assert.deepEqual(await credentials.certificate("abc"), certificate);
  await credentials.addCertificate({ ...certificate, login: "me@example.org" }, 1);
  await credentials.setSecrets("you", strong, 2);
  assert.equal((await credentials.certificate("abc"))?.login, "me@example.org");
  await assert.rejects(credentials.addCertificate({ ...certificate, account: "they" }, 2), {
    reason: "mailboxExists",
  });
  assert.equal(await credentials.removeCertificate("they", "abc"), false);
  assert.equal(await credentials.removeCertificate("you", "abc"), true);
  assert.equal(await credentials.certificate("abc"), null);
  assert.deepEqual((await credentials.find("you"))?.secrets, strong);
});

Deno.test("the administrator's text comes along", async () => {
  await using temp = tempStore();
  const { store } = temp;
  const id = await store.writer.run((tx) => createAccount(tx, { name: "you", maxBytes: null }));
  await store.writer.run(() => disableLogin(id, "call me"));
  assert.equal((await new StoredCredentials(store).find("you"))?.disabled, "call me");
});

Deno.test("an account has one credential of a kind and name", async () => {
  await using temp = tempStore();
  const row = { accountId: 1, kind: "password", name: "", data: "{}", now: 1 };
  await temp.store.writer.run((tx) => createAccount(tx, { name: "you", maxBytes: null }));
  await temp.store.writer.run(() => insertCredential(row));
  await assert.rejects(temp.store.writer.run(() => insertCredential(row)));
});
