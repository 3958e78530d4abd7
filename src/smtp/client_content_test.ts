import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bytes, concat, fromLatin1, latin1 } from "../base/bytes.ts";
import { contentStart, type LinePlace, printChunk, printContent, printContentEnd } from "./client_content.ts";
import { DataReader } from "./data_reader.ts";

/** The whole content as it goes, from pieces. */
function printed(pieces: readonly Bytes[], stuffed: boolean): string {
  let place: LinePlace = contentStart;
  const out: Bytes[] = [];
  for (const [i, piece] of pieces.entries()) {
    if (stuffed) {
      const [next, bytes] = printContent(place, piece, true);
      out.push(bytes);
      place = next;
      continue;
    }
    const [next, chunk] = printChunk(place, piece, i === pieces.length - 1);
    assert.ok(chunk.every(({ length }) => length > 0));
    if (i < pieces.length - 1) {
      assert.notEqual(chunk.at(-1)?.at(-1), 13, "a chunk that ends in the middle of CRLF");
    }
    out.push(...chunk);
    place = next;
  }
  if (stuffed) out.push(printContentEnd(place));
  return fromLatin1(concat(out));
}

const data: [content: string, sent: string][] = [
  ["", ".\r\n"],
  ["a\r\n", "a\r\n.\r\n"],
  ["a", "a\r\n.\r\n"],
  [".", "..\r\n.\r\n"],
  ["..\r\n.a\r\n", "...\r\n..a\r\n.\r\n"],
  ["a.b\r\n.\r\nQUIT\r\n", "a.b\r\n..\r\nQUIT\r\n.\r\n"],
  ["a\n.\nb", "a\r\n..\r\nb\r\n.\r\n"], // Line ends that others read in other ways.
  ["a\r.\rb", "a\r\n..\r\nb\r\n.\r\n"],
  ["a\r\n.\rb", "a\r\n..\r\nb\r\n.\r\n"],
  ["a\n.\r\nb", "a\r\n..\r\nb\r\n.\r\n"],
  ["\r\r\n\n", "\r\n\r\n\r\n.\r\n"],
  ["a\r", "a\r\n.\r\n"],
];
for (const [content, sent] of data) {
  Deno.test(`DATA: ${JSON.stringify(content)} goes as ${JSON.stringify(sent)}`, () => {
    assert.equal(printed([latin1(content)], true), sent);
    assert.equal(printed(Array.from(content, latin1), true), sent);
  });
}

Deno.test("BDAT doubles no dot, and ends no line that is none", () => {
  assert.equal(printed([latin1(".a\r\n.")], false), ".a\r\n.");
  assert.equal(printed([latin1("a\r"), latin1("\n")], false), "a\r\n");
  assert.equal(printed([latin1("a\r"), latin1(""), latin1("\r"), latin1("")], false), "a\r\n\r\n");
  assert.equal(printed([latin1("\r"), latin1("b")], false), "\r\nb");
  assert.equal(printed([latin1("a\nb\r")], false), "a\r\nb\r\n");
});

Deno.test("clean content is not copied", () => {
  const piece = latin1(`${"x".repeat(100)}.\r\n`.repeat(10));
  assert.equal(printContent(contentStart, piece, true)[1], piece);
});

const part = fc.constantFrom("\r\n", "\r", "\n", ".", "\r\n.", "a", "b".repeat(90), "\r\n.\r\n", "\xff");

Deno.test("what goes out comes in as it was, with CRLF for every line end, wherever it is cut", () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 14 }), fc.boolean(), fc.nat(200), (parts, stuffed, cut) => {
      const content = parts.join("");
      const mended = content.replace(/\r\n|\r|\n/g, "\r\n");
      const pieces = [latin1(content.slice(0, cut)), latin1(content.slice(cut))];
      const sent = printed(pieces, stuffed);
      assert.equal(sent, printed([latin1(content)], stuffed));
      const reader = new DataReader(stuffed ? "data" : "chunks", Infinity);
      const got: Bytes[] = [];
      const end = reader.take(latin1(sent), (piece) => void got.push(piece));
      if (!stuffed) reader.finish();
      assert.equal(reader.fault, null);
      assert.equal(end, stuffed ? sent.length : -1);
      const whole = stuffed && mended !== "" && !mended.endsWith("\r\n") ? `${mended}\r\n` : mended;
      assert.equal(fromLatin1(concat(got)), whole);
    }),
  );
});
