/**
 * What is true of every index of every message, however broken; for tests.
 *
 * Tested by `src/message/indexer_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fromLatin1, fromUtf8 } from "../../base/bytes.ts";
import { Indexer, type IndexLimits } from "../indexer.ts";
import { maxProblems, maxReferences, type MessageIndex, type Part } from "../message_index.ts";
import { maxPreviewLength } from "../preview.ts";
import { decodeTransfer } from "../transfer_encoding.ts";

/** Indexes bytes that come in pieces of these lengths, and then the rest. */
export function indexOf(
  bytes: Uint8Array,
  cuts: readonly number[] = [],
  limits: Partial<IndexLimits> = {},
): MessageIndex {
  const indexer = new Indexer(limits);
  let at = 0;
  for (const cut of cuts) {
    indexer.write(bytes.subarray(at, at + cut));
    at += cut;
  }
  indexer.write(bytes.subarray(at));
  return indexer.end();
}

/** Compares an index with its message. */
export function checkIndex(bytes: Uint8Array, index: MessageIndex): void {
  assert.equal(index.size, bytes.length);
  assert.equal(index.root.headerStart, 0);
  assert.equal(index.root.bodyEnd, bytes.length);
  const open: Part[] = [index.root];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    checkPart(bytes, part);
    open.push(...part.children);
  }
  for (const value of [index.envelope, index.body, index.bodyStructure]) {
    const parsed = parseImapValue(fromLatin1(value));
    assert.ok(Array.isArray(parsed), "a list");
  }
  const envelope = parseImapValue(fromLatin1(index.envelope));
  assert.equal(Array.isArray(envelope) && envelope.length, 10);
  checkStructure(index.root, parseImapValue(fromLatin1(index.body)));
  checkStructure(index.root, parseImapValue(fromLatin1(index.bodyStructure)));
  assert.ok(Array.from(index.preview).length <= maxPreviewLength);
  assert.ok(index.references.length <= maxReferences && index.problems.length <= maxProblems);
  for (const text of [index.subject, index.preview, index.from, index.to, index.cc, index.bcc]) {
    assert.ok(text.isWellFormed() && !text.includes("\0"), JSON.stringify(text));
  }
  assert.equal(index.has8Bit, bytes.subarray(index.root.bodyStart).some((byte) => byte > 127));
}

function checkPart(bytes: Uint8Array, part: Part): void {
  assert.ok(0 <= part.headerStart && part.headerStart <= part.bodyStart && part.bodyStart <= part.bodyEnd);
  const body = bytes.subarray(part.bodyStart, part.bodyEnd);
  assert.equal(part.lines, body.filter((byte) => byte === 0x0a).length, "lines");
  if (part.encoding === "unknown") assert.equal(part.decodedSize, -1);
  else if (part.children.length === 0) {
    assert.equal(part.decodedSize, decodeTransfer(body, part.encoding)?.length, "decoded size");
  } else assert.equal(part.decodedSize, body.length);
  let at = part.bodyStart;
  for (const child of part.children) {
    assert.ok(child.headerStart >= at && child.bodyEnd <= part.bodyEnd, "children in order, inside");
    at = child.bodyEnd;
  }
  if (part.type === "multipart") assert.ok(part.children.length > 0);
  else assert.ok(part.children.length <= (part.type === "message" ? 1 : 0));
}

/** A value of IMAP: a list, a string, a number, or NIL. */
export type ImapValue = readonly ImapValue[] | string | number | null;

/** Reads exactly one value; throws if it is not one. RFC 9051 9 */
export function parseImapValue(text: string): ImapValue {
  const lists: ImapValue[][] = [[]];
  const add = (value: ImapValue) => lists.at(-1)?.push(value);
  const token = /\(|\)| |NIL|\d+|"((?:[^"\\\r\n\0\x80-\xff]|\\["\\])*)"|\{(\d+)\}\r\n/y;
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    assert.ok(match !== null, `not IMAP at ${at}: ${JSON.stringify(text.slice(at, at + 40))}`);
    const [whole, quoted, literal] = match;
    if (whole === "(") lists.push([]);
    else if (whole === ")") add(lists.pop() ?? null);
    else if (whole === "NIL") add(null);
    else if (quoted !== undefined) add(quoted.replace(/\\(.)/g, "$1"));
    else if (literal !== undefined) {
      const value = text.slice(token.lastIndex, token.lastIndex + Number(literal));
      assert.ok(value.length === Number(literal) && !value.includes("\0"), "a whole literal");
      token.lastIndex += Number(literal);
      add(value);
    } else if (whole !== " ") add(Number(whole));
  }
  const [value, ...rest] = lists[0] ?? [];
  assert.ok(lists.length === 1 && value !== undefined && rest.length === 0, "one value");
  return value;
}

/** The parts in BODYSTRUCTURE are the parts of the index, with the same sizes. */
function checkStructure(part: Part, value: ImapValue): void {
  assert.ok(Array.isArray(value));
  if (part.type === "multipart") {
    const subtypeAt = value.findIndex((item) => !Array.isArray(item));
    assert.equal(subtypeAt, part.children.length);
    assert.equal(value[subtypeAt], part.subtype.toUpperCase());
    part.children.forEach((child, i) => checkStructure(child, value[i] ?? null));
    return;
  }
  assert.deepEqual(value.slice(0, 2), [part.type.toUpperCase(), part.subtype.toUpperCase()]);
  assert.equal(value[6], part.bodyEnd - part.bodyStart);
  if (part.type === "text") assert.equal(value[7], part.lines);
  if (part.type === "message" && (part.subtype === "rfc822" || part.subtype === "global")) {
    const nested = part.children[0];
    if (nested !== undefined) checkStructure(nested, value[8] ?? null);
    assert.equal(value[9], part.lines);
  }
}

/** The shape of a message on one line: `multipart/mixed(text/plain:12/2 …)`, with octets and lines. */
export function shape(part: Part): string {
  const name = `${part.type}/${part.subtype}`;
  if (part.children.length === 0) return `${name}:${part.bodyEnd - part.bodyStart}/${part.lines}`;
  return `${name}(${part.children.map(shape).join(" ")})`;
}

/** A stored value as text, for comparisons. */
export function imapText(value: Uint8Array): string {
  return fromUtf8(value);
}
