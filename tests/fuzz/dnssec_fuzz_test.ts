/**
 * Answers with records left out, moved, changed and mixed: whatever a server says, a validator does not throw,
 * never calls secure what is not the truth, and never lets a secure name become merely insecure. And zones of any
 * shape, which say the same whoever is asked for them.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { fromLatin1 } from "../../src/base/bytes.ts";
import { readVerifyKey } from "../../src/dns/dnssec_algorithms.ts";
import { fromBase32Hex } from "../../src/dns/dnssec_base32.ts";
import { nsecsOf } from "../../src/dns/dnssec_nsec.ts";
import { denyByNsec3, nsec3ProofOf } from "../../src/dns/dnssec_nsec3.ts";
import { rrsetsOf, zoneKeysOf } from "../../src/dns/dnssec_rrset.ts";
import { Work } from "../../src/dns/dnssec_work.ts";
import { IterativeExchange } from "../../src/dns/iterate.ts";
import type { ResourceRecord } from "../../src/dns/message.ts";
import type { Answer } from "../../src/dns/resolver.ts";
import { makeRandomWorld, seededRandom } from "../../src/dns/testing/random_world.ts";
import { type Case, cases, makeWorld } from "../../src/dns/testing/signed_world.ts";
import {
  type Lie,
  LittleInternet,
  recurse,
  RecursiveServer,
  type Reply,
} from "../../src/dns/testing/zone_servers.ts";
import { parseAnchors, printAnchors } from "../../src/dns/trust_anchors.ts";
import { ValidatingResolver } from "../../src/dns/validating_resolver.ts";
import { type RecordType, typeNumbers } from "../../src/dns/record.ts";
import { FakeClock } from "../support/fake_clock.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "1") / 5;
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;
const run = { seed, numRuns: 1e9, interruptAfterTimeLimit: seconds * 1000, markInterruptAsFailure: false };

const clock = new FakeClock();
const world = makeWorld(clock.now());

/** Every record of every true answer, to be mixed into others. */
const pool: readonly ResourceRecord[] = cases.flatMap(([name, type]) => {
  const { answers, authorities } = recurse(world.zones, name, typeNumbers[type]);
  return [...answers, ...authorities];
});
const names = [...new Set(pool.map(({ name }) => name))];

/** One change: which, where, and with what. */
const change = fc.tuple(fc.nat(9), fc.nat(), fc.nat());
type Change = readonly [kind: number, at: number, other: number];

const picked = <T>(list: readonly T[], at: number): T | undefined => list[at % Math.max(1, list.length)];

function changed(reply: Reply, [kind, at, other]: Change): Reply {
  const section = at % 2 === 0 && reply.answers.length > 0 ? "answers" : "authorities";
  const records = [...reply[section]];
  const place = at % Math.max(1, records.length);
  const record = records[place];
  const foreign = picked(pool, other);
  if (kind === 0) records.splice(place, 1);
  else if (kind === 1 && foreign !== undefined) records.push(foreign);
  else if (kind === 2 && foreign !== undefined) records[place] = foreign;
  else if (kind === 3) return { ...reply, rcode: reply.rcode === 3 ? 0 : 3 };
  else if (kind === 4) return { ...reply, answers: reply.authorities, authorities: reply.answers };
  else if (kind === 5) return { ...reply, [section]: [] };
  else if (record !== undefined && kind === 6) {
    records[place] = { ...record, name: picked(names, other) ?? "." };
  } else if (record !== undefined && kind === 7) records[place] = { ...record, ttl: other };
  else if (record !== undefined && kind === 8) {
    const rdata = record.rdata.slice();
    if (rdata.length > 0) rdata[other % rdata.length] = (rdata[other % rdata.length] ?? 0) ^ (1 << (at % 8));
    records[place] = { ...record, rdata };
  } else if (kind === 9 && foreign !== undefined) {
    // A whole set with its signatures, which is true somewhere else.
    records.push(...pool.filter(({ name }) => name === foreign.name));
  }
  return { ...reply, [section]: records };
}

/** Changes answers by their number. */
function lying(changes: readonly (readonly [when: number, change: Change])[]): Lie {
  let asked = 0;
  return (reply) => {
    const number = asked++;
    return changes.filter(([when]) => when === number).reduce((told, [, one]) => changed(told, one), reply);
  };
}

/** Names whose denials anyone can make insecure, as the zone takes too many rounds. RFC 9276 3.2 */
const byChoice = (name: string) => name.endsWith("rounds.test.") || name === "to-rounds.nsec.test.";

const lookups = fc.tuple(
  fc.constantFrom<Case>(...cases.filter(([name]) => !byChoice(name))),
  fc.array(fc.tuple(fc.nat(12), change), { minLength: 1, maxLength: 6 }),
);

const truths = new Map<string, Answer>();
const key = (name: string, type: string) => `${name} ${type}`;
const honest = new ValidatingResolver({
  exchange: new RecursiveServer(world.zones),
  servers: [{ address: "192.0.2.53", port: 53 }],
  direct: null,
  clock,
  anchors: world.anchors,
});
for (const [name, type] of cases) truths.set(key(name, type), await honest.lookup(name, type));

/**
 * What may come of a lie.
 *
 * @param fresh Whether the validator had seen no signature before: who leaves out all of them, those of the root's
 * keys included, may then pass for a server that has none.
 */
