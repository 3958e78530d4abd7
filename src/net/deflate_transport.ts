/**
 * A {@link Transport} whose octets are compressed, over another one. RFC 4978, RFC 1951
 *
 * ```text
 * read:   below.read() ──> #raw ──one block end at a time──> inflater (≤ 64 KB ahead) ──> the reader
 * write:  the writer ──> Deflater, sync flush ──> below.write()
 * ```
 *
 * Nothing is inflated ahead of its reader but what fits in the inflater's own buffers: a few octets that stand for a
 * gigabyte wait, and hold up nobody but whoever sent them.
 *
 * Compression can end again and begin anew (RFC 8437 4.1), and then plain octets may follow compressed ones in one packet. So a
 * piece is given to the inflater only up to the next octets that look like the end of a flush, and what stands behind is kept as
 * it came until the reader wants more.
 *
 * The inflater holds about 70 KB for as long as compression lasts; see `deflaters.ts` for the other direction.
 *
 * @module
 */
import { createInflateRaw, type InflateRaw } from "node:zlib";
import { type Bytes, concat, KiB, noBytes } from "../base/bytes.ts";
import { ByteQueue } from "./byte_queue.ts";
import { Deflater, type DeflaterPool, deflaters } from "./deflaters.ts";
import { type Endpoint, type TlsInfo, type Transport, TransportError } from "./transport.ts";

/** The inflater makes pieces of this size, and stops when it has a few of them ready (64 KB, the runtime's mark). */
const inflatedBytes = 4 * KiB;
/**
 * After so many inflated octets others get their turn: the inflater works in microtasks, and what stands for a gigabyte would
 * else be read to its end before anybody else is served.
 */
const turnBytes = 64 * KiB;
/** Compressed octets that it is given at a time. */
const rawBytes = 16 * KiB;
/** What is compressed at a time. */
const pieceBytes = 256 * KiB;

/**
 * What can be left of a flush when its text has been read already: the end of a block, an empty one, and the mark. RFC 1951
 * 3.2.3 to 3.2.6
 */
const flushTailBytes = 12;
/** Octets of such a mark. */
const markBytes = 4;

const lf = 0x0a;

/** Compressed from the next octet on, in both directions, until {@link DeflateTransport.end}. */
export class DeflateTransport implements Transport {
  readonly #below: Transport;
  readonly #deflater: Deflater;
  /** Null while there is no compression. */
  #inflater: InflateRaw | null;
  /** Put back by the reader. */
  readonly #queue = new ByteQueue();
  /** Read from below, not yet given to the inflater. */
  #raw: Bytes = noBytes;
  /** Octets that the inflater has been given, of which it may not have used all yet; 0 if it has. */
  #feeding = 0;
  /** The last block came: what follows is not compressed any more. */
  #ended = false;
  /** The last octets that the inflater has used, at most as many as a mark has. */
  #used: Bytes = noBytes;
  /** What may belong to the last flush of a compression that has ended, behind {@link #used}; null if nothing more can. */
  #tail: Bytes | null = null;
  /** Inflated since others had their turn. */
  #sinceTurn = 0;
  #failure: TransportError | null = null;
  #wake: (() => void) | null = null;
  #reading = false;
  #writing = false;

  /** What waits in `below` is compressed, too. */
  constructor(below: Transport, pool: DeflaterPool = deflaters) {
    this.#below = below;
    this.#deflater = new Deflater(pool);
    this.#inflater = this.#newInflater();
  }

  #newInflater(): InflateRaw {
    const inflater = createInflateRaw({ chunkSize: inflatedBytes });
    inflater.on("readable", () => this.#look());
    inflater.on("error", (error: Error) => {
      this.#fail(new TransportError("garbled", "the peer sent what is not compressed", error));
    });
    return inflater;
  }

  /** Whether octets are compressed now. */
  get active(): boolean {
    return this.#inflater !== null;
  }

  get id(): string {
    return this.#below.id;
  }

  get remote(): Endpoint {
    return this.#below.remote;
  }

  get local(): Endpoint {
    return this.#below.local;
  }

  get tls(): TlsInfo | null {
    return this.#below.tls;
  }

  /** On the wire: compressed. */
  get bytesRead(): number {
    return this.#below.bytesRead;
  }

  /** On the wire: compressed. */
  get bytesWritten(): number {
    return this.#below.bytesWritten;
  }

  /** Inflated octets that wait to be read. */
  get buffered(): number {
    return this.#queue.bytes + (this.#inflater?.readableLength ?? this.#raw.length + this.#below.buffered);
  }

  get readTimeoutMs(): number {
    return this.#below.readTimeoutMs;
  }

  set readTimeoutMs(ms: number) {
    this.#below.readTimeoutMs = ms;
  }

  get writeTimeoutMs(): number {
    return this.#below.writeTimeoutMs;
  }

  set writeTimeoutMs(ms: number) {
    this.#below.writeTimeoutMs = ms;
  }

  get ended(): AbortSignal {
    return this.#below.ended;
  }

