import assert from "node:assert/strict";
import { cutByNsec, denyByNsec, nothingCloserByNsec, type Nsec, nsecsOf } from "./dnssec_nsec.ts";
import { rrsetsOf } from "./dnssec_rrset.ts";
import { writeData } from "./rdata.ts";
import { type Name, type RecordType, typeNumbers } from "./record.ts";

type Line = readonly [owner: Name, next: Name, types: string];

/**
 * A zone `example.`: a delegation that is signed and one that is not, a DNAME, a wildcard below `w`, one that has
 * nothing but names below it (`*.e`), names without records (`ent`, `e`, `w`), an alias.
 */
const lines: readonly Line[] = [
  ["example.", "a.example.", "NS SOA MX RRSIG NSEC DNSKEY"],
  ["a.example.", "alias.example.", "A RRSIG NSEC"],
  ["alias.example.", "dn.example.", "CNAME RRSIG NSEC"],
  ["dn.example.", "x.*.e.example.", "DNAME RRSIG NSEC"],
  ["x.*.e.example.", "b.c.ent.example.", "A RRSIG NSEC"],
  ["b.c.ent.example.", "open.example.", "A RRSIG NSEC"],
  ["open.example.", "signed.example.", "NS RRSIG NSEC"],
  ["signed.example.", "*.w.example.", "NS DS RRSIG NSEC"],
  ["*.w.example.", "near.w.example.", "A RRSIG NSEC"],
  ["near.w.example.", "z.example.", "TXT RRSIG NSEC"],
  ["z.example.", "example.", "A RRSIG NSEC"],
];

const numbers: Readonly<Record<string, number>> = { ...typeNumbers, NXNAME: 128 };
const read = ([owner, next, types]: Line): Nsec => ({
  owner,
  next,
  types: new Set(types.split(" ").map((type) => numbers[type] ?? 0)),
});
const zone = lines.map(read);
const only = (...owners: Name[]) => zone.filter(({ owner }) => owners.includes(owner));

/** Which records there are, what is asked, and what they prove. */
const denials:
  readonly (readonly [owners: Name[] | "all", name: Name, type: RecordType, proved: string | null])[] = [
    // Types that a name does not have.
    ["all", "a.example.", "MX", "noData"],
    [["a.example."], "A.Example.", "MX", "noData"],
    ["all", "a.example.", "A", null],
    ["all", "alias.example.", "A", null], // RFC 6840 4.3: the alias should have come.
    ["all", "alias.example.", "CNAME", null],
    ["all", "example.", "A", "noData"],
    ["all", "example.", "DS", null], // RFC 4035 2.4: a zone does not speak of its own DS records.
    ["all", "*.w.example.", "MX", "noData"],
    // At delegations the zone above speaks of DS alone. RFC 6840 4.1
    ["all", "open.example.", "DS", "noData"],
    ["all", "open.example.", "A", null],
    ["all", "open.example.", "NS", null],
    ["all", "signed.example.", "DS", null],
    ["all", "signed.example.", "MX", null],
    ["all", "below.open.example.", "A", null],
    ["all", "below.signed.example.", "A", null],
    ["all", "below.open.example.", "DS", null],
    // Below a DNAME there is nothing to deny. RFC 6840 4.1
    ["all", "dn.example.", "A", "noData"],
    ["all", "below.dn.example.", "A", null],
    // Names without records.
    ["all", "ent.example.", "A", "noData"],
    ["all", "c.ent.example.", "A", "noData"],
    [["x.*.e.example."], "c.ent.example.", "DS", "noData"],
    ["all", "e.example.", "A", "noData"],
    [["dn.example."], "e.example.", "A", "noData"], // The DNAME is not above it.
    // Names that are not there.
    ["all", "b.example.", "A", "noSuchName"],
    [["alias.example.", "example."], "b.example.", "A", "noSuchName"],
    [["alias.example."], "b.example.", "A", null], // Not `*.example.`.
    [["example."], "b.example.", "A", null],
    ["all", "zz.example.", "A", "noSuchName"],
    [["z.example."], "zz.example.", "A", null],
    ["all", "a.b.c.d.example.", "A", "noSuchName"],
    ["all", "x.ent.example.", "A", "noSuchName"],
    [["b.c.ent.example."], "x.ent.example.", "A", null], // `*.ent` is before `b.c.ent`.
    [["b.c.ent.example.", "x.*.e.example."], "x.ent.example.", "A", "noSuchName"],
    ["all", "b.near.w.example.", "A", "noSuchName"],
    ["all", "b.a.example.", "DS", "noSuchName"],
    // Wildcards.
    ["all", "b.w.example.", "A", null],
    ["all", "b.w.example.", "MX", "noData"],
    ["all", "c.b.w.example.", "MX", "noData"],
    [["*.w.example."], "b.w.example.", "MX", "noData"],
    [["near.w.example."], "x.w.example.", "MX", null],
    ["all", "y.e.example.", "A", "noData"], // `*.e` is a name without records.
    // Another zone's names.
    ["all", "a.other.", "A", null],
    ["all", ".", "A", null],
    [[], "a.example.", "MX", null],
  ];
