/**
 * A root and zones of every kind below it, with what is right and what is wrong in each, and the names to ask for.
 * The same table is put to our validator and to another.
 *
 * @module
 */
import type { Millis } from "../../base/clock.ts";
import type { RecordType } from "../record.ts";
import type { Security } from "../resolver.ts";
import { makeKey, withAlgorithm } from "./signed_keys.ts";
import { type DenialKind, SignedZone, type ZoneSettings } from "./signed_zone.ts";
import type { TrustAnchor } from "../trust_anchors.ts";

/** The zones, and where their chain of trust begins. */
export interface World {
  readonly zones: readonly SignedZone[];
  readonly anchors: readonly TrustAnchor[];
  zone(origin: string): SignedZone;
}

/** Names that are in every zone with data. */
function fill(zone: SignedZone): SignedZone {
  return zone.add("@", "MX", { preference: 10, exchange: zone.absolute("mx") })
    .add("mx", "A", { address: "192.0.2.25" }).add("mx", "AAAA", { address: "2001:db8::25" })
    .add("_25._tcp.mx", "TLSA", { usage: 3, selector: 1, matchingType: 1, data: new Uint8Array(32).fill(7) })
    .add("Big.CASE", "TXT", { strings: [new Uint8Array(255).fill(65), new Uint8Array(3)] })
    .add("*.wild", "A", { address: "192.0.2.6" }).add("near.wild", "TXT", { strings: [new Uint8Array(1)] })
    .add("a.b.ent", "A", { address: "192.0.2.7" })
    .add("alias", "CNAME", { target: zone.absolute("mx") })
    .add("*.wildalias", "CNAME", { target: zone.absolute("mx") })
    .add("dname", "DNAME", { target: zone.absolute("ent") })
    .add("loop", "CNAME", { target: zone.absolute("pool") }).add("pool", "CNAME", {
      target: zone.absolute("loop"),
    })
    .add("dangling", "CNAME", { target: zone.absolute("nothing") });
}

const salt = Uint8Array.of(0xaa, 0xbb);

