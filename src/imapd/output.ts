/**
 * What goes to the client: collected by a {@link ResponseWriter}, so that many answers make one packet, and handed to the
 * transport in bounded pieces, so that a client that does not read holds up nobody but itself.
 *
 * Writing is synchronous: a FETCH of 100,000 messages makes no promise for each. Whoever writes much asks
 * {@link Output.full} now and then, and awaits {@link Output.flush} if so.
 *
 * @module
 */
import { concat, KiB } from "../base/bytes.ts";
import { ResponseWriter } from "../imap/response_writer.ts";
import type { Transport } from "../net/transport.ts";

/** From here on {@link Output.full}; and what small pieces are joined to. */
export const pieceBytes = 64 * KiB;
/** Larger pieces are cut, so that the write timeout is one of progress. */
export const maxWriteBytes = 256 * KiB;

/** The writing half of a connection. */
export class Output {
  /** Where answers are written. Another one after {@link rest}. */
  w = new ResponseWriter();
  #transport: Pick<Transport, "write">;
  #flushed = 0;

  constructor(transport: Pick<Transport, "write">) {
    this.#transport = transport;
  }

  /** Whether so much waits that it should be flushed. */
  get full(): boolean {
    return this.w.length >= pieceBytes;
  }

  /** Writes to this transport from now on. What was said before has been flushed. */
  use(transport: Pick<Transport, "write">): void {
    this.#transport = transport;
  }

  /** A line of ASCII. */
  line(text: string): void {
    this.w.ascii(text).ascii("\r\n");
  }

  /** Hands everything to the transport, in order. @throws {TransportError} */
  async flush(): Promise<void> {
    let joined: Uint8Array[] = [];
    let length = 0;
    for (const piece of this.w.take()) {
      if (length > 0 && length + piece.length > pieceBytes) {
        await this.#write(joined, length);
        joined = [];
        length = 0;
      }
      joined.push(piece);
      length += piece.length;
    }
    if (length > 0) await this.#write(joined, length);
  }

  /** Flushes before a wait. What a large answer needed is given back: most connections wait most of the time. */
  async rest(): Promise<void> {
    await this.flush();
    if (this.#flushed < pieceBytes / 4) return;
    const { utf8 } = this.w;
    this.w = new ResponseWriter();
    this.w.utf8 = utf8;
    this.#flushed = 0;
  }

  async #write(pieces: readonly Uint8Array[], length: number): Promise<void> {
    this.#flushed += length;
    const [first] = pieces;
    const bytes = pieces.length === 1 && first !== undefined ? first : concat(pieces);
    for (let at = 0; at < bytes.length; at += maxWriteBytes) {
      await this.#transport.write(bytes.subarray(at, at + maxWriteBytes));
    }
  }
}
