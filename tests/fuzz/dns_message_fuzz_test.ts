/**
 * Anything at all as a DNS message: it is read or refused with a SyntaxError, in bounded time; what is read can be
 * written and read again; and whatever its records say, the answer made of them ends.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { AliasTrail, answerOf, maxAliases, readFinding } from "../../src/dns/answer.ts";
import {
  decodeMessage,
  type DnsMessage,
  encodeMessage,
  maxRecords,
  type ResourceRecord,
} from "../../src/dns/message.ts";
import { maxNameCharacters, nameFromText, nameFromWire, nameToWire } from "../../src/dns/name.ts";
import { canonicalRdata, readData, writeData } from "../../src/dns/rdata.ts";
import { parseData, printData } from "../../src/dns/rdata_text.ts";
import { type RecordType, typeNumbers } from "../../src/dns/record.ts";
import { anyData, anyName } from "../../src/dns/testing/any_data.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "1") / 4;
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;
const run = { seed, numRuns: 1e9, interruptAfterTimeLimit: seconds * 1000, markInterruptAsFailure: false };

const types = Object.keys(typeNumbers) as RecordType[];

/** Null where it is refused; any other error is a fault. */
function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Few names, so that aliases meet. */
const name = fc.oneof(fc.constantFrom("a.", "b.", "a.b.", "c.a.b.", "B.", "."), anyName);
const record: fc.Arbitrary<ResourceRecord> = fc.constantFrom(...types, "CNAME" as const, "DNAME" as const)
  .chain((type) => {
    const target = fc.record({ target: name }).map((data) => writeData("CNAME", data));
    const isAlias = type === "CNAME" || type === "DNAME";
    const rdata = isAlias ? target : anyData(type).map((data) => writeData(type, data));
    return fc.record({
      name,
      type: fc.constant(typeNumbers[type]),
      class: fc.constant(1),
      ttl: fc.nat(),
      rdata,
    });
  });
const records = fc.array(record, { maxLength: 8 });
const message: fc.Arbitrary<DnsMessage> = fc.record({
  id: fc.constant(1),
  isResponse: fc.constant(true),
  opcode: fc.constant(0),
  authoritative: fc.boolean(),
  truncated: fc.boolean(),
  recursionDesired: fc.boolean(),
  recursionAvailable: fc.boolean(),
  authenticData: fc.boolean(),
  checkingDisabled: fc.boolean(),
  rcode: fc.constantFrom(0, 3),
  question: fc.record({ name, type: fc.constant(1), class: fc.constant(1) }),
  answers: records,
  authorities: records,
  additionals: records,
  edns: fc.constantFrom(null, {
    udpSize: 1232,
    dnssecOk: true,
    version: 0,
    extendedErrors: [{ code: 6, text: "bogus" }],
  }),
});

/** Octets of a message with some changed (pointers are what hurts), cut off, or nothing like one. */
const change = fc.tuple(fc.nat(600), fc.oneof(fc.nat(255), fc.constantFrom(0xc0, 0xc1, 0xff, 0x3f, 0x40, 0)));
const octets = fc.oneof(
  fc.tuple(message, fc.array(change, { maxLength: 6 }), fc.nat(600)).map(([whole, changes, cut]) => {
    const bytes = encodeMessage(whole);
    for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
    return cut < bytes.length && cut % 3 === 0 ? bytes.subarray(0, cut) : bytes;
  }),
  fc.uint8Array({ maxLength: 400 }),
  fc.uint8Array({ maxLength: 400 }).map((rest) =>
    Uint8Array.of(0, 1, 0x81, 0x80, 0, 1, 0, 3, 0, 3, 0, 3, 0, 0, 1, 0, 1, ...rest)
  ),
);

Deno.test("fuzz: DNS messages are read or refused, and are written again", () => {
  fc.assert(
    fc.property(octets, (bytes) => {
      const read = orNull(() => decodeMessage(bytes));
      if (read === null) return;
      const all = [...read.answers, ...read.authorities, ...read.additionals];
      assert.ok(all.length <= maxRecords);
      for (const one of all) {
        assert.ok(one.name.length <= maxNameCharacters && nameFromText(one.name) === one.name);
        orNull(() => canonicalRdata(one.type, one.rdata));
        for (const type of types) if (typeNumbers[type] === one.type) orNull(() => readData(type, one.rdata));
      }
      assert.deepEqual(decodeMessage(encodeMessage(read)), read);
    }),
    run,
  );
});

Deno.test("fuzz: names on the wire are read or refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, offset) => {
      const read = orNull(() => nameFromWire(bytes, offset));
      if (read === null) return;
      assert.ok(read.end > offset && read.end <= bytes.length);
      assert.deepEqual(nameFromWire(nameToWire(read.name), 0).name, read.name);
    }),
    run,
  );
});

Deno.test("fuzz: whatever records a message has, following its aliases ends", () => {
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(...types),
      (list, type) => {
        const trail = new AliasTrail("c.a.b.");
        for (const one of list) {
          const finding = readFinding(one, type, trail);
          assert.ok(trail.aliases.length <= maxAliases + 1);
          if (finding.kind === "again") continue;
          const answer = answerOf({ name: "c.a.b.", type, trail, finding, security: "insecure", why: "" });
          assert.equal(answer.status === "found", answer.records.length > 0);
          assert.equal(answer.status === "failed", answer.failure !== null);
          assert.ok(answer.ttl >= 0 && answer.ttl <= 86400);
          return;
        }
      },
    ),
    run,
  );
});

Deno.test("fuzz: text of data is read or refused", () => {
  const words = fc.array(
    fc.oneof(
      fc.constantFrom(
        "1",
        "10",
        "a.",
        "a",
        '"x y"',
        '"',
        "\\",
        "\\000",
        "192.0.2.1",
        "::1",
        "-",
        "AQ==",
        "ab",
      ),
      fc.constantFrom("A", "TYPE1", "key1=a", "20260102030405", "mail.example.org.", "ä.", "é"),
      fc.string({ maxLength: 6 }),
    ),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(fc.constantFrom(...types), words, (type, list) => {
      const data = orNull(() => parseData(type, list.join(" ")));
      if (data !== null) assert.deepEqual(parseData(type, printData(type, data)), data);
    }),
    run,
  );
});
