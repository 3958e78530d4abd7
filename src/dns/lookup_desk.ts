/**
 * What stands before every lookup of a resolver: answers that are kept, the same lookup done once for all who ask
 * at the same time, and a limit on how many are under way.
 *
 * Ten thousand may ask at once. Who waits is one small object and a promise: nothing of the lookup itself, no signal
 * of its own and no timer, is made before it is its turn.
 *
 * Tested by `stub_test.ts` and `validating_resolver_test.ts`.
 *
 * @module
 */
import type { Clock, Millis } from "../base/clock.ts";
import { failedAnswer } from "./answer.ts";
import { AnswerCache } from "./cache.ts";
import { canonicalName, nameFromText } from "./name.ts";
import type { Name, RecordType } from "./record.ts";
import type { Answer, FailureKind } from "./resolver.ts";
import { SharedWork } from "./shared_work.ts";
import { type Entry, type Waiter, WaitingLine } from "./waiting_line.ts";

/** For one lookup, all its aliases and servers together; and for waiting until it begins. */
export const maxLookupMs = 30_000;

/** Lookups under way at once, as many as there are sockets: each costs about 10 KiB. */
export const maxActiveLookups = 512;

/** Lookups that wait until one of those is done; a further one fails with `limit`. Each costs less than 1 KiB. */
export const maxWaitingLookups = 20_000;

/** Does one lookup; when `signal` aborts, its failure is `aborted`. */
export type Find = <T extends RecordType>(
  name: Name,
  type: T,
  signal: AbortSignal | undefined,
) => Promise<Answer<T>>;

/** Is told what becomes of lookups, for whoever counts them. */
export interface LookupObserver {
  /** An answer was kept from before. */
  kept(): void;
  /** None was: it is to be found, perhaps together with others who ask the same. */
  asked(): void;
  /** A lookup that was done has come to its end. */
  answered(answer: Answer): void;
}

/** What a {@link LookupDesk} is made of. */
export interface DeskSettings {
  readonly clock: Clock;
  /** The work itself; given names in lower case. */
  readonly find: Find;
  /** One of its own, if absent. */
  readonly cache?: AnswerCache | undefined;
  readonly maxActive?: number | undefined;
  readonly maxWaiting?: number | undefined;
  readonly observer?: LookupObserver | undefined;
}

const reasons = {
  full: ["limit", "too many lookups wait"],
  late: ["timeout", "the lookup took too long"],
  aborted: ["aborted", "the one who asked gave up"],
} as const satisfies Record<Exclude<Entry, "entered">, readonly [FailureKind, string]>;

/** Why a lookup was not done, as its answer. */
function notDone<T extends RecordType>(name: Name, type: T, entry: keyof typeof reasons): Answer<T> {
  const [kind, why] = reasons[entry];
  return failedAnswer(name, type, name, kind, why);
}

/** Takes lookups. */
export class LookupDesk {
  readonly #find: Find;
  readonly #cache: AnswerCache;
  readonly #lookups = new SharedWork<Answer>();
  readonly #line: WaitingLine;
  readonly #observer: LookupObserver | null;

  constructor({ clock, find, cache, maxActive, maxWaiting, observer }: DeskSettings) {
    this.#observer = observer ?? null;
    this.#find = find;
    this.#cache = cache ?? new AnswerCache({ clock });
    this.#line = new WaitingLine({
      clock,
      places: maxActive ?? maxActiveLookups,
      maxWaiting: maxWaiting ?? maxWaitingLookups,
      maxWaitMs: maxLookupMs,
    });
  }

  /**
   * The answer that is kept, or that `find` has.
   *
   * @returns Rejects with SyntaxError if the name is no absolute one, and with what `find` rejects with.
   */
  lookup<T extends RecordType>(text: string, type: T, signal: AbortSignal | undefined): Promise<Answer<T>> {
    let name: Name;
    try {
      name = nameFromText(text);
    } catch (error) {
      return Promise.reject(error);
    }
    if (signal?.aborted === true) return Promise.resolve(notDone(name, type, "aborted"));
    const kept = this.#cache.get(name, type);
    if (kept !== null) {
      this.#observer?.kept();
      return Promise.resolve(kept);
    }
    this.#observer?.asked();
    const small = canonicalName(name);
    const answer = this.#lookups.run(
      `${small} ${type}`,
      signal,
      (shared) => this.#inTurn(small, type, shared),
      () => notDone(small, type, "aborted"),
    ) as Promise<Answer<T>>; // The key holds the type.
    return small === name ? answer : spelled(answer, small, name);
  }

  #inTurn<T extends RecordType>(name: Name, type: T, signal: AbortSignal | undefined): Promise<Answer<T>> {
    return new Promise((resolve) => {
      const turn = new Turn(this, name, type, signal, resolve);
      this.#line.join(turn);
      if (signal !== undefined && !turn.settled) {
        signal.addEventListener("abort", () => this.#line.quit(turn), { once: true });
      }
    });
  }

  /** It is a lookup's turn. For {@link Turn} alone. */
  async begin<T extends RecordType>(
    name: Name,
    type: T,
    signal: AbortSignal | undefined,
  ): Promise<Answer<T>> {
    try {
      const answer = signal?.aborted === true
        ? notDone(name, type, "aborted")
        : await this.#find(name, type, signal);
      this.#cache.put(answer);
      this.#observer?.answered(answer);
      return answer;
    } finally {
      this.#line.leave();
    }
  }
}

/** A lookup in line: all that there is of it. */
class Turn<T extends RecordType> implements Waiter {
  lateAt: Millis = 0;
  settled = false;
  readonly #desk: LookupDesk;
  readonly #name: Name;
  readonly #type: T;
  readonly #signal: AbortSignal | undefined;
  readonly #resolve: (answer: Answer<T> | Promise<Answer<T>>) => void;

  constructor(
    desk: LookupDesk,
    name: Name,
    type: T,
    signal: AbortSignal | undefined,
    resolve: (answer: Answer<T> | Promise<Answer<T>>) => void,
  ) {
    this.#desk = desk;
    this.#name = name;
    this.#type = type;
    this.#signal = signal;
    this.#resolve = resolve;
  }

  settle(entry: Entry): void {
    this.settled = true;
    this.#resolve(
      entry === "entered"
        ? this.#desk.begin(this.#name, this.#type, this.#signal)
        : notDone(this.#name, this.#type, entry),
    );
  }
}

/** Gives an answer in the letters in which it was asked for. */
async function spelled<T extends RecordType>(
  found: Promise<Answer<T>>,
  small: Name,
  name: Name,
): Promise<Answer<T>> {
  const answer = await found;
  return { ...answer, name, canonicalName: answer.canonicalName === small ? name : answer.canonicalName };
}

/** Does a lookup with a deadline for all of it, where each of its questions would have one of its own. */
export async function inTime<T extends RecordType>(
  clock: Clock,
  name: Name,
  type: T,
  signal: AbortSignal | undefined,
  find: (name: Name, type: T, signal: AbortSignal) => Promise<Answer<T>>,
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
