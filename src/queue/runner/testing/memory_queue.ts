/**
 * A queue in memory that does what the store does, for tests of the runner: leases, one job for each domain, another
 * attempt for what failed for now.
 *
 * @module
 */
import { type Bytes, latin1 } from "../../../base/bytes.ts";
import type { Clock } from "../../../base/clock.ts";
import { Refused } from "../../../base/errors.ts";
import { settle } from "../../../../tests/support/fake_clock.ts";
import type { DayResults } from "../../../tlsrpt/results.ts";
import type { DueNews, LateReport, Queue, QueueJob, QueueReport, QueueResult } from "../../queue.ts";
import { waitAfter } from "../../schedule.ts";

/** A message for one domain. */
export interface Queued {
  readonly job: Omit<QueueJob, "lease">;
  readonly body: Bytes;
  due: number;
}

export interface Reported {
  readonly job: QueueJob;
  readonly report: QueueReport;
}

let nextId = 1;

/** A message as it is most of the time, with whatever else is wanted. */
export function queued(
  to: readonly string[],
  own: Partial<Omit<QueueJob, "lease" | "recipients">> & { readonly body?: string } = {},
): Queued {
  const { body = "Subject: hello\r\n\r\nhello\r\n", ...rest } = own;
  const bytes = latin1(body);
  const domain = (to[0] ?? "").replace(/^.*@/, "");
  return {
    body: bytes,
    due: 0,
    job: {
      domain,
      sender: "sender@example.org",
      recipients: to.map((address) => ({ id: nextId++, address, notify: null, orcpt: null })),
      account: "sender",
      attempts: 0,
      submitted: 0,
      size: bytes.length,
      utf8: false,
      has8Bit: false,
      requireTls: null,
      transport: "",
      ret: null,
      envid: null,
      dialed: [],
      ...rest,
    },
  };
}

export class MemoryQueue implements Queue {
  readonly reports: Reported[] = [];
  readonly late: LateReport[] = [];
  readonly results = new Map<string, QueueResult[]>();
  readonly givenBack: QueueJob[] = [];
  /** Who asked for what. */
  readonly asked: (string | null)[] = [];
  readonly leases = new Map<string, { readonly job: QueueJob; readonly queued: Queued }>();
  /** Content fails so. */
  contentFault: "none" | "broken" | "short" = "none";
  /** Octets of a piece of content. */
  pieceBytes = 64 * 1024;
  /** Held back until a test lets them go. */
  holdReports: Promise<void> | null = null;
  isDown = false;
  /** Reports that have come in, noted or not. */
  reporting = 0;
  /** More of a domain is only asked for then, as where a call waits for a new connection. */
  holdTakes: Promise<void> | null = null;
  /** Answers come so late, in turns of the event loop. */
  turns = 0;
  readonly #clock: Clock;
  readonly #byDomain = new Map<string, Queued[]>();
  #listeners: ((afresh: boolean) => void)[] = [];
  #enders: (() => void)[] = [];
  #awaited: (() => void)[] = [];
  #nextLease = 1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get waiting(): number {
    let sum = 0;
    for (const all of this.#byDomain.values()) sum += all.length;
    return sum;
  }

  add(...messages: readonly Queued[]): void {
    for (const one of messages) {
      const all = this.#byDomain.get(one.job.domain);
      if (all === undefined) this.#byDomain.set(one.job.domain, [one]);
      else all.push(one);
    }
    this.tell();
  }

