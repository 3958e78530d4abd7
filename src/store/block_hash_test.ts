import assert from "node:assert/strict";
import fc from "fast-check";
import { concat, hex, utf8 } from "../base/bytes.ts";
import { blockBytes, BodyHasher, hashBytes, isBlock, sha256 } from "./block_hash.ts";

function hashed(pieces: readonly Uint8Array[]) {
  const hasher = new BodyHasher();
  for (const piece of pieces) hasher.update(piece);
  return hasher.digest();
}

Deno.test("SHA-256 of a known text (FIPS 180-2)", () => {
  assert.equal(sha256(utf8("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

for (
  const [size, blocks] of [[0, 0], [1, 0], [blockBytes, 0], [blockBytes + 1, 2], [3 * blockBytes, 3]] as const
) {
  Deno.test(`a body of ${size} octets has ${blocks} block hashes, and each block is known`, () => {
    const body = new Uint8Array(size).map((_, i) => i % 251);
    const hashes = hashed([body]);
    assert.equal(hashes.size, size);
    assert.equal(hashes.blocks.length, blocks * hashBytes);
    assert.equal(hashes.sha256, sha256(body));
    for (let i = 0; i * blockBytes < size; i++) {
      const block = body.slice(i * blockBytes, (i + 1) * blockBytes);
      assert.ok(isBlock(block, i, hashes));
      if (blocks > 0) {
        assert.equal(hex(hashes.blocks.subarray(i * hashBytes, (i + 1) * hashBytes)), sha256(block));
      }
      assert.ok(!isBlock(block.subarray(1), i, hashes));
      assert.ok(!isBlock(block, i + 1, hashes));
      block[0] = (block[0] ?? 0) ^ 1;
      assert.ok(!isBlock(block, i, hashes));
    }
  });
}

Deno.test("pieces split anywhere give the same hashes", () => {
  const piece = fc.nat({ max: 900_000 }).map((length) => new Uint8Array(length).fill(length % 256));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 5 }), (pieces) => {
      assert.deepEqual(hashed(pieces), hashed([concat(pieces)]));
    }),
    { numRuns: 15 },
  );
});
