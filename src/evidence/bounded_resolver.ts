/**
 * A resolver for one message: whatever the one behind it does, every lookup ends when time or the number of lookups is
 * used up, as a failure that says so. Who asks through it needs no deadline of its own.
 *
 * @module
 */
import type { DataByType, RecordType } from "../dns/record.ts";
import type { Answer, FailureKind, LookupOptions, Resolver } from "../dns/resolver.ts";
import type { Log } from "../base/log.ts";
import type { Deadline } from "./deadline.ts";
import { maxCutLookups } from "./evidence.ts";

/** What bounds it. */
export interface LookupBounds {
  /** From when on nobody waits any more. */
  readonly deadline: Pick<Deadline, "signal" | "reason">;
  readonly maxLookups: number;
  /** {@link maxTooDear}, if absent. */
  readonly maxTooDear?: number;
}

/**
 * Answers of one message that a limit kept from being found, before nothing more is looked up for it. A stranger can have
 * each lookup cost what the validator spends at most, some 10 ms, and a message asks for hundreds of names that he has
 * chosen; who means well never reaches such a limit.
 */
export const maxTooDear = 3;

/** Lookups for one message. */
export class BoundedResolver implements Resolver {
  /** The first lookups that were cut off, as `TXT _dmarc.example.org.`. */
  readonly cut: string[] = [];
  readonly #resolver: Resolver;
  readonly #bounds: LookupBounds;
  readonly #log: Log;
  #lookups = 0;
  #tooDear = 0;

  constructor(resolver: Resolver, bounds: LookupBounds, log: Log) {
    this.#resolver = resolver;
    this.#bounds = bounds;
    this.#log = log;
  }

  async lookup<T extends RecordType>(name: string, type: T, options: LookupOptions = {}): Promise<Answer<T>> {
    const { deadline, maxLookups, maxTooDear: tooDear = maxTooDear } = this.#bounds;
    const { signal } = deadline;
    if (signal.aborted) return this.#cutOff(name, type, "timeout", deadline.reason());
    if (++this.#lookups > maxLookups) {
      return this.#cutOff(name, type, "limit", `the message asked for more than ${maxLookups} lookups`);
    }
    if (this.#tooDear >= tooDear) {
      return this.#cutOff(name, type, "limit", `${tooDear} lookups of the message were too much work`);
    }
    const both = options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]);
    const given = Promise.withResolvers<null>();
    const giveUp = () => given.resolve(null);
    both.addEventListener("abort", giveUp, { once: true });
    try {
      const answer = await Promise.race([this.#resolver.lookup(name, type, { signal: both }), given.promise]);
      // What came because it was given up is told as what it is.
      if (signal.aborted && (answer === null || answer.failure === "aborted")) {
        return this.#cutOff(name, type, "timeout", deadline.reason());
      }
      if (answer?.failure === "costly") this.#tooDear++;
      return answer ?? failed(name, type, "aborted", "the one who asked gave up");
    } catch (error) {
      if (error instanceof SyntaxError) throw error; // As the interface has it.
      this.#log.error("resolver threw", {
        name,
        type,
        error: error instanceof Error ? error : String(error),
      });
      return failed(name, type, "serverFailure", "the resolver failed");
    } finally {
      both.removeEventListener("abort", giveUp);
    }
  }

  #cutOff<T extends RecordType>(name: string, type: T, failure: FailureKind, why: string): Answer<T> {
    if (this.cut.length < maxCutLookups) this.cut.push(`${type} ${name}`);
    return failed(name, type, failure, why);
  }
}

function failed<T extends RecordType>(name: string, type: T, failure: FailureKind, why: string): Answer<T> {
  const records: readonly DataByType[T][] = [];
  const status = "failed";
  return {
    name,
    type,
    status,
    canonicalName: name,
    records,
    ttl: 0,
    security: "indeterminate",
    why,
    failure,
  };
}
