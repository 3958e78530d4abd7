/**
 * What is known of a zone, and for how long it is kept.
 *
 * Kept is only what has been proved: keys of secure zones, delegations without DS, names that are no zone. What
 * failed is asked for again by the next lookup: it may have been the server's fault.
 *
 * @module
 */
import { MiB } from "../base/bytes.ts";
import type { Clock, Millis } from "../base/clock.ts";
import type { ZoneKeys } from "./dnssec_rrset.ts";
import { shown, type Step } from "./dnssec_step.ts";
import { canonicalName } from "./name.ts";
import type { Name } from "./record.ts";
import type { FailureKind } from "./resolver.ts";

/** A zone whose keys are known. */
export interface SecureZone extends ZoneKeys {
  readonly kind: "secure";
  /** Seconds that it may be kept. */
  readonly ttl: number;
  /** The one that vouches for it; null at a trust anchor. */
  readonly above: SecureZone | null;
  readonly step: Step;
}

/** A zone that is proved to have no keys that we could check; all below it is insecure too. */
export interface InsecureZone {
  readonly kind: "insecure";
  readonly zone: Name;
  readonly ttl: number;
  readonly above: SecureZone | null;
  readonly step: Step;
}

/** A name that is proved to be no zone of its own. */
export interface NoZone {
  readonly kind: "none";
  readonly zone: Name;
  /** False if nothing below it exists either. RFC 8020 */
  readonly exists: boolean;
  readonly ttl: number;
  readonly above: SecureZone | null;
  readonly step: Step;
}

/** Nothing is proved. */
export interface Broken {
  readonly kind: "bogus" | "indeterminate" | "failed";
  readonly zone: Name;
  readonly why: string;
  /** Of `failed`: why nobody answered. */
  readonly failure: FailureKind | null;
  /** Signatures were not wrong but absent: perhaps the server leaves them out. */
  readonly unsigned: boolean;
  readonly above: SecureZone | null;
  readonly step: Step;
}

export type Trust = SecureZone | InsecureZone | NoZone | Broken;

function zoneStep(name: Name, result: Step["result"], ds: Step["ds"], why: string): Step {
  return { kind: "zone", name, type: null, ds, keys: [], signature: null, result, why };
}

/** A delegation that is proved to be insecure. */
export function insecure(
  zone: Name,
  above: SecureZone,
  ttl: number,
  ds: Step["ds"],
  why: string,
): InsecureZone {
  return { kind: "insecure", zone, ttl, above, step: zoneStep(zone, "insecure", ds, why) };
}

/** A name that is proved to be no zone of its own. */
export function noZone(zone: Name, above: SecureZone, exists: boolean, ttl: number, why: string): NoZone {
  return { kind: "none", zone, exists, ttl, above, step: zoneStep(zone, "secure", [], why) };
}

/** A chain that is broken, or that nobody can begin. */
export function broken(
  kind: "bogus" | "indeterminate",
  zone: Name,
  above: SecureZone | null,
  why: string,
  unsigned = false,
): Broken {
  return { kind, zone, above, why, failure: null, unsigned, step: zoneStep(zone, kind, [], why) };
}

/** A question on the way that nobody answered. */
export function failed(zone: Name, above: SecureZone | null, failure: FailureKind, why: string): Broken {
  return {
    kind: "failed",
    zone,
    above,
    why,
    failure,
    unsigned: false,
    step: zoneStep(zone, "failed", [], why),
  };
}

/** A name for which no chain begins. */
export function noAnchor(zone: Name): Broken {
  return broken("indeterminate", zone, null, `no trust anchor stands above ${shown(zone)}`);
}

/** Something is signed by a name that can sign nothing. */
export function notAZone({ zone, above, step }: NoZone): Broken {
  return broken("bogus", zone, above, `${shown(zone)} signs records and is no zone: ${step.why}`);
}

/** Zones that are kept, and estimated octets of them all. */
export const maxTrustEntries = 5000;
export const maxTrustOctets = 8 * MiB;

/** Seconds for which a zone is kept: at least for what one message makes us ask twice, at most a day. */
export const minTrustSeconds = 5;
export const maxTrustSeconds = 86_400;

interface Entry {
  readonly trust: Exclude<Trust, Broken>;
  readonly expiresAt: Millis;
  readonly octets: number;
}

/** What has been proved of zones, by name. What was used longest ago goes first. */
export class TrustCache {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  #octets = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Estimated. */
  get octets(): number {
    return this.#octets;
  }

  get(zone: Name): Trust | null {
    const key = canonicalName(zone);
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    this.#remove(key, entry);
    if (entry.expiresAt <= this.#clock.monotonic()) return null;
    this.#add(key, entry);
    return entry.trust;
  }

  /** Keeps what is proved for its TTL. */
  put(trust: Trust): void {
    if (!isProved(trust)) return;
    const key = canonicalName(trust.zone);
    const old = this.#entries.get(key);
    if (old !== undefined) this.#remove(key, old);
    const seconds = Math.min(Math.max(trust.ttl, minTrustSeconds), maxTrustSeconds);
    const octets = octetsOf(trust);
    if (octets > maxTrustOctets / 16) return;
    this.#add(key, { trust, expiresAt: this.#clock.monotonic() + seconds * 1000, octets });
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= maxTrustEntries && this.#octets <= maxTrustOctets) break;
      this.#remove(oldest, entry);
    }
  }

  #add(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    this.#octets += entry.octets;
  }

  #remove(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#octets -= entry.octets;
  }
}

function isProved(trust: Trust): trust is Exclude<Trust, Broken> {
  return trust.kind === "secure" || trust.kind === "insecure" || trust.kind === "none";
}

function octetsOf(trust: Trust): number {
  let octets = 1000 + 6 * trust.zone.length + 2 * trust.step.why.length;
  octets += 200 * (trust.step.ds.length + trust.step.keys.length);
  if (trust.kind === "secure") { for (const key of trust.keys) octets += 500 + 2 * key.rdata.length; }
  return octets;
}
