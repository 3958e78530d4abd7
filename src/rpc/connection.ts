/**
 * An RPC connection: one carrier, on which both ends may offer services and both may ask.
 *
 * What a peer sends is checked against the protocol and the limits; a peer that breaks either loses the
 * connection. When it ends, whatever the reason, everything that was asked fails with `tryLater` (or with the
 * reason of the violation), everything that runs for the peer is cancelled, and `onClose` is told.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { Refused } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { Callee, type Offers } from "./callee.ts";
import { Caller, type CallOptions } from "./caller.ts";
import type { Carrier } from "./carrier.ts";
import { defaultLimits, type RpcLimits } from "./limits.ts";
import { readMessage, type Target } from "./message.ts";
import type { Plain } from "./plain_data.ts";

export interface ConnectionSettings {
  readonly clock: Clock;
  readonly log: Log;
  /** What this end answers; nothing by default. */
  readonly offers?: Offers;
  readonly limits?: Partial<RpcLimits>;
  /** Called once, when the connection has ended. */
  readonly onClose?: (reason: Refused) => void;
}

/** What {@link client} needs of a connection. */
export interface Asker {
  call(target: Target, request: Plain, options?: CallOptions): Promise<Plain>;
  stream(target: Target, request: Plain, options?: CallOptions): AsyncIterableIterator<Plain>;
}

export class Connection implements Asker {
  readonly #carrier: Carrier;
  readonly #limits: RpcLimits;
  readonly #log: Log;
  readonly #caller: Caller;
  readonly #callee: Callee;
  readonly #onClose: ((reason: Refused) => void) | undefined;
  readonly #ended = Promise.withResolvers<Refused>();
  #closed: Refused | null = null;

  constructor(carrier: Carrier, settings: ConnectionSettings) {
    this.#carrier = carrier;
    this.#limits = { ...defaultLimits, ...settings.limits };
    this.#log = settings.log;
    this.#onClose = settings.onClose;
    const send = (message: Plain) => this.#send(message);
    const violated = (what: string) => this.#violated(what);
    this.#caller = new Caller(send, violated, this.#limits, settings.clock);
    const outlet = { send, violated, queuedBytes: () => carrier.queuedBytes };
    this.#callee = new Callee(settings.offers ?? {}, outlet, this.#limits, settings.log);
    carrier.start({
      message: (message, bytes) => this.#message(message, bytes),
      drained: () => this.#callee.drained(),
      closed: (reason) => this.#onClosed(reason),
    });
  }

  /** Why it ended, or null while it is open. */
  get closed(): Refused | null {
    return this.#closed;
  }

  /** Resolves, never rejects, with the reason when the connection has ended. */
  get ended(): Promise<Refused> {
    return this.#ended.promise;
  }

  /** Calls and streams of both ends that are not finished. */
  get outstanding(): number {
    return this.#caller.outstanding + this.#callee.running;
  }

  call(target: Target, request: Plain, options?: CallOptions): Promise<Plain> {
    return this.#caller.call(target, request, options);
  }

  stream(target: Target, request: Plain, options?: CallOptions): AsyncIterableIterator<Plain> {
    return this.#caller.stream(target, request, options);
  }

  /** Cancels what the peer asked for with this capability; the offers themselves must refuse it from now on. */
  endCapability(capability: string): void {
    this.#callee.endCapability(capability);
  }

  /** Ends the connection; answers that were given before are still sent. */
  close(reason: Refused = new Refused("tryLater", "the RPC connection was closed")): void {
    if (this.#closed === null) this.#carrier.close(reason);
  }

  #send(message: Plain): number {
    if (this.#closed !== null) return 0;
    const bytes = this.#carrier.send(message);
    if (this.#carrier.queuedBytes > this.#limits.maxQueuedBytes) {
      this.#log.warn("rpc peer does not read", { queuedBytes: this.#carrier.queuedBytes });
      this.close(new Refused("tryLater", "the RPC peer does not read"));
    }
    return bytes;
  }

  #message(message: Plain, bytes: number): void {
    if (this.#closed !== null) return;
    let read;
    try {
      read = readMessage(message);
    } catch {
      return this.#violated("sent what is no message");
    }
    switch (read.kind) {
      case "call":
      case "open":
        return this.#callee.onAsk(read.id, read.kind === "open", read.target, read.request, bytes);
      case "cancel":
        return this.#callee.onCancel(read.id);
      case "credit":
        return this.#callee.onCredit(read.id, read.bytes);
      case "result":
        return this.#caller.onResult(read.id, read.value);
      case "item":
        return this.#caller.onItem(read.id, read.value, bytes);
      case "end":
        return this.#caller.onEnd(read.id);
      case "error":
        return this.#caller.onError(read.id, read.reason, read.text);
    }
  }

  #violated(what: string): void {
    if (this.#closed !== null) return;
    this.#log.warn("rpc peer broke the protocol", { what });
    this.#carrier.close(new Refused("badRequest", `the RPC peer ${what}`));
  }

  #onClosed(reason: Refused): void {
    if (this.#closed !== null) return;
    this.#closed = reason;
    this.#caller.close(reason);
    this.#callee.close(reason);
    this.#ended.resolve(reason);
    this.#onClose?.(reason);
  }
}

/** Begins to speak RPC on a carrier. */
export function connect(carrier: Carrier, settings: ConnectionSettings): Connection {
  return new Connection(carrier, settings);
}
