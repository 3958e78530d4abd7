/**
 * Part tables, as the store keeps them: those of any message come back, and any other bytes are read or refused
 * without more memory than they are worth.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1 } from "../../src/base/bytes.ts";
import { Indexer } from "../../src/message/indexer.ts";
import type { Part } from "../../src/message/message_index.ts";
import { decodeParts, encodeParts } from "../../src/store/part_table.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5");
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;

const line = fc.constantFrom(
  "Content-Type: multipart/mixed; boundary=a\r\n",
  "Content-Type: multipart/mixed; boundary=b\r\n",
  "Content-Type: message/rfc822\r\n",
  "Content-Type: text/plain; charset=utf-8; name*=utf-8''%E2%82%AC\r\n",
  "Content-Transfer-Encoding: base64\r\n",
  "Content-Disposition: attachment; filename=x\r\n",
  "\r\n",
  "\r\n",
  "--a\r\n",
  "--b\r\n",
  "--a--\r\n",
  "--b--\r\n",
  "YWJj\r\n",
  "x",
);
const message = fc.array(line, { maxLength: 40 }).map((lines) => lines.join(""));

function partsOf(message: string): Part {
  const indexer = new Indexer();
  indexer.write(latin1(message));
  return indexer.end().root;
}

/** Bytes that begin like a table: those of a message with some of them changed, cut or put in; or anything. */
const change = fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom("set", "put", "cut"));
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Uint8Array.from([1, ...bytes])),
  fc.uint8Array({ maxLength: 20 }),
  fc.tuple(message, fc.array(change, { maxLength: 5 })).map(([message, changes]) => {
    const bytes = [...encodeParts(partsOf(message))];
    for (const [at, value, how] of changes) {
      if (how === "put") bytes.splice(at % bytes.length, 0, value);
      else if (how === "set") bytes[at % bytes.length] = value;
      else bytes.length = Math.max(1, at % bytes.length);
    }
    return Uint8Array.from(bytes);
  }),
);

function countOf(root: Part): number {
  let count = 0;
  const open = [root];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    count++;
    for (const child of part.children) open.push(child);
  }
  return count;
}

Deno.test("fuzz: the part table of any message comes back", () => {
  const property = fc.property(message, (message) => {
    const parts = partsOf(message);
    assert.deepEqual(decodeParts(encodeParts(parts)), parts);
  });
  run(property);
});

Deno.test("fuzz: any bytes as a part table", () => {
  const property = fc.property(bytes, (bytes) => {
    let parts: Part;
    try {
      parts = decodeParts(bytes);
    } catch (error) {
      assert.ok(error instanceof SyntaxError, String(error));
      return;
    }
    // A part is twelve bytes at least: nothing is made of numbers alone.
    assert.ok(countOf(parts) * 12 <= bytes.length);
    assert.deepEqual(decodeParts(encodeParts(parts)), parts);
  });
  run(property);
});

function run<T>(property: fc.IProperty<T>): void {
  const end = performance.now() + seconds * 500;
  for (let round = seed; round === seed || performance.now() < end; round++) {
    fc.assert(property, { seed: round, numRuns: 100 });
  }
}
