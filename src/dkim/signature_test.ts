import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1 } from "../base/bytes.ts";
import { identityDomain, parseSignature, printSignature, type Signature } from "./signature.ts";

const hash = "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=";
const least = `v=1; a=rsa-sha256; d=example.org; s=s1; h=from; bh=${hash}; b=YQ==`;

Deno.test("what may be left out has its default", () => {
  assert.deepEqual(parseSignature(least), {
    algorithm: "rsa-sha256",
    signature: latin1("a"),
    bodyHash: Uint8Array.fromBase64(hash),
    headerCanonicalization: "simple",
    bodyCanonicalization: "simple",
    domain: "example.org",
    selector: "s1",
    signedFields: ["from"],
    bodyLength: null,
    timestamp: null,
    expiration: null,
    identity: "@example.org",
  });
});

/** The least, with one tag put in or replaced. */
function variant(name: string, value: string): string {
  const others = least.split("; ").filter((tag) => !tag.startsWith(`${name}=`));
  return [...others, `${name}=${value}`].join("; ");
}

const read: [name: string, value: string, expected: Partial<Signature>][] = [
  ["a", "ed25519-sha256", { algorithm: "ed25519-sha256" }],
  ["c", "relaxed", { headerCanonicalization: "relaxed", bodyCanonicalization: "simple" }],
  ["c", "relaxed/relaxed", { headerCanonicalization: "relaxed", bodyCanonicalization: "relaxed" }],
  ["c", "simple/relaxed", { headerCanonicalization: "simple", bodyCanonicalization: "relaxed" }],
  ["d", "Bücher.example", { domain: "bücher.example", identity: "@bücher.example" }],
  ["h", "From : To:\r\n\tDate", { signedFields: ["from", "to", "date"] }],
  ["i", "joe@sub.example.org", { identity: "joe@sub.example.org" }],
  ["i", "@EXAMPLE.org", { identity: "@example.org" }],
  ["i", "=22a=40b=22@example.org", { identity: '"a@b"@example.org' }],
  ["i", "jürgen@example.org", { identity: "jürgen@example.org" }],
  ["l", "0", { bodyLength: 0 }],
  ["l", "9".repeat(76), { bodyLength: Number.MAX_SAFE_INTEGER }],
  ["q", "dns/txt", {}],
  ["q", "future/x : dns/txt", {}],
  ["s", "2026.mail_a", { selector: "2026.mail_a" }],
  ["t", "1528637909", { timestamp: 1528637909 }],
  ["x", "999999999999", { expiration: 999_999_999_999 }],
  ["z", "From:joe=20|To:b", {}],
  ["unknown", "x y", {}],
  ["bh", " 2jUSOH9NhtVGCQWNr9Br\r\n IAPreKQjO6Sn7XIkfJVOzv8 = ", {}],
];
for (const [name, value, expected] of read) {
  Deno.test(`parseSignature() reads ${name}=${value}`, () => {
    const octets = String.fromCharCode(...new TextEncoder().encode(variant(name, value)));
    const signature = parseSignature(octets);
    assert.deepEqual(signature, { ...parseSignature(least), ...expected });
  });
}

Deno.test("SHA-1 is read, so that it can be said why it is refused", () => {
  const signature = parseSignature(variant("a", "rsa-sha1").replace(hash, "uoq1oCgLlTqpdDX/iUbLy7J1Wic="));
  assert.equal(signature.algorithm, "rsa-sha1");
});

