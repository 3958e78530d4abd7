/**
 * The hashes of a body: SHA-256 of all of it, and of each megabyte, so that a read can check what it touches.
 *
 * The hash of the whole is text, in hex: the platform gives it in half the time of bytes, it is compared as often as the
 * body is read, and large bodies' files are named by it.
 *
 * @module
 */
import { createHash, type Hash, hash } from "node:crypto";
import { type Bytes, concat, hex, MiB, noBytes } from "../base/bytes.ts";

/** Octets of a block. The last one of a body may be shorter. */
export const blockBytes = MiB;

/** Octets of a block's SHA-256. */
export const hashBytes = 32;

/** What is known of a body's content. */
export interface BodyHashes {
  readonly size: number;
  /** In hex. */
  readonly sha256: string;
  /** The blocks' hashes, one after the other; empty if there is only one block, which `sha256` covers. */
  readonly blocks: Bytes;
}

/** SHA-256, in hex. */
export function sha256(bytes: Uint8Array): string {
  return hash("sha256", bytes, "hex");
}

/** Hashes a body as it arrives. */
export class BodyHasher {
  readonly #whole = createHash("sha256");
  readonly #blocks: Bytes[] = [];
  /** Of the block that has begun; null in the first, of which the whole is the hash as well. */
  #block: Hash | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const room = blockBytes - this.#size % blockBytes;
      const piece = bytes.subarray(at, at + room);
      this.#whole.update(piece);
      this.#block?.update(piece);
      at += piece.length;
      this.#size += piece.length;
      if (this.#size % blockBytes === 0) this.#endBlock();
    }
  }

  /** To be called once. */
  digest(): BodyHashes {
    if (this.#size % blockBytes !== 0) this.#endBlock();
    const blocks = this.#blocks.length > 1 ? concat(this.#blocks) : noBytes;
    return { size: this.#size, sha256: this.#whole.digest("hex"), blocks };
  }

  #endBlock(): void {
    this.#blocks.push(new Uint8Array((this.#block ?? this.#whole.copy()).digest()));
    this.#block = createHash("sha256");
  }
}

/** Whether `bytes` are block `index` of a body with these hashes. */
export function isBlock(bytes: Uint8Array, index: number, hashes: BodyHashes): boolean {
  const expected = hashes.blocks.length === 0
    ? (index === 0 ? hashes.sha256 : "")
    : hex(hashes.blocks.subarray(index * hashBytes, (index + 1) * hashBytes));
  const length = Math.min(blockBytes, hashes.size - index * blockBytes);
  return bytes.length === length && sha256(bytes) === expected;
}
