import assert from "node:assert/strict";
import { suppresses, suppressionKey } from "./suppression.ts";

const keys: [local: string, domain: string, key: string][] = [
  ["You", "Example.org", "you@example.org"],
  ["you+list", "example.org", "you@example.org"],
  ["you+a+b", "example.org", "you@example.org"],
  ["+you", "example.org", "+you@example.org"],
  ["y.o-u", "example.org", "y.o-u@example.org"],
  ["bücher", "bücher.example", "bücher@bücher.example"],
];
for (const [local, domain, key] of keys) {
  Deno.test(`suppressionKey(${local}@${domain})`, () => assert.equal(suppressionKey({ local, domain }), key));
}

const failures: [code: number, status: string, suppressed: boolean][] = [
  [550, "5.1.1", true],
  [550, "", true],
  [551, "5.1.6", true],
  [553, "", true],
  [556, "", true],
  [521, "", true],
  [554, "5.7.1", true],
  [554, "", false],
  [552, "5.2.2", false], // Full today.
  [550, "5.7.26", false], // The message, not the address.
  [550, "4.1.1", true], // A status that contradicts its code says nothing.
  [450, "4.1.1", false],
  [0, "5.1.1", false],
  [600, "5.1.1", false],
];
for (const [code, status, suppressed] of failures) {
  Deno.test(`suppresses(${code}, ${status})`, () => assert.equal(suppresses(code, status), suppressed));
}
