import assert from "node:assert/strict";
import { asciiDomain, maxDomainOctets, normalForm, parseDomain } from "./domain.ts";

const accepted: [text: string, normal: string, ascii: string][] = [
  ["Example.ORG", "example.org", "example.org"],
  ["localhost", "localhost", "localhost"],
  ["a--b.3com.example", "a--b.3com.example", "a--b.3com.example"],
  ["r3---sn.example", "r3---sn.example", "r3---sn.example"],
  ["Bücher.example", "bücher.example", "xn--bcher-kva.example"],
  ["xn--Bcher-KVA.example", "bücher.example", "xn--bcher-kva.example"],
  ["bu\u0308cher.example", "bücher.example", "xn--bcher-kva.example"],
  ["faß.de", "faß.de", "xn--fa-hia.de"],
  ["☺.example", "☺.example", "xn--74h.example"],
  ["例え。テスト", "例え.テスト", "xn--r8jz45g.xn--zckzah"],
  [`${"a".repeat(63)}.example`, `${"a".repeat(63)}.example`, `${"a".repeat(63)}.example`],
];
for (const [text, normal, ascii] of accepted) {
  Deno.test(`parseDomain() reads ${text}`, () => {
    assert.equal(parseDomain(text), normal);
    assert.equal(asciiDomain(normal), ascii);
    assert.equal(parseDomain(ascii), normal);
    assert.equal(parseDomain(normal), normal);
  });
}

const refused = [
  "",
  ".",
  "a..example",
  ".example",
  "example.org.",
  "-a.example",
  "a-.example",
  "a_b.example",
  "a b.example",
  "a%41.example",
  "a/b.example",
  "user:secret.example",
  "a\u0000.example",
  "127.0.0.1",
  "127.1",
  "2130706433",
  "0x7f.1",
  "a.0x7f",
  "１２７.1",
  "℀.example",
  "\u05d0a.example",
  "xn--a",
  "xn--",
  "ß\u200d.example",
  "\ud800.example",
  `${"a".repeat(64)}.example`,
  `${"ü".repeat(60)}.example`,
  `${"a.".repeat(maxDomainOctets / 2)}example`,
  "a".repeat(1_000_000),
];
for (const text of refused) {
  Deno.test(`parseDomain() refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
    assert.throws(() => parseDomain(text), SyntaxError);
    assert.equal(normalForm(text), null);
  });
}

Deno.test("underscores pass where they are asked for", () => {
  assert.equal(parseDomain("_dmarc.Example.org", { underscore: true }), "_dmarc.example.org");
  assert.equal(parseDomain("win_host.büro.example", { underscore: true }), "win_host.büro.example");
  assert.throws(() => parseDomain("_dmarc.-a.example", { underscore: true }), SyntaxError);
});

Deno.test("an address literal is ASCII as it is", () => {
  assert.equal(asciiDomain("[192.0.2.1]"), "[192.0.2.1]");
});
