import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bytes, concat, fromLatin1, latin1 } from "../base/bytes.ts";
import { type DataFault, DataReader } from "./data_reader.ts";

interface Read {
  text: string;
  fault: DataFault | null;
  /** What followed the end; null if there was no end. */
  rest: string | null;
}

function read(kind: "data" | "chunks", pieces: readonly Bytes[], maxBytes = 1e6): Read {
  const reader = new DataReader(kind, maxBytes);
  const got: Bytes[] = [];
  for (const [i, piece] of pieces.entries()) {
    const end = reader.take(piece, (out) => void got.push(out.slice()));
    if (end !== -1) {
      const rest = concat([piece.subarray(end), ...pieces.slice(i + 1)]);
      return { text: fromLatin1(concat(got)), fault: reader.fault, rest: fromLatin1(rest) };
    }
  }
  if (kind === "chunks") reader.finish();
  return { text: fromLatin1(concat(got)), fault: reader.fault, rest: null };
}

const whole = (kind: "data" | "chunks", text: string, maxBytes?: number) =>
  read(kind, [latin1(text)], maxBytes);

const accepted: [sent: string, message: string, rest?: string][] = [
  [".\r\n", ""],
  ["\r\n.\r\n", "\r\n"],
  ["hi\r\n.\r\n", "hi\r\n"],
  ["hi\r\n.\r\nQUIT\r\n", "hi\r\n", "QUIT\r\n"],
  ["..\r\n.\r\n", ".\r\n"],
  ["...\r\n.\r\n", "..\r\n"],
  [".a\r\n.\r\n", "a\r\n"], // RFC 5321 4.5.2: one dot goes, whatever follows.
  ["a.\r\n.\r\n", "a.\r\n"],
  ["a\nb\r\n.\r\n", "a\r\nb\r\n"],
  ["\n\n\n\r\n.\r\n", "\r\n\r\n\r\n\r\n"],
  ["a\n.b\r\n.\r\n", "a\r\n.b\r\n"],
  ["a\n..\r\n.\r\n", "a\r\n..\r\n"],
  ["a\n\r\n.\r\n", "a\r\n\r\n"],
  ["a\0\xff\r\n.\r\n", "a\0\xff\r\n"],
];
for (const [sent, message, rest = ""] of accepted) {
  Deno.test(`DATA takes ${JSON.stringify(sent)}`, () => {
    assert.deepEqual(whole("data", sent), { text: message, fault: null, rest });
  });
}

/** Nothing here ends before its last `\r\n.\r\n`, and all of it is refused. */
const refused: string[] = [
  "a\rb\r\n.\r\n",
  "a\r\r\n.\r\n",
  "\r.\r\n.\r\n",
  "a\r.\r\n.\r\n",
  "a\n.\nMAIL FROM:<x@example.org>\r\n.\r\n",
  "a\n.\r\nMAIL FROM:<x@example.org>\r\n.\r\n",
  "a\r\n.\nMAIL FROM:<x@example.org>\r\n.\r\n",
  "a\r\n.\rMAIL FROM:<x@example.org>\r\n.\r\n",
  "a\r\n.\r\r\n.\r\n",
  "a\r.\r.\r\n.\r\n",
  "a\n.\rb\r\n.\r\n",
  "a\n.\r\r\n.\r\n",
  ".\n.\r\nb\r\n.\r\n",
];
for (const sent of refused) {
  Deno.test(`DATA refuses ${JSON.stringify(sent)} at its end`, () => {
    const { fault, rest } = whole("data", `${sent}QUIT\r\n`);
    assert.deepEqual({ fault, rest }, { fault: "lineEnds", rest: "QUIT\r\n" });
  });
}

for (const open of ["", "a", "a\r\n", "a\r\n.", "a\r\n.\r", "a\n.\n", "a\n.\r\n", "\r\n.\n", "a.\r\n"]) {
  Deno.test(`DATA goes on after ${JSON.stringify(open)}`, () => assert.equal(whole("data", open).rest, null));
}

