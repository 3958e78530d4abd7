import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1, utf8 } from "../base/bytes.ts";
import {
  asciiSelector,
  decodeBase64,
  decodeDomain,
  decodeNumber,
  decodeQuotedPrintable,
  decodeSelector,
  encodeQuotedPrintable,
  keyName,
  octetText,
  splitColons,
} from "./tag_values.ts";

const octetsOf = (text: string) => String.fromCharCode(...utf8(text));

Deno.test("base64 may be folded anywhere, and lack its padding", () => {
  for (const text of ["aGk=", "a G k =", "aG\r\n\tk=", "aGk"]) {
    assert.deepEqual(decodeBase64(text), latin1("hi"), text);
  }
});

for (const text of ["", " ", "a", "aGk==", "aGk*", "aG=k", "a===", "=", "aG-_", "aGk=\xa0", "aGl=", "aGl"]) {
  Deno.test(`base64: ${JSON.stringify(text)} is none`, () => {
    assert.throws(() => decodeBase64(text), SyntaxError);
  });
}

Deno.test("numbers: as many digits as allowed, none too large", () => {
  assert.equal(decodeNumber("0", 12), 0);
  assert.equal(decodeNumber("999999999999", 12), 999_999_999_999);
  assert.equal(decodeNumber("9".repeat(76), 76), Number.MAX_SAFE_INTEGER);
  for (const text of ["", "-1", "+1", "1.0", "1 2", "0x1", "1e3", "١", "1234567890123"]) {
    assert.throws(() => decodeNumber(text, 12), SyntaxError, text);
  }
});

Deno.test("lists between colons", () => {
  assert.deepEqual(splitColons("from : to\r\n\t:cc"), ["from", "to", "cc"]);
  assert.deepEqual(splitColons("a::b"), ["a", "", "b"]);
  assert.deepEqual(splitColons(""), [""]);
});

Deno.test("quoted-printable: encoded, folded, UTF-8 in either way", () => {
  assert.equal(decodeQuotedPrintable("joe=20x@\r\n\texample.org"), "joe x@example.org");
  assert.equal(decodeQuotedPrintable("=C3=BC"), "ü");
  assert.equal(decodeQuotedPrintable(octetsOf("ü")), "ü"); // RFC 8616 5
  for (const text of ["=", "=3", "=3b", "=ZZ", "=FF", "\xff"]) {
    assert.throws(() => decodeQuotedPrintable(text), SyntaxError, text);
  }
});

Deno.test("quoted-printable reads back, in ASCII without what RFC 6376 2.11 forbids", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => {
    const encoded = encodeQuotedPrintable(text);
    assert.match(encoded, /^[!-:<-~]*$/);
    assert.equal(decodeQuotedPrintable(encoded), text);
  }));
});

Deno.test("domains: one normal form, none that is no domain", () => {
  assert.equal(decodeDomain("Example.ORG"), "example.org");
  assert.equal(decodeDomain("xn--bcher-kva.example"), "bücher.example");
  assert.equal(decodeDomain(octetsOf("Bücher.example")), "bücher.example");
  for (
    const text of [
      "",
      ".",
      "a..b",
      "a b",
      "[192.0.2.1]",
      "192.0.2.1",
      "a_b.example",
      "a.example.",
      "a@b",
      "\xff.example",
    ]
  ) {
    assert.throws(() => decodeDomain(text), SyntaxError, text);
  }
});

Deno.test("selectors: several labels, numbers, underscores", () => {
  for (const text of ["s1", "a", "20120806", "foo.bar", "a_b", "_a", "2026.a", "a.2026", "s-1"]) {
    assert.equal(decodeSelector(text), text);
  }
  assert.equal(decodeSelector("S1"), "s1");
  assert.equal(decodeSelector("xn--bcher-kva"), "bücher");
  for (const text of ["", ".", "a.", "a..b", "a b", "-a", "a-", "a/b", "x".repeat(64)]) {
    assert.throws(() => decodeSelector(text), SyntaxError, text);
  }
});

Deno.test("a key's name is in A-labels, and no longer than a name can be", () => {
  assert.equal(keyName("foo.bar", "example.com"), "foo.bar._domainkey.example.com."); // RFC 6376 3.6.2.1
  assert.equal(keyName("ü", "bücher.example"), "xn--tda._domainkey.xn--bcher-kva.example.");
  assert.equal(asciiSelector("ü.5"), "xn--tda.5");
  const label = "a".repeat(61);
  const domain = `${label}.${label}.${label}.example`;
  assert.equal(keyName("s".repeat(48), domain).length, 254);
  assert.throws(() => keyName("s".repeat(49), domain), SyntaxError);
});

Deno.test("octets that are not UTF-8 are no text", () => {
  assert.equal(octetText("abc"), "abc");
  assert.throws(() => octetText("\xc3"), SyntaxError);
});
