import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { maxProblems, maxReferences, type MessageIndex, type Part } from "../message/message_index.ts";
import {
  checkIndex,
  maxEnvelopeBytes,
  maxPartDepth,
  maxParts,
  maxPreviewLength,
  maxStructureBytes,
  maxTextLength,
  maxWordLength,
} from "./check_index.ts";
import { sampleIndex } from "./testing/sample_message.ts";

const content = utf8("Subject: x\r\n\r\n" + "line\r\n".repeat(10_000));
const good = sampleIndex(content, { messageId: "a@b", references: ["c@d"] });
const { root } = good;

/** One part inside of the root. */
const inner = (part: Partial<Part> = {}): Part => ({
  ...root,
  headerStart: root.bodyStart,
  bodyStart: root.bodyStart + 10,
  bodyEnd: root.bodyStart + 20,
  lines: 0,
  decodedSize: 10,
  ...part,
});

function nested(depth: number): Part {
  let part = inner({
    headerStart: root.bodyStart,
    bodyStart: root.bodyStart,
    bodyEnd: root.bodyEnd,
    decodedSize: -1,
  });
  for (let i = 2; i < depth; i++) part = { ...part, children: [part] };
  return { ...root, children: [part] };
}

const wide = (count: number): Part => ({
  ...root,
  children: Array.from({ length: count }, (_, i) =>
    inner({
      headerStart: root.bodyStart + i,
      bodyStart: root.bodyStart + i,
      bodyEnd: root.bodyStart + i + 1,
      decodedSize: 1,
    })),
});

const accepted: [what: string, change: Partial<MessageIndex>][] = [
  ["a plain message", {}],
  ["an inner part", { root: { ...root, children: [inner()] } }],
  ["two parts in a row", {
    root: {
      ...root,
      children: [
        inner(),
        inner({
          headerStart: root.bodyStart + 20,
          bodyStart: root.bodyStart + 22,
          bodyEnd: root.bodyStart + 40,
        }),
      ],
    },
  }],
  ["the deepest", { root: nested(maxPartDepth) }],
  ["the widest", { root: wide(maxParts - 1) }],
  ["a part that cannot be decoded", { root: { ...root, decodedSize: -1, encoding: "unknown" } }],
  ["the most references", { references: Array(maxReferences).fill("a@b") }],
  ["a date before 1970", { date: -1 }],
  ["the longest subject", { subject: "x".repeat(maxTextLength) }],
];
for (const [what, change] of accepted) {
  Deno.test(`checkIndex() accepts ${what}`, () => {
    assert.equal(checkIndex({ ...good, ...change }, content.length).size, content.length);
  });
}

const refused: [what: string, change: Record<string, unknown>][] = [
  ["another size", { size: content.length - 1 }],
  ["a version that is no number", { version: NaN }],
  ["an empty envelope", { envelope: new Uint8Array() }],
  ["an envelope that is too large", { envelope: new Uint8Array(maxEnvelopeBytes + 1) }],
  ["an envelope that is no bytes", { envelope: "(NIL)" }],
  ["a structure that is too large", { bodyStructure: new Uint8Array(maxStructureBytes + 1) }],
  ["a subject that is too long", { subject: "x".repeat(maxTextLength + 1) }],
  ["a subject that is no text", { subject: null }],
  ["a preview that is too long", { preview: "x".repeat(2 * maxPreviewLength + 1) }],
  ["a Message-ID that is too long", { messageId: "x".repeat(maxWordLength + 1) }],
  ["too many references", { references: Array(maxReferences + 1).fill("a@b") }],
  ["references that are no list", { references: "a@b" }],
  ["a space in a reference", { references: ["a b"] }],
  ["too many problems", { problems: Array(maxProblems + 1).fill("x") }],
  ["a line end in a problem", { problems: ["x\ny"] }],
  ["a truth value that is none", { isReply: 1 }],
  ["a date that is no whole number", { date: 1.5 }],
  ["a body that ends before it begins", { root: { ...root, bodyEnd: root.bodyStart - 1 } }],
  ["a body that ends behind the message", { root: { ...root, bodyEnd: content.length + 1 } }],
  ["an offset below zero", { root: { ...root, headerStart: -1 } }],
  ["an offset that is no whole number", { root: { ...root, bodyStart: 0.5 } }],
  ["more lines than octets", { root: { ...root, lines: content.length } }],
  ["a decoded size above the size", { root: { ...root, decodedSize: content.length + 1 } }],
  ["a decoded size of -2", { root: { ...root, decodedSize: -2 } }],
  ["an encoding that there is not", { root: { ...root, encoding: "uuencode" } }],
  ["a type that is too long", { root: { ...root, type: "x".repeat(maxWordLength + 1) } }],
  ["an inner part outside of its parent", { root: { ...root, children: [inner({ headerStart: 0 })] } }],
  ["an inner part that ends behind its parent", {
    root: { ...root, children: [inner({ bodyEnd: content.length + 1 })] },
  }],
  ["overlapping parts", { root: { ...root, children: [inner(), inner()] } }],
  ["no root", { root: null }],
  ["a child that is nothing", { root: { ...root, children: [null] } }],
  ["no list of children", { root: { ...root, children: undefined } }],
  ["too many parts", { root: wide(maxParts) }],
  ["parts nested too deep", { root: nested(maxPartDepth + 1) }],
];
for (const [what, change] of refused) {
  Deno.test(`checkIndex() refuses ${what}`, () => {
    // From outside, so not necessarily what its type says.
    const index = { ...good, ...change } as MessageIndex;
    assert.throws(
      () => checkIndex(index, content.length),
      (error) => error instanceof Refused && error.reason === "badRequest",
    );
  });
}
