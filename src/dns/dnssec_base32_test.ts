import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1 } from "../base/bytes.ts";
import { base32Hex, fromBase32Hex } from "./dnssec_base32.ts";

/** RFC 4648 10, in lower case and without padding. */
const known: [octets: string, text: string][] = [
  ["", ""],
  ["f", "co"],
  ["fo", "cpng"],
  ["foo", "cpnmu"],
  ["foob", "cpnmuog"],
  ["fooba", "cpnmuoj1"],
  ["foobar", "cpnmuoj1e8"],
];
for (const [octets, text] of known) {
  Deno.test(`base32hex of ${JSON.stringify(octets)}`, () => {
    assert.equal(base32Hex(latin1(octets)), text);
    assert.deepEqual(fromBase32Hex(latin1(text.toUpperCase())), latin1(octets));
  });
}

for (const text of ["c", "cpn", "cp", "cw", "co======", "c o", "-0", "cpnmuoj1e8a"]) {
  Deno.test(`${JSON.stringify(text)} is no base32hex`, () => assert.equal(fromBase32Hex(latin1(text)), null));
}

Deno.test("base32hex there and back", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
    assert.deepEqual(fromBase32Hex(latin1(base32Hex(octets))), new Uint8Array(octets));
  }));
});
