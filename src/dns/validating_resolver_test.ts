import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { ownTime } from "../../tests/support/own_time.ts";
import { type Bytes, concat } from "../base/bytes.ts";
import { keyTag } from "./dnssec_algorithms.ts";
import { failureSeconds } from "./cache.ts";
import { stripsForMs } from "./dnssec_sources.ts";
import { maxProofSets, maxQueries, maxRecordsRead } from "./dnssec_work.ts";
import type { Exchange, ExchangeResult } from "./exchange.ts";
import { IterativeExchange } from "./iterate.ts";
import { classIn, maxRecords, rcodes, type ResourceRecord } from "./message.ts";
import { isWithin } from "./name.ts";
import { readData, writeData } from "./rdata.ts";
import { type Name, typeNumbers } from "./record.ts";
import type { Answer } from "./resolver.ts";
import { makeKey, withFlags } from "./testing/signed_keys.ts";
import { cases, makeWorld } from "./testing/signed_world.ts";
import { type DenialKind, SignedZone } from "./testing/signed_zone.ts";
import { type Lie, LittleInternet, RecursiveServer, type Reply } from "./testing/zone_servers.ts";
import { follow, type TrustAnchor } from "./trust_anchors.ts";
import { type KeySet, maxKeysSeen, seenKeys } from "./seen_keys.ts";
import { ValidatingResolver, type ValidatingSettings } from "./validating_resolver.ts";

const clock = new FakeClock();
const now = clock.now();
const world = makeWorld(now);
const servers = [{ address: "192.0.2.53", port: 53 }];

const anchorsOf = (root: SignedZone): TrustAnchor[] => root.ds().map((ds) => ({ zone: root.origin, ds }));

/** A validator of the world, or of other zones, that asks a recursive server. */
function make(
  settings: Partial<ValidatingSettings> & { readonly lie?: Lie; readonly zones?: SignedZone[] } = {},
) {
  const { lie, zones = world.zones, ...others } = settings;
  const server = new RecursiveServer(zones);
  if (lie !== undefined) server.lie = lie;
  const anchors = zones[0] === undefined ? [] : anchorsOf(zones[0]);
  const resolver = new ValidatingResolver({
    exchange: server,
    servers,
    direct: null,
    clock,
    anchors,
    ...others,
  });
  return { resolver, server };
}

/** The way from the root down. */
function direct(zones: readonly SignedZone[] = world.zones) {
  const internet = new LittleInternet(zones);
  const iterative = new IterativeExchange({
    exchange: internet,
    clock,
    random: () => 0.5,
    hints: [{ host: "ns.", addresses: [zones[0]?.server ?? ""] }],
    mayAsk: () => true,
  });
  return { internet, iterative };
}

Deno.test("every name of the world, through a recursive server", async () => {
  const { resolver } = make();
  for (const [name, type, security] of cases) {
    const answer = await resolver.lookup(name, type);
    assert.equal(answer.security, security, `${name} ${type}: ${answer.why}`);
    if (security !== "bogus") continue;
    assert.deepEqual([answer.status, answer.failure, answer.records.length], ["failed", "bogus", 0]);
  }
});

Deno.test("every name of the world, from the root down", async () => {
  const { iterative } = direct();
  const resolver = new ValidatingResolver({
    exchange: iterative,
    servers: [],
    direct: iterative,
    clock,
    anchors: world.anchors,
  });
  for (const [name, type, security] of cases) {
    const answer = await resolver.lookup(name, type);
    assert.equal(answer.security, security, `${name} ${type}: ${answer.why}`);
  }
});

Deno.test("answers: what is found, denied, and where aliases lead", async () => {
  const { resolver } = make();
  const mx = await resolver.lookup("NSEC.test.", "MX");
  assert.equal(mx.name, "NSEC.test.");
  assert.deepEqual(mx.records, [{ preference: 10, exchange: "mx.nsec.test." }]);
  assert.equal(mx.ttl, 3600);
  const alias = await resolver.lookup("to-p384.nsec.test.", "A");
  assert.deepEqual([alias.canonicalName, alias.records], ["mx.p384.test.", [{ address: "192.0.2.25" }]]);
  const none = await resolver.lookup("mx.nsec.test.", "MX");
  assert.deepEqual([none.status, none.ttl], ["noData", 300]);
  const nothing = await resolver.lookup("to-nothing.nsec.test.", "A");
  assert.deepEqual([nothing.status, nothing.canonicalName], ["noSuchDomain", "nothing.p384.test."]);
  const circle = await resolver.lookup("loop.nsec.test.", "A");
  assert.deepEqual([circle.status, circle.failure], ["failed", "aliases"]);
  const signatures = await resolver.lookup("mx.nsec.test.", "RRSIG");
  assert.equal(signatures.security, "indeterminate");
  await assert.rejects(() => resolver.lookup("relative", "A"), SyntaxError);
});

/** Why, for people. */
const reasons: readonly (readonly [name: string, why: RegExp])[] = [
  ["mx.nsec.test.", /^nsec\.test signed it with key \d+ \(ED25519\)$/],
  ["nothing.nsec.test.", /^nsec\.test proves it: NSEC records cover nothing\.nsec\.test and \*\.nsec\.test$/],
  ["mx.plaintop.", /^plaintop is delegated without DS, as its NSEC record says$/],
  ["mx.strange.test.", /only algorithms that are not supported \(algorithm 253 with SHA-256\)/],
  ["mx.digest.test.", /\(ED25519 with digest type 200\)/],
  [
    "expired.faults.test.",
    /^of the records of expired\.faults\.test, the signature by key \d+ expired on 2025-12-2/,
  ],
  ["early.faults.test.", /not valid before 2026-01-21T/],
  [
    "missing.faults.test.",
    /^faults\.test is signed, and what it says of missing\.faults\.test came without signature$/,
  ],
  ["mx.wrongds.test.", /^none of the keys of wrongds\.test fits its DS records \(\d+\)$/],
  [
    "mx.keyexpired.test.",
    /^the keys of keyexpired\.test are not signed rightly: the signature by key \d+ expired/,
  ],
  [
    "mx.dsfault.test.",
    /^what test says of dsfault\.test is not signed rightly: the signature by key \d+ does not fit$/,
  ],
  ["mx.nokeys.test.", /^(?:nokeys\.test must have keys, and none came|test is signed, .*)$/],
  ["nothing.rounds.test.", /too many rounds of hashing \(RFC 9276\)/],
  ["to-rounds.nsec.test.", /too many rounds/],
];
for (const [name, why] of reasons) {
  Deno.test(`why ${name} is what it is`, async () => {
    const answer = await make().resolver.lookup(name, "A");
    assert.match(answer.why, why);
  });
}

