import assert from "node:assert/strict";
import { type Bytes, concat, fromBase64 } from "../base/bytes.ts";
import {
  algorithmName,
  digestName,
  dsDigest,
  dsMatches,
  keyTag,
  maxRsaModulusBits,
  readVerifyKey,
  supportsAlgorithm,
  supportsDigest,
} from "./dnssec_algorithms.ts";
import { checkRrset, rrsetsOf, zoneKeysOf } from "./dnssec_rrset.ts";
import { Work } from "./dnssec_work.ts";
import { nameToWire } from "./name.ts";
import { writeData } from "./rdata.ts";
import type { DataByType, RecordType } from "./record.ts";
import { typeNumbers } from "./record.ts";
import { makeKey } from "./testing/signed_keys.ts";

function octets(text: string): Bytes {
  const bytes = fromBase64(text);
  assert.ok(bytes !== null);
  return bytes;
}

interface Vector {
  readonly source: string;
  readonly zone: string;
  readonly owner: string;
  readonly algorithm: number;
  readonly flags: number;
  readonly key: string;
  readonly tag: number;
  readonly data: Bytes;
  readonly type: RecordType;
  readonly labels: number;
  readonly inception: string;
  readonly expiration: string;
  readonly signature: string;
  readonly digest?: readonly [type: number, hex: string];
}

const address = (text: string) => writeData("A", { address: text });
const mx = writeData("MX", { preference: 10, exchange: "mail.example.com." });

