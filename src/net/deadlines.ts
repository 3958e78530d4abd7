/**
 * Deadlines of many connections on one timer.
 *
 * A connection's deadline moves with each read and write, and almost never comes. So moving it later only
 * writes a number; the table is looked at when the old time comes, and the entry goes to its new place then.
 * Entries stand in slots of {@link slotMs}; deadlines are met up to that much late, and never early.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";

/** Width of a slot, in milliseconds: how late a deadline may be. */
export const slotMs = 50;

/** Something with at most one deadline at a time. */
export class Deadline {
  readonly #expired: () => void;
  /** On the clock's monotonic scale; Infinity for none. */
  dueAt = Infinity;
  /** The slot that it stands in, or -1. Only for {@link Deadlines}. */
  slot = -1;

  constructor(expired: () => void) {
    this.#expired = expired;
  }

  expire(): void {
    this.dueAt = Infinity;
    this.#expired();
  }
}

/** All deadlines that share one clock; no timer runs while there are none. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #slots = new Map<number, Set<Deadline>>();
  #timer: Timer | null = null;
  #timerSlot = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds on the scale of {@link Deadline.dueAt}. */
  now(): number {
    return this.#clock.monotonic();
  }

  /** Sets or moves the deadline; Infinity takes it back, cheaply, but keeps its place for the next one. */
  set(deadline: Deadline, dueAt: number): void {
    deadline.dueAt = dueAt;
    if (dueAt === Infinity || (deadline.slot !== -1 && slotOf(dueAt) >= deadline.slot)) return;
    this.#leave(deadline);
    this.#enter(deadline);
    this.#arm(deadline.slot);
  }

  /** Forgets it for good, and stops the timer with the last one. */
  remove(deadline: Deadline): void {
    deadline.dueAt = Infinity;
    this.#leave(deadline);
    if (this.#slots.size === 0) this.#disarm();
  }

  /** How many have a place. */
  get size(): number {
    let size = 0;
    for (const slot of this.#slots.values()) size += slot.size;
    return size;
  }

  #enter(deadline: Deadline): void {
    deadline.slot = slotOf(deadline.dueAt);
    const slot = this.#slots.get(deadline.slot);
    if (slot === undefined) this.#slots.set(deadline.slot, new Set([deadline]));
    else slot.add(deadline);
  }

  #leave(deadline: Deadline): void {
    const number = deadline.slot;
    const slot = this.#slots.get(number);
    deadline.slot = -1;
    if (slot?.delete(deadline) && slot.size === 0) this.#slots.delete(number);
  }

  #arm(slot: number): void {
    if (slot >= this.#timerSlot) return;
    this.#disarm();
    this.#timerSlot = slot;
    this.#timer = this.#clock.after(slot * slotMs - this.now(), () => this.#tick());
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#timerSlot = Infinity;
  }

  #tick(): void {
    this.#timer = null;
    this.#timerSlot = Infinity;
    const now = this.now();
    let next = Infinity;
    for (const [number, slot] of [...this.#slots]) {
      if (number * slotMs > now) continue;
      this.#slots.delete(number);
      for (const deadline of slot) {
        deadline.slot = -1;
        if (deadline.dueAt <= now) deadline.expire();
        else if (deadline.dueAt !== Infinity && deadline.slot === -1) this.#enter(deadline);
      }
    }
    for (const number of this.#slots.keys()) next = Math.min(next, number);
    if (next !== Infinity) this.#arm(next);
  }
}

/** The first slot that begins at or after a time. */
function slotOf(dueAt: number): number {
  return Math.ceil(dueAt / slotMs);
}

const byClock = new WeakMap<Clock, Deadlines>();

/** The one table for each clock, so that all listeners and dialers share a timer. */
export function deadlinesOf(clock: Clock): Deadlines {
  let deadlines = byClock.get(clock);
  if (deadlines === undefined) {
    deadlines = new Deadlines(clock);
    byClock.set(clock, deadlines);
  }
  return deadlines;
}
