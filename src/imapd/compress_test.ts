import assert from "node:assert/strict";
import { constants, createDeflateRaw, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { settle } from "../../tests/support/fake_clock.ts";
import { type MemoryTransport, memoryTransports } from "../../tests/support/memory_transport.ts";
import { parseTranscript } from "../../tests/support/transcript.ts";
import { type Bytes, concat, fromLatin1, fromUtf8, latin1, MiB, utf8 } from "../base/bytes.ts";
import { DeflateTransport } from "../net/deflate_transport.ts";
import type { Transport } from "../net/transport.ts";
import { defaultLimits } from "../imap/command_reader.ts";
import { ImapStage } from "./testing/imap_stage.ts";

const active = "bz OK DEFLATE active\r\n";

const flushed = { finishFlush: constants.Z_SYNC_FLUSH };

/** What has come by now. */
async function readNow(transport: Transport): Promise<string> {
  const pieces: Bytes[] = [];
  for (await settle(); transport.buffered > 0; await settle()) {
    const piece = await transport.read();
    if (piece !== null) pieces.push(piece);
  }
  return fromUtf8(concat(pieces));
}

/** A client that has signed in, and compresses. */
async function compressed(stage: ImapStage): Promise<{ plain: MemoryTransport; client: DeflateTransport }> {
  const plain = stage.connect();
  await plain.send("a LOGIN mjl@example.org secret123\r\nbz COMPRESS DEFLATE\r\n");
  await settle();
  assert.ok((await readNow(plain)).endsWith(active));
  return { plain, client: new DeflateTransport(plain) };
}

/** What the server says to a compressed command. */
async function command(client: DeflateTransport, text: string): Promise<string> {
  await client.write(utf8(text));
  const pieces: Bytes[] = [];
  const tag = text.slice(0, text.indexOf(" "));
  while (!fromUtf8(concat(pieces)).includes(`${tag} `)) {
    const piece = await client.read();
    if (piece === null) break;
    pieces.push(piece);
  }
  return fromUtf8(concat(pieces));
}

Deno.test("commands and answers are compressed, until UNAUTHENTICATE, and again", async () => {
  const stage = new ImapStage({}, ["Inbox"]);
  const { plain, client } = await compressed(stage);
  assert.equal(await command(client, "b NOOP\r\n"), "b OK done\r\n");
  const told = await command(client, "c CAPABILITY\r\n");
  assert.doesNotMatch(told, /COMPRESS/);
  assert.equal(
    await command(client, "d COMPRESS DEFLATE\r\n"),
    "d BAD [COMPRESSIONACTIVE] DEFLATE is active already\r\n",
  );
  // RFC 8437 3, 4.1: what is sent along with it is plain again.
  await client.write(utf8("e UNAUTHENTICATE\r\n"));
  await plain.send("f LOGIN mjl@example.org secret123\r\ng COMPRESS DEFLATE\r\n");
  assert.equal(await command(client, ""), "e OK signed out\r\n");
  assert.equal(await client.end(), true);
  const signedIn = await readNow(client);
  assert.match(
    signedIn,
    /^f OK \[CAPABILITY .* COMPRESS=DEFLATE UNAUTHENTICATE\] signed in\r\ng OK DEFLATE active\r\n$/,
  );
  client.begin();
  assert.equal(await command(client, "h LOGOUT\r\n"), "* BYE logging out\r\nh OK bye\r\n");
  client.destroy();
  await stage.assertEnded();
});

Deno.test("IDLE tells through compression at once", async () => {
  const stage = new ImapStage({}, ["Inbox"]);
  const { client } = await compressed(stage);
  await command(client, "b SELECT Inbox\r\n");
  await client.write(utf8("c IDLE\r\n"));
  assert.equal(fromUtf8(await client.read() ?? utf8("")), "+ idling\r\n");
  stage.deliver("Inbox", "plain");
  assert.equal(fromUtf8(await client.read() ?? utf8("")), "* 1 EXISTS\r\n* 1 RECENT\r\n");
  client.destroy();
  await stage.assertEnded();
});

Deno.test("compressed octets may come along with the command, plain ones end the connection", async () => {
  for (
    const [behind, answer] of [
      [deflateRawSync("c NOOP\r\n", flushed), /^c OK done\r\n$/],
      [utf8("c NOOP\r\n"), /^\* BYE this is not compressed\r\n$/],
    ] as const
  ) {
    const stage = new ImapStage({}, ["Inbox"]);
    const plain = stage.connect();
    await plain.write(concat([utf8("a LOGIN mjl@example.org secret123\r\nbz COMPRESS DEFLATE\r\n"), behind]));
    plain.endWriting();
    await Promise.all(stage.running);
    const all = await receiveAll(plain);
    assert.match(all.slice(all.indexOf(active) + active.length), answer);
    await stage.assertEnded();
  }
});

Deno.test("compressed commands behind UNAUTHENTICATE end the connection", async () => {
  const stage = new ImapStage({}, ["Inbox"]);
  const { client } = await compressed(stage);
  await client.write(utf8("b UNAUTHENTICATE\r\nc LOGIN mjl@example.org secret123\r\n"));
  assert.equal(await command(client, ""), "b OK signed out\r\n");
  await client.end();
  assert.equal(await readNow(client), "* BYE compressed octets behind UNAUTHENTICATE\r\n");
  client.destroy();
  await stage.assertEnded();
});

/** Octets that inflate to `count` times `unit`. */
async function bomb(head: string, unit: Uint8Array, count: number): Promise<Uint8Array> {
  const deflate = createDeflateRaw({ level: 9 });
  const pieces: Uint8Array[] = [];
  deflate.on("data", (piece: Uint8Array) => pieces.push(piece));
  deflate.write(head);
  for (let i = 0; i < count; i++) deflate.write(unit);
  await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, () => resolve()));
  return concat(pieces);
}

