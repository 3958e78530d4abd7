import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1 } from "../base/bytes.ts";
import { Base64Counter, nextDashes, OctetTally } from "./octet_tally.ts";
import { decodeTransfer } from "./transfer_encoding.ts";

const octet = fc.oneof(
  fc.constantFrom(..." \r\n\n===AaGzY+/-".split("").map((c) => c.charCodeAt(0))),
  fc.nat(255),
);
const bytes = fc.array(octet, { maxLength: 80 }).map((list) => Uint8Array.from(list));
const cuts = fc.array(fc.nat(20), { maxLength: 10 });

Deno.test("base64 is counted as it is decoded, wherever it is cut", () => {
  fc.assert(
    fc.property(bytes, cuts, fc.nat(5), (bytes, cuts, start) => {
      const counter = new Base64Counter();
      const [tally, plain] = [new OctetTally(), new OctetTally()];
      const from = Math.min(start, bytes.length);
      let at = from;
      for (const cut of [...cuts, bytes.length]) {
        const to = Math.min(at + cut, bytes.length);
        counter.add(bytes, at, to, tally);
        at = to;
      }
      plain.add(bytes, from, bytes.length);
      assert.equal(counter.size, decodeTransfer(bytes.subarray(from), "base64")?.length);
      assert.deepEqual(tally, plain);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("large blocks are counted without overflow", () => {
  for (const octet of ["A", "\n", "=", "\xff"]) {
    const bytes = latin1(octet.repeat(100_003));
    const counter = new Base64Counter();
    const tally = new OctetTally();
    counter.add(bytes, 0, bytes.length, tally);
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
