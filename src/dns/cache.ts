/**
 * Answers kept until their TTL is over, positive and negative. RFC 1034 5.3.3, RFC 2308 5, RFC 9520 (failures)
 *
 * Bounded by entries and by estimated octets; what was asked for longest ago goes first. Nothing is given out after
 * its time (RFC 8767 is not followed: a stale address is worse for mail than a later attempt).
 *
 * @module
 */
import type { Clock, Millis } from "../base/clock.ts";
import { MiB } from "../base/bytes.ts";
import { canonicalName } from "./name.ts";
import type { Name, RecordType } from "./record.ts";
import type { Answer, FailureKind } from "./resolver.ts";

export const defaultMaxEntries = 20_000;
export const defaultMaxOctets = 16 * MiB;

/**
 * Seconds for which a failure is kept, so that whoever is asked in vain is not asked on and on. At least one second
 * (RFC 9520 3.2); little more, since what failed may work at once.
 */
export const failureSeconds = 5;

/**
 * Seconds for which a failure is kept at most: each one that follows another is kept twice as long (RFC 9520 3.2). Less
 * than the five minutes that are allowed, since it may have been this machine's own network that was away.
 */
export const maxFailureSeconds = 60;

/** The same for what only the zones' owners can mend, and costs us work each time: all that RFC 9520 3.2 allows. */
export const maxCostlySeconds = 300;

/** A failure that comes this long after another was kept is the first of a row again. */
const rowEndsMs = 300_000;

/** What an {@link AnswerCache} is made of. */
export interface CacheSettings {
  readonly clock: Clock;
  readonly maxEntries?: number;
  readonly maxOctets?: number;
}

interface Entry {
  readonly answer: Answer;
  readonly expiresAt: Millis;
  /** From when it was put until then. */
  readonly seconds: number;
  readonly octets: number;
}

/** Answers by name (in any case) and type. */
export class AnswerCache {
  readonly #clock: Clock;
  readonly #maxEntries: number;
  readonly #maxOctets: number;
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();
  #octets = 0;

  constructor(settings: CacheSettings) {
    this.#clock = settings.clock;
    this.#maxEntries = settings.maxEntries ?? defaultMaxEntries;
    this.#maxOctets = settings.maxOctets ?? defaultMaxOctets;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Estimated, of all entries. */
  get octets(): number {
    return this.#octets;
  }

  /** The answer, with the name as it is asked for now and the TTL that is left; null if there is none. */
  get<T extends RecordType>(name: Name, type: T): Answer<T> | null {
    const key = keyOf(name, type);
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    const left = entry.expiresAt - this.#clock.monotonic();
    if (left <= 0) {
      // A failure stays, so that the next one is known to be another.
      if (entry.answer.status !== "failed") this.#remove(key, entry);
      return null;
    }
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const answer = entry.answer as Answer<T>; // The key holds the type.
    return { ...answer, name, ttl: answer.status === "failed" ? 0 : Math.ceil(left / 1000) };
  }

  /**
   * Keeps an answer for its TTL, or a failure for {@link failureSeconds} and more. What says nothing of the DNS (given
   * up, or no place with us) is not kept, and changes nothing; nor is what is larger than all that may be kept.
   */
  put(answer: Answer): void {
    if (answer.failure === "aborted" || answer.failure === "limit") return;
    const octets = estimatedOctets(answer);
    const key = keyOf(answer.name, answer.type);
    const known = this.#entries.get(key);
    const now = this.#clock.monotonic();
    const seconds = answer.failure === null ? answer.ttl : secondsFor(answer.failure, known, now);
    if (known !== undefined) this.#remove(key, known);
    if (seconds <= 0 || octets > this.#maxOctets) return;
    this.#entries.set(key, { answer, octets, seconds, expiresAt: now + seconds * 1000 });
    this.#octets += octets;
    for (const [oldKey, old] of this.#entries) {
      if (this.#entries.size <= this.#maxEntries && this.#octets <= this.#maxOctets) break;
      this.#remove(oldKey, old);
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.clear();
    this.#octets = 0;
  }

  #remove(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#octets -= entry.octets;
  }
}

function keyOf(name: Name, type: RecordType): string {
  return `${canonicalName(name)} ${type}`;
}

function secondsFor(failure: FailureKind, before: Entry | undefined, now: Millis): number {
  if (before === undefined || before.answer.status !== "failed" || now >= before.expiresAt + rowEndsMs) {
    return failureSeconds;
  }
  const most = failure === "costly" || failure === "aliases" ? maxCostlySeconds : maxFailureSeconds;
  return Math.min(before.seconds * 2, most);
}

/** Of an entry, its key and the objects around: what a name costs with nothing else to say. */
const octetsOfEntry = 512;
/** Of one object or array, and of a typed array with its buffer. */
const octetsOfObject = 64;
const octetsOfBuffer = 200;

function estimatedOctets(answer: Answer): number {
  return octetsOfEntry + octetsOf(answer);
}

/** Answers are plain data, at most three levels deep. */
function octetsOf(value: unknown): number {
  if (typeof value === "string") return 24 + value.length;
  if (typeof value !== "object" || value === null) return 8;
  if (value instanceof Uint8Array) return octetsOfBuffer + value.length;
  let octets = octetsOfObject;
  for (const part of Object.values(value)) octets += 8 + octetsOf(part);
  return octets;
}
