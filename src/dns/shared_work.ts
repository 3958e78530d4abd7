/**
 * Work that several ask for at the same time is done once. Who asked may give up; the work is given up with the last
 * of them.
 *
 * @module
 */

interface Job<T> {
  /** Null where one who can not give up began it: then nobody ends it. */
  readonly controller: AbortController | null;
  readonly result: Promise<T>;
  /** How many want it. */
  waiting: number;
}

/** Work under way, by key. */
export class SharedWork<T> {
  readonly #jobs = new Map<string, Job<T>>();

  /** How many pieces of work are under way. */
  get size(): number {
    return this.#jobs.size;
  }

  /**
   * The result of the work under way for `key`, or of `start`.
   *
   * @param start Begins the work; its signal aborts when nobody waits any more. It has none where that can not be.
   * @param givenUp What one gets whose own `signal` aborts first.
   */
  run(
    key: string,
    signal: AbortSignal | undefined,
    start: (signal: AbortSignal | undefined) => Promise<T>,
    givenUp: () => T,
  ): Promise<T> {
    if (signal?.aborted === true) return Promise.resolve(givenUp());
    const job = this.#jobs.get(key) ?? this.#start(key, signal, start);
    job.waiting++;
    if (signal === undefined) return job.result;
    return this.#orGivenUp(key, job, signal, givenUp);
  }

  #start(
    key: string,
    signal: AbortSignal | undefined,
    start: (signal: AbortSignal | undefined) => Promise<T>,
  ): Job<T> {
    const controller = signal === undefined ? null : new AbortController();
    const job: Job<T> = { controller, result: start(controller?.signal), waiting: 0 };
    this.#jobs.set(key, job);
    const forget = () => this.#forget(key, job);
    job.result.then(forget, forget); // `finally` would cost two more closures.
    return job;
  }

  #orGivenUp(key: string, job: Job<T>, signal: AbortSignal, givenUp: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const aborted = () => {
      job.waiting--;
      if (job.waiting === 0) {
        this.#forget(key, job); // Who comes now starts anew instead of joining what is being given up.
        job.controller?.abort(signal.reason);
      }
      resolve(givenUp());
    };
    signal.addEventListener("abort", aborted, { once: true });
    const done = () => signal.removeEventListener("abort", aborted);
    job.result.then((value) => (done(), resolve(value)), (error) => (done(), reject(error)));
    return promise;
  }

  #forget(key: string, job: Job<T>): void {
    if (this.#jobs.get(key) === job) this.#jobs.delete(key);
  }
}
