import assert from "node:assert/strict";
import { Refused } from "../base/errors.ts";
import { latin1 } from "../base/bytes.ts";
import { base32Hex, fromBase32Hex } from "./dnssec_base32.ts";
import {
  cutByNsec3,
  denyByNsec3,
  maxNsec3Iterations,
  nothingCloserByNsec3,
  nsec3Hash,
  type Nsec3Proof,
  nsec3ProofOf,
} from "./dnssec_nsec3.ts";
import { rrsetsOf } from "./dnssec_rrset.ts";
import { maxHashRounds, Work } from "./dnssec_work.ts";
import type { ResourceRecord } from "./message.ts";
import { nameFromText } from "./name.ts";
import { writeData } from "./rdata.ts";
import { type DataByType, type Name, type RecordType, typeNumbers } from "./record.ts";

const salt = Uint8Array.fromHex("aabbccdd");

/** RFC 5155 appendix A. */
const hashes: readonly (readonly [name: Name, hash: string])[] = [
  ["example.", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"],
  ["a.example.", "35mthgpgcu1qg68fab165klnsnk3dpvl"],
  ["ai.example.", "gjeqe526plbf1g8mklp59enfd789njgi"],
  ["ns1.example.", "2t7b4g4vsa5smi47k61mv5bv1a22bojr"],
  ["ns2.example.", "q04jkcevqvmu85r014c7dkba38o0ji5r"],
  ["w.example.", "k8udemvp1j2f7eg6jebps17vp3n8i58h"],
  ["*.w.example.", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"],
  ["x.w.example.", "b4um86eghhds6nea196smvmlo4ors995"],
  ["y.w.example.", "ji6neoaepv8b5o6k4ev33abha8ht9fgc"],
  ["x.y.w.example.", "2vptu5timamqttgl4luu9kg21e0aor3s"],
  ["xX.Example.", "t644ebqk9bibcna874givr6joj62mlhv"],
  ["2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.", "kohar7mbb8dc2ce8a9qvl8hon4k53uhi"],
];
for (const [name, hash] of hashes) {
  Deno.test(`the hash of ${name} (RFC 5155 A)`, () =>
    assert.equal(base32Hex(nsec3Hash(name, salt, 12)), hash));
}

const someHash = "gjeqe526plbf1g8mklp59enfd789njgi";

type Line = readonly [hash: string, next: string, types: string];

/** The zone of RFC 5155 appendix A: with Opt-Out, `c.example.` is delegated without DS, and not in it. */
const lines: readonly Line[] = [
  [
    "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom",
    "2t7b4g4vsa5smi47k61mv5bv1a22bojr",
    "MX DNSKEY NS SOA NSEC3PARAM RRSIG",
  ],
  ["2t7b4g4vsa5smi47k61mv5bv1a22bojr", "2vptu5timamqttgl4luu9kg21e0aor3s", "A RRSIG"],
  ["2vptu5timamqttgl4luu9kg21e0aor3s", "35mthgpgcu1qg68fab165klnsnk3dpvl", "MX RRSIG"],
  ["35mthgpgcu1qg68fab165klnsnk3dpvl", "b4um86eghhds6nea196smvmlo4ors995", "NS DS RRSIG"],
  ["b4um86eghhds6nea196smvmlo4ors995", "gjeqe526plbf1g8mklp59enfd789njgi", "MX RRSIG"],
  ["gjeqe526plbf1g8mklp59enfd789njgi", "ji6neoaepv8b5o6k4ev33abha8ht9fgc", "HINFO A AAAA RRSIG"],
  ["ji6neoaepv8b5o6k4ev33abha8ht9fgc", "k8udemvp1j2f7eg6jebps17vp3n8i58h", ""],
  ["k8udemvp1j2f7eg6jebps17vp3n8i58h", "kohar7mbb8dc2ce8a9qvl8hon4k53uhi", ""],
  ["kohar7mbb8dc2ce8a9qvl8hon4k53uhi", "q04jkcevqvmu85r014c7dkba38o0ji5r", "A RRSIG"],
  ["q04jkcevqvmu85r014c7dkba38o0ji5r", "r53bq7cc2uvmubfu5ocmm6pers9tk9en", "A RRSIG"],
  ["r53bq7cc2uvmubfu5ocmm6pers9tk9en", "t644ebqk9bibcna874givr6joj62mlhv", "MX RRSIG"],
  ["t644ebqk9bibcna874givr6joj62mlhv", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom", "HINFO A AAAA RRSIG"],
];

const numbers: Readonly<Record<string, number>> = { ...typeNumbers, NSEC3PARAM: 51, HINFO: 13 };

function record(owner: Name, change: Partial<DataByType["NSEC3"]>, next = someHash): ResourceRecord {
  const nextHash = fromBase32Hex(latin1(next)) ?? new Uint8Array(20);
  const data = { hashAlgorithm: 1, flags: 1, iterations: 12, salt, nextHash, types: [], ...change };
  return { name: owner, type: typeNumbers.NSEC3, class: 1, ttl: 300, rdata: writeData("NSEC3", data) };
}

const typesOf = (types: string) =>
  types.split(" ").filter((type) => type !== "").map((type) => numbers[type] ?? 0);

/** Those of the zone's records whose hash begins with one of some letters, perhaps changed. */
function proof(
  starts: string | "all",
  change: Partial<DataByType["NSEC3"]> = {},
  work = new Work(),
): Nsec3Proof {
  const wanted = lines.filter(([hash]) =>
    starts === "all" || starts.split(" ").some((start) => hash.startsWith(start))
  );
  const records = wanted.map(([hash, next, types]) =>
    record(`${hash}.example.`, { types: typesOf(types), ...change }, next)
  );
  const made = nsec3ProofOf(rrsetsOf(records), "example.", work);
  assert.ok(made !== null);
  return made;
}

const secured = { flags: 0 };

/** Which records there are, what is asked, what they prove, and how well with Opt-Out. */
const denials: readonly (readonly [
  starts: string,
  name: Name,
  type: RecordType,
  proved: string | null,
  optOut: "secure" | "insecure" | null,
])[] = [
  ["b4um 0p9m 35mt", "a.c.x.w.example.", "A", "noSuchName", "insecure"], // RFC 5155 B.1
  ["b4um 0p9m", "a.c.x.w.example.", "A", null, null], // Only Opt-Out makes that a proof, see below.
  ["0p9m 35mt", "a.c.x.w.example.", "A", null, null],
  ["b4um 35mt", "a.c.x.w.example.", "A", null, null],
  ["2t7b", "ns1.example.", "MX", "noData", "secure"], // B.2
  ["2t7b", "ns1.example.", "A", null, null],
  ["ji6n", "y.w.example.", "A", "noData", "secure"], // B.2.1
  ["k8ud q04j r53b", "a.z.w.example.", "AAAA", "noData", "insecure"], // B.5
  ["k8ud q04j r53b", "a.z.w.example.", "MX", null, null],
  ["q04j r53b", "a.z.w.example.", "AAAA", null, null],
  ["0p9m", "example.", "DS", null, null], // B.6: the child's own record.
  ["0p9m", "example.", "A", "noData", "secure"],
  ["35mt", "a.example.", "A", null, null], // RFC 6840 4.1: at a delegation.
  ["35mt", "a.example.", "DS", null, null],
  ["all", "b.a.example.", "A", null, null], // Below a delegation, RFC 5155 8.3.
  ["all", "nothing.example.", "A", "noSuchName", "insecure"],
  ["all", "nothing.other.", "A", null, null],
];
for (const [starts, name, type, proved, optOut] of denials) {
  Deno.test(`the records ${starts}: ${name} ${type} is ${proved ?? "not denied"}`, () => {
    const denial = denyByNsec3(proof(starts, secured), name, typeNumbers[type]);
    assert.equal(denial.proved, proved, denial.why);
    if (denial.proved !== null) assert.equal(denial.security, "secure");
    if (optOut === null) return;
    const open = denyByNsec3(proof(starts), name, typeNumbers[type]);
    assert.equal(open.proved, proved);
    assert.ok(open.proved !== null);
    assert.equal(open.security, optOut);
  });
}

Deno.test("with Opt-Out, names in the gap may be there, above unsigned delegations (erratum 3441)", () => {
  for (const type of [typeNumbers.DS, typeNumbers.A]) {
    const denial = denyByNsec3(proof("0p9m 35mt"), "c.example.", type);
    assert.ok(denial.proved === "noData");
    assert.equal(denial.security, "insecure");
  }
});

const cuts: readonly (readonly [starts: string, flags: 0 | 1, name: Name, cut: string | null])[] = [
  ["0p9m 35mt", 1, "c.example.", "insecure"], // RFC 5155 B.3
  ["0p9m 35mt", 0, "c.example.", "noSuchName"],
  ["0p9m", 1, "c.example.", null],
  ["35mt", 1, "c.example.", null],
  ["35mt", 1, "a.example.", null], // It has DS.
  ["2t7b", 1, "ns1.example.", "none"],
  ["k8ud", 1, "w.example.", "none"],
  ["0p9m", 1, "example.", null],
  ["all", 1, "b.a.example.", null],
];
for (const [starts, flags, name, cut] of cuts) {
  Deno.test(`the records ${starts}, flags ${flags}: the delegation at ${name}: ${cut ?? "nothing is proved"}`, () => {
    assert.equal(cutByNsec3(proof(starts, { flags }), name).cut, cut);
  });
}

Deno.test("a delegation without DS is insecure, with its own record", () => {
  const types = [typeNumbers.NS];
  assert.equal(cutByNsec3(proof("35mt", { types, flags: 0 }), "a.example.").cut, "insecure");
});

Deno.test("below a DNAME nothing is denied", () => {
  const types = [typeNumbers.DNAME, typeNumbers.RRSIG];
  const changed = proof("b4um 0p9m 35mt", { types, flags: 0 });
  assert.equal(denyByNsec3(changed, "a.c.x.w.example.", typeNumbers.A).proved, null);
});

Deno.test("an alias is no denial", () => {
  const changed = proof("2t7b", { types: [typeNumbers.CNAME] });
  assert.equal(denyByNsec3(changed, "ns1.example.", typeNumbers.MX).proved, null);
});

Deno.test("what stands closer than a wildcard (RFC 5155 8.8)", () => {
  assert.equal(nothingCloserByNsec3(proof("q04j", secured), "a.z.w.example.", "w.example."), "secure"); // B.4
  assert.equal(nothingCloserByNsec3(proof("q04j"), "a.z.w.example.", "w.example."), "insecure");
  assert.equal(nothingCloserByNsec3(proof("0p9m", secured), "a.z.w.example.", "w.example."), null);
  assert.equal(nothingCloserByNsec3(proof("all", secured), "a.y.w.example.", "w.example."), null);
});

Deno.test("the last record covers what is behind it and before the first", () => {
  const last = proof("t644 0p9m", secured);
  // Among the names below, some hash behind `t644…`, some before `0p9m…`, the others between.
  const found = new Set<string | null>();
  for (let i = 0; i < 200; i++) {
    const name = `n${i}.example.`;
    const hash = base32Hex(nsec3Hash(name, salt, 12));
    const covered = hash > "t644ebqk9bibcna874givr6joj62mlhv" || hash < "2t7b4g4vsa5smi47k61mv5bv1a22bojr";
    assert.equal(nothingCloserByNsec3(last, name, "example.") !== null, covered, hash);
    found.add(hash > "t644" ? "behind" : hash < "0p9m" ? "before" : "between");
  }
  assert.equal(found.size, 3);
});

const leftOut: readonly (readonly [what: string, owner: Name, change: Partial<DataByType["NSEC3"]>])[] = [
  ["an unknown hash", `${hashes[3]?.[1]}.example.`, { hashAlgorithm: 2 }],
  ["unknown flags", `${hashes[3]?.[1]}.example.`, { flags: 2 }],
  ["a next hash of another length", `${hashes[3]?.[1]}.example.`, { nextHash: new Uint8Array(19) }],
  ["an owner in another zone", `${hashes[3]?.[1]}.other.`, {}],
  ["an owner two labels below", `x.${hashes[3]?.[1]}.example.`, {}],
  ["an owner that is no hash", "ns1.example.", {}],
  ["an owner of another length", "2t7b4g4v.example.", {}],
];
for (const [what, owner, change] of leftOut) {
  Deno.test(`a record is left out: ${what}`, () => {
    assert.equal(nsec3ProofOf(rrsetsOf([record(owner, change)]), "example.", new Work()), null);
  });
}

Deno.test("a record with nothing strange is not left out", () => {
  const made = nsec3ProofOf(rrsetsOf([record(`${hashes[3]?.[1]}.EXAMPLE.`, {})]), "example.", new Work());
  assert.equal(made?.records.length, 1);
});

Deno.test("records of other parameters than the first are left out (RFC 5155 8.2)", () => {
  const [first, second] = [`${hashes[0]?.[1]}.example.`, `${hashes[1]?.[1]}.example.`];
  for (const change of [{ iterations: 11 }, { salt: Uint8Array.of(1) }]) {
    const made = nsec3ProofOf(rrsetsOf([record(first, {}), record(second, change)]), "example.", new Work());
    assert.equal(made?.records.length, 1);
  }
});

Deno.test(`over ${maxNsec3Iterations} rounds nothing is hashed, and all that is denied is insecure (RFC 9276)`, () => {
  const work = new Work();
  const high = proof("all", { iterations: maxNsec3Iterations + 1 }, work);
  const denial = denyByNsec3(high, "nothing.example.", typeNumbers.A);
  assert.ok(denial.proved === "anything");
  assert.equal(denial.security, "insecure");
  assert.equal(cutByNsec3(high, "a.example.").cut, "insecure");
  assert.equal(nothingCloserByNsec3(high, "a.w.example.", "w.example."), "insecure");
  assert.equal(work.spent.hashRounds, 0);
  const most = proof("all", { iterations: maxNsec3Iterations }, work);
  assert.equal(denyByNsec3(most, "nothing.example.", typeNumbers.A).proved, null);
  assert.ok(work.spent.hashRounds > 0);
});

Deno.test("a name of many labels is given up when it takes too many rounds (CVE-2023-50868)", () => {
  const work = new Work();
  const deep = nameFromText(`${"a.".repeat(120)}example.`);
  assert.throws(
    () => denyByNsec3(proof("2t7b", { iterations: 100 }, work), deep, typeNumbers.A),
    (error) => error instanceof Refused && error.reason === "tooMany",
  );
  assert.ok(work.spent.hashRounds <= maxHashRounds);
});

Deno.test("each name is hashed once", () => {
  const work = new Work();
  const records = proof("b4um 0p9m 35mt", secured, work);
  for (let i = 0; i < 5; i++) denyByNsec3(records, "a.c.x.w.example.", typeNumbers.A);
  // The name, its parent, the encloser, and the wildcard.
  assert.equal(work.spent.hashRounds, 4 * 13);
});
