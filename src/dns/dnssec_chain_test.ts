import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { ChainWalk, stepsOf } from "./dnssec_chain.ts";
import { rrsetsOf, signedOctets } from "./dnssec_rrset.ts";
import { shown } from "./dnssec_step.ts";
import { TrustCache } from "./dnssec_trust.ts";
import { maxDsTried, maxZoneKeys, Work } from "./dnssec_work.ts";
import { writeData } from "./rdata.ts";
import { type Name, typeNumbers } from "./record.ts";
import { makeKey } from "./testing/signed_keys.ts";
import { makeWorld } from "./testing/signed_world.ts";
import { SignedZone } from "./testing/signed_zone.ts";
import { type Lie, RecursiveServer } from "./testing/zone_servers.ts";
import type { TrustAnchor } from "./trust_anchors.ts";

const clock = new FakeClock();
const now = clock.now();
const world = makeWorld(now);

function walk(settings: { zones?: readonly SignedZone[]; lie?: Lie; anchors?: readonly TrustAnchor[] } = {}) {
  const { zones = world.zones, lie, anchors = world.anchors } = settings;
  const server = new RecursiveServer(zones);
  if (lie !== undefined) server.lie = lie;
  const options = { recursionDesired: true, checkingDisabled: true, dnssecOk: true };
  const work = new Work();
  const made = new ChainWalk({
    ask: (name, type) => server.query({ name, type }, options),
    anchors,
    cache: new TrustCache(clock),
    work,
    now: now / 1000,
  });
  return { walk: made, server, work };
}

/** What is known of names that something says to be zones. */
const zones: readonly (readonly [name: Name, kind: string, at: Name])[] = [
  [".", "secure", "."],
  ["test.", "secure", "test."],
  ["nsec.test.", "secure", "nsec.test."],
  ["NSEC.Test.", "secure", "NSEC.Test."],
  ["far.empty.nsec.test.", "secure", "far.empty.nsec.test."],
  ["empty.nsec.test.", "none", "empty.nsec.test."],
  ["mx.nsec.test.", "none", "mx.nsec.test."],
  ["alias.nsec.test.", "none", "alias.nsec.test."],
  ["a.dname.nsec.test.", "none", "a.dname.nsec.test."],
  ["nothing.nsec.test.", "none", "nothing.nsec.test."],
  ["plaintop.", "insecure", "plaintop."],
  ["plain.test.", "insecure", "plain.test."],
  ["open.nsec.test.", "insecure", "open.nsec.test."],
  ["island.open.nsec.test.", "insecure", "open.nsec.test."],
  ["strange.test.", "insecure", "strange.test."],
  ["wrongds.test.", "bogus", "wrongds.test."],
  ["nokeys.test.", "bogus", "nokeys.test."],
  ["dsfault.test.", "bogus", "dsfault.test."],
];
for (const [name, kind, at] of zones) {
  Deno.test(`the zone ${name} is ${kind}`, async () => {
    const trust = await walk().walk.zone(name);
    assert.deepEqual([trust.kind, trust.zone], [kind, at], trust.step.why);
  });
}

/** The zone that a name belongs to, where its records are not signed. */
const enclosing: readonly (readonly [name: Name, hint: Name | null, kind: string, at: Name])[] = [
  ["mx.nsec.test.", null, "secure", "nsec.test."],
  ["a.b.ent.nsec.test.", null, "secure", "nsec.test."],
  ["x.nothing.nsec.test.", null, "secure", "nsec.test."],
  ["mx.plain.test.", null, "insecure", "plain.test."],
  ["mx.open.nsec.test.", null, "insecure", "open.nsec.test."],
  ["mx.island.open.nsec.test.", null, "insecure", "open.nsec.test."],
  ["mx.wrongds.test.", null, "bogus", "wrongds.test."],
  ["mx.far.empty.nsec.test.", null, "secure", "far.empty.nsec.test."],
  ["a.b.c.d.e.plain.test.", "plain.test.", "insecure", "plain.test."],
  ["a.b.c.d.e.plain.test.", "d.e.plain.test.", "insecure", "plain.test."],
  // A hint that lies changes nothing.
  ["a.b.c.d.e.nsec.test.", "plain.test.", "secure", "nsec.test."],
  ["a.b.c.d.e.nsec.test.", "b.c.d.e.nsec.test.", "secure", "nsec.test."],
  ["a.b.c.d.e.plain.test.", "test.", "insecure", "plain.test."],
];
for (const [name, hint, kind, at] of enclosing) {
  Deno.test(`${name}${hint === null ? "" : ` with the hint ${hint}`} belongs to ${at}, ${kind}`, async () => {
    const trust = await walk().walk.enclosing(name, hint);
    assert.deepEqual([trust.kind, trust.zone], [kind, at], trust.step.why);
  });
}

Deno.test("the chain of a zone's steps begins at the anchor", async () => {
  const trust = await walk().walk.zone("deep.nsec.test.", true);
  assert.deepEqual(stepsOf(trust).map(({ name }) => name), [".", "test.", "nsec.test.", "deep.nsec.test."]);
});

Deno.test("each zone takes two questions, asked for once", async () => {
  const { walk: made, server, work } = walk();
  await Promise.all([
    made.zone("deep.nsec.test.", true),
    made.zone("deep.nsec.test."),
    made.zone("nsec.test.", true),
  ]);
  assert.equal(server.asked.length, 7);
  assert.equal(work.spent.queries, 7);
  assert.equal(new Set(server.asked).size, 7);
});

