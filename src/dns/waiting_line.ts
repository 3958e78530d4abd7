/**
 * Places for so many at once, and a line for those who come when all are taken.
 *
 * Who waits costs no timer of its own: all may wait equally long, so whoever came first is late first, and one timer
 * does for the line. Who comes as a {@link Waiter} costs no promise either: a place in a set and what it is itself.
 *
 * @module
 */
import type { Clock, Millis, Timer } from "../base/clock.ts";

/** What a {@link WaitingLine} is made of. */
export interface LineSettings {
  readonly clock: Clock;
  /** Taken at once. */
  readonly places: number;
  /** In line at once; who comes then is sent away. */
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
}

/** What came of waiting. Who `entered` has a place, and must leave; nobody else has, and nobody else may. */
export type Entry = "entered" | "full" | "late" | "aborted";

/** One who waits. */
export interface Waiter {
  /** For the line to set. */
  lateAt: Millis;
  /** Called once, perhaps while it joins. */
  settle(entry: Entry): void;
}

export class WaitingLine {
  readonly #settings: LineSettings;
  /** In the order in which they came. A set, so that whoever gives up leaves at once. */
  readonly #line = new Set<Waiter>();
  #taken = 0;
  #timer: Timer | null = null;

  constructor(settings: LineSettings) {
    this.#settings = settings;
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#line.size;
  }

  /** Waits for a place. Never rejects. */
  enter(signal?: AbortSignal): Promise<Entry> {
    if (signal?.aborted === true) return Promise.resolve("aborted");
    const { promise, resolve } = Promise.withResolvers<Entry>();
    const aborted = () => this.quit(one);
    const settle = (entry: Entry) => {
      signal?.removeEventListener("abort", aborted);
      resolve(entry);
    };
    const one: Waiter = { lateAt: 0, settle };
    this.join(one);
    if (this.#line.has(one)) signal?.addEventListener("abort", aborted);
    return promise;
  }

  /** The same for one who is no promise. */
  join(one: Waiter): void {
    const { clock, places, maxWaiting, maxWaitMs } = this.#settings;
    if (this.#taken < places) {
      this.#taken++;
      return one.settle("entered");
    }
    if (this.#line.size >= maxWaiting) return one.settle("full");
    one.lateAt = clock.monotonic() + maxWaitMs;
    this.#line.add(one);
    this.#timer ??= clock.after(maxWaitMs, () => this.#sendAwayLate());
  }

  /** Who is in the line gives up; of no consequence for anybody else. */
  quit(one: Waiter): void {
    this.#settle(one, "aborted");
  }

  /** Gives a place back, to the first in line. */
  leave(): void {
    for (const first of this.#line) return this.#settle(first, "entered");
    this.#taken--;
  }

  /** Sends everybody in line away. */
  dissolve(): void {
    for (const one of this.#line) this.#settle(one, "aborted");
  }

  #settle(one: Waiter, entry: Entry): void {
    if (!this.#line.delete(one)) return;
    one.settle(entry);
    if (this.#line.size > 0) return;
    this.#timer?.cancel();
    this.#timer = null;
  }

  #sendAwayLate(): void {
    this.#timer = null;
    const now = this.#settings.clock.monotonic();
    for (const one of this.#line) {
      if (one.lateAt > now) {
        this.#timer = this.#settings.clock.after(one.lateAt - now, () => this.#sendAwayLate());
        return;
      }
      this.#settle(one, "late");
    }
  }
}
