import assert from "node:assert/strict";
import fc from "fast-check";
import { Scanner } from "../base/scanner.ts";
import type { Address } from "./address.ts";
import {
  addressKey,
  addressLiteral,
  foldedAddressKey,
  maxPathOctets,
  needsSmtpUtf8,
  parseMailbox,
  printMailbox,
  printPath,
  readMailbox,
  sameAddress,
  takePath,
  takeReversePath,
} from "./mailbox.ts";

const utf8 = { utf8: true };
const ascii = { utf8: false };

const paths: [text: string, address: Address][] = [
  ["<a@example.org>", { local: "a", domain: "example.org" }],
  ["<A.B@EXAMPLE.org>", { local: "A.B", domain: "example.org" }],
  ['<"a>b"@example.org>', { local: "a>b", domain: "example.org" }],
  ["<@a.example,@b.example:c@d.example>", { local: "c", domain: "d.example" }],
  ["<a@[192.0.2.1]>", { local: "a", domain: "[192.0.2.1]" }],
  ["<a@[ipv6:2001:DB8:0::1]>", { local: "a", domain: "[IPv6:2001:db8::1]" }],
  ["<postMASTER>", { local: "postmaster", domain: "" }],
  ["<a@xn--bcher-kva.example>", { local: "a", domain: "bücher.example" }],
];
for (const [text, address] of paths) {
  Deno.test(`takePath() reads ${text}`, () => {
    const s = new Scanner(`${text} SIZE=1`);
    assert.deepEqual(takePath(s, ascii), address);
    assert.equal(s.rest(), " SIZE=1");
    assert.deepEqual(takePath(new Scanner(printPath(address, ascii)), ascii), address);
  });
}

const refused = [
  "",
  "<>",
  "<a>",
  "a@example.org",
  "<a@example.org",
  "< a@example.org>",
  "<a@example.org >",
  "<a@>",
  "<@example.org>",
  "<a@b@example.org>",
  "<a@example.org.>",
  "<a@[192.0.2.256]>",
  "<a@[2001:db8::1]>",
  "<a@[IPv6:192.0.2.1]>",
  "<a@[x400:abc]>",
  "<a@127.0.0.1>",
  '<"postmaster">',
  "<@a.example:>",
  "<@a.example c@d.example>",
  `<${"@a.example,".repeat(100)}@a.example:c@d.example>`,
  "<ü@example.org>",
  "<a@bücher.example>",
];
for (const text of refused) {
  Deno.test(`takePath() refuses ${text.slice(0, 40)}`, () => {
    assert.throws(() => takePath(new Scanner(text), ascii), SyntaxError);
  });
}

Deno.test("with SMTPUTF8, both sides may be Unicode", () => {
  const address = takePath(new Scanner("<Ü@BÜCHER.example>"), utf8);
  assert.deepEqual(address, { local: "Ü", domain: "bücher.example" });
  assert.equal(needsSmtpUtf8(address), true);
  assert.equal(needsSmtpUtf8({ local: "a", domain: "bücher.example" }), false);
  assert.equal(printPath(address), "<Ü@bücher.example>");
  assert.equal(
    printMailbox({ local: "a b", domain: "bücher.example" }, ascii),
    '"a b"@xn--bcher-kva.example',
  );
});

Deno.test("the length limit counts octets", () => {
  const route = "@ü.example,".repeat(75);
  assert.ok(route.length < maxPathOctets);
  assert.throws(
    () => takePath(new Scanner(`<${route}@b.example:${"ü".repeat(60)}@c.example>`), utf8),
    /too long/,
  );
});

Deno.test("the null sender", () => {
  assert.equal(takeReversePath(new Scanner("<>"), ascii), null);
  assert.equal(printPath(null), "<>");
  assert.deepEqual(takeReversePath(new Scanner("<a@b.example>"), ascii), { local: "a", domain: "b.example" });
});

Deno.test("a mailbox is read alone", () => {
  assert.deepEqual(parseMailbox("a@b.example"), { local: "a", domain: "b.example" });
  assert.throws(() => parseMailbox("a@b.example "), SyntaxError);
  assert.equal(readMailbox("<a@b.example>"), null);
  assert.equal(readMailbox("ü@b.example", ascii), null);
});

Deno.test("address literals have one spelling", () => {
  assert.equal(addressLiteral("[IPv6:0:0:0:0:0:0:0:1]"), "[IPv6:::1]");
  assert.equal(addressLiteral("[192.0.2.1]"), "[192.0.2.1]");
  assert.equal(addressLiteral("192.0.2.1"), null);
  assert.equal(addressLiteral("[]"), null);
});

Deno.test("addresses are compared without their spelling", () => {
  const a = parseMailbox('"a.b"@Example.org');
  assert.equal(sameAddress(a, parseMailbox("a.b@example.org")), true);
  assert.equal(sameAddress(a, parseMailbox("A.b@example.org")), false);
  assert.equal(sameAddress(a, null), false);
  assert.equal(sameAddress(null, null), true);
  assert.equal(addressKey(a), "a.b@example.org");
  assert.equal(foldedAddressKey(parseMailbox("Ü.B@example.org")), "ü.b@example.org");
  // The quotes keep the @ of a localpart apart from the one that ends it.
  assert.notEqual(
    addressKey({ local: "a@b", domain: "c.example" }),
    addressKey({ local: "a", domain: "b@c.example" }),
  );
});

Deno.test("parse(print(address)) is the address", () => {
  const local = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 })
    .map((text) => text.normalize("NFC"))
    .filter((text) => !/[\x00-\x1f\x7f-\x9f]/.test(text) && new TextEncoder().encode(text).length <= 128);
  const domain = fc.constantFrom("example.org", "bücher.example", "[192.0.2.1]", "[IPv6:2001:db8::1]");
  fc.assert(fc.property(local, domain, (local, domain) => {
    const address = { local, domain };
    assert.deepEqual(parseMailbox(printMailbox(address)), address);
  }));
});
