import assert from "node:assert/strict";
import { opaqueIds, opaqueKeyBytes } from "./opaque_id.ts";

const key = Uint8Array.from({ length: opaqueKeyBytes }, (_, i) => i * 7);

for (const id of [0n, 1n, 0x19b_8000_0000n, 0xffff_ffff_ffff_ffffn]) {
  Deno.test(`an id opens as what was sealed: ${id}`, () => {
    const ids = opaqueIds(key);
    const sealed = ids.seal(id);
    assert.match(sealed, /^[A-Za-z0-9_-]{22}$/);
    assert.equal(ids.open(sealed), id);
  });
}

Deno.test("neighbours look nothing alike", () => {
  const ids = opaqueIds(key);
  assert.notEqual(ids.seal(1n).slice(0, 6), ids.seal(2n).slice(0, 6));
});

Deno.test("the construction is AES-128 of the salt and the big-endian counter", async () => {
  const ids = opaqueIds(key);
  const aes = await crypto.subtle.importKey("raw", key.slice(0, 16), "AES-CBC", false, ["encrypt"]);
  const block = new Uint8Array(16);
  block.set(key.slice(16));
  block[15] = 5;
  // The first block of CBC with a zero IV is the plain block cipher.
  const cbc = await crypto.subtle.encrypt({ name: "AES-CBC", iv: new Uint8Array(16) }, aes, block);
  const first = new Uint8Array(cbc).slice(0, 16);
  assert.equal(ids.seal(5n), first.toBase64({ alphabet: "base64url", omitPadding: true }));
});

for (
  const text of ["", "x", "AAAAAAAAAAAAAAAAAAAAAA", "!".repeat(22), "A".repeat(23), "AAAAAAAAAAAAAAAAAAAAAB"]
) {
  Deno.test(`"${text}" is no id of ours`, () => assert.equal(opaqueIds(key).open(text), null));
}

Deno.test("another key's ids do not open", () => {
  const other = opaqueIds(key.map((byte) => byte ^ 1));
  assert.equal(other.open(opaqueIds(key).seal(9n)), null);
});

Deno.test("keys and ids of other sizes are refused", () => {
  assert.throws(() => opaqueIds(new Uint8Array(16)), RangeError);
  assert.throws(() => opaqueIds(key).seal(-1n), RangeError);
  assert.throws(() => opaqueIds(key).seal(1n << 64n), RangeError);
});
