/**
 * Keeps the root's trust anchors, as RFC 5011 tells: the store's side of {@link RootKeys}.
 *
 * Whoever hands in keys is not believed. The signature over the set is checked here, with the anchors that are kept
 * here and by this clock, so that nobody adds a key that the root's owner did not sign, has one trusted before its
 * thirty days, or takes one away. What a front that was taken over can still do is what anybody on its line can do:
 * tell nothing, or tell an older set whose signature is still valid, which both only delay a new key. A set is looked
 * at when it is due, at most once an hour, so that nobody has the store check signatures or write files without end.
 *
 * When the next look is due is a row of `jobs`, and what is known of each key stands in the file, so that a restart
 * costs neither.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { type KeySet, seenKeys } from "../dns/seen_keys.ts";
import {
  type AnchorChange,
  follow,
  nextLookMs,
  printAnchors,
  rootAnchors,
  type SeenKeys,
  type TrustAnchor,
  type TrustAnchors,
  trusted,
} from "../dns/trust_anchors.ts";
import { AnchorFile } from "../store/anchor_file.ts";
import { type Disk, diskRefusal, realDisk } from "../store/disk.ts";
import { type Job, jobOf, makeJob, saveJob } from "../store/jobs.ts";
import type { Store } from "../store/store.ts";
import type { RootKeys, RootKeysNow } from "./root_keys.ts";

const jobKind = "rootKeys";
const root = ".";

/** The longest that a look may be away, also where a clock was ahead when it was put off. RFC 5011 2.3 */
export const maxLookMs = 15 * 86_400_000;

/** After a look that told nothing, the least there is. RFC 5011 2.3 */
export const retryLookMs = 3_600_000;

/** What {@link RootKeysService} is made of. */
export interface RootKeysSettings {
  readonly store: Store;
  /** The data folder. */
  readonly folder: string;
  readonly disk?: Disk;
  /** The real root's, if absent. */
  readonly builtIn?: readonly TrustAnchor[];
}

/** One for all who ask. */
export class RootKeysService implements RootKeys {
  readonly #store: Store;
  readonly #file: AnchorFile;
  #anchors: TrustAnchors;
  /** One look at a time. */
  #looking: Promise<unknown> = Promise.resolve();

  constructor({ store, folder, disk = realDisk, builtIn = rootAnchors }: RootKeysSettings) {
    this.#store = store;
    this.#file = new AnchorFile(folder, disk, store.log);
    this.#anchors = this.#file.read(builtIn);
  }

  current(_request: Record<string, never> = {}): Promise<RootKeysNow> {
    return Promise.resolve(this.#now());
  }

  /** @throws {Refused} `badRequest`; `diskFull` or `tryLater`, and then all is as before. */
  async saw(request: Pick<KeySet, "keys" | "signatures"> | null): Promise<RootKeysNow> {
    const set = request === null ? null : checked(request);
    const looked = this.#looking.then(() => this.#look(set));
    this.#looking = looked.catch(() => {});
    return await looked;
  }

  #now(): RootKeysNow {
    const due = this.#store.read(jobOf(jobKind))?.due ?? 0;
    const dueMs = Math.min(Math.max(0, due - this.#store.clock.now()), maxLookMs);
    return { anchors: trusted(this.#anchors), dueMs };
  }

  async #look(set: KeySet | null): Promise<RootKeysNow> {
    if (this.#now().dueMs > 0) return this.#now();
    const { clock, writer } = this.#store;
    const now = clock.now();
    const job = this.#store.read(jobOf(jobKind)) ?? await writer.run(() => makeJob(jobKind, now));
    const seen = set === null ? null : this.#judge(set);
    if (seen !== null) await this.#follow(seen);
    const failed = seen?.secure !== true;
    const waitMs = seen === null ? retryLookMs : Math.min(nextLookMs(seen), maxLookMs);
    const next: Job = { ...job, due: now + waitMs, attempts: failed ? job.attempts + 1 : 0 };
    await writer.run(() => saveJob(next));
    if (failed) {
      this.#store.log.warn("the root's keys could not be checked, and are looked at again", {
        why: set === null ? "nobody told them" : "no trust anchor signed what came",
        attempts: next.attempts,
      });
    }
    return this.#now();
  }

  /** Null for a set of no use. */
  #judge(set: KeySet): SeenKeys | null {
    try {
      return seenKeys(set, trusted(this.#anchors), Math.floor(this.#store.clock.now() / 1000));
    } catch (error) {
      if (error instanceof Refused) return null;
      throw error;
    }
  }

  async #follow(seen: SeenKeys): Promise<void> {
    const { anchors, changes } = follow(this.#anchors, seen, this.#store.clock.now());
    if (printAnchors(anchors) === printAnchors(this.#anchors)) return;
    // Before it counts: what a restart forgets, nobody was told.
    await this.#file.write(anchors).catch((error: unknown) => {
      throw diskRefusal(error, "writing the trust anchors");
    });
    this.#anchors = anchors;
    for (const change of changes) this.#tell(change);
    if (trusted(anchors).some(({ zone }) => zone === root)) return;
    this.#store.log.error("no trust anchor of the root is left: nothing in the DNS can be validated", {
      remedy:
        "install a newer version, or write the root's keys of https://data.iana.org/root-anchors/ into anchors.txt",
    });
  }

  #tell({ zone, tag, from, to }: AnchorChange): void {
    this.#store.log.info("a trust anchor has changed", { zone, tag, from, to });
  }
}

/** Octets, and nothing else, in both lists. */
function checked(request: unknown): KeySet {
  const { keys, signatures } = Object(request);
  if (!isRdatas(keys) || !isRdatas(signatures)) throw new Refused("badRequest", "no set of keys");
  return { zone: root, keys, signatures };
}

function isRdatas(value: unknown): value is readonly Bytes[] {
  return Array.isArray(value) && value.every((one) => one instanceof Uint8Array);
}
