/**
 * Exchanges that wait for their client's next message. Each is taken at most once, lives for a while only, and belongs
 * to one RPC connection.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import type { Clock } from "../base/clock.ts";

/** Exchanges of one RPC connection, and how long a client may take for its next message. */
export const maxExchanges = 10_000;
export const exchangeMs = 2 * 60 * 1000;

interface Waiting<T> {
  readonly exchange: T;
  readonly until: number;
}

export class Exchanges<T> {
  readonly #clock: Clock;
  /** The oldest first, since all live equally long. */
  readonly #waiting = new Map<string, Waiting<T>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Keeps an exchange and returns its id, or null if there are too many. */
  add(exchange: T): string | null {
    this.#expire();
    if (this.#waiting.size >= maxExchanges) return null;
    const id = randomBytes(16).toString("hex");
    this.#waiting.set(id, { exchange, until: this.#clock.monotonic() + exchangeMs });
    return id;
  }

  /** The exchange, which is then no longer kept; null if there is none, or its time is over. */
  take(id: string): T | null {
    this.#expire();
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting === undefined ? null : waiting.exchange;
  }

  clear(): void {
    this.#waiting.clear();
  }

  #expire(): void {
    const now = this.#clock.monotonic();
    for (const [id, { until }] of this.#waiting) {
      if (until > now) return;
      this.#waiting.delete(id);
    }
  }
}
