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
import { AnswerCache } from "./cache.ts";
import type { Exchange, Exchanged } from "./exchange.ts";
import { canonicalName, nameFromText } from "./name.ts";
import { type Name, type RecordType, typeNumbers } from "./record.ts";
import type { Answer, FailureKind, LookupOptions, Resolver, Security } from "./resolver.ts";
import { SharedWork } from "./shared_work.ts";
import { type Entry, WaitingLine } from "./waiting_line.ts";

/** For one lookup, all its aliases and servers together. */
export const maxLookupMs = 30_000;

/** Lookups under way at once, as many as there are sockets: each costs about 10 KiB. */
export const maxActiveLookups = 512;

/** Lookups that wait until one of those is done; a further one fails with `limit`. Each costs about 1 KiB. */
export const maxWaitingLookups = 20_000;

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
}

const reasons = {
  full: ["limit", "too many lookups wait"],
  late: ["timeout", "the lookup took too long"],
  aborted: ["aborted", "the one who asked gave up"],
} as const satisfies Record<Exclude<Entry, "entered">, readonly [FailureKind, string]>;

function notEntered<T extends RecordType>(name: Name, type: T, entry: keyof typeof reasons): Answer<T> {
  const [kind, why] = reasons[entry];
  return failedAnswer(name, type, name, kind, why);
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
  readonly #cache: AnswerCache;
  readonly #lookups = new SharedWork<Answer>();
  readonly #line: WaitingLine;

  constructor(settings: StubSettings) {
    this.#exchange = settings.exchange;
    this.#clock = settings.clock;
    this.#mode = settings.mode;
    this.#cache = settings.cache ?? new AnswerCache({ clock: settings.clock });
    this.#line = new WaitingLine({
      clock: settings.clock,
      places: settings.maxActive ?? maxActiveLookups,
      maxWaiting: settings.maxWaiting ?? maxWaitingLookups,
      maxWaitMs: maxLookupMs,
    });
  }

  async lookup<T extends RecordType>(name: string, type: T, options: LookupOptions = {}): Promise<Answer<T>> {
    const asked = nameFromText(name);
    const { signal } = options;
    const givenUp = () => notEntered(asked, type, "aborted");
    if (signal?.aborted === true) return givenUp();
    const kept = this.#cache.get(asked, type);
    if (kept !== null) return kept;
    const key = `${canonicalName(asked)} ${type}`;
    const answer = await this.#lookups.run(key, signal, (shared) => this.#find(asked, type, shared), givenUp);
    return { ...answer as Answer<T>, name: asked }; // The key holds the type.
  }

  async #find<T extends RecordType>(
    name: Name,
    type: T,
    signal: AbortSignal | undefined,
  ): Promise<Answer<T>> {
    const entry = await this.#line.enter(signal);
    if (entry !== "entered") return notEntered(name, type, entry);
    try {
      const answer = await this.#follow(name, type, signal);
      this.#cache.put(answer);
      return answer;
    } finally {
      this.#line.leave();
    }
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
