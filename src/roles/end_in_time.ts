/**
 * The end of a role that was told to stop and does not come to it. Its parent kills it then, but the parent may be gone:
 * that may be how it was told.
 *
 * Tested by `tests/scenarios/restart_test.ts`.
 *
 * @module
 */
import type { Log } from "../base/log.ts";

/** Longer than the parent waits (`server/role_process.ts`). What was acknowledged is on the disk at any time. */
export const endDeadlineMs = 5000;

/** Ends this process after {@link endDeadlineMs}, if it has not ended by itself. */
export function endInTime(log: Log): void {
  const timer = setTimeout(() => {
    log.error("did not stop in time, and ends as it is", { ms: endDeadlineMs });
    Deno.exit(1);
  }, endDeadlineMs);
  Deno.unrefTimer(timer);
}
