import assert from "node:assert/strict";
import fc from "fast-check";
import type { Part } from "../message/message_index.ts";
import { findPart, resolveSection } from "./mail_sections.ts";
import { builtMessage } from "./testing/built_message.ts";
import { section } from "./testing/conformance_support.ts";

const { content, index: { root } } = builtMessage({
  header: ["Content-Type: multipart/mixed; boundary==_b"],
  type: "multipart/mixed",
  children: [
    { header: ["A: 1"], type: "text/plain", text: "one" },
    {
      header: [],
      type: "message/rfc822",
      children: [{ header: ["Subject: x"], type: "text/plain", text: "inner" }],
    },
    { header: [], type: "text/plain", encoding: "base64", text: "aGVsbG8=", decodedSize: 5 },
  ],
});
const sizes = { prefix: 100, body: content.length };

// What is where, the conformance tests of `Mail` say; here, how far it reaches.

Deno.test("partial values are slices of the whole, wherever they begin and end", () => {
  const places = fc.tuple(
    fc.constantFrom<readonly number[]>([], [1], [2], [2, 1]),
    fc.constantFrom("all", "mime", "header", "text", "binary"),
    fc.integer({ min: 0, max: 2 ** 40 }),
    fc.option(fc.integer({ min: 0, max: 2 ** 40 })),
    fc.integer({ min: 0, max: 500 }),
  );
  fc.assert(fc.property(places, ([part, what, far, length, near]) => {
    for (const offset of [far, near]) {
      const all = resolveSection(root, section({ part, what }), sizes);
      const some = resolveSection(root, section({ part, what, offset, length }), sizes);
      assert.equal(some.kind, all.kind);
      if (all.kind !== "raw" || some.kind !== "raw") continue;
      assert.ok(all.start <= some.start && some.start <= some.end && some.end <= all.end);
      assert.equal(some.start, Math.min(all.end, all.start + offset));
      if (length !== null) assert.ok(some.end - some.start <= length);
    }
  }));
});

Deno.test("decoded values skip and take", () => {
  const of = (offset: number, length: number | null) =>
    resolveSection(root, section({ part: [3], what: "binary", offset, length }), sizes);
  const place = {
    kind: "decoded",
    encoding: "base64",
    start: root.children[2]?.bodyStart,
    end: root.children[2]?.bodyEnd,
  };
  assert.deepEqual(of(0, null), { ...place, skip: 0, take: 5 });
  assert.deepEqual(of(2, 2), { ...place, skip: 2, take: 2 });
  assert.deepEqual(of(9, 2), { ...place, skip: 5, take: 0 });
});

Deno.test("a message that is a message, and one that is nested deeper than anybody asks", () => {
  let part: Part = { ...root, type: "text", subtype: "plain", children: [] };
  for (let depth = 0; depth < 100; depth++) {
    part = { ...part, type: "message", subtype: "rfc822", children: [part] };
  }
  assert.equal(findPart(part, Array(101).fill(1))?.type, "text");
  assert.equal(findPart(part, Array(102).fill(1)), null);
  assert.equal(findPart(part, [2]), null);
  assert.equal(findPart(part, [1, 1])?.type, "message");
});

for (const number of [0, -1, 1.5, NaN, 4, 2 ** 40]) {
  Deno.test(`there is no part ${number}`, () => assert.equal(findPart(root, [number]), null));
}
