/**
 * DANE: certificates with any octets changed are read or refused, and authenticate nobody; and whatever the DNS answers,
 * nothing but signed records and proofs that there are none let mail go.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { equalBytes } from "../../src/base/bytes.ts";
import { planDane } from "../../src/dane/plan.ts";
import { makeRecord } from "../../src/dane/make_record.ts";
import { problemOf, usableRecords } from "../../src/dane/records.ts";
import { verifyDane } from "../../src/dane/verify.ts";
import { type Entry, ZoneResolver } from "../../src/dns/testing/zone_resolver.ts";
import { readCertificate } from "../../src/tls/certificate_fields.ts";
import { issue, testNow } from "../../src/tls/testing/certificate_maker.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5");
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;
const budget = (share: number) => ({
  seed,
  numRuns: 1e9,
  interruptAfterTimeLimit: seconds * 1000 * share,
  markInterruptAsFailure: false,
});

const root = issue({ name: "Root", ca: true, pathLength: 1, keyUsage: 4, permitted: ["example.org"] });
const middle = issue({ name: "Middle", ca: true, keyUsage: 4, issuer: root });
const names = ["mx.example.org"];
const leaf = issue({ name: "x", dnsNames: names, purposes: ["1.3.6.1.5.5.7.3.1"], issuer: middle });
const chain = [leaf.der, middle.der, root.der];
const record = (usage: number, selector: number, matchingType: number, der: typeof leaf.der) =>
  makeRecord({ usage, selector, matchingType }, { kind: "certificate", der });

/** One of the certificates, and what happens to it. */
const change = fc.record({
  which: fc.nat(2),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  octets: fc.uint8Array({ minLength: 0, maxLength: 3 }),
  drop: fc.nat(3),
});
const usage = fc.constantFrom(
  record(3, 0, 1, leaf.der),
  record(2, 0, 1, root.der),
  record(2, 0, 1, middle.der),
);

function toBeSigned(der: Uint8Array): Uint8Array | null {
  try {
    return readCertificate(der).toBeSigned;
  } catch (error) {
    assert.ok(error instanceof SyntaxError, String(error));
    return null;
  }
}

Deno.test("fuzz: certificates with octets changed", () => {
  assert.ok(verifyDane(chain, { records: [record(2, 0, 1, root.der)], names }, testNow).ok);
  fc.assert(
    fc.property(change, usage, ({ which, at, octets, drop }, published) => {
      const der = chain[which] ?? leaf.der;
      const start = Math.floor(at * der.length);
      const changed = new Uint8Array([...der.subarray(0, start), ...octets, ...der.subarray(start + drop)]);
      const signed = toBeSigned(changed);
      const verdict = verifyDane(chain.with(which, changed), { records: [published], names }, testNow);
      const isSame = equalBytes(changed, der);
      if (verdict.ok && which === 0) {
        assert.ok(signed !== null && equalBytes(signed, readCertificate(leaf.der).toBeSigned));
        if (published.usage === 3) assert.ok(isSame);
      }
      if (isSame) assert.ok(verdict.ok);
    }),
    budget(0.4),
  );
});

const tlsa = fc.record({
  usage: fc.constantFrom(0, 1, 2, 3, 4, 255),
  selector: fc.constantFrom(0, 1, 2),
  matchingType: fc.constantFrom(0, 1, 2, 3),
  data: fc.oneof(
    fc.constantFrom(0, 1, 32, 64).map((size) => new Uint8Array(size)),
    fc.constantFrom(leaf.der, leaf.spki, middle.der, middle.spki, root.der),
    fc.uint8Array({ maxLength: 80 }).map((octets) => new Uint8Array(octets)),
  ),
});

Deno.test("fuzz: TLSA records", () => {
  fc.assert(
    fc.property(fc.array(tlsa, { maxLength: 8 }), (records) => {
      const { usable, unusable } = usableRecords(records);
      assert.equal(usable.length + unusable.length, records.length);
      assert.ok(usable.every((one) => problemOf(one) === null));
      const verdict = verifyDane(chain, { records: usable, names }, testNow);
      if (verdict.ok) assert.ok(usable.includes(verdict.record));
      // A set with a record of use is never left without one.
      assert.equal(usable.length > 0, records.some((one) => problemOf(one) === null));
    }),
    budget(0.3),
  );
});

const security = fc.constantFrom("secure", "insecure", "indeterminate");
const entry = (records: Entry["records"]) =>
  fc.oneof(
    { weight: 3, arbitrary: security.map((one) => ({ records, security: one })) },
    security.map((one) => ({ security: one })),
    fc.constantFrom("timeout", "bogus", "serverFailure").map((failure) => ({ failures: { "*": failure } })),
  ) as fc.Arbitrary<Entry>;
const address = entry({ A: [{ address: "192.0.2.1" }] });
const published = fc.array(tlsa, { minLength: 1, maxLength: 3 }).chain((TLSA) => entry({ TLSA }));
const world = fc.record({
  mx: fc.oneof(address, entry({ CNAME: [{ target: "end.example." }] })),
  end: address,
  service: fc.option(published),
  endService: fc.option(published),
  found: fc.boolean(),
  security: fc.constantFrom("secure", "insecure", "indeterminate", "bogus"),
});

Deno.test("fuzz: DANE plans", async () => {
  await fc.assert(
    fc.asyncProperty(world, async (given) => {
      const { mx, end, service, endService, found, security } = given;
      const resolver = new ZoneResolver({
        "mx.example": mx,
        "end.example": end,
        ...(service ? { "_25._tcp.mx.example": service } : {}),
        ...(endService ? { "_25._tcp.end.example": endService } : {}),
      }, "secure");
      const addresses = {
        a: await resolver.lookup("mx.example.", "A"),
        aaaa: await resolver.lookup("mx.example.", "AAAA"),
      };
      const route = { nextHop: "example.org", expandedNextHop: "example.org", host: "mx.example", port: 25 };
      const plan = await planDane({ ...route, mx: { found, security } }, addresses, resolver);
      const answers = [service, endService].filter((one) => one?.records !== undefined);
      if (plan.kind === "authenticated" || plan.kind === "encrypted") {
        assert.ok(answers.some((one) => one?.security === "secure"));
      }
      if (plan.kind === "authenticated") assert.equal(plan.protectsDomain, security === "secure");
      if (addresses.a.status !== "found" || security === "bogus") assert.equal(plan.kind, "later");
      else if (addresses.a.security === "secure" && mx.records?.CNAME === undefined) {
        // With a signed host the answer for its records decides, and no failure passes for "none".
        const isKnown = service === null ||
          service.failures === undefined && service.security !== "indeterminate";
        assert.equal(plan.kind === "later", !isKnown);
        if (service?.records && service.security === "secure") assert.notEqual(plan.kind, "none");
      }
    }),
    budget(0.3),
  );
});
