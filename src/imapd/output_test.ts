import assert from "node:assert/strict";
import { concat, fromUtf8, KiB } from "../base/bytes.ts";
import { maxWriteBytes, Output, pieceBytes } from "./output.ts";

function collector() {
  const writes: Uint8Array[] = [];
  const out = new Output({
    write(bytes) {
      writes.push(bytes);
      return Promise.resolve();
    },
  });
  return { out, writes };
}

Deno.test("many answers come out in one write", async () => {
  const { out, writes } = collector();
  for (let i = 0; i < 100; i++) out.line(`* ${i} EXPUNGE`);
  assert.equal(out.full, false);
  await out.flush();
  assert.equal(writes.length, 1);
  await out.flush();
  assert.equal(writes.length, 1);
});

Deno.test("large values are handed on in bounded writes, in order", async () => {
  const { out, writes } = collector();
  const large = new Uint8Array(1000 * KiB).fill(0x61);
  out.w.ascii("{1024000}\r\n").raw(large).ascii(")\r\n");
  assert.equal(out.full, true);
  await out.flush();
  assert.ok(writes.every((write) => write.length <= maxWriteBytes));
  const all = concat(writes);
  assert.equal(all.length, 11 + large.length + 3);
  assert.equal(fromUtf8(all.subarray(all.length - 5)), "aa)\r\n");
});

Deno.test("after a rest, memory of a large answer is given back and the mode is kept", async () => {
  const { out, writes } = collector();
  out.w.utf8 = true;
  const before = out.w;
  out.line("small");
  await out.rest();
  assert.equal(out.w, before);
  while (!out.full) out.line("x".repeat(100));
  await out.rest();
  assert.notEqual(out.w, before);
  assert.equal(out.w.utf8, true);
  assert.ok(concat(writes).length > pieceBytes);
});

Deno.test("an error of the transport reaches who flushes", async () => {
  const out = new Output({ write: () => Promise.reject(new Error("gone")) });
  out.line("x");
  await assert.rejects(out.flush(), /gone/);
});
