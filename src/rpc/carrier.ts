/**
 * What carries messages between the two ends of an RPC connection. Two kinds exist, `port_carrier.ts` and
 * `socket_carrier.ts`; `testing/carrier_conformance.ts` says in tests what both keep.
 *
 * @module
 */
import type { Refused } from "../base/errors.ts";
import type { Plain } from "./plain_data.ts";

/** Who takes what arrives. */
export interface Receiver {
  /** @param bytes What the message counts for; both ends count the same. */
  message(message: Plain, bytes: number): void;
  /** Some of what waited to be sent is on its way: {@link Carrier.queuedBytes} is less than before. */
  drained(): void;
  /** The connection ended. Called once, and nothing after it. */
  closed(reason: Refused): void;
}

/** One end. Messages arrive whole, once and in order, or the connection ends. */
export interface Carrier {
  /** Begins to receive; called once. What arrived before is not lost. */
  start(receiver: Receiver): void;
  /**
   * Takes a copy of the message (but not of what was given away, see `giveAway`), to be sent when the present
   * turn of work is over, together with all others of this turn. Drops it if the connection has ended.
   *
   * @returns What it counts for, in octets.
   * @throws {TypeError} If it is not plain data; then nothing is sent.
   * @throws {Refused} `tooLarge` if it passes a limit of `limits.ts`; then nothing is sent.
   */
  send(message: Plain): number;
  /** Octets taken and not yet on their way, as far as the carrier can know. */
  readonly queuedBytes: number;
  /** Sends what was taken, then ends the connection on both ends. */
  close(reason: Refused): void;
}
