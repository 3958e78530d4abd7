/**
 * The life of a front: connects to the store, listens, says that it is ready, and ends in order when its parent
 * says so.
 *
 * Tested by `tests/scenarios/localserve_test.ts`.
 *
 * @module
 */
import type { Log } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import { systemClock } from "../net/system_clock.ts";
import type { Carrier } from "../rpc/carrier.ts";
import type { FrontBoot } from "./boot.ts";
import { CannotListen } from "./cannot_listen.ts";
import { endInTime } from "./end_in_time.ts";
import { startFront } from "./front.ts";
import { ignoreInterrupts, sayReady } from "./role_log.ts";
import { StoreLink } from "./store_link.ts";

export interface FrontLife {
  readonly boot: FrontBoot;
  readonly log: Log;
  /** Resolves when the front is to stop. */
  readonly stop: Promise<void>;
  readonly dial: () => Promise<Carrier>;
  /** Called once the line `ready` was written. */
  readonly ready?: () => void;
  /** What is left to do when no client is there any more. */
  readonly after: () => Promise<void>;
}

/** Runs until told to stop, then exits the process. */
export async function serveFront(life: FrontLife): Promise<never> {
  const { boot, log } = life;
  const link = new StoreLink({ dial: life.dial, clock: systemClock, log });
  await link.ready();
  const parts = { boot, store: link, clock: systemClock, log, metrics: new Metrics() };
  const front = await startFront(parts).catch((error) => {
    if (!(error instanceof CannotListen)) throw error;
    log.error("cannot listen", { problem: error.message });
    Deno.exit(1);
  });
  ignoreInterrupts();
  sayReady();
  life.ready?.();
  await life.stop;
  log.info("stopping");
  endInTime(log);
  await front.close();
  await link.close();
  await life.after();
  Deno.exit(0);
}
