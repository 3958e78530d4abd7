import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bytes, concat, hex, utf8 } from "../base/bytes.ts";
import {
  decodeMessage,
  type DnsMessage,
  encodeMessage,
  encodeQuery,
  maxExtendedErrorCharacters,
  maxExtendedErrors,
  maxMessageBytes,
  maxRecords,
  type ResourceRecord,
} from "./message.ts";
import { canonicalName, nameToWire } from "./name.ts";
import { readData, writeData } from "./rdata.ts";
import { type RecordType, typeNumbers } from "./record.ts";
import { record } from "../../tests/support/dns_server.ts";
import { anyData, anyName } from "./testing/any_data.ts";

const bytes = (digits: string): Bytes => Uint8Array.fromHex(digits.replaceAll(/\s/g, ""));

const empty: DnsMessage = {
  id: 0x1234,
  isResponse: true,
  opcode: 0,
  authoritative: false,
  truncated: false,
  recursionDesired: true,
  recursionAvailable: true,
  authenticData: false,
  checkingDisabled: false,
  rcode: 0,
  question: { name: "a.", type: 1, class: 1 },
  answers: [],
  authorities: [],
  additionals: [],
  edns: null,
};
const noEdnsOptions = { udpSize: 1232, dnssecOk: false, version: 0, extendedErrors: [] };

Deno.test("encodeQuery() writes what is asked", () => {
  const query = {
    id: 0x1234,
    name: "Mx.example.",
    type: 15,
    recursionDesired: true,
    checkingDisabled: false,
    dnssecOk: false,
    udpSize: null,
  };
  const question = "024d78 076578616d706c65 00 000f 0001";
  assert.equal(
    hex(encodeQuery(query)),
    `1234 0100 0001 0000 0000 0000 ${question}`.replaceAll(" ", ""),
  );
  const opt = (flags: string) => `00 0029 04d0 0000 ${flags} 0000`;
  assert.equal(
    hex(encodeQuery({ ...query, udpSize: 1232, dnssecOk: true, checkingDisabled: true })),
    `1234 0110 0001 0000 0000 0001 ${question} ${opt("8000")}`.replaceAll(" ", ""),
  );
  assert.equal(
    hex(encodeQuery({ ...query, udpSize: 1232, recursionDesired: false, authenticData: true })),
    `1234 0020 0001 0000 0000 0001 ${question} ${opt("0000")}`.replaceAll(" ", ""),
  );
  assert.throws(() => encodeQuery({ ...query, name: "example" }), SyntaxError);
  assert.throws(() => encodeQuery({ ...query, id: 65536 }), SyntaxError);
});

/** What a server answered to `MX example.org` with DO, with compressed names, and an extended error. */
const answer = bytes(`
  1234 81a0 0001 0001 0001 0002
  07 6578616d706c65 03 6f7267 00 000f 0001
  c00c 000f 0001 0000012c 0009 000a 04 4d61696c c00c
  c014 0006 0001 ffffffff 001b 026e73 c014 c00c 00000001 00000002 00000003 00000004 00000005
  c02b 0001 0001 00000000 0004 c0000201
  00 0029 04d0 0100 8000 0012 000f 0009 0009 4e6f0a20445300 000a 0001 00
`);

Deno.test("decodeMessage() reads an answer with compressed names, EDNS and an extended error", () => {
  const message = decodeMessage(answer);
  assert.deepEqual(message.question, { name: "example.org.", type: 15, class: 1 });
  assert.equal(message.id, 0x1234);
  assert.equal(message.rcode, 16); // BADVERS: the upper bits stand in EDNS.
  assert.ok(message.isResponse && message.recursionDesired && message.recursionAvailable);
  assert.ok(
    message.authenticData && !message.checkingDisabled && !message.authoritative && !message.truncated,
  );
  const [mx] = message.answers;
  const [soa] = message.authorities;
  const [a, ...more] = message.additionals;
  assert.ok(mx !== undefined && soa !== undefined && a !== undefined && more.length === 0);
  assert.equal(mx.ttl, 300);
  assert.deepEqual(readData("MX", mx.rdata), { preference: 10, exchange: "Mail.example.org." });
  assert.equal(soa.name, "org.");
  assert.equal(soa.ttl, 0); // RFC 2181 8
  assert.equal(readData("SOA", soa.rdata).primary, "ns.org.");
  assert.equal(readData("SOA", soa.rdata).mailbox, "example.org.");
  assert.equal(a.name, "Mail.example.org.");
  assert.deepEqual(message.edns, {
    udpSize: 1232,
    dnssecOk: true,
    version: 0,
    extendedErrors: [{ code: 9, text: "No DS" }],
  });
});

Deno.test("what was read does not hold on to the message's memory", () => {
  const copy = answer.slice();
  const message = decodeMessage(copy);
  copy.fill(0xff);
  assert.deepEqual(message, decodeMessage(answer));
});

