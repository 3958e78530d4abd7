/**
 * The answering half of an RPC connection: finds what is asked for, runs it, and answers exactly once.
 *
 * Tested by `src/rpc/connection_test.ts`.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { RpcLimits } from "./limits.ts";
import { kind, maxErrorText, type Target } from "./message.ts";
import type { Plain } from "./plain_data.ts";
import type { CallContext, Methods } from "./service.ts";

/** A service as it is offered on a connection. Made by {@link offer} or {@link offerWith}. */
export interface Offer {
  readonly methods: Readonly<Record<string, "call" | "stream">>;
  /** What answers, for this capability; throws `Refused`. */
  readonly open: (capability: string | null) => object;
}

/** Everything offered on a connection, by name. */
export type Offers = Readonly<Record<string, Offer>>;

/** A service for whoever holds the connection. */
export function offer<T extends object>(methods: Methods<T>, implementation: T): Offer {
  return { methods, open: () => implementation };
}

/**
 * A service that needs a capability.
 *
 * @param open What answers those who show this capability. Throws `Refused("noCapability")`. Asked at each call.
 */
export function offerWith<T extends object>(methods: Methods<T>, open: (capability: string) => T): Offer {
  return {
    methods,
    open: (capability) => {
      if (capability === null) throw new Refused("noCapability", "the service needs a capability");
      return open(capability);
    },
  };
}

/** Where sending goes on, or stops. */
interface Outlet {
  send(message: Plain): number;
  /** Octets that wait to be sent. */
  queuedBytes(): number;
  violated(what: string): void;
}

type Implementation = Record<string, (request: Plain, context: CallContext) => unknown>;

export class Callee {
  readonly #offers: Offers;
  readonly #outlet: Outlet;
  readonly #limits: RpcLimits;
  readonly #log: Log;
  /** Begun or deferred, and not answered. */
  readonly #running = new Map<number, Running>();
  /** To be begun when the peer has read some of what waits for it. */
  readonly #deferred = new Set<Running>();
  /** Streams that wait for the same. */
  readonly #stalled = new Set<Running>();
  #lastId = 0;
  #streams = 0;
  #requestBytes = 0;
  #closed = false;

  constructor(offers: Offers, outlet: Outlet, limits: RpcLimits, log: Log) {
    this.#offers = offers;
    this.#outlet = outlet;
    this.#limits = limits;
    this.#log = log;
  }

  /** Calls and streams that are not answered. */
  get running(): number {
    return this.#running.size;
  }

