/**
 * Received bytes that wait for their reader, in the pieces they came in.
 *
 * A piece costs memory beyond its bytes, so a peer that sends one byte at a time is counted by what it costs
 * us: {@link ByteQueue.cost} adds {@link pieceCost} for each piece.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";

/** What a piece costs beside its bytes, roughly, in bytes: two objects and a place in the queue. */
export const pieceCost = 256;

/** First in, first out. Taking from the front is constant time over many pieces. */
export class ByteQueue {
  #pieces: Bytes[] = [];
  #first = 0;
  #bytes = 0;

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Memory that they hold, roughly. */
  get cost(): number {
    return this.#bytes + (this.#pieces.length - this.#first) * pieceCost;
  }

  push(piece: Bytes): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#bytes += piece.length;
  }

  /** Puts a piece before all others. */
  unshift(piece: Bytes): void {
    if (piece.length === 0) return;
    if (this.#first > 0) this.#pieces[--this.#first] = piece;
    else this.#pieces.unshift(piece);
    this.#bytes += piece.length;
  }

  shift(): Bytes | undefined {
    const piece = this.#pieces[this.#first];
    if (piece === undefined) return undefined;
    this.#bytes -= piece.length;
    if (++this.#first === this.#pieces.length) {
      this.#pieces.length = 0;
      this.#first = 0;
    } else if (this.#first >= 64 && this.#first * 2 >= this.#pieces.length) {
      this.#pieces.splice(0, this.#first);
      this.#first = 0;
    }
    return piece;
  }

  clear(): void {
    this.#pieces = [];
    this.#first = 0;
    this.#bytes = 0;
  }
}
