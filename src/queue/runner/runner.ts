/**
 * Outgoing mail's runner: hears when work is due, takes it, sends it, reports.
 *
 * ```text
 * listen --due--> take --jobs--> a lane for each domain --report--> take more of the same domain --> ... --> done
 *    |                              |
 *    |  the store is lost           | prefetches one job while it sends another
 *    v                              v
 * all lanes end, listen again     connections wait in `Lines`, for the next lane
 * ```
 *
 * A lane works on one domain, one job after the other; a domain has at most `maxPerDomain` lanes, all domains together
 * `maxConnections`, and some more that wait for what another lane finds out of the same host. After `maxPerConnection` jobs a lane ends, so that others have their turn. Each job is reported
 * once, or given back if nothing was tried; where the store is lost neither can be, and its next attempt is on record. What
 * was final is told when it is back.
 *
 * @module
 */
import type { Timer } from "../../base/clock.ts";
import { Refused } from "../../base/errors.ts";
import type { DueNews, LateReport, QueueJob } from "../queue.ts";
import { Attempts } from "./attempt.ts";
import { JobRun, storeLost } from "./job_run.ts";
import { type RunnerMetrics, runnerMetrics } from "./metrics.ts";
import type { RunnerParts } from "./settings.ts";

/** A runner that runs. */
export interface Runner {
  /**
   * Takes nothing more, lets what is under way end for so long, drops the rest, gives back what was not tried.
   *
   * @param deadlineMs Milliseconds.
   */
  close(deadlineMs: number): Promise<void>;
}

/** Jobs asked for at once. */
export const maxTaken = 50;

/** Lanes that may wait for what another finds out, beside those that work. */
export const maxAside = 300;

/** Reports that wait for a store that is lost. */
export const maxUnreported = 1000;

/** How long the store may take, after the deadline of closing, for the last reports. */
const storeMs = 500;

/** If nothing is heard of the store, it is asked all the same. */
const askAnywayMs = 60_000;

/** Starts. */
export function startRunner(parts: RunnerParts): Runner {
  return new QueueRunner(parts);
}

class QueueRunner implements Runner {
  readonly #parts: RunnerParts;
  readonly #metrics: RunnerMetrics;
  readonly #attempts: Attempts;
  readonly #lanes = new Map<string, number>();
  readonly #running = new Set<Promise<void>>();
  /** Of these, lanes that wait for what another finds out; and those of them that wait for a place to go on. */
  #aside = 0;
  readonly #returning: (() => void)[] = [];
  /** Places kept for work that was asked for. */
  #kept = 0;
  readonly #listening: Promise<void>;
  /** Of the connection to the store, as far as it can be told: aborts when that is lost. */
  #lost = new AbortController();
  /** When the store says that work is due; null for never, or not known. */
  #due: number | null = null;
  /** Work may be due that the store did not tell of, since it was being worked on. */
  #unasked = false;
  /** Counts what was heard, to notice what comes while something is asked. */
  #heard = 0;
  #taking: Promise<void> | null = null;
  /** What came of attempts while the store was lost. */
  readonly #unreported: LateReport[] = [];
  #timer: Timer | null = null;
  #stream: AsyncIterator<DueNews> | null = null;
  #closing = false;
  #wake = () => {};

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#metrics = runnerMetrics(parts.metrics);
    this.#attempts = new Attempts(parts, this.#metrics);
    parts.metrics.beforeText(() => this.#metrics.connectionsOpen.set(this.#running.size));
    this.#listening = this.#listen();
  }

