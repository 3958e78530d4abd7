import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { base64, latin1 } from "../base/bytes.ts";
import { DkimBodyHasher, maxBodyHashes } from "./body_hasher.ts";
import type { Canonicalization } from "./signature.ts";

function digestOf(form: Canonicalization, body: string, limit: number | null = null): string {
  const hasher = new DkimBodyHasher();
  const hash = hasher.want(form, limit);
  hasher.write(latin1(body));
  hasher.finish();
  return base64(hash?.digest ?? latin1(""));
}

Deno.test("an empty body has the hashes of RFC 6376 3.4.3 and 3.4.4", () => {
  assert.equal(digestOf("simple", ""), "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=");
  assert.equal(digestOf("relaxed", ""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
});

Deno.test("the body of RFC 8463 appendix A", () => {
  const body = "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
  assert.equal(digestOf("relaxed", body), "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
});

Deno.test("only so many octets of the canonical body are hashed, all are counted", () => {
  const sha = (text: string) => createHash("sha256").update(text).digest("base64");
  const text = "a  b\r\nc\r\n\r\n"; // Relaxed: "a b\r\nc\r\n".
  for (let limit = 0; limit <= 10; limit++) {
    const hasher = new DkimBodyHasher();
    const hash = hasher.want("relaxed", limit);
    for (const octet of latin1(text)) hasher.write(Uint8Array.of(octet));
    hasher.finish();
    assert.equal(base64(hash?.digest ?? latin1("")), sha("a b\r\nc\r\n".slice(0, limit)), `${limit}`);
    assert.equal(hash?.octets, 8);
  }
});

Deno.test("those who want the same share it; others run beside it", () => {
  const hasher = new DkimBodyHasher();
  const relaxed = hasher.want("relaxed");
  assert.equal(hasher.want("relaxed", null), relaxed);
  const limited = hasher.want("relaxed", 3);
  const simple = hasher.want("simple");
  assert.notEqual(limited, relaxed);
  hasher.write(latin1("x  y\r\n"));
  hasher.finish();
  assert.equal(base64(relaxed?.digest ?? latin1("")), digestOf("relaxed", "x  y\r\n"));
  assert.equal(base64(limited?.digest ?? latin1("")), digestOf("relaxed", "x  y\r\n", 3));
  assert.equal(base64(simple?.digest ?? latin1("")), digestOf("simple", "x  y\r\n"));
  assert.equal(hasher.want("simple"), simple); // Also afterwards.
});

Deno.test("one hash too many is refused", () => {
  const hasher = new DkimBodyHasher();
  for (let i = 0; i < maxBodyHashes; i++) assert.notEqual(hasher.want("simple", i), null);
  assert.equal(hasher.want("simple", maxBodyHashes), null);
  assert.notEqual(hasher.want("simple", 0), null);
});

Deno.test("nothing new can be wanted once the body has begun, nothing told before its end", () => {
  const hasher = new DkimBodyHasher();
  const hash = hasher.want("simple");
  hasher.write(latin1("x"));
  assert.throws(() => hasher.want("relaxed"), TypeError);
  assert.throws(() => hash?.digest, TypeError);
  assert.throws(() => hash?.octets, TypeError);
  hasher.finish();
  assert.equal(hash?.octets, 3);
});
