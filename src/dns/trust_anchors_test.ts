import assert from "node:assert/strict";
import fc from "fast-check";
import { dsMatches } from "./dnssec_algorithms.ts";
import { makeKey, type SigningKey, withFlags } from "./testing/signed_keys.ts";
import {
  anchorOfKey,
  type AnchorState,
  follow,
  holdDownMs,
  maxAnchorKeyOctets,
  maxAnchors,
  maxAnchorsCharacters,
  nextLookMs,
  parseAnchors,
  printAnchors,
  rootAnchors,
  type SeenKeys,
  type TrustAnchors,
  trusted,
  withBuiltIn,
} from "./trust_anchors.ts";

const now = Date.UTC(2026, 0, 2, 3, 4, 5);
const day = 86_400_000;

Deno.test("the root's keys of 2017 and 2024 are built in", () => {
  assert.deepEqual(rootAnchors.map(({ zone, ds }) => [zone, ds.keyTag, ds.algorithm, ds.digestType]), [
    [".", 20326, 8, 2],
    [".", 38696, 8, 2],
  ]);
});

const file = `; a comment
. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D ; since 2017

Example. 172800 IN DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpB oRQwAQEX1SxZJA4= ; state=pending since=2026-01-02T03:04:05Z x
example. dnskey 257 3 15 zPnZ/QwEe7S8C5SPz2OfS5RR40ATk2/rYnE9xHIEijs=
`;

Deno.test("a file is read", () => {
  const { digests, keys } = parseAnchors(file);
  assert.deepEqual(digests, [rootAnchors[0]]);
  assert.deepEqual(keys.map(({ zone, state, since }) => [zone, state, since]), [
    ["example.", "pending", now],
    ["example.", "valid", 0],
  ]);
  assert.equal(trusted(parseAnchors(file)).length, 2);
});

Deno.test("an empty file has no anchors", () => {
  assert.deepEqual(parseAnchors(""), { digests: [], keys: [] });
  assert.deepEqual(parseAnchors(" ; nothing\r\n\r\n"), { digests: [], keys: [] });
});

const key = "257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=";
const wrong: readonly (readonly [line: string, why: RegExp])[] = [
  [". A 192.0.2.1", /expected a DS or DNSKEY record/],
  [".", /expected a DS or DNSKEY record/],
  ["example DS 1 8 2 00", /line 1: /],
  [". DS 65536 8 2 00", /number up to 65535/],
  [". DS 1 256 2 00", /number up to 255/],
  [". DS 1 8 2", /digest in hexadecimal/],
  [". DS 1 8 2 0", /digest in hexadecimal/],
  [". DS 1 8 2 xy", /digest in hexadecimal/],
  [". DS -1 8 2 00", /number up to/],
  [". DNSKEY 257 3 15 !", /key in base64/],
  [". DNSKEY 257 3 15", /key in base64/],
  [". DNSKEY 257 2 15 AAAA", /key of a zone/],
  [". DNSKEY 1 3 15 AAAA", /key of a zone/],
  [`. DNSKEY ${key} ; state=trusted`, /unknown state "trusted"/],
  [`. DNSKEY ${key} ; state=pending`, /since when/],
  [`. DNSKEY ${key} ; state=valid since=yesterday`, /expected a time/],
];
for (const [line, why] of wrong) {
  Deno.test(`refused: ${line}`, () => {
    assert.throws(
      () => parseAnchors(line),
      (error) => error instanceof SyntaxError && why.test(error.message),
    );
    assert.throws(() => parseAnchors(`\n; x\n${line}`), /line 3: /);
  });
}

Deno.test("a file is bounded", () => {
  const line = `. DNSKEY ${key}\n`;
  assert.equal(parseAnchors(line.repeat(maxAnchors)).keys.length, maxAnchors);
  assert.throws(() => parseAnchors(line.repeat(maxAnchors + 1)), /more than 64/);
  assert.throws(() => parseAnchors(";".repeat(maxAnchorsCharacters + 1)), SyntaxError);
});

Deno.test("what is printed reads as it was", () => {
  const octets = fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => new Uint8Array(bytes));
  const byte = fc.nat(255);
  const zone = fc.constantFrom(".", "example.", "a.b.example.");
  const digest = fc.record({
    zone,
    ds: fc.record({ keyTag: fc.nat(65535), algorithm: byte, digestType: byte, digest: octets }),
  });
  const state = fc.constantFrom<AnchorState>("pending", "valid", "missing", "revoked", "removed");
  const tracked = fc.record({
    zone,
    key: fc.record({
      flags: fc.nat(65535).map((flags) => flags | 0x100),
      protocol: fc.constant(3),
      algorithm: byte,
      publicKey: octets,
    }),
    state,
    since: fc.nat(4e9).map((seconds) => seconds * 1000),
  });
  const anchors = fc.record({
    digests: fc.array(digest, { maxLength: 5 }),
    keys: fc.array(tracked, { maxLength: 5 }),
  });
  fc.assert(fc.property(anchors, (value) => {
    // fast-check's records have no prototype.
    assert.deepEqual(parseAnchors(printAnchors(value)), structuredClone(value));
  }));
});

