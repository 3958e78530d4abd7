/**
 * Compressors of raw deflate, of which only so many exist at a time. RFC 1951
 *
 * A compressor costs about 200 KB, whatever window and memory level it is told, and most connections are idle. Every
 * piece that it gives ends in a sync flush, so that a compressor can be thrown away between two pieces and another one go
 * on: what the peer has seen before is then not referred to, which costs some octets and breaks nothing. So the ones
 * used last are kept, and an idle connection holds none.
 *
 * Tested by `src/net/deflate_transport_test.ts`
 *
 * @module
 */
import { constants, createDeflateRaw, type DeflateRaw } from "node:zlib";
import { type Bytes, concat } from "../base/bytes.ts";

/** How many compressors are kept: about 13 MB. */
export const maxKeptDeflaters = 64;

/**
 * Level 3 gives answers of IMAP 12 % of their size at 400 MB/s; level 1 16 % at 800 MB/s, level 6 10 % at 190 MB/s. A smaller
 * window makes them larger and saves no memory here.
 */
const settings = { level: 3, windowBits: 15, memLevel: 8 };

/** One direction of one connection. */
export class Deflater {
  readonly #pool: DeflaterPool;
  #stream: DeflateRaw | null = null;
  #pieces: Bytes[] = [];

  constructor(pool: DeflaterPool) {
    this.#pool = pool;
  }

  /** Whether it is kept: what comes next is compressed by what came before. */
  get warm(): boolean {
    return this.#stream !== null;
  }

  /** Compresses, to the end of a block and of an octet. One call at a time. */
  deflate(bytes: Uint8Array): Promise<Bytes> {
    const stream = this.#stream ??= this.#begin();
    this.#pool.used(this);
    return new Promise((resolve, reject) => {
      const failed = (error: Error) => {
        this.drop();
        reject(error);
      };
      stream.once("error", failed);
      stream.write(bytes);
      stream.flush(constants.Z_SYNC_FLUSH, () => {
        stream.off("error", failed);
        const pieces = this.#pieces;
        this.#pieces = [];
        this.#pool.rests(this);
        resolve(concat(pieces));
      });
    });
  }

  /** Gives its memory back. The next call of {@link deflate} begins anew. */
  drop(): void {
    this.#stream?.destroy();
    this.#stream = null;
    this.#pieces = [];
    this.#pool.gone(this);
  }

  #begin(): DeflateRaw {
    const stream = createDeflateRaw(settings);
    stream.on("data", (piece: Bytes) => this.#pieces.push(piece));
    return stream;
  }
}

/** Sees to it that few compressors are kept; those that are working count, and are never taken away. */
export class DeflaterPool {
  readonly #max: number;
  /** Those that rest, the one used last at the end. */
  readonly #resting = new Set<Deflater>();

  constructor(max = maxKeptDeflaters) {
    this.#max = max;
  }

  /** How many are kept and not working. */
  get resting(): number {
    return this.#resting.size;
  }

  /** It begins to work. */
  used(deflater: Deflater): void {
    this.#resting.delete(deflater);
  }

  /** It has done its work. */
  rests(deflater: Deflater): void {
    this.#resting.add(deflater);
    if (this.#resting.size <= this.#max) return;
    const [oldest] = this.#resting;
    oldest?.drop();
  }

  gone(deflater: Deflater): void {
    this.#resting.delete(deflater);
  }
}

/** The one of this process. */
export const deflaters = new DeflaterPool();
