import assert from "node:assert/strict";
import { chance } from "./testing/model_search.ts";
import { type StageClient, staged } from "./testing/sharing_stage.ts";

const seed = Number(Deno.env.get("MAILDEN_MODEL_SEED") ?? Date.now() % 2 ** 30);

/** Longest that somebody does not hear of something, on a busy machine. */
const patienceMs = 15_000;

/** What the owner does while others look on: most of it changes rights, to which those who look on listen anew each time. */
const deeds = [
  "SETACL Inbox cat lr",
  "DELETEACL Inbox cat",
  "SETACL Inbox bob +w",
  "SETACL Inbox bob -w",
  "STORE 1 +FLAGS.SILENT (\\Flagged)",
  "STORE 1 -FLAGS.SILENT (\\Flagged)",
  "STORE * +FLAGS.SILENT (\\Deleted)",
  "EXPUNGE",
  "APPEND",
] as const;
const text = "Subject: x\r\n\r\nx\r\n";

/** Counts the messages that a client knows of, until there are so many and the last keyword is told. */
async function hears(client: StageClient, count: number, isLast: RegExp): Promise<void> {
  let known = 0;
  let told = false;
  while (known !== count || !told) {
    const line = await client.line();
    assert.ok(line !== null, "the connection ended");
    const exists = /^\* (\d+) EXISTS$/.exec(line)?.[1];
    if (exists !== undefined) known = Number(exists);
    else if (/^\* \d+ EXPUNGE$/.test(line)) known--;
    told ||= isLast.test(line);
  }
}

for (let run = 0; run < 4; run++) {
  staged(
    `who idles in a shared mailbox hears of everything while rights change (run ${run})`,
    async (stage) => {
      const random = chance(seed + run);
      for (let i = 0; i < 3; i++) await stage.put("ann", "Inbox", "plain");
      const ann = await stage.client("ann", "Inbox");
      await ann.command("SETACL Inbox bob lr");
      const bobs: StageClient[] = [];
      for (let i = 0; i < 3; i++) {
        const bob = await stage.client("bob", null, random);
        await bob.send('s SELECT "Other Users/ann/Inbox"\r\ni IDLE\r\n');
        bobs.push(bob);
      }
      for (let i = 0; i < 60; i++) {
        const deed = deeds[Math.floor(random() * deeds.length)] ?? "NOOP";
        await ann.command(deed === "APPEND" ? `APPEND Inbox {${text.length}+}\r\n${text}` : deed);
      }
      await ann.command(`APPEND Inbox {${text.length}+}\r\n${text}`);
      await ann.command("SETACL Inbox cat lrs");
      await ann.command("STORE * +FLAGS.SILENT (last)");
      const count = Number(/MESSAGES (\d+)/.exec(await ann.command("STATUS Inbox (MESSAGES)"))?.[1]);
      const { promise: late, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(() => reject(new Error(`seed ${seed + run}: bob is not told`)), patienceMs);
      const heard = Promise.all(bobs.map((bob) => hears(bob, count, / FLAGS .*\blast\b/)));
      await Promise.race([heard, late]).finally(() => clearTimeout(timer));
    },
  );
}
