import assert from "node:assert/strict";
import fc from "fast-check";
import type { Part, TransferEncoding } from "../message/message_index.ts";
import { decodeParts, encodeParts } from "./part_table.ts";

const encodings: TransferEncoding[] = ["7bit", "8bit", "binary", "quoted-printable", "base64", "unknown"];
const text = fc.string({ unit: "grapheme", maxLength: 20 });
const size = fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 2 ** 31 - 1 }));

/** Parts whose children lie behind their body's start. */
const parts = fc.letrec<{ part: Part }>((tie) => ({
  part: fc.record({
    header: size,
    body: size,
    length: size,
    lines: size,
    decodedSize: fc.oneof(fc.constant(-1), size),
    type: text,
    subtype: text,
    charset: fc.option(text),
    encoding: fc.constantFrom(...encodings),
    disposition: fc.option(text),
    fileName: fc.option(text),
    children: fc.oneof(
      { depthSize: "small" },
      fc.constant<Part[]>([]),
      fc.array(tie("part"), { maxLength: 3 }),
    ),
  }).map(({ header, body, length, children, ...rest }) => {
    const bodyStart = header + body;
    const moved = children.map((child) => shifted(child, bodyStart));
    return { ...rest, headerStart: header, bodyStart, bodyEnd: bodyStart + length, children: moved };
  }),
}));

function shifted(part: Part, by: number): Part {
  return {
    ...part,
    headerStart: part.headerStart + by,
    bodyStart: part.bodyStart + by,
    bodyEnd: part.bodyEnd + by,
    children: part.children.map((child) => shifted(child, by)),
  };
}

Deno.test("decodeParts(encodeParts(x)) is x", () => {
  fc.assert(fc.property(parts.part, (part) => assert.deepEqual(decodeParts(encodeParts(part)), part)), {
    numRuns: 200,
  });
});

const leaf: Part = {
  headerStart: 0,
  bodyStart: 10,
  bodyEnd: 20,
  lines: 1,
  decodedSize: 10,
  type: "text",
  subtype: "plain",
  charset: null,
  encoding: "7bit",
  disposition: null,
  fileName: null,
  children: [],
};

Deno.test("a small message's table is small", () => assert.ok(encodeParts(leaf).length <= 22));

Deno.test("a thousand levels are no recursion", () => {
  let part: Part = leaf;
  for (let i = 0; i < 100_000; i++) part = { ...leaf, children: [{ ...part, headerStart: 10 }] };
  let depth = 0;
  for (let at: Part | undefined = decodeParts(encodeParts(part)); at !== undefined; at = at.children[0]) {
    depth++;
  }
  assert.equal(depth, 100_001);
});

Deno.test("every cut or changed table is read or refused, never anything else", () => {
  const table = encodeParts({
    ...leaf,
    fileName: "ä",
    children: [{ ...leaf, headerStart: 12, bodyStart: 15 }],
  });
  for (let cut = 0; cut < table.length; cut++) {
    assert.throws(() => decodeParts(table.slice(0, cut)), SyntaxError);
  }
  assert.throws(() => decodeParts(new Uint8Array([...table, 0])), SyntaxError);
  assert.throws(() => decodeParts(new Uint8Array([2, ...table.subarray(1)])), SyntaxError);
  assert.throws(() => decodeParts(new Uint8Array([1, ...new Array(20).fill(255)])), SyntaxError);
  fc.assert(
    fc.property(fc.nat({ max: table.length - 1 }), fc.nat({ max: 255 }), (at, byte) => {
      const changed = table.slice();
      changed[at] = byte;
      try {
        decodeParts(changed);
      } catch (error) {
        assert.ok(error instanceof SyntaxError);
      }
    }),
  );
});
