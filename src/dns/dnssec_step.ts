/**
 * What a validator went through, step by step, for people and for `dns lookup --verbose`.
 *
 * Tested by `dnssec_chain_test.ts`.
 *
 * @module
 */
import { root } from "./name.ts";
import type { Name } from "./record.ts";

/** A name in a sentence: without the final dot, in A-labels, since look-alikes mislead. */
export function shown(name: Name): string {
  return name === root ? "the root" : name.slice(0, -1);
}

/** A DS record, of the zone above or of a trust anchor. */
export interface DsSeen {
  readonly keyTag: number;
  /** By name: `ED25519`. */
  readonly algorithm: string;
  /** By name: `SHA-256`. */
  readonly digest: string;
}

/** A key of a zone. */
export interface KeySeen {
  readonly keyTag: number;
  readonly algorithm: string;
  /** Whether a DS record or a trust anchor stands for it. */
  readonly vouchedFor: boolean;
}

/** The signature that was right. */
export interface SignatureSeen {
  readonly signer: Name;
  readonly keyTag: number;
  readonly algorithm: string;
  /** Seconds since 1970, modulo 2^32. */
  readonly inception: number;
  readonly expiration: number;
}

/** One link of the chain. */
export interface Step {
  /**
   * - `zone`: whose keys speak for a zone, or why it has none.
   * - `records`: records that were answered, an alias on the way among them.
   * - `denial`: that there are none.
   */
  readonly kind: "zone" | "records" | "denial";
  /** The zone; the owner of the records; the name that is denied. */
  readonly name: Name;
  /** Of records and denials, by number; null for a zone. */
  readonly type: number | null;
  readonly ds: readonly DsSeen[];
  readonly keys: readonly KeySeen[];
  /** Over the zone's keys, or over the records. */
  readonly signature: SignatureSeen | null;
  /** `failed` where the question found no answer. */
  readonly result: "secure" | "insecure" | "bogus" | "indeterminate" | "failed";
  /** One sentence. */
  readonly why: string;
}
