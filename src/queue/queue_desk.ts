/**
 * The store's side of outgoing mail: hands out work, and does what follows from the reports.
 *
 * What is under way is held in memory only, by domain and by lease: a lease ends with its connection, and the attempt that
 * it was for is already on record (see `store/queue_rows.ts`), so there is nothing to sweep after a crash.
 *
 * @module
 */
import { type Bytes, noBytes } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import { Refused } from "../base/errors.ts";
import {
  dueDestinations,
  nextDue,
  type QueueRow,
  queueTraits,
  takeDue,
  untakeQueued,
} from "../store/queue_rows.ts";
import type { CallContext } from "../rpc/service.ts";
import type { Work } from "../store/query.ts";
import type { Store } from "../store/store.ts";
import { nameOfAccount } from "../store/accounts.ts";
import { suppressionOf } from "../store/suppressions.ts";
import { type RowEnding, stillQueued, worksLater } from "./conclude.ts";
import { parseDsnRequest } from "./dsn_request.ts";
import {
  type DueNews,
  type LateReport,
  maxJobRecipients,
  maxLeases,
  type Queue,
  type QueueJob,
  type QueueReport,
  type QueueResult,
} from "./queue.ts";
import type { DayResults } from "../tlsrpt/results.ts";
import { isLease, leaseName } from "./lease_names.ts";
import { DueListener } from "./due_listener.ts";
import { bounded, checkReport } from "./queue_report.ts";
import { messagePieces } from "./message_pieces.ts";
import { waitAfter } from "./schedule.ts";
import { noteTls } from "./tls_notes.ts";
import { droppedEnding, isDropped, suppressedEnding } from "./consequences.ts";
import { suppressionKeyOf } from "./suppression.ts";

/** Jobs that one call hands out. */
export const maxTaken = 50;

/** What the desk is handed. */
export interface QueueDeskParts {
  readonly store: Store;
  /** Does what follows from a report, in one unit of the writer. */
  readonly conclude: (rows: readonly QueueRow[], report: QueueReport) => Promise<void>;
  /** Gives up recipients of one message without an attempt, in one unit. */
  readonly giveUp: (endings: readonly RowEnding[]) => Promise<void>;
  /** From 0 to 1, 1 excluded. */
  readonly random: () => number;
  /** What a message has in front of its body when it leaves now. Never throws. */
  readonly freshPrefix: (row: QueueRow) => Bytes;
  /** See {@link leaseName}. */
  readonly leaseKey: Bytes;
}

const noRows: ReadonlySet<number> = new Set();

/** Waits between attempts to write a report down: they double. */
const firstWaitMs = 1000;
const lastWaitMs = 60_000;

interface Lease {
  readonly job: Pick<QueueJob, "domain" | "lease">;
  readonly rows: readonly QueueRow[];
  /** With which it is sent. */
  prefix: Bytes;
}

/** Outgoing mail of a store. */
export class QueueDesk {
  readonly parts: QueueDeskParts;
  /** Domains that somebody is working on, on whatever connection, and how many jobs each has. */
  readonly busy = new Map<string, number>();
  /** Recipients that are being worked on, by domain. */
  readonly #leased = new Map<string, Set<number>>();
  readonly #listeners = new Set<DueListener>();
  readonly #waiting = new Set<() => void>();
  #closed = false;

  constructor(parts: QueueDeskParts) {
    this.parts = parts;
  }

  /** For one RPC connection. */
  forConnection(): ConnectionQueue {
    return new ConnectionQueue(this);
  }

  /** Somebody begins to work on a domain; {@link free} must follow. */
  occupy(domain: string): void {
    this.busy.set(domain, (this.busy.get(domain) ?? 0) + 1);
  }

  free(domain: string): void {
    const left = (this.busy.get(domain) ?? 0) - 1;
    if (left > 0) this.busy.set(domain, left);
    else this.busy.delete(domain);
  }

