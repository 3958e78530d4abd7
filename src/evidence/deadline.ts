/**
 * Until when the lookups for one message may go on.
 *
 * Most messages come from somebody who has just sent another, and nothing has to be looked up for them: so there is no
 * timer and nothing to abort until somebody asks for the signal.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";

/** Some lookups that end together. */
export class Deadline {
  readonly #clock: Clock;
  readonly #ms: number;
  /** On the clock that never goes back; null until it is set. */
  #at: number | null = null;
  /** Why it is over, as part of a sentence; null before. */
  #over: string | null = null;
  #controller: AbortController | null = null;
  #timer: Timer | null = null;
  #isLate = false;

  /** @param ms From {@link start} on. */
  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
  }

  /** From now on time runs. */
  start(): void {
    this.#at = this.#clock.monotonic() + this.#ms;
    if (this.#controller !== null) this.#setTimer(this.#at);
  }

  /** Aborted when it is over. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#over !== null) this.#controller.abort();
      else if (this.#at !== null) this.#setTimer(this.#at);
    }
    return this.#controller.signal;
  }

  /** Why it is over, as part of a sentence. */
  reason(): string {
    return this.#over ?? "there is time left";
  }

  /** Whether it is over since its time was. */
  get isLate(): boolean {
    return this.#isLate;
  }

  /** It is over; the first reason stays. */
  end(reason: string): void {
    this.#timer?.cancel();
    if (this.#over !== null) return;
    this.#over = reason;
    this.#controller?.abort();
  }

  #setTimer(at: number): void {
    const late = () => {
      this.#isLate = this.#over === null;
      this.end(`there was no answer within ${this.#ms / 1000} s`);
    };
    const left = at - this.#clock.monotonic();
    if (left > 0) this.#timer = this.#clock.after(left, late);
    else late();
  }
}
