import assert from "node:assert/strict";
import { parseData } from "../dns/rdata_text.ts";
import { issue } from "../tls/testing/certificate_maker.ts";
import { maxTlsaRecords, problemOf, type TlsaData, tlsaText, usableRecords } from "./records.ts";

const sha256 = "ab".repeat(32);
const sha512 = "cd".repeat(64);
const { der, spki } = issue({ name: "a" });
const record = (text: string): TlsaData => parseData("TLSA", text);
const full = (usage: number, selector: number, data: Uint8Array): TlsaData => ({
  usage,
  selector,
  matchingType: 0,
  data: data.slice(),
});

const usable = [
  record(`2 0 1 ${sha256}`),
  record(`2 1 2 ${sha512}`),
  record(`3 0 2 ${sha512}`),
  record(`3 1 1 ${sha256}`),
  full(2, 0, der),
  full(2, 1, spki),
  full(3, 0, der),
  full(3, 1, spki),
];
for (const one of usable) {
  Deno.test(`a record can be used: ${tlsaText(one).slice(0, 20)}`, () => assert.equal(problemOf(one), null));
}

const unusable: [record: TlsaData, why: RegExp][] = [
  [record(`0 0 1 ${sha256}`), /public authorities/], // RFC 7672 3.1.3
  [record(`1 1 1 ${sha256}`), /public authorities/],
  [record(`4 1 1 ${sha256}`), /unknown usage 4/],
  [record(`255 1 1 ${sha256}`), /unknown usage 255/],
  [record(`3 2 1 ${sha256}`), /unknown selector 2/],
  [record(`3 1 3 ${sha256}`), /unknown matching type 3/],
  [record(`3 1 1 ${sha512}`), /a digest of 64 octets instead of 32/],
  [record(`3 1 2 ${sha256}`), /a digest of 32 octets instead of 64/],
  [{ usage: 3, selector: 1, matchingType: 1, data: new Uint8Array(0) }, /a digest of 0 octets/],
  [full(3, 0, spki), /no certificate/],
  [full(2, 0, der.subarray(1)), /no certificate/],
  [full(3, 1, new Uint8Array(0)), /no public key/],
  [full(2, 1, spki.subarray(0, 40)), /no public key/],
];
for (const [one, why] of unusable) {
  Deno.test(`a record cannot be used: ${tlsaText(one).slice(0, 20)} (${why.source})`, () => {
    assert.match(problemOf(one) ?? "", why);
    const set = usableRecords([one, record(`3 1 1 ${sha256}`)]);
    assert.deepEqual(set.usable, [record(`3 1 1 ${sha256}`)]);
    assert.deepEqual(set.unusable.map((each) => each.record), [one]);
  });
}

Deno.test("of each usage and selector the strongest digest counts, and full values", () => {
  const weak = record(`3 1 1 ${sha256}`);
  const strong = record(`3 1 2 ${sha512}`);
  const key = full(3, 1, spki);
  // The example of RFC 7671 9.
  assert.deepEqual(usableRecords([weak, strong, key]).usable, [strong, key]);
  assert.match(usableRecords([weak, strong]).unusable[0]?.why ?? "", /stronger digest/);
  // Others are not touched.
  const others = [record(`3 0 1 ${sha256}`), record(`2 1 1 ${sha256}`)];
  assert.deepEqual(usableRecords([strong, ...others]).usable, [strong, ...others]);
  // What cannot be used is discarded first, and so makes nothing else weak.
  assert.deepEqual(usableRecords([weak, record(`3 1 2 ${sha256}`)]).usable, [weak]);
});

Deno.test("more records than are looked at are told, not used", () => {
  const many = Array.from({ length: maxTlsaRecords + 1 }, () => record(`3 1 1 ${sha256}`));
  const set = usableRecords(many);
  assert.equal(set.usable.length, maxTlsaRecords);
  assert.match(set.unusable[0]?.why ?? "", /more than 100/);
});
