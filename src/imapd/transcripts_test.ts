/**
 * Plays every file of tests/transcripts/imap: dialogues of one client, with another one's changes in between.
 *
 * The first line that begins with `! begin` says how the connection starts: `plain` (no TLS yet) or `tls` (the default),
 * `signed-in`, `mailboxes a b/c`, `certificate`, `insecure` (passwords without TLS), `messages=3` and `saved=3` (limits),
 * `hides=UIDONLY` (what the account hides).
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { settle } from "../../tests/support/fake_clock.ts";
import { memoryTls } from "../../tests/support/memory_transport.ts";
import { parseTranscript, play, type Step } from "../../tests/support/transcript.ts";
import { concat, fromUtf8 } from "../base/bytes.ts";
import { ImapStage } from "./testing/imap_stage.ts";

const folder = new URL("../../tests/transcripts/imap/", import.meta.url);

interface Begin {
  readonly words: readonly string[];
  readonly mailboxes: readonly string[] | null;
}

function begin(steps: readonly Step[]): Begin {
  const [first] = steps;
  const words = first?.kind === "act" && first.words[0] === "begin" ? first.words.slice(1) : [];
  const at = words.indexOf("mailboxes");
  return { words: at === -1 ? words : words.slice(0, at), mailboxes: at === -1 ? null : words.slice(at + 1) };
}

function open({ words, mailboxes }: Begin) {
  const stage = new ImapStage({}, mailboxes);
  const hides = words.find((each) => each.startsWith("hides="));
  if (hides !== undefined) stage.authenticator.hiddenCapabilities = hides.slice("hides=".length).split(",");
  const certificate = words.includes("certificate");
  const tls = certificate
    ? { ...memoryTls, clientCertificate: { fingerprint: "known", der: new Uint8Array() } }
    : memoryTls;
  const limit = (name: string) => {
    const word = words.find((each) => each.startsWith(`${name}=`));
    return word === undefined ? null : Number(word.slice(name.length + 1));
  };
  const settings = {
    plainWithoutTls: words.includes("insecure"),
    messageLimit: limit("messages"),
    saveLimit: limit("saved"),
  };
  const client = stage.connect(settings, {
    secure: !words.includes("plain"),
    tls,
  });
  return { stage, client };
}

const signIn = parseTranscript([
  "S: * OK [CAPABILITY {*}] mailden",
  "C: in LOGIN mjl@example.org secret123",
  "S: in OK [CAPABILITY {*}] signed in",
].join("\n"));

const files = [...Deno.readDirSync(folder)].map((entry) => entry.name).filter((name) => name.endsWith(".txt"))
  .sort();

for (const name of files) {
  const steps = parseTranscript(Deno.readTextFileSync(new URL(name, folder)));
  const beginning = begin(steps);
  const rest = beginning.words.length > 0 || beginning.mailboxes !== null ? steps.slice(1) : steps;

  Deno.test(`transcript ${name}`, async () => {
    const { stage, client } = open(beginning);
    const act = (words: readonly string[]) => stage.other(words);
    const all = beginning.words.includes("signed-in") ? [...signIn, ...rest] : rest;
    await play(all, { client, clock: stage.clock, act });
    client.endWriting();
    await settle();
    if (!client.isClosed) client.destroy();
    await stage.assertEnded();
  });
}

/** Everything that a transcript's client sends, at once. */
async function answersTo(
  steps: readonly Step[],
  bytes: Uint8Array,
  cuts: readonly number[],
): Promise<string> {
  const { stage, client } = open(begin(steps));
  for (const step of steps) if (step.kind === "act") await stage.other(step.words);
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    await client.write(bytes.subarray(at, cut));
    if (cuts.length > 0) await settle();
    at = cut;
  }
  client.endWriting();
  const pieces: Uint8Array[] = [];
  for (
    let piece = await client.read().catch(() => null);
    piece !== null;
    piece = await client.read().catch(() => null)
  ) {
    pieces.push(piece);
  }
  await stage.assertEnded();
  return fromUtf8(concat(pieces));
}

Deno.test("however the octets of a dialogue are split, the answers are the same", async () => {
  const text = Deno.readTextFileSync(new URL("everything.txt", folder));
  const steps = parseTranscript(text);
  const bytes = concat(steps.flatMap((step) => step.kind === "send" ? [step.bytes] : []));
  const whole = await answersTo(steps, bytes, []);
  assert.match(whole, /z9 OK/);
  const cuts = fc.uniqueArray(fc.nat(bytes.length), { minLength: 1, maxLength: 12 }).map((all) =>
    all.sort((a, b) => a - b)
  );
  await fc.assert(
    fc.asyncProperty(cuts, async (cuts) => assert.equal(await answersTo(steps, bytes, cuts), whole)),
    { numRuns: 25 },
  );
});