for (const [owners, name, type, proved] of denials) {
  const which = owners === "all" ? "all records" : owners.join(" and ") || "no record";
  Deno.test(`${which}: ${name} ${type} is ${proved ?? "not denied"}`, () => {
    const denial = denyByNsec(owners === "all" ? zone : only(...owners), name, typeNumbers[type]);
    assert.equal(denial.proved, proved, denial.why);
  });
}

const cuts: readonly (readonly [name: Name, cut: string | null])[] = [
  ["open.example.", "insecure"],
  ["signed.example.", null],
  ["a.example.", "none"],
  ["alias.example.", null],
  ["ent.example.", "none"],
  ["b.example.", "noSuchName"],
  ["b.w.example.", "none"],
  ["example.", null],
  ["below.open.example.", null],
];
for (const [name, cut] of cuts) {
  Deno.test(`the delegation at ${name}: ${cut ?? "nothing is proved"}`, () => {
    assert.equal(cutByNsec(zone, name).cut, cut);
  });
}

const wildcards: readonly (readonly [name: Name, encloser: Name, proved: boolean])[] = [
  ["b.w.example.", "w.example.", true],
  ["c.b.w.example.", "w.example.", true],
  ["b.near.w.example.", "w.example.", false], // `near` is closer.
  ["near.w.example.", "w.example.", false], // It is there.
  ["b.w.example.", "example.", false], // `w` is closer.
  ["c.ent.example.", "ent.example.", false],
  ["b.example.", "example.", true],
  ["below.open.example.", "open.example.", false],
];
for (const [name, encloser, proved] of wildcards) {
  Deno.test(`${name} of *.${encloser}: it is ${proved ? "" : "not "}proved that nothing is closer`, () => {
    assert.equal(nothingCloserByNsec(zone, name, encloser), proved);
  });
}

Deno.test("a zone of one name covers all but itself", () => {
  const [one] = [read(["example.", "example.", "NS SOA RRSIG NSEC DNSKEY"])];
  assert.equal(denyByNsec([one], "a.example.", typeNumbers.A).proved, "noSuchName");
  assert.equal(denyByNsec([one], "example.", typeNumbers.A).proved, "noData");
  assert.equal(denyByNsec([one], "other.", typeNumbers.A).proved, null);
});

Deno.test("a compact denial tells that the name does not exist (RFC 9824 3.2)", () => {
  const nx = read(["no.example.", "\\000.no.example.", "RRSIG NSEC NXNAME"]);
  assert.equal(denyByNsec([nx], "no.example.", typeNumbers.A).proved, "noSuchName");
  const there = read(["no.example.", "\\000.no.example.", "RRSIG NSEC"]);
  assert.equal(denyByNsec([there], "no.example.", typeNumbers.A).proved, "noData");
});

Deno.test("the root and its wildcard", () => {
  const root = [read([".", "com.", "NS SOA RRSIG NSEC DNSKEY"]), read(["com.", ".", "NS DS RRSIG NSEC"])];
  assert.equal(denyByNsec(root, "net.", typeNumbers.A).proved, "noSuchName");
  assert.equal(denyByNsec(root, "a.b.", typeNumbers.A).proved, "noSuchName");
  assert.equal(denyByNsec(root, "a.com.", typeNumbers.A).proved, null);
  assert.equal(denyByNsec(root, ".", typeNumbers.DS).proved, "noData");
});

Deno.test("records that lead out of the zone are none", () => {
  const record = (name: Name, next: Name) => ({
    name,
    type: typeNumbers.NSEC,
    class: 1,
    ttl: 300,
    rdata: writeData("NSEC", { next, types: [1] }),
  });
  const sets = rrsetsOf([
    record("a.example.", "b.example."),
    record("c.example.", "z.other."),
    record("d.other.", "e.example."),
    record("e.example.", "f.example."),
    record("e.example.", "g.example."), // Two of one name are nonsense.
  ]);
  assert.deepEqual(nsecsOf(sets, "example.").map(({ owner }) => owner), ["a.example."]);
});
