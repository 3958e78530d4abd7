/**
 * The octets of a job's message, as often as they are wanted: for each host and each transaction anew. What is small is
 * fetched once.
 *
 * @module
 */
import { type Bytes, concat, KiB, noBytes } from "../../base/bytes.ts";
import type { Queue } from "../queue.ts";

/** Octets of a message that is kept while its job lasts. */
export const maxKept = 256 * KiB;

/** The message of one job. */
export class JobContent {
  readonly #fetch: () => AsyncIterable<Bytes>;
  readonly #size: number;
  #kept: Bytes | null = null;

  constructor(
    queue: Pick<Queue, "content">,
    { lease, size }: { readonly lease: string; readonly size: number },
  ) {
    this.#fetch = () => queue.content({ lease });
    this.#size = size;
  }

  /** From its beginning. */
  open(): ContentSource {
    if (this.#kept !== null) return new ContentSource([this.#kept], this.#size, null);
    const keep = this.#size <= maxKept ? (whole: Bytes) => void (this.#kept = whole) : null;
    const fetch = () => this.#fetch()[Symbol.asyncIterator]();
    return new ContentSource({ [Symbol.asyncIterator]: fetch }, this.#size, keep);
  }
}

/** One reading. Asks for more only when it is asked, so that a slow peer is what slows the store. */
export class ContentSource {
  readonly #source: AsyncIterable<Bytes> | Iterable<Bytes>;
  readonly #size: number;
  readonly #keep: ((whole: Bytes) => void) | null;
  readonly #seen: Bytes[] = [];
  /** From the first piece on that is asked for: most of what is refused is refused before. */
  #pieces: AsyncIterator<Bytes> | Iterator<Bytes> | null = null;
  #rest: Bytes = noBytes;
  #given = 0;
  #fetched = 0;

  constructor(
    pieces: AsyncIterable<Bytes> | Iterable<Bytes>,
    size: number,
    keep: ((whole: Bytes) => void) | null,
  ) {
    this.#source = pieces;
    this.#size = size;
    this.#keep = keep;
  }

  /**
   * The next octets.
   *
   * @throws {Error} If they cannot be had, or are not as many as was said: half a message must not look like a whole one.
   */
  async next(maxBytes: number): Promise<{ readonly bytes: Bytes; readonly last: boolean }> {
    while (this.#rest.length === 0 && this.#fetched < this.#size) await this.#more();
    const bytes = this.#rest.length > maxBytes ? this.#rest.subarray(0, maxBytes) : this.#rest;
    this.#rest = this.#rest.subarray(bytes.length);
    this.#given += bytes.length;
    return { bytes, last: this.#given === this.#size };
  }

  async #more(): Promise<void> {
    const { done, value } = await (this.#pieces ??= iteratorOf(this.#source)).next();
    if (done === true) throw new Error(`the message ended after ${this.#fetched} of ${this.#size} octets`);
    this.#fetched += value.length;
    if (this.#fetched > this.#size) throw new Error(`the message has more than ${this.#size} octets`);
    this.#rest = value;
    if (this.#keep === null) return;
    this.#seen.push(value);
    if (this.#fetched === this.#size) this.#keep(concat(this.#seen));
  }

  /** Nobody wants the rest. Never throws. */
  async close(): Promise<void> {
    try {
      await this.#pieces?.return?.();
    } catch {
      // What was not read has not failed.
    }
  }
}

function iteratorOf(
  source: AsyncIterable<Bytes> | Iterable<Bytes>,
): AsyncIterator<Bytes> | Iterator<Bytes> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}
