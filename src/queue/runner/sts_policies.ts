/**
 * What is known of domains' MTA-STS policies: the pure rules of `mtasts/life.ts`, joined with the DNS, a fetcher, and
 * what is kept. RFC 8461
 *
 * Equal questions are asked once. Policies are refreshed in the background, some at a time, so that an attacker who can
 * forge a domain's DNS for some days wins nothing (RFC 8461 10.2); what cannot be refreshed is told in the log.
 *
 * @module
 */
import type { Clock, Millis, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Counter, Gauge, Histogram, Metrics } from "../../base/metrics.ts";
import type { Resolver } from "../../dns/resolver.ts";
import { WaitingLine } from "../../dns/waiting_line.ts";
import {
  decide,
  type Decision,
  type Fetched,
  type PolicyFetcher,
  refreshAt,
  unusedMs,
} from "../../mtasts/life.ts";
import { lookupRecord } from "../../mtasts/lookup.ts";
import type { StsFinding, StsPolicies } from "./policies.ts";
import { KeptPolicies, type PolicyStore, type StsEntry } from "./sts_kept.ts";

/** What it is made of. */
export interface StsSettings {
  readonly resolver: Resolver;
  readonly fetcher: PolicyFetcher;
  readonly store: PolicyStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** For one domain: its record and its policy together. RFC 8461 3.3 */
export const askMs = 60_000;
/** Domains that are asked for at once; others wait, and at most so many. */
export const maxAsked = 100;
export const maxWaiting = 1000;
/** For how long: what is left of {@link askMs} then is enough to tell a host that does not answer. */
export const maxLineMs = 20_000;
/** Policies that are refreshed at once. */
export const maxRefreshed = 4;
/** How often it is looked whether policies are to be refreshed: between these, as the next one is due. */
export const minTickMs = 5 * 60_000;
export const maxTickMs = 3600_000;
/** A policy that holds for less is fetched when mail goes there, and not refreshed in between. */
export const minRefreshedLifeMs = 3600_000;

export class KeptStsPolicies implements StsPolicies {
  readonly #settings: StsSettings;
  readonly #kept: KeptPolicies;
  readonly #line: WaitingLine;
  readonly #running = new Map<string, Promise<Decision>>();
  readonly #lookups: Counter;
  readonly #fetches: Histogram;
  readonly #closing = new AbortController();
  #timer: Timer | null = null;
  #refreshing: Promise<void> = Promise.resolve();

  private constructor(settings: StsSettings) {
    const { clock, log, metrics, store } = settings;
    this.#settings = settings;
    this.#kept = new KeptPolicies(store, log);
    this.#line = new WaitingLine({ clock, places: maxAsked, maxWaiting, maxWaitMs: maxLineMs });
    this.#lookups = metrics.counter(
      "mailden_mtasts_lookups_total",
      "Questions for a domain's MTA-STS policy, by what applies.",
      ["none", "testing", "enforce", "uncertain"].map((result) => ({ result })),
    );
    this.#fetches = metrics.histogram(
      "mailden_mtasts_fetch_seconds",
      "Fetches of MTA-STS policies, by what came of them.",
      [.1, .5, 1, 5, 10, 30, 60],
    );
    const policies: Gauge = metrics.gauge(
      "mailden_mtasts_policies",
      "Domains whose MTA-STS policy is remembered.",
    );
    metrics.beforeText(() => policies.set(this.#kept.size));
  }

  /** Reads what was kept before, and begins to refresh. */
  static async open(settings: StsSettings): Promise<KeptStsPolicies> {
    const policies = new KeptStsPolicies(settings);
    await policies.#kept.load(settings.clock.now());
    policies.#arm();
    return policies;
  }

  async policyOf(domain: string, signal?: AbortSignal): Promise<StsFinding> {
    signal?.throwIfAborted();
    const decision = await unlessAborted(this.#ask(domain), signal);
    this.#kept.use(domain, this.#settings.clock.now());
    const { applies: policy, isConfirmed, isUncertain, report, why } = decision;
    this.#lookups.add({ result: isUncertain ? "uncertain" : policy?.mode ?? "none" });
    return { policy, isConfirmed, isUncertain, report, why };
  }

  /** Ends all questions; returns when what is to be kept is written. Never rejects. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#timer?.cancel();
    this.#line.dissolve();
    await Promise.all([...this.#running.values(), this.#refreshing]);
    await this.#kept.flush();
  }

  /** One question of a domain at a time. Never rejects. */
  #ask(domain: string): Promise<Decision> {
    const known = this.#running.get(domain);
    if (known !== undefined) return known;
    const run = this.#inTurn(domain).finally(() => this.#running.delete(domain));
    this.#running.set(domain, run);
    return run;
  }

  async #inTurn(domain: string): Promise<Decision> {
    const { clock, log } = this.#settings;
    const end = new AbortController();
    const over = () => end.abort();
    const late = clock.after(askMs, over);
    this.#closing.signal.addEventListener("abort", over);
    try {
      if (this.#closing.signal.aborted || await this.#line.enter(end.signal) !== "entered") {
        return this.#unasked(domain, "too much else is being asked");
      }
      try {
        return await this.#decide(domain, end.signal);
      } finally {
        this.#line.leave();
      }
    } catch (error) {
      log.error("mta-sts failed", {
        domain,
        error: error instanceof Error ? error : new Error(String(error)),
      });
      return this.#unasked(domain, "our own fault");
    } finally {
      late.cancel();
      this.#closing.signal.removeEventListener("abort", over);
    }
  }