function check(answer: Answer, truth: Answer, fresh: boolean): void {
  const what = `${truth.name} ${truth.type}: ${answer.security}, ${answer.why}`;
  if (fresh && answer.security === "indeterminate") return;
  if (answer.status === "failed") return assert.deepEqual(answer.records, []);
  assert.ok(answer.security === "secure" || answer.security === "insecure", what);
  if (answer.security === "insecure") return assert.notEqual(truth.security, "secure", what);
  assert.deepEqual(
    [answer.status, answer.canonicalName.toLowerCase(), answer.records],
    [truth.status, truth.canonicalName.toLowerCase(), truth.records],
    what,
  );
}

function truthOf(name: string, type: string): Answer {
  const truth = truths.get(key(name, type));
  assert.ok(truth !== undefined);
  return truth;
}

Deno.test("fuzz: lies of a recursive server", async () => {
  await fc.assert(
    fc.asyncProperty(lookups, fc.boolean(), async ([[name, type], changes], fresh) => {
      const server = new RecursiveServer(world.zones);
      const resolver = new ValidatingResolver({
        exchange: server,
        servers: [{ address: "192.0.2.53", port: 53 }],
        direct: null,
        clock,
        anchors: world.anchors,
      });
      // One that knows some zones already hears lies about the answer alone.
      if (!fresh) check(await resolver.lookup("mx.nsec.test.", "A"), truthOf("mx.nsec.test.", "A"), false);
      server.lie = lying(changes);
      check(await resolver.lookup(name, type), truthOf(name, type), fresh);
    }),
    run,
  );
});

Deno.test("fuzz: lies of the zones' own servers", async () => {
  await fc.assert(
    fc.asyncProperty(lookups, async ([[name, type], changes]) => {
      const internet = new LittleInternet(world.zones);
      internet.lie = lying(changes);
      const iterative = new IterativeExchange({
        exchange: internet,
        clock,
        random: () => 0.5,
        hints: [{ host: "ns.", addresses: [world.zone(".").server] }],
        mayAsk: () => true,
      });
      const resolver = new ValidatingResolver({
        exchange: iterative,
        servers: [],
        direct: iterative,
        clock,
        anchors: world.anchors,
      });
      check(await resolver.lookup(name, type), truthOf(name, type), false);
    }),
    run,
  );
});

Deno.test("fuzz: zones that chance makes say the same from the root down as through a recursive server", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (number) => {
      const { zones, anchors, questions } = makeRandomWorld(number, clock.now(), 20);
      const iterative = new IterativeExchange({
        exchange: new LittleInternet(zones),
        clock,
        random: seededRandom(number),
        hints: [{ host: "ns.", addresses: [zones[0]?.server ?? ""] }],
        mayAsk: () => true,
      });
      const settings = { direct: null, clock, anchors };
      const down = new ValidatingResolver({
        ...settings,
        exchange: iterative,
        servers: [],
        direct: iterative,
      });
      const through = new ValidatingResolver({
        ...settings,
        exchange: new RecursiveServer(zones),
        servers: [{ address: "192.0.2.53", port: 53 }],
      });
      for (const [name, type] of questions) {
        const [one, other] = [await down.lookup(name, type), await through.lookup(name, type)];
        // How far aliases were followed before it failed depends on how many of them a message had.
        const told = ({ status, security, canonicalName, records }: Answer<RecordType>) => [
          status,
          security,
          status === "failed" ? null : canonicalName,
          records,
        ];
        assert.deepEqual(
          told(one),
          told(other),
          `${name} ${type}: ${one.why}; ${other.why}`,
        );
      }
    }),
    run,
  );
});

const octets = fc.uint8Array({ maxLength: 80 }).map((bytes) => new Uint8Array(bytes));

Deno.test("fuzz: octets as keys, proofs and signatures are read or refused", () => {
  const record = fc.record({
    name: fc.constantFrom(...names),
    type: fc.constantFrom(...Object.values(typeNumbers)),
    class: fc.constantFrom(1, 1, 3),
    ttl: fc.nat(),
    rdata: octets,
  });
  fc.assert(
    fc.property(fc.array(record, { maxLength: 8 }), octets, fc.nat(20), (records, bytes, algorithm) => {
      const sets = rrsetsOf(records);
      for (const set of sets) zoneKeysOf(set);
      nsecsOf(sets, "nsec.test.");
      const proof = nsec3ProofOf(sets, "p384.test.", new Work());
      if (proof !== null) denyByNsec3(proof, "a.b.p384.test.", 1);
      const reader = readVerifyKey(algorithm, bytes);
      if (reader !== null) assert.equal(reader.verifies(bytes, bytes), false);
      const hash = fromBase32Hex(bytes);
      if (hash !== null) assert.equal(hash.length, Math.floor(bytes.length * 5 / 8));
    }),
    run,
  );
});

Deno.test("fuzz: files of trust anchors are read or refused", () => {
  const pieces = [
    ". ",
    "example. ",
    "DS ",
    "DNSKEY ",
    "IN ",
    "257 ",
    "3 ",
    "15 ",
    "1 ",
    "8 ",
    "2 ",
    "00",
    "AAAA",
    "\n",
    ";",
    "state=valid ",
    "since=2026-01-01T00:00:00Z ",
    "state=pending ",
  ];
  const text = fc.oneof(
    fc.array(fc.constantFrom(...pieces), { maxLength: 20 }).map((some) => some.join("")),
    octets.map((bytes) => fromLatin1(bytes)),
  );
  fc.assert(
    fc.property(text, (file) => {
      let anchors;
      try {
        anchors = parseAnchors(file);
      } catch (error) {
        assert.ok(error instanceof SyntaxError);
        return;
      }
      assert.deepEqual(parseAnchors(printAnchors(anchors)), anchors);
    }),
    run,
  );
});
