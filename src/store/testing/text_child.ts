/**
 * Adds emails to an index and tells of each that is in, until it is killed.
 *
 * @module
 */
import { silentLog } from "../../base/log.ts";
import { TextIndex } from "../text_index.ts";

const parser = { read: () => Promise.resolve([]) };
const folder = Deno.args[0] ?? "";
const index = new TextIndex({ folder, database: "d", lastEmail: 1e6, log: silentLog, parser });
const filler = Array.from({ length: 400 }, (_, i) => Math.sin(i).toString(36)).join(" ");
for (let done = index.done;;) {
  const texts = Array.from({ length: 8 }, (_, i) => ({
    accountId: 1,
    emailId: done + i + 1,
    text: { header: "", body: `needle ${done + i + 1} ${filler}` },
  }));
  done += 8;
  index.add(texts, done);
  Deno.stdout.writeSync(new TextEncoder().encode(`${done}\n`));
}