Deno.test("an explanation tells the chain from the anchor down, each zone once", async () => {
  const { answer, steps } = await make().resolver.explain("to-p384.nsec.test.", "A");
  assert.equal(answer.security, "secure");
  assert.deepEqual(steps.map(({ kind, name, result }) => `${kind} ${name} ${result}`), [
    "zone . secure",
    "zone test. secure",
    "zone nsec.test. secure",
    "records to-p384.nsec.test. secure",
    "zone p384.test. secure",
    "records mx.p384.test. secure",
  ]);
  const p384 = world.zone("p384.test.");
  const zone = steps[4];
  assert.ok(zone !== undefined);
  const tags = p384.keys.map(({ tag }) => tag);
  assert.deepEqual(zone.ds, [{ keyTag: tags[0], algorithm: "ECDSAP384SHA384", digest: "SHA-256" }]);
  assert.deepEqual(zone.keys.map(({ keyTag, vouchedFor }) => [keyTag, vouchedFor]), [[tags[0], true], [
    tags[1],
    false,
  ]]);
  assert.equal(zone.signature?.keyTag, tags[0]);
  assert.equal(steps[5]?.signature?.keyTag, tags[1]);
  assert.equal(steps[5]?.type, typeNumbers.A);
});

Deno.test("an explanation of what is not secure ends where the chain does", async () => {
  const { resolver } = make();
  const told = async (name: string) => {
    const { steps } = await resolver.explain(name, "A");
    return steps.map(({ kind, name, result }) => `${kind} ${name} ${result}`);
  };
  assert.deepEqual(await told("mx.plain.test."), [
    "zone . secure",
    "zone test. secure",
    "zone plain.test. insecure",
    "records mx.plain.test. insecure",
  ]);
  assert.deepEqual((await told("mx.wrongds.test.")).slice(2), [
    "zone wrongds.test. bogus",
    "records mx.wrongds.test. bogus",
  ]);
});

Deno.test("zones are kept: a second name takes one question, the same name none", async () => {
  const { resolver, server } = make();
  await resolver.lookup("mx.nsec.test.", "A");
  assert.deepEqual(server.asked.toSorted(), [
    ". 48",
    "mx.nsec.test. 1",
    "nsec.test. 43",
    "nsec.test. 48",
    "test. 43",
    "test. 48",
  ]);
  server.asked.length = 0;
  await resolver.lookup("mx.nsec.test.", "AAAA");
  assert.deepEqual(server.asked, ["mx.nsec.test. 28"]);
  await resolver.lookup("MX.nsec.test.", "AAAA");
  assert.equal(server.asked.length, 1);
  await resolver.lookup("mx.plain.test.", "A");
  await resolver.lookup("x.y.z.plain.test.", "A");
  assert.deepEqual(server.asked.slice(1), ["mx.plain.test. 1", "plain.test. 43", "x.y.z.plain.test. 1"]);
  await resolver.lookup("mx.open.nsec.test.", "A");
  server.asked.length = 0;
  await resolver.lookup("mx.island.open.nsec.test.", "A"); // Signed, below what is known to be unsigned.
  assert.deepEqual(server.asked, ["mx.island.open.nsec.test. 1"]);
});

Deno.test("the same lookup, asked by many at once, is done once", async () => {
  const { resolver, server } = make();
  const answers = await Promise.all(Array.from({ length: 50 }, () => resolver.lookup("mx.nsec.test.", "A")));
  assert.ok(answers.every(({ security }) => security === "secure"));
  assert.equal(server.asked.length, 6);
  // Others share its questions about the zones above.
  await Promise.all(["p384", "rsa512", "ed448"].map((zone) => resolver.lookup(`mx.${zone}.test.`, "A")));
  assert.equal(server.asked.filter((asked) => asked === "test. 48").length, 1);
});

Deno.test("long names of unsigned zones are not walked label by label", async () => {
  const root = new SignedZone(".", { now });
  const arpa = new SignedZone("arpa.", { now });
  const ip6 = new SignedZone("ip6.arpa.", { now });
  const registry = new SignedZone("a.2.ip6.arpa.", { now });
  const host = new SignedZone("8.b.d.0.1.0.a.2.ip6.arpa.", { now, signed: false });
  root.delegate(arpa);
  arpa.delegate(ip6);
  ip6.delegate(registry);
  registry.delegate(host, "none");
  const address = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0";
  host.add(address, "PTR", { target: "mail.example." });
  const { resolver, server } = make({ zones: [root, arpa, ip6, registry, host] });
  const none = await resolver.lookup(`2${address.slice(1)}.${host.origin}`, "PTR");
  assert.deepEqual([none.status, none.security], ["noSuchDomain", "insecure"]);
  assert.ok(server.asked.length <= 10, server.asked.join("\n"));
  const found = await make({ zones: [root, arpa, ip6, registry, host] }).resolver.lookup(
    `${address}.${host.origin}`,
    "PTR",
  );
  assert.deepEqual([found.status, found.security], ["found", "insecure"]);
});

// Lies. A server, or someone on the way, answers with what it has of true records.

const zone = world.zone("nsec.test.");
const rrs = (name: Name, type: number) => zone.withSignatures(zone.absolute(name), type);
const nsec = (name: Name) => zone.withSignatures(zone.denier(zone.absolute(name)).owner, typeNumbers.NSEC);
const of = (parts: Partial<Reply>): Reply => ({
  rcode: rcodes.noError,
  authoritative: false,
  answers: [],
  authorities: [],
  additionals: [],
  ...parts,
});
const isSignature = ({ type }: ResourceRecord) => type === typeNumbers.RRSIG;

