/**
 * Names of connections, `cid` in the log: unique in this process, and hardly ever used by one before it.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";

/** Gives a new id each time: hexadecimal, counting up from the time of the start. */
export function connectionIds(startedAt: Millis): () => string {
  let next = startedAt;
  return () => (next++).toString(16);
}