const refused: [name: string, value: string][] = [
  ["v", "2"],
  ["v", "1.0"],
  ["v", ""],
  ["a", "rsa-sha512"],
  ["a", "RSA-SHA256"],
  ["a", "rsa - sha256"],
  ["a", ""],
  ["b", ""],
  ["b", "*"],
  ["bh", ""],
  ["bh", "YQ=="],
  ["bh", "x"],
  ["c", ""],
  ["c", "nofws"],
  ["c", "relaxed/"],
  ["c", "/relaxed"],
  ["c", "simple/simple/simple"],
  ["c", "Relaxed"],
  ["d", ""],
  ["d", "[192.0.2.1]"],
  ["d", "a_b.example"],
  ["h", ""],
  ["h", "from:"],
  ["h", "from::to"],
  ["h", "from:t o"],
  ["h", "from:\xfc"],
  ["i", "example.org"],
  ["i", "joe@"],
  ["i", "=ZZ@example.org"],
  ["i", "=00@example.org"],
  ["l", ""],
  ["l", "-1"],
  ["l", "1k"],
  ["l", "9".repeat(77)],
  ["q", "dns"],
  ["q", "dns/other"],
  ["q", ""],
  ["s", ""],
  ["s", "a b"],
  ["t", ""],
  ["t", "1234567890123"],
  ["t", "soon"],
  ["x", "0x1"],
];
for (const [name, value] of refused) {
  Deno.test(`parseSignature() refuses ${name}=${value.slice(0, 20)}`, () => {
    assert.throws(() => parseSignature(variant(name, value)), SyntaxError);
  });
}

for (const name of ["v", "a", "b", "bh", "d", "h", "s"]) {
  Deno.test(`parseSignature() wants ${name}=`, () => {
    const without = least.split("; ").filter((tag) => !tag.startsWith(`${name}=`)).join("; ");
    assert.throws(() => parseSignature(without), SyntaxError);
  });
}

Deno.test("a signature does not expire before or when it is made", () => {
  assert.throws(() => parseSignature(`${least}; t=10; x=10`), SyntaxError);
  assert.throws(() => parseSignature(`${least}; t=10; x=9`), SyntaxError);
  assert.equal(parseSignature(`${least}; t=10; x=11`).expiration, 11);
});

Deno.test("the example of RFC 6376 3.5", () => {
  const signature = parseSignature(
    [
      "v=1; a=rsa-sha256; d=example.net; s=brisbane;",
      "   c=simple; q=dns/txt; i=@eng.example.net;",
      "   t=1117574938; x=1118006938;",
      "   h=from:to:subject:date;",
      "   z=From:foo@eng.example.net|To:joe@example.com|",
      "    Subject:demo=20run|Date:July=205,=202005=203:44:08=20PM=20-0700;",
      "   bh=MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=;",
      "   b=dzdVyOfAKCdLXdJOc9G2q8LoXSlEniSbav+yuU4zGeeruD00lszZVoG4ZHRNiYzR",
    ].join("\r\n"),
  );
  assert.equal(signature.identity, "@eng.example.net");
  assert.equal(identityDomain(signature), "eng.example.net");
  assert.deepEqual(signature.signedFields, ["from", "to", "subject", "date"]);
  assert.deepEqual([signature.timestamp, signature.expiration], [1117574938, 1118006938]);
  assert.deepEqual(signature.bodyHash, latin1("12345678901234567890123456789012"));
});

Deno.test("a printed signature reads back, in ASCII, on lines that are not long", () => {
  const domain = fc.constantFrom("example.org", "bücher.example", "a.b.c.example");
  const bytes = (octets: number) => fc.uint8Array({ minLength: octets, maxLength: octets });
  const form = fc.constantFrom("simple", "relaxed");
  const time = fc.option(fc.nat(1e9));
  const signature = fc.record({
    algorithm: fc.constantFrom("rsa-sha256", "ed25519-sha256"),
    signature: fc.oneof(bytes(64), bytes(256)),
    bodyHash: bytes(32),
    headerCanonicalization: form,
    bodyCanonicalization: form,
    domain,
    selector: fc.constantFrom("s1", "2026", "a.b", "ü", "a_b"),
    signedFields: fc.array(fc.stringMatching(/^[!-9<-@[-~]{1,20}$/), { minLength: 1, maxLength: 30 }),
    bodyLength: fc.option(fc.nat()),
    timestamp: time,
    local: fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => !/[\x00-\x1f\x7f]/.test(text)),
  });
  fc.assert(fc.property(signature, ({ local, ...rest }) => {
    const expiration = rest.timestamp === null ? null : rest.timestamp + 1;
    const original = { ...rest, expiration, identity: `${local}@${rest.domain}` } as Signature;
    const field = printSignature(original);
    assert.match(field, /^[\t\r\n -~]*$/);
    assert.deepEqual(parseSignature(field.slice(field.indexOf(":") + 1)), original);
  }));
});
