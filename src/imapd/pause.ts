/**
 * Waiting on purpose, so that guessing is slow.
 *
 * Tested by `src/imapd/serve_imap_test.ts`.
 *
 * @module
 */
import { TransportError } from "../net/transport.ts";
import type { Session } from "./session.ts";

/** Returns after `ms` milliseconds. @throws {TransportError} As soon as the connection has ended. */
export async function pause(session: Session, ms: number): Promise<void> {
  await session.out.flush(); // Other answers have not deserved it.
  const { ended } = session.transport;
  await new Promise<void>((resolve, reject) => {
    const gone = () => {
      timer.cancel();
      reject(new TransportError("closed", "the peer did not wait"));
    };
    const timer = session.environment.clock.after(ms, () => {
      ended.removeEventListener("abort", gone);
      resolve();
    });
    if (ended.aborted) gone();
    else ended.addEventListener("abort", gone, { once: true });
  });
}
