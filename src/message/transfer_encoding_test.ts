import assert from "node:assert/strict";
import fc from "fast-check";
import { concat, fromLatin1, latin1 } from "../base/bytes.ts";
import {
  Base64Decoder,
  Base64Encoder,
  decodeTransfer,
  maxEncodedLine,
  maxHeldOctets,
  QuotedPrintableDecoder,
  QuotedPrintableEncoder,
  type Transcoder,
  transferDecoder,
} from "./transfer_encoding.ts";

/** Writes in pieces cut at `cuts`. */
function run(coder: Transcoder, bytes: Uint8Array, cuts: readonly number[] = []): Uint8Array {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const cut of cuts) {
    pieces.push(coder.write(bytes.subarray(at, at + cut)));
    at += cut;
  }
  pieces.push(coder.write(bytes.subarray(at)), coder.end());
  return concat(pieces);
}

const base64Cases: [coded: string, text: string][] = [
  ["", ""],
  ["YQ==", "a"],
  ["YWI=", "ab"],
  ["YWJj", "abc"],
  ["YWJj\r\nZGVm\r\n", "abcdef"],
  // Without padding, with junk, glued together.
  ["YQ", "a"],
  ["YWI", "ab"],
  [" Y\tW!J\u0000j", "abc"],
  ["YQ==YQ==", "aa"],
  ["YWI=YWJj", "ababc"],
  ["Y", ""],
  ["Y===", ""],
  ["====", ""],
  ["YWJjZ", "abc"],
];
for (const [coded, text] of base64Cases) {
  Deno.test(`base64 ${JSON.stringify(coded)}`, () => {
    assert.equal(fromLatin1(run(new Base64Decoder(), latin1(coded))), text);
  });
}

const quotedCases: [coded: string, text: string][] = [
  ["", ""],
  ["a=3Db", "a=b"],
  ["a=3db", "a=b"],
  ["caf=C3=A9", "caf\xc3\xa9"],
  ["a=\r\nb", "ab"],
  ["a=\nb", "ab"],
  ["a= \t\r\nb", "ab"],
  ["a \t\r\nb", "a\r\nb"],
  ["a \nb", "a\nb"],
  ["a  b", "a  b"],
  ["a  ", "a"],
  ["a=", "a"],
  ["a=20\r\n", "a \r\n"],
  // Not quoted-printable, and kept.
  ["a=b", "a=b"],
  ["a=G1", "a=G1"],
  ["a=4", "a=4"],
  ["a=4=41", "a=4A"],
  ["a==41", "a=A"],
  ["a= b", "a= b"],
  ["a=\rb", "a=\rb"],
  ["a \rb", "a \rb"],
  ["a \r", "a \r"],
  ["a\r", "a\r"],
  ["\xff\x00", "\xff\x00"],
  [`a${" ".repeat(maxHeldOctets)} \r\nb`, `a${" ".repeat(maxHeldOctets)} \r\nb`],
  [`a=${" ".repeat(maxHeldOctets)}\r\nb`, `a=${" ".repeat(maxHeldOctets)}\r\nb`],
  [`a${" ".repeat(maxHeldOctets - 1)}\r\nb`, "a\r\nb"],
];
for (const [coded, text] of quotedCases) {
  Deno.test(`quoted-printable ${JSON.stringify(coded.slice(0, 30))}`, () => {
    assert.equal(fromLatin1(run(new QuotedPrintableDecoder(), latin1(coded))), text);
  });
}

Deno.test("text becomes quoted-printable", () => {
  const cases: [text: string, coded: string][] = [
    ["a=b\r\n", "a=3Db\r\n"],
    ["a \r\nb\t", "a=20\r\nb=09"],
    ["a\rb\nc\x7f\xfc", "a=0Db=0Ac=7F=FC"],
    ["a\r\r\n", "a=0D\r\n"],
    [" a", " a"],
    ["x".repeat(80), `${"x".repeat(75)}=\r\nxxxxx`],
    [`${"x".repeat(74)}=`, `${"x".repeat(74)}=\r\n=3D`],
  ];
  for (const [text, coded] of cases) {
    assert.equal(fromLatin1(run(new QuotedPrintableEncoder(), latin1(text))), coded);
  }
});