  onAsk(id: number, isStream: boolean, target: Target, request: Plain, bytes: number): void {
    const { maxCalls, maxStreams, maxRequestBytes } = this.#limits;
    if (id <= this.#lastId) return this.#outlet.violated("used a call's number twice");
    this.#lastId = id;
    const full = isStream ? this.#streams >= maxStreams : this.#running.size - this.#streams >= maxCalls;
    if (full || this.#requestBytes >= maxRequestBytes) {
      return this.#outlet.violated("asked for more than it may at once");
    }
    const running = new Running(id, isStream, target, request, bytes);
    this.#running.set(id, running);
    this.#requestBytes += bytes;
    if (isStream) this.#streams++;
    if (this.#busy()) this.#deferred.add(running);
    else this.#begin(running);
  }

  onCancel(id: number): void {
    this.#running.get(id)?.cancel(new Refused("tryLater", "the caller gave up"));
  }

  onCredit(id: number, bytes: number): void {
    const running = this.#running.get(id);
    if (running === undefined) return; // It ended meanwhile.
    running.unconsumed = Math.max(0, running.unconsumed - bytes);
    running.wake();
  }

  /** The carrier has room again. */
  drained(): void {
    for (const running of this.#deferred) {
      if (this.#busy()) return;
      this.#deferred.delete(running);
      this.#begin(running);
    }
    for (const running of this.#stalled) {
      if (this.#busy()) return;
      this.#stalled.delete(running);
      running.wake();
    }
  }

  /** What was asked with this capability is cancelled and answered with `noCapability`. */
  endCapability(capability: string): void {
    for (const running of this.#running.values()) {
      if (running.target.capability !== capability) continue;
      running.refusal = new Refused("noCapability", "the capability has ended");
      running.cancel(running.refusal);
    }
  }

  /** The connection ended: nobody waits for answers. */
  close(reason: Refused): void {
    this.#closed = true;
    for (const running of this.#running.values()) running.cancel(reason);
    this.#running.clear();
    this.#deferred.clear();
    this.#stalled.clear();
  }

  #busy(): boolean {
    return this.#outlet.queuedBytes() > this.#limits.busyBytes;
  }

  #begin(running: Running): void {
    if (running.cancelled) return this.#answer(running, [kind.error, running.id, "tryLater", "cancelled"]);
    let result: unknown;
    try {
      result = this.#invoke(running);
    } catch (error) {
      return this.#fail(running, error);
    }
    if (running.isStream) {
      void this.#stream(running, result as AsyncIterable<Plain>);
      return;
    }
    Promise.resolve(result).then(
      (value) => this.#result(running, value),
      (error: unknown) => this.#fail(running, error),
    );
  }

  #invoke(running: Running): unknown {
    const { service, method, capability } = running.target;
    const offer = Object.hasOwn(this.#offers, service) ? this.#offers[service] : undefined;
    const kindOfMethod = offer && Object.hasOwn(offer.methods, method) ? offer.methods[method] : undefined;
    if (offer === undefined || kindOfMethod !== (running.isStream ? "stream" : "call")) {
      throw new Refused("badRequest", "there is no such method");
    }
    // The list of methods was checked against the implementation when the offer was made.
    const implementation = offer.open(capability) as Implementation;
    return implementation[method]?.(running.request, running);
  }

  #result(running: Running, value: Plain): void {
    if (running.refusal !== null) return this.#fail(running, running.refusal);
    this.#answer(running, value === undefined ? [kind.result, running.id] : [kind.result, running.id, value]);
  }

  async #stream(running: Running, iterable: AsyncIterable<Plain>): Promise<void> {
    let failure: { error: unknown } | null = null;
    try {
      const iterator = iterable[Symbol.asyncIterator]();
      running.iterator = iterator;
      await this.#pump(running, iterator);
    } catch (error) {
      failure = { error };
    }
    try {
      await running.leave(); // Its `finally` blocks run before the answer.
    } catch (error) {
      failure ??= { error };
    }
    const refusal = running.refusal ?? failure?.error;
    if (refusal === undefined) this.#answer(running, [kind.end, running.id]);
    else this.#fail(running, refusal);
  }

  async #pump(running: Running, iterator: AsyncIterator<Plain>): Promise<void> {
    while (!running.cancelled) {
      const busy = this.#busy();
      if (busy || running.unconsumed >= this.#limits.streamWindowBytes) {
        if (busy) this.#stalled.add(running);
        await running.sleep();
        continue;
      }
      const step = await iterator.next();
      if (step.done) {
        running.iterator = null;
        return;
      }
      if (running.cancelled) return;
      running.unconsumed += this.#outlet.send([kind.item, running.id, step.value]);
    }
  }

  #fail(running: Running, error: unknown): void {
    const { service, method } = running.target;
    if (error instanceof Refused) {
      const text = error.message.slice(0, maxErrorText);
      return this.#answer(running, [kind.error, running.id, error.reason, text]);
    }
    if (!running.cancelled) {
      const cause = error instanceof Error ? error : new Error(String(error));
      this.#log.error("rpc call failed", { service, method, call: running.id, error: cause });
    }
    this.#answer(running, [kind.error, running.id, null, null]);
  }

  /** The last message about a call. What cannot be sent becomes a failure. */
  #answer(running: Running, message: Plain): void {
    if (this.#closed) return;
    try {
      this.#outlet.send(message);
    } catch (error) {
      this.#fail(running, error);
      return;
    }
    this.#stalled.delete(running);
    if (!this.#running.delete(running.id)) return;
    this.#requestBytes -= running.bytes;
    if (running.isStream) this.#streams--;
  }
}

/** One call or stream in the works. It is also the context that the implementation sees. */
class Running implements CallContext {
  readonly id: number;
  readonly isStream: boolean;
  readonly target: Target;
  readonly request: Plain;
  readonly bytes: number;
  cancelled = false;
  /** What is answered instead of a result. */
  refusal: Refused | null = null;
  /** Octets of items that the asker has not consumed. */
  unconsumed = 0;
  /** Where items come from; null before, and when it has ended by itself. */
  iterator: AsyncIterator<Plain> | null = null;
  #leaving: Promise<unknown> | null = null;
  #controller: AbortController | null = null;
  #wake: (() => void) | null = null;

  constructor(id: number, isStream: boolean, target: Target, request: Plain, bytes: number) {
    this.id = id;
    this.isStream = isStream;
    this.target = target;
    this.request = request;
    this.bytes = bytes;
  }

  /** Made when first asked for: most calls never look. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  sleep(): Promise<void> {
    return new Promise((resolve) => this.#wake = resolve);
  }

  wake(): void {
    this.#wake?.();
    this.#wake = null;
  }

  cancel(reason: Refused): void {
    if (this.cancelled) return;
    this.cancelled = true;
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
    this.wake();
    this.leave().catch(() => {}); // Awaited, and looked at, where the stream ends.
  }

  /** Tells the iterator, once, that nobody listens any more. */
  leave(): Promise<unknown> {
    this.#leaving ??= (async () => await this.iterator?.return?.())();
    return this.#leaving;
  }
}
