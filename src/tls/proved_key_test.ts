import assert from "node:assert/strict";
import { issue, testChain } from "./testing/certificate_maker.ts";
import { oddForms, soundForms } from "./testing/odd_certificates.ts";
import { isKeyProved } from "./proved_key.ts";

const { spki } = issue({ name: "A" });

for (const [what, der] of soundForms(spki)) {
  Deno.test(`a certificate ${what} proves something`, () => assert.equal(isKeyProved(der), true));
}

for (const [what, der] of oddForms(spki)) {
  Deno.test(`a certificate ${what} proves nothing`, () => assert.equal(isKeyProved(der), false));
}

Deno.test("certificates that are issued prove something, whatever their keys", () => {
  const { root, middle, leaf } = testChain();
  const all = [
    root,
    middle,
    leaf,
    issue({ name: "A", keyType: "rsa2048" }),
    issue({ name: "A", keyType: "ed25519" }),
  ];
  for (const { der } of all) assert.equal(isKeyProved(der), true);
});

Deno.test("what is cut anywhere proves nothing", () => {
  const { der } = issue({ name: "mx.example.org", dnsNames: ["mx.example.org"] });
  for (let length = 0; length < der.length; length++) {
    assert.equal(isKeyProved(der.subarray(0, length)), false);
  }
});
