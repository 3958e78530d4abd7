import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bytes, concat, fromLatin1, latin1, MiB } from "../base/bytes.ts";
import { RelaxedBody, SimpleBody, type Sink } from "./canonical_body.ts";
import type { Canonicalization } from "./signature.ts";

function begin(form: Canonicalization, sink: Sink): SimpleBody | RelaxedBody {
  return form === "simple" ? new SimpleBody(sink) : new RelaxedBody(sink);
}

/** What comes out; `cuts` are the sizes of the first pieces. */
function canonical(form: Canonicalization, octets: Bytes, cuts: readonly number[] = []): string {
  const pieces: Uint8Array[] = [];
  const body = begin(form, (piece) => pieces.push(piece.slice()));
  let at = 0;
  for (const cut of cuts) {
    body.write(octets.subarray(at, at + cut));
    at += cut;
  }
  body.write(octets.subarray(at));
  body.finish();
  return fromLatin1(concat(pieces));
}

/** The rules of RFC 6376 3.4.3 and 3.4.4 as they stand there, of a whole body at once. */
function byTheBook(form: Canonicalization, text: string): string {
  if (form === "simple") return `${text.replace(/(?:\r\n)*$/, "")}\r\n`;
  const lines = text.split("\r\n").map((line) => line.replace(/[ \t]+/g, " ").replace(/ $/, ""));
  const stripped = lines.join("\r\n").replace(/(?:\r\n)*$/, "");
  return stripped === "" ? "" : `${stripped}\r\n`;
}

const bodies: [text: string, simple: string, relaxed: string][] = [
  ["", "\r\n", ""], // RFC 6376 3.4.3, 3.4.4
  ["\r\n", "\r\n", ""],
  ["\r\n\r\n\r\n", "\r\n", ""],
  [" ", " \r\n", ""],
  [" \t\r\n\r\n", " \t\r\n", ""],
  [" C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n"], // RFC 6376 3.4.5
  ["a", "a\r\n", "a\r\n"],
  ["a ", "a \r\n", "a\r\n"],
  ["a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n"],
  ["a\r\n \r\nb", "a\r\n \r\nb\r\n", "a\r\n\r\nb\r\n"],
  ["a\tb", "a\tb\r\n", "a b\r\n"],
  ["\ta", "\ta\r\n", " a\r\n"],
  // Only CRLF is a line end.
  ["a\n\r\n", "a\n\r\n", "a\n\r\n"],
  ["a\r", "a\r\r\n", "a\r\r\n"],
  ["a \r\r\n", "a \r\r\n", "a \r\r\n"],
  ["\r\r\n", "\r\r\n", "\r\r\n"],
  ["\n", "\n\r\n", "\n\r\n"],
  [" \n", " \n\r\n", " \n\r\n"],
];
for (const [text, simple, relaxed] of bodies) {
  Deno.test(`the canonical forms of ${JSON.stringify(text)}`, () => {
    for (const [form, expected] of [["simple", simple], ["relaxed", relaxed]] as const) {
      assert.equal(canonical(form, latin1(text)), expected);
      assert.equal(byTheBook(form, text), expected);
      const bytewise = Array<number>(text.length).fill(1);
      assert.equal(canonical(form, latin1(text), bytewise), expected);
    }
  });
}

const octets = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom("\r\n", " ", "\t", "\r", "\n", "a", "!", "\x0c", "\xa0", "\x80", "\xff"),
    },
    { weight: 1, arbitrary: fc.constantFrom("  ", " \r\n", "\r\n\r\n", "word and words", "x".repeat(140)) },
    { weight: 1, arbitrary: fc.stringMatching(/^[ -~]{0,12}$/) },
  ),
  { maxLength: 60 },
).map((parts) => parts.join(""));

for (const form of ["simple", "relaxed"] as const) {
  Deno.test(`the ${form} form is by the book, however a body is cut and wherever it lies in memory`, () => {
    const shift = fc.nat(3);
    fc.assert(
      fc.property(octets, fc.array(fc.nat(20)), shift, (text, cuts, skew) => {
        const shifted = latin1("x".repeat(skew) + text).subarray(skew);
        assert.equal(canonical(form, shifted, cuts), byTheBook(form, text));
      }),
      { numRuns: 2000 },
    );
  });

  Deno.test(`the ${form} form of long bodies is by the book`, () => {
    const line = fc.constantFrom("word ", "a  b", " \t", "\r\n", "0123456789".repeat(20), "end \r\n");
    const long = fc.array(line, { minLength: 2000, maxLength: 4000 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(long, fc.nat(20_000), (text, cut) => {
        assert.equal(canonical(form, latin1(text), [cut]), byTheBook(form, text));
      }),
      { numRuns: 10 },
    );
  });
}

/** Counts what comes out and how much of it comes at once, without keeping it. */
function measure(form: Canonicalization, write: (body: SimpleBody | RelaxedBody) => void) {
  let [total, largest] = [0, 0];
  const body = begin(form, (piece) => {
    total += piece.length;
    largest = Math.max(largest, piece.length);
  });
  write(body);
  body.finish();
  return { total, largest };
}

const lineEnds = latin1("\r\n".repeat(4096));

for (const form of ["simple", "relaxed"] as const) {
  Deno.test(`${form}: 16 MiB of empty lines at the end are nothing, and in the middle are given in blocks`, () => {
    const rounds = 16 * MiB / lineEnds.length;
    const write = (body: SimpleBody | RelaxedBody) => {
      body.write(latin1("a"));
      for (let i = 0; i < rounds; i++) body.write(lineEnds);
    };
    assert.equal(measure(form, write).total, 3);
    const middle = measure(form, (body) => {
      write(body);
      body.write(latin1("b"));
    });
    assert.equal(middle.total, 1 + 16 * MiB + 3);
    assert.ok(middle.largest <= 8192);
  });

  Deno.test(`${form}: a million line ends in pieces of one octet`, () => {
    const [cr, lf] = [latin1("\r"), latin1("\n")];
    const { total } = measure(form, (body) => {
      body.write(latin1("a"));
      for (let i = 0; i < 1_000_000; i++) {
        body.write(cr);
        body.write(lf);
      }
    });
    assert.equal(total, 3);
  });
}

Deno.test("relaxed: a line of 16 MiB of white space is nothing, held or not", () => {
  const spaces = latin1(" \t".repeat(8192));
  const rounds = 16 * MiB / spaces.length;
  const { total } = measure("relaxed", (body) => {
    for (let i = 0; i < rounds; i++) body.write(spaces);
  });
  assert.equal(total, 0);
  const between = measure("relaxed", (body) => {
    body.write(latin1("a"));
    for (let i = 0; i < rounds; i++) body.write(spaces);
    body.write(latin1("b"));
  });
  assert.equal(between.total, 5);
});

Deno.test("relaxed: one line of 16 MiB without end", () => {
  const words = latin1("word  ".repeat(10_000));
  const rounds = Math.ceil(16 * MiB / words.length);
  const { total, largest } = measure("relaxed", (body) => {
    for (let i = 0; i < rounds; i++) body.write(words);
  });
  assert.equal(total, rounds * 50_000 - 1 + 2);
  assert.ok(largest <= 8192);
});
