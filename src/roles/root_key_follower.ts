/**
 * The front's side of following the root's keys: asks for them when they are due, hands them to the store, and begins
 * chains of trust with what the store then says. RFC 5011 2.3
 *
 * It has no file and keeps no date: when the next look is due, and what follows from it, is the store's to know.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { sameAnchors, type TrustAnchor } from "../dns/trust_anchors.ts";
import type { RootKeys, RootKeysNow } from "../evidence/root_keys.ts";
import type { TrustHandle } from "../net/configured_resolver.ts";

/** After a call to the store that failed. */
export const retryMs = 3_600_000;

/** The least between two looks, whatever the store says. */
export const leastMs = 60_000;

/** What a {@link RootKeyFollower} works with. */
export interface FollowerParts {
  readonly rootKeys: RootKeys;
  readonly trust: TrustHandle;
  readonly clock: Clock;
  readonly log: Log;
}

/** Follows the root's keys from its making on, until it is stopped. */
export class RootKeyFollower {
  readonly #parts: FollowerParts;
  readonly #stopped = new AbortController();
  #anchors: readonly TrustAnchor[];
  #timer: Timer;

  /** @param known What the store said at the start, with which the resolver was made. */
  constructor(parts: FollowerParts, known: RootKeysNow) {
    this.#parts = parts;
    this.#anchors = known.anchors;
    this.#timer = this.#after(known.dueMs, 0); // The store remembers: a restart asks no oftener.
  }

  stop(): void {
    this.#stopped.abort();
    this.#timer.cancel();
  }

  #after(ms: number, least = leastMs): Timer {
    return this.#parts.clock.after(Math.max(ms, least), () => void this.#look());
  }

  async #look(): Promise<void> {
    const { signal } = this.#stopped;
    let waitMs = retryMs;
    try {
      waitMs = await this.#lookOnce(signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#parts.log.warn("the root's keys were not looked at, and are later", {
        error: error instanceof Error ? error : String(error),
      });
    }
    if (!signal.aborted) this.#timer = this.#after(waitMs);
  }

  async #lookOnce(signal: AbortSignal): Promise<number> {
    const { rootKeys, trust, log } = this.#parts;
    const set = await trust.seeKeys(".", { signal });
    if (signal.aborted) return retryMs; // What came of it tells nothing.
    const { anchors, dueMs } = await rootKeys.saw(
      set === null ? null : { keys: set.keys, signatures: set.signatures },
    );
    if (!sameAnchors(anchors, this.#anchors)) {
      this.#anchors = anchors;
      trust.setAnchors(anchors);
      log.info("trust anchors of the root", { keys: anchors.map(({ ds }) => String(ds.keyTag)) });
    }
    return dueMs;
  }
}
