/**
 * The hashes of a body: SHA-256 of all of it, and of each megabyte, so that a read can check what it touches.
 *
 * @module
 */
import { createHash, type Hash, hash } from "node:crypto";
import { type Bytes, concat, hex, MiB, noBytes } from "../base/bytes.ts";

/** Octets of a block. The last one of a body may be shorter. */
export const blockBytes = MiB;

/** Octets of a SHA-256. */
export const hashBytes = 32;

/** What is known of a body's content. */
export interface BodyHashes {
  readonly size: number;
  readonly sha256: Bytes;
  /** The blocks' hashes, one after the other; empty if there is only one block, which `sha256` covers. */
  readonly blocks: Bytes;
}

/** SHA-256. */
export function sha256(bytes: Uint8Array): Bytes {
  return new Uint8Array(hash("sha256", bytes, "buffer"));
}

/** Whether bytes have this SHA-256. Compared in hex, which the platform gives in half the time of bytes. */
export function hasSha256(bytes: Uint8Array, expected: Bytes): boolean {
  return hash("sha256", bytes, "hex") === hex(expected);
}

/** Hashes a body as it arrives. */
export class BodyHasher {
  readonly #whole = createHash("sha256");
  readonly #blocks: Bytes[] = [];
  #block: Hash = createHash("sha256");
  #size = 0;

  get size(): number {
    return this.#size;
  }

  update(bytes: Uint8Array): void {
    this.#whole.update(bytes);
    for (let at = 0; at < bytes.length;) {
      const room = blockBytes - this.#size % blockBytes;
      const piece = bytes.subarray(at, at + room);
      this.#block.update(piece);
      at += piece.length;
      this.#size += piece.length;
      if (this.#size % blockBytes === 0) this.#endBlock();
    }
  }

  /** To be called once. */
  digest(): BodyHashes {
    if (this.#size % blockBytes !== 0) this.#endBlock();
    const blocks = this.#blocks.length > 1 ? concat(this.#blocks) : noBytes;
    return { size: this.#size, sha256: new Uint8Array(this.#whole.digest()), blocks };
  }

  #endBlock(): void {
    this.#blocks.push(new Uint8Array(this.#block.digest()));
    this.#block = createHash("sha256");
  }
}

/** Whether `bytes` are block `index` of a body with these hashes. */
export function isBlock(bytes: Uint8Array, index: number, hashes: BodyHashes): boolean {
  const expected = hashes.blocks.length === 0
    ? (index === 0 ? hashes.sha256 : noBytes)
    : hashes.blocks.subarray(index * hashBytes, (index + 1) * hashBytes);
  const length = Math.min(blockBytes, hashes.size - index * blockBytes);
  return bytes.length === length && expected.length === hashBytes && hasSha256(bytes, expected);
}
