/**
 * How long something took this thread's own processor: what else the machine does meanwhile does not count, neither other
 * programs nor the tests that run beside this one in threads of the same process.
 *
 * Tested by `src/message/threading_test.ts`.
 *
 * @module
 */
import { threadCpuUsage } from "node:process";

/** Begins to measure; each call of what it returns gives the milliseconds since. Some systems count in steps of 10 ms. */
export function ownTime(): () => number {
  const before = threadCpuUsage();
  return () => {
    const { user, system } = threadCpuUsage(before);
    return (user + system) / 1000;
  };
}
