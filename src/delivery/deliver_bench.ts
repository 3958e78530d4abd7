/**
 * What taking messages in costs the store: rate, against bare append and fdatasync of as many bytes on the same disk in
 * the same run; CPU time of a message; what a commit writes to the log.
 *
 * ```sh
 * deno run -A src/delivery/deliver_bench.ts [seconds]
 * ```
 *
 * CPU time is that of the whole process, the best of several rounds; on a machine that others use it still differs by a tenth.
 *
 * @module
 */
import process from "node:process";
import { concat, KiB, MiB, noBytes, utf8 } from "../base/bytes.ts";
import { createAccount } from "../store/accounts.ts";
import { maxInlineBody } from "../store/bodies.ts";
import { pageBytes } from "../store/connection.ts";
import { maxPieceBytes } from "../store/spool.ts";
import { idleMs } from "../store/wal_keeper.ts";
import { sampleIndex, sampleMessage } from "../store/testing/sample_message.ts";
import { type TempStore, tempStore } from "../store/testing/temp_store.ts";
import type { Incoming } from "./deliver.ts";
import { newDeliveryId } from "./delivery_id.ts";
import { DeliveryService } from "./delivery_service.ts";

const seconds = Number(Deno.args[0] ?? 1);

/** Rounds whose best is told. */
const rounds = 4;

/** Commits over which the log is looked at. */
const measuredCommits = 60;

/** Octets of a frame's header in the log, and of the log's own. */
const frameBytes = 24;
const logHeaderBytes = 32;

const random = (count: number) => crypto.getRandomValues(new Uint8Array(count));

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

const address = (local: string) => ({ local, domain: "example.org" });

/** Columns about as long as those of a real message. */
const structure = utf8(`("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "8BIT" 2000 30 NIL NIL NIL NIL)`);
const envelope = utf8(
  `("Thu, 1 Jan 2026 12:00:00 +0000" "a subject" ${'((NIL NIL "a" "example.org")) '.repeat(6)}`,
);
const prefix = utf8("Received: from somewhere.example.net (somewhere.example.net [192.0.2.1])\r\n".repeat(6));

/** Requests of different messages, made beforehand. */
function requests(bytes: number, count: number): Incoming[] {
  const { content, index } = sampleMessage({ textBytes: bytes - 100, messageId: null });
  const common = { ...index, envelope, body: structure, bodyStructure: structure };
  return Array.from({ length: count }, () => {
    const deliveryId = newDeliveryId(Date.now(), random);
    const subject = `subject ${deliveryId}`;
    return {
      deliveryId,
      from: address("ann"),
      recipients: [{ address: address("bob"), prefix }],
      remoteAddress: "192.0.2.1",
      helo: "example.org",
      index: { ...common, messageId: `${deliveryId}@example.org`, subject, baseSubject: subject },
      evidence: null,
      content,
      spool: null,
      cid: "1",
    };
  });
}

function serve(temp: TempStore): DeliveryService {
  return new DeliveryService(temp.store, {
    lookup: () => ({ kind: "local", account: "ann", mailbox: "Inbox" }),
    maySend: (account) => account === "ann",
  });
}

/** Delivers one; what is too large for a request, in pieces, and each another content, so that it is another file. */
async function deliver(service: DeliveryService, request: Incoming): Promise<void> {
  const { content } = request;
  if (content === null || content.length <= maxInlineBody) return void await service.deliver(request);
  const whole = concat([utf8(`X: ${request.deliveryId}\r\n`), content]);
  const spool = await service.spoolOpen({});
  for (let at = 0; at < whole.length; at += maxPieceBytes) {
    await service.spoolWrite({ spool, bytes: whole.subarray(at, at + maxPieceBytes) });
  }
  const size = whole.length;
  const index = { ...request.index, size, root: { ...sampleIndex(noBytes).root, bodyEnd: size } };
  await service.deliver({ ...request, index, content: null, spool });
}

/** Delivers them in groups of so many. */
async function deliverAll(service: DeliveryService, all: readonly Incoming[], group: number): Promise<void> {
  for (let at = 0; at < all.length; at += group) {
    await Promise.all(all.slice(at, at + group).map((each) => deliver(service, each)));
  }
}

interface Cost {
  /** Messages per second. */
  readonly rate: number;
  /** Microseconds of CPU for one. */
  readonly cpu: number;
}

/** The least of several rounds. */
async function costOf(service: DeliveryService, bytes: number, group: number): Promise<Cost> {
  const best = { rate: 0, cpu: Infinity };
  let count = group;
  for (let i = -1; i < rounds; i++) { // The first finds out how many there are in a round.
    const all = requests(bytes, count);
    const began = performance.now();
    const cpu = process.cpuUsage();
    await deliverAll(service, all, group);
    const { user, system } = process.cpuUsage(cpu);
    const took = performance.now() - began;
    if (i >= 0) {
      best.rate = Math.max(best.rate, count / took * 1000);
      best.cpu = Math.min(best.cpu, (user + system) / count);
    }
    count = Math.max(group, Math.ceil(count * seconds * 1000 / rounds / took / group) * group);
  }
  return best;
}

/** Pages that one commit writes to the log. */
async function pagesOf(
  temp: TempStore,
  service: DeliveryService,
  bytes: number,
  group: number,
): Promise<number> {
  // What is in the log goes to the database; the next commit begins it anew.
  await new Promise((resolve) => setTimeout(resolve, 2 * idleMs));
  const perCommit = group * (bytes + 8 * KiB);
  const commits = Math.max(1, Math.min(measuredCommits, Math.floor(8 * MiB / perCommit)));
  await deliverAll(service, requests(bytes, commits * group), group);
  return framesIn(Deno.readFileSync(`${temp.folder}/mail.sqlite-wal`)) / commits;
}

/** Frames of a log since it began anew: they have its salt. */
function framesIn(log: Uint8Array): number {
  const view = new DataView(log.buffer);
  const salt = view.getBigUint64(16);
  let frames = 0;
  for (let at = logHeaderBytes; at + frameBytes <= log.length; at += frameBytes + pageBytes) {
    if (view.getBigUint64(at + 8) !== salt) break;
    frames++;
  }
  return frames;
}

if (import.meta.main) {
  await using temp = tempStore();
  await temp.store.writer.run((tx) => createAccount(tx, { name: "ann", maxBytes: null }));
  const service = serve(temp);
  await deliverAll(service, requests(2 * KiB, 4000), 20); // Warm, and not empty.
  for (
    const [bytes, group] of [[2 * KiB, 20], [2 * KiB, 1], [50 * KiB, 20], [50 * KiB, 1], [
      5 * MiB,
      4,
    ]] as const
  ) {
    const bare = await bareAppend(temp.folder, bytes);
    const { rate, cpu } = await costOf(service, bytes, group);
    const pages = await pagesOf(temp, service, bytes, group);
    // deno-lint-ignore no-console -- A program for the terminal.
    console.log(
      `${bytes / KiB} KB, groups of ${group}: ${rate.toFixed(0)}/s (bare append ${bare.toFixed(0)}/s, ratio ${
        (rate / bare).toFixed(2)
      }), ${cpu.toFixed(0)} us CPU each; a commit writes ${pages.toFixed(1)} pages, ${
        (pages * pageBytes / KiB).toFixed(0)
      } KB`,
    );
  }
  await service.close();
}