  /** Recipients of a job are being worked on, or are not any more. */
  lease({ domain }: Pick<QueueJob, "domain">, rows: readonly QueueRow[]): void {
    const leased = this.#leased.get(domain) ?? new Set();
    for (const { id } of rows) leased.add(id);
    this.#leased.set(domain, leased);
  }

  release({ domain }: Pick<QueueJob, "domain">, rows: readonly QueueRow[]): void {
    const leased = this.#leased.get(domain);
    for (const { id } of rows) leased?.delete(id);
    if (leased?.size === 0) this.#leased.delete(domain);
  }

  leasedOf(domain: string): ReadonlySet<number> {
    return this.#leased.get(domain) ?? noRows;
  }

  isLeased(id: number, domain: string): boolean {
    return this.leasedOf(domain).has(id);
  }

  /**
   * Something was added, released or given back: whoever listens is told when work is due.
   *
   * @param afresh Whether somebody wants it tried now, whatever failed a moment ago.
   */
  changed(afresh = false): void {
    for (const listener of this.#listeners) listener.tell(afresh);
  }

  listen(): DueListener {
    const listener = new DueListener(() => this.#due(), () => this.#listeners.delete(listener));
    this.#listeners.add(listener);
    return listener;
  }

  /** Whether the store is closing. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Waits, or until the store is closing. */
  wait(ms: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.parts.store.clock.after(ms, resolve);
    const wake = () => {
      timer.cancel();
      resolve();
    };
    this.#waiting.add(wake);
    return promise.finally(() => this.#waiting.delete(wake));
  }

  close(): void {
    this.#closed = true;
    for (const listener of this.#listeners) listener.end();
    for (const wake of this.#waiting) wake();
  }

  #due(): Millis | null {
    const { store } = this.parts;
    const now = store.clock.now();
    if (store.read(dueDestinations(now, 1 + this.busy.size)).some((domain) => !this.busy.has(domain))) {
      return now;
    }
    return store.read(nextDue(now));
  }
}

/** Outgoing mail, for one connection. */
export class ConnectionQueue implements Queue {
  readonly #desk: QueueDesk;
  readonly #leases = new Map<string, Lease>();
  #closed = false;

  constructor(desk: QueueDesk) {
    this.#desk = desk;
  }

  async take(request: Parameters<Queue["take"]>[0], context?: CallContext): Promise<readonly QueueJob[]> {
    const jobs = await this.#take(request);
    if (context === undefined || !context.signal.aborted || this.#closed) return jobs;
    // Whoever asked has given up, after a long wait for the disk, say: these leases nobody would ever end.
    await Promise.all(jobs.map(({ lease }) => this.giveBack({ lease })));
    return [];
  }

  async #take({ domain, busy, max }: Parameters<Queue["take"]>[0]): Promise<readonly QueueJob[]> {
    const { store, random } = this.#desk.parts;
    const isGood = (domain === null || typeof domain === "string") && Array.isArray(busy) &&
      Number.isSafeInteger(max);
    if (!isGood) throw new Refused("badRequest", "not a request for work");
    const room = Math.min(max, maxTaken, maxLeases - this.#leases.size);
    if (this.#closed || this.#desk.closed || room <= 0) return [];
    const now = store.clock.now();
    const held = new Set([...busy, ...this.#desk.busy.keys()]);
    const domains = domain !== null
      ? [domain]
      : store.read(dueDestinations(now, room + held.size)).filter((each) => !held.has(each)).slice(0, room);
    if (domains.length === 0) return [];
    for (const each of domains) this.#desk.occupy(each);
    const nextAttempt = (attempts: number) => now + waitAfter(attempts, random());
    const desk = this.#desk;
    const suppressed: RowEnding[][] = [];
    const leases: (Lease & { readonly job: QueueJob })[] = [];
    const forget = () => {
      for (const { job, rows } of leases.splice(0)) desk.release(job, rows);
    };
    try {
      await store.writer.runBehind(function* (): Work<void> {
        // Also when it runs again, since another unit of its commit has failed.
        suppressed.length = 0;
        forget();
        for (const each of domains) {
          const due = yield* takeDue({
            domain: each,
            now,
            limit: maxJobRecipients,
            leased: desk.leasedOf(each),
            nextAttempt,
          });
          const { rows, endings } = yield* withoutEnded(due);
          if (rows.length > 0) {
            const lease = { rows, job: yield* jobOf(rows, desk.parts.leaseKey), prefix: noBytes };
            leases.push(lease);
            // At once: what comes behind this unit, in the same commit, must not take for idle what is handed out.
            desk.lease(lease.job, rows);
          }
          if (endings.length > 0) suppressed.push(endings);
        }
      });
    } catch (error) {
      forget();
      for (const each of domains) this.#desk.free(each);
      throw error;
    }
    if (this.#closed) { // Meanwhile: nobody will report.
      forget();
      for (const each of domains) this.#desk.free(each);
      return [];
    }
    for (const lease of leases) this.#leases.set(lease.job.lease, lease);
    await this.#giveUp(suppressed);
    const worked = new Set(leases.map(({ job }) => job.domain));
    for (const each of domains) if (!worked.has(each)) this.#desk.free(each);
    if (suppressed.length > 0) this.#desk.changed();
    return leases.map((lease) => this.#made(lease));
  }

  /** What fails here has been counted as an attempt, and is found again at the next. */
  async #giveUp(messages: readonly (readonly RowEnding[])[]): Promise<void> {
    const { giveUp, store: { log } } = this.#desk.parts;
    const done = await Promise.allSettled(messages.map(giveUp));
    for (const each of done) {
      if (each.status === "rejected") log.warn("suppressed recipients wait on", { error: each.reason });
    }
  }

  async *content({ lease }: { readonly lease: string }): AsyncGenerator<Bytes, void, undefined> {
    const { rows: [row], prefix } = this.#lease(lease);
    if (row !== undefined) yield* messagePieces(this.#desk.parts.store, { ...row, prefix });
  }

  /**
   * While the disk is full, it is tried again and again, also when the connection is gone: a message that was delivered would
   * else be sent again. So long, nothing else of its domain is handed out.
   */
  async report(report: QueueReport): Promise<void> {
    const lease = this.#lease(report.lease);
    checkReport(lease.rows, report);
    // Ended first: a report that is repeated would count twice.
    this.#leases.delete(report.lease);
    const { conclude, store } = this.#desk.parts;
    try {
      for (let waitMs = firstWaitMs;; waitMs = Math.min(2 * waitMs, lastWaitMs)) {
        try {
          return await conclude(lease.rows, bounded(report));
        } catch (error) {
          const mayWork = error instanceof Refused && worksLater.has(error.reason) &&
            store.writer.closed === null && !this.#desk.closed;
          if (!mayWork) throw error;
          await this.#desk.wait(waitMs);
        }
      }
    } finally {
      this.#free(lease);
    }
  }

  /** Of who was tried again meanwhile, or is being so, something newer is known; who is gone has been reported. */
  async reportLate({ report, attempts, ids }: LateReport): Promise<void> {
    const areNumbers = Array.isArray(ids) && ids.length <= maxJobRecipients &&
      ids.every(Number.isSafeInteger);
    if (!areNumbers || !isLease(report.lease, this.#desk.parts.leaseKey, attempts, ids)) {
      throw new Refused("noCapability", "there was no such lease");
    }
    const { store } = this.#desk.parts;
    const found = ids.flatMap((id) => store.read(stillQueued(id)) ?? []);
    const rows = found.filter((row) => row.attempts === attempts && !this.#desk.isLeased(row.id, row.domain));
    const [first] = rows;
    if (first === undefined || this.#leases.has(report.lease) || this.#leases.size >= maxLeases) return;
    const isFinal = ({ id, outcome }: QueueResult) =>
      outcome !== "temporary" && rows.some((row) => row.id === id);
    const job = { domain: first.domain, lease: report.lease };
    this.#desk.occupy(job.domain);
    this.#desk.lease(job, rows);
    this.#leases.set(report.lease, { job, rows, prefix: noBytes });
    await this.report({ ...report, results: report.results.filter(isFinal) });
  }

  async giveBack({ lease }: { readonly lease: string }): Promise<void> {
    const { store } = this.#desk.parts;
    const held = this.#lease(lease);
    this.#leases.delete(lease);
    try {
      await store.writer.run(() => untakeQueued(held.rows, store.clock.now()));
    } finally {
      this.#free(held);
    }
  }

  listen(_request: Record<string, never>): AsyncIterable<DueNews> {
    return this.#desk.listen();
  }

  noteTls({ results }: { readonly results: readonly DayResults[] }): Promise<void> {
    return noteTls(this.#desk.parts.store, results);
  }

  /** The connection is gone. What it was doing is tried again when its next attempt is due. */
  close(): void {
    this.#closed = true;
    for (const lease of this.#leases.values()) this.#free(lease);
    this.#leases.clear();
  }

  /** As it is sent: behind the commit, since signing takes its time. */
  #made(lease: Lease & { readonly job: QueueJob }): QueueJob {
    const { job, rows: [row] } = lease;
    if (row === undefined) return job;
    lease.prefix = this.#desk.parts.freshPrefix(row);
    return { ...job, size: job.size + lease.prefix.length - row.prefix.length };
  }

  #lease(id: string): Lease {
    const lease = this.#leases.get(id);
    if (lease === undefined) throw new Refused("noCapability", "there is no such lease here");
    return lease;
  }

  #free({ job, rows }: Lease): void {
    this.#desk.release(job, rows);
    this.#desk.free(job.domain);
    this.#desk.changed();
  }
}

/** What the front is told of rows that go together. */
function* jobOf(rows: readonly QueueRow[], leaseKey: Bytes): Work<QueueJob> {
  const [row] = rows;
  if (row === undefined) throw new TypeError("a job without recipients");
  const { ret, envid } = parseDsnRequest(row.dsn);
  return {
    lease: leaseName(leaseKey, row.attempts, rows.map(({ id }) => id)),
    domain: row.domain,
    sender: row.sender,
    recipients: rows.map(({ id, recipient, dsn }) => {
      const { notify, orcpt } = parseDsnRequest(dsn);
      return { id, address: recipient, notify, orcpt };
    }),
    account: row.account_id === 0 ? "" : (yield* nameOfAccount(row.account_id)) ?? "",
    attempts: row.attempts,
    submitted: row.submitted,
    size: row.size,
    utf8: (row.traits & queueTraits.utf8) !== 0,
    has8Bit: (row.traits & queueTraits.has8Bit) !== 0,
    requireTls: row.require_tls === null ? null : row.require_tls === 1,
    transport: row.transport,
    ret,
    envid,
    dialed: JSON.parse(row.dialed) as string[], // Written by us.
  };
}

/** Recipients whom somebody has dropped, or to whom the account's mail is not sent any more, are not handed out. */
function* withoutEnded(due: readonly QueueRow[]): Work<{ rows: QueueRow[]; endings: RowEnding[] }> {
  const rows: QueueRow[] = [];
  const endings: RowEnding[] = [];
  for (const row of due) {
    if (isDropped(row)) {
      endings.push({ row, ending: droppedEnding });
      continue;
    }
    const found = row.account_id === 0
      ? undefined
      : yield* suppressionOf(row.account_id, suppressionKeyOf(row.recipient));
    if (found === undefined) rows.push(row);
    else endings.push({ row, ending: suppressedEnding(found) });
  }
  return { rows, endings };
}