const chunks: [sent: string, message: string, fault?: DataFault][] = [
  ["", ""],
  ["no end", "no end"],
  ["a\r\n.\r\nb", "a\r\n.\r\nb"],
  ["..\r\n", "..\r\n"],
  ["a\nb", "a\r\nb"],
  ["a\n.b\n", "a\r\n.b\r\n"],
  ["a\r", "", "lineEnds"],
  ["a\r\n.\r", "", "lineEnds"],
  ["a\n.\r", "", "lineEnds"],
  ["a\rb", "", "lineEnds"],
  ["a\n.\nb", "", "lineEnds"],
  ["a\r\n.\nb", "", "lineEnds"],
  ["a\n.\r\nb", "", "lineEnds"],
];
for (const [sent, message, fault = null] of chunks) {
  Deno.test(`BDAT reads ${JSON.stringify(sent)}`, () => {
    const got = whole("chunks", sent);
    assert.equal(got.fault, fault);
    if (fault === null) assert.equal(got.text, message);
  });
}

Deno.test("the largest message fits, one octet more does not", () => {
  assert.deepEqual(whole("data", "12345\r\n.\r\n", 7).fault, null);
  assert.deepEqual(whole("data", "12345\r\n.\r\n", 6), { text: "", fault: "tooLarge", rest: "" });
  assert.equal(whole("data", "\n\n\r\n.\r\n", 6).fault, null); // Counted as stored.
  assert.equal(whole("data", "\n\n\r\n.\r\n", 5).fault, "tooLarge");
});

Deno.test("clean data are passed on without a copy", () => {
  const sent = latin1("a\r\nb\r\n.\r\n");
  const got: Bytes[] = [];
  new DataReader("data", 100).take(sent, (piece) => void got.push(piece));
  assert.equal(got.length, 1);
  assert.equal(got[0]?.buffer, sent.buffer);
});

/** Text made of what matters. */
const awkward = fc.array(fc.constantFrom("\r", "\n", "\r\n", ".", "\r\n.", "a", "\r\n.\r\n", "\xff\0"), {
  maxLength: 30,
}).map((parts) => parts.join(""));

/** The same within lines that are long enough to be read in words, at any place of their memory. */
const awkwardLong = fc.array(
  fc.oneof(awkward, fc.constantFrom("x".repeat(61), "\xff".repeat(78), `\0\x0f${"y".repeat(90)}`)),
  { maxLength: 12 },
).map((parts) => parts.join(""));

function split(text: string, cuts: readonly number[]): Bytes[] {
  const bytes = latin1(text);
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return at.slice(1).map((end, i) => bytes.slice(at[i], end));
}

for (const kind of ["data", "chunks"] as const) {
  Deno.test(`${kind}: the same, wherever it is split`, () => {
    fc.assert(
      fc.property(awkward, fc.array(fc.nat(100), { maxLength: 8 }), (text, cuts) => {
        const { text: message, fault, rest } = whole(kind, text);
        const pieces = read(kind, split(text, cuts));
        assert.deepEqual({ fault: pieces.fault, rest: pieces.rest }, { fault, rest });
        if (fault === null) assert.equal(pieces.text, message);
      }),
      { numRuns: 400 },
    );
  });
}

for (const kind of ["data", "chunks"] as const) {
  Deno.test(`${kind}: the same, read in words or octet by octet`, () => {
    fc.assert(
      fc.property(awkwardLong, fc.nat(3), (text, offset) => {
        const bytes = latin1("\n".repeat(offset) + text).subarray(offset);
        const { text: message, ...all } = read(kind, [bytes]);
        const octets = read(kind, [...bytes].map((octet) => Uint8Array.of(octet)));
        assert.deepEqual({ fault: octets.fault, rest: octets.rest }, all);
        if (all.fault === null) assert.equal(octets.text, message);
      }),
      { numRuns: 1000 },
    );
  });
}

/** What a sender does. RFC 5321 4.5.2 */
const stuffed = (text: string) => `${text.replace(/(^|\r\n)\./g, "$1..")}.\r\n`;

Deno.test("what is stuffed comes back", () => {
  const lines = fc.array(fc.string({ maxLength: 5, unit: fc.constantFrom(".", "a", " ", "\xff") }), {
    maxLength: 6,
  })
    .map((all) => all.map((line) => `${line}\r\n`).join(""));
  fc.assert(fc.property(lines, fc.array(fc.nat(60), { maxLength: 5 }), (text, cuts) => {
    assert.deepEqual(read("data", split(stuffed(text), cuts)), { text, fault: null, rest: "" });
  }));
});

Deno.test("no line end in a message is bare", () => {
  fc.assert(fc.property(awkward, (text) => {
    const { text: message, fault } = whole("chunks", text);
    if (fault === null) assert.ok(!/\r(?!\n)|(?<!\r)\n/.test(message));
  }));
});
