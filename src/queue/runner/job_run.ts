/**
 * One attempt of one job: what is known of it so far, and what the report will say.
 *
 * Tested by `src/queue/runner/runner_test.ts`.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Queue, QueueJob, QueueReport } from "../queue.ts";
import { JobContent } from "./content.ts";
import { Tally } from "./tally.ts";
import { ownVerdict, type Verdict } from "./verdict.ts";

/** Addresses that are reported as dialled. */
export const maxDialed = 20;

/** Why an attempt ends when the store is lost. */
export const storeLost = "the store is lost";

/** How long, when the store is lost, is waited for what a host says to a message that it was sent whole, in milliseconds. */
export const lastWordMs = 5000;

/** What takes longer is waited for without taking anybody's place, in milliseconds. */
export const quickMs = 1000;

/** How TLS was, for metrics. */
export type TlsMode = "none" | "opportunistic" | "required" | "mtasts" | "dane" | "relay";

/** What a run is made of. */
export interface RunParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly attemptMs: number;
  /** Waits, and lets others have its place meanwhile. */
  readonly stepAside: (wait: Promise<void>) => Promise<void>;
}

export class JobRun {
  readonly job: QueueJob;
  readonly tally: Tally;
  readonly content: JobContent;
  readonly log: Log;
  /** What the host of the last connection was held to. */
  tlsMode: TlsMode = "none";
  readonly #clock: Clock;
  readonly #dialed: string[] = [];
  readonly #startedAt: number;
  readonly #began: number;
  readonly #ending = new AbortController();
  readonly #stopping: AbortSignal;
  readonly #onStop = () => this.#stop();
  readonly #late: { cancel(): void };
  readonly #lateVerdict: Verdict;
  #isLate = false;
  #lastWord: { cancel(): void } | null = null;
  #isEnding = () => false;

  readonly #stepAside: RunParts["stepAside"];

  /** @param stopping Aborts when the server stops, or has lost the store. */
  constructor(
    job: QueueJob,
    queue: Pick<Queue, "content">,
    { clock, log, attemptMs, stepAside }: RunParts,
    stopping: AbortSignal,
  ) {
    this.#stepAside = stepAside;
    this.job = job;
    this.tally = new Tally(job.recipients);
    this.content = new JobContent(queue, job);
    this.log = log.with({
      queueId: String(job.recipients[0]?.id ?? 0),
      domain: job.domain,
      attempt: job.attempts,
    });
    this.#clock = clock;
    this.#startedAt = clock.now();
    this.#began = clock.monotonic();
    this.#stopping = stopping;
    stopping.addEventListener("abort", this.#onStop, { once: true });
    if (stopping.aborted) this.#onStop();
    this.#lateVerdict = ownVerdict(
      "temporary",
      "4.4.7", // RFC 3463 3.5
      `the attempt took longer than ${Math.round(attemptMs / 60_000)} minutes`,
    );
    this.#late = clock.after(attemptMs, () => {
      this.#isLate = true;
      if (!this.#isEnding()) this.#cutOff();
    });
  }

  /**
   * Waits for a message that is being sent. When time is over it is cut off, but for its very end: it may have been taken,
   * and would be sent again; what is waited for then has a limit of its own.
   */
  async sending<T>(isEnding: () => boolean, sent: Promise<T>): Promise<T> {
    this.#isEnding = isEnding;
    try {
      return await sent;
    } finally {
      this.#isEnding = () => false;
    }
  }

  /** The message was answered, and what was said is settled: no other is begun if time is over. */
  answered(): void {
    if (this.#isLate) this.#cutOff();
    if (this.isStopped) this.#ending.abort();
  }

  /** Waits for what another attempt finds out, without taking anybody's place; or until this one must end. */
  async aside(wait: Promise<void>): Promise<void> {
    const over = Promise.withResolvers<void>();
    const end = () => over.resolve();
    this.signal.addEventListener("abort", end, { once: true });
    if (this.signal.aborted) end();
    await this.#stepAside(Promise.race([wait, over.promise]));
    this.signal.removeEventListener("abort", end);
  }

  /** Waits for what is quick most of the time (a lookup); where it is not, without taking anybody's place. */
  async patiently<T>(wait: Promise<T>): Promise<T> {
    const slow = Promise.withResolvers<"slow">();
    const timer = this.#clock.after(quickMs, () => slow.resolve("slow"));
    const ended = wait.then(() => {}, () => {});
    if (await Promise.race([ended, slow.promise]) === "slow") await this.aside(ended);
    timer.cancel();
    return await wait;
  }

  /** Who was sent a message whole may have taken it: if only the store is lost, its word can still be told. */
  #stop(): void {
    if (this.#stopping.reason !== storeLost || !this.#isEnding()) return this.#ending.abort();
    this.#lastWord = this.#clock.after(lastWordMs, () => this.#ending.abort());
  }

  #cutOff(): void {
    this.tally.settleAll(this.#lateVerdict);
    this.#ending.abort();
  }

  /** Aborts when the attempt must end. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Whether it ends for reasons of ours: what has no answer yet is as if it had not been tried. */
  get isStopped(): boolean {
    return this.#stopping.aborted;
  }

  get ms(): number {
    return Math.max(0, Math.round(this.#clock.monotonic() - this.#began));
  }

  /** Whether anything was tried that a report has to tell of. */
  get wasTried(): boolean {
    return this.#dialed.length > 0 || this.tally.results.length > 0;
  }

  /** An address is dialled, or its connection used again. */
  dialed(address: string): void {
    if (this.#dialed.at(-1) !== address && this.#dialed.length < maxDialed) this.#dialed.push(address);
  }

  get report(): QueueReport {
    return {
      lease: this.job.lease,
      startedAt: this.#startedAt,
      ms: this.ms,
      dialed: this.#dialed,
      results: this.tally.results,
    };
  }

  /** Nothing more is done. */
  end(): void {
    this.#late.cancel();
    this.#lastWord?.cancel();
    this.#stopping.removeEventListener("abort", this.#onStop);
  }
}