/** What is asked, and what is answered instead of the truth. */
const lies: readonly (readonly [what: string, name: Name, type: "A" | "MX" | "TXT", lie: () => Reply])[] = [
  ["nothing", "mx", "A", () => of({})],
  ["nothing, with the SOA record", "mx", "A", () => of({ authorities: [...rrs("@", typeNumbers.SOA)] })],
  [
    "that it does not exist",
    "mx",
    "A",
    () => of({ rcode: rcodes.nxDomain, authorities: [...rrs("@", typeNumbers.SOA)] }),
  ],
  [
    "a record without signature",
    "mx",
    "A",
    () => of({ answers: rrs("mx", typeNumbers.A).filter((r) => !isSignature(r)) }),
  ],
  ["another address", "mx", "A", () =>
    of({
      answers: rrs("mx", typeNumbers.A).map((record) =>
        isSignature(record) ? record : { ...record, rdata: Uint8Array.of(192, 0, 2, 66) }
      ),
    })],
  ["one address more", "mx", "A", () => {
    const [first, ...others] = rrs("mx", typeNumbers.A);
    return first === undefined
      ? of({})
      : of({ answers: [first, { ...first, rdata: Uint8Array.of(9, 9, 9, 9) }, ...others] });
  }],
  [
    "the address of another name",
    "mx",
    "A",
    () => of({ answers: rrs("ns", typeNumbers.A).map((record) => ({ ...record, name: "mx.nsec.test." })) }),
  ],
  ["the NSEC record of another name", "mx", "A", () => of({ authorities: [...nsec("ns")] })],
  [
    "the NSEC record of another name, as its own",
    "mx",
    "A",
    () => of({ authorities: nsec("near.wild").map((record) => ({ ...record, name: "mx.nsec.test." })) }),
  ],
  [
    "its own NSEC record, which shows that it is there",
    "mx",
    "A",
    () => of({ authorities: [...nsec("mx")] }),
  ],
  [
    "that a name does not exist that does",
    "mx",
    "A",
    () => of({ rcode: rcodes.nxDomain, authorities: [...nsec("nothing"), ...nsec("@")] }),
  ],
  [
    "the wildcard's records, where a name stands",
    "near.wild",
    "A",
    () =>
      of({
        answers: rrs("*.wild", typeNumbers.A).map((record) => ({ ...record, name: "near.wild.nsec.test." })),
      }),
  ],
  ["the wildcard's records, with a proof of another name", "near.wild", "A", () =>
    of({
      answers: rrs("*.wild", typeNumbers.A).map((record) => ({ ...record, name: "near.wild.nsec.test." })),
      authorities: [...nsec("nothing")],
    })],
  [
    "the wildcard's records without proof",
    "x.wild",
    "A",
    () =>
      of({
        answers: rrs("*.wild", typeNumbers.A).map((record) => ({ ...record, name: "x.wild.nsec.test." })),
      }),
  ],
  [
    "that a wildcard does not exist",
    "x.wild",
    "A",
    () => of({ rcode: rcodes.nxDomain, authorities: [...nsec("x.wild")] }),
  ],
  [
    "a wildcard's denial below a name that exists",
    "x.near.wild",
    "A",
    () => of({ authorities: [...nsec("*.wild")] }),
  ],
  ["an alias without signature", "mx", "A", () =>
    of({
      answers: [{
        name: "mx.nsec.test.",
        type: typeNumbers.CNAME,
        class: 1,
        ttl: 300,
        rdata: writeData("CNAME", { target: "mx.plain.test." }),
      }, ...world.zone("plain.test.").withSignatures("mx.plain.test.", typeNumbers.A)],
    })],
  [
    "a DNAME record of a place where there is none",
    "mx",
    "A",
    () =>
      of({ answers: rrs("dname", typeNumbers.DNAME).map((record) => ({ ...record, name: "nsec.test." })) }),
  ],
  ["the zone above says that there is nothing", "mx", "A", () => {
    const test = world.zone("test.");
    const { owner } = test.denier("nsec.test.");
    return of({ rcode: rcodes.nxDomain, authorities: test.withSignatures(owner, typeNumbers.NSEC3) });
  }],
  [
    "the zone above speaks of what is below a delegation",
    "mx.deep",
    "A",
    () => of({ rcode: rcodes.nxDomain, authorities: [...nsec("deep"), ...nsec("@")] }),
  ],
  [
    "the zone above denies a type at a delegation",
    "deep",
    "MX",
    () => of({ authorities: [...nsec("deep")] }),
  ],
  ["a denial of an unsigned zone, signed by whoever", "mx", "A", () =>
    of({
      authorities: nsec("nothing").map((record) => {
        if (!isSignature(record)) return { ...record, name: "plain.test." };
        const signature = { ...readData("RRSIG", record.rdata), signer: "plain.test." };
        return { ...record, name: "plain.test.", rdata: writeData("RRSIG", signature) };
      }),
    })],
  ["a record that another zone signed", "mx", "A", () =>
    of({
      answers: world.zone("p384.test.").withSignatures("mx.p384.test.", typeNumbers.A).map((record) => ({
        ...record,
        name: "mx.nsec.test.",
      })),
    })],
];
for (const [what, name, type, lie] of lies) {
  Deno.test(`a lie is found out: ${what}`, async () => {
    const asked = zone.absolute(name);
    const { resolver } = make({
      lie: (reply, about, number) => about === asked && number === typeNumbers[type] ? lie() : reply,
    });
    const answer = await resolver.lookup(asked, type);
    assert.deepEqual(
      [answer.status, answer.security, answer.records.length],
      ["failed", "bogus", 0],
      answer.why,
    );
  });
}

Deno.test("an alias that follows from a DNAME is as good as that, also where it is asked for itself", async () => {
  const forged = writeData("CNAME", { target: "forged." });
  for (
    const [name, security, target] of [
      ["a.b.dname.nsec.test.", "secure", "a.b.ent.nsec.test."],
      ["mx.dname-plain.nsec.test.", "secure", "mx.plain.test."],
      ["a.b.dname.plain.test.", "insecure", "a.b.ent.plain.test."],
    ] as const
  ) {
    for (
      const lie of [
        (reply: Reply) => reply,
        (reply: Reply) => ({
          ...reply,
          answers: reply.answers.map((one) =>
            one.type === typeNumbers.CNAME ? { ...one, rdata: forged } : one
          ),
        }),
      ]
    ) {
      const answer = await make({ lie }).resolver.lookup(name, "CNAME");
      assert.deepEqual([answer.status, answer.security, answer.records], ["found", security, [{ target }]]);
      assert.equal(answer.canonicalName, name);
    }
  }
  const wrong = new SignedZone("faulty.test.", { now }).add("dname", "DNAME", { target: "mx.nsec.test." })
    .spoil("dname", "DNAME", "wrong");
  const parent = new SignedZone("test.", { now });
  const root = new SignedZone(".", { now }).delegate(parent.delegate(wrong));
  const { resolver } = make({ zones: [root, parent, wrong] });
  assert.equal((await resolver.lookup("a.dname.faulty.test.", "CNAME")).security, "bogus");
});

Deno.test("a zone does not speak of its own DS records", async () => {
  const own = new SignedZone("nsec.test.", { now, keys: zone.keys });
  own.add("@", "DS", { keyTag: 1, algorithm: 15, digestType: 2, digest: new Uint8Array(32) });
  const answers = own.withSignatures("nsec.test.", typeNumbers.DS);
  assert.equal(answers.length, 2);
  let lying = false;
  const { resolver } = make({ lie: (reply) => lying ? of({ answers }) : reply });
  await resolver.lookup("mx.nsec.test.", "A"); // From now on its keys are known.
  lying = true;
  const answer = await resolver.lookup("nsec.test.", "DS");
  assert.deepEqual([answer.security, answer.records.length], ["bogus", 0]);
});

