import assert from "node:assert/strict";
import { Refused } from "../base/errors.ts";
import type { Bytes } from "../base/bytes.ts";
import {
  checkRrset,
  keysOf,
  type Rrset,
  rrsetsOf,
  signedName,
  signedOctets,
  type ZoneKeys,
  zoneKeysOf,
} from "./dnssec_rrset.ts";
import { maxKeysOfTag, maxSignaturesSeen, maxSignaturesTried, Work } from "./dnssec_work.ts";
import type { ResourceRecord } from "./message.ts";
import { writeData } from "./rdata.ts";
import { type DataByType, type Name, type RecordType, typeNumbers } from "./record.ts";
import { makeKey, withFlags } from "./testing/signed_keys.ts";

const now = Date.UTC(2026, 0, 2) / 1000;
const hour = 3600;
const key = makeKey(15);
const zone: ZoneKeys = { zone: "example.", keys: [key] };

function record<T extends RecordType>(name: Name, type: T, data: DataByType[T], ttl = 3600): ResourceRecord {
  return { name, type: typeNumbers[type], class: 1, ttl, rdata: writeData(type, data) };
}

const a = (name: Name, last: number, ttl?: number) => record(name, "A", { address: `192.0.2.${last}` }, ttl);

/** The set that the records make, signed. */
function signed(
  records: readonly ResourceRecord[],
  change?: Partial<DataByType["RRSIG"]>,
  signedAs?: Name,
): Rrset {
  const [set] = rrsetsOf(records);
  assert.ok(set !== undefined);
  const head: DataByType["RRSIG"] = {
    typeCovered: set.type,
    algorithm: key.data.algorithm,
    labels: 2,
    originalTtl: 3600,
    inception: now - hour,
    expiration: now + hour,
    keyTag: key.tag,
    signer: "example.",
    signature: new Uint8Array(0),
    ...change,
  };
  const signature = key.sign(signedOctets(set, signedAs ?? set.owner, head));
  return { ...set, signatures: [{ ...head, signature }] };
}

const check = (set: Rrset, keys = zone, at = now) => checkRrset(set, keys, at, new Work());

Deno.test("records are put together by name, in any case, and type", () => {
  const sets = rrsetsOf([
    a("a.example.", 1, 300),
    a("A.Example.", 2, 200),
    a("a.example.", 1, 100),
    record("a.example.", "AAAA", { address: "2001:db8::1" }),
    { ...a("a.example.", 9), class: 3 },
    record("a.example.", "RRSIG", { ...sig("A"), keyTag: 1 }),
    record("b.example.", "RRSIG", { ...sig("A"), keyTag: 2 }),
    record("a.example.", "RRSIG", { ...sig("MX"), keyTag: 3 }),
    { ...record("a.example.", "RRSIG", sig("A")), rdata: new Uint8Array(5) },
  ]);
  assert.deepEqual(
    sets.map(({ owner, type, ttl, rdatas, signatures }) => [
      owner,
      type,
      ttl,
      rdatas.map((rdata) => rdata.at(-1)),
      signatures.map(({ keyTag }) => keyTag),
    ]),
    [["a.example.", 1, 100, [1, 2], [1]], ["a.example.", 28, 3600, [1], []]],
  );
});

function sig(type: RecordType): DataByType["RRSIG"] {
  return {
    typeCovered: typeNumbers[type],
    algorithm: 15,
    labels: 2,
    originalTtl: 3600,
    inception: now,
    expiration: now,
    keyTag: 1,
    signer: "example.",
    signature: new Uint8Array(3),
  };
}

