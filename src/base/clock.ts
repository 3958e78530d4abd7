/**
 * Time, as it is handed to everything that asks for it. Pure folders never read the machine's clock.
 *
 * @module
 */

/** A point in time: milliseconds since 1970-01-01T00:00:00Z, a whole number. */
export type Millis = number;

/** A wish to be called later, which can be taken back. */
export interface Timer {
  cancel(): void;
}

/** Where time comes from. Tests hand in one that they step. */
export interface Clock {
  /** Wall clock time; may jump. */
  now(): Millis;
  /** Milliseconds (with fractions) from an arbitrary start; never goes back. For durations. */
  monotonic(): number;
  /** Calls `fn` once, not before `ms` milliseconds from now. */
  after(ms: number, fn: () => void): Timer;
}