// RFC 5011. One zone with keys a and b, of which a is trusted.
const [a, b, c] = [makeKey(15), makeKey(15), makeKey(15)];
const start: TrustAnchors = { digests: [anchorOfKey("example.", a.data)], keys: [] };

interface Look {
  readonly keys: readonly SigningKey[];
  readonly secure?: boolean;
  readonly signedBy?: readonly SigningKey[];
  readonly originalTtl?: number;
  readonly at: number;
}

/** What the states are after some looks, as `a:valid b:pending`. */
function after(looks: readonly Look[], from = start): { states: string; anchors: TrustAnchors } {
  let anchors = from;
  for (const { keys, secure = true, signedBy = keys, originalTtl = 3600, at } of looks) {
    const seen: SeenKeys = {
      zone: "Example.",
      keys: keys.map(({ data }) => data),
      secure,
      signedBy: signedBy.map(({ data }) => data),
      originalTtl,
      signedFor: 86_400,
    };
    anchors = follow(anchors, seen, now + at).anchors;
  }
  const letter = (publicKey: Uint8Array) =>
    [a, b, c].findIndex(({ data }) => data.publicKey.every((octet, i) => octet === publicKey[i]));
  const states = anchors.keys.map(({ key, state }) => `${"abc"[letter(key.publicKey)]}:${state}`).join(" ");
  return { states, anchors };
}

const both = [a, b];
const revokedA = withFlags(a, 257 | 0x80);
const stories: readonly (readonly [what: string, looks: readonly Look[], states: string])[] = [
  ["a digest becomes its key", [{ keys: [a], at: 0 }], "a:valid"],
  ["a new key waits", [{ keys: both, at: 0 }], "a:valid b:pending"],
  ["it waits thirty days", [{ keys: both, at: 0 }, { keys: both, at: holdDownMs - 1 }], "a:valid b:pending"],
  ["then it is trusted", [{ keys: both, at: 0 }, { keys: both, at: holdDownMs }], "a:valid b:valid"],
  [
    "or as long as its TTL, if that is longer",
    [{ keys: both, at: 0, originalTtl: 40 * 86_400 }, { keys: both, at: 39 * day, originalTtl: 40 * 86_400 }],
    "a:valid b:pending",
  ],
  ["one that goes away meanwhile begins anew", [
    { keys: both, at: 0 },
    { keys: [a], at: 10 * day },
    { keys: both, at: 31 * day },
  ], "a:valid b:pending"],
  [
    "a trusted key may be missing",
    [{ keys: both, at: 0 }, { keys: [b], signedBy: [a], at: day }],
    "a:missing b:pending",
  ],
  [
    "and come back",
    [{ keys: [a], at: 0 }, { keys: [b], at: day }, { keys: both, at: 2 * day }],
    "a:valid b:pending",
  ],
  [
    "a revoked key is no longer trusted",
    [{ keys: [a], at: 0 }, { keys: [revokedA, b], at: day }],
    "a:revoked b:pending",
  ],
  [
    "it must have signed its revocation",
    [{ keys: [a], at: 0 }, { keys: [revokedA, b], signedBy: [b], at: day }],
    "a:missing b:pending",
  ],
  [
    "its own word is enough for that",
    [{ keys: [a], at: 0 }, { keys: [revokedA], secure: false, at: day }],
    "a:revoked",
  ],
  ["a revoked key never comes back", [
    { keys: [a], at: 0 },
    { keys: [revokedA], at: day },
    { keys: [a], at: 2 * day },
  ], "a:revoked"],
  ["it is forgotten by and by", [
    { keys: [a], at: 0 },
    { keys: [revokedA], at: day },
    { keys: [b], at: day + holdDownMs },
  ], "a:removed b:pending"],
  ["and still never comes back", [
    { keys: [a], at: 0 },
    { keys: [revokedA], at: day },
    { keys: [b], at: day + holdDownMs },
    { keys: [a, b], at: 3 * holdDownMs },
  ], "a:removed b:valid"],
  ["a set that is not secure adds nothing", [{ keys: both, secure: false, at: 0 }], ""],
  ["and takes nothing away", [{ keys: [a], at: 0 }, { keys: [b], secure: false, at: day }], "a:valid"],
  ["a key that only signs records is none to trust", [{ keys: [a, withFlags(b, 256)], at: 0 }], "a:valid"],
  ["a digest whose key is revoked when it is first seen becomes that", [
    { keys: [revokedA, b], at: 0, secure: false },
  ], "a:revoked"],
  [
    "a digest's revoked key must have signed it too",
    [{ keys: [revokedA], signedBy: [b], secure: false, at: 0 }],
    "",
  ],
  ["a clock that is put back has nobody wait longer than from now on", [
    { keys: both, at: 400 * day },
    { keys: both, at: 0 },
    { keys: both, at: holdDownMs },
  ], "a:valid b:valid"],
  ["a clock that is put back lets nobody wait less", [
    { keys: both, at: 400 * day },
    { keys: both, at: 0 },
    { keys: both, at: holdDownMs - 1 },
  ], "a:valid b:pending"],
  ["nor one that begins revoked", [{ keys: [a, withFlags(b, 257 | 0x80)], at: 0 }], "a:valid"],
];
for (const [what, looks, states] of stories) {
  Deno.test(`RFC 5011: ${what}`, () => assert.equal(after(looks).states, states));
}