/** Makes all zones anew, signed at `now`. */
export function makeWorld(now: Millis): World {
  const zones: SignedZone[] = [];
  const make = (origin: string, settings: Partial<ZoneSettings> = {}) => {
    const zone = new SignedZone(origin, { now, server: `198.51.100.${zones.length + 1}`, ...settings });
    zones.push(zone);
    return zone;
  };
  const hashed = (iterations: number, optOut = false): DenialKind => ({ iterations, salt, optOut });
  const root = make(".", { algorithm: 8, splitKeys: true });
  const test = make("test.", { algorithm: 13, splitKeys: true, denial: hashed(0, true) });
  root.delegate(test);
  const plainTop = fill(make("plaintop.", { signed: false }));
  root.delegate(plainTop, "none");

  const child = (name: string, settings: Partial<ZoneSettings> = {}) => {
    const zone = fill(make(`${name}.test.`, settings));
    test.delegate(zone);
    return zone;
  };
  const nsec = child("nsec");
  child("rsa512", { algorithm: 10 });
  child("p384", { algorithm: 14, denial: hashed(5), splitKeys: true });
  child("ed448", { algorithm: 16 });
  const optout = child("optout", { denial: hashed(1, true) });
  child("rounds", { denial: hashed(200) });
  test.delegate(fill(make("plain.test.", { signed: false })), "none");

  // Zones below zones.
  const deep = fill(make("deep.nsec.test.", { algorithm: 13 }));
  nsec.delegate(deep);
  nsec.delegate(fill(make("open.nsec.test.", { signed: false })), "none");
  optout.delegate(fill(make("open.optout.test.", { signed: false })), "none");
  optout.delegate(fill(make("closed.optout.test.")));
  // A zone two labels below its parent, and one signed below an unsigned one.
  const far = fill(make("far.empty.nsec.test.", { denial: hashed(0) }));
  nsec.delegate(far);
  const island = fill(make("island.open.nsec.test."));
  zones.find(({ origin }) => origin === "open.nsec.test.")?.delegate(island);

  // DS records of which none, or not all, can be used.
  const strange = fill(make("strange.test.", { keys: [withAlgorithm(makeKey(15), 253)] }));
  test.delegate(strange);
  const digest = fill(make("digest.test."));
  test.delegate(digest, digest.ds().map((ds) => ({ ...ds, digestType: 200 })));
  const both = fill(make("both.test."));
  test.delegate(both, [...both.ds().map((ds) => ({ ...ds, algorithm: 253 })), ...both.ds(4)]);
  const wrongDs = fill(make("wrongds.test."));
  test.delegate(wrongDs, wrongDs.ds().map((ds) => ({ ...ds, digest: new Uint8Array(32) })));
  const otherTag = fill(make("othertag.test."));
  test.delegate(otherTag, otherTag.ds().map((ds) => ({ ...ds, keyTag: ds.keyTag ^ 1 })));
  test.delegate(fill(make("nokeys.test.", { signed: false })), nsec.ds());

  // Signatures that are wrong, one RRset each.
  const faults = child("faults");
  for (const fault of ["missing", "wrong", "expired", "early", "stranger"] as const) {
    faults.add(fault, "A", { address: "192.0.2.9" }).spoil(fault, "A", fault);
    faults.add(`to-${fault}`, "CNAME", { target: faults.absolute(fault) });
    nsec.add(`to-${fault}`, "CNAME", { target: faults.absolute(fault) });
  }
  faults.add("alias-wrong", "CNAME", { target: faults.absolute("mx") }).spoil(
    "alias-wrong",
    "CNAME",
    "wrong",
  );
  faults.spoil("mx", "NSEC", "expired");
  for (
    const [name, fault] of [["keyexpired", "expired"], ["keywrong", "wrong"], ["keyless", "missing"]] as const
  ) {
    child(name).spoil("@", "DNSKEY", fault);
  }
  const dsFault = child("dsfault");
  test.spoil(dsFault.origin, "DS", "wrong");

  // Aliases from zone to zone.
  nsec.add("to-p384", "CNAME", { target: "mx.p384.test." }).add("to-plain", "CNAME", {
    target: "mx.plain.test.",
  })
    .add("to-nothing", "CNAME", { target: "nothing.p384.test." })
    .add("to-rounds", "CNAME", { target: "nothing.rounds.test." })
    .add("dname-plain", "DNAME", { target: "plain.test." }).add("dname-p384", "DNAME", {
      target: "p384.test.",
    })
    .add("dname-faults", "DNAME", { target: "faults.test." });
  zones.find(({ origin }) => origin === "plain.test.")?.add("to-nsec", "CNAME", { target: "mx.nsec.test." })
    .add("to-wrong", "CNAME", { target: "wrong.faults.test." });
  return {
    zones,
    anchors: root.ds().map((ds) => ({ zone: ".", ds })),
    zone: (origin) => {
      const found = zones.find((zone) => zone.origin === origin);
      if (found === undefined) throw new Error(`no zone ${origin}`);
      return found;
    },
  };
}

/** What is asked, and what DNSSEC says of the answer. */
export type Case = readonly [name: string, type: RecordType, security: Security];

/** For a zone filled as all are: its records, its gaps, its aliases. */
const everyName: readonly (readonly [string, RecordType])[] = [
  ["", "MX"],
  ["mx.", "A"],
  ["_25._tcp.mx.", "TLSA"],
  ["big.case.", "TXT"],
  ["mx.", "MX"],
  ["", "AAAA"],
  ["nothing.", "A"],
  ["not.at.all.", "A"],
  ["x.wild.", "A"],
  ["x.y.wild.", "A"],
  ["x.wild.", "AAAA"],
  ["x.near.wild.", "A"],
  ["near.wild.", "A"],
  ["ent.", "A"],
  ["b.ent.", "A"],
  ["x.ent.", "A"],
  ["alias.", "A"],
  ["alias.", "MX"],
  ["alias.", "CNAME"],
  ["x.wildalias.", "A"],
  ["a.b.dname.", "A"],
  ["x.dname.", "A"],
  ["dangling.", "A"],
  ["", "SOA"],
  ["", "NS"],
];

const all = (zone: string, security: Security, negative: Security = security): Case[] =>
  everyName.map(([name, type]) => {
    const denied = /^(?:nothing|not|ent|b\.ent|x\.ent|x\.near|x\.dname|dangling)\./.test(name) ||
      ["mx. MX", " AAAA", "x.wild. AAAA", "near.wild. A", "alias. MX"].includes(`${name} ${type}`) ||
      /^(?:x\.wild|x\.y|x\.wildalias)/.test(name); // What comes of a wildcard takes a proof too.
    return [`${name}${zone}`, type, denied ? negative : security];
  });

