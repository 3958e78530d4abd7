/**
 * The front's way to the store: one RPC connection, made again when it breaks.
 *
 * While there is none, calls wait for it, up to {@link waitMs}. A delivery whose answer was lost is asked again with
 * the same delivery id, which the store answers from memory if it had committed: so a store that was killed
 * costs neither a message nor a second copy. What belongs to a signed-in account is not asked again: its
 * capability ended with the connection. (What became of its submission can be asked: `Deliver.outcome`.)
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { Refused } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { CallOptions } from "../rpc/caller.ts";
import type { Carrier } from "../rpc/carrier.ts";
import { type Asker, connect, type Connection } from "../rpc/connection.ts";
import type { Target } from "../rpc/message.ts";
import type { Plain } from "../rpc/plain_data.ts";

/** How long a call waits for a connection, and how long a lost delivery is asked again. */
const waitMs = 20_000;

/** Between attempts to connect; the store needs about so long to start anyhow. */
const reconnectMs = 50;

/** Calls that mean the same when they are asked twice. */
const repeatable: ReadonlySet<string> = new Set([
  "deliver.deliver",
  "deliver.resolve",
  "deliver.outcome",
  "authenticator.limited",
  "status.counts",
  "rootKeys.current",
]);

export interface StoreLinkSettings {
  /** Makes a carrier to the store; rejects while it is not there. */
  readonly dial: () => Promise<Carrier>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Asks the store, whichever connection there is. */
export class StoreLink implements Asker {
  readonly #settings: StoreLinkSettings;
  #connection: Connection | null = null;
  readonly #waiting = new Set<(connection: Connection | null) => void>();
  #closed = false;
  readonly #kept: Promise<void>;
  #endPause = () => {};

  constructor(settings: StoreLinkSettings) {
    this.#settings = settings;
    this.#kept = this.#keep();
  }

  /** Calls that wait for a connection. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves when the first connection is there. */
  async ready(): Promise<void> {
    await this.#current(Infinity);
  }

  async call(target: Target, request: Plain, options?: CallOptions): Promise<Plain> {
    const { clock } = this.#settings;
    const until = clock.monotonic() + waitMs;
    for (;;) {
      const connection = await this.#current(until);
      try {
        return await connection.call(target, request, options);
      } catch (error) {
        const again = connection.closed !== null && repeatable.has(`${target.service}.${target.method}`);
        if (!again || clock.monotonic() > until) throw error;
      }
    }
  }

  /** On the connection of the moment: a stream that breaks is not begun again. */
  stream(target: Target, request: Plain, options?: CallOptions): AsyncIterableIterator<Plain> {
    if (this.#connection === null) throw new Refused("tryLater", "there is no connection to the store");
    return this.#connection.stream(target, request, options);
  }

  /** Ends the connection; calls under way fail. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#tell(null);
    this.#connection?.close();
    this.#endPause();
    await this.#kept;
  }

  /** Connects, and connects again, until closed. */
  async #keep(): Promise<void> {
    const { dial, clock, log } = this.#settings;
    let lost = false;
    while (!this.#closed) {
      try {
        const connection = connect(await dial(), { clock, log });
        if (lost) log.info("connected to the store again");
        this.#connection = connection;
        this.#tell(connection);
        const reason = await connection.ended;
        this.#connection = null;
        if (!this.#closed) log.warn("lost the connection to the store", { reason });
        lost = true;
      } catch (error) {
        log.debug("the store is not there yet", { error: error instanceof Error ? error : String(error) });
      }
      if (!this.#closed) await this.#pause(reconnectMs);
    }
  }

  #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#settings.clock.after(ms, resolve);
    this.#endPause = () => {
      timer.cancel();
      resolve();
    };
    return promise;
  }

  #current(until: number): Connection | Promise<Connection> {
    if (this.#connection !== null) return this.#connection;
    if (this.#closed) throw new Refused("tryLater", "the link to the store is closed");
    return new Promise((resolve, reject) => {
      const settle = (connection: Connection | null) => {
        this.#waiting.delete(settle);
        timer?.cancel();
        if (connection === null) reject(new Refused("tryLater", "there is no connection to the store"));
        else resolve(connection);
      };
      const left = until - this.#settings.clock.monotonic();
      const timer = Number.isFinite(left)
        ? this.#settings.clock.after(Math.max(0, left), () => settle(null))
        : null;
      this.#waiting.add(settle);
    });
  }

  #tell(connection: Connection | null): void {
    for (const settle of [...this.#waiting]) settle(connection);
  }
}