/** The examples of the standards that define the algorithms. */
const vectors: readonly Vector[] = [
  {
    source: "RFC 5702 6.1",
    zone: "example.net.",
    owner: "www.example.net.",
    algorithm: 8,
    flags: 256,
    key: "AwEAAcFcGsaxxdgiuuGmCkVImy4h99CqT7jwY3pexPGcnUFtR2Fh36BponcwtkZ4cAgtvd4Qs8PkxUdp6p/DlUmObdk=",
    tag: 9033,
    data: address("192.0.2.91"),
    type: "A",
    labels: 3,
    inception: "2000-01-01T00:00:00Z",
    expiration: "2030-01-01T00:00:00Z",
    signature: "kRCOH6u7l0QGy9qpC9l1sLncJcOKFLJ7GhiUOibu4teYp5VE9RncriShZNz85mwlMgNEacFYK/lPtPiVYP4bwg==",
  },
  {
    source: "RFC 5702 6.2",
    zone: "example.net.",
    owner: "www.example.net.",
    algorithm: 10,
    flags: 256,
    key: "AwEAAdHoNTOW+et86KuJOWRDp1pndvwb6Y83nSVXXyLA3DLroROUkN6X0O6pnWnjJQujX/AyhqFDxj13tOnD9u/1kTg7" +
      "cV6rklMrZDtJCQ5PCl/D7QNPsgVsMu1J2Q8gpMpztNFLpPBz1bWXjDtaR7ZQBlZ3PFY12ZTSncorffcGmhOL",
    tag: 3740,
    data: address("192.0.2.91"),
    type: "A",
    labels: 3,
    inception: "2000-01-01T00:00:00Z",
    expiration: "2030-01-01T00:00:00Z",
    signature:
      "tsb4wnjRUDnB1BUi+t6TMTXThjVnG+eCkWqjvvjhzQL1d0YRoOe0CbxrVDYd0xDtsuJRaeUw1ep94PzEWzr0iGYgZBWm" +
      "/zpq+9fOuagYJRfDqfReKBzMweOLDiNa8iP5g9vMhpuv6OPlvpXwm9Sa9ZXIbNl1MBGk0fthPgxdDLw=",
  },
  {
    source: "RFC 6605 6.1",
    zone: "example.net.",
    owner: "www.example.net.",
    algorithm: 13,
    flags: 257,
    key: "GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==",
    tag: 55648,
    data: address("192.0.2.1"),
    type: "A",
    labels: 3,
    inception: "2010-08-12T10:04:39Z",
    expiration: "2010-09-09T10:04:39Z",
    signature: "qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw==",
    digest: [2, "b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17"],
  },
  {
    source: "RFC 6605 6.2",
    zone: "example.net.",
    owner: "www.example.net.",
    algorithm: 14,
    flags: 257,
    key: "xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8" +
      "/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40",
    tag: 10771,
    data: address("192.0.2.1"),
    type: "A",
    labels: 3,
    inception: "2010-08-12T10:20:25Z",
    expiration: "2010-09-09T10:20:25Z",
    signature: "/L5hDKIvGDyI1fcARX3z65qrmPsVz73QD1Mr5CEqOiLP95hxQouuroGCeZOvzFaxsT8Glr74hbavRKayJNuydCuz" +
      "WTSSPdz7wnqXL5bdcJzusdnI0RSMROxxwGipWcJm",
    digest: [
      4,
      "72d7b62976ce06438e9c0bf319013cf801f09ecc84b8d7e9495f27e305c6a9b0563a9b5f4d288405c3008a946df983d6",
    ],
  },
  {
    source: "RFC 8080 6.1, first",
    zone: "example.com.",
    owner: "example.com.",
    algorithm: 15,
    flags: 257,
    key: "l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=",
    tag: 3613,
    data: mx,
    type: "MX",
    labels: 2,
    inception: "2015-07-29T22:00:00Z",
    expiration: "2015-08-19T22:00:00Z",
    signature: "oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg==",
    digest: [2, "3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b"],
  },
  {
    source: "RFC 8080 6.1, second",
    zone: "example.com.",
    owner: "example.com.",
    algorithm: 15,
    flags: 257,
    key: "zPnZ/QwEe7S8C5SPz2OfS5RR40ATk2/rYnE9xHIEijs=",
    tag: 35217,
    data: mx,
    type: "MX",
    labels: 2,
    inception: "2015-07-29T22:00:00Z",
    expiration: "2015-08-19T22:00:00Z",
    signature: "zXQ0bkYgQTEFyfLyi9QoiY6D8ZdYo4wyUhVioYZXFdT410QPRITQSqJSnzQoSm5poJ7gD7AQR0O7KuI5k2pcBg==",
    digest: [2, "401781b934e392de492ec77ae2e15d70f6575a1c0bc59c5275c04ebe80c6614c"],
  },
  {
    source: "RFC 8080 6.2, first",
    zone: "example.com.",
    owner: "example.com.",
    algorithm: 16,
    flags: 257,
    key: "3kgROaDjrh0H2iuixWBrc8g2EpBBLCdGzHmn+G2MpTPhpj/OiBVHHSfPodx1FYYUcJKm1MDpJtIA",
    tag: 9713,
    data: mx,
    type: "MX",
    labels: 2,
    inception: "2015-07-29T22:00:00Z",
    expiration: "2015-08-19T22:00:00Z",
    signature:
      "3cPAHkmlnxcDHMyg7vFC34l0blBhuG1qpwLmjInI8w1CMB29FkEAIJUA0amxWndkmnBZ6SKiwZSAxGILn/NBtOXft0+G" +
      "j7FSvOKxE/07+4RQvE581N3Aj/JtIyaiYVdnYtyMWbSNyGEY2213WKsJlwEA",
  },
  {
    source: "RFC 8080 6.2, second",
    zone: "example.com.",
    owner: "example.com.",
    algorithm: 16,
    flags: 257,
    key: "kkreGWoccSDmUBGAe7+zsbG6ZAFQp+syPmYUurBRQc3tDjeMCJcVMRDmgcNLp5HlHAMy12VoISsA",
    tag: 38353,
    data: mx,
    type: "MX",
    labels: 2,
    inception: "2015-07-29T22:00:00Z",
    expiration: "2015-08-19T22:00:00Z",
    signature:
      "E1/oLjSGIbmLny/4fcgM1z4oL6aqo+izT3urCyHyvEp4Sp8Syg1eI+lJ57CSnZqjJP41O/9l4m0AsQ4f7qI1gVnML8vW" +
      "WiyW2KXhT9kuAICUSxv5OWbf81Rq7Yu60npabODB0QFPb/rkW3kUZmQ0YQUA",
  },
];

const seconds = (iso: string) => Date.parse(iso) / 1000;

/** Checks a vector's signature, perhaps with something changed. */
function check(vector: Vector, change: Partial<Pick<DataByType["RRSIG"], "signature" | "originalTtl">> = {}) {
  const { zone, owner, type, algorithm, flags, data } = vector;
  const key = { flags, protocol: 3, algorithm, publicKey: octets(vector.key) };
  const signature: DataByType["RRSIG"] = {
    typeCovered: typeNumbers[type],
    algorithm,
    labels: vector.labels,
    originalTtl: 3600,
    inception: seconds(vector.inception),
    expiration: seconds(vector.expiration),
    keyTag: vector.tag,
    signer: zone,
    signature: octets(vector.signature),
    ...change,
  };
  const record = (name: string, number: number, rdata: Bytes) => ({
    name,
    type: number,
    class: 1,
    ttl: 3600,
    rdata,
  });
  const [keys, set] = rrsetsOf([
    record(zone, typeNumbers.DNSKEY, writeData("DNSKEY", key)),
    record(owner, typeNumbers[type], data),
    record(owner, typeNumbers.RRSIG, writeData("RRSIG", signature)),
  ]);
  assert.ok(keys !== undefined && set !== undefined);
  return checkRrset(set, { zone, keys: zoneKeysOf(keys) }, seconds(vector.expiration) - 100, new Work());
}