Deno.test("a line of a gigabyte that came in a megabyte is refused, and read only as far as any other", async () => {
  const stage = new ImapStage({}, ["Inbox"]);
  const { plain, client } = await compressed(stage);
  const line = await bomb("b NOOP ", new Uint8Array(MiB).fill(0x41), 8);
  let inflated = 0;
  const reading = (async () => {
    for (let piece = await client.read(); piece !== null; piece = await client.read()) {
      const text = fromUtf8(piece);
      if (inflated === 0) assert.match(text, /^b NO \[TOOBIG\] line too long\r\n/);
      inflated++;
    }
  })().catch(() => {});
  await plain.write(line);
  const more = await bomb("", new Uint8Array(MiB).fill(0x41), 16);
  for (let sent = 0; sent < defaultLimits.maxSkippedBytes && !plain.peer.isClosed; sent += 16 * MiB) {
    await plain.write(more).catch(() => {});
  }
  await reading;
  client.destroy();
  await stage.assertEnded();
  assert.equal(inflated > 0, true);
});

Deno.test("an APPEND that inflates to more than fits is refused as any other", async () => {
  const stage = new ImapStage({ quotaBytes: 3 * MiB }, ["Inbox"]);
  const { plain, client } = await compressed(stage);
  await plain.write(await bomb(`b APPEND Inbox {${8 * MiB}+}\r\n`, new Uint8Array(MiB).fill(0x41), 8));
  await client.write(utf8("\r\n"));
  assert.equal(await command(client, "c NOOP\r\n"), "b NO [OVERQUOTA] over quota\r\nc OK done\r\n");
  client.destroy();
  await stage.assertEnded();
});

async function receiveAll(plain: MemoryTransport): Promise<string> {
  const pieces: Bytes[] = [];
  for (let piece = await plain.read(); piece !== null; piece = await plain.read()) pieces.push(piece);
  const bytes = concat(pieces);
  const text = fromLatin1(bytes);
  const at = text.indexOf(active);
  if (at === -1) return fromUtf8(bytes);
  const { server, client: sender } = memoryTransports({});
  void sender.write(bytes.slice(at + active.length));
  sender.endWriting();
  const client = new DeflateTransport(server);
  const rest: string[] = [text.slice(0, at + active.length)];
  let ended = false;
  for (let piece = await client.read(); piece !== null; piece = await client.read()) {
    rest.push(fromUtf8(piece));
    if (ended || !/^c9 OK/m.test(rest.slice(1).join(""))) continue;
    assert.equal(await client.end(), true);
    ended = true;
  }
  client.destroy();
  return rest.join("");
}

/** The dialogue of everything.txt, compressed from sign-in to UNAUTHENTICATE. */
function everything(): { wire: Bytes; acts: readonly (readonly string[])[] } {
  const text = Deno.readTextFileSync(new URL("../../tests/transcripts/imap/everything.txt", import.meta.url));
  const steps = parseTranscript(text);
  const all = fromLatin1(concat(steps.flatMap((step) => step.kind === "send" ? [step.bytes] : [])));
  const from = all.indexOf("b3 ");
  const to = all.indexOf("d1 ");
  const wire = concat([
    latin1(`${all.slice(0, from)}bz COMPRESS DEFLATE\r\n`),
    deflateRawSync(latin1(all.slice(from, to)), flushed),
    latin1(all.slice(to)),
  ]);
  return { wire, acts: steps.flatMap((step) => step.kind === "act" ? [step.words] : []) };
}

async function answersTo(wire: Bytes, acts: readonly (readonly string[])[], cuts: readonly number[]) {
  const stage = new ImapStage({}, null);
  const plain = stage.connect({ plainWithoutTls: true }, { secure: false });
  for (const words of acts) await stage.other(words);
  let at = 0;
  for (const cut of [...cuts, wire.length]) {
    await plain.write(wire.subarray(at, cut));
    if (cuts.length > 0) await settle();
    at = cut;
  }
  plain.endWriting();
  await Promise.all(stage.running);
  await stage.assertEnded();
  return await receiveAll(plain);
}

Deno.test("however the octets of a compressed dialogue are split, the answers are the same", async () => {
  const { wire, acts } = everything();
  const whole = await answersTo(wire, acts, []);
  assert.match(whole, /^c9 OK signed out\r\n[^]*^z9 OK/m);
  const cuts = fc.uniqueArray(fc.nat(wire.length), { minLength: 1, maxLength: 12 }).map((all) =>
    all.sort((a, b) => a - b)
  );
  await fc.assert(
    fc.asyncProperty(cuts, async (cuts) => assert.equal(await answersTo(wire, acts, cuts), whole)),
    { numRuns: 25 },
  );
  // Also in every single place around the end of compression.
  const end = wire.length - 140;
  for (let cut = end; cut < wire.length; cut += 1) {
    assert.equal(await answersTo(wire, acts, [cut]), whole, `${cut}`);
  }
});
