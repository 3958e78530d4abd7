/**
 * How the server is, in numbers: for the local page and for metrics. Counts only, nothing of anybody's mail.
 *
 * @module
 */
import type { Methods } from "../rpc/service.ts";

export interface Counts {
  readonly accounts: number;
  readonly messages: number;
  readonly unseen: number;
  /** Octets of all messages, as clients see them. */
  readonly bytes: number;
  /** Number of the last commit; a crash leaves some out. */
  readonly commit: number;
  /** Octets of the write-ahead log, now. */
  readonly walBytes: number;
}

/** The public key of a DKIM selector, as it is published. */
export interface KeyRecord {
  /** Absolute. */
  readonly name: string;
  readonly text: string;
}

export interface Status {
  counts(request: Record<string, never>): Promise<Counts>;
  /** The counts now, and again after commits, at most a few times a second. */
  watch(request: Record<string, never>): AsyncIterable<Counts>;
  /** The store's own metrics, as Prometheus reads them. Names that the front has too are left out there. */
  metrics(request: Record<string, never>): Promise<string>;
  /** The public keys of all that signs, or will. */
  keyRecords(request: Record<string, never>): Promise<readonly KeyRecord[]>;
}

export const statusMethods = {
  counts: "call",
  watch: "stream",
  metrics: "call",
  keyRecords: "call",
} as const satisfies Methods<
  Status
>;
