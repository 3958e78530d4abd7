/**
 * Lines, and the octets between them, from a {@link Transport}.
 *
 * Only CRLF ends a line. A line that ends otherwise is reported at once and not read: whoever sent it has
 * another idea of where commands begin than we do, and that idea might be somebody else's message.
 *
 * @module
 */
import { type Bytes, concat, noBytes } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { Deadline, type Deadlines, deadlinesOf } from "../net/deadlines.ts";
import { type Transport, TransportError } from "../net/transport.ts";

/** Why there is no line where there should be one. */
export type BadLine = "tooLong" | "lineEnd";

/**
 * How much later the transport's own timeout comes, which breaks the connection: there is time for a last reply.
 * RFC 5321 3.8
 */
export const farewellMs = 10_000;

const CR = 13;
const LF = 10;

/** All that it needs of one. */
export type ReadSide = Pick<Transport, "read" | "readTimeoutMs">;

/** Reads lines as long as there are some in the buffer, without waiting; then waits for more. */
export class LineReader {
  readonly #transport: ReadSide;
  readonly #deadlines: Deadlines;
  readonly #due = new Deadline(() =>
    this.#waiter?.reject(new TransportError("timeout", "the peer sent nothing for too long"))
  );
  readonly #readTimeoutMs: number;
  /** Who waits for the read that is under way. */
  #waiter: { resolve(bytes: Bytes | null): void; reject(error: unknown): void } | null = null;
  #buffer: Bytes = noBytes;
  #at = 0;
  /** Up to here there is no line end behind `#at`. */
  #seen = 0;

  constructor(transport: ReadSide, clock: Clock, readTimeoutMs: number) {
    this.#transport = transport;
    this.#deadlines = deadlinesOf(clock);
    this.#readTimeoutMs = readTimeoutMs;
  }

  /** Octets that are here and have not been read. */
  get buffered(): number {
    return this.#buffer.length - this.#at;
  }

  /** Whether part of a line waits for its rest. */
  get started(): boolean {
    return this.buffered > 0;
  }

  /**
   * The next line, if it is there, without its CRLF; a view that is good until the next call of anything.
   *
   * @param maxLine Octets, with CRLF.
   */
  line(maxLine: number): Bytes | BadLine | null {
    const end = this.#buffer.indexOf(LF, this.#seen);
    const cr = this.#buffer.indexOf(CR, this.#seen);
    const last = this.#buffer.length - 1;
    if (cr !== -1 && cr !== last && this.#buffer[cr + 1] !== LF) return "lineEnd";
    if (end === -1) {
      if (last + 1 - this.#at > maxLine) return "tooLong";
      this.#seen = cr === -1 ? this.#buffer.length : cr;
      return null;
    }
    if (cr === -1 || cr !== end - 1) return "lineEnd";
    if (end + 1 - this.#at > maxLine) return "tooLong";
    const line = this.#buffer.subarray(this.#at, cr);
    this.#at = this.#seen = end + 1;
    return line;
  }

  /**
   * Waits for more of a line. False when the peer has ended.
   *
   * @param deadline By {@link Clock.monotonic}; a peer that trickles is not given its whole timeout for each octet.
   * @throws {TransportError}
   */
  async more(deadline: number): Promise<boolean> {
    const came = await this.#read(deadline);
    if (came === null) return false;
    if (!this.started) {
      this.#seen = 0;
      this.#buffer = came;
    } else {
      this.#seen -= this.#at;
      this.#buffer = concat([this.#buffer.subarray(this.#at), came]);
    }
    this.#at = 0;
    return true;
  }

  /** The next octets, whatever they are; null when the peer has ended. @throws {TransportError} */
  chunk(deadline: number): Bytes | Promise<Bytes | null> {
    return this.started ? this.rest() : this.#read(deadline);
  }

  /** Takes what is in the buffer. */
  rest(): Bytes {
    const rest = this.#buffer.subarray(this.#at);
    this.#buffer = noBytes;
    this.#at = this.#seen = 0;
    return rest;
  }

  /** Gives back the end of a chunk, to be read first. */
  putBack(bytes: Bytes): void {
    this.#buffer = this.started ? concat([bytes, this.rest()]) : bytes;
    this.#at = this.#seen = 0;
  }

  /** Nothing is read any more: gives the deadline back. */
  close(): void {
    this.#deadlines.remove(this.#due);
  }

  #read(deadline: number): Promise<Bytes | null> {
    const now = this.#deadlines.now();
    if (deadline <= now) return Promise.reject(new TransportError("timeout", "took too long altogether"));
    const due = Math.min(deadline, now + this.#readTimeoutMs);
    this.#transport.readTimeoutMs = due - now + farewellMs;
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      this.#deadlines.set(this.#due, due);
      this.#transport.read().then(this.#came, this.#broke);
    });
  }

  readonly #came = (bytes: Bytes | null) => {
    this.#deadlines.set(this.#due, Infinity);
    this.#waiter?.resolve(bytes);
  };

  readonly #broke = (error: unknown) => {
    this.#deadlines.set(this.#due, Infinity);
    this.#waiter?.reject(error);
  };
}
