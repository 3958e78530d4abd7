import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bytes, concat, hex, latin1, utf8 } from "../base/bytes.ts";
import { nameToWire } from "./name.ts";
import { maxTypes } from "./_type_bitmap.ts";
import { canonicalRdata, readData, writeData } from "./rdata.ts";
import { type DataByType, type RecordType, typeNumbers } from "./record.ts";
import { anyData } from "./testing/any_data.ts";

const bytes = (digits: string): Bytes => Uint8Array.fromHex(digits.replaceAll(" ", ""));

/** A value, and its octets as the standards (or counting) say. */
const cases: { readonly [T in RecordType]: readonly [data: DataByType[T], digits: string][] } = {
  A: [[{ address: "192.0.2.1" }, "c0000201"]],
  AAAA: [
    [{ address: "2001:db8::1" }, "20010db8000000000000000000000001"],
    [{ address: "::ffff:c000:201" }, "00000000000000000000ffffc0000201"], // Stays IPv6.
    [{ address: "::" }, "00000000000000000000000000000000"],
  ],
  MX: [[{ preference: 10, exchange: "m.a." }, "000a 016d016100"], [
    { preference: 0, exchange: "." },
    "0000 00",
  ]],
  TXT: [[{ strings: [utf8("ab"), utf8("")] }, "026162 00"]],
  PTR: [[{ target: "m.A." }, "016d014100"]],
  CNAME: [[{ target: "m.a." }, "016d016100"]],
  DNAME: [[{ target: "." }, "00"]],
  NS: [[{ host: "m.a." }, "016d016100"]],
  SRV: [[{ priority: 1, weight: 2, port: 993, target: "m.a." }, "0001 0002 03e1 016d016100"]],
  SOA: [[
    { primary: "a.", mailbox: "b\\.c.", serial: 4294967295, refresh: 1, retry: 2, expire: 3, minimum: 4 },
    "016100 03622e6300 ffffffff 00000001 00000002 00000003 00000004",
  ]],
  CAA: [
    [{ critical: true, tag: "issue", value: "ca.example" }, "80 05 6973737565 63612e6578616d706c65"],
    [{ critical: false, tag: "iodef", value: "\xff" }, "00 05 696f646566 ff"],
  ],
  TLSA: [
    [{ usage: 3, selector: 1, matchingType: 1, data: bytes("abcd") }, "03 01 01 abcd"],
    [{ usage: 255, selector: 0, matchingType: 0, data: bytes("") }, "ff 00 00"],
  ],
  // RFC 4034 5.4
  DS: [[
    { keyTag: 60485, algorithm: 5, digestType: 1, digest: bytes("2bb183af5f22588179a53b0a98631fad1a292118") },
    "ec45 05 01 2bb183af5f22588179a53b0a98631fad1a292118",
  ]],
  DNSKEY: [[{ flags: 257, protocol: 3, algorithm: 13, publicKey: bytes("0102") }, "0101 03 0d 0102"]],
  RRSIG: [[
    {
      typeCovered: 1,
      algorithm: 5,
      labels: 3,
      originalTtl: 86400,
      expiration: 1048354263,
      inception: 1045762263,
      keyTag: 2642,
      signer: "a.",
      signature: bytes("ff"),
    },
    "0001 05 03 00015180 3e7c9dd7 3e5510d7 0a52 016100 ff",
  ]],
  // RFC 4034 4.3: A MX RRSIG NSEC TYPE1234
  NSEC: [[
    { next: "host.example.com.", types: [1, 15, 46, 47, 1234] },
    "04686f7374076578616d706c6503636f6d00 0006 4001 0000 0003 041b" + "00".repeat(26) + "20",
  ]],
  NSEC3: [
    [
      {
        hashAlgorithm: 1,
        flags: 1,
        iterations: 12,
        salt: bytes("aabbccdd"),
        nextHash: bytes("17"),
        types: [2, 6, 46],
      },
      "01 01 000c 04 aabbccdd 01 17 0006 220000000002",
    ],
    [
      { hashAlgorithm: 1, flags: 0, iterations: 0, salt: bytes(""), nextHash: bytes("00"), types: [] },
      "01 00 0000 00 01 00",
    ],
  ],
  HTTPS: [
    [{ priority: 0, target: "a.", parameters: [] }, "0000 016100"],
    [
      { priority: 1, target: ".", parameters: [[1, bytes("026832")], [3, bytes("01bb")]] },
      "0001 00 0001 0003 026832 0003 0002 01bb",
    ],
  ],
};