Deno.test("names in data of every type are written out, where compression is or was allowed", () => {
  const question = "016100 0001 0001"; // At 12.
  const types: [type: number, before: string, names: number, after: string][] = [
    [2, "", 1, ""],
    [5, "", 1, ""],
    [12, "", 1, ""],
    [14, "", 2, ""],
    [15, "0001", 1, ""],
    [33, "000100020003", 1, ""],
    [35, "00010002 0153 00 0178", 1, ""],
    [39, "", 1, ""],
    [46, "00".repeat(18), 1, "ff"],
    [47, "", 1, "0001ff"],
  ];
  for (const [type, before, names, after] of types) {
    const rdata = bytes(before + "c00c".repeat(names) + after);
    const header = bytes(`0000 8000 0001 0001 0000 0000 ${question} 00`);
    const fixed = bytes(`${type.toString(16).padStart(4, "0")} 0001 00000000`);
    const whole = concat([header, fixed, Uint8Array.of(0, rdata.length), rdata]);
    const [record] = decodeMessage(whole).answers;
    assert.equal(hex(record?.rdata ?? whole), (before + "016100".repeat(names) + after).replaceAll(" ", ""));
  }
});

const header = (counts: string, flags = "8180") => `1234 ${flags} ${counts}`;
const opt = "00 0029 04d0 00000000 0000";
const malformed: [what: string, digits: string][] = [
  ["nothing", ""],
  ["half a header", "1234 8180 0001"],
  ["no question although it is announced", header("0001 0000 0000 0000")],
  ["two questions", `${header("0002 0000 0000 0000")} 00 0001 0001 00 0001 0001`], // RFC 9619
  ["a question that is cut off", `${header("0001 0000 0000 0000")} 00 0001`],
  ["a question that points to itself", `${header("0001 0000 0000 0000")} c00c 0001 0001`],
  ["an answer too few", `${header("0000 0001 0000 0000")}`],
  ["a record without data", `${header("0000 0001 0000 0000")} 00 0001 0001 00000000`],
  ["data that are cut off", `${header("0000 0001 0000 0000")} 00 0001 0001 00000000 0004 c00002`],
  [
    "a name in data that goes on behind them",
    `${header("0000 0001 0000 0000")} 00 0002 0001 00000000 0001 016100`,
  ],
  ["data shorter than their fields", `${header("0000 0001 0000 0000")} 00 000f 0001 00000000 0001 00 0000`],
  ["a pointer in data to itself", `${header("0000 0001 0000 0000")} 00 0002 0001 00000000 0002 c017`],
  ["a pointer forward", `${header("0000 0001 0000 0000")} c020 0001 0001 00000000 0000 00000000000000000000`],
  ["EDNS twice", `${header("0000 0000 0000 0002")} ${opt} ${opt}`],
  ["EDNS among the answers", `${header("0000 0001 0000 0000")} ${opt}`],
  ["EDNS among the authorities", `${header("0000 0000 0001 0000")} ${opt}`],
  ["EDNS of a name", `${header("0000 0000 0000 0001")} 016100 0029 04d0 00000000 0000`],
  ["an option that is cut off", `${header("0000 0000 0000 0001")} 00 0029 04d0 00000000 0003 000f00`],
  [
    "an extended error without a code",
    `${header("0000 0000 0000 0001")} 00 0029 04d0 00000000 0005 000f 0001 00`,
  ],
];
for (const [what, digits] of malformed) {
  Deno.test(`decodeMessage() refuses ${what}`, () => {
    assert.throws(() => decodeMessage(bytes(digits)), SyntaxError);
  });
}

Deno.test("decodeMessage() ignores what stands behind the last record", () => {
  assert.deepEqual(decodeMessage(concat([encodeMessage(empty), utf8("more")])), empty);
});

Deno.test("of a truncated message, the records count that are whole", () => {
  const record = (name: string): ResourceRecord => {
    return { name, type: 1, class: 1, ttl: 60, rdata: Uint8Array.of(192, 0, 2, 1) };
  };
  const whole = { ...empty, truncated: true, answers: [record("a."), record("b.")] };
  const octets = encodeMessage(whole);
  assert.deepEqual(decodeMessage(octets), whole);
  const cut = octets.subarray(0, octets.length - 3);
  assert.deepEqual(decodeMessage(cut), { ...whole, answers: [record("a.")] });
  cut[2] = (cut[2] ?? 0) & ~0x02; // Without TC, the same is malformed.
  assert.throws(() => decodeMessage(cut), SyntaxError);
});

