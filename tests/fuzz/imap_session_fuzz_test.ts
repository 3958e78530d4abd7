/**
 * Whole IMAP sessions with octets changed at random: each must end, hold nothing afterwards, and never show a bug.
 *
 * `MAILDEN_FUZZ_SECONDS` sets for how long it runs, `MAILDEN_FUZZ_SEED` where chance begins.
 *
 * @module
 */
import assert from "node:assert/strict";
import { constants, deflateRawSync } from "node:zlib";
import { type Bytes, concat, fromLatin1 } from "../../src/base/bytes.ts";
import { ImapStage } from "../../src/imapd/testing/imap_stage.ts";
import { parseTranscript } from "../support/transcript.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5");
const firstSeed = Number(Deno.env.get("MAILDEN_FUZZ_SEED") ?? "1");

/** Numbers from 0 up to, without, 1; the same for the same seed (mulberry32). */
function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

const folder = new URL("../transcripts/imap/", import.meta.url);
const corpus = [
  "everything",
  "fetch",
  "search",
  "sort",
  "contexts",
  "partial",
  "multi_search",
  "list",
  "mailboxes",
  "copy",
  "append",
  "condstore",
  "qresync",
  "notify",
  "notify_names",
  "replace",
  "catenate",
].map((name) =>
  parseTranscript(Deno.readTextFileSync(new URL(`${name}.txt`, folder))).flatMap((step) =>
    step.kind === "send" ? [step.bytes] : []
  )
);
/** Octets with a meaning, for mutations. */
const telling = [...'\r\n{}()"\\[]<>*%$,:+~ 0\0\xff'].map((char) => char.charCodeAt(0));

function mutated(packets: readonly Bytes[], random: () => number): Bytes {
  const pick = (n: number) => Math.floor(random() * n);
  const bytes = concat(packets.filter(() => random() < 0.8)).slice();
  const pieces: Uint8Array[] = [];
  for (let i = pick(4); i > 0 && bytes.length > 0; i--) {
    bytes[pick(bytes.length)] = telling[pick(telling.length)] ?? 0;
  }
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + pick(400);
    if (random() < 0.97) pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return concat(pieces);
}

/** Changed before it is compressed, or behind it; some of it not compressed at all. */
function compressed(packets: readonly Bytes[], random: () => number): Bytes {
  const finishFlush = random() < 0.8 ? constants.Z_SYNC_FLUSH : constants.Z_FINISH;
  const deflated = deflateRawSync(random() < 0.5 ? mutated(packets, random) : concat(packets), {
    finishFlush,
  });
  if (random() < 0.5 && deflated.length > 0) {
    deflated[Math.floor(random() * deflated.length)] = Math.floor(random() * 256);
  }
  const behind = random() < 0.3 ? mutated(packets, random) : [];
  return concat([new TextEncoder().encode("z COMPRESS DEFLATE\r\n"), deflated, Uint8Array.from(behind)]);
}

async function run(seed: number): Promise<void> {
  const random = chance(seed);
  const stage = new ImapStage({}, null);
  for (const name of ["plain", "mixed", "folded", "latin", "plan", "answer"]) stage.deliver("Inbox", name);
  const client = stage.connect({ plainWithoutTls: true });
  const packets = corpus[Math.floor(random() * corpus.length)] ?? [];
  const signIn = new TextEncoder().encode("s LOGIN mjl@example.org secret123\r\n");
  const all = concat([signIn, random() < 0.3 ? compressed(packets, random) : mutated(packets, random)]);
  const answers: Bytes[] = [];
  const reading = (async () => {
    for (let piece = await client.read(); piece !== null; piece = await client.read()) answers.push(piece);
  })().catch(() => {});
  for (let at = 0; at < all.length;) {
    const end = at + 1 + Math.floor(random() * 200);
    await client.write(all.subarray(at, end)).catch(() => {});
    at = end;
  }
  client.endWriting();
  // What waits on purpose (a wrong first command, wrong passwords) waits on the fake clock.
  while (!client.peer.isClosed) await stage.clock.advance(60_000);
  await reading;
  await stage.assertEnded();
  const text = fromLatin1(concat(answers));
  assert.ok(!text.includes("SERVERBUG"), `a bug shows: ${text.slice(-2000)}`);
  assert.match(stage.metrics.text(), /mailden_panic_total\{pkg="imapserver"\} 0/);
}

Deno.test("IMAP sessions of changed octets end in order", async () => {
  const end = performance.now() + seconds * 1000;
  for (let seed = firstSeed; performance.now() < end; seed++) {
    try {
      await run(seed);
    } catch (error) {
      throw new Error(`MAILDEN_FUZZ_SEED=${seed}`, { cause: error });
    }
  }
});
