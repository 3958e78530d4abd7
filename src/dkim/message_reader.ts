/**
 * Messages that stream by: the header section is kept, up to a limit, the body is passed on.
 *
 * Verifiers need the whole header section before the first octet of the body, to know what to hash.
 *
 * @module
 */
import { type Bytes, indexOfBytes, MiB, noBytes } from "../base/bytes.ts";

/** Longest header section that is kept. */
export const maxHeaderOctets = 1 * MiB;

/** What is told of a message. */
export interface MessageListener {
  /** The header section up to and without its empty line; null if it is longer than the limit. Called once. */
  header(header: Bytes | null): void;
  /** A piece of the body, which must not be kept. Never called where the header section was too long. */
  body(piece: Uint8Array): void;
  /** The message is complete. */
  end(): void;
}

const emptyLine = Uint8Array.of(13, 10, 13, 10);

/** Splits one message, in pieces cut anywhere, with CRLF as line ends. */
export class MessageReader {
  readonly #listener: MessageListener;
  readonly #max: number;
  /** What is there of the header section; the buffer may be longer. */
  #kept: Bytes = noBytes;
  #length = 0;
  #phase: "header" | "body" | "tooLong" = "header";

  constructor(listener: MessageListener, max = maxHeaderOctets) {
    this.#listener = listener;
    this.#max = max;
  }

  /** Takes the next octets; they are not kept. */
  write(chunk: Uint8Array): void {
    if (this.#phase === "body") this.#listener.body(chunk);
    else if (this.#phase === "header") this.#header(chunk);
  }

  /** The message is complete. Without an empty line all of it is header. RFC 5322 3.5 */
  finish(): void {
    if (this.#phase === "header") this.#endHeader(this.#kept.slice(0, this.#length));
    this.#listener.end();
  }

  #header(chunk: Uint8Array): void {
    // Most header sections come in one piece, of which nothing has to be copied but themselves.
    const from = Math.max(0, this.#length - 3);
    const known = this.#length === 0 ? chunk : this.#keep(chunk);
    // A message may begin with its empty line: it has no fields then.
    const isBare = known[0] === 13 && known[1] === 10;
    const at = isBare ? -2 : indexOfBytes(known, emptyLine, from);
    const isComplete = isBare || at !== -1;
    // Where the end is still to come, the CR of the empty line may be there already.
    if ((isComplete ? at + 2 : known.length - 1) > this.#max) return this.#tooLong();
    if (!isComplete) {
      if (this.#length === 0) this.#keep(chunk);
      return;
    }
    this.#endHeader(known.slice(0, at + 2));
    if (at + 4 < known.length) this.#listener.body(known.subarray(at + 4));
  }

  /** @returns All that there is of the header section. */
  #keep(chunk: Uint8Array): Uint8Array {
    const length = this.#length + chunk.length;
    if (length > this.#kept.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#kept.length));
      larger.set(this.#kept.subarray(0, this.#length));
      this.#kept = larger;
    }
    this.#kept.set(chunk, this.#length);
    this.#length = length;
    return this.#kept.subarray(0, length);
  }

  #endHeader(header: Bytes): void {
    this.#phase = "body";
    this.#kept = noBytes;
    this.#listener.header(header);
  }

  #tooLong(): void {
    this.#phase = "tooLong";
    this.#kept = noBytes;
    this.#listener.header(null);
  }
}
