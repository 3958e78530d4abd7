import assert from "node:assert/strict";
import { printMailbox } from "../address/mailbox.ts";
import { suppresses, suppressionKey, suppressionKeyOf } from "./suppression.ts";

const keys: [local: string, domain: string, key: string][] = [
  ["You", "Example.org", "you@example.org"],
  ["you+list", "example.org", "you@example.org"],
  ["you+a+b", "example.org", "you@example.org"],
  ["+you", "example.org", "+you@example.org"],
  ["y.o-u", "example.org", "y.o-u@example.org"],
  ["bücher", "bücher.example", "bücher@bücher.example"],
  ["bu\u0308cher", "bücher.example", "bücher@bücher.example"],
  ["A b", "example.org", "a b@example.org"],
  ["a b+list", "example.org", "a b@example.org"],
  ['a"b@c\\d', "[192.0.2.1]", 'a"b@c\\d@[192.0.2.1]'],
];
for (const [local, domain, key] of keys) {
  Deno.test(`suppressionKey(${local}@${domain}), and as the queue has it`, () => {
    assert.equal(suppressionKey({ local, domain }), key);
    assert.equal(suppressionKeyOf(printMailbox({ local, domain })), key);
  });
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
