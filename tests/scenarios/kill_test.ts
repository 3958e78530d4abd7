/**
 * A 250 is a promise: the server is killed at random moments under load, started again, and every message that
 * was acknowledged is there exactly once and byte for byte.
 *
 * @module
 */
import assert from "node:assert/strict";
import { imap, LineClient, smtp } from "../support/line_client.ts";
import { join } from "../support/paths.ts";
import { mailden, makeFolder, type Mode, removeFolder, startServer } from "../support/server.ts";

/** Kills of one run; more by hand with MAILDEN_KILLS. */
const kills = Number(Deno.env.get("MAILDEN_KILLS") ?? "3");

/** Connections that send at once. */
const senders = 6;

/** A small generator of numbers from a seed, so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The message with a number: its size differs, and every now and then it is larger than what goes in one frame. */
function content(id: string, next: () => number): string {
  const lines = next() < 0.05 ? 8000 : Math.floor(next() * 60);
  const body = `line of message ${id}, with some text to fill it up\r\n`.repeat(lines);
  return `From: <a@example.org>\r\nTo: <you@localhost>\r\nSubject: ${id}\r\nMessage-ID: <${id}@kill>\r\n\r\n${body}`;
}

/** Sends until the connection breaks; what got its 250 is noted in `acknowledged`. */
async function send(
  port: number,
  name: string,
  seed: number,
  acknowledged: Map<string, string>,
): Promise<void> {
  const next = random(seed);
  let client: LineClient | null = null;
  try {
    client = await LineClient.connect(port);
    await smtp(client, null);
    await smtp(client, "EHLO kill.example.org");
    for (let n = 0;; n++) {
      const id = `${name}-${n}`;
      const text = content(id, next);
      await client.send(`MAIL FROM:<a@example.org>\r\nRCPT TO:<you@localhost>\r\nDATA\r\n`);
      for (let i = 0; i < 3; i++) assert.match(await smtp(client, null), /^[23]/);
      await client.send(`${text}.\r\n`);
      const reply = await smtp(client, null);
      if (reply.startsWith("250")) acknowledged.set(id, text);
    }
  } catch {
    // The server was killed: what had no answer may be there or not.
  } finally {
    client?.close();
  }
}

/** What one reading of the inbox found. */
interface Inbox {
  /** Messages by their Subject, without the trace fields that the server puts in front. */
  readonly found: ReadonlyMap<string, readonly string[]>;
  /** What SELECT and FETCH answered beside messages, for the one who looks into a failure. */
  readonly answers: readonly string[];
}

/** Reads the inbox; a FETCH that does not end well is an error of its own. */
async function readInbox(port: number): Promise<Inbox> {
  const client = await LineClient.connect(port);
  await client.line();
  await imap(client, "a", "LOGIN mailden@localhost maildenmailden");
  const selected = await imap(client, "b", "SELECT INBOX");
  const fetched = await imap(client, "c", "UID FETCH 1:* (BODY.PEEK[])");
  await imap(client, "d", "LOGOUT");
  client.close();
  const found = new Map<string, string[]>();
  for (const line of fetched) {
    const start = line.indexOf("From: <a@example.org>");
    if (start === -1) continue;
    const text = line.slice(start, line.lastIndexOf(")"));
    const id = /^Subject: (\S+)/m.exec(text)?.[1] ?? "";
    found.set(id, [...found.get(id) ?? [], text]);
  }
  const answers = [...selected, ...fetched.filter((line) => !/^\* \d+ FETCH /.test(line))];
  assert.match(fetched.at(-1) ?? "", /^c OK/, answers.join("\n"));
  return { found, answers };
}

/**
 * Compares with what was acknowledged. Where something is missing the inbox is read once more, so that the failure says
 * whether the message is lost or was only not told.
 */
async function compare(port: number, acknowledged: ReadonlyMap<string, string>, seed: number): Promise<void> {
  const { found, answers } = await readInbox(port);
  const missing = [...acknowledged.keys()].filter((id) => !found.has(id));
  if (missing.length > 0) {
    const again = (await readInbox(port)).found;
    const told = missing.filter((id) => again.has(id));
    assert.fail(
      `seed ${seed}: ${missing.length} of ${acknowledged.size} messages are missing (${
        missing.slice(0, 5)
      }), ` +
        `${told.length} of them came with a second FETCH; the first said:\n${answers.join("\n")}`,
    );
  }
  for (const [id, text] of acknowledged) {
    assert.deepEqual(found.get(id), [text], `seed ${seed}: message ${id}`);
  }
  for (const [id, copies] of found) {
    assert.equal(copies.length, 1, `seed ${seed}: ${id} is there more than once`);
  }
}

for (const mode of ["localserve", "serve"] satisfies Mode[]) {
  Deno.test(`${mode}: every acknowledged message survives ${kills} kills, once and unchanged`, async () => {
    const seed = Number(Deno.env.get("MAILDEN_SEED") ?? Date.now() % 1_000_000);
    const next = random(seed);
    const made = await makeFolder();
    const acknowledged = new Map<string, string>();
    try {
      for (let round = 0; round < kills; round++) {
        const server = await startServer(mode, made);
        await compare(made.ports.imap, acknowledged, seed);
        const sending = Array.from(
          { length: senders },
          (_, i) => send(made.ports.smtp, `r${round}s${i}`, seed + round * 100 + i, acknowledged),
        );
        await new Promise((resolve) => setTimeout(resolve, 200 + next() * 700));
        await server.kill();
        await Promise.all(sending);
      }
      const server = await startServer(mode, made);
      await compare(made.ports.imap, acknowledged, seed);
      await server.stop();
      // What the kills left behind was swept when the server started.
      const verified = await mailden("verifydata", join(made.folder, "data"));
      assert.equal(verified.code, 0, `seed ${seed}: ${verified.stdout}${verified.stderr}`);
      assert.ok(acknowledged.size > 0, "nothing was acknowledged");
    } finally {
      await removeFolder(made.folder);
    }
  });
}