Deno.test("that a name does not exist takes a proof that no wildcard stands for it, with Opt-Out too", async () => {
  const open = world.zone("optout.test.");
  const at = (name: Name) => open.withSignatures(open.denier(open.absolute(name)).owner, typeNumbers.NSEC3);
  for (
    const [authorities, status] of [
      [[...at("wild"), ...at("x.wild")], "failed"],
      [[...at("@"), ...at("nothing"), ...at("*")], "noSuchDomain"],
    ] as const
  ) {
    const { resolver } = make({
      lie: (reply, name) =>
        /^(?:x\.wild|nothing)\.optout/.test(name)
          ? of({ rcode: rcodes.nxDomain, authorities: [...authorities] })
          : reply,
    });
    const name = status === "failed" ? "x.wild.optout.test." : "nothing.optout.test.";
    assert.equal((await resolver.lookup(name, "A")).status, status);
  }
});

Deno.test("a name in a gap with Opt-Out, of which a server says that it exists, may stand above a delegation", async () => {
  const { resolver } = make({
    lie: (reply, name) => name === "nothing.optout.test." ? { ...reply, rcode: rcodes.noError } : reply,
  });
  const answer = await resolver.lookup("nothing.optout.test.", "A");
  assert.deepEqual([answer.status, answer.security], ["noData", "insecure"], answer.why);
});

Deno.test("that a name is an alias, and so no zone, takes a proof where the alias comes of a wildcard", async () => {
  const world = (denial: DenialKind) => {
    const kid = new SignedZone("kid.test.", { now }).add("@", "A", { address: "192.0.2.1" });
    const test = new SignedZone("test.", { now, denial }).add("*", "CNAME", { target: "mx.nsec.test." });
    return { zones: [new SignedZone(".", { now }).delegate(test.delegate(kid)), test, kid], test };
  };
  for (const denial of ["nsec", { iterations: 0 }, { iterations: 0, optOut: true }] as const) {
    const { zones, test } = world(denial);
    let lying = true;
    const { resolver } = make({
      zones,
      lie: (reply, name, type) =>
        lying && name === "kid.test." && type === typeNumbers.DS
          ? { ...reply, answers: test.withSignatures("*.test.", typeNumbers.CNAME, "kid.test.") }
          : reply,
    });
    assert.equal((await resolver.lookup("kid.test.", "A")).security, "bogus");
    lying = false;
    await clock.advance(failureSeconds * 1000); // Of the lie, nothing else is kept.
    assert.equal((await resolver.lookup("kid.test.", "A")).security, "secure");
  }
});

Deno.test("below a wildcard that is an alias, what has no signature is bogus, or in a gap with Opt-Out insecure", async () => {
  const stripped: Lie = (reply, name, type) =>
    name.startsWith("x.wildalias.") && type === typeNumbers.A
      ? { ...reply, answers: reply.answers.filter((one) => !isSignature(one)) }
      : reply;
  for (const [zone, security] of [["nsec", "bogus"], ["p384", "bogus"], ["optout", "insecure"]] as const) {
    const answer = await make({ lie: stripped }).resolver.lookup(`x.wildalias.${zone}.test.`, "A");
    assert.equal(answer.security, security, answer.why);
    if (security === "insecure") {
      assert.match(answer.why, /may be delegated without DS, in a gap with Opt-Out/);
    }
  }
});

/** Lies about a delegation, which would make the zone insecure. */
const cutLies: readonly (readonly [what: string, lie: (reply: Reply) => Reply])[] = [
  ["no DS records", () => of({})],
  ["DS records without signature", (reply) => of({ answers: reply.answers.filter((r) => !isSignature(r)) })],
  ["an NSEC3 record that shows them", (reply) => {
    const test = world.zone("test.");
    return {
      ...reply,
      answers: [],
      authorities: test.withSignatures(test.hashed("nsec.test."), typeNumbers.NSEC3),
    };
  }],
  ["an NSEC3 record with Opt-Out of another gap", () => {
    const test = world.zone("test.");
    const gap = test.denier("p384.test.").owner;
    return of({
      authorities: [
        ...test.withSignatures(test.hashed("test."), typeNumbers.NSEC3),
        ...test.withSignatures(gap, typeNumbers.NSEC3),
      ],
    });
  }],
  ["the child's own denial", () => of({ authorities: [...nsec("@"), ...rrs("@", typeNumbers.SOA)] })],
  ["the records of another delegation", () =>
    of({
      answers: world.zone("test.").withSignatures("p384.test.", typeNumbers.DS).map((record) => ({
        ...record,
        name: "nsec.test.",
      })),
    })],
  ["an unsigned alias", () =>
    of({
      answers: [{
        name: "nsec.test.",
        type: typeNumbers.CNAME,
        class: 1,
        ttl: 300,
        rdata: writeData("CNAME", { target: "plain.test." }),
      }],
    })],
];
for (const [what, lie] of cutLies) {
  for (const unsigned of [false, true]) {
    Deno.test(`a zone is not made insecure with ${what}${unsigned ? ", its records unsigned" : ""}`, async () => {
      const { resolver } = make({
        lie: (reply, name, type) => {
          if (name === "nsec.test." && type === typeNumbers.DS) return lie(reply);
          if (!unsigned || !isWithin(name, "nsec.test.")) return reply;
          return {
            ...reply,
            answers: reply.answers.filter((record) => !isSignature(record)),
            authorities: [],
          };
        },
      });
      const answer = await resolver.lookup("mx.nsec.test.", "A");
      assert.deepEqual([answer.security, answer.records.length], ["bogus", 0], answer.why);
    });
  }
}

Deno.test("keys that are missing, strange or not vouched for make a zone bogus", async () => {
  const stranger = new SignedZone("nsec.test.", { now });
  stranger.add("mx", "A", { address: "192.0.2.66" });
  for (const type of [typeNumbers.DNSKEY, null]) {
    const { resolver } = make({
      lie: (reply, name, asked) => {
        if (!isWithin(name, "nsec.test.") || asked === typeNumbers.DS || (type !== null && asked !== type)) {
          return reply;
        }
        return of({ answers: stranger.withSignatures(name, asked) });
      },
    });
    const answer = await resolver.lookup("mx.nsec.test.", "A");
    assert.equal(answer.security, "bogus");
  }
});

// SHA-1.

for (const algorithm of [5, 7]) {
  Deno.test(`a zone signed with algorithm ${algorithm} alone is insecure (RFC 9905)`, async () => {
    const root = new SignedZone(".", { now });
    const old = new SignedZone("old.", { now, algorithm });
    root.delegate(old);
    old.add("mx", "A", { address: "192.0.2.1" });
    const answer = await make({ zones: [root, old] }).resolver.lookup("mx.old.", "A");
    assert.deepEqual([answer.status, answer.security], ["found", "insecure"]);
    assert.match(answer.why, /RSASHA1/);
  });
}

