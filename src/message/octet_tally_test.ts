import assert from "node:assert/strict";
import fc from "fast-check";
import { fromLatin1, latin1 } from "../base/bytes.ts";
import { Base64Counter, nextDashes, OctetTally } from "./octet_tally.ts";
import { decodeTransfer } from "./transfer_encoding.ts";

const octet = fc.oneof(
  fc.constantFrom(..." \r\n\n===AaGzY+/-".split("").map((c) => c.charCodeAt(0))),
  fc.nat(255),
);
const run = fc.tuple(octet, fc.constantFrom(1, 1, 1, 2, 3, 50, 70, 300)).map(([octet, times]) =>
  Array<number>(times).fill(octet)
);
/** Runs of octets, short enough to be looked at one by one, or in words; at any place of their memory. */
const bytes = fc.tuple(fc.array(run, { maxLength: 40 }), fc.nat(3)).map(([runs, offset]) =>
  Uint8Array.from([...Array<number>(offset).fill(0), ...runs.flat()]).subarray(offset)
);
const cuts = fc.array(fc.oneof(fc.nat(20), fc.nat(300)), { maxLength: 10 });

Deno.test("octets are counted, and base64 as it is decoded, wherever they are cut", () => {
  fc.assert(
    fc.property(bytes, cuts, fc.nat(5), (bytes, cuts, start) => {
      const counter = new Base64Counter();
      const tally = new OctetTally();
      const from = Math.min(start, bytes.length);
      let at = from;
      for (const cut of [...cuts, bytes.length]) {
        const to = Math.min(at + cut, bytes.length);
        counter.add(bytes, at, to);
        tally.add(bytes, at, to);
        at = to;
      }
      const all = bytes.subarray(from);
      assert.equal(counter.size, decodeTransfer(all, "base64")?.length);
      assert.equal(tally.lines, all.filter((octet) => octet === 10).length);
      assert.equal(tally.combined, all.reduce((sum, octet) => sum | octet, 0));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("large blocks are counted without overflow", () => {
  for (const octet of ["A", "\n", "=", "\xff"]) {
    const bytes = latin1(octet.repeat(100_003));
    const counter = new Base64Counter();
    const tally = new OctetTally();
    counter.add(bytes, 0, bytes.length);
    tally.add(bytes, 0, bytes.length);
    assert.equal(counter.size, decodeTransfer(bytes, "base64")?.length);
    assert.equal(tally.lines, octet === "\n" ? 100_003 : 0);
    assert.equal(tally.combined > 127, octet === "\xff");
  }
});

Deno.test("dashes are found at the beginning of lines only", () => {
  const cases: [text: string, start: number, lineStart: boolean, at: number][] = [
    ["--a", 0, true, 0],
    ["--a", 0, false, 3],
    ["a--\n--b", 0, true, 4],
    ["a\r\n-b\r\n--", 0, true, 7],
    ["a\n-", 0, true, 2],
    ["-", 0, true, 0],
    ["-a", 0, true, 2],
    ["\n--", 1, false, 3],
    ["", 0, true, 0],
    [`${"-a".repeat(50)}\n--b`, 0, true, 101],
    [`${"\n-a".repeat(50)}\n--b`, 0, true, 151],
  ];
  for (const [text, start, lineStart, at] of cases) {
    assert.equal(nextDashes(latin1(text), start, lineStart), at, JSON.stringify(text));
  }
});

Deno.test("dashes are found where a search of one octet after the other finds them", () => {
  fc.assert(
    fc.property(bytes, fc.nat(200), fc.boolean(), (bytes, start, lineStart) => {
      const from = Math.min(start, bytes.length);
      const text = fromLatin1(bytes);
      let expected = bytes.length;
      for (let at = bytes.length - 1; at >= from; at--) {
        const begins = at === from ? lineStart : text[at - 1] === "\n";
        if (begins && (text.startsWith("--", at) || text.slice(at) === "-")) expected = at;
      }
      assert.equal(nextDashes(bytes, from, lineStart), expected);
    }),
    { numRuns: 2000 },
  );
});
