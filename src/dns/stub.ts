/**
 * A resolver that leaves the work to recursive servers: it asks them, follows aliases, keeps answers, and says what
 * their word on DNSSEC is worth. RFC 1034 5.3.1, RFC 4035 4.9
 *
 * It never validates. A `ValidatingResolver` stands beside it, on the same exchange, cache, trail and answers.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { AliasTrail, answerOf, failedAnswer, readFinding } from "./answer.ts";
import { isWeaker } from "./security.ts";
import type { AnswerCache } from "./cache.ts";
import type { Exchange, Exchanged } from "./exchange.ts";
import { type Find, LookupDesk, type LookupObserver, maxLookupMs } from "./lookup_desk.ts";
import { type Name, type RecordType, typeNumbers } from "./record.ts";
import type { Answer, LookupOptions, Resolver, Security } from "./resolver.ts";

/**
 * Whom to believe about DNSSEC.
 *
 * - `trust-ad`: the AD bit of servers that are trusted (RFC 4035 4.9.3); of others nobody can tell.
 * - `off`: nobody.
 */
export type StubMode = "trust-ad" | "off";

/** What a {@link StubResolver} is made of. */
export interface StubSettings {
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly mode: StubMode;
  /** One of its own, if absent. */
  readonly cache?: AnswerCache;
  readonly maxActive?: number;
  readonly maxWaiting?: number;
  readonly observer?: LookupObserver | undefined;
}

interface Belief {
  readonly security: Security;
  readonly why: string;
}

/** Asks recursive servers. */
export class StubResolver implements Resolver {
  readonly #exchange: Exchange;
  readonly #clock: Clock;
  readonly #mode: StubMode;
  readonly #desk: LookupDesk;

  constructor(settings: StubSettings) {
    const { exchange, clock, mode, cache, maxActive, maxWaiting, observer } = settings;
    this.#exchange = exchange;
    this.#clock = clock;
    this.#mode = mode;
    const find: Find = (...asked) => this.#follow(...asked);
    this.#desk = new LookupDesk({ clock, find, cache, maxActive, maxWaiting, observer });
  }

  lookup<T extends RecordType>(name: string, type: T, options?: LookupOptions): Promise<Answer<T>> {
    return this.#desk.lookup(name, type, options?.signal);
  }

  async #follow<T extends RecordType>(
    name: Name,
    type: T,
    signal: AbortSignal | undefined,
  ): Promise<Answer<T>> {
    const end = this.#clock.monotonic() + maxLookupMs;
    const options = { recursionDesired: true, checkingDisabled: false, dnssecOk: false, signal };
    const trail = new AliasTrail(name);
    let believed: Belief | null = null;
    for (;;) {
      const withinMs = end - this.#clock.monotonic();
      const result = await this.#exchange.query({ name: trail.at, type: typeNumbers[type] }, {
        ...options,
        withinMs,
      });
      if (!result.ok) return failedAnswer(name, type, trail.at, result.kind, result.why);
      const step = this.#believe(result);
      if (believed === null || isWeaker(step.security, believed.security)) believed = step;
      const finding = readFinding(result.message, type, trail);
      // Each turn is an alias more, and their number is limited.
      if (finding.kind !== "again") return answerOf({ name, type, trail, finding, ...believed });
    }
  }

  #believe({ message, server, trusted }: Exchanged): Belief {
    if (this.#mode === "off") return { security: "indeterminate", why: "DNSSEC is not looked at" };
    if (!trusted) {
      return { security: "indeterminate", why: `what ${server} says of DNSSEC is not trusted` };
    }
    if (message.authenticData) return { security: "secure", why: `${server} has validated it` };
    return { security: "insecure", why: `${server} has not: unsigned, or a server that does not validate` };
  }
}