Deno.test("a DS record with SHA-1 counts where there is no better one (RFC 4509 3)", async () => {
  const root = new SignedZone(".", { now });
  const [alone, beside] = [new SignedZone("alone.", { now }), new SignedZone("beside.", { now })];
  const wrong = beside.ds(2).map((ds) => ({ ...ds, digest: new Uint8Array(32) }));
  root.delegate(alone, alone.ds(1)).delegate(beside, [...beside.ds(1), ...wrong]);
  const { resolver } = make({ zones: [root, alone, beside] });
  assert.equal((await resolver.lookup("alone.", "SOA")).security, "secure");
  assert.equal((await resolver.lookup("beside.", "SOA")).security, "bogus");
});

// Servers that are of no use.

const strip: Lie = (reply) => ({
  ...reply,
  answers: reply.answers.filter((record) => !isSignature(record)),
  authorities: reply.authorities.filter(({ type }) => type === typeNumbers.SOA || type === typeNumbers.NS),
});

/** Several recursive servers behind one exchange. */
class Several implements Exchange {
  readonly asked: string[] = [];
  readonly #servers: ReadonlyMap<string, RecursiveServer>;

  constructor(servers: ReadonlyMap<string, RecursiveServer>) {
    this.#servers = servers;
  }

  async query(...[question, options]: Parameters<Exchange["query"]>): Promise<ExchangeResult> {
    const address = options.server?.address ?? [...this.#servers.keys()][0] ?? "";
    this.asked.push(address);
    const server = this.#servers.get(address);
    if (server === undefined) throw new Error(`no server ${address}`);
    return await server.query(question, options);
  }
}

function several(...liars: (Lie | null)[]) {
  const made = liars.map((lie, i) => {
    const server = new RecursiveServer(world.zones);
    if (lie !== null) server.lie = lie;
    return [`192.0.2.${i + 1}`, server] as const;
  });
  const exchange = new Several(new Map(made));
  return { exchange, servers: made.map(([address]) => ({ address, port: 53 })) };
}

Deno.test("where a server leaves out signatures, the next is asked, and from then on at once", async () => {
  const { exchange, servers } = several(strip, null);
  const reports: string[] = [];
  const { resolver } = make({ exchange, servers, report: (sentence) => reports.push(sentence) });
  assert.equal((await resolver.lookup("mx.nsec.test.", "A")).security, "secure");
  assert.match(reports.join("\n"), /left out signatures/);
  exchange.asked.length = 0;
  const reported = reports.length;
  assert.equal((await resolver.lookup("mx.p384.test.", "A")).security, "secure");
  assert.deepEqual([...new Set(exchange.asked)], ["192.0.2.2"]);
  assert.equal(reports.length, reported);
  await clock.advance(11 * 60_000); // Then it gets another chance.
  assert.equal((await resolver.lookup("mx.rsa512.test.", "A")).security, "secure");
  assert.ok(exchange.asked.includes("192.0.2.1"));
});

Deno.test("where all leave them out, the zones' own servers are asked", async () => {
  const { iterative, internet } = direct();
  const { resolver, server } = make({ lie: strip, direct: iterative });
  for (const [name, type, security] of cases.slice(0, 30)) {
    assert.equal((await resolver.lookup(name, type)).security, security);
  }
  assert.ok(internet.asked.length > 0);
  assert.ok(server.asked.length < 10, "the server is passed over");
});

Deno.test("where nobody has signatures, nothing can be told, and that is reported once", async () => {
  const reports: string[] = [];
  const closed: Exchange = {
    query: () => Promise.resolve({ ok: false, kind: "timeout", why: "no answer", extendedErrors: [] }),
  };
  const { resolver } = make({ lie: strip, direct: closed, report: (sentence) => reports.push(sentence) });
  for (const name of ["mx.nsec.test.", "mx.p384.test.", "alias.nsec.test.", "to-plain.nsec.test."]) {
    const answer = await resolver.lookup(name, "A");
    assert.deepEqual([answer.status, answer.security, answer.records.length], ["found", "indeterminate", 1]);
  }
  const none = await resolver.lookup("nothing.nsec.test.", "A");
  assert.deepEqual([none.status, none.security], ["noSuchDomain", "indeterminate"]);
  assert.equal(reports.filter((sentence) => /DANE is off/.test(sentence)).length, 1);
  const kept = await resolver.lookup("mx.deep.nsec.test.", "A");
  assert.equal(kept.ttl, stripsForMs / 1000); // Of 3600.
});

Deno.test("where nothing can be validated, the server may, and its answers are asked for without DO and CD", async () => {
  const server = new RecursiveServer(world.zones);
  server.lie = strip;
  const asked: string[] = [];
  const exchange: Exchange = {
    query: (question, options) => {
      asked.push(`${question.name} ${options.checkingDisabled} ${options.dnssecOk}`);
      const refuses = question.name === "wrong.faults.test." && !options.checkingDisabled;
      return refuses
        ? Promise.resolve({ ok: false, kind: "serverFailure", why: "SERVFAIL", extendedErrors: [] })
        : server.query(question, options);
    },
  };
  const { resolver } = make({ exchange });
  const good = await resolver.lookup("mx.nsec.test.", "A");
  assert.deepEqual([good.status, good.security], ["found", "indeterminate"]);
  assert.equal(asked.at(-1), "mx.nsec.test. false false");
  assert.equal((await resolver.lookup("wrong.faults.test.", "A")).status, "failed");
});

Deno.test("when signatures come through at last, what was kept without them is asked for again", async () => {
  let stripping = true;
  const lie: Lie = (reply, name, type) =>
    !stripping ? reply : name === "mx.nsec.test."
      ? of({
        answers: rrs("mx", typeNumbers.A).slice(0, 1).map((one) => ({
          ...one,
          rdata: Uint8Array.of(203, 0, 113, 66),
        })),
      })
      : strip(reply, name, type);
  const { resolver } = make({ lie });
  const forged = await resolver.lookup("mx.nsec.test.", "A");
  assert.deepEqual([forged.security, forged.records], ["indeterminate", [{ address: "203.0.113.66" }]]);
  stripping = false;
  assert.equal((await resolver.lookup("mx.p384.test.", "A")).security, "secure");
  const answer = await resolver.lookup("mx.nsec.test.", "A");
  assert.deepEqual([answer.security, answer.records], ["secure", [{ address: "192.0.2.25" }]]);
});

Deno.test("but not when there were signatures before: their absence is an attack then", async () => {
  let stripping = false;
  const reports: string[] = [];
  const { resolver } = make({
    lie: (...args) => stripping ? strip(...args) : args[0],
    report: (sentence) => reports.push(sentence),
  });
  assert.equal((await resolver.lookup("mx.nsec.test.", "A")).security, "secure");
  stripping = true;
  for (const name of ["mx.p384.test.", "mx.rsa512.test.", "alias.nsec.test."]) {
    const answer = await resolver.lookup(name, "A");
    assert.deepEqual([answer.status, answer.security], ["failed", "bogus"], answer.why);
  }
  assert.ok(!reports.some((sentence) => /DANE is off/.test(sentence)));
  assert.equal(reports.filter((sentence) => /no longer do, which may be an attack/.test(sentence)).length, 1);
});

Deno.test("one zone without signatures is bogus, and no reason to pass over the server", async () => {
  const reports: string[] = [];
  const { resolver, server } = make({
    lie: (reply, name, type) => isWithin(name, "nsec.test.") ? strip(reply, name, type) : reply,
    report: (sentence) => reports.push(sentence),
  });
  assert.equal((await resolver.lookup("mx.nsec.test.", "A")).security, "bogus");
  assert.equal((await resolver.lookup("mx.p384.test.", "A")).security, "secure");
  assert.deepEqual(reports, []);
  assert.ok(server.asked.length > 0);
});

Deno.test("a server that gives bogus answers is not the last word", async () => {
  const poisoned: Lie = (reply, name) =>
    name === "mx.nsec.test."
      ? {
        ...reply,
        answers: reply.answers.map((r) => isSignature(r) ? r : { ...r, rdata: Uint8Array.of(6, 6, 6, 6) }),
      }
      : reply;
  const { exchange, servers } = several(poisoned, null);
  const { resolver } = make({ exchange, servers });
  const answer = await resolver.lookup("mx.nsec.test.", "A");
  assert.deepEqual([answer.security, answer.records], ["secure", [{ address: "192.0.2.25" }]]);
});

Deno.test("nobody is asked again for nothing", async () => {
  // Bogus for good: the one that answered is not asked again alone, the other is.
  const bogus = several(null, null);
  const first = make({ exchange: bogus.exchange, servers: bogus.servers }).resolver;
  assert.equal((await first.lookup("wrong.faults.test.", "A")).security, "bogus");
  const firstQuestions = bogus.exchange.asked.filter((address) => address === "192.0.2.1").length;
  const secondQuestions = bogus.exchange.asked.length - firstQuestions;
  assert.ok(firstQuestions >= 6 && secondQuestions >= 1 && secondQuestions < firstQuestions);
  // Silent together: nobody is asked alone.
  const silent = several(() => "timeout", null);
  const second = make({ exchange: silent.exchange, servers: silent.servers }).resolver;
  assert.equal((await second.lookup("mx.nsec.test.", "A")).failure, "timeout");
  assert.equal(silent.exchange.asked.length, 1);
});

Deno.test("a way from the root on which signatures are taken out is no way", async () => {
  const { iterative, internet } = direct();
  internet.lie = strip;
  const { resolver } = make({ lie: strip, direct: iterative });
  assert.equal((await resolver.lookup("mx.nsec.test.", "A")).security, "indeterminate");
});

Deno.test("a zone whose servers are silent does not close the way from the root", async () => {
  const reports: string[] = [];
  const { iterative, internet } = direct();
  const silent = world.zone("p384.test.").server;
  const find = internet.find.bind(internet);
  internet.find = (name, type, how) => how.server?.address === silent ? null : find(name, type, how);
  const { resolver, server } = make({
    lie: strip,
    direct: iterative,
    report: (sentence) => reports.push(sentence),
  });
  for (const first of ["mx.p384.test.", "mx.nsec.test."]) {
    const answer = await resolver.lookup(first, "A"); // First of all, then when others have answered.
    if (first === "mx.nsec.test.") assert.equal(answer.security, "secure");
  }
  const failed = await resolver.lookup("mx.p384.test.", "MX");
  assert.deepEqual([failed.status, failed.security], ["failed", "indeterminate"]);
  server.asked.length = 0;
  assert.equal((await resolver.lookup("mx.deep.nsec.test.", "A")).security, "secure");
  assert.deepEqual(server.asked, [], "the server that leaves out signatures is still passed over");
  assert.ok(!reports.some((sentence) => /attack/.test(sentence)), reports.join("\n"));
});

Deno.test("servers that do not answer make lookups fail, not bogus", async () => {
  for (const reply of ["timeout", "servfail"] as const) {
    const { resolver } = make({ lie: () => reply });
    const answer = await resolver.lookup("mx.nsec.test.", "A");
    assert.deepEqual([answer.status, answer.failure], [
      "failed",
      reply === "timeout" ? "timeout" : "serverFailure",
    ]);
    const half = make({
      lie: (told, name, type) => type === typeNumbers.DNSKEY && name === "test." ? reply : told,
    });
    assert.equal((await half.resolver.lookup("mx.nsec.test.", "A")).security, "indeterminate");
  }
});

Deno.test("a server too old for DS records does not make an island below an unsigned zone fail", async () => {
  const { resolver } = make({
    lie: (reply, name, type) =>
      name === "island.open.nsec.test." && type === typeNumbers.DS ? "servfail" : reply,
  });
  assert.equal((await resolver.lookup("mx.island.open.nsec.test.", "A")).security, "insecure");
});

Deno.test("who gives up gets that, and a lookup has an end", async () => {
  const { resolver } = make();
  const gone = await resolver.lookup("mx.nsec.test.", "A", { signal: AbortSignal.abort() });
  assert.equal(gone.failure, "aborted");
  const silent: Exchange = {
    query: (_question, { signal }) =>
      new Promise((resolve) => {
        const aborted = { ok: false, kind: "aborted", why: "given up", extendedErrors: [] } as const;
        signal?.addEventListener("abort", () => resolve(aborted));
      }),
  };
  const waiting = make({ exchange: silent }).resolver;
  const late = waiting.lookup("mx.nsec.test.", "A");
  const controller = new AbortController();
  const givenUp = waiting.lookup("mx.p384.test.", "A", { signal: controller.signal });
  controller.abort();
  assert.equal((await givenUp).failure, "aborted");
  await clock.advance(30_000);
  assert.equal((await late).failure, "timeout");
});

// Trust anchors.

Deno.test("without an anchor nothing can be told", async () => {
  const { resolver } = make({ anchors: [] });
  const answer = await resolver.lookup("mx.nsec.test.", "A");
  assert.deepEqual([answer.status, answer.security], ["found", "indeterminate"]);
});

Deno.test("with an anchor that fits no key everything is bogus; others can be set", async () => {
  const wrong = world.anchors.map(({ zone, ds }) => ({ zone, ds: { ...ds, digest: new Uint8Array(32) } }));
  const { resolver } = make({ anchors: wrong });
  const answer = await resolver.lookup("mx.nsec.test.", "A");
  assert.equal(answer.security, "bogus");
  assert.match(answer.why, /^none of the keys of the root fits its trust anchors/);
  resolver.setAnchors(world.anchors);
  assert.equal((await resolver.lookup("mx.p384.test.", "A")).security, "secure");
});

Deno.test("a lookup under way while other anchors are set keeps nothing of what it found with the old ones", async () => {
  const { promise: gone, resolve: go } = Promise.withResolvers<void>();
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const server = new RecursiveServer(world.zones);
  let holding = true;
  const exchange: Exchange = {
    query: async (question, options) => {
      if (holding && question.type === typeNumbers.DNSKEY) {
        ask();
        await gone;
      }
      return await server.query(question, options);
    },
  };
  const { resolver } = make({ exchange });
  const before = resolver.lookup("mx.nsec.test.", "A");
  await asked;
  const wrong = world.anchors.map(({ zone, ds }) => ({ zone, ds: { ...ds, digest: new Uint8Array(32) } }));
  resolver.setAnchors(wrong);
  holding = false;
  go();
  assert.equal((await before).security, "secure");
  assert.equal((await resolver.lookup("mx.p384.test.", "A")).security, "bogus");
});

Deno.test("an anchor may stand below an unsigned zone, and then counts for what is below it", async () => {
  const island = world.zone("island.open.nsec.test.");
  const { resolver } = make({ anchors: [...world.anchors, ...anchorsOf(island)] });
  assert.equal((await resolver.lookup("mx.open.nsec.test.", "A")).security, "insecure");
  assert.equal((await resolver.lookup("mx.island.open.nsec.test.", "A")).security, "secure");
});

Deno.test("who signs from above the only anchor does not take away what is below it", async () => {
  const fake = new SignedZone(".", { now }).add("mx.nsec.test.", "A", { address: "203.0.113.66" })
    .add("deep.nsec.test.", "DS", { keyTag: 1, algorithm: 15, digestType: 2, digest: new Uint8Array(32) });
  const signed = (name: string, type: number): Lie => (reply, asked, about) =>
    asked === name && about === type ? of({ answers: fake.withSignatures(name, type) }) : reply;
  const gap: Lie = (reply, asked) =>
    asked === "nothing.nsec.test." ? of({ authorities: fake.withSignatures(".", typeNumbers.NSEC) }) : reply;
  for (
    const [name, lie] of [
      ["mx.nsec.test.", signed("mx.nsec.test.", typeNumbers.A)],
      ["mx.deep.nsec.test.", signed("deep.nsec.test.", typeNumbers.DS)],
      ["nothing.nsec.test.", gap],
    ] as const
  ) {
    const answer = await make({ anchors: anchorsOf(zone), lie }).resolver.lookup(name, "A");
    assert.deepEqual([answer.security, answer.records], ["bogus", []], answer.why);
  }
  // Nor does one above it that is insecure: what an anchor stands for is not.
  const [island, above] = [world.zone("island.open.nsec.test."), "open.nsec.test."];
  const fakeAbove = new SignedZone(above, { now }).add("mx.island", "A", { address: "203.0.113.66" });
  const { resolver } = make({
    anchors: [...world.anchors, ...anchorsOf(island)],
    lie: (reply, name) =>
      name === `mx.island.${above}` ? of({ answers: fakeAbove.withSignatures(name, typeNumbers.A) }) : reply,
  });
  assert.equal((await resolver.lookup(`mx.island.${above}`, "A")).security, "bogus");
  assert.equal((await resolver.lookup(`island.${above}`, "DS")).security, "insecure");
});

Deno.test("a zone's keys are looked at, to follow its anchors (RFC 5011)", async () => {
  const [old, next] = [makeKey(15), makeKey(15)];
  const root = new SignedZone(".", { now, keys: [withFlags(old, 257 | 0x80), old, next], ttl: 172_800 });
  const anchors = {
    digests: root.ds().filter(({ keyTag }) => keyTag === old.tag).map((ds) => ({ zone: ".", ds })),
    keys: [],
  };
  const { resolver } = make({ zones: [root], anchors: anchors.digests });
  const judged = (set: KeySet | null, by: readonly TrustAnchor[] = anchors.digests) =>
    set === null ? null : seenKeys(set, by, Math.floor(clock.now() / 1000));
  const seen = judged(await resolver.seeKeys("."));
  assert.ok(seen !== null);
  assert.equal(seen.secure, true);
  assert.equal(seen.originalTtl, 172_800);
  assert.equal(seen.signedFor, 10 * 86_400 - (clock.now() - now) / 1000);
  assert.equal(seen.keys.length, 3);
  assert.equal(seen.signedBy.length, 3);
  const first = follow(anchors, seen, now);
  // Its own word counts at once, whatever else is in the set. RFC 5011 2.1
  assert.deepEqual(first.changes.map(({ tag, from, to }) => [tag, from, to]), [
    [old.tag, "digest", "revoked"],
    [next.tag, "start", "pending"],
  ]);
  const stripped = make({ zones: [root], anchors: anchors.digests, lie: strip }).resolver;
  const nothing = judged(await stripped.seeKeys("."));
  assert.deepEqual([nothing?.secure, nothing?.signedBy.length], [false, 0]);
  const { exchange, servers } = several(strip, null);
  const other = judged(await make({ exchange, servers }).resolver.seeKeys("."), world.anchors);
  assert.equal(other?.secure, true, "the next server is asked");
  const known = { digests: [], keys: [{ zone: ".", key: old.data, state: "valid", since: now }] } as const;
  const second = follow(known, seen, now + 1);
  assert.deepEqual(second.changes.map(({ tag, to }) => [tag, to]), [[old.tag, "revoked"], [
    next.tag,
    "pending",
  ]]);
});

Deno.test(`of a zone's keys, ${maxKeysSeen} are looked at for its anchors`, async () => {
  const root = new SignedZone(".", { now, keys: Array.from({ length: maxKeysSeen + 5 }, () => makeKey(15)) });
  const set = await make({ zones: [root] }).resolver.seeKeys(".");
  assert.ok(set !== null);
  const seen = seenKeys(set, anchorsOf(root), Math.floor(clock.now() / 1000));
  assert.deepEqual([seen.keys.length, seen.signedBy.length], [maxKeysSeen + 5, maxKeysSeen]);
});

// Work that strangers make us do.

/** Milliseconds of processor time, the least of some runs: other programs share the machine. */
async function cpuMs(run: () => Promise<void>): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < 5; i++) {
    const took = ownTime();
    await run();
    least = Math.min(least, took());
  }
  return least;
}