Deno.test("base64 is written in lines of 76", () => {
  assert.equal(fromLatin1(run(new Base64Encoder(), latin1("a".repeat(57)))), `${"YWFh".repeat(19)}\r\n`);
  assert.equal(
    fromLatin1(run(new Base64Encoder(), latin1("a".repeat(58)))),
    `${"YWFh".repeat(19)}\r\nYQ==\r\n`,
  );
  assert.equal(run(new Base64Encoder(), latin1("")).length, 0);
});

const cuts = fc.array(fc.nat(20), { maxLength: 20 });

Deno.test("decode(encode(x)) is x, and no line is too long", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), cuts, (bytes, cuts) => {
    const base64 = run(new Base64Encoder(), bytes, cuts);
    assert.deepEqual(run(new Base64Decoder(), base64, cuts), concat([bytes]));
    const quoted = run(new QuotedPrintableEncoder(), bytes, cuts);
    assert.deepEqual(run(new QuotedPrintableDecoder(), quoted, cuts), concat([bytes]));
    for (const line of (fromLatin1(base64) + fromLatin1(quoted)).split("\r\n")) {
      assert.ok(line.length <= maxEncodedLine * 2 && !/[\r\n]/.test(line));
    }
    for (const line of fromLatin1(quoted).split("\r\n")) assert.ok(line.length <= maxEncodedLine);
  }));
});

/** Bytes among which the ones that matter are frequent. */
const nasty = fc.array(
  fc.oneof(fc.constantFrom(..." \t\r\n==4AaGzY+/".split("").map((c) => c.charCodeAt(0))), fc.nat(255)),
  {
    maxLength: 60,
  },
).map((list) => Uint8Array.from(list));

Deno.test("the decoded octets do not depend on where the bytes are cut", () => {
  fc.assert(
    fc.property(nasty, cuts, (bytes, cuts) => {
      for (const encoding of ["base64", "quoted-printable", "8bit"] as const) {
        const decoder = transferDecoder(encoding);
        assert.ok(decoder !== null);
        assert.deepEqual(run(decoder, bytes, cuts), decodeTransfer(bytes, encoding));
      }
    }),
    { numRuns: 2000 },
  );
});

/** Runs of such octets: long enough to be read in words, and white space that is longer than what is held. */
const nastyRuns = fc.tuple(
  fc.array(
    fc.tuple(
      fc.constantFrom(..." \t\r\n==4AaG".split("").map((c) => c.charCodeAt(0)), 0, 255),
      fc.constantFrom(1, 1, 1, 1, 2, 3, 70, maxHeldOctets - 1, maxHeldOctets, maxHeldOctets + 1),
    ).map(([octet, times]) => Array<number>(times).fill(octet)),
    { maxLength: 30 },
  ),
  fc.nat(3),
).map(([runs, offset]) =>
  Uint8Array.from([...Array<number>(offset).fill(61), ...runs.flat()]).subarray(offset)
);

Deno.test("quoted-printable is counted as it is decoded, wherever it is cut", () => {
  fc.assert(
    fc.property(nastyRuns, fc.array(fc.nat(300), { maxLength: 10 }), fc.nat(100), (bytes, cuts, start) => {
      const from = Math.min(start, bytes.length);
      const counter = new QuotedPrintableDecoder();
      let [at, size] = [from, 0];
      for (const cut of [...cuts, bytes.length]) {
        const to = Math.min(at + cut, bytes.length);
        size += counter.count(bytes, at, to);
        at = to;
      }
      size += counter.end().length;
      assert.equal(size, decodeTransfer(bytes.subarray(from), "quoted-printable")?.length);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("an unknown encoding is not decoded", () => {
  assert.equal(transferDecoder("unknown"), null);
  assert.equal(decodeTransfer(latin1("a"), "unknown"), null);
});
