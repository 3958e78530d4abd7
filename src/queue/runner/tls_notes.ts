/**
 * How TLS went, gathered by domain and day until the store has it. RFC 8460
 *
 * Sessions are added up in memory and given to the store some at a time, since a write for each would cost more than the
 * session. What the store does not take is kept and offered again; beyond the limits it is lost, and counted. When the
 * store has taken a batch and the answer is lost, the batch is counted twice: reports are statistics, and a failure that is
 * told twice does less harm than one that nobody hears of.
 *
 * @module
 */
import { MiB } from "../../base/bytes.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { Refused } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Counter, Metrics } from "../../base/metrics.ts";
import {
  addSession,
  dayOf,
  type DayResults,
  mergeResults,
  noResults,
  type PolicyResults,
  type Session,
} from "../../tlsrpt/results.ts";
import { maxTlsResults, type Queue } from "../queue.ts";
import type { TlsNotes } from "./policies.ts";

/** What it is made of. */
export interface TlsNoteSettings {
  readonly queue: Pick<Queue, "noteTls">;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** How long results wait at most before the store is given them, and before it is asked again. */
export const flushMs = 60_000;
/** With so many domains waiting it is given them at once. */
export const flushAt = 1000;
/** Domains, each for one day, that wait; and characters of their results. */
export const maxKept = 10_000;
export const maxKeptLength = 16 * MiB;
/** Characters of one batch; one policy's results pass it only alone. */
export const maxBatchLength = 4 * MiB;

export class TlsNoteBook implements TlsNotes {
  readonly #settings: TlsNoteSettings;
  readonly #sessions: Counter;
  readonly #kept = new Map<string, { readonly results: DayResults; readonly length: number }>();
  /** Of all that is kept, and of what is on its way. */
  #length = 0;
  #onTheWay = 0;
  #timer: Timer | null = null;
  #flushing: Promise<void> | null = null;
  #isFailing = false;
  #closed = false;
  #lost = 0;

  constructor(settings: TlsNoteSettings) {
    this.#settings = settings;
    this.#sessions = settings.metrics.counter(
      "mailden_tls_sessions_total",
      "Sessions with other servers as TLS reports count them, by how TLS went; lost ones are in no report.",
      ["good", "failed", "lost"].map((result) => ({ result })),
    );
  }

  note(domain: string, session: Session): void {
    const { clock } = this.#settings;
    const now = clock.now();
    const key = keyOf({ domain, day: dayOf(now) });
    const known = this.#kept.get(key);
    const room = known !== undefined || this.#kept.size < maxKept;
    if (this.#closed || !room || this.#length + this.#onTheWay >= maxKeptLength) {
      this.#lost++;
      return this.#sessions.add({ result: "lost" });
    }
    this.#put(key, addSession(known?.results ?? noResults(domain, now), session));
    this.#sessions.add({ result: session.failures.length > 0 ? "failed" : "good" });
    // A store that just failed has its time to come back.
    if (this.#kept.size >= flushAt && !this.#isFailing) void this.#flush();
    else this.#arm();
  }

  /** Gives the store what is left; returns when it has it, or does not take it. Never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#flushing;
    await this.#flush();
    this.#timer?.cancel();
    this.#timer = null;
    this.#tellLost(this.#kept.size);
  }

  #arm(): void {
    if (this.#closed || this.#flushing !== null) return;
    this.#timer ??= this.#settings.clock.after(flushMs, () => void this.#flush());
  }

  #flush(): Promise<void> {
    return this.#flushing ??= this.#send().then((isTaken) => {
      this.#isFailing = !isTaken;
      this.#flushing = null;
      if (this.#kept.size > 0) this.#arm();
    });
  }

  /** @returns Whether the store took everything. */
  async #send(): Promise<boolean> {
    this.#timer?.cancel();
    this.#timer = null;
    const waiting = batches([...this.#kept.values()].map(({ results }) => results));
    this.#onTheWay = this.#length;
    this.#length = 0;
    this.#kept.clear();
    let isTaken = true;
    for (const batch of waiting) {
      isTaken &&= await this.#sendOne(batch);
      if (!isTaken) { for (const one of batch) this.#putBack(one); }
    }
    this.#onTheWay = 0;
    if (isTaken) this.#tellLost(0);
    return isTaken;
  }

  /** @returns Whether it need not be sent again. */
  async #sendOne(results: readonly DayResults[]): Promise<boolean> {
    const { queue, log } = this.#settings;
    try {
      await queue.noteTls({ results });
      return true;
    } catch (error) {
      const shown = error instanceof Error ? error : new Error(String(error));
      if (error instanceof Refused && hopeless.has(error.reason)) {
        log.error("results of tls are refused and dropped", { domains: results.length, error: shown });
        return true;
      }
      log.warn("results of tls cannot be kept yet", { domains: results.length, error: shown });
      return false;
    }
  }

  #put(key: string, results: DayResults): void {
    const length = results.policies.reduce((sum, one) => sum + lengthOf(one), 0);
    this.#length += length - (this.#kept.get(key)?.length ?? 0);
    this.#kept.set(key, { results, length });
  }

  #putBack(results: DayResults): void {
    const key = keyOf(results);
    const known = this.#kept.get(key);
    if (known === undefined && this.#kept.size >= maxKept || this.#length >= maxKeptLength) {
      const sessions = results.policies.reduce((sum, one) => sum + one.successes + one.failures, 0);
      this.#lost += sessions;
      this.#sessions.add({ result: "lost" }, sessions);
    } else this.#put(key, known === undefined ? results : mergeResults(results, known.results));
  }

  /** @param domains Whose results will never be kept. */
  #tellLost(domains: number): void {
    if (this.#lost === 0 && domains === 0) return;
    this.#settings.log.error("results of tls were lost", { sessions: this.#lost, domains });
    this.#lost = 0;
  }
}

/** Reasons that asking again does not change. */
const hopeless: ReadonlySet<string> = new Set(["badRequest", "tooLarge", "tooMany", "notPermitted"]);

function keyOf({ domain, day }: Pick<DayResults, "domain" | "day">): string {
  return `${domain} ${day}`;
}

/** Batches that a request can hold: each policy's results on their own, since the store adds them up again. */
function batches(all: readonly DayResults[]): DayResults[][] {
  const made: DayResults[][] = [];
  let [batch, length]: [DayResults[], number] = [[], 0];
  for (const { policies, ...of } of all) {
    for (const one of policies) {
      const more = lengthOf(one);
      if (batch.length >= maxTlsResults || length + more > maxBatchLength) [batch, length] = [[], 0];
      if (batch.length === 0) made.push(batch);
      batch.push({ ...of, policies: [one] });
      length += more;
    }
  }
  return made;
}

/** What results weigh beside their texts. */
const weight = 200;

/** Characters, about. */
function lengthOf({ policy, details }: PolicyResults): number {
  let length = weight + policy.domain.length;
  for (const line of policy.text) length += line.length + 8;
  for (const host of policy.mxHosts) length += host.length + 8;
  for (const { reason, receivingHost, receivingHelo } of details) {
    length += weight + (reason?.length ?? 0) + (receivingHost?.length ?? 0) + (receivingHelo?.length ?? 0);
  }
  return length;
}
