/**
 * Blocklists as a server uses them: only those that work, each with a deadline of its own.
 *
 * The health of a list is asked for when the list is first needed, and again after some hours: then one lookup waits for
 * two more answers, and nothing runs in the background. IPv4 and IPv6 have each their own, as many lists have no IPv6.
 *
 * @module
 */
import type { Clock, Millis } from "../base/clock.ts";
import type { IpAddress } from "../base/ip_address.ts";
import type { Resolver } from "../dns/resolver.ts";
import { checkHealth, type Health } from "./health.ts";
import { type ListResult, lookupList } from "./lookup.ts";

/** How long a list that was found to work, or not to, counts as such: 4 hours. */
export const healthMs = 4 * 3_600_000;

/** How long a list that did not answer counts as healthy: 5 minutes. */
export const unknownHealthMs = 5 * 60_000;

/** How long one lookup in one list may take, the question for its health included. */
export const listTimeoutMs = 30_000;

/** What blocklists are handed. */
export interface BlocklistsOptions {
  readonly resolver: Resolver;
  readonly clock: Clock;
  /** {@link listTimeoutMs} unless told. */
  readonly timeoutMs?: number;
}

interface KnownHealth {
  readonly health: Promise<Health>;
  /** Of `clock.monotonic()`. */
  until: Millis;
}

/** Lists with their health. */
export class Blocklists {
  readonly #resolver: Resolver;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #health = new Map<string, KnownHealth>();

  constructor({ resolver, clock, timeoutMs = listTimeoutMs }: BlocklistsOptions) {
    this.#resolver = resolver;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * As {@link lookupList}, with a deadline; a list that does not work is `broken` without being asked.
   *
   * @throws {SyntaxError} If the list's domain is none.
   */
  async lookup(ip: IpAddress, list: string, signal?: AbortSignal): Promise<ListResult> {
    return await this.#within(async (deadline) => {
      const { healthy, why } = await this.health(list, ip.version);
      if (!healthy) return { status: "broken", list, codes: [], text: "", security: "indeterminate", why };
      const either = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
      return await lookupList(ip, list, this.#resolver, either);
    });
  }

  /** Whether a list works, as it was found in the last {@link healthMs}. @throws {SyntaxError} As `lookup()`. */
  health(list: string, version: 4 | 6): Promise<Health> {
    const key = `${version} ${list.toLowerCase()}`;
    const now = this.#clock.monotonic();
    const known = this.#health.get(key);
    if (known !== undefined && now < known.until) return known.health;
    // Not with a caller's signal: others wait for the same answer.
    const health = this.#within((deadline) => checkHealth(list, this.#resolver, deadline, version));
    const entry = { health, until: now + healthMs };
    this.#health.set(key, entry);
    health.then(
      (found) => {
        if (!found.known) entry.until = now + unknownHealthMs;
      },
      () => void this.#health.delete(key), // Whoever asked gets the error.
    );
    return health;
  }

  async #within<T>(fn: (deadline: AbortSignal) => Promise<T>): Promise<T> {
    const deadline = new AbortController();
    const timer = this.#clock.after(this.#timeoutMs, () => deadline.abort());
    try {
      return await fn(deadline.signal);
    } finally {
      timer.cancel();
    }
  }
}
