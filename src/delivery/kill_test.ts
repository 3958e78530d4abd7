/**
 * Kills a process that delivers at full speed, again and again, and looks for what it had acknowledged.
 *
 * @module
 */
import assert from "node:assert/strict";
import { sha256 } from "../store/block_hash.ts";
import { many, prepared } from "../store/query.ts";
import { tempStore } from "../store/testing/temp_store.ts";

const child = new URL("./testing/deliver_child.ts", import.meta.url).pathname;
const kills = 4;

const emails = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("messages").innerJoin("emails", "emails.id", "messages.email_id")
    .innerJoin("email_fields", "email_fields.email_id", "emails.id")
    .select(["email_fields.subject", "emails.body_id"])
);

/** Runs the child, kills it after `ms`, and returns what it had acknowledged: hashes by number. */
async function killed(folder: string, first: number, ms: number): Promise<Map<string, string>> {
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--no-check",
      "--no-lock",
      `--allow-read=${folder}`,
      `--allow-write=${folder}`,
      child,
      folder,
      String(first),
    ],
    stdout: "piped",
  }).spawn();
  let text = "";
  let kill: ReturnType<typeof setTimeout> | undefined;
  for await (const bytes of process.stdout) {
    text += new TextDecoder().decode(bytes);
    // From the first acknowledgement on, so that there is something to lose.
    kill ??= setTimeout(() => process.kill("SIGKILL"), ms);
  }
  clearTimeout(kill);
  await process.status;
  const lines = text.slice(0, Math.max(0, text.lastIndexOf("\n"))).split("\n");
  return new Map(lines.map((line) => line.split(" ") as [string, string])); // Two words, as the child prints them.
}

Deno.test("whatever is killed when, an acknowledged message is there, once and byte for byte", async () => {
  await using temp = tempStore();
  await temp.store.close();
  const acknowledged = new Map<string, string>();
  for (let i = 0; i < kills; i++) {
    const told = await killed(temp.folder, i * 1_000_000, 50 + Math.random() * 250);
    assert.ok(told.size > 0);
    for (const [number, hash] of told) acknowledged.set(number, hash);
  }
  const store = await temp.reopen();
  const found = new Map<string, string>();
  for (const { subject, body_id } of store.read(many(emails, {}))) {
    assert.ok(!found.has(subject), `message ${subject} is there twice`);
    const reader = store.read(store.bodies.open(body_id));
    found.set(subject, sha256(reader.slice(0, reader.size)));
  }
  for (const [number, hash] of acknowledged) assert.equal(found.get(number), hash, `message ${number}`);
});
