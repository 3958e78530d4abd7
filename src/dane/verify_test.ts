import assert from "node:assert/strict";
import type { Bytes } from "../base/bytes.ts";
import { issue, type Issued, testChain, testNow, type Wish } from "../tls/testing/certificate_maker.ts";
import { maxSignatureChecks } from "./anchor.ts";
import { makeRecord } from "./make_record.ts";
import type { TlsaData } from "./records.ts";
import { verifyDane } from "./verify.ts";

const day = 24 * 3600 * 1000;
const names = ["mx.example.org", "example.org"];
const record = (usage: number, selector: number, matchingType: number, of: Issued): TlsaData =>
  makeRecord({ usage, selector, matchingType }, { kind: "certificate", der: of.der });
const ders = (...certificates: Issued[]): Bytes[] => certificates.map((one) => one.der);

/** `ok`, or the reason why not. */
function verdict(chain: readonly Bytes[], records: readonly TlsaData[], wanted = names): string {
  const result = verifyDane(chain, { records, names: wanted }, testNow);
  assert.notEqual(result.why, "");
  if (result.ok) assert.ok(records.includes(result.record));
  return result.ok ? "ok" : result.reason;
}

const good = testChain();
const stranger = testChain();

for (const selector of [0, 1]) {
  for (const matchingType of [0, 1, 2]) {
    Deno.test(`3 ${selector} ${matchingType}: the server's own certificate, and no other`, () => {
      const published = record(3, selector, matchingType, good.leaf);
      assert.equal(verdict(ders(good.leaf, good.middle), [published]), "ok");
      assert.equal(verdict(ders(good.leaf), [published], []), "ok");
      assert.equal(verdict(ders(stranger.leaf, good.leaf), [published]), "dane-no-match");
      assert.equal(verdict(ders(good.middle, good.leaf), [published]), "dane-no-match");
      assert.equal(verdict([], [published]), "no-certificate");
    });

    Deno.test(`2 ${selector} ${matchingType}: a root or an authority below it, with a chain to it`, () => {
      const root = record(2, selector, matchingType, good.root);
      const middle = record(2, selector, matchingType, good.middle);
      const { leaf } = good;
      assert.equal(verdict(ders(leaf, good.middle, good.root), [root]), "ok");
      assert.equal(verdict(ders(leaf, good.root, good.middle), [root]), "ok"); // In any order.
      assert.equal(verdict(ders(leaf, good.middle), [middle]), "ok");
      assert.equal(
        verdict(ders(leaf, good.middle, good.root), [record(3, 1, 1, stranger.leaf), middle]),
        "ok",
      );
      assert.equal(verdict(ders(stranger.leaf, good.middle, good.root), [root]), "dane-no-chain");
      assert.equal(
        verdict(ders(stranger.leaf, stranger.middle, stranger.root), [root]), //
        matchingType === 0 && selector === 0 ? "dane-no-chain" : "dane-no-match",
      );
      assert.equal(verdict(ders(leaf, good.root), [root]), "dane-no-chain"); // What is between is missing.
    });

    Deno.test(`2 ${selector} ${matchingType}: an authority that the server did not send`, () => {
      // RFC 7671 5.2.2, 5.2.3: from the DNS alone only where it is there in full.
      const expected = matchingType === 0 ? "ok" : "dane-no-match";
      assert.equal(
        verdict(ders(good.leaf, good.middle), [record(2, selector, matchingType, good.root)]),
        expected,
      );
      assert.equal(verdict(ders(good.leaf), [record(2, selector, matchingType, good.middle)]), expected);
    });

    Deno.test(`2 ${selector} ${matchingType}: a certificate that is its own authority`, () => {
      const self = issue({ name: "mx.example.org", dnsNames: ["mx.example.org"] });
      assert.equal(verdict(ders(self), [record(2, selector, matchingType, self)]), "ok");
      // As servers make them for themselves: it is no authority for others.
      const own = issue({ name: "x", dnsNames: ["mx.example.org"], ca: false, keyUsage: 0x80 });
      assert.equal(verdict(ders(own), [record(2, selector, matchingType, own)]), "ok");
      // One that another signed is none: that is what usage 3 is for.
      assert.notEqual(verdict(ders(good.leaf), [record(2, selector, matchingType, good.leaf)]), "ok");
    });
  }
}