/** An RSA key of 4096 bits with a tag of our choice; nobody has its other half. */
function trapKey(seed: number, tag: number): Bytes {
  const modulus = Uint8Array.from({ length: 512 }, (_, i) => (i * 7 + seed * 13) & 0xff);
  modulus[0] = 0xc5;
  modulus[511] = (modulus[511] ?? 0) | 1;
  const rdata = concat([Uint8Array.of(1, 1, 3, 8, 3, 1, 0, 1), modulus]);
  const view = new DataView(rdata.buffer);
  view.setUint16(100, 0);
  for (let near = -2; near <= 2; near++) {
    view.setUint16(100, (tag - keyTag(rdata) + 65535 * 2 + near) % 65535);
    if (keyTag(rdata) === tag) return rdata;
    view.setUint16(100, 0);
  }
  throw new Error("no such key");
}

Deno.test("many keys of one tag and many signatures by it are given up soon (CVE-2023-50387)", async () => {
  const [tag, many] = [4711, 100];
  const root = new SignedZone(".", { now });
  const trap = new SignedZone("trap.", { now });
  root.delegate(trap);
  trap.add("@", "A", { address: "192.0.2.1" });
  for (let i = 0; i < many; i++) trap.addRaw("@", typeNumbers.DNSKEY, trapKey(i, tag));
  const lie: Lie = (reply, name, type) => {
    if (name !== "trap." || type !== typeNumbers.A) return reply;
    const [signature, ...others] = reply.answers.filter(isSignature);
    assert.ok(signature !== undefined && others.length === 0);
    const head = { ...readData("RRSIG", signature.rdata), algorithm: 8, keyTag: tag };
    const wrong = Array.from({ length: many }, (_, i) => ({
      ...signature,
      rdata: writeData("RRSIG", { ...head, signature: new Uint8Array(512).fill(i, 1) }),
    }));
    return { ...reply, answers: [...reply.answers.filter((record) => !isSignature(record)), ...wrong] };
  };
  const answers = new Set<string>();
  const ms = await cpuMs(async () => {
    const answer = await make({ zones: [root, trap], lie }).resolver.lookup("trap.", "A");
    answers.add(`${answer.status} ${answer.failure} ${answer.why}`);
  });
  assert.deepEqual([...answers], [
    "failed costly Validating this answer would take too many signatures that are wrong; it was given up.",
  ]);
  assert.ok(ms < 50, `${ms} ms`);
});

