/**
 * Reads every body slowly and checks it against its hashes, so that damage is found while there is a backup to mend it
 * from, and not when somebody wants to read the message.
 *
 * @module
 */
import { noBytes } from "../base/bytes.ts";
import { KiB, MiB } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import type { Counter, Gauge } from "../base/metrics.ts";
import type { BodyRow } from "./bodies.ts";
import { blockBytes } from "./block_hash.ts";
import { turn } from "./connection.ts";
import { unmarkDamaged } from "./damaged_bodies.ts";
import type { Chore, ChoreContext } from "./housekeeping.ts";
import { literal, prepared, someTuples } from "./query.ts";
import type { Store } from "./store.ts";

/** Every body is read once in so long, and as long as reading all of them takes. */
export const scrubEveryMs = 14 * 24 * 60 * 60 * 1000;

/** Octets read in a second: a terabyte in three days. */
export const scrubBytesPerSecond = 4 * MiB;

/** Octets read in one slice from the database, and rows at most; of a file, it is one block. */
const sliceBytes = 256 * KiB;
const sliceRows = 128;

/** Octets after which the place is noted. */
const keepBytes = 256 * MiB;

const bodiesBehind = prepared((db, p: { id: number }) =>
  db.selectFrom("bodies").select(["id", "size", "sha256", "in_file", "blocks", "bytes"])
    .where("id", ">", p.id).orderBy("id").limit(literal(sliceRows))
);

type Row = readonly [
  id: number,
  size: number,
  sha256: string,
  inFile: number,
  blocks: BodyRow["blocks"],
  bytes: BodyRow["bytes"],
];

/** The chore. Its place is the row of the last body that was checked. */
export class Scrub implements Chore {
  readonly kind = "scrubBodies";
  readonly everyMs = scrubEveryMs;
  readonly #store: Store;
  readonly #checked: Counter;
  readonly #place: Gauge;

  constructor(store: Store) {
    this.#store = store;
    const { metrics } = store;
    this.#checked = metrics.counter(
      "mailden_store_scrubbed_bytes_total",
      "Octets of bodies checked by the scrub.",
      [{}],
    );
    this.#place = metrics.gauge(
      "mailden_store_scrub_body",
      "Row of the last body that the scrub has checked.",
    );
  }

  async run(context: ChoreContext): Promise<void> {
    let last = Number(context.place);
    let unkept = 0;
    while (!context.signal.aborted) {
      const { rows } = this.#store.read(someTuples<Row>(bodiesBehind, { id: last }, sliceBytes));
      if (rows.length === 0) return this.#ended();
      for (const row of rows) {
        unkept += await this.#check(bodyOf(row), context);
        if (context.signal.aborted) break;
        last = row[0];
      }
      this.#place.set(last);
      if (unkept < keepBytes && !context.signal.aborted) continue;
      unkept = 0;
      await context.keep(String(last)).catch((error: unknown) => {
        if (!context.signal.aborted) throw error; // It goes on from an earlier place, then.
      });
    }
  }

  /** Reads a body, in a file block by block; returns its size. */
  async #check(row: BodyRow, context: ChoreContext): Promise<number> {
    const { bodies } = this.#store;
    try {
      const reader = bodies.reader(row);
      if (row.in_file === 0) await this.#read(row.size, context);
      for (let at = 0; row.in_file === 1 && at < row.size && !context.signal.aborted; at += blockBytes) {
        const end = Math.min(at + blockBytes, row.size);
        reader.slice(at, end);
        await this.#read(end - at, context);
      }
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return row.size; // Damaged, which `bodies` has told, or deleted meanwhile.
    }
    if (bodies.damaged.has(row.id) && !context.signal.aborted) await this.#heal(row.id);
    return row.size;
  }

  /** Keeps to the rate. */
  async #read(bytes: number, { pause }: ChoreContext): Promise<void> {
    this.#checked.add({}, bytes);
    const ms = bytes / scrubBytesPerSecond * 1000;
    this.#owed += ms;
    if (this.#owed < 10) return;
    const owed = this.#owed;
    this.#owed = 0;
    await pause(owed);
    await turn();
  }

  /** Milliseconds to wait for what was read; timers are for whole ones. */
  #owed = 0;

  async #heal(id: number): Promise<void> {
    await this.#store.writer.run(() => unmarkDamaged(id));
    this.#store.bodies.healed(id);
    this.#store.log.info("a body that was damaged is whole again", { body: id });
  }

  #ended(): void {
    const { log, bodies } = this.#store;
    this.#place.set(0);
    if (bodies.damaged.size > 0) log.error("some stored bodies are damaged", { bodies: bodies.damaged.size });
    else log.info("all stored bodies are as they were stored");
  }
}

function bodyOf([id, size, sha256, in_file, blocks, bytes]: Row): BodyRow {
  return { id, size, sha256, in_file, blocks, bytes: in_file === 1 ? null : bytes ?? noBytes };
}
