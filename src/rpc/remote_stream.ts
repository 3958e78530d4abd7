/**
 * A stream whose items come from the other end of a connection, for one `for await`.
 *
 * The other end sends ahead, up to a window of octets that were not consumed; what is handed to the consumer
 * is consumed. Leaving the loop takes the request back.
 *
 * Tested by `src/rpc/connection_test.ts`.
 *
 * @module
 */
import type { Ask, Handle } from "./ask.ts";
import type { Target } from "./message.ts";
import type { Plain } from "./plain_data.ts";

type Step = IteratorResult<Plain, undefined>;

interface Waiter {
  resolve(step: Step): void;
  reject(error: unknown): void;
}

const done: Step = { done: true, value: undefined };

export class RemoteStream implements AsyncIterableIterator<Plain, undefined>, Ask {
  readonly isStream = true;
  readonly target: Target;
  readonly request: Plain;
  readonly #open: (ask: Ask) => Handle;
  readonly #windowBytes: number;
  readonly #violated: (what: string) => void;
  #handle: Handle | null = null;
  #opened = false;
  /** No more items will come: the stream ended, failed, or its consumer left. */
  #over = false;
  #failure: { readonly error: unknown } | null = null;
  #items: { readonly value: Plain; readonly bytes: number }[] = [];
  readonly #waiters: Waiter[] = [];
  /** Octets that the other end still counts as not consumed. */
  #unconsumed = 0;
  /** Octets consumed and not yet told. */
  #untold = 0;

  constructor(
    target: Target,
    request: Plain,
    open: (ask: Ask) => Handle,
    windowBytes: number,
    violated: (what: string) => void,
  ) {
    this.target = target;
    this.request = request;
    this.#open = open;
    this.#windowBytes = windowBytes;
    this.#violated = violated;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Step> {
    const item = this.#items.shift();
    if (item !== undefined) {
      this.#consumed(item.bytes);
      return Promise.resolve({ done: false, value: item.value });
    }
    if (this.#failure !== null) {
      const { error } = this.#failure;
      this.#failure = null;
      return Promise.reject(error);
    }
    if (this.#over) return Promise.resolve(done);
    const step = new Promise<Step>((resolve, reject) => this.#waiters.push({ resolve, reject }));
    if (!this.#opened) {
      this.#opened = true;
      this.#handle = this.#open(this);
    }
    return step;
  }

  /** Leaves the stream; a `next()` that waits is done too. */
  return(): Promise<Step> {
    this.#leave();
    return Promise.resolve(done);
  }

  throw(error: unknown): Promise<Step> {
    this.#leave();
    return Promise.reject(error);
  }

  #leave(): void {
    this.#failure = null;
    this.#items = [];
    if (!this.#over) this.#handle?.cancel();
    this.#finish();
  }

  #finish(): void {
    this.#over = true;
    this.#opened = true;
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(done);
  }

  #consumed(bytes: number): void {
    this.#untold += bytes;
    if (this.#over || this.#untold < this.#windowBytes / 2) return;
    this.#unconsumed -= this.#untold;
    this.#handle?.credit(this.#untold);
    this.#untold = 0;
  }

  result(): void {
    // Never: the caller ends the connection where a stream is answered like a call.
  }

  item(value: Plain, bytes: number): void {
    if (this.#over) return;
    if (this.#unconsumed >= this.#windowBytes) return this.#violated("sent more items than it may");
    this.#unconsumed += bytes;
    const waiter = this.#waiters.shift();
    if (waiter === undefined) {
      this.#items.push({ value, bytes });
      return;
    }
    this.#consumed(bytes);
    waiter.resolve({ done: false, value });
  }

  end(): void {
    this.#finish();
  }

  /** What arrived before is still handed out. */
  fail(error: unknown): void {
    if (this.#over) return;
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#failure = { error };
    else waiter.reject(error);
    this.#finish();
  }
}
