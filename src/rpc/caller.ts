/**
 * The asking half of an RPC connection: calls that wait for room, calls that are out, and streams.
 *
 * Tested by `src/rpc/connection_test.ts`.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { type Reason, Refused } from "../base/errors.ts";
import type { Ask, Handle } from "./ask.ts";
import { Deadlines } from "./deadlines.ts";
import type { RpcLimits } from "./limits.ts";
import { kind, type Target } from "./message.ts";
import type { Plain } from "./plain_data.ts";
import { RemoteFailure } from "./rpc_error.ts";
import { RemoteStream } from "./remote_stream.ts";

/** What a caller may say beside the request. */
export interface CallOptions {
  /** Gives up the call: its promise rejects with the signal's reason, and the other side is told. */
  readonly signal?: AbortSignal;
  /** Milliseconds until the whole answer must be there (then `timeout`); null for no limit. */
  readonly deadlineMs?: number | null;
}

interface Entry {
  readonly ask: Ask;
  /** 0 while it waits for room. */
  id: number;
  /** What its request counts for. */
  bytes: number;
  /** Its asker has gone; only the end of it is still awaited. */
  abandoned: boolean;
  readonly signal: AbortSignal | null;
  readonly onAbort: (() => void) | null;
}

export class Caller {
  readonly #send: (message: Plain) => number;
  readonly #violated: (what: string) => void;
  readonly #limits: RpcLimits;
  readonly #deadlines: Deadlines<Entry>;
  /** Sent and not ended, by number. */
  readonly #out = new Map<number, Entry>();
  /** Waiting for room, oldest first. */
  readonly #waiting = new Set<Entry>();
  #lastId = 0;
  #streams = 0;
  #requestBytes = 0;
  #closed: Refused | null = null;