for (const vector of vectors) {
  Deno.test(`${vector.source}: the signature, the key's tag and its digest`, () => {
    const rdata = writeData("DNSKEY", {
      flags: vector.flags,
      protocol: 3,
      algorithm: vector.algorithm,
      publicKey: octets(vector.key),
    });
    assert.equal(keyTag(rdata), vector.tag);
    if (vector.digest !== undefined) {
      const [type, digest] = vector.digest;
      assert.equal(dsDigest(type, vector.zone, rdata).toHex(), digest);
    }
    assert.equal(check(vector).ok, true);
  });

  Deno.test(`${vector.source}: anything else is refused`, () => {
    const right = octets(vector.signature);
    for (const at of [0, right.length >> 1, right.length - 1]) {
      const signature = right.slice();
      signature[at] = (signature[at] ?? 0) ^ 0x04;
      assert.equal(check(vector, { signature }).ok, false, `octet ${at}`);
    }
    for (
      const signature of [
        right.slice(1),
        concat([right, new Uint8Array(1)]),
        new Uint8Array(0),
        new Uint8Array(right.length),
      ]
    ) {
      assert.equal(check(vector, { signature }).ok, false);
    }
    assert.equal(check(vector, { originalTtl: 3601 }).ok, false);
    assert.equal(
      check({ ...vector, data: vector.type === "A" ? address("192.0.2.92") : mx.toReversed() }).ok,
      false,
    );
  });
}

/** The root's keys as they are in its zone. */
const rootKeys: readonly (readonly [tag: number, key: string, digest: string])[] = [
  [
    20326,
    "AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixHlFlExOLAJr5emLvN7SWXgnLh4+B5xQlNVz8Og8kv" +
    "ArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF0jLHwVN8efS3rCj/EWgvIWgb9tarpVUDK/b58Da+sqqls3eNbuv7pr" +
    "+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIXxuOLYA4/ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM8AnXGXws9555KrUB5qihylGa8subX2Nn" +
    "6UwNR1AkUTV74bU=",
    "e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d",
  ],
  [
    38696,
    "AwEAAa96jeuknZlaeSrvyAJj6ZHv28hhOKkx3rLGXVaC6rXTsDc449/cidltpkyGwCJNnOAlFNKF2jBosZBU5eeHspaQWOmOElZsjICMQMC3aeHb" +
    "GiShvZsx4wMYSjH8e7Vrhbu6irwCzVBApESjbUdpWWmEnhathWu1jo+siFUiRAAxm9qyJNg/wOZqqzL/dL/q8PkcRU5oUKEpUge71M3ej2/7CP" +
    "qpdVwuMoTvoB+ZOT4YeGyxMvHmbrxlFzGOHOijtzN+u1TQNatX2XBuzZNQ1K+s2CXkPIZo7s6JgZyvaBevYtxPvYLw4z9mR7K2vaF18UYH9Z9G" +
    "NUUeayffKC73PYc=",
    "683d2d0acb8c9b712a1948b27f741219298d0a450d612c483af444a4c0fb2b16",
  ],
];
for (const [tag, key, digest] of rootKeys) {
  Deno.test(`the root's key ${tag}: tag and digest`, () => {
    const rdata = writeData("DNSKEY", { flags: 257, protocol: 3, algorithm: 8, publicKey: octets(key) });
    assert.equal(keyTag(rdata), tag);
    assert.equal(dsDigest(2, ".", rdata).toHex(), digest);
    assert.ok(
      dsMatches({ keyTag: tag, algorithm: 8, digestType: 2, digest: Uint8Array.fromHex(digest) }, ".", rdata),
    );
    assert.ok(readVerifyKey(8, octets(key)) !== null);
  });
}

for (const algorithm of [8, 10, 13, 14, 15, 16]) {
  Deno.test(`${algorithmName(algorithm)}: a fresh key signs, another does not`, () => {
    const [key, other] = [makeKey(algorithm), makeKey(algorithm)];
    const data = nameToWire("example.");
    const signature = key.sign(data);
    const reader = readVerifyKey(algorithm, key.data.publicKey);
    assert.equal(reader?.verifies(data, signature), true);
    assert.equal(reader?.verifies(nameToWire("other."), signature), false);
    assert.equal(readVerifyKey(algorithm, other.data.publicKey)?.verifies(data, signature), false);
    assert.ok((reader?.cost ?? 0) >= 1);
  });
}

for (const algorithm of [0, 1, 3, 5, 6, 7, 12, 17, 23, 252, 253, 254, 255]) {
  Deno.test(`${algorithmName(algorithm)} is not supported`, () => {
    assert.equal(supportsAlgorithm(algorithm), false);
    assert.equal(readVerifyKey(algorithm, makeKey(8).data.publicKey), null);
  });
}

