/**
 * Letting time pass on a connection, unless the peer leaves first.
 *
 * Tested by `reply_writer_test.ts`.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { type Transport, TransportError } from "../net/transport.ts";

/** @throws {TransportError} `closed`, as soon as the connection has ended. */
export function wait(ms: number, clock: Clock, transport: Transport): Promise<void> {
  const { ended } = transport;
  return new Promise((resolve, reject) => {
    const gone = () => {
      timer.cancel();
      reject(new TransportError("closed", "the connection ended during a wait"));
    };
    const timer = clock.after(ms, () => {
      ended.removeEventListener("abort", gone);
      resolve();
    });
    if (ended.aborted) gone();
    else ended.addEventListener("abort", gone, { once: true });
  });
}