for (const [type, list] of Object.entries(cases) as [RecordType, readonly [never, string][]][]) {
  for (const [data, digits] of list) {
    Deno.test(`a ${type} record is ${digits.slice(0, 60)}`, () => {
      assert.equal(hex(writeData(type, data)), digits.replaceAll(" ", ""));
      assert.deepEqual(readData(type, bytes(digits)), data);
    });
  }
}

const malformed: [type: RecordType, what: string, digits: string][] = [
  ["A", "three octets", "c00002"],
  ["A", "five octets", "c000020100"],
  ["AAAA", "four octets", "c0000201"],
  ["MX", "no name", "000a"],
  ["MX", "an octet behind the name", "000a0000"],
  ["MX", "a pointer", "000ac000"],
  ["TXT", "nothing", ""],
  ["TXT", "a string that is cut off", "0261"],
  ["CNAME", "a name that is cut off", "0161"],
  ["SRV", "no port", "00010002"],
  ["SOA", "a number too few", "00 00 00000001 00000002 00000003 00000004"],
  ["SOA", "an octet too many", "00 00 00000001 00000002 00000003 00000004 00000005 00"],
  ["CAA", "no tag", "80"],
  ["CAA", "an empty tag", "8000"],
  ["CAA", "a tag with a hyphen", "80 03 612d62"],
  ["CAA", "a tag that is cut off", "80 05 6973"],
  ["TLSA", "two octets", "0301"],
  ["DS", "no digest type", "ec4505"],
  ["DNSKEY", "no algorithm", "010103"],
  ["RRSIG", "no signer", "0001 05 03 00015180 3e7c9dd7 3e5510d7 0a52"],
  ["NSEC", "no next name", ""],
  ["NSEC", "a window that is cut off", "00 0006 4001"],
  ["NSEC", "a window without octets", "00 0000"],
  ["NSEC", "a window of 33 octets", `00 0021${"01".repeat(33)}`],
  ["NSEC", "windows out of order", "00 010101 000101"],
  ["NSEC", "a window twice", "00 000101 000101"],
  ["NSEC", "257 types", `00 0020${"ff".repeat(32)} 010101`],
  ["NSEC3", "257 types", `01 00 0000 00 01aa 0020${"ff".repeat(32)} 010101`],
  ["NSEC3", "a salt that is cut off", "01 01 000c 04 aabb"],
  ["HTTPS", "a key twice", "0001 00 0001 0000 0001 0000"],
  ["HTTPS", "keys out of order", "0001 00 0002 0000 0001 0000"],
  ["HTTPS", "a value that is cut off", "0001 00 0001 0004 02"],
];
Deno.test(`a name may have ${maxTypes} types`, () => {
  assert.equal(readData("NSEC", bytes(`00 0020${"ff".repeat(32)}`)).types.length, maxTypes);
});

for (const [type, what, digits] of malformed) {
  Deno.test(`${type} data with ${what} are refused`, () => {
    assert.throws(() => readData(type, bytes(digits)), SyntaxError);
  });
}