  async close(deadlineMs: number): Promise<void> {
    this.#closing = true;
    this.#timer?.cancel();
    this.#wake();
    const { clock } = this.#parts;
    const until = clock.monotonic() + deadlineMs;
    const drop = clock.after(deadlineMs, () => this.#lost.abort());
    // A store that does not answer holds nobody up.
    const tooLate = Promise.withResolvers<void>();
    const leave = clock.after(deadlineMs + storeMs, tooLate.resolve);
    await Promise.race([this.#ended(), tooLate.promise]);
    drop.cancel();
    leave.cancel();
    // Only now: on this connection everything was reported.
    void this.#stream?.return?.();
    await this.#listening;
    await this.#attempts.close(Math.max(0, until - clock.monotonic()));
  }

  /** Hears of the store, and again when it was lost, until closed. */
  async #listen(): Promise<void> {
    const { queue, settings, log } = this.#parts;
    while (!this.#closing) {
      try {
        const stream = queue.listen({})[Symbol.asyncIterator]();
        this.#stream = stream;
        for (let next = await stream.next(); next.done !== true; next = await stream.next()) {
          this.#due = next.value.due;
          if (next.value.afresh) this.#attempts.forgetFailures();
          this.#heard++;
          await this.#reportLate();
          void this.#take();
        }
        if (!this.#closing) log.warn("the store has ended the queue's work");
      } catch (error) {
        if (!this.#closing) log.info("the queue is not to be had", { error: words(error) });
      }
      if (this.#closing) return;
      // Leases ended with the connection: whatever goes on could not be reported.
      this.#stream = null;
      this.#due = null;
      this.#unasked = false;
      this.#lost.abort(storeLost);
      await this.#ended();
      this.#lost = new AbortController();
      await this.#pause(settings.listenAgainMs);
    }
  }

  #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#parts.clock.after(ms, resolve);
    this.#wake = () => {
      timer.cancel();
      resolve();
    };
    return promise;
  }

  async #ended(): Promise<void> {
    while (this.#taking !== null || this.#running.size > 0) {
      await this.#taking;
      await Promise.all(this.#running);
    }
  }

  /** Takes what is due while there is room. */
  #take(): Promise<void> {
    return this.#taking ??= this.#takeAll().finally(() => {
      this.#taking = null;
      // Something was heard in the very moment in which it ended.
      if (this.#mayTake()) void this.#take();
      else this.#setTimer();
    });
  }

  async #takeAll(): Promise<void> {
    try {
      while (this.#mayTake()) {
        const heard = this.#heard;
        const { queue, settings } = this.#parts;
        const max = Math.min(settings.maxConnections - this.#working, maxTaken);
        const busy = [...this.#lanes.keys()];
        const jobs = await this.#keeping(max, () => queue.take({ domain: null, busy, max }));
        if (jobs.length === 0 && heard === this.#heard) this.#nothingNow();
      }
    } catch (error) {
      this.#nothingNow();
      this.#parts.log.warn("no work could be taken", { error: words(error) });
    }
  }

  #mayTake(): boolean {
    const isDue = this.#unasked || this.#due !== null && this.#due <= this.#parts.clock.now();
    return isDue && !this.#closing && this.#stream !== null &&
      this.#working < this.#parts.settings.maxConnections;
  }

  /** Lanes that take a place, or will. */
  get #working(): number {
    return this.#running.size - this.#aside + this.#kept;
  }

  /** Begins lanes for what is taken; meanwhile nobody else is given their places. */
  async #keeping(places: number, take: () => Promise<readonly QueueJob[]>): Promise<readonly QueueJob[]> {
    let jobs: readonly QueueJob[] = [];
    this.#kept += places;
    try {
      jobs = await take();
      return jobs;
    } finally {
      this.#kept -= places;
      for (const job of jobs) this.#start(job);
      this.#letIn();
    }
  }

  /** A lane waits. Its place is others' meanwhile, and it goes on when there is one. */
  async #stepAside(wait: Promise<void>): Promise<void> {
    if (this.#aside >= maxAside) return await wait;
    this.#aside++;
    this.#roomMade();
    await wait;
    if (this.#working < this.#parts.settings.maxConnections) this.#aside--;
    else await new Promise<void>((resolve) => this.#returning.push(resolve));
  }

  /** There is a place: for who waits for one, else for more work. */
  #roomMade(): void {
    this.#letIn();
    // What is due for a domain was nobody's business while it was worked on, not even of a question that is under way.
    this.#unasked = true;
    this.#heard++;
    void this.#take();
  }

  #letIn(): void {
    while (this.#working < this.#parts.settings.maxConnections && this.#returning.length > 0) {
      this.#aside--;
      this.#returning.shift()?.();
    }
  }

  /** What is due later stays so. */
  #nothingNow(): void {
    this.#unasked = false;
    if (this.#due !== null && this.#due <= this.#parts.clock.now()) this.#due = null;
  }