  /** Resolves when so many reports have come, all in all. */
  async reported(count: number): Promise<readonly Reported[]> {
    while (this.reports.length < count) {
      await new Promise<void>((resolve) => this.#awaited.push(resolve));
    }
    return this.reports;
  }

  /** The store is gone: leases and streams end. */
  break(): void {
    this.leases.clear();
    for (const end of this.#enders.splice(0)) end();
  }

  async take(
    { domain, busy, max }: {
      readonly domain: string | null;
      readonly busy: readonly string[];
      readonly max: number;
    },
  ): Promise<readonly QueueJob[]> {
    this.asked.push(domain);
    if (domain !== null) await this.holdTakes;
    if (this.isDown) throw new Refused("tryLater", "down");
    const now = this.#clock.now();
    const held = new Set(busy);
    for (const { job } of this.leases.values()) held.add(job.domain);
    const domains = domain !== null ? [domain] : [...this.#byDomain.keys()].filter((one) => !held.has(one));
    const jobs: QueueJob[] = [];
    for (const each of domains) {
      if (jobs.length >= max) break;
      const all = this.#byDomain.get(each) ?? [];
      const at = all.findIndex(({ due }) => due <= now);
      const found = all[at];
      if (found === undefined) continue;
      if (at === 0) all.shift();
      else all.splice(at, 1);
      if (all.length === 0) this.#byDomain.delete(each);
      const lease = `lease${this.#nextLease++}`;
      const job = { ...found.job, attempts: found.job.attempts + 1, lease };
      this.leases.set(lease, { job, queued: found });
      jobs.push(job);
    }
    for (let i = 0; i < this.turns; i++) await settle();
    return jobs;
  }

  async *content({ lease }: { readonly lease: string }): AsyncGenerator<Bytes, void, undefined> {
    const { queued: { body } } = this.#lease(lease);
    for (let at = 0; at < body.length; at += this.pieceBytes) {
      if (this.contentFault === "broken") throw new Refused("damaged", "the body is damaged");
      await Promise.resolve();
      const end = Math.min(at + this.pieceBytes, body.length - (this.contentFault === "short" ? 1 : 0));
      yield body.slice(at, end);
    }
  }

  async report(report: QueueReport): Promise<void> {
    const { job, queued: { body } } = this.#lease(report.lease);
    this.reporting++;
    await this.holdReports;
    this.leases.delete(report.lease);
    this.reports.push({ job, report });
    for (const result of report.results) {
      const address = job.recipients.find(({ id }) => id === result.id)?.address ?? "";
      this.results.set(address, [...this.results.get(address) ?? [], result]);
    }
    const settled = new Set(
      report.results.filter(({ outcome }) => outcome !== "temporary").map(({ id }) => id),
    );
    const recipients = job.recipients.filter(({ id }) => !settled.has(id));
    if (recipients.length > 0) {
      const due = this.#clock.now() + waitAfter(job.attempts, 0.5);
      const { lease: _, ...again } = job;
      this.add({ job: { ...again, recipients, dialed: [...job.dialed, ...report.dialed] }, body, due });
    } else this.tell();
    for (const resolve of this.#awaited.splice(0)) resolve();
  }

  giveBack({ lease }: { readonly lease: string }): Promise<void> {
    const { job, queued: back } = this.#lease(lease);
    this.leases.delete(lease);
    this.givenBack.push(job);
    this.add(back);
    return Promise.resolve();
  }

  listen(): AsyncIterableIterator<DueNews> {
    if (this.isDown) throw new Refused("tryLater", "down");
    let stale = true;
    let isAfresh = false;
    let ended = false;
    let wake = () => {};
    const tell = (afresh: boolean) => {
      stale = true;
      isAfresh ||= afresh;
      wake();
    };
    const end = () => {
      ended = true;
      this.#listeners = this.#listeners.filter((one) => one !== tell);
      wake();
    };
    this.#listeners.push(tell);
    this.#enders.push(end);
    const iterator: AsyncIterableIterator<DueNews> = {
      [Symbol.asyncIterator]: () => iterator,
      next: async () => {
        while (!stale && !ended) await new Promise<void>((resolve) => wake = resolve);
        if (ended) return { done: true, value: undefined };
        stale = false;
        const afresh = isAfresh;
        isAfresh = false;
        return { done: false, value: { due: this.#due(), afresh } };
      },
      return: () => {
        end();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
    return iterator;
  }

  reportLate(late: LateReport): Promise<void> {
    this.late.push(late);
    return Promise.resolve();
  }

  noteTls(_request: { readonly results: readonly DayResults[] }): Promise<void> {
    return Promise.resolve();
  }

  tell(afresh = false): void {
    for (const tell of this.#listeners) tell(afresh);
  }

  #due(): number | null {
    const held = new Set([...this.leases.values()].map(({ job }) => job.domain));
    let due: number | null = null;
    const now = this.#clock.now();
    for (const [domain, all] of this.#byDomain) {
      if (held.has(domain)) continue;
      for (const one of all) {
        if (one.due <= now) return now;
        if (due === null || one.due < due) due = one.due;
      }
    }
    return due;
  }

  #lease(lease: string): { readonly job: QueueJob; readonly queued: Queued } {
    const held = this.leases.get(lease);
    if (held === undefined) throw new Refused("noCapability", "there is no such lease");
    return held;
  }
}
