/**
 * Keeps the write-ahead log small.
 *
 * Auto-checkpoint is off. Only the writer's own connection checkpoints, between two transactions: passively,
 * at 16 MB or when nothing happened for a second. (Larger steps stall commits for longer; another connection would chase
 * the writer and never let the log start anew.) A passive checkpoint that reaches the log's end lets the next transaction start
 * the log from its beginning, as long as no read transaction is open at that time; reads here last one
 * synchronous slice, so that none ever is. Another process that reads for long (a backup) may still let it grow:
 * then {@link WalKeeper.pressure} slows the writer down, and the log says so.
 *
 * @module
 */
import { MiB } from "../base/bytes.ts";
import type { Clock, Timer } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Gauge, Metrics } from "../base/metrics.ts";
import { type Connection, pageBytes, type Row } from "./connection.ts";

/** The log is checkpointed when it holds this much that the database does not. */
export const checkpointBytes = 16 * MiB;
/** From here on an alarm is raised and the writer is slowed down. */
export const alarmBytes = 256 * MiB;
/** Without any change for so long, the writer is idle. */
export const idleMs = 1000;
/** A slowed-down writer makes one transaction in this time. */
const pressureMs = 100;
/** Commits, and octets that they say they wrote, after which the log is measured: asking for it costs 12 microseconds. */
const measureCommits = 16;
const measureBytes = MiB;
/** Alarms are not logged more often. */
const alarmEveryMs = 60_000;

/** Watches the log of one writer's connection. */
export class WalKeeper {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #gauge: Gauge;
  #bytes = 0;
  /** Since the log was measured. */
  #commits = 0;
  #written = 0;
  #idle: Timer | null = null;
  #lastChange = 0;
  #lastAlarm = -Infinity;
  #waited = false;

  constructor(connection: Connection, clock: Clock, log: Log, metrics: Metrics) {
    this.#connection = connection;
    this.#clock = clock;
    this.#log = log;
    this.#gauge = metrics.gauge(
      "mailden_store_wal_bytes",
      "Octets of the write-ahead log since it began anew.",
    );
  }

  /** Octets of the log that are not in the database yet, since it began anew; as of some commits ago. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Milliseconds that the writer should wait before its next transaction; 0 for none. */
  pressure(): number {
    if (this.#bytes < alarmBytes) return 0;
    this.#waited = !this.#waited;
    return this.#waited ? pressureMs : 0;
  }

  /** To be called after each transaction of the writer, outside of any, with about how many octets it wrote. */
  committed(bytes: number): void {
    this.#written += bytes;
    if (++this.#commits >= measureCommits || this.#written >= measureBytes) this.#look();
    this.#lastChange = this.#clock.monotonic();
    this.#idle ??= this.#clock.after(idleMs, () => this.#whenIdle());
  }

  /** Stops watching; the log's rest is written when the last connection closes. */
  close(): void {
    this.#idle?.cancel();
    this.#idle = null;
  }

  #whenIdle(): void {
    this.#idle = null;
    const idleFor = this.#clock.monotonic() - this.#lastChange;
    if (idleFor < idleMs) this.#idle = this.#clock.after(idleMs - idleFor, () => this.#whenIdle());
    else this.#measure("PASSIVE");
  }

  #look(): void {
    this.#commits = 0;
    this.#written = 0;
    this.#measure("NOOP");
    if (this.#bytes >= checkpointBytes) this.#measure("PASSIVE");
    this.#alarm();
  }

  #alarm(): void {
    const now = this.#clock.monotonic();
    if (this.#bytes < alarmBytes || now - this.#lastAlarm < alarmEveryMs) return;
    this.#lastAlarm = now;
    this.#log.error("the write-ahead log cannot be emptied: is another program reading the database?", {
      bytes: this.#bytes,
    });
  }

  /** Runs a checkpoint of this kind; remembers what is left to do. */
  #measure(kind: "NOOP" | "PASSIVE"): void {
    let row: Row | undefined;
    try {
      row = this.#connection.pragma(`wal_checkpoint(${kind})`);
    } catch (error) {
      // What was acknowledged is in the log, whatever becomes of the database file for now.
      const fields = { error: error instanceof Error ? error : String(error) };
      if (this.#connection.failure(error) === "diskFull") {
        this.#log.warn("no space left for a checkpoint", fields);
      } else this.#log.error("a checkpoint failed", fields);
      return;
    }
    const frames = Number(row?.["log"] ?? 0);
    const done = Number(row?.["checkpointed"] ?? 0);
    // When all of it is in the database, the next transaction starts the log anew.
    this.#bytes = frames === done ? 0 : Math.max(0, frames) * (pageBytes + 24);
    this.#gauge.set(this.#bytes);
  }
}