/** RFC 4034 3.1.3 and 4: labels without the root's and a first asterisk. */
const names: readonly (readonly [owner: Name, labels: number, name: Name | null, wildcardOf: Name | null])[] =
  [
    ["a.b.example.", 3, "a.b.example.", null],
    ["a.b.example.", 2, "*.b.example.", "b.example."],
    ["a.b.example.", 1, "*.example.", "example."],
    ["a.b.example.", 0, "*.", "."],
    ["a.b.example.", 4, null, null],
    ["*.b.example.", 2, "*.b.example.", null],
    ["*.b.example.", 1, "*.example.", "example."],
    ["*.b.example.", 3, null, null],
    ["a.*.example.", 3, "a.*.example.", null],
    [".", 0, ".", null],
    [".", 1, null, null],
    ["a\\.b.example.", 2, "a\\.b.example.", null],
  ];
for (const [owner, labels, name, wildcardOf] of names) {
  Deno.test(`${owner} with ${labels} labels was signed as ${name}`, () => {
    assert.deepEqual(signedName(owner, labels), name === null ? null : { name, wildcardOf });
  });
}

Deno.test("a set is signed whatever the order, the case and the copies of its records", () => {
  const set = signed([a("www.example.", 1), a("www.example.", 2), a("www.example.", 10)]);
  const shuffled = rrsetsOf([
    a("WWW.example.", 10),
    a("www.EXAMPLE.", 2),
    a("www.example.", 1),
    a("www.example.", 2),
  ]);
  for (const one of shuffled) {
    const checked = check({ ...one, signatures: set.signatures });
    assert.equal(checked.ok, true);
  }
});

Deno.test("names in data are signed in lower case where the standard says so, and only there", () => {
  const mx = signed([record("www.example.", "MX", { preference: 1, exchange: "MX.Example." })]);
  const lower = rrsetsOf([record("www.example.", "MX", { preference: 1, exchange: "mx.example." })])[0];
  assert.ok(lower !== undefined);
  assert.equal(check({ ...lower, signatures: mx.signatures }).ok, true);
  // RFC 6840 5.1: not in NSEC.
  const nsec = signed([record("www.example.", "NSEC", { next: "Z.example.", types: [1] })]);
  const changed = rrsetsOf([record("www.example.", "NSEC", { next: "z.example.", types: [1] })])[0];
  assert.ok(changed !== undefined);
  assert.equal(check(nsec).ok, true);
  assert.equal(check({ ...changed, signatures: nsec.signatures }).ok, false);
});

Deno.test("the TTL is the least of the records', the original and what is left of the signature", () => {
  const ttls: [number, number, number, number][] = [
    [100, 3600, hour, 100],
    [7200, 3600, 2 * hour, 3600],
    [7200, 7200, 60, 60],
    [7200, 7200, 0, 0],
  ];
  for (const [ttl, originalTtl, left, expected] of ttls) {
    const checked = check(signed([a("www.example.", 1, ttl)], { originalTtl, expiration: now + left }));
    assert.ok(checked.ok);
    assert.equal(checked.ttl, expected);
  }
});

Deno.test("what comes of a wildcard says so", () => {
  const set = signed([a("x.y.example.", 1)], { labels: 1 }, "*.example.");
  const checked = check(set);
  assert.ok(checked.ok);
  assert.equal(checked.wildcardOf, "example.");
  const [own] = rrsetsOf([a("*.example.", 1)]);
  assert.ok(own !== undefined);
  const asked = check({ ...own, signatures: set.signatures });
  assert.ok(asked.ok);
  assert.equal(asked.wildcardOf, null);
});

