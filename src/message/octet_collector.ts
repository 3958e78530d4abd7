/**
 * Octets that come in pieces of any size and are kept in one: a peer that sends them one by one costs no more
 * memory than one that sends them all.
 *
 * @module
 */
import { type Bytes, noBytes } from "../base/bytes.ts";

const firstCapacity = 512;

export class OctetCollector {
  #memory: Bytes = noBytes;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Octets that there is memory for. */
  get capacity(): number {
    return this.#memory.length;
  }

  /** Copies octets `start` to `end` behind those that are kept. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const piece = bytes.subarray(start, end);
    const length = this.#length + piece.length;
    if (length > this.#memory.length) {
      // Doubling copies each octet about once more, however small the pieces are.
      const memory = new Uint8Array(Math.max(length, 2 * this.#memory.length, firstCapacity));
      memory.set(this.#memory.subarray(0, this.#length));
      this.#memory = memory;
    }
    this.#memory.set(piece, this.#length);
    this.#length = length;
  }

  /** All that is kept; good until the next call of anything here. */
  get octets(): Bytes {
    return this.#memory.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }
}
