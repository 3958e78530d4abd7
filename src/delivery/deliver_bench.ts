/**
 * How many messages of 2 KB, 50 KB and 5 MB the store takes in, against bare append and fdatasync of as many bytes
 * on the same disk in the same run.
 *
 * ```sh
 * deno run -A src/delivery/deliver_bench.ts [seconds]
 * ```
 *
 * @module
 */
import { concat, KiB, MiB, noBytes, utf8 } from "../base/bytes.ts";
import { createAccount } from "../store/accounts.ts";
import { maxInlineBody } from "../store/bodies.ts";
import { maxPieceBytes } from "../store/spool.ts";
import { sampleIndex, sampleMessage } from "../store/testing/sample_message.ts";
import { type TempStore, tempStore } from "../store/testing/temp_store.ts";
import type { Incoming } from "./deliver.ts";
import { DeliveryService } from "./delivery_service.ts";

const seconds = Number(Deno.args[0] ?? 1);

/** Appends and syncs `bytes` for a while; returns rounds per second. */
async function bareAppend(folder: string, bytes: number): Promise<number> {
  const file = await Deno.open(`${folder}/append`, { create: true, append: true });
  const piece = new Uint8Array(bytes).fill(97);
  const end = performance.now() + seconds * 300;
  const began = performance.now();
  let n = 0;
  for (; performance.now() < end; n++) {
    file.writeSync(piece);
    file.syncDataSync();
  }
  file.close();
  Deno.removeSync(`${folder}/append`);
  return n / (performance.now() - began) * 1000;
}

async function deliveries(temp: TempStore, bytes: number, outstanding: number): Promise<number> {
  const service = new DeliveryService(temp.store, {
    lookup: () => ({ kind: "local", account: "ann", mailbox: "Inbox" }),
    maySend: (account) => account === "ann",
  });
  const { content, index } = sampleMessage({ textBytes: bytes, messageId: null });
  let n = 0;
  const began = performance.now();
  const end = began + seconds * 1000;
  await Promise.all(Array.from({ length: outstanding }, async () => {
    while (performance.now() < end) {
      const id = crypto.getRandomValues(new Uint8Array(16)).toHex();
      const request: Incoming = {
        deliveryId: id,
        from: { local: "ann", domain: "example.org" },
        recipients: [{
          address: { local: "bob", domain: "example.org" },
          prefix: utf8("Received: from somewhere\r\n".repeat(10)),
        }],
        remoteAddress: "192.0.2.1",
        helo: "example.org",
        index: { ...index, messageId: id, subject: id, baseSubject: id },
        content,
        spool: null,
        cid: "1",
      };
      if (content.length <= maxInlineBody) await service.deliver(request);
      else {
        // Each another content, so that each is another file.
        const whole = concat([utf8(`X: ${id}\r\n`), content]);
        const spool = await service.spoolOpen({});
        for (let at = 0; at < whole.length; at += maxPieceBytes) {
          await service.spoolWrite({ spool, bytes: whole.subarray(at, at + maxPieceBytes) });
        }
        await service.deliver({
          ...request,
          index: { ...sampleIndexOf(whole.length, request.index) },
          content: null,
          spool,
        });
      }
      n++;
    }
  }));
  await service.close();
  return n / (performance.now() - began) * 1000;
}

/** The same index for a longer body. */
function sampleIndexOf(size: number, index: Incoming["index"]): Incoming["index"] {
  return { ...index, size, root: { ...sampleIndex(noBytes).root, bodyEnd: size } };
}

if (import.meta.main) {
  await using temp = tempStore();
  await temp.store.writer.run((tx) => createAccount(tx, { name: "ann", maxBytes: null }));
  await deliveries(temp, 2 * KiB, 20); // Warm.
  for (const [bytes, outstanding] of [[2 * KiB, 20], [2 * KiB, 1], [50 * KiB, 20], [5 * MiB, 4]] as const) {
    const bare = await bareAppend(temp.folder, bytes);
    const rate = await deliveries(temp, bytes, outstanding);
    // deno-lint-ignore no-console -- A program for the terminal.
    console.log(
      `${bytes / KiB} KB, ${outstanding} at once: ${rate.toFixed(0)}/s (${
        (rate * bytes / MiB).toFixed(0)
      } MB/s), ` +
        `bare append+fdatasync ${bare.toFixed(0)}/s, ratio ${(rate / bare).toFixed(2)}, WAL ${
          (temp.store.walBytes / MiB).toFixed(1)
        } MB`,
    );
  }
}
