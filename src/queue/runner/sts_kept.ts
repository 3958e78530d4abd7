/**
 * MTA-STS policies as they are kept: each an entry of text under its domain, bounded in number and octets, written behind
 * the back of whoever asks. A policy that is kept is what defends a domain against whoever can forge its DNS (RFC 8461
 * 10.2), so that it has to outlive a restart; what failed is not written, only remembered.
 *
 * @module
 */
import { MiB } from "../../base/bytes.ts";
import type { Millis } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { type FetchFailure, isForgettable, type Remembered } from "../../mtasts/life.ts";
import { modes, type Policy, policyLines } from "../../mtasts/policy.ts";

/** Where texts are kept over a restart. */
export interface PolicyStore {
  /** All of them, in any order. */
  load(): AsyncIterable<readonly [domain: string, text: string]>;
  /** All or nothing; null: the text goes. At most {@link maxWritten}, and {@link maxWrittenLength} characters. */
  write(changes: readonly (readonly [domain: string, text: string | null])[]): Promise<void>;
}

/** What is kept of a domain. */
export interface StsEntry {
  readonly remembered: Remembered;
  /** When mail last went there. */
  readonly usedAt: Millis;
}

/** Domains that are remembered; whoever got mail longest ago goes first. */
export const maxEntries = 10_000;
/** Characters of all their entries, as text. */
export const maxEntriesLength = 16 * MiB;
/** Entries that are written together, and their characters, but for one that is longer by itself. */
export const maxWritten = 50;
export const maxWrittenLength = 100_000;
/** A use is written down only if the last one on record is so long ago: writing costs an fsync. */
export const usedPrecisionMs = 24 * 3600 * 1000;

export class KeptPolicies {
  readonly #store: PolicyStore;
  readonly #log: Log;
  /** The least recently used first. */
  readonly #entries = new Map<string, StsEntry & { readonly length: number }>();
  #length = 0;
  /** Domains whose entry on record is not the newest. */
  readonly #dirty = new Set<string>();
  /** What the store has of a domain, or was told to have. */
  readonly #written = new Map<string, Millis>();
  #writing: Promise<void> | null = null;
  #isBroken = false;

  constructor(store: PolicyStore, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Reads what was kept before; what cannot be read is dropped. */
  async load(now: Millis): Promise<void> {
    const found: [string, StsEntry][] = [];
    try {
      for await (const [domain, text] of this.#store.load()) {
        this.#written.set(domain, -Infinity);
        const entry = readEntry(text);
        if (entry === null || isForgettable(entry.remembered, now)) this.#dirty.add(domain);
        else found.push([domain, entry]);
      }
    } catch (error) {
      this.#log.error("kept mta-sts policies cannot be read", { error: asError(error) });
    }
    found.sort(([, a], [, b]) => a.usedAt - b.usedAt);
    for (const [domain, entry] of found) {
      this.#put(domain, entry);
      this.#written.set(domain, entry.usedAt);
    }
    this.#bound(now);
  }

  get(domain: string): StsEntry | null {
    return this.#entries.get(domain) ?? null;
  }

  entries(): IterableIterator<readonly [domain: string, entry: StsEntry]> {
    return this.#entries.entries();
  }

  /** Keeps what is to be remembered; null: nothing. */
  set(domain: string, remembered: Remembered | null, now: Millis): void {
    if (remembered === null || isForgettable(remembered, now)) this.#drop(domain);
    else {
      this.#put(domain, { remembered, usedAt: this.#entries.get(domain)?.usedAt ?? now });
      // What holds no policy is of use for minutes, and is not written.
      if (remembered.policy !== null || this.#written.has(domain)) this.#dirty.add(domain);
      this.#bound(now);
    }
    void this.flush();
  }

  /** Mail goes there. */
  use(domain: string, now: Millis): void {
    const known = this.#entries.get(domain);
    if (known === undefined) return;
    this.#entries.delete(domain); // To the end of the line.
    this.#entries.set(domain, { ...known, usedAt: now });
    if (now - (this.#written.get(domain) ?? now) < usedPrecisionMs) return;
    this.#dirty.add(domain);
    void this.flush();
  }

  /** Drops what is over. */
  forget(now: Millis): void {
    for (const [domain, { remembered }] of this.#entries) {
      if (isForgettable(remembered, now)) this.#drop(domain);
    }
    void this.flush();
  }

  /** Resolves when what is to be written is, or could not be. Never rejects. */
  flush(): Promise<void> {
    if (this.#dirty.size === 0) return this.#writing ?? Promise.resolve();
    return this.#writing ??= this.#write().finally(() => this.#writing = null);
  }

  async #write(): Promise<void> {
    while (this.#dirty.size > 0) {
      const changes = this.#nextChanges();
      try {
        await this.#store.write(changes);
        this.#isBroken = false;
      } catch (error) {
        for (const [domain] of changes) this.#dirty.add(domain);
        // Told once: the next write tries again.
        if (!this.#isBroken) {
          this.#log.error("mta-sts policies cannot be kept", {
            domains: changes.length,
            error: asError(error),
          });
        }
        this.#isBroken = true;
        return;
      }
    }
  }

  /** What is written next, and taken for written from now on. */
  #nextChanges(): (readonly [domain: string, text: string | null])[] {
    const changes: (readonly [string, string | null])[] = [];
    let length = 0;
    for (const domain of this.#dirty) {
      const entry = this.#entries.get(domain);
      const text = entry === undefined || entry.remembered.policy === null ? null : printEntry(entry);
      length += text?.length ?? 0;
      if (changes.length > 0 && length > maxWrittenLength || changes.length >= maxWritten) break;
      changes.push([domain, text]);
      this.#dirty.delete(domain);
      if (text === null) this.#written.delete(domain);
      else this.#written.set(domain, entry?.usedAt ?? 0);
    }
    return changes;
  }

  /** In its old place, or at the end of the line. */
  #put(domain: string, entry: StsEntry): void {
    this.#length -= this.#entries.get(domain)?.length ?? 0;
    const length = domain.length + printEntry(entry).length;
    this.#entries.set(domain, { ...entry, length });
    this.#length += length;
  }

