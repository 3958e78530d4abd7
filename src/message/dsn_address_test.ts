import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeUnitext,
  decodeXtext,
  encodeUnitext,
  encodeXtext,
  maxEnvidLength,
  maxOrcptLength,
  parseEnvid,
  parseOrcpt,
  printEnvid,
  printOrcpt,
  typedAddress,
} from "./dsn_address.ts";

const ascii = { utf8: false };
const utf8 = { utf8: true };

const xtext: [encoded: string, decoded: string | null][] = [
  ["", ""],
  ["QQ314159", "QQ314159"],
  ["a+2Bb+3Dc", "a+b=c"],
  ["+41", "A"], // What needs none may be encoded.
  ["a+20b", "a b"],
  ["+2b", null], // Upper case only.
  ["+2", null],
  ["a b", null],
  ["a=b", null],
  ["a+0D+0A", null], // Printable characters only. RFC 3461 4.2
  ["a+00", null],
  ["+C3+BC", null],
  ["ü", null],
];
for (const [encoded, decoded] of xtext) {
  Deno.test(`decodeXtext(): ${encoded}`, () => assert.equal(decodeXtext(encoded), decoded));
}

const unitext: [encoded: string, decoded: string | null][] = [
  ["a@b.example", "a@b.example"],
  ["\\x{FC}@b.example", "ü@b.example"],
  ["\\x{fc}@b.example", "ü@b.example"],
  ["ü@b.example", "ü@b.example"],
  ["\\x{1F4E7}@b", "📧@b"],
  ["a\\x{5C}b\\x{20}c\\x{2B}d\\x{3D}e", "a\\b c+d=e"],
  ["a+b@c", "a+b@c"], // As a plain utf-8-address.
  ["\\x{41}", null], // What can stand for itself, must.
  ["\\x{0A}", null],
  ["\\x{D800}", null],
  ["\\x{110000}", null],
  ["\\x{00FC}", null],
  ["\\x{F}", null],
  ["\\x{1234567}", null],
  ["\\xFC", null],
  ["\\", null],
  ["a b", null],
  ["a\r\nb", null],
];
for (const [encoded, decoded] of unitext) {
  Deno.test(`decodeUnitext(): ${JSON.stringify(encoded)}`, () =>
    assert.equal(decodeUnitext(encoded), decoded));
}

const text = fc.string({ unit: fc.constantFrom(..."aZ 9+=\\@.~!ü語📧{}x"), maxLength: 20 });

Deno.test("what is encoded is decoded again", () => {
  fc.assert(fc.property(text, (one) => {
    for (const form of [ascii, utf8]) {
      const encoded = encodeUnitext(one, form);
      assert.equal(decodeUnitext(encoded), one);
      assert.match(encoded, form.utf8 ? /^[^\0- +=\x7f]*$/ : /^[!-*,-<>-~]*$/);
    }
    if (/^[ -~]*$/.test(one)) assert.equal(decodeXtext(encodeXtext(one)), one);
    else assert.throws(() => encodeXtext(one), TypeError);
  }));
  for (const wrong of ["\n", "\x85", "\ud800"]) assert.throws(() => encodeUnitext(wrong, utf8), TypeError);
  assert.throws(() => encodeXtext("a\r\n"), TypeError);
});

const accepted: [value: string, form: { utf8: boolean }, type: string, address: string][] = [
  ["rfc822;Bob@example.com", ascii, "rfc822", "Bob@example.com"],
  ["RFC822;George@Tax-+20ME.GOV", ascii, "rfc822", "George@Tax- ME.GOV"],
  ["rfc822;bob+2Bx@example.com", ascii, "rfc822", "bob+x@example.com"],
  ["utf-8;\\x{FC}@example.com", ascii, "utf-8", "ü@example.com"],
  ["UTF-8;ü@example.com", utf8, "utf-8", "ü@example.com"],
];
for (const [value, form, type, address] of accepted) {
  Deno.test(`parseOrcpt() reads ${value}`, () => {
    assert.deepEqual(parseOrcpt(value, form), { type, address });
    assert.deepEqual(parseOrcpt(printOrcpt({ type, address }, form), form), { type, address });
  });
}

const refused: [value: string, form: { utf8: boolean }][] = [
  ["", ascii],
  ["a@b.example", ascii],
  [";a@b.example", ascii],
  ["rfc822;", ascii],
  ["rfc 822;a@b.example", ascii],
  ["rfc822;a=b@c", ascii],
  ["rfc822;ü@example.com", utf8],
  ["utf-8;ü@example.com", ascii],
  ["utf-8;\\x{41}@example.com", ascii],
  ["x400;/c=us/", ascii],
  [`rfc822;${"a".repeat(maxOrcptLength)}`, ascii],
];
for (const [value, form] of refused) {
  Deno.test(`parseOrcpt() refuses ${value.slice(0, 30)}`, () =>
    assert.throws(() => parseOrcpt(value, form), SyntaxError));
}

Deno.test("ORCPT and ENVID of just the length that they may have, and longer", () => {
  const address = "a".repeat(maxOrcptLength - "ORCPT=rfc822;".length);
  assert.equal(`ORCPT=${printOrcpt({ type: "rfc822", address }, ascii)}`.length, maxOrcptLength);
  assert.throws(() => printOrcpt({ type: "rfc822", address: `${address}a` }, ascii), TypeError);
  assert.throws(() => printOrcpt({ type: "rf;c", address: "a" }, ascii), TypeError);
  const id = "a".repeat(maxEnvidLength - "ENVID=".length);
  assert.equal(parseEnvid(printEnvid(id)), id);
  assert.throws(() => printEnvid(`${id}a`), TypeError);
  assert.throws(() => parseEnvid(`${id}a`), SyntaxError);
  for (const wrong of ["a b", "+zz", "+0A"]) assert.throws(() => parseEnvid(wrong), SyntaxError);
  assert.equal(parseEnvid("QQ+2B1"), "QQ+1");
});

Deno.test("only a localpart makes an address of type utf-8", () => {
  assert.deepEqual(typedAddress({ local: "a", domain: "bücher.example" }), {
    type: "rfc822",
    address: "a@xn--bcher-kva.example",
  });
  assert.deepEqual(typedAddress({ local: "ü", domain: "bücher.example" }), {
    type: "utf-8",
    address: "ü@bücher.example",
  });
});
