import assert from "node:assert/strict";
import { maxInlineBytes } from "../accounts/mail.ts";
import { type Bytes, concat, equalBytes, latin1 } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { BodyIntake, maxPiecesInFlight } from "./body_intake.ts";
import { MemoryDelivery } from "./testing/memory_delivery.ts";
import { PlainIndexer } from "./testing/plain_indexer.ts";

/** Bytes that differ from place to place. */
const pattern = (length: number): Bytes => Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff);

function intake(keepHead = false) {
  const store = new MemoryDelivery();
  return { store, intake: new BodyIntake(store, new PlainIndexer(), keepHead) };
}

async function fill(body: BodyIntake, bytes: Bytes, piece: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += piece) {
    const part = bytes.slice(at, at + piece);
    body.add(part);
    part.fill(0); // The memory is the caller's again.
    if (body.pressed) await body.push();
  }
}

for (
  const [length, piece] of [[0, 1], [1, 1], [4096, 100], [4097, 4097], [100_000, 7], [
    maxInlineBytes,
    65_536,
  ]] as const
) {
  Deno.test(`${length} octets in pieces of ${piece} stay in memory`, async () => {
    const { store, intake: body } = intake();
    await fill(body, pattern(length), piece);
    const { content, spool, index } = await body.finish();
    assert.equal(spool, null);
    assert.ok(content !== null && equalBytes(content, pattern(length)));
    assert.equal(content.buffer.byteLength, length);
    assert.equal(index.size, length);
    assert.equal(store.spools.size, 0);
  });
}

for (
  const [length, piece] of [[maxInlineBytes + 1, 65_536], [maxInlineBytes * 2, 1000], [3_000_000, 65_536], [
    3_000_000,
    1_500_000,
  ]] as const
) {
  Deno.test(`${length} octets in pieces of ${piece} go to a spool file`, async () => {
    const { store, intake: body } = intake(true);
    await fill(body, pattern(length), piece);
    const { content, spool, index, head } = await body.finish();
    assert.equal(content, null);
    const pieces = store.spools.get(spool ?? "") ?? [];
    assert.ok(equalBytes(concat(pieces), pattern(length)));
    assert.ok(pieces.every((each) => each.length <= maxInlineBytes));
    assert.ok(store.busiest <= maxPiecesInFlight);
    assert.equal(index.size, length);
    assert.ok(equalBytes(head, pattern(length).subarray(0, maxInlineBytes)));
  });
}

Deno.test("what the store refuses while spooling comes out at the end, once, and nothing more is sent", async () => {
  const { store, intake: body } = intake();
  store.spoolThrows.push(new Refused("diskFull", "told to"));
  await fill(body, pattern(3_000_000), 65_536);
  await assert.rejects(body.finish(), { reason: "diskFull" });
  assert.ok((store.spools.get("spool1")?.length ?? 0) < 3);
  await body.drop();
  assert.equal(store.spools.size, 0);
});

Deno.test("a spool file that cannot be opened is such a refusal too", async () => {
  const { store, intake: body } = intake();
  store.spoolOpen = () => Promise.reject(new Refused("tooMany", "told to"));
  await fill(body, pattern(1_000_000), 65_536);
  await assert.rejects(body.finish(), { reason: "tooMany" });
  await body.drop();
});

Deno.test("what is dropped leaves nothing, and what comes later is not kept", async () => {
  const { store, intake: body } = intake();
  await fill(body, pattern(1_000_000), 65_536);
  await body.drop();
  assert.equal(store.spools.size, 0);
  body.add(latin1("more"));
  assert.equal(body.pressed, false);
  await body.drop();
});
