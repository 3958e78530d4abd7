/**
 * What the front spends on FETCH of 100,000 messages, without store and without network.
 *
 * @module
 */
import { memoryTransports } from "../../tests/support/memory_transport.ts";
import type { FetchBatch, FetchRequest, FlagColumns, Mail } from "../accounts/mail.ts";
import { utf8 } from "../base/bytes.ts";
import { silentLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import { systemClock } from "../net/system_clock.ts";
import { imapMetrics } from "./metrics.ts";
import { serveImap } from "./serve_imap.ts";
import { MemoryAuthenticator } from "./testing/memory_authenticator.ts";
import { MemoryMail } from "./testing/memory_mail.ts";

const count = 100_000;
const perBatch = 2000;
const envelope = utf8(
  `("Mon, 7 Feb 1994 21:52:25 -0800" "a subject of usual length" (("Ann" NIL "ann" "example.net")) ` +
    `(("Ann" NIL "ann" "example.net")) (("Ann" NIL "ann" "example.net")) ((NIL NIL "mjl" "example.org")) ` +
    `NIL NIL NIL "<B27397-0100000@example.net>")`,
);
const structure = utf8(
  `(("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "QUOTED-PRINTABLE" 1152 23 NIL NIL NIL NIL)` +
    `("TEXT" "HTML" ("CHARSET" "utf-8") NIL NIL "QUOTED-PRINTABLE" 4554 73 NIL NIL NIL NIL) ` +
    `"ALTERNATIVE" ("BOUNDARY" "d3438gr7324") NIL NIL NIL)`,
);

function flagColumns(uids: Uint32Array): FlagColumns {
  return {
    uids,
    modseqs: new Float64Array(uids.length).fill(7),
    bits: uids.map((uid) => uid % 4),
    keywordSet: new Uint16Array(uids.length),
    keywordSets: [""],
  };
}

/** One mailbox full of the same message, as columns. */
class FullMail extends MemoryMail {
  override async open(request: { mailbox: number; claimRecent: boolean }) {
    const open = await super.open(request);
    const uids = Uint32Array.from({ length: count }, (_, i) => i + 1);
    return { ...open, uids, recentFromUid: count + 1, info: { ...open.info, uidNext: count + 1 } };
  }

  override async *fetch(request: FetchRequest): AsyncGenerator<FetchBatch> {
    const columns = request.bytes.map((column) => column === "envelope" ? envelope : structure);
    const bytes = columns.reduce((sum, column) => sum + column.length, 0);
    for (let first = 1; first <= count; first += perBatch) {
      await Promise.resolve();
      const uids = Uint32Array.from({ length: perBatch }, (_, i) => first + i);
      const values = new Uint8Array(bytes * perBatch);
      for (let i = 0, at = 0; i < perBatch; i++) {
        for (const column of columns) {
          values.set(column, at);
          at += column.length;
        }
      }
      yield {
        uids,
        flags: flagColumns(uids),
        sizes: new Float64Array(perBatch).fill(5000),
        internalDates: null,
        saveDates: null,
        emailIds: null,
        threadIds: null,
        lengths: Float64Array.from(
          { length: perBatch * columns.length },
          (_, i) => columns[i % columns.length]?.length ?? 0,
        ),
        values,
      };
    }
  }
}

async function answer(command: string): Promise<void> {
  const { server, client } = memoryTransports({ secure: true });
  const mail: Mail = new FullMail();
  const served = serveImap(server, { authenticator: new MemoryAuthenticator(), openMail: () => mail }, {
    service: "imaps",
    startTls: false,
    plainWithoutTls: false,
    mechanisms: [],
  }, {
    log: silentLog,
    clock: systemClock,
    metrics: imapMetrics(new Metrics()),
    stopping: new AbortController().signal,
  });
  await client.send(`a LOGIN mjl@example.org secret123\r\nb SELECT Inbox\r\nc ${command}\r\nd LOGOUT\r\n`);
  while (await client.read() !== null);
  await served;
}

Deno.bench("SELECT of 100,000", { n: 5, warmup: 1 }, async () => await answer("NOOP"));
Deno.bench(
  "FETCH 1:* (UID FLAGS) of 100,000",
  { n: 5, warmup: 1 },
  async () => await answer("FETCH 1:* (UID FLAGS)"),
);
Deno.bench(
  "FETCH 1:* (ENVELOPE BODYSTRUCTURE) of 100,000",
  { n: 5, warmup: 1 },
  async () => await answer("FETCH 1:* (ENVELOPE BODYSTRUCTURE)"),
);