Deno.test(`after ${maxRecordsRead} records of messages that are full of them it is given up soon`, async () => {
  const root = new SignedZone(".", { now });
  const trap = new SignedZone("trap.", { now });
  const deep = `${"a.".repeat(60)}trap.`;
  for (let name = deep; name !== "trap."; name = name.slice(2)) {
    trap.add(name, "TXT", { strings: [concat([])] });
  }
  const zones = [root.delegate(trap), trap];
  const ballast: ResourceRecord[] = Array.from({ length: maxRecords - 10 }, (_, i) => ({
    name: `${i}.trap.`,
    type: typeNumbers.A,
    class: classIn,
    ttl: 3,
    rdata: Uint8Array.of(192, 0, i >> 8, i),
  }));
  const lie: Lie = (reply, name, type) => {
    if (type === typeNumbers.TXT) {
      return {
        ...reply,
        answers: reply.answers.filter((one) => !isSignature(one)),
      };
    }
    return name.endsWith(".trap.") ? { ...reply, authorities: [...reply.authorities, ...ballast] } : reply;
  };
  await make({ zones, lie }).resolver.lookup(deep, "TXT"); // Signs everything.
  const answers = new Set<string>();
  const ms = await cpuMs(async () => {
    const answer = await make({ zones, lie }).resolver.lookup(deep, "TXT");
    answers.add(`${answer.failure} ${answer.why}`);
  });
  assert.deepEqual([...answers], [
    `costly Validating this answer would take more than ${maxRecordsRead} records; it was given up.`,
  ]);
  assert.ok(ms < 50, `${ms} ms`);
});

