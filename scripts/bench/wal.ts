/**
 * The write-ahead log under sustained load: deliveries at full rate beside a client that reads 100,000 messages again
 * and again.
 *
 * @module
 */
import type { TestServer } from "../../tests/support/server.ts";
import { ImapProbe } from "./imap.ts";
import type { Load, LoadResult } from "./load.ts";
import { row, title } from "./table.ts";

/** How often the log's file is looked at. */
const lookMs = 20;

/** @param load Runs the load generator. */
export async function benchWal(
  server: TestServer,
  seconds: number,
  load: (settings: Load) => Promise<LoadResult>,
): Promise<void> {
  title(`Deliveries for ${seconds} s beside FETCH of 100,000 messages`);
  let largest = 0;
  const look = setInterval(() => {
    try {
      largest = Math.max(largest, Deno.statSync(`${server.folder}/data/mail.sqlite-wal`).size);
    } catch {
      // Not there yet.
    }
  }, lookMs);
  let over = false;
  const { smtp, imap } = server.ports;
  const delivering = load({ port: smtp, connections: 20, bytes: 2048, seconds, mode: "plain" })
    .finally(() => over = true);
  const probe = await ImapProbe.open(imap);
  await probe.run("LOGIN mailden@localhost maildenmailden");
  await probe.run("SELECT Large");
  let bytes = 0;
  const begin = performance.now();
  while (!over) bytes += (await probe.run("FETCH 1:100000 (UID BODY.PEEK[])")).bytes;
  const elapsed = (performance.now() - begin) / 1000;
  clearInterval(look);
  const { done, failed, seconds: taken } = await delivering;
  row("delivered", `${(done / taken).toFixed(0)}/s, ${failed} failed`);
  row("read", `${(bytes / elapsed / 2 ** 20).toFixed(0)} MB/s`);
  row("largest write-ahead log", `${(largest / 2 ** 20).toFixed(1)} MB`, null, "under 64 MB");
  probe.close();
}
