/**
 * A resolver that gives up after a time, whatever the one behind it does.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import type { RecordType } from "../../dns/record.ts";
import { failedAnswer } from "../../dns/answer.ts";
import type { Answer, LookupOptions, Resolver } from "../../dns/resolver.ts";

export class TimedResolver implements Resolver {
  readonly #resolver: Resolver;
  readonly #clock: Clock;
  readonly #ms: number;

  /** @param ms For each lookup. */
  constructor(resolver: Resolver, clock: Clock, ms: number) {
    this.#resolver = resolver;
    this.#clock = clock;
    this.#ms = ms;
  }

  async lookup<T extends RecordType>(name: string, type: T, options: LookupOptions = {}): Promise<Answer<T>> {
    const ending = new AbortController();
    const over = Promise.withResolvers<Answer<T>>();
    const end = (failure: "timeout" | "aborted", why: string) => {
      ending.abort();
      over.resolve(failedAnswer(name, type, name, failure, why));
    };
    const late = this.#clock.after(
      this.#ms,
      () => end("timeout", `there was no answer within ${this.#ms / 1000} s`),
    );
    const gaveUp = () => end("aborted", "the one who asked gave up");
    const { signal } = options;
    if (signal?.aborted === true) gaveUp();
    signal?.addEventListener("abort", gaveUp, { once: true });
    try {
      return await Promise.race([
        this.#resolver.lookup(name, type, { signal: ending.signal }),
        over.promise,
      ]);
    } finally {
      late.cancel();
      signal?.removeEventListener("abort", gaveUp);
    }
  }
}