  /** Asks what must be asked, to the end. */
  async #decide(domain: string, signal: AbortSignal): Promise<Decision> {
    const { resolver, clock, log } = this.#settings;
    const remembered = this.#kept.get(domain)?.remembered ?? null;
    const txt = await lookupRecord(domain, resolver, signal);
    let decision = decide({ remembered, txt, fetched: null, now: clock.now() });
    if (decision.ask === "policy") {
      const fetched = await this.#fetch(domain, signal);
      if (this.#closing.signal.aborted) return decision; // That a fetch was given up says nothing of the domain.
      decision = decide({ remembered, txt, fetched, now: clock.now() });
    }
    if (decision.remember !== remembered) this.#kept.set(domain, decision.remember, clock.now());
    if (decision.alert !== null) {
      log.warn("an mta-sts policy could not be refreshed", { domain, why: decision.alert }); // RFC 8461 3.3
    } else if (decision.report !== null) {
      log.info("no mta-sts policy could be fetched", { domain, why: decision.why });
    }
    return decision;
  }

  async #fetch(domain: string, signal: AbortSignal): Promise<Fetched> {
    const { fetcher, clock } = this.#settings;
    const start = clock.monotonic();
    let fetched = await fetcher.fetchPolicy(domain, signal);
    if (!fetched.ok && signal.aborted) {
      fetched = { ok: false, failure: "unreachable", why: `there was no answer within ${askMs / 1000} s` };
    }
    const seconds = (clock.monotonic() - start) / 1000;
    this.#fetches.observe(seconds, { result: fetched.ok ? "ok" : fetched.failure });
    return fetched;
  }

  /** What is known without asking. */
  #unasked(domain: string, why: string): Decision {
    const remembered = this.#kept.get(domain)?.remembered ?? null;
    const decision = decide({ remembered, txt: null, fetched: null, now: this.#settings.clock.now() });
    return { ...decision, isUncertain: decision.applies === null, why: `${decision.why}; ${why}` };
  }

  // Refreshing.

  #arm(): void {
    const { clock } = this.#settings;
    const now = clock.now();
    let next = now + maxTickMs;
    for (const [, entry] of this.#kept.entries()) {
      if (isRefreshed(entry, now)) next = Math.min(next, refreshAt(entry.remembered) ?? next);
    }
    this.#timer = clock.after(Math.max(minTickMs, next - now), () => {
      this.#refreshing = this.#refresh().finally(() => {
        if (!this.#closing.signal.aborted) this.#arm();
      });
    });
  }

  /** Drops what is over, and asks for what is due. */
  async #refresh(): Promise<void> {
    const now = this.#settings.clock.now();
    this.#kept.forget(now);
    const due = [...this.#kept.entries()]
      .filter(([, entry]) => isRefreshed(entry, now) && (refreshAt(entry.remembered) ?? Infinity) <= now)
      .map(([domain]) => domain);
    const work = async () => {
      for (let next = due.shift(); next !== undefined; next = due.shift()) {
        if (this.#closing.signal.aborted) return;
        await this.#ask(next);
      }
    };
    await Promise.all(Array.from({ length: maxRefreshed }, work));
  }
}

/** Whether anybody goes on with it. */
function isRefreshed({ remembered, usedAt }: StsEntry, now: Millis): boolean {
  const life = (remembered.policy?.maxAgeSeconds ?? 0) * 1000;
  return life >= minRefreshedLifeMs && now - usedAt < unusedMs;
}

/** What it resolves to, unless the signal aborts before. `promise` never rejects. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const gaveUp = () => reject(signal.reason);
    signal.addEventListener("abort", gaveUp, { once: true });
    void promise.then((value) => {
      signal.removeEventListener("abort", gaveUp);
      resolve(value);
    });
  });
}
