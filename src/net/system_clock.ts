/**
 * The machine's clock.
 *
 * @module
 */
import { clearTimeout, setTimeout } from "node:timers"; // For unref().
import type { Clock, Timer } from "../base/clock.ts";

/** The runtime fires a longer timer at once; such a wait is cut into several. */
const longestTimerMs = 2 ** 31 - 1;

/** Time as the machine knows it. Its timers keep the process alive. */
export const systemClock: Clock = clock(false);

/** The same, for chores: a process that has nothing else to do does not wait for these timers. */
export const backgroundClock: Clock = clock(true);

function clock(background: boolean): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    after: (ms, fn) => after(ms, fn, background),
  };
}

function after(ms: number, fn: () => void, background: boolean): Timer {
  if (Number.isNaN(ms)) throw new RangeError("a timer needs a number of milliseconds");
  let left = Math.max(0, Math.ceil(ms));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = () => {
    const part = Math.min(left, longestTimerMs);
    left -= part;
    timer = setTimeout(left > 0 ? wait : fn, part);
    if (background) timer.unref();
  };
  wait();
  return { cancel: () => clearTimeout(timer) };
}
