/**
 * What the front is put together from.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Asker } from "../rpc/connection.ts";
import type { FrontBoot } from "./boot.ts";

/**
 * A world that is all on this machine, for a front that a test starts in its own process. Nothing that a role is told at its
 * start can say it: who runs a server cannot be talked into calling itself.
 */
export interface LoopbackWorld {
  /** Where MTA-STS policy hosts listen. */
  readonly policyPort: number;
  /** Certificates in PEM by which policy hosts and mail exchangers are trusted, instead of the runtime's own. */
  readonly trusted: readonly string[];
}

/** What the front works with. */
export interface FrontParts {
  readonly boot: FrontBoot;
  /** The way to the store. */
  readonly store: Asker;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly loopback?: LoopbackWorld;
}
