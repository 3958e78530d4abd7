/**
 * RPC messages over a byte stream, between processes: frames (`frame_reader.ts`) of plain data (`codec.ts`).
 *
 * Writes are our own queue: what is sent while one write is under way becomes the next write, so that under load
 * many messages travel in one. Reading never stops, which is why two ends that both have much to say cannot
 * block each other; what a peer can make us hold is limited by the connection above.
 *
 * @module
 */
import type { Duplex } from "node:stream";
import { Refused } from "../base/errors.ts";
import type { Carrier, Receiver } from "./carrier.ts";
import { decode, FrameWriter } from "./codec.ts";
import { FrameReader } from "./frame_reader.ts";
import { maxMessageBytes, messageOverheadBytes } from "./limits.ts";
import type { Plain } from "./plain_data.ts";

/** How long a peer that does not read can hold up the end of a connection, in milliseconds. */
const lingerMs = 2000;

export class SocketCarrier implements Carrier {
  readonly #stream: Duplex;
  readonly #writer = new FrameWriter();
  readonly #reader = new FrameReader(maxMessageBytes);
  #receiver: Receiver | null = null;
  /** Octets given to the stream and not yet written. */
  #writing = 0;
  #flushQueued = false;
  #ended = false;

  /** @param stream A connected socket, or any other byte stream; nothing else may read or write it. */
  constructor(stream: Duplex) {
    this.#stream = stream;
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#stream.on(
      "error",
      (error: Error) => this.#end(new Refused("tryLater", "the RPC socket failed", error)),
    );
    this.#stream.on("end", () => this.#lost());
    this.#stream.on("close", () => this.#lost());
    this.#stream.on("data", (piece: Uint8Array) => this.#data(piece));
    this.#stream.resume();
    if (this.#stream.destroyed) queueMicrotask(() => this.#lost());
  }

  get queuedBytes(): number {
    return this.#writer.length + this.#writing;
  }

  send(message: Plain): number {
    if (this.#ended) return 0;
    const bytes = this.#writer.add(message) + messageOverheadBytes;
    if (!this.#flushQueued && this.#writing === 0) {
      this.#flushQueued = true;
      queueMicrotask(() => this.#flush());
    }
    return bytes;
  }

  close(reason: Refused): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const piece of this.#writer.take()) this.#stream.write(piece);
    this.#stream.end();
    const timer = setTimeout(() => this.#stream.destroy(), lingerMs);
    this.#stream.once("close", () => clearTimeout(timer));
    if (this.#stream.destroyed) clearTimeout(timer);
    this.#receiver?.closed(reason);
  }

  #flush(): void {
    this.#flushQueued = false;
    if (this.#ended || this.#writing > 0 || this.#writer.length === 0) return;
    this.#writing = this.#writer.length;
    const pieces = this.#writer.take();
    const last = pieces.length - 1;
    for (let i = 0; i < last; i++) this.#stream.write(pieces[i]);
    this.#stream.write(pieces[last], (error?: Error | null) => {
      this.#writing = 0;
      if (error || this.#ended) return; // The stream's own "error" event tells.
      this.#flush();
      this.#receiver?.drained();
    });
  }

  #data(piece: Uint8Array): void {
    if (this.#ended) return;
    try {
      this.#reader.push(piece, (frame) => {
        if (this.#ended) return;
        this.#receiver?.message(decode(frame), frame.length + messageOverheadBytes);
      });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#end(new Refused("badRequest", "the RPC peer sent bytes that cannot be read", error));
    }
  }

  #lost(): void {
    this.#end(new Refused("tryLater", "the RPC peer is gone"));
  }

  #end(reason: Refused): void {
    this.#stream.destroy();
    if (this.#ended) return;
    this.#ended = true;
    this.#receiver?.closed(reason);
  }
}