  async read(): Promise<Bytes | null> {
    if (this.#reading) throw new TypeError("one reader at a time");
    this.#reading = true;
    try {
      return await this.#read();
    } finally {
      this.#reading = false;
    }
  }

  async #read(): Promise<Bytes | null> {
    for (;;) {
      if (this.#failure?.failure === "closed") throw this.#failure;
      if (this.#sinceTurn >= turnBytes) {
        this.#sinceTurn = 0;
        await new Promise<void>((resolve) => setImmediate(resolve));
        continue;
      }
      const piece = this.#queue.shift() ?? this.#inflated();
      if (piece !== undefined) return piece;
      if (this.#failure !== null) throw this.#failure;
      if (this.#feeding > 0) await this.#somethingHappens();
      else if (this.#ended) return null;
      else if (this.#raw.length > 0) this.#feed();
      else {
        const raw = await this.#below.read();
        if (raw === null) return null;
        this.#raw = raw;
      }
    }
  }

  unread(bytes: Bytes): void {
    this.#queue.unshift(bytes);
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#writing) throw new TypeError("one writer at a time");
    this.#writing = true;
    try {
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        if (this.#failure?.failure === "closed") throw this.#failure;
        const piece = bytes.subarray(at, at + pieceBytes);
        await this.#below.write(this.active ? await this.#deflater.deflate(piece) : piece);
      }
    } finally {
      this.#writing = false;
    }
  }

  /** Compression is inside TLS, never around it (RFC 4978 3): only when it has ended. */
  startTls(): Promise<TlsInfo> {
    if (this.active) return Promise.reject(new TypeError("TLS begins before compression"));
    this.#below.unread(this.#raw);
    this.#raw = noBytes;
    for (let put = this.#queue.shift(); put !== undefined; put = this.#queue.shift()) this.#below.unread(put);
    return this.#below.startTls();
  }

  /**
   * No compression any more, in either direction, from the next octet on. To be called while nobody reads or writes.
   *
   * @returns Whether the peer has ended it here, too: false if more compressed octets had come, which are lost.
   */
  async end(): Promise<boolean> {
    if (this.#reading || this.#writing) throw new TypeError("compression ends while nobody reads or writes");
    const inflater = this.#inflater;
    if (inflater === null) throw new TypeError("nothing is compressed");
    while (this.#feeding > 0 && inflater.readableLength === 0) await this.#somethingHappens();
    const whole = this.buffered === 0 && this.#feeding === 0;
    this.#queue.clear();
    this.#inflater = null;
    this.#tail = this.#ended || flushEnd(this.#used) !== -1 ? null : noBytes;
    this.#ended = false;
    this.#deflater.drop();
    inflater.destroy();
    return whole;
  }

  /** Compressed again from the next octet on. */
  begin(): void {
    if (this.#reading || this.#writing || this.active) {
      throw new TypeError("compression begins once, in peace");
    }
    this.#tail = null;
    this.#used = noBytes;
    const put = this.#queue.shift();
    if (put !== undefined) this.#below.unread(put); // Put back because it is compressed.
    this.#inflater = this.#newInflater();
  }

  close(): Promise<void> {
    this.#release();
    return this.#below.close();
  }

  destroy(): void {
    this.#release();
    this.#below.destroy();
  }

  #release(): void {
    this.#fail(new TransportError("closed", "closed by this side"));
    this.#queue.clear();
    this.#raw = noBytes;
    this.#deflater.drop();
    this.#inflater?.destroy();
  }

  /** What is ready to be read. */
  #inflated(): Bytes | undefined {
    if (this.#inflater === null) return this.#plain();
    const piece: Bytes | null = this.#inflater.read();
    if (piece === null) return undefined;
    this.#sinceTurn += piece.length;
    // A view without the runtime's own methods, some of which do not do what those of other bytes do.
    return new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
  }

  /**
   * What came and is not compressed. The network may have cut the last flush in two: then the rest of it comes first. It is
   * short and ends in a mark; a line that comes instead says that the peer flushes in another way.
   */
  #plain(): Bytes | undefined {
    let raw = this.#raw;
    this.#raw = noBytes;
    if (this.#tail !== null) {
      const tail = concat([this.#tail, raw]);
      const end = flushEnd(concat([this.#used, tail.subarray(0, flushTailBytes)]));
      if (end === -1 && tail.length < flushTailBytes && !tail.includes(lf)) {
        this.#tail = tail;
        return undefined;
      }
      raw = end === -1 ? tail : tail.subarray(end - this.#used.length);
      this.#tail = null;
    }
    return raw.length > 0 ? raw : undefined;
  }

  /** Gives the inflater octets up to what may be the end of a flush. */
  #feed(): void {
    const inflater = this.#inflater;
    if (inflater === null) return;
    const some = this.#raw.subarray(0, rawBytes);
    const end = flushEnd(some);
    const length = end === -1 ? some.length : end;
    const before = inflater.bytesWritten;
    this.#feeding = length;
    inflater.write(this.#raw.subarray(0, length), () => {
      // Fewer are used where the last block ends. RFC 1951 3.2.3 (BFINAL)
      const used = inflater.bytesWritten - before;
      this.#ended = used < length;
      this.#used = concat([this.#used, some.subarray(Math.max(0, used - markBytes), used)]).slice(-markBytes);
      this.#raw = this.#raw.subarray(used);
      this.#feeding = 0;
      this.#look();
    });
  }

  #somethingHappens(): Promise<void> {
    return new Promise((resolve) => this.#wake = resolve);
  }

  /** Lets whoever waits look again. */
  #look(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  #fail(error: TransportError): void {
    if (this.#failure === null || error.failure === "closed") this.#failure = error;
    this.#look();
  }
}

/** Where the first flush ends, or -1: an empty stored block ends in the mark 00 00 FF FF. RFC 1951 3.2.4 */
function flushEnd(raw: Uint8Array): number {
  for (let at = raw.indexOf(0xff, 3); at !== -1; at = raw.indexOf(0xff, at + 1)) {
    if (raw[at - 1] === 0xff && raw[at - 2] === 0 && raw[at - 3] === 0) return at + 1;
  }
  return -1;
}
