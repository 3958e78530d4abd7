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
import { WaitingLine } from "../dns/waiting_line.ts";
import { Deadline, type Deadlines, deadlinesOf } from "./deadlines.ts";
import { queryOverTcp } from "./dns_tcp.ts";
import { queryOverUdp } from "./dns_udp.ts";

/** Sockets open at once, UDP and TCP together. */
export const maxSockets = 512;

/** Queries that wait for a socket; a further one is refused. */
export const maxWaiting = 20_000;

/** What a {@link DnsCarrier} is made of. */
export interface CarrierSettings {
  readonly clock: Clock;
  readonly maxSockets?: number | undefined;
  readonly maxWaiting?: number | undefined;
}

/** Carries queries until it is closed. */
export class DnsCarrier implements Carrier {
  readonly #clock: Clock;
  /** All on one timer. */
  readonly #deadlines: Deadlines;
  readonly #line: WaitingLine;
  /** For each query under way: gives it up. */
  readonly #underWay = new Map<Promise<unknown>, () => void>();
  #closed = false;

  constructor(settings: CarrierSettings) {
    this.#clock = settings.clock;
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

  async carry(letter: Letter): Promise<Carried> {
    if (this.#closed) return { kind: "aborted" };
    const entry = await this.#line.enter(letter.signal);
    if (entry === "full") return { kind: "limit", why: "too many queries wait for a socket" };
    if (entry === "late") return { kind: "limit", why: "no socket became free in time" };
    if (entry === "aborted") return { kind: "aborted" };
    return this.#send(letter);
  }

  /** Gives up everything, and returns when all sockets are closed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#line.dissolve();
    for (const giveUp of this.#underWay.values()) giveUp();
    await Promise.all(this.#underWay.keys());
  }

  /** Resolves at the deadline, though it may take the socket a little longer to close. */
  #send(letter: Letter): Promise<Carried> {
    const { promise, resolve } = Promise.withResolvers<Carried>();
    const query = letter.overTcp ? queryOverTcp(letter, this.#clock) : queryOverUdp(letter);
    const end = (kind: "timeout" | "aborted") => {
      resolve({ kind });
      query.stop();
    };
    const giveUp = () => end("aborted");
    letter.signal?.addEventListener("abort", giveUp);
    const deadline = new Deadline(() => end("timeout"));
    this.#deadlines.set(deadline, this.#deadlines.now() + letter.timeoutMs);
    const done = query.result.then((result) => {
      if (result !== null) resolve(result);
      this.#deadlines.remove(deadline);
      letter.signal?.removeEventListener("abort", giveUp);
      this.#underWay.delete(done);
      this.#line.leave();
    });
    this.#underWay.set(done, giveUp);
    if (this.#closed || letter.signal?.aborted === true) giveUp(); // While it waited in line.
    return promise;
  }
}
