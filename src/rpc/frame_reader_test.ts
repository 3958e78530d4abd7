import assert from "node:assert/strict";
import fc from "fast-check";
import { concat } from "../base/bytes.ts";
import { FrameReader } from "./frame_reader.ts";

function framed(content: Uint8Array): Uint8Array {
  const frame = new Uint8Array(4 + content.length);
  new DataView(frame.buffer).setUint32(0, content.length, true);
  frame.set(content, 4);
  return frame;
}

Deno.test("bytes split anywhere give the same frames", () => {
  const contents = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 });
  const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 });
  fc.assert(fc.property(contents, cuts, (contents, cuts) => {
    const bytes = concat(contents.map(framed));
    const reader = new FrameReader(40);
    const seen: Uint8Array[] = [];
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const length = cuts[i % cuts.length] ?? 1;
      // A buffer that is used again for each piece, as a socket's may be.
      const piece = bytes.slice(at, at + length);
      reader.push(piece, (frame) => void seen.push(frame.slice()));
      piece.fill(0xee);
      at += length;
    }
    assert.deepEqual(seen, contents);
    assert.equal(reader.held, 0);
  }));
});

const broken: [what: string, hex: string][] = [
  ["an empty frame", "00000000"],
  ["a frame one octet too long", "29000000"],
  ["a frame of 4 GB", "ffffffff"],
];
for (const [what, hex] of broken) {
  Deno.test(`push() refuses ${what}, after handing over the frames before it`, () => {
    const bytes = concat([framed(new Uint8Array([1])), Uint8Array.fromHex(hex)]);
    for (const size of [1, 3, bytes.length]) {
      const reader = new FrameReader(40);
      const seen: number[] = [];
      assert.throws(() => {
        for (let at = 0; at < bytes.length; at += size) {
          reader.push(bytes.subarray(at, at + size), (frame) => void seen.push(frame.length));
        }
      }, SyntaxError);
      assert.deepEqual(seen, [1]);
    }
  });
}

Deno.test("what is announced is held only as far as it came", () => {
  const reader = new FrameReader(1 << 30);
  reader.push(Uint8Array.fromHex("ffffff3f"), () => assert.fail("nothing has come"));
  assert.equal(reader.held, 4);
});
