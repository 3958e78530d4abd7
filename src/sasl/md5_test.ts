import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { utf8 } from "../base/bytes.ts";
import { md5Block, md5BlockBytes, md5Finish, md5Start } from "./md5.ts";

const vectors: [text: string, digest: string][] = [ // RFC 1321 A.5
  ["", "d41d8cd98f00b204e9800998ecf8427e"],
  ["a", "0cc175b9c0f1b6a831c399e269772661"],
  ["abc", "900150983cd24fb0d6963f7d28e17f72"],
  ["message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
  [
    "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
    "57edf4a22be3c955ac49da2e2107b67a",
  ],
];
for (const [text, digest] of vectors) {
  Deno.test(`MD5 of ${JSON.stringify(text)}`, () => {
    assert.equal(md5Finish(md5Start, 0, utf8(text)).toHex(), digest);
  });
}

Deno.test("MD5 from a state in the middle is that of the whole", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 64, maxLength: 300 }), (bytes) => {
    const state = md5Block(md5Start, bytes);
    const digest = md5Finish(state, md5BlockBytes, bytes.subarray(md5BlockBytes));
    assert.equal(digest.toHex(), createHash("md5").update(bytes).digest("hex"));
  }));
});