Deno.test("digests: SHA-1, SHA-256 and SHA-384, nothing else", () => {
  const known = Array.from({ length: 256 }, (_, type) => type).filter(supportsDigest);
  assert.deepEqual(known, [1, 2, 4]);
  assert.deepEqual([1, 2, 3, 4].map(digestName), ["SHA-1", "SHA-256", "digest type 3", "SHA-384"]);
  assert.throws(() => dsDigest(3, ".", new Uint8Array(4)), RangeError);
  const ds = { keyTag: 0, algorithm: 8, digestType: 3, digest: new Uint8Array(0) };
  assert.equal(dsMatches(ds, ".", new Uint8Array(4)), false);
});

Deno.test("a digest is over the name in lower case", () => {
  const { rdata } = makeKey(15);
  assert.deepEqual(dsDigest(2, "EXAMPLE.", rdata), dsDigest(2, "example.", rdata));
  assert.notDeepEqual(dsDigest(2, "example.", rdata), dsDigest(2, "examples.", rdata));
});

/** An RSA key of that many bits, which no one has the other half of. */
function rsa(bits: number, exponent: readonly number[] = [1, 0, 1]): Bytes {
  const modulus = new Uint8Array(Math.ceil(bits / 8)).fill(0xa5);
  modulus[0] = 1 << ((bits - 1) % 8);
  return concat([Uint8Array.of(exponent.length, ...exponent), modulus]);
}

const rsaKeys: readonly (readonly [what: string, algorithm: number, key: Bytes, usable: boolean])[] = [
  ["512 bits", 8, rsa(512), true],
  ["511 bits", 8, rsa(511), false],
  ["1024 bits", 10, rsa(1024), true],
  ["1023 bits", 10, rsa(1023), false],
  [`${maxRsaModulusBits} bits`, 8, rsa(maxRsaModulusBits), true],
  [`${maxRsaModulusBits + 1} bits`, 8, rsa(maxRsaModulusBits + 1), false],
  ["exponent 3", 8, rsa(1024, [3]), true],
  ["exponent 2^32 + 1", 8, rsa(1024, [1, 0, 0, 0, 1]), true],
  ["exponent of 34 bits", 8, rsa(1024, [2, 0, 0, 0, 1]), false],
  ["exponent of 2048 bits", 8, rsa(2048, new Array(256).fill(255)), false],
  ["exponent 0", 8, rsa(1024, [0]), false],
  ["exponent 1", 8, rsa(1024, [1]), false],
  ["even exponent", 8, rsa(1024, [4]), false],
  ["a leading zero in the exponent", 8, rsa(1024, [0, 1, 0, 1]), false],
  ["a leading zero in the modulus", 8, concat([Uint8Array.of(3, 1, 0, 1, 0), rsa(1024).subarray(4)]), false],
  [
    "the exponent's length in three octets",
    8,
    concat([Uint8Array.of(0, 0, 3, 1, 0, 1), rsa(1024).subarray(4)]),
    true,
  ],
  ["an exponent that is cut off", 8, Uint8Array.of(200, 1, 0, 1), false],
  ["no octets", 8, new Uint8Array(0), false],
  ["zeros", 8, new Uint8Array(200), false],
];
for (const [what, algorithm, key, usable] of rsaKeys) {
  Deno.test(`an RSA key with ${what} is ${usable ? "" : "not "}used`, () => {
    assert.equal(readVerifyKey(algorithm, key) !== null, usable);
  });
}

Deno.test("points that are on no curve, or of another length, are no keys", () => {
  for (const [algorithm, length] of [[13, 64], [14, 96], [15, 32], [16, 57]] as const) {
    const key = makeKey(algorithm).data.publicKey;
    assert.ok(readVerifyKey(algorithm, key) !== null);
    assert.equal(readVerifyKey(algorithm, key.subarray(1)), null);
    assert.equal(readVerifyKey(algorithm, concat([key, new Uint8Array(1)])), null);
    assert.equal(readVerifyKey(algorithm, new Uint8Array(length).fill(7)), null, algorithmName(algorithm));
  }
});

Deno.test("the tag is a sum with the carries added once (RFC 4034 appendix B)", () => {
  assert.equal(keyTag(new Uint8Array(0)), 0);
  assert.equal(keyTag(Uint8Array.of(1, 2, 3)), 0x0102 + 0x0300);
  assert.equal(keyTag(new Uint8Array(8).fill(0xff)), (4 * 0xffff + 3) & 0xffff);
  assert.equal(keyTag(new Uint8Array(65_000).fill(0xff)), (32_500 * 0xffff + 32_499) & 0xffff);
});