Deno.test("only valid and missing keys are trusted, and a digest until its key is seen", () => {
  const first = after([{ keys: both, at: 0 }]).anchors;
  assert.deepEqual(trusted(first).map(({ ds }) => ds.keyTag), [a.tag]);
  const later = after([{ keys: [b], at: day }], first).anchors;
  assert.deepEqual(trusted(later).map(({ ds }) => ds.keyTag), [a.tag]);
  const revoked = after([{ keys: [revokedA, b], at: day }], first).anchors;
  assert.deepEqual(trusted(revoked), []);
  const [anchor] = trusted(first);
  assert.ok(anchor !== undefined && dsMatches(anchor.ds, "example.", a.rdata));
});

Deno.test("each change is told once", () => {
  const seen = {
    zone: "example.",
    keys: [a.data, b.data],
    secure: true,
    signedBy: [],
    originalTtl: 1,
    signedFor: 1,
  };
  const first = follow(start, seen, now);
  assert.deepEqual(first.changes, [
    { zone: "example.", tag: a.tag, from: "digest", to: "valid" },
    { zone: "example.", tag: b.tag, from: "start", to: "pending" },
  ]);
  assert.deepEqual(follow(first.anchors, seen, now + day).changes, []);
  const gone = follow(first.anchors, { ...seen, keys: [a.data] }, now + day);
  assert.deepEqual(gone.changes, [{ zone: "example.", tag: b.tag, from: "pending", to: "start" }]);
});

Deno.test("other zones' keys stay as they are, and there are never too many", () => {
  const others = after([{ keys: [a], at: 0 }]).anchors;
  const seen = { zone: "other.", keys: [b.data], secure: true, signedBy: [], originalTtl: 1, signedFor: 1 };
  assert.equal(follow(others, seen, now).anchors.keys[0], others.keys[0]);
  const many = Array.from({ length: maxAnchors + 20 }, (_, i) => ({
    ...b.data,
    publicKey: new Uint8Array(32).fill(i),
  }));
  assert.equal(follow(others, { ...seen, keys: many }, now).anchors.keys.length, maxAnchors);
});

Deno.test("with as many anchors as there may be, however large, the file can still be read", () => {
  const many = Array.from({ length: maxAnchors + 20 }, (_, i) => ({
    ...b.data,
    publicKey: new Uint8Array(maxAnchorKeyOctets).fill(i),
  }));
  const seen = { zone: "other.", keys: many, secure: true, signedBy: [], originalTtl: 1, signedFor: 1 };
  const { anchors } = follow(start, seen, now);
  assert.equal(anchors.keys.length + anchors.digests.length, maxAnchors);
  assert.deepEqual(parseAnchors(printAnchors(anchors)), anchors);
  const long = { ...seen, keys: [{ ...b.data, publicKey: new Uint8Array(maxAnchorKeyOctets + 1) }] };
  assert.equal(follow(start, long, now).anchors.keys.length, 0);
});

Deno.test("anchors that a newer program knows are added to a file, but for keys that the file knows", () => {
  const builtIn = [a, b].map(({ data }) => anchorOfKey("example.", data));
  assert.deepEqual(withBuiltIn({ digests: [], keys: [] }, builtIn).digests, builtIn);
  assert.deepEqual(withBuiltIn({ digests: builtIn, keys: [] }, builtIn).digests, builtIn);
  const revoked = after([{ keys: [a], at: 0 }, { keys: [revokedA, b], at: day }]).anchors;
  assert.deepEqual(withBuiltIn(revoked, builtIn), revoked);
  assert.deepEqual(trusted(withBuiltIn(revoked, builtIn)), []);
});

const looks: readonly (readonly [ttl: number, signature: number, failed: boolean, ms: number])[] = [
  [172_800, 20 * 86_400, false, day], // Half of the root's TTL of two days.
  [60, 86_400, false, 3_600_000],
  [365 * 86_400, 365 * 86_400, false, 15 * day],
  [172_800, 86_400, false, day / 2],
  [172_800, 20 * 86_400, true, 17_280_000],
  [365 * 86_400, 365 * 86_400, true, day],
];
for (const [ttl, signature, failed, ms] of looks) {
  Deno.test(`TTL ${ttl}, signature ${signature}${failed ? ", failed" : ""}: the next look is in ${ms} ms`, () => {
    const seen = {
      zone: ".",
      keys: [],
      signedBy: [],
      originalTtl: ttl,
      signedFor: signature,
      secure: !failed,
    };
    assert.equal(nextLookMs(seen), ms);
  });
}