Deno.test("usage 3 looks at neither names nor dates nor anything else", () => {
  const odd = issue({
    name: "",
    dnsNames: ["other.example"],
    notBefore: testNow - 3 * day,
    notAfter: testNow - 2 * day,
    purposes: ["1.3.6.1.5.5.7.3.2"],
    critical: ["1.2.3.4"],
    hash: "sha1",
  });
  assert.equal(verdict(ders(odd), [record(3, 1, 1, odd)]), "ok"); // RFC 7672 3.1.1
  assert.equal(verdict(ders(odd), [record(3, 0, 2, odd)]), "ok");
});

const leafs: [why: string, wish: Partial<Wish>, expected: string][] = [
  ["a second name that is wanted", { dnsNames: ["example.org"] }, "ok"],
  ["a wildcard", { dnsNames: ["*.example.org"] }, "ok"],
  ["a name in the subject, where there is no other", { name: "mx.example.org", keyUsage: 0x80 }, "ok"],
  ["an upper-case name", { dnsNames: ["MX.EXAMPLE.ORG"] }, "ok"],
  ["a purpose", { dnsNames: ["mx.example.org"], purposes: ["1.3.6.1.5.5.7.3.1"] }, "ok"],
  ["any purpose", { dnsNames: ["mx.example.org"], purposes: ["2.5.29.37.0"] }, "ok"],
  ["another name", { dnsNames: ["mx.example.com"] }, "no-name"],
  ["a name in the subject beside others", { name: "mx.example.org", dnsNames: ["other.example"] }, "no-name"],
  ["a wildcard for two labels", { dnsNames: ["*.org"] }, "ok"], // For example.org, which is wanted too.
  ["a wildcard inside of a label", { dnsNames: ["m*.example.org"] }, "no-name"],
  ["an end that has come", { notAfter: testNow - 1000 }, "expired"],
  ["a beginning to come", { notBefore: testNow + day }, "not-yet-valid"],
  ["a purpose of clients", { purposes: ["1.3.6.1.5.5.7.3.2"] }, "purpose"],
  ["what is critical and not known", { critical: ["1.2.3.4"] }, "unknown-critical"],
];
for (const [why, wish, expected] of leafs) {
  Deno.test(`usage 2, the server's certificate has ${why}: ${expected}`, () => {
    const { root, middle } = good;
    const leaf = issue({ name: "x", dnsNames: ["mx.example.org"], issuer: middle, ...wish });
    const bare = why.includes("no other") ? issue({ name: "mx.example.org", issuer: middle }) : leaf;
    assert.equal(verdict(ders(bare, middle, root), [record(2, 0, 1, root)]), expected);
  });
}

const middles: [why: string, wish: Partial<Wish>, expected: string][] = [
  ["nothing wrong", {}, "ok"],
  ["room for one more below", { pathLength: 1 }, "ok"],
  ["the right names", { permitted: ["example.org"] }, "ok"],
  ["an end that has come", { notAfter: testNow - 1000 }, "expired"],
  ["no word that it is an authority", {}, "not-a-ca"],
  ["a word that it is none", { ca: false }, "not-a-ca"],
  ["no right to sign", { keyUsage: 0x80 }, "not-a-ca"],
  ["only wrong names", { permitted: ["example.com"] }, "name-constraints"],
  ["what is critical and not known", { critical: ["1.2.3.4"] }, "unknown-critical"],
  ["a weak signature", { hash: "sha1" }, "dane-no-chain"],
];
for (const [why, wish, expected] of middles) {
  Deno.test(`usage 2, the authority between has ${why}: ${expected}`, () => {
    const { root } = good;
    const base = why.startsWith("no word") ? {} : { ca: true };
    const middle = issue({ name: "Other Authority", issuer: root, ...base, ...wish });
    const leaf = issue({ name: "x", dnsNames: ["mx.example.org"], issuer: middle });
    assert.equal(verdict(ders(leaf, middle, root), [record(2, 0, 1, root)]), expected);
  });
}