const refused: readonly (readonly [what: string, set: () => Rrset, why: RegExp])[] = [
  ["no signature", () => ({ ...signed([a("www.example.", 1)]), signatures: [] }), /no signature by example/],
  [
    "another record",
    () => ({ ...signed([a("www.example.", 1)]), rdatas: [Uint8Array.of(1, 2, 3, 4)] }),
    /does not fit/,
  ],
  ["a record more", () => {
    const set = signed([a("www.example.", 1)]);
    return { ...set, rdatas: [...set.rdatas, Uint8Array.of(1, 2, 3, 4)] };
  }, /does not fit/],
  ["another owner", () => ({ ...signed([a("www.example.", 1)]), owner: "ww.example." }), /does not fit/],
  ["another type", () => ({ ...signed([a("www.example.", 1)]), type: 99 }), /does not fit/],
  [
    "it expired",
    () => signed([a("www.example.", 1)], { expiration: now - 1 }),
    /expired on 2026-01-01T23:59:59Z/,
  ],
  [
    "it is not valid yet",
    () => signed([a("www.example.", 1)], { inception: now + 1 }),
    /not valid before 2026-01-02T00:00:01Z/,
  ],
  [
    "it is another zone's",
    () => signed([a("www.example.", 1)], { signer: "other." }),
    /signed by other, not by example/,
  ],
  [
    "it is a zone's below",
    () => signed([a("www.example.", 1)], { signer: "www.example." }),
    /not by example/,
  ],
  ["its key is unknown", () => signed([a("www.example.", 1)], { keyTag: key.tag ^ 1 }), /has no key/],
  ["its key is of another algorithm", () => signed([a("www.example.", 1)], { algorithm: 13 }), /has no key/],
  [
    "its algorithm is SHA-1",
    () => signed([a("www.example.", 1)], { algorithm: 5 }),
    /RSASHA1, which is not supported/,
  ],
  ["more labels than the name", () => signed([a("www.example.", 1)], { labels: 3 }), /longer name/],
  ["a changed field", () => {
    const set = signed([a("www.example.", 1)]);
    return { ...set, signatures: set.signatures.map((one) => ({ ...one, expiration: one.expiration + 1 })) };
  }, /does not fit/],
  [
    "an NSEC record of a wildcard elsewhere",
    () =>
      signed(
        [record("x.example.", "NSEC", { next: "z.example.", types: [1] })],
        { labels: 1 },
        "*.example.",
      ),
    /pretends to come of a wildcard/,
  ],
  [
    "a DS record of a wildcard",
    () =>
      signed(
        [record("x.example.", "DS", { keyTag: 1, algorithm: 15, digestType: 2, digest: new Uint8Array(32) })],
        { labels: 1 },
        "*.example.",
      ),
    /pretends to come of a wildcard/,
  ],
  [
    "data that can not be read",
    () => ({ ...signed([a("www.example.", 1)]), type: typeNumbers.MX, rdatas: [Uint8Array.of(0, 1, 0xc0)] }),
    /can not be read/,
  ],
];
for (const [what, set, why] of refused) {
  Deno.test(`a set is not right: ${what}`, () => {
    const checked = check(set());
    assert.ok(!checked.ok);
    assert.match(checked.why, why);
  });
}

Deno.test("an owner outside of the zone is not the zone's, whoever signed it", () => {
  const checked = check(signed([a("www.other.", 1)]));
  assert.equal(checked.ok, false);
});

Deno.test("of several signatures, one that is right is enough; of several faults, the closest is told", () => {
  const set = signed([a("www.example.", 1)]);
  const expired = signed([a("www.example.", 1)], { expiration: now - 1 });
  const stranger = signed([a("www.example.", 1)], { signer: "other." });
  assert.equal(
    check({ ...set, signatures: [...stranger.signatures, ...expired.signatures, ...set.signatures] }).ok,
    true,
  );
  const checked = check({ ...set, signatures: [...stranger.signatures, ...expired.signatures] });
  assert.ok(!checked.ok);
  assert.match(checked.why, /expired/);
});

Deno.test("times are serial numbers: they go on after 2106 (RFC 4034 3.1.5)", () => {
  const later = 2 ** 32 + 1000;
  const times = { inception: (later - hour) % 2 ** 32, expiration: (later + hour) % 2 ** 32 };
  const set = signed([a("www.example.", 1)], times);
  assert.equal(check(set, zone, later).ok, true);
  assert.equal(check(set, zone, later + 2 * hour).ok, false);
  assert.equal(check(set, zone, later - 2 * hour).ok, false);
  const around = signed([a("www.example.", 1)], { inception: 2 ** 32 - hour, expiration: 1000 });
  assert.equal(check(around, zone, 2 ** 32 - 1).ok, true);
  assert.equal(check(around, zone, 2 ** 32 + 999).ok, true);
  assert.equal(check(around, zone, 2 ** 32 + 1001).ok, false);
});

