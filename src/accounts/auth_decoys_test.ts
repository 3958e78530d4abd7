import assert from "node:assert/strict";
import { Decoys } from "./auth_decoys.ts";

const key = new Uint8Array(32).fill(1);

Deno.test("made-up secrets stay the same for a name and a key, and differ otherwise", () => {
  const decoys = new Decoys(key);
  assert.deepEqual(decoys.scram("SHA-256", "a"), new Decoys(key).scram("SHA-256", "a"));
  assert.deepEqual(decoys.argon2("a"), new Decoys(key).argon2("a"));
  assert.deepEqual(decoys.cramMd5("a"), new Decoys(key).cramMd5("a"));
  const salts = [
    decoys.scram("SHA-256", "a"),
    decoys.scram("SHA-1", "a"),
    decoys.scram("SHA-256", "b"),
    new Decoys(new Uint8Array(32).fill(2)).scram("SHA-256", "a"),
  ].map(({ salt }) => salt.toHex());
  assert.equal(new Set(salts).size, 4);
});

Deno.test("they look like real ones", () => {
  const scram = new Decoys(key).scram("SHA-256", "a");
  assert.deepEqual([scram.salt.length, scram.storedKey.length, scram.serverKey.length], [16, 32, 32]);
  assert.equal(scram.iterations, 100_000);
  const weak = new Decoys(key).scram("SHA-1", "a");
  assert.deepEqual([weak.salt.length, weak.storedKey.length], [16, 20]);
});

Deno.test("a short key is refused", () => {
  assert.throws(() => new Decoys(new Uint8Array(31)), RangeError);
});
