/**
 * A clock that stands still until a test moves it.
 *
 * @module
 */
import type { Clock, Millis, Timer } from "../../src/base/clock.ts";

interface Alarm {
  readonly due: number;
  readonly fn: () => void;
}

/** Time in a test's hands. */
export class FakeClock implements Clock {
  #now: number;
  #passed = 0;
  readonly #alarms = new Set<Alarm>();

  /** @param start Milliseconds since 1970; 2026-01-02T03:04:05Z unless told. */
  constructor(start: Millis = Date.UTC(2026, 0, 2, 3, 4, 5)) {
    this.#now = start;
  }

  now(): Millis {
    return this.#now + this.#passed;
  }

  monotonic(): number {
    return this.#passed;
  }

  after(ms: number, fn: () => void): Timer {
    const alarm = { due: this.#passed + Math.max(0, ms), fn };
    this.#alarms.add(alarm);
    return { cancel: () => void this.#alarms.delete(alarm) };
  }

  /** How many wishes to be called are open. */
  get pending(): number {
    return this.#alarms.size;
  }

  /** Milliseconds until the next alarm, or null if there is none. */
  get untilNext(): number | null {
    const first = this.#first();
    return first === null ? null : first.due - this.#passed;
  }

  /** Lets `ms` pass, calling what falls due, in order. Between two calls, promises settle. */
  async advance(ms: number): Promise<void> {
    const end = this.#passed + ms;
    await settle();
    for (let next = this.#first(); next !== null && next.due <= end; next = this.#first()) {
      this.#passed = Math.max(this.#passed, next.due);
      this.#alarms.delete(next);
      next.fn();
      await settle();
    }
    this.#passed = end;
  }

  /** The wall clock jumps; alarms do not care. */
  jump(ms: number): void {
    this.#now += ms;
  }

  #first(): Alarm | null {
    let first: Alarm | null = null;
    for (const alarm of this.#alarms) if (first === null || alarm.due < first.due) first = alarm;
    return first;
  }
}

/** Returns when every promise that can go on without the outside has done so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
