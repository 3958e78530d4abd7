/**
 * Replies on their way out: those to a batch of pipelined commands leave in one write. RFC 2920 3.2
 *
 * @module
 */
import { briefUtf8 } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import type { Transport } from "../net/transport.ts";
import { printReply, type Reply } from "../smtp/reply.ts";
import { wait } from "./waiting.ts";

/** Characters that may wait; then they are sent even if more commands are there. */
export const maxWaiting = 32 * 1024;

/** How a slow peer is written to: octets one by one, so far apart, and then the rest at once. */
export const slowOctets = 25;
export const slowPauseMs = 1000;

/** Collects replies until {@link flush}. */
export class ReplyWriter {
  readonly #transport: Transport;
  readonly #clock: Clock;
  #waiting = "";
  /** For guessers and senders of junk: their time costs us nothing. */
  slow = false;

  constructor(transport: Transport, clock: Clock) {
    this.#transport = transport;
    this.#clock = clock;
  }

  /** Whether it is time to {@link flush}, whatever else there is to do. */
  get full(): boolean {
    return this.#waiting.length > maxWaiting;
  }

  get empty(): boolean {
    return this.#waiting === "";
  }

  add(reply: Reply): void {
    this.#waiting += printReply(reply);
  }

  /** Sends what waits. @throws {TransportError} */
  async flush(): Promise<void> {
    if (this.#waiting === "") return;
    let bytes = briefUtf8(this.#waiting);
    this.#waiting = "";
    if (this.slow) bytes = await this.#trickle(bytes);
    if (bytes.length > 0) await this.#transport.write(bytes);
  }

  /** @returns What is left for one last write. */
  async #trickle(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    const slowly = Math.min(slowOctets, bytes.length);
    for (let i = 0; i < slowly; i++) {
      await this.#transport.write(bytes.subarray(i, i + 1));
      await wait(slowPauseMs, this.#clock, this.#transport);
    }
    return bytes.subarray(slowly);
  }
}