const unwritable: [what: string, write: () => Bytes][] = [
  ["an IPv6 address in A", () => writeData("A", { address: "::1" })],
  ["an IPv4 address in AAAA", () => writeData("AAAA", { address: "192.0.2.1" })],
  ["no address", () => writeData("A", { address: "localhost" })],
  ["a preference of 65536", () => writeData("MX", { preference: 65536, exchange: "a." })],
  ["a preference of 1.5", () => writeData("MX", { preference: 1.5, exchange: "a." })],
  ["a negative preference", () => writeData("MX", { preference: -1, exchange: "a." })],
  ["a relative name", () => writeData("NS", { host: "a" })],
  ["text without strings", () => writeData("TXT", { strings: [] })],
  ["a string of 256 octets", () => writeData("TXT", { strings: [new Uint8Array(256)] })],
  ["a tag with a dot", () => writeData("CAA", { critical: false, tag: "a.b", value: "" })],
  ["type 65536", () => writeData("NSEC", { next: ".", types: [65536] })],
  ["parameters out of order", () => {
    const parameters = [[2, bytes("")], [1, bytes("")]] as const;
    return writeData("HTTPS", { priority: 1, target: ".", parameters });
  }],
];
for (const [what, write] of unwritable) {
  Deno.test(`writeData() refuses ${what}`, () => {
    assert.throws(write, SyntaxError);
  });
}

Deno.test("canonicalRdata() lowers the names of the types of RFC 4034 6.2, and of no others", () => {
  const name = nameToWire("Mail.EXAMPLE.");
  const lower = nameToWire("mail.example.");
  const text = utf8("\x05FLAGS\x01S\x00"); // Three character strings.
  const lowered: [type: number, before: Uint8Array, names: 1 | 2, after: Uint8Array][] = [
    [2, bytes(""), 1, bytes("")], // NS
    [5, bytes(""), 1, bytes("")], // CNAME
    [6, bytes(""), 2, utf8("SERIALrefreshRETRYex")], // SOA
    [12, bytes(""), 1, bytes("")], // PTR
    [14, bytes(""), 2, bytes("")], // MINFO
    [15, utf8("AB"), 1, bytes("")], // MX
    [17, bytes(""), 2, bytes("")], // RP
    [18, utf8("AB"), 1, bytes("")], // AFSDB
    [26, utf8("AB"), 2, bytes("")], // PX
    [30, bytes(""), 1, utf8("BITS")], // NXT
    [33, utf8("ABCDEF"), 1, bytes("")], // SRV
    [35, concat([utf8("ABCD"), text]), 1, bytes("")], // NAPTR
    [36, utf8("AB"), 1, bytes("")], // KX
    [39, bytes(""), 1, bytes("")], // DNAME
    [46, utf8("ABCDEFGHIJKLMNOPQR"), 1, utf8("SIGNATURE")], // RRSIG: RFC 6840 5.1
  ];
  for (const [type, before, names, after] of lowered) {
    const build = (one: Uint8Array) => concat([before, one, ...(names === 2 ? [one] : []), after]);
    assert.deepEqual(canonicalRdata(type, build(name)), build(lower), `type ${type}`);
  }
  const kept = concat([name, utf8("BITS")]);
  for (const type of [1, 16, 47, 52, 64, 65, 257, 65280]) {
    assert.deepEqual(canonicalRdata(type, kept), kept, `type ${type}`);
  }
});

Deno.test("canonicalRdata() refuses data whose names can not be read", () => {
  assert.throws(() => canonicalRdata(typeNumbers.MX, bytes("00")), SyntaxError);
  assert.throws(() => canonicalRdata(typeNumbers.MX, bytes("000a0161")), SyntaxError);
  assert.throws(() => canonicalRdata(typeNumbers.MX, bytes("0000c000")), SyntaxError); // A pointer.
  assert.throws(() => canonicalRdata(35, bytes("00000000ff")), SyntaxError);
});

for (const type of Object.keys(typeNumbers) as RecordType[]) {
  Deno.test(`what is written of type ${type} is read again`, () => {
    fc.assert(
      fc.property(anyData(type), (data) => {
        const rdata = writeData(type, data);
        assert.deepEqual(readData(type, rdata), data);
        const canonical = canonicalRdata(typeNumbers[type], rdata);
        assert.deepEqual(canonicalRdata(typeNumbers[type], canonical), canonical);
        assert.equal(canonical.length, rdata.length);
      }),
      { numRuns: 50 },
    );
  });
}

Deno.test("values hold their own memory", () => {
  const rdata = concat([bytes("030101"), latin1("abc")]);
  const { data } = readData("TLSA", rdata);
  rdata.fill(0);
  assert.deepEqual(data, latin1("abc"));
});