Deno.test("keys: of DNSSEC, of a zone, not revoked", () => {
  const one = makeKey(15);
  const keys = [one, withFlags(one, 256), withFlags(one, 0), withFlags(one, 1), withFlags(one, 257 | 0x80)];
  const rdatas: Bytes[] = keys.map(({ rdata }) => rdata);
  const [set] = rrsetsOf([
    ...rdatas.map((rdata) => ({ ...a("example.", 1), type: typeNumbers.DNSKEY, rdata })),
    record("example.", "DNSKEY", { ...one.data, protocol: 2 }),
    { ...a("example.", 1), type: typeNumbers.DNSKEY, rdata: new Uint8Array(2) },
  ]);
  assert.ok(set !== undefined);
  assert.deepEqual(zoneKeysOf(set).map(({ data }) => data.flags), [257, 256]);
  assert.deepEqual(keysOf(set).map(({ data }) => data.flags), [257, 256, 0, 1, 385]);
});

/** The same signature many times over, each wrong in its own way. */
function wrongSignatures(set: Rrset, count: number): Rrset {
  const [first] = set.signatures;
  assert.ok(first !== undefined);
  const wrong = Array.from({ length: count }, (_, i) => {
    const signature = first.signature.slice();
    signature[i % 32] = (signature[i % 32] ?? 0) ^ (1 + (i >> 5));
    return { ...first, signature };
  });
  return { ...set, signatures: wrong };
}

Deno.test(`of many signatures, ${maxSignaturesSeen} are looked at`, () => {
  const set = signed([a("www.example.", 1)]);
  const [right] = set.signatures;
  assert.ok(right !== undefined);
  const stranger = { ...right, keyTag: key.tag ^ 1 };
  for (const [before, ok] of [[maxSignaturesSeen - 1, true], [maxSignaturesSeen, false]] as const) {
    const strangers = Array.from({ length: before }, () => stranger);
    assert.equal(check({ ...set, signatures: [...strangers, right] }).ok, ok);
  }
});

Deno.test(`of many signatures, ${maxSignaturesTried} are tried`, () => {
  const set = signed([a("www.example.", 1)]);
  const [right] = set.signatures;
  assert.ok(right !== undefined);
  for (const [before, ok] of [[maxSignaturesTried - 1, true], [maxSignaturesTried, false]] as const) {
    const work = new Work();
    const many: Rrset = { ...set, signatures: [...wrongSignatures(set, before).signatures, right] };
    assert.equal(checkRrset(many, zone, now, work).ok, ok);
    assert.equal(work.spent.checkCost, maxSignaturesTried);
  }
});

Deno.test(`of many keys with the same tag, ${maxKeysOfTag} are tried`, () => {
  const set = signed([a("www.example.", 1)]);
  // No signature tells which of the keys with its tag it is by, so each has to be tried.
  const others = Array.from({ length: maxKeysOfTag }, () => ({ ...makeKey(15), tag: key.tag }));
  for (const [before, ok] of [[maxKeysOfTag - 1, true], [maxKeysOfTag, false]] as const) {
    const work = new Work();
    const keys = { zone: "example.", keys: [...others.slice(0, before), key] };
    assert.equal(checkRrset(set, keys, now, work).ok, ok);
    assert.equal(work.spent.checkCost, maxKeysOfTag);
  }
});

Deno.test("when the work is used up, it is refused", () => {
  const work = new Work();
  const set = wrongSignatures(signed([a("www.example.", 1)]), 100);
  assert.throws(() => {
    for (let i = 0; i < 100; i++) checkRrset(set, zone, now, work);
  }, (error) => error instanceof Refused && error.reason === "tooMany");
});
