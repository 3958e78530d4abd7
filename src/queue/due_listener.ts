/**
 * Tells who listens when work is due.
 *
 * Tested by `src/queue/queue_desk_test.ts`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";

/**
 * What `Queue.listen()` gives: the time when work is due, first as it is now, then whenever it may have changed.
 * Whoever is slow hears only of the last.
 */
export class DueListener implements AsyncIterableIterator<{ readonly due: Millis | null }> {
  readonly #due: () => Millis | null;
  readonly #onEnd: () => void;
  #stale = true;
  #ended = false;
  #wake: (() => void) | null = null;

  constructor(due: () => Millis | null, onEnd: () => void) {
    this.#due = due;
    this.#onEnd = onEnd;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  tell(): void {
    this.#stale = true;
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<{ readonly due: Millis | null }>> {
    while (!this.#stale && !this.#ended) await new Promise<void>((resolve) => this.#wake = resolve);
    this.#wake = null;
    if (this.#ended) return { done: true, value: undefined };
    this.#stale = false;
    return { done: false, value: { due: this.#due() } };
  }

  return(): Promise<IteratorResult<{ readonly due: Millis | null }>> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
    this.#wake?.();
  }
}
