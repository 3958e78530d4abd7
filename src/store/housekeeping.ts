/**
 * What the store does by itself, again and again: chores, each a row of `jobs` that says when it is due and how far it
 * has come, so that one which takes days goes on after a restart.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { type Job, jobOf, makeJob, saveJob } from "./jobs.ts";
import type { Store } from "./store.ts";

/** How often it is looked whether something is due. */
export const lookMs = 60 * 1000;

/** A chore that failed is tried again after so long. */
export const retryMs = 60 * 60 * 1000;

/** What a chore is handed. */
export interface ChoreContext {
  /** Where to go on; empty to begin. */
  readonly place: string;
  /** Aborted when the store closes: the chore ends soon, and goes on another time from its last place. */
  readonly signal: AbortSignal;
  /** Notes a place. Costs a commit. */
  keep(place: string): Promise<void>;
  /** Waits, less when the store closes. */
  pause(ms: number): Promise<void>;
}

/** Something to be done again and again. */
export interface Chore {
  /** Names it, in the table and in the log. */
  readonly kind: string;
  /** From the end of one round to the beginning of the next. */
  readonly everyMs: number;
  /** Does one round. Must give others a turn every ten milliseconds. */
  run(context: ChoreContext): Promise<void>;
}

/** Does chores when they are due. */
export class Housekeeper {
  readonly #store: Store;
  readonly #chores: readonly Chore[];
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #stopped = new AbortController();
  readonly #running = new Map<Chore, Promise<void>>();
  #timer: Timer | null = null;

  constructor(store: Store, chores: readonly Chore[]) {
    this.#store = store;
    this.#chores = chores;
    this.#clock = store.clock;
    this.#log = store.log;
  }

  /** Looks from now on; the first time a minute after the start, when there is less to do. */
  start(): void {
    this.#timer = this.#clock.after(lookMs, () => {
      for (const chore of this.#chores) {
        if (!this.#running.has(chore)) this.#running.set(chore, this.#look(chore));
      }
      this.start();
    });
  }

  /** Ends what goes on. Resolves when nothing of it does any more; the store may then be closed. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#stopped.abort();
    await Promise.all(this.#running.values());
  }

  async #look(chore: Chore): Promise<void> {
    try {
      await this.#ifDue(chore);
    } catch (error) {
      if (!this.#stopped.signal.aborted) {
        this.#log.warn("it is not known whether a chore is due", {
          chore: chore.kind,
          error: asError(error),
        });
      }
    } finally {
      this.#running.delete(chore);
    }
  }

  async #ifDue(chore: Chore): Promise<void> {
    const now = this.#clock.now();
    const job = this.#store.read(jobOf(chore.kind)) ??
      await this.#store.writer.run(() => makeJob(chore.kind, now));
    // What is due later than a round can take was said by a clock that was ahead.
    if (job.due > now && job.due <= now + Math.max(chore.everyMs, retryMs)) return;
    let { payload } = job;
    try {
      await chore.run({
        place: payload,
        signal: this.#stopped.signal,
        keep: (place) => {
          payload = place;
          return this.#save({ ...job, payload });
        },
        pause: (ms) => this.#pause(ms),
      });
      if (this.#stopped.signal.aborted) return;
      await this.#save({ ...job, payload: "", due: this.#clock.now() + chore.everyMs, attempts: 0 });
    } catch (error) {
      if (this.#stopped.signal.aborted) return;
      this.#log.warn("a chore failed and is tried again later", { chore: chore.kind, error: asError(error) });
      await this.#save({ ...job, payload, due: this.#clock.now() + retryMs, attempts: job.attempts + 1 });
    }
  }

  async #save(job: Job): Promise<void> {
    await this.#store.writer.run(() => saveJob(job));
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#stopped;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(ms, resolve);
    const stop = () => {
      timer.cancel();
      resolve();
    };
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    return promise.finally(() => signal.removeEventListener("abort", stop));
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