  constructor(
    send: (message: Plain) => number,
    violated: (what: string) => void,
    limits: RpcLimits,
    clock: Clock,
  ) {
    this.#send = send;
    this.#violated = violated;
    this.#limits = limits;
    this.#deadlines = new Deadlines(clock, (entry) => {
      this.#abandon(entry);
      entry.ask.fail(new Refused("timeout", `no answer in time from ${name(entry.ask.target)}`));
    });
  }

  /** Calls and streams that wait or are out. */
  get outstanding(): number {
    return this.#out.size + this.#waiting.size;
  }

  call(target: Target, request: Plain, options: CallOptions | undefined): Promise<Plain> {
    return new Promise((resolve, reject) => {
      const never = () => {}; // Messages of the wrong kind end the connection before they come here.
      const ask: Ask = {
        isStream: false,
        target,
        request,
        result: resolve,
        item: never,
        end: never,
        fail: reject,
      };
      this.#ask(ask, options, this.#limits.callDeadlineMs);
    });
  }

  /** The stream is opened by the first `next()`. */
  stream(target: Target, request: Plain, options: CallOptions | undefined): AsyncIterableIterator<Plain> {
    const open = (ask: Ask) => this.#ask(ask, options, null);
    return new RemoteStream(target, request, open, this.#limits.streamWindowBytes, this.#violated);
  }

  #ask(ask: Ask, options: CallOptions | undefined, usualDeadlineMs: number | null): Handle {
    const signal = options?.signal ?? null;
    const deadlineMs = options?.deadlineMs === undefined ? usualDeadlineMs : options.deadlineMs;
    const entry: Entry = {
      ask,
      id: 0,
      bytes: 0,
      abandoned: false,
      signal,
      onAbort: signal && (() => {
        this.#abandon(entry);
        ask.fail(signal.reason);
      }),
    };
    const handle = {
      cancel: () => this.#abandon(entry),
      credit: (bytes: number) => this.#credit(entry, bytes),
    };
    if (this.#closed !== null) ask.fail(this.#closed);
    else if (signal?.aborted) ask.fail(signal.reason);
    else if (this.#waiting.size > 0 || !this.#hasRoom(ask)) this.#wait(entry, deadlineMs);
    else {
      this.#guard(entry, deadlineMs);
      this.#begin(entry);
    }
    return handle;
  }

  #wait(entry: Entry, deadlineMs: number | null): void {
    if (this.#waiting.size >= this.#limits.maxWaiting) {
      entry.ask.fail(new Refused("tryLater", "too many RPC requests are waiting"));
      return;
    }
    this.#guard(entry, deadlineMs);
    this.#waiting.add(entry);
  }

  #guard(entry: Entry, deadlineMs: number | null): void {
    if (entry.onAbort) entry.signal?.addEventListener("abort", entry.onAbort, { once: true });
    if (deadlineMs !== null) this.#deadlines.set(entry, deadlineMs);
  }

  #unguard(entry: Entry): void {
    if (entry.onAbort) entry.signal?.removeEventListener("abort", entry.onAbort);
    this.#deadlines.delete(entry);
  }

  #hasRoom(ask: Ask): boolean {
    const limits = this.#limits;
    if (this.#requestBytes >= limits.maxRequestBytes) return false;
    return ask.isStream
      ? this.#streams < limits.maxStreams
      : this.#out.size - this.#streams < limits.maxCalls;
  }

  #begin(entry: Entry): void {
    const { isStream, target, request } = entry.ask;
    const id = this.#lastId + 1;
    try {
      entry.bytes = this.#send([
        isStream ? kind.open : kind.call,
        id,
        target.service,
        target.method,
        target.capability,
        request ?? null,
      ]);
    } catch (error) {
      this.#unguard(entry);
      entry.ask.fail(error);
      return;
    }
    this.#lastId = entry.id = id;
    if (this.#closed !== null) { // Sending it ended the connection.
      this.#unguard(entry);
      return entry.ask.fail(this.#closed);
    }
    this.#out.set(id, entry);
    this.#requestBytes += entry.bytes;
    if (isStream) this.#streams++;
  }

  #abandon(entry: Entry): void {
    if (entry.abandoned) return;
    entry.abandoned = true;
    this.#unguard(entry);
    if (entry.id === 0) this.#waiting.delete(entry);
    else if (this.#out.has(entry.id)) this.#send([kind.cancel, entry.id]);
  }

  #credit(entry: Entry, bytes: number): void {
    if (!entry.abandoned && this.#out.has(entry.id)) this.#send([kind.credit, entry.id, bytes]);
  }

  /** The one answer to a call. */
  onResult(id: number, value: Plain): void {
    const entry = this.#ended(id, false);
    if (entry !== null && !entry.abandoned) entry.ask.result(value);
  }

  onItem(id: number, value: Plain, bytes: number): void {
    const entry = this.#out.get(id);
    if (entry === undefined || !entry.ask.isStream) this.#violated("sent an item that nobody asked for");
    else if (!entry.abandoned) entry.ask.item(value, bytes);
  }

  onEnd(id: number): void {
    const entry = this.#ended(id, true);
    if (entry !== null && !entry.abandoned) entry.ask.end();
  }

  onError(id: number, reason: Reason | null, text: string): void {
    const entry = this.#ended(id, null);
    if (entry === null || entry.abandoned) return;
    const where = name(entry.ask.target);
    entry.ask.fail(reason === null ? new RemoteFailure(`${where} failed`) : new Refused(reason, text));
  }

  /** @param isStream What the answer says that was asked; null for either. */
  #ended(id: number, isStream: boolean | null): Entry | null {
    const entry = this.#out.get(id);
    if (entry === undefined || isStream !== null && entry.ask.isStream !== isStream) {
      this.#violated("answered what nobody asked");
      return null;
    }
    this.#out.delete(id);
    this.#requestBytes -= entry.bytes;
    if (entry.ask.isStream) this.#streams--;
    this.#unguard(entry);
    this.#admit();
    return entry;
  }

  /** Lets those begin that waited, in order, as far as there is room. */
  #admit(): void {
    for (const entry of this.#waiting) {
      if (this.#closed !== null || !this.#hasRoom(entry.ask)) return;
      this.#waiting.delete(entry);
      this.#begin(entry);
    }
  }

  /** The connection ended: all that waits or is out fails with `reason`. */
  close(reason: Refused): void {
    this.#closed = reason;
    this.#deadlines.clear();
    const entries = [...this.#out.values(), ...this.#waiting];
    this.#out.clear();
    this.#waiting.clear();
    for (const entry of entries) {
      this.#unguard(entry);
      if (!entry.abandoned) entry.ask.fail(reason);
    }
  }
}

function name(target: Target): string {
  return `${target.service}.${target.method}`;
}
