/**
 * What the runner goes by, and what it is made of.
 *
 * @module
 */
import type { Bytes } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Metrics } from "../../base/metrics.ts";
import type { Resolver } from "../../dns/resolver.ts";
import type { DialedTransport, DialSettings } from "../../net/client.ts";
import { defaultTimeouts, type Timeouts } from "../../smtp/client_rules.ts";
import type { Queue, QueueJob, QueueResult } from "../queue.ts";
import type { MissingTransport, Transport } from "../transport.ts";
import type { StsPolicies, TlsNotes } from "./policies.ts";

/** Limits and manners; times in milliseconds. */
export interface RunnerSettings {
  /** How EHLO names us: a domain in ASCII. */
  readonly hostname: string;
  /** Where mail exchangers listen. */
  readonly port: number;
  /** Our addresses to dial from, the first of a family for all of it; none: as the system likes. */
  readonly sourceAddresses: readonly string[];
  /** Whether mail goes to addresses that are not of the open Internet. For tests, and servers that talk to themselves. */
  readonly allowPrivate: boolean;
  /** Certificates in PEM that mail exchangers' are trusted by instead of the system's; empty for the system's. */
  readonly trusted: readonly string[];
  /** Whether 8-bit messages come back (5.6.3) where 8BITMIME is not offered, instead of being sent as they are. */
  readonly strictEightBit: boolean;
  /** Jobs at the same time, each on a connection of its own. */
  readonly maxConnections: number;
  /** Of these for one domain. */
  readonly maxPerDomain: number;
  /** Messages on one connection, and in one go for one domain: then it is others' turn. */
  readonly maxPerConnection: number;
  /** Connections that wait for more of the same. */
  readonly maxIdle: number;
  /** How long. */
  readonly idleMs: number;
  /** For each lookup. */
  readonly lookupMs: number;
  /** To connect, split over the addresses of a host. */
  readonly dialMs: number;
  /** One job, all its hosts and transactions: a peer that is slow on purpose gets no more of us. */
  readonly attemptMs: number;
  /** How long what could not be reached is not dialled again. */
  readonly failureMs: number;
  /** After a lost store, until it is asked again. */
  readonly listenAgainMs: number;
  readonly timeouts: Timeouts;
}

/** All but who we are. */
export const usualSettings: Omit<RunnerSettings, "hostname"> = {
  port: 25,
  sourceAddresses: [],
  allowPrivate: false,
  trusted: [],
  strictEightBit: false,
  maxConnections: 50,
  maxPerDomain: 1,
  maxPerConnection: 100,
  maxIdle: 100,
  idleMs: 3000,
  lookupMs: 30_000,
  dialMs: 30_000,
  attemptMs: 30 * 60_000,
  failureMs: 30_000,
  listenAgainMs: 1000,
  timeouts: defaultTimeouts,
};

/** Connects; see `net/client.ts`. */
export type Dial = (settings: DialSettings) => Promise<DialedTransport>;

/** What the runner works with. */
export interface RunnerParts {
  readonly queue: Queue;
  readonly resolver: Resolver;
  readonly policies: StsPolicies;
  readonly tlsNotes: TlsNotes;
  /** Which way a message takes in this attempt. */
  readonly transportFor: (job: QueueJob) => Transport | MissingTransport;
  /** Hands a message for ourselves to our own delivery; one result for each recipient. Rejects only when `signal` aborts. */
  readonly deliverLocally: (
    job: QueueJob,
    content: AsyncIterable<Bytes>,
    signal: AbortSignal,
  ) => Promise<readonly QueueResult[]>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** From 0 to 1, 1 excluded. */
  readonly random: () => number;
  /** Ids of connections, `cid` in the log. */
  readonly newId: () => string;
  readonly dial: Dial;
  readonly settings: RunnerSettings;
}
