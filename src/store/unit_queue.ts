/**
 * Units that wait for the writer, in two queues: those that somebody waits for, and those that run behind them (outgoing
 * mail, for which nobody holds a connection open).
 *
 * While nothing else comes, those behind are as quick as any. Where others came within {@link lateMs} they get a short
 * part of a group and then rest for a multiple of it: how many of them there are then makes no difference to the others.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";

/** What units that run behind others have of one group, in milliseconds, and how many times as long they then rest. */
export const maxBehindMs = 2;
export const behindRests = 7;

/** For so long after one that somebody waits for, those behind are held back. */
export const lateMs = 100;

/** Units that wait; times are of a monotonic clock. */
export class UnitQueue<U> {
  readonly #urgent: U[] = [];
  readonly #behind: U[] = [];
  #lastUrgent: Millis = -Infinity;
  #restsUntil: Millis = -Infinity;
  /** When those behind began in this group. */
  #behindSince: Millis | null = null;
  #rests = true;

  get size(): number {
    return this.#urgent.length + this.#behind.length;
  }

  add(unit: U, isBehind: boolean): void {
    (isBehind ? this.#behind : this.#urgent).push(unit);
  }

  /** How long it takes until one can be run; null if none waits. */
  waitMs(now: Millis): number | null {
    if (this.#urgent.length > 0) return 0;
    return this.#behind.length > 0 ? this.#restMs(now) : null;
  }

  /** The next that can be run in this group. */
  take(now: Millis): U | undefined {
    const urgent = this.#urgent.shift();
    if (urgent !== undefined) {
      this.#lastUrgent = now;
      return urgent;
    }
    if (this.#behind.length === 0 || this.#restMs(now) > 0) return undefined;
    const since = this.#behindSince ?? now;
    if (this.#isLate(now) && now - since >= maxBehindMs) return undefined;
    this.#behindSince = since;
    return this.#behind.shift();
  }

  /** A group has run its units. */
  endGroup(now: Millis): void {
    const since = this.#behindSince;
    this.#behindSince = null;
    if (since !== null) this.#restsUntil = now + behindRests * (now - since);
  }

  /** From now on none rests: the writer closes. */
  hurry(): void {
    this.#rests = false;
  }

  /** Takes all of them out. */
  clear(): U[] {
    return [...this.#urgent.splice(0), ...this.#behind.splice(0)];
  }

  #isLate(now: Millis): boolean {
    return this.#rests && now - this.#lastUrgent < lateMs;
  }

  #restMs(now: Millis): number {
    return this.#isLate(now) ? Math.max(0, this.#restsUntil - now) : 0;
  }
}