  #drop(domain: string): void {
    this.#length -= this.#entries.get(domain)?.length ?? 0;
    this.#entries.delete(domain);
    if (this.#written.has(domain)) this.#dirty.add(domain);
  }

  /** Keeps to the limits: what is over goes first. */
  #bound(now: Millis): void {
    const isOver = () => this.#entries.size > maxEntries || this.#length > maxEntriesLength;
    if (!isOver()) return;
    for (const [domain, { remembered }] of this.#entries) {
      if (!isOver()) return;
      if (remembered.policy === null || isForgettable(remembered, now)) this.#drop(domain);
    }
    for (const [domain] of this.#entries) {
      if (!isOver()) return;
      this.#log.warn("an mta-sts policy is given up, there are too many", { domain, maxEntries });
      this.#drop(domain);
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** An entry as text. */
export function printEntry({ remembered, usedAt }: StsEntry): string {
  return JSON.stringify({ version: 1, ...remembered, usedAt });
}

/** The entry; null where the text is none, or one of another version of this program. */
export function readEntry(text: string): StsEntry | null {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(read) || read.version !== 1) return null;
  const { id, fetchedAt, usedAt } = read;
  const policy = readPolicy(read.policy);
  const isWhole = policy !== null && isId(id) && isTime(fetchedAt) && isTime(usedAt);
  return isWhole ? { remembered: { policy, id, fetchedAt, failed: readFailed(read.failed) }, usedAt } : null;
}

const failures = [
  "unreachable",
  "certificate",
  "status",
  "mediaType",
  "tooLarge",
  "invalid",
] as const satisfies readonly FetchFailure[];

/** The policy counts, also where its failure cannot be read. */
function readFailed(read: unknown): Remembered["failed"] {
  if (!isObject(read)) return null;
  const { at, id, why } = read;
  const failure = failures.find((one) => one === read.failure);
  if (!isTime(at) || !isId(id) || failure === undefined || typeof why !== "string") return null;
  return { at, id, failure, why };
}

function readPolicy(read: unknown): Policy | null {
  if (!isObject(read)) return null;
  const mode = modes.find((one) => one === read.mode);
  const { mx, maxAgeSeconds, extensions } = read;
  if (mode === undefined || typeof maxAgeSeconds !== "number") return null;
  if (!isTexts(mx) || !Array.isArray(extensions)) return null;
  const pairs = extensions.filter((one): one is [string, string] => isTexts(one) && one.length === 2);
  const policy = { mode, mx, maxAgeSeconds, extensions: pairs };
  try {
    policyLines(policy); // Says whether each of its values can be one.
    return policy;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function isId(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
