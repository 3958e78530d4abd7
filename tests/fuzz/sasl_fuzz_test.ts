/**
 * Anything at all as a SASL message: it is read or refused, never thrown at; what is read can be written again;
 * and nothing but the password proves the password.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { utf8 } from "../../src/base/bytes.ts";
import { parseCramMd5 } from "../../src/sasl/cram_md5.ts";
import { parseExternal } from "../../src/sasl/external.ts";
import { beginLogin, continueLogin } from "../../src/sasl/login.ts";
import { parsePlain, printPlain } from "../../src/sasl/plain.ts";
import { prepareOpaqueString, prepareUsername } from "../../src/sasl/precis.ts";
import { deriveScram, ScramServer } from "../../src/sasl/scram.ts";
import { parseClientFirst, parseServerFirst, quoteName } from "../../src/sasl/scram_message.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5") / 2;
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;
const run = { seed, numRuns: 1e9, interruptAfterTimeLimit: seconds * 1000, markInterruptAsFailure: false };

const pieces = [
  "n,,",
  "y,,",
  "p=tls-unique,,",
  "n,a=x,",
  "n=user",
  ",r=",
  "abc",
  "c=biws",
  ",p=",
  "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  "abcserver",
  "=2C",
  "=3D",
  "=",
  ",",
  "m=1",
  "x=1",
  "\0",
  " ",
  "b913a602c7eda7a495b4e6e7334d3890",
  "s=QSXCR+Q6sek8bf92",
  ",i=4096",
  "é",
  "\u00a0",
  "\ufdfa",
];
const message = fc.oneof(
  fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((each) => utf8(each.join(""))),
  fc.uint8Array({ maxLength: 80 }),
  fc.string({ unit: "binary", maxLength: 60 }).map(utf8),
);

const secret = await deriveScram("SHA-256", "pencil", new Uint8Array(16), 4096);

Deno.test("fuzz: SASL messages are read or refused", () => {
  fc.assert(
    fc.property(message, message, (first, second) => {
      const plain = parsePlain(first);
      if (plain !== null) assert.deepEqual(printPlain(plain), new Uint8Array(first));
      const client = parseClientFirst(first);
      if (client !== null) {
        assert.deepEqual(utf8(client.gs2Header + client.bare), new Uint8Array(first));
        assert.ok(client.bare.startsWith(`n=${quoteName(client.username)},r=${client.nonce}`));
        assert.notEqual(new ScramServer("SHA-256", client, secret, "server").finish(second).kind, "proved");
      }
      const login = beginLogin(first);
      if (login.kind === "ask") continueLogin(login.state, second);
      const cram = parseCramMd5(first);
      if (cram !== null) assert.equal(cram.digest.length, 16);
      parseExternal(first);
      parseServerFirst(new TextDecoder().decode(first));
    }),
    run,
  );
});

Deno.test("fuzz: what was prepared once stays as it is", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
      for (const prepare of [prepareOpaqueString, prepareUsername]) {
        const prepared = prepare(text);
        if (prepared !== null) assert.equal(prepare(prepared), prepared);
      }
    }),
    run,
  );
});