  #setTimer(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#closing || this.#stream === null) return;
    const { clock } = this.#parts;
    const wait = this.#due === null ? askAnywayMs : this.#due - clock.now();
    // Full: whatever ends asks again.
    if (wait <= 0) return;
    this.#timer = clock.after(Math.min(wait, askAnywayMs), () => {
      this.#unasked = true;
      void this.#take();
    });
  }

  #start(job: QueueJob): void {
    const { domain } = job;
    this.#count(domain, 1);
    const lane = this.#lane(job).catch((error) => {
      this.#parts.log.error("a lane broke", { error: error instanceof Error ? error : String(error) });
    }).finally(() => {
      this.#count(domain, -1);
      this.#running.delete(lane);
      this.#roomMade();
    });
    this.#running.add(lane);
  }

  /** Lanes of a domain that work, or will. */
  #count(domain: string, more: 1 | -1): void {
    const count = (this.#lanes.get(domain) ?? 0) + more;
    if (count > 0) this.#lanes.set(domain, count);
    else this.#lanes.delete(domain);
  }

  /** One domain's jobs, one after the other. */
  async #lane(first: QueueJob): Promise<void> {
    const { domain } = first;
    const lost = this.#lost.signal;
    const jobs = [first];
    for (let done = 1; jobs.length > 0; done++) {
      const job = jobs.shift();
      if (job === undefined) break;
      if (this.#closing || lost.aborted) {
        await this.#giveBack(job, lost);
        continue;
      }
      const isLast = done >= this.#parts.settings.maxPerConnection;
      const more = jobs.length > 0 || isLast ? [] : this.#more(domain, lost);
      // On disk before the next one is sent: whatever is killed then, only what is under way can arrive twice.
      await this.#report(await this.#attempt(job, lost), lost);
      jobs.push(...await more);
      if (jobs.length > 0) await this.#help(domain, lost);
    }
  }

  /** The next of a domain, asked for while another one is sent and reported. */
  async #more(domain: string, lost: AbortSignal): Promise<readonly QueueJob[]> {
    if (this.#closing || lost.aborted) return [];
    try {
      return await this.#parts.queue.take({ domain, busy: [], max: 1 });
    } catch (error) {
      this.#parts.log.debug("no more work could be taken", { domain, error: words(error) });
      return [];
    }
  }

  /** There is more than one lane can do at once: another, if that is allowed. */
  async #help(domain: string, lost: AbortSignal): Promise<void> {
    const { maxPerDomain, maxConnections } = this.#parts.settings;
    const isFull = (this.#lanes.get(domain) ?? 0) >= maxPerDomain || this.#working >= maxConnections;
    if (isFull || this.#closing || lost.aborted) return;
    this.#count(domain, 1);
    try {
      await this.#keeping(1, () => this.#more(domain, lost));
    } finally {
      this.#count(domain, -1);
    }
  }

  async #attempt(job: QueueJob, lost: AbortSignal): Promise<JobRun> {
    const { queue, clock, log, settings: { attemptMs } } = this.#parts;
    const stepAside = (wait: Promise<void>) => this.#stepAside(wait);
    const run = new JobRun(job, queue, { clock, log, attemptMs, stepAside }, lost);
    await this.#attempts.go(run);
    run.end();
    return run;
  }

  /** Once, whatever comes of it. */
  async #report(run: JobRun, lost: AbortSignal): Promise<void> {
    if (run.isStopped && !run.wasTried) return await this.#giveBack(run.job, lost);
    try {
      await this.#parts.queue.report(run.report);
    } catch (error) {
      run.log.warn("what came of an attempt could not be reported", { error: words(error) });
      if (error instanceof Refused && error.reason === "badRequest") return;
      const { job: { attempts, recipients }, report } = run;
      if (
        this.#unreported.length >= maxUnreported ||
        report.results.every(({ outcome }) => outcome === "temporary")
      ) return;
      this.#unreported.push({ report, attempts, ids: recipients.map(({ id }) => id) });
    }
  }

  /** What the store has not heard, since it was lost: before it hands out work. */
  async #reportLate(): Promise<void> {
    for (const late of this.#unreported.splice(0)) {
      try {
        await this.#parts.queue.reportLate(late);
      } catch (error) {
        this.#parts.log.warn("what came of an attempt is not known to the store", {
          queueId: String(late.ids[0] ?? 0),
          error: words(error),
        });
      }
    }
  }

  async #giveBack(job: QueueJob, lost: AbortSignal): Promise<void> {
    // Also when the store was lost: work that was asked for then may have come over the next connection.
    try {
      await this.#parts.queue.giveBack({ lease: job.lease });
    } catch (error) {
      const fields = { domain: job.domain, error: words(error) };
      if (lost.aborted && !this.#closing) this.#parts.log.debug("a lease ended with its connection", fields);
      else this.#parts.log.warn("a job could not be given back", fields);
    }
  }
}

function words(error: unknown): string {
  if (error instanceof Refused) return `${error.reason}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
