import assert from "node:assert/strict";
import fc from "fast-check";
import { nextControl, nextControlOr, type Tally, tallyOctets, wordsOf } from "./words.ts";

/** Octets at the borders of what is looked for, in runs long enough for words, at any place of their memory. */
const octet = fc.oneof(
  fc.constantFrom(0, 9, 10, 13, 15, 16, 17, 60, 61, 62, 127, 128, 143, 255),
  fc.nat(255),
);
const run = fc.tuple(octet, fc.constantFrom(1, 1, 2, 3, 80)).map(([octet, times]) =>
  Array<number>(times).fill(octet)
);
const bytes = fc.tuple(fc.array(run, { maxLength: 30 }), fc.nat(3)).map(([runs, offset]) =>
  Uint8Array.from([...Array<number>(offset).fill(10), ...runs.flat()]).subarray(offset)
);

Deno.test("control characters are found wherever they stand", () => {
  fc.assert(
    fc.property(bytes, fc.nat(), (bytes, start) => {
      const at = start % (bytes.length + 1);
      const words = wordsOf(bytes);
      const first = (found: (octet: number) => boolean) => {
        const place = bytes.subarray(at).findIndex(found);
        return place === -1 ? bytes.length : at + place;
      };
      assert.equal(nextControl(bytes, words, at), first((octet) => octet < 16));
      assert.equal(nextControlOr(61, bytes, words, at), first((octet) => octet < 16 || octet === 61));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("lines and high octets are counted between any two places", () => {
  fc.assert(
    fc.property(bytes, fc.nat(), fc.nat(), (bytes, one, other) => {
      const start = Math.min(one % (bytes.length + 1), other % (bytes.length + 1));
      const end = Math.max(one % (bytes.length + 1), other % (bytes.length + 1));
      const tally: Tally = { lines: 3, combined: 1 };
      tallyOctets(bytes, start, end, tally);
      const part = bytes.subarray(start, end);
      assert.equal(tally.lines, 3 + part.filter((octet) => octet === 10).length);
      assert.equal(tally.combined, part.reduce((sum, octet) => sum | octet, 1));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("no count overflows its place", () => {
  const tally: Tally = { lines: 0, combined: 0 };
  tallyOctets(new Uint8Array(100_001).fill(10), 0, 100_001, tally);
  assert.equal(tally.lines, 100_001);
});
