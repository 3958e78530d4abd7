/**
 * Many deadlines, one timer.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";

/** Tells when the time of something is over. Ten thousand a second cost no timers of their own. */
export class Deadlines<T> {
  readonly #clock: Clock;
  readonly #over: (thing: T) => void;
  readonly #due = new Map<T, number>();
  #timer: Timer | null = null;
  #timerDue = Infinity;

  /** @param over Called once for each thing whose time is over. */
  constructor(clock: Clock, over: (thing: T) => void) {
    this.#clock = clock;
    this.#over = over;
  }

  /** `thing` has `ms` milliseconds from now. */
  set(thing: T, ms: number): void {
    const due = this.#clock.monotonic() + ms;
    this.#due.set(thing, due);
    if (due < this.#timerDue) this.#schedule(due);
  }

  /** `thing` needs no deadline any more. The timer is left to run while others may need it. */
  delete(thing: T): void {
    this.#due.delete(thing);
  }

  /** Nothing needs a deadline any more. */
  clear(): void {
    this.#due.clear();
    this.#timer?.cancel();
    this.#timer = null;
    this.#timerDue = Infinity;
  }

  #schedule(due: number): void {
    this.#timer?.cancel();
    this.#timerDue = due;
    this.#timer = this.#clock.after(Math.max(0, due - this.#clock.monotonic()), () => this.#look());
  }

  #look(): void {
    this.#timer = null;
    this.#timerDue = Infinity;
    const now = this.#clock.monotonic();
    let next = Infinity;
    const over: T[] = [];
    for (const [thing, due] of this.#due) {
      if (due <= now) over.push(thing);
      else if (due < next) next = due;
    }
    for (const thing of over) this.#due.delete(thing);
    if (next !== Infinity) this.#schedule(next);
    for (const thing of over) this.#over(thing);
  }
}