Deno.test("what has no anchor above is indeterminate", async () => {
  const { walk: made } = walk({
    anchors: world.zone("nsec.test.").ds().map((ds) => ({ zone: "nsec.test.", ds })),
  });
  assert.equal((await made.zone("test.")).kind, "indeterminate");
  assert.equal((await made.zone("p384.test.")).kind, "indeterminate");
  assert.equal((await made.zone("nsec.test.")).kind, "secure");
  assert.equal((await made.enclosing("mx.deep.nsec.test.", null)).zone, "deep.nsec.test.");
  assert.equal((await made.enclosing("mx.p384.test.", null)).kind, "indeterminate");
});

Deno.test("of several anchors the deepest counts (RFC 6840 C.3)", async () => {
  const wrong = world.zone("nsec.test.").ds().map((ds) => ({
    zone: "nsec.test.",
    ds: { ...ds, digest: new Uint8Array(32) },
  }));
  const { walk: made } = walk({ anchors: [...world.anchors, ...wrong] });
  assert.equal((await made.zone("nsec.test.")).kind, "bogus");
  assert.equal((await made.zone("p384.test.")).kind, "secure");
});

Deno.test("an anchor of an unknown algorithm tells nothing", async () => {
  const anchors = world.anchors.map(({ zone, ds }) => ({ zone, ds: { ...ds, algorithm: 253 } }));
  const trust = await walk({ anchors }).walk.zone("nsec.test.");
  assert.equal(trust.kind, "indeterminate");
});

Deno.test("one key of several for which a DS record stands is enough (RFC 6840 5.11)", async () => {
  const root = new SignedZone(".", { now });
  const zone = new SignedZone("zone.", { now, splitKeys: true });
  const [ds] = zone.ds();
  assert.ok(ds !== undefined);
  const strangers = [0, 1, 2].map((i) => ({ ...ds, keyTag: i, digest: new Uint8Array(32) }));
  root.delegate(zone, [...strangers, ds]);
  const anchors = root.ds().map((ds) => ({ zone: ".", ds }));
  const trust = await walk({ zones: [root, zone], anchors }).walk.zone("zone.");
  assert.ok(trust.kind === "secure");
  assert.equal(trust.keys.length, 2);
  assert.deepEqual(trust.step.keys.map(({ vouchedFor }) => vouchedFor), [true, false]);
});

Deno.test(`of a zone's DS records, ${maxDsTried} are compared with its keys`, async () => {
  for (const [before, kind] of [[maxDsTried - 1, "secure"], [maxDsTried, "bogus"]] as const) {
    const root = new SignedZone(".", { now });
    const zone = new SignedZone("zone.", { now });
    const strangers = zone.ds().flatMap((ds) =>
      Array.from({ length: before }, (_, i) => ({ ...ds, digest: new Uint8Array(32).fill(i) }))
    );
    root.delegate(zone, [...strangers, ...zone.ds()]);
    const anchors = root.ds().map((ds) => ({ zone: ".", ds }));
    assert.equal((await walk({ zones: [root, zone], anchors }).walk.zone("zone.")).kind, kind);
  }
});

Deno.test(`of a zone's keys, ${maxZoneKeys} are kept`, async () => {
  const root = new SignedZone(".", { now });
  for (let i = 0; i < 100; i++) root.add("@", "DNSKEY", { ...makeKey(15).data, flags: 256 });
  const trust = await walk({ zones: [root], anchors: root.ds().map((ds) => ({ zone: ".", ds })) }).walk.zone(
    ".",
  );
  assert.ok(trust.kind === "secure");
  assert.equal(trust.keys.length, maxZoneKeys);
});

Deno.test("a key for which no DS record stands does not sign the keys", async () => {
  const root = new SignedZone(".", { now });
  const zone = new SignedZone("zone.", { now, splitKeys: true });
  const [keyKey, zoneKey] = zone.keys;
  assert.ok(keyKey !== undefined && zoneKey !== undefined);
  const keys = zone.records("zone.", typeNumbers.DNSKEY);
  const [set] = rrsetsOf(keys);
  assert.ok(set !== undefined);
  root.delegate(zone);
  for (const [signer, kind] of [[keyKey, "secure"], [zoneKey, "bogus"]] as const) {
    const head = {
      typeCovered: typeNumbers.DNSKEY,
      algorithm: 15,
      labels: 1,
      originalTtl: 3600,
      inception: now / 1000,
      expiration: now / 1000 + 1000,
      keyTag: signer.tag,
      signer: "zone.",
      signature: new Uint8Array(0),
    };
    const signature = signer.sign(signedOctets(set, "zone.", head));
    const rdata = writeData("RRSIG", { ...head, signature });
    const { walk: made } = walk({
      zones: [root, zone],
      anchors: root.ds().map((ds) => ({ zone: ".", ds })),
      lie: (reply, name, type) =>
        name === "zone." && type === typeNumbers.DNSKEY
          ? { ...reply, answers: [...keys, { name, type: typeNumbers.RRSIG, class: 1, ttl: 3600, rdata }] }
          : reply,
    });
    assert.equal((await made.zone("zone.")).kind, kind);
  }
});

Deno.test("a signer that is no zone above is not asked about", async () => {
  const { walk: made, server } = walk({
    lie: (reply, name, type) => {
      if (name !== "nsec.test." || type !== typeNumbers.DS) return reply;
      return {
        ...reply,
        answers: world.zone("p384.test.").withSignatures("mx.p384.test.", 1).map((record) => ({
          ...record,
          name,
        })),
      };
    },
  });
  assert.equal((await made.zone("nsec.test.")).kind, "bogus");
  assert.ok(!server.asked.some((asked) => asked.startsWith("p384")));
});

Deno.test("names in sentences", () => {
  assert.deepEqual([shown("."), shown("a.b."), shown("xn--bcher-kva.example.")], [
    "the root",
    "a.b",
    "xn--bcher-kva.example",
  ]);
});
