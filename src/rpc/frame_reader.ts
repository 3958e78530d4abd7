/**
 * Cuts a stream of bytes into frames: a u32 (little-endian) with the length, then so many octets.
 *
 * Beyond a megabyte, memory grows with what has arrived, not with what was announced.
 *
 * @module
 */
const headBytes = 4;

/** An announced frame gets this much room at once, a longer one as it comes. */
const trustedBytes = 1024 * 1024;

/** Frames of a byte stream, however it is split. */
export class FrameReader {
  readonly #maxBytes: number;
  /** The beginning of a frame that is not complete: `#held` octets, and room to grow. */
  #partial = new Uint8Array(0);
  #held = 0;
  /** Octets that must be there before looking again is of use. */
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
    if (this.#held === 0) return this.#cut(piece, take);
    this.#append(piece);
    if (this.#held < this.#needed) return;
    const bytes = this.#partial.subarray(0, this.#held);
    this.#partial = new Uint8Array(0); // The frames are views of it: it is theirs now.
    this.#held = 0;
    this.#cut(bytes, take);
  }

  #append(piece: Uint8Array): void {
    const length = this.#held + piece.length;
    if (length > this.#partial.length) {
      const room = Math.min(this.#needed, Math.max(2 * this.#partial.length, trustedBytes));
      const grown = new Uint8Array(Math.max(length, room));
      grown.set(this.#partial.subarray(0, this.#held));
      this.#partial = grown;
    }
    this.#partial.set(piece, this.#held);
    this.#held = length;
  }

  #cut(bytes: Uint8Array, take: (frame: Uint8Array) => void): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    this.#needed = headBytes;
    while (bytes.length - at >= headBytes) {
      const length = view.getUint32(at, true);
      if (length === 0 || length > this.#maxBytes) throw new SyntaxError(`a frame of ${length} octets`);
      if (bytes.length - at < headBytes + length) {
        this.#needed = headBytes + length;
        break;
      }
      take(bytes.subarray(at + headBytes, at + headBytes + length));
      at += headBytes + length;
    }
    if (at < bytes.length) {
      // A copy: the piece is the socket's, and what follows may be long in coming.
      this.#partial = new Uint8Array(bytes.subarray(at));
      this.#held = bytes.length - at;
    }
  }
}