/** The names to ask for in a {@link makeWorld}, and what is right. */
export const cases: readonly Case[] = [
  ...all("nsec.test.", "secure"),
  ...all("p384.test.", "secure"),
  ...all("rsa512.test.", "secure").slice(0, 8),
  ...all("ed448.test.", "secure").slice(0, 8),
  ...all("deep.nsec.test.", "secure").slice(0, 8),
  ...all("far.empty.nsec.test.", "secure").slice(0, 8),
  ...all("closed.optout.test.", "secure").slice(0, 8),
  ...all("rounds.test.", "secure", "insecure"),
  ...all("plain.test.", "insecure"),
  ...all("plaintop.", "insecure").slice(0, 8),
  ...all("open.nsec.test.", "insecure").slice(0, 8),
  ...all("open.optout.test.", "insecure").slice(0, 8),
  ...all("island.open.nsec.test.", "insecure").slice(0, 4),
  ...all("strange.test.", "insecure").slice(0, 8),
  ...all("digest.test.", "insecure").slice(0, 8),
  ...all("both.test.", "secure").slice(0, 8),
  ...all("wrongds.test.", "bogus").slice(0, 3),
  ...all("othertag.test.", "bogus").slice(0, 3),
  ...all("nokeys.test.", "bogus").slice(0, 3),
  ...all("keyexpired.test.", "bogus").slice(0, 3),
  ...all("keywrong.test.", "bogus").slice(0, 3),
  ...all("keyless.test.", "bogus").slice(0, 3),
  ...all("dsfault.test.", "bogus").slice(0, 3),
  // Opt-Out leaves open whether there is a delegation.
  ["mx.optout.test.", "A", "secure"],
  ["nothing.optout.test.", "A", "insecure"],
  ["x.wild.optout.test.", "A", "insecure"],
  ["mx.optout.test.", "MX", "secure"],
  ["ent.optout.test.", "A", "secure"],
  ["nothing.test.", "A", "insecure"],
  ["nothing.at.all.", "A", "secure"],
  ["test.", "MX", "secure"],
  [".", "NS", "secure"],
  [".", "MX", "secure"],
  [".", "DS", "secure"],
  // DS records are of the zone above.
  ["nsec.test.", "DS", "secure"],
  ["plain.test.", "DS", "insecure"],
  ["plaintop.", "DS", "secure"],
  ["open.nsec.test.", "DS", "secure"],
  ["mx.nsec.test.", "DS", "secure"],
  ["nothing.nsec.test.", "DS", "secure"],
  ["empty.nsec.test.", "DS", "secure"],
  ["alias.nsec.test.", "DS", "secure"],
  ["nsec.test.", "DNSKEY", "secure"],
  ["p384.test.", "DNSKEY", "secure"],
  // One fault each.
  ["missing.faults.test.", "A", "bogus"],
  ["wrong.faults.test.", "A", "bogus"],
  ["expired.faults.test.", "A", "bogus"],
  ["early.faults.test.", "A", "bogus"],
  ["stranger.faults.test.", "A", "bogus"],
  ["mx.faults.test.", "A", "secure"],
  ["mx.faults.test.", "MX", "bogus"],
  ["to-wrong.faults.test.", "A", "bogus"],
  ["to-wrong.faults.test.", "CNAME", "secure"],
  ["alias-wrong.faults.test.", "A", "bogus"],
  // From zone to zone.
  ["to-p384.nsec.test.", "A", "secure"],
  ["to-plain.nsec.test.", "A", "insecure"],
  ["to-nothing.nsec.test.", "A", "secure"],
  ["to-rounds.nsec.test.", "A", "insecure"],
  ["to-missing.nsec.test.", "A", "bogus"],
  ["to-expired.nsec.test.", "A", "bogus"],
  ["mx.dname-plain.nsec.test.", "A", "insecure"],
  ["mx.dname-p384.nsec.test.", "A", "secure"],
  ["nothing.dname-p384.nsec.test.", "A", "secure"],
  ["wrong.dname-faults.nsec.test.", "A", "bogus"],
  ["dname-p384.nsec.test.", "DNAME", "secure"],
  ["to-nsec.plain.test.", "A", "insecure"],
  ["to-wrong.plain.test.", "A", "bogus"],
];
