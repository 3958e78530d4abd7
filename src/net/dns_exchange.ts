/**
 * Carries DNS queries over UDP and TCP: sockets, deadlines, and how many of them at once.
 *
 * A query waits in line until fewer than {@link maxSockets} sockets are open; its deadline runs from when it is sent,
 * since the server has no part in the waiting.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { type Carried, type Carrier, type Letter, maxExchangeMs } from "../dns/upstream.ts";
import { type Entry, type Waiter, WaitingLine } from "../dns/waiting_line.ts";
import { Deadline, type Deadlines, deadlinesOf } from "./deadlines.ts";
import type { DnsMetrics } from "./dns_metrics.ts";
import { queryOverTcp } from "./dns_tcp.ts";
import { queryOverUdp, type QueryResult, type UnderWay } from "./dns_udp.ts";

/** Sockets open at once, UDP and TCP together. */
export const maxSockets = 512;

/** Queries that wait for a socket; a further one is refused. */
export const maxWaiting = 20_000;

/** What a {@link DnsCarrier} is made of. */
export interface CarrierSettings {
  readonly clock: Clock;
  readonly maxSockets?: number | undefined;
  readonly maxWaiting?: number | undefined;
  readonly metrics?: DnsMetrics | undefined;
}

/** Carries queries until it is closed. */
export class DnsCarrier implements Carrier {
  readonly #clock: Clock;
  /** All on one timer. */
  readonly #deadlines: Deadlines;
  readonly #line: WaitingLine;
  readonly #metrics: DnsMetrics | null;
  /** The first of the queries under way; see {@link Sending.next}. */
  #first: Sending | null = null;
  #closed = false;

  constructor(settings: CarrierSettings) {
    this.#clock = settings.clock;
    this.#metrics = settings.metrics ?? null;
    this.#deadlines = deadlinesOf(settings.clock);
    this.#line = new WaitingLine({
      clock: settings.clock,
      places: settings.maxSockets ?? maxSockets,
      maxWaiting: settings.maxWaiting ?? maxWaiting,
      maxWaitMs: maxExchangeMs,
    });
  }

  /** Sockets open now. */
  get open(): number {
    return this.#line.taken;
  }

  /** Queries that wait for a socket. */
  get waiting(): number {
    return this.#line.waiting;
  }

  carry(letter: Letter): Promise<Carried> {
    if (this.#closed || letter.signal?.aborted === true) return Promise.resolve({ kind: "aborted" });
    return new Promise((resolve) => {
      const sending = new Sending(letter, resolve, this);
      this.#line.join(sending);
    });
  }

  /** A query has come to its end, as far as the one who asked is concerned. For {@link Sending} alone. */
  count(letter: Letter, carried: Carried): void {
    this.#metrics?.question(letter.overTcp, carried);
  }

  /** Who waits in line gives up. For {@link Sending} alone. */
  quit(sending: Sending): void {
    this.#line.quit(sending);
  }

  /** Gives up everything, and returns when all sockets are closed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#line.dissolve();
    const ends: Promise<void>[] = [];
    for (let each = this.#first; each !== null; each = each.next) {
      ends.push(each.done);
      each.giveUp();
    }
    await Promise.all(ends);
  }

  /** Opens a socket: it has a place. For {@link Sending} alone. */
  send(sending: Sending, letter: Letter): void {
    const query = letter.overTcp ? queryOverTcp(letter, this.#clock) : queryOverUdp(letter);
    sending.sent(query);
    this.#deadlines.set(sending, this.#deadlines.now() + letter.timeoutMs);
    this.#add(sending);
    sending.done = query.result.then((result) => {
      sending.ended(result);
      this.#deadlines.remove(sending);
      this.#remove(sending);
      this.#line.leave();
    });
  }

  #add(sending: Sending): void {
    sending.next = this.#first;
    if (this.#first !== null) this.#first.previous = sending;
    this.#first = sending;
  }

  #remove(sending: Sending): void {
    const { previous, next } = sending;
    if (previous === null) this.#first = next;
    else previous.next = next;
    if (next !== null) next.previous = previous;
    sending.previous = sending.next = null;
  }
}

/**
 * A query in line, and then on its way. It resolves at its deadline, though it may take the socket a little longer to
 * close.
 */
class Sending extends Deadline implements Waiter {
  lateAt = 0;
  /**
   * Its neighbours among those under way. A Map or Set that so many enter and leave makes a new table again and again, and each
   * old one, until the next great collection, keeps what stood in it: that was half of the garbage of ten thousand lookups.
   */
  previous: Sending | null = null;
  next: Sending | null = null;
  /** When its socket is closed. */
  done: Promise<void> = Promise.resolve();
  readonly #letter: Letter;
  readonly #resolve: (carried: Carried) => void;
  readonly #carrier: DnsCarrier;
  readonly #aborted: (() => void) | null;
  #query: UnderWay | null = null;
  #told = false;

  constructor(letter: Letter, resolve: (carried: Carried) => void, carrier: DnsCarrier) {
    super(() => this.#end("timeout"));
    this.#letter = letter;
    this.#resolve = resolve;
    this.#carrier = carrier;
    this.#aborted = letter.signal === undefined ? null : () => this.giveUp();
    if (this.#aborted !== null) letter.signal?.addEventListener("abort", this.#aborted);
  }

  settle(entry: Entry): void {
    if (entry === "entered") return this.#carrier.send(this, this.#letter);
    this.#forgetSignal();
    this.#tell(notSent[entry]);
  }

  sent(query: UnderWay): void {
    this.#query = query;
  }

  giveUp(): void {
    if (this.#query === null) this.#carrier.quit(this);
    else this.#end("aborted");
  }

  /** @param result Null where it was given up. */
  ended(result: QueryResult | null): void {
    if (result !== null) this.#tell(result);
    this.#forgetSignal();
  }

  #forgetSignal(): void {
    if (this.#aborted !== null) this.#letter.signal?.removeEventListener("abort", this.#aborted);
  }

  #end(kind: "timeout" | "aborted"): void {
    this.#tell({ kind });
    this.#query?.stop();
  }

  /** The first end counts. */
  #tell(carried: Carried): void {
    if (!this.#told) this.#carrier.count(this.#letter, carried);
    this.#told = true;
    this.#resolve(carried);
  }
}

const notSent: Readonly<Record<Exclude<Entry, "entered">, Carried>> = {
  full: { kind: "limit", why: "too many queries wait for a socket" },
  late: { kind: "limit", why: "no socket became free in time" },
  aborted: { kind: "aborted" },
};
