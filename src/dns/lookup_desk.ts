/**
 * What stands before every lookup of a resolver: answers that are kept, the same lookup done once for all who ask
 * at the same time, a limit on how many are under way, and a deadline.
 *
 * Tested by `validating_resolver_test.ts`.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { failedAnswer } from "./answer.ts";
import { AnswerCache } from "./cache.ts";
import { canonicalName } from "./name.ts";
import type { Name, RecordType } from "./record.ts";
import type { Answer, FailureKind } from "./resolver.ts";
import { SharedWork } from "./shared_work.ts";
import { maxActiveLookups, maxLookupMs, maxWaitingLookups } from "./stub.ts";
import { type Entry, WaitingLine } from "./waiting_line.ts";

/** Does one lookup; when `signal` aborts, its failure is `aborted`. */
export type Find = <T extends RecordType>(name: Name, type: T, signal: AbortSignal) => Promise<Answer<T>>;

const reasons = {
  full: ["limit", `more than ${maxWaitingLookups} lookups wait`],
  late: ["timeout", "the lookup took too long"],
  aborted: ["aborted", "the one who asked gave up"],
} as const satisfies Record<Exclude<Entry, "entered">, readonly [FailureKind, string]>;

/** Why a lookup was not done, as its answer. */
export function notDone<T extends RecordType>(name: Name, type: T, entry: keyof typeof reasons): Answer<T> {
  const [kind, why] = reasons[entry];
  return failedAnswer(name, type, name, kind, why);
}

/** Takes lookups. */
export class LookupDesk {
  readonly #clock: Clock;
  readonly #cache: AnswerCache;
  readonly #lookups = new SharedWork<Answer>();
  readonly #line: WaitingLine;

  constructor(clock: Clock, cache: AnswerCache = new AnswerCache({ clock })) {
    this.#clock = clock;
    this.#cache = cache;
    const [places, maxWaiting] = [maxActiveLookups, maxWaitingLookups];
    this.#line = new WaitingLine({ clock, places, maxWaiting, maxWaitMs: maxLookupMs });
  }

  /** The answer that is kept, or that `find` has. Never rejects, unless `find` does. */
  async lookup<T extends RecordType>(
    name: Name,
    type: T,
    signal: AbortSignal | undefined,
    find: Find,
  ): Promise<Answer<T>> {
    const givenUp = () => notDone(name, type, "aborted");
    if (signal?.aborted === true) return givenUp();
    const kept = this.#cache.get(name, type);
    if (kept !== null) return kept;
    const start = async (shared: AbortSignal | undefined) => {
      const entry = await this.#line.enter(shared);
      if (entry !== "entered") return notDone(name, type, entry);
      try {
        const answer = await inTime(this.#clock, name, type, shared, find);
        this.#cache.put(answer);
        return answer;
      } finally {
        this.#line.leave();
      }
    };
    const answer = await this.#lookups.run(`${canonicalName(name)} ${type}`, signal, start, givenUp);
    return { ...answer as Answer<T>, name }; // The key holds the type.
  }
}

/** Does a lookup, with a deadline for all of it. */
export async function inTime<T extends RecordType>(
  clock: Clock,
  name: Name,
  type: T,
  signal: AbortSignal | undefined,
  find: Find,
): Promise<Answer<T>> {
  const stop = new AbortController();
  const givenUp = () => stop.abort();
  let late = false;
  const timer = clock.after(maxLookupMs, () => {
    late = true;
    stop.abort();
  });
  signal?.addEventListener("abort", givenUp);
  try {
    const answer = await find(name, type, stop.signal);
    return late && answer.failure === "aborted" ? notDone(name, type, "late") : answer;
  } finally {
    timer.cancel();
    signal?.removeEventListener("abort", givenUp);
  }
}