Deno.test("names of many labels and rounds are given up soon (CVE-2023-50868)", async () => {
  const root = new SignedZone(".", { now });
  const trap = new SignedZone("trap.", { now, denial: { iterations: 100, salt: new Uint8Array(255) } });
  root.delegate(trap);
  const zones = [root, trap];
  const proof = trap.withSignatures(trap.hashed("ns.trap."), typeNumbers.NSEC3);
  const lie: Lie = (reply, name) =>
    name.length > 100 ? of({ rcode: rcodes.nxDomain, authorities: [...proof] }) : reply;
  const answers: Answer[] = [];
  const ms = await cpuMs(async () => {
    answers.push(await make({ zones, lie }).resolver.lookup(`${"a.".repeat(120)}trap.`, "A"));
  });
  assert.deepEqual([...new Set(answers.map(({ failure }) => failure))], ["costly"]);
  assert.ok(ms < 50, `${ms} ms`);
});

Deno.test(`of the proofs in an answer, ${maxProofSets} are looked at`, async () => {
  const [one] = nsec("mx");
  assert.ok(one !== undefined);
  const others = Array.from({ length: 40 }, (_, i) => ({ ...one, name: `n${i}.nsec.test.` }));
  for (const [before, security] of [[maxProofSets - 2, "secure"], [maxProofSets, "bogus"]] as const) {
    const { resolver } = make({
      lie: (reply, name) => {
        if (name !== "nothing.nsec.test.") return reply;
        return {
          ...reply,
          authorities: [...others.slice(0, before), ...reply.authorities],
        };
      },
    });
    assert.equal((await resolver.lookup("nothing.nsec.test.", "A")).security, security);
  }
});

Deno.test("a chain of too many zones is given up", async () => {
  const zones = [new SignedZone(".", { now })];
  for (let i = 0; i < 40; i++) {
    const above = zones.at(-1);
    assert.ok(above !== undefined);
    const below = new SignedZone(above.absolute("a"), { now });
    above.delegate(below);
    zones.push(below);
  }
  const { resolver, server } = make({ zones });
  const answer = await resolver.lookup(`ns.${zones.at(-1)?.origin}`, "A");
  assert.equal(answer.failure, "costly");
  assert.match(answer.why, /more than 64 questions/);
  assert.ok(server.asked.length <= maxQueries);
  const { length } = server.asked;
  const again = await resolver.lookup(`ns.${zones.at(-1)?.origin}`, "A");
  assert.deepEqual(
    [again.failure, server.asked.length],
    ["costly", length],
    "it is not done twice (RFC 9520)",
  );
});

Deno.test("a chain of too many aliases is given up", async () => {
  const root = new SignedZone(".", { now });
  for (let i = 0; i < 20; i++) root.add(`a${i}`, "CNAME", { target: `a${i + 1}.` });
  const answer = await make({ zones: [root] }).resolver.lookup("a0.", "A");
  assert.deepEqual([answer.failure, answer.why], ["aliases", "more than 8 aliases"]);
});
