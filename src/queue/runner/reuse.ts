/**
 * Connections that carried a message and wait a moment for the next: of the same domain, or of another whose mail the
 * same host takes.
 *
 * A connection is as good for a domain as what the host proved on it is for that domain's policies, so that is asked anew
 * before another domain's mail goes over it; for the same domain it holds for {@link approvalMs}.
 *
 * @module
 */
import { Deadline, type Deadlines } from "../../net/deadlines.ts";
import type { ServerProof } from "../../net/client_tls.ts";
import type { TlsMode } from "./job_run.ts";
import type { SmtpClient } from "./smtp_client.ts";
import type { Remote } from "./verdict.ts";

/** For how long policies are not asked again for a domain whose mail goes over an open connection. */
export const approvalMs = 60_000;

/** An open connection. */
export interface Line {
  readonly client: Pick<SmtpClient, "isReady" | "tls" | "quit" | "ended" | "destroy">;
  /** The way (a transport), and on it the host. */
  readonly way: string;
  readonly remote: Remote;
  /** What the host showed; null without TLS. */
  readonly proof: ServerProof | null;
  readonly id: string;
  /** Whether the host can be reached by both families. */
  readonly hasBoth: boolean;
  /** What it was held to when the line was opened. */
  readonly tlsMode: TlsMode;
  /** Messages that went over it. */
  carried: number;
  /** Destinations that it was found good for, and until when. */
  readonly approved: Map<string, number>;
}

/** A line with a client that sends. */
export type OpenLine = Line & { readonly client: SmtpClient };

interface Waiting<L extends Line> {
  readonly line: L;
  readonly deadline: Deadline;
}

export class Lines<L extends Line = OpenLine> {
  readonly #deadlines: Deadlines;
  readonly #limits: { readonly maxIdle: number; readonly idleMs: number };
  /** The longest waiting first. */
  #waiting: Waiting<L>[] = [];
  readonly #leaving = new Map<L, Promise<void>>();
  #closed = false;

  constructor(deadlines: Deadlines, limits: { readonly maxIdle: number; readonly idleMs: number }) {
    this.#deadlines = deadlines;
    this.#limits = limits;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** A line that was found good for a destination lately. */
  approvedFor(way: string, destination: string): L | null {
    const now = this.#deadlines.now();
    return this.#take((line) => line.way === way && (line.approved.get(destination) ?? -Infinity) > now);
  }

  /** A line to a host, if it is good. */
  to(way: string, host: string, isGood: (line: L) => boolean): L | null {
    return this.#take((line) => line.way === way && line.remote.host === host && isGood(line));
  }

  /** It was found good for a destination. */
  approve(line: L, destination: string): void {
    line.approved.set(destination, this.#deadlines.now() + approvalMs);
  }

  /** Nothing more is sent on it now. */
  put(line: L): void {
    if (!line.client.isReady || this.#closed) return this.leave(line);
    const deadline = new Deadline(() => this.#drop(waiting));
    const waiting = { line, deadline };
    this.#waiting.push(waiting);
    this.#deadlines.set(deadline, this.#deadlines.now() + this.#limits.idleMs);
    // One that the peer ends goes as well.
    void line.client.ended.then(() => this.#remove(waiting));
    const [oldest] = this.#waiting;
    if (this.#waiting.length > this.#limits.maxIdle && oldest !== undefined) this.#drop(oldest);
  }

  /** Says good-bye, which nobody waits for but {@link close}. */
  leave(line: L): void {
    this.#leaving.set(line, line.client.quit().finally(() => this.#leaving.delete(line)));
  }

  /** Ends all of them; resolves when they are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const waiting of [...this.#waiting]) this.#drop(waiting);
    await Promise.all(this.#leaving.values());
  }

  /** Waits no longer for those that end. */
  drop(): void {
    for (const line of this.#leaving.keys()) line.client.destroy();
  }

  #take(isGood: (line: L) => boolean): L | null {
    // The newest first: the others may then end.
    const waiting = this.#waiting.findLast(({ line }) => line.client.isReady && isGood(line));
    if (waiting === undefined) return null;
    this.#remove(waiting);
    return waiting.line;
  }

  #drop(waiting: Waiting<L>): void {
    if (this.#remove(waiting)) this.leave(waiting.line);
  }

  #remove(waiting: Waiting<L>): boolean {
    const at = this.#waiting.indexOf(waiting);
    if (at === -1) return false;
    this.#waiting.splice(at, 1);
    this.#deadlines.remove(waiting.deadline);
    return true;
  }
}
