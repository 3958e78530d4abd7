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

/** What the front works with. */
export interface FrontParts {
  readonly boot: FrontBoot;
  /** The way to the store. */
  readonly store: Asker;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}
