/**
 * The octets of one message on their way from the network to the store: indexed as they pass, kept in memory
 * while they are few, in a spool file of the store's once they are many.
 *
 * Whoever makes one must, on every way out, either hand its content on or {@link BodyIntake.drop} it.
 *
 * @module
 */
import { maxInlineBytes, type Spool } from "../accounts/mail.ts";
import { type Bytes, noBytes } from "../base/bytes.ts";
import type { MessageIndex } from "../message/message_index.ts";
import { giveAway } from "../rpc/plain_data.ts";

/** Room for a message whose first piece is small. */
const smallBlock = 4096;

/** Pieces on their way to the store at once. */
export const maxPiecesInFlight = 2;

/** What indexes a message while it passes; `Indexer` of the message folder. */
export interface Indexing {
  write(bytes: Uint8Array): void;
  end(): MessageIndex;
}

/** Hears the octets of a message pass, and keeps none. */
export interface Listening {
  write(bytes: Uint8Array): void;
  /**
   * May put others in place of the first octets, before the store gets them: as far as they are kept together, which is all
   * of the header in any case that matters. Called once, when they and perhaps more were written.
   */
  obscure(head: Bytes): void;
}

/** A message that has come completely. One of `content` and `spool` is there. */
export interface Body {
  readonly index: MessageIndex;
  readonly content: Bytes | null;
  readonly spool: string | null;
  /** The first octets, all of the header in any case that matters. */
  readonly head: Bytes;
}

/** Takes the pieces of one message. Memory: a few times {@link maxInlineBytes}. */
export class BodyIntake {
  readonly #spool: Spool;
  readonly #indexer: Indexing;
  readonly #keepHead: boolean;
  readonly #also: Listening | null;
  #block: Bytes = noBytes;
  #length = 0;
  #full: Bytes[] = [];
  #head: Bytes | null = null;
  #id: string | null = null;
  readonly #inFlight = new Set<Promise<void>>();
  #problem: { readonly error: unknown } | null = null;
  #dropped = false;
  #isFirst = true;

  /**
   * @param keepHead Whether {@link Body.head} is wanted also of a message that is spooled.
   * @param also Who else hears the octets pass.
   */
  constructor(spool: Spool, indexer: Indexing, keepHead: boolean, also: Listening | null = null) {
    this.#spool = spool;
    this.#indexer = indexer;
    this.#keepHead = keepHead;
    this.#also = also;
  }

  /** Takes a piece; afterwards its memory is free again. */
  readonly add = (piece: Bytes): void => {
    if (this.#dropped || this.#problem !== null) return;
    this.#indexer.write(piece);
    this.#also?.write(piece);
    for (let at = 0; at < piece.length;) {
      if (this.#length === this.#block.length) this.#grow(piece.length - at);
      const part = piece.subarray(at, at + this.#block.length - this.#length);
      this.#block.set(part, this.#length);
      this.#length += part.length;
      at += part.length;
    }
  };

  /** Whether pieces wait for the store: then {@link push} before reading on. */
  get pressed(): boolean {
    return this.#full.length > 0;
  }

  /** Sends what is to be sent, waiting while too much is under way. Errors come out of {@link finish}. */
  async push(): Promise<void> {
    try {
      this.#id ??= await this.#spool.spoolOpen({});
      for (let block = this.#full.shift(); block !== undefined; block = this.#full.shift()) {
        if (this.#problem !== null) break;
        this.#send(this.#id, block);
        if (this.#inFlight.size >= maxPiecesInFlight) await Promise.race(this.#inFlight);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The message has come. @throws {unknown} What the store threw while spooling. */
  async finish(): Promise<Body> {
    const isSpooled = this.#id !== null || this.pressed;
    if (isSpooled) {
      if (this.#length > 0) this.#full.push(fitted(this.#block, this.#length));
      await this.push();
      await Promise.all(this.#inFlight);
    }
    if (this.#problem !== null) throw this.#problem.error;
    const content = isSpooled ? null : fitted(this.#block, this.#length);
    if (content !== null) this.#also?.obscure(content);
    return { index: this.#indexer.end(), content, spool: this.#id, head: content ?? this.#head ?? noBytes };
  }

  /** Nobody wants it: memory is free at once, the spool file soon. Never throws. */
  async drop(): Promise<void> {
    if (this.#dropped) return;
    this.#dropped = true;
    this.#full = [];
    this.#block = noBytes;
    this.#length = 0;
    this.#head = null;
    await Promise.all(this.#inFlight);
    if (this.#id === null) return;
    try {
      await this.#spool.spoolDrop({ spool: this.#id });
    } catch {
      // The store sweeps what nobody used.
    }
  }

  #grow(more: number): void {
    const size = this.#block.length;
    if (size < maxInlineBytes) {
      // Most messages are one piece, for which there is just enough.
      const wanted = size === 0 ? more : Math.max(smallBlock, size * 2, this.#length + more);
      const grown = new Uint8Array(Math.min(maxInlineBytes, wanted));
      grown.set(this.#block.subarray(0, this.#length));
      this.#block = grown;
      return;
    }
    if (this.#isFirst) this.#also?.obscure(this.#block);
    this.#isFirst = false;
    // The memory is given away to the store, so the header is copied before.
    if (this.#keepHead) this.#head ??= this.#block.slice();
    this.#full.push(this.#block);
    this.#block = new Uint8Array(maxInlineBytes);
    this.#length = 0;
  }

  #send(spool: string, bytes: Bytes): void {
    const sent = this.#spool.spoolWrite({ spool, bytes: giveAway(bytes) }).catch((error) =>
      this.#fail(error)
    );
    this.#inFlight.add(sent);
    sent.finally(() => this.#inFlight.delete(sent));
  }

  #fail(error: unknown): void {
    this.#problem ??= { error };
    this.#full = [];
  }
}

/** The first octets, in memory that holds no more than them. */
function fitted(block: Bytes, length: number): Bytes {
  return length === block.length ? block : block.slice(0, length);
}