Deno.test("as many records as the limit are read, and one more is not", () => {
  const records = (count: number) =>
    concat(Array.from({ length: count }, () => bytes("00 0001 0001 00000000 0000")));
  const message = (count: number) => {
    const counts = [count >> 1, 0, count - (count >> 1)].map((n) => n.toString(16).padStart(4, "0")).join("");
    return concat([bytes(header(`0000 ${counts}`)), records(count)]);
  };
  const read = decodeMessage(message(maxRecords));
  assert.equal(read.answers.length + read.additionals.length, maxRecords);
  assert.throws(() => decodeMessage(message(maxRecords + 1)), SyntaxError);
});

Deno.test("a message over 64 KiB is neither read nor written", () => {
  assert.throws(() => decodeMessage(new Uint8Array(maxMessageBytes + 1)), SyntaxError);
  const record = { name: "a.", type: 16, class: 1, ttl: 0, rdata: new Uint8Array(33_000) };
  assert.throws(() => encodeMessage({ ...empty, answers: [record, record] }), SyntaxError);
});

Deno.test("only so many extended errors are kept, and so much of each, without control characters", () => {
  const error = (code: number) => ({ code, text: `${"\u0007ä".repeat(maxExtendedErrorCharacters)}` });
  const extendedErrors = Array.from({ length: maxExtendedErrors + 2 }, (_, code) => error(code));
  const edns = { ...noEdnsOptions, extendedErrors };
  const kept = decodeMessage(encodeMessage({ ...empty, edns })).edns?.extendedErrors ?? [];
  assert.equal(kept.length, maxExtendedErrors);
  for (const { text } of kept) assert.equal(text, "ä".repeat(maxExtendedErrorCharacters / 2));
});

Deno.test("a message without a question has none", () => {
  assert.equal(decodeMessage(encodeMessage({ ...empty, question: null })).question, null);
});

const anyRecord: fc.Arbitrary<ResourceRecord> = fc.constantFrom(...Object.keys(typeNumbers) as RecordType[])
  .chain((type) =>
    fc.tuple(anyName, fc.nat(0x7fffffff), anyData(type)).map(([name, ttl, data]) => {
      return { name, type: typeNumbers[type], class: 1, ttl, rdata: writeData(type, data) };
    })
  );
const plain = { noNullPrototype: true };
const records = fc.array(anyRecord, { maxLength: 5 });
const anyMessage: fc.Arbitrary<DnsMessage> = fc.record({
  id: fc.nat(0xffff),
  isResponse: fc.boolean(),
  opcode: fc.nat(15),
  authoritative: fc.boolean(),
  truncated: fc.boolean(),
  recursionDesired: fc.boolean(),
  recursionAvailable: fc.boolean(),
  authenticData: fc.boolean(),
  checkingDisabled: fc.boolean(),
  rcode: fc.nat(15),
  question: fc.option(fc.record({ name: anyName, type: fc.nat(0xffff), class: fc.nat(0xffff) }, plain)),
  answers: records,
  authorities: records,
  additionals: records,
  edns: fc.option(fc.record({
    udpSize: fc.nat(0xffff),
    dnssecOk: fc.boolean(),
    version: fc.nat(255),
    extendedErrors: fc.array(fc.record({ code: fc.nat(0xffff), text: fc.string({ maxLength: 40 }) }, plain), {
      maxLength: 3,
    }),
  }, plain)),
}, plain);

Deno.test("what is written of a message is read again", () => {
  fc.assert(fc.property(anyMessage, fc.nat(0xfff), (message, rcode) => {
    const whole = message.edns === null ? message : { ...message, rcode };
    assert.deepEqual(decodeMessage(encodeMessage(whole)), whole);
  }));
});

Deno.test("owners are compressed", () => {
  const name = "mail.example.org.";
  const record = { name, type: 1, class: 1, ttl: 0, rdata: Uint8Array.of(192, 0, 2, 1) };
  const message = { ...empty, question: { name, type: 1, class: 1 }, answers: [record, record, record] };
  const octets = encodeMessage(message);
  assert.equal(octets.length, 12 + nameToWire(name).length + 4 + 3 * (2 + 10 + 4));
  assert.equal(canonicalName(decodeMessage(octets).answers[2]?.name ?? ""), name);
});

Deno.test("nothing of a message is of the octets that it was read from: they are used for the next one", () => {
  const name = "a.example.";
  const data = { preference: 10, exchange: "b.example." };
  const strings = [new Uint8Array(40).fill(0x61)];
  const answers = [record(name, "MX", data), record(name, "TXT", { strings })];
  const query = decodeMessage(encodeQuery({
    id: 1,
    name,
    type: 15,
    recursionDesired: true,
    checkingDisabled: false,
    dnssecOk: false,
    udpSize: 1232,
  }));
  const octets = encodeMessage({ ...query, isResponse: true, answers });
  const before = decodeMessage(octets.slice());
  const read = decodeMessage(octets);
  octets.fill(0xff);
  assert.deepEqual(read, before);
});