const roots: [why: string, wish: Partial<Wish>, expected: string][] = [
  ["no word that it is one", {}, "ok"], // Who publishes it says so.
  ["a word that it is none", { ca: false }, "not-a-ca"],
  ["no right to sign", { ca: true, keyUsage: 0x80 }, "not-a-ca"],
  ["no room for one between", { ca: true, pathLength: 0 }, "path-length"], // RFC 7672 3.1.2
  ["room for one between", { ca: true, pathLength: 1 }, "ok"],
  ["only wrong names", { ca: true, excluded: ["example.org"] }, "name-constraints"],
  ["an end that has come", { ca: true, notAfter: testNow - 1000 }, "expired"],
];
for (const [why, wish, expected] of roots) {
  Deno.test(`usage 2, the authority that is published has ${why}: ${expected}`, () => {
    const root = issue({ name: "Other Root", ...wish });
    const middle = issue({ name: "Below", ca: true, issuer: root });
    const leaf = issue({ name: "x", dnsNames: ["mx.example.org"], issuer: middle });
    assert.equal(verdict(ders(leaf, middle, root), [record(2, 0, 1, root)]), expected);
  });
}

Deno.test("an authority with two certificates leads to the one that is published", () => {
  const first = issue({ name: "Twice", ca: true });
  const second = issue({ name: "Twice", ca: true, keys: first.keys, issuer: good.root });
  const leaf = issue({ name: "x", dnsNames: ["mx.example.org"], issuer: first });
  for (const chain of [ders(leaf, first, second, good.root), ders(leaf, second, first, good.root)]) {
    assert.equal(verdict(chain, [record(2, 0, 1, good.root)]), "ok");
    assert.equal(verdict(chain, [record(2, 0, 1, first)]), "ok");
  }
});

Deno.test("certificates that are none do no harm to those that are", () => {
  const chain = [
    good.leaf.der,
    new Uint8Array([0x30, 0x80]),
    good.middle.der,
    new Uint8Array(0),
    good.root.der,
  ];
  assert.equal(verdict(chain, [record(2, 0, 1, good.root)]), "ok");
  assert.equal(verdict([new Uint8Array(3), good.root.der], [record(2, 0, 1, good.root)]), "malformed");
  assert.equal(verdict([new Uint8Array(3)], [record(3, 1, 1, good.root)]), "dane-no-match");
});

Deno.test("authorities that sign each other end, however many there are", () => {
  // All have one name and one key, so that each could have signed each.
  const first = issue({ name: "Loop", ca: true });
  const loop = [
    first,
    ...Array.from(
      { length: 8 },
      (_, i) =>
        issue({ name: "Loop", ca: true, keys: first.keys, issuer: first, notAfter: testNow + (i + 1) * day }),
    ),
  ];
  const leaf = issue({ name: "x", dnsNames: ["mx.example.org"], issuer: first });
  assert.equal(verdict(ders(leaf, ...loop), [record(2, 0, 1, good.root)]), "too-many-certificates");
  assert.equal(maxSignatureChecks, 20);
});

Deno.test("no more than ten certificates are looked at", () => {
  const filler = Array.from({ length: 9 }, () => good.leaf.der);
  assert.equal(verdict([...filler, good.middle.der], [record(2, 0, 1, good.middle)]), "ok");
  assert.equal(
    verdict([...filler, good.leaf.der, good.middle.der], [record(2, 0, 1, good.middle)]),
    "dane-no-match",
  );
});
