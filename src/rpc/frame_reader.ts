/**
 * Cuts a stream of bytes into frames: a u32 (little-endian) with the length, then so many octets.
 *
 * Beyond a megabyte, memory grows with what has arrived, not with what was announced.
 *
 * @module
 */
import { type Bytes, concat } from "../base/bytes.ts";

const headBytes = 4;

/** An announced frame gets this much room at once, a longer one as it comes. */
const trustedBytes = 1024 * 1024;

/** A frame, ready to be written. */
export function frameOf(...pieces: readonly Uint8Array[]): Bytes {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const head = new Uint8Array(headBytes);
  new DataView(head.buffer).setUint32(0, length, true);
  return concat([head, ...pieces]);
}

/** Frames of a byte stream, however it is split. */
export class FrameReader {
  readonly #maxBytes: number;
  /** The beginning of a frame that is not complete: `#held` octets, and room to grow. */
  #partial = new Uint8Array(0);
  #held = 0;
  /** How many octets make the frame complete; before its length is known, how many tell that. */
  #needed = headBytes;

  /** @param maxBytes The longest frame taken, without its length. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Octets of a frame that is not complete. */
  get held(): number {
    return this.#held;
  }

  /**
   * Takes the next bytes of the stream and hands each frame that they complete to `take`. Frames are views of
   * `piece` where they can be: read them before `piece` is used again.
   *
   * @throws {SyntaxError} If a frame is empty or too long, after those before it were handed over; the stream
   *   cannot be read on.
   */
  push(piece: Uint8Array, take: (frame: Uint8Array) => void): void {
    let at = 0;
    while (this.#held > 0) {
      const end = Math.min(piece.length, at + this.#needed - this.#held);
      this.#append(piece, at, end);
      at = end;
      if (this.#held < this.#needed) return;
      // The length is there, or all of the frame: never more, or what follows would be copied with it.
      if (this.#needed === headBytes) this.#needed += this.#lengthAt(this.#view(this.#partial), 0);
      else {
        const frame = this.#partial.subarray(headBytes, this.#needed);
        this.#partial = new Uint8Array(0); // It is the frame's now.
        this.#held = 0;
        this.#needed = headBytes;
        take(frame);
      }
    }
    this.#cut(piece.subarray(at), take);
  }

  #append(piece: Uint8Array, start: number, end: number): void {
    const length = this.#held + end - start;
    if (length > this.#partial.length) {
      const room = Math.min(this.#needed, Math.max(2 * this.#partial.length, trustedBytes));
      const grown = new Uint8Array(Math.max(length, room));
      grown.set(this.#partial.subarray(0, this.#held));
      this.#partial = grown;
    }
    this.#partial.set(piece.subarray(start, end), this.#held);
    this.#held = length;
  }

  #cut(bytes: Uint8Array, take: (frame: Uint8Array) => void): void {
    const view = this.#view(bytes);
    let at = 0;
    while (bytes.length - at >= headBytes) {
      const length = this.#lengthAt(view, at);
      if (bytes.length - at < headBytes + length) {
        this.#needed = headBytes + length;
        break;
      }
      take(bytes.subarray(at + headBytes, at + headBytes + length));
      at += headBytes + length;
    }
    // A copy: the piece is the socket's, and what follows may be long in coming.
    if (at < bytes.length) this.#append(bytes, at, bytes.length);
  }

  #view(bytes: Uint8Array): DataView {
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #lengthAt(view: DataView, at: number): number {
    const length = view.getUint32(at, true);
    if (length === 0 || length > this.#maxBytes) throw new SyntaxError(`a frame of ${length} octets`);
    return length;
  }
}
