/**
 * What a message says in this server's name does not reach the store so. RFC 8601 5
 *
 * @module
 */
import assert from "node:assert/strict";
import { maxInlineBytes } from "../accounts/mail.ts";
import { concat, fromLatin1, latin1 } from "../base/bytes.ts";
import { envelope, gatherer } from "../evidence/testing/sample_world.ts";
import { BodyIntake } from "./body_intake.ts";
import { MemoryDelivery } from "./testing/memory_delivery.ts";
import { PlainIndexer } from "./testing/plain_indexer.ts";

/** What the store gets of a message that comes in pieces of this size, and whether forged results are left. */
async function stored(text: string, piece = 65_536): Promise<{ text: string; isForged: boolean }> {
  const store = new MemoryDelivery();
  const gathering = gatherer().gatherer.begin(envelope);
  const intake = new BodyIntake(store, new PlainIndexer(), false, gathering);
  const octets = latin1(text);
  for (let at = 0; at < octets.length; at += piece) {
    intake.add(octets.slice(at, at + piece));
    if (intake.pressed) await intake.push();
  }
  const [, { content, spool }] = await Promise.all([gathering.finish(), intake.finish()]);
  const kept = content ?? concat(store.spools.get(spool ?? "") ?? []);
  return { text: fromLatin1(kept), isForged: gathering.isForged };
}

const from = "From: joe@example.org\r\n";
const forged = "AUTHENTICATION-Results : Mail.example.net (us);\r\n\tdmarc=pass\r\n";
const obscured = "X-Untrusted-AuthResult : Mail.example.net (us);\r\n\tdmarc=pass\r\n";
const others = "Authentication-Results: mx.example.com; dmarc=pass\r\n";
const large = `\r\n${"x".repeat(maxInlineBytes)}\r\n`;
const wide = `X-Wide: ${"x".repeat(2 * maxInlineBytes)}\r\n`;

const cases: [what: string, before: string, after: string][] = [
  ["a message", `${forged}${from}${others}\r\nhi\r\n`, `${obscured}${from}${others}\r\nhi\r\n`],
  ["a header without end", `${from}${forged}`, `${from}${obscured}`],
  ["a large body", `${from}${forged}${large}`, `${from}${obscured}${large}`],
  ["many fields", `${forged.repeat(2000)}${from}\r\nhi\r\n`, `${obscured.repeat(2000)}${from}\r\nhi\r\n`],
  ["a body that looks like it", `${from}\r\n${forged}`, `${from}\r\n${forged}`],
];
for (const [what, before, after] of cases) {
  Deno.test(`forged results are obscured: ${what}`, async () => {
    for (const piece of [1000, before.length]) {
      const kept = await stored(before, piece);
      assert.ok(kept.text === after, kept.text.slice(0, 200));
      assert.equal(kept.isForged, false);
    }
  });
}

Deno.test("forged results in a header section that is too large to be obscured are told", async () => {
  assert.equal((await stored(`${forged}${from}${wide}\r\nhi\r\n`, 1000)).isForged, true);
  assert.equal((await stored(`${from}${wide}${forged}\r\nhi\r\n`, 1000)).isForged, true);
  assert.equal((await stored(`${from}${wide}${others}\r\nhi\r\n`)).isForged, false);
});
