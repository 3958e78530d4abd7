/**
 * The reading half of a connection: events of the command reader, one after the other, and a way to be woken while
 * nothing comes (IDLE, the server's end).
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import { type Bytes, noBytes } from "../base/bytes.ts";
import { CommandReader, strangerLimits } from "../imap/command_reader.ts";
import type { ReaderEvent } from "../imap/reader_event.ts";
import { Deadline, type Deadlines } from "../net/deadlines.ts";
import { type Transport, TransportError } from "../net/transport.ts";
import type { Output } from "./output.ts";
import { farewellTimeoutMs } from "./settings.ts";

/** Events from the client. One caller at a time. */
export class Input {
  reader = new CommandReader(strangerLimits);
  #timeoutMs = Infinity;
  /** When the client's time is up, whatever it says until then; by {@link Deadlines.now}. */
  #endsAt = Infinity;
  #transport: Transport;
  readonly #output: Output;
  /** What was read last: the end of it is what the reader has not used. */
  #last: Bytes = noBytes;
  #reading = false;
  #arrived: { readonly bytes: Bytes | null } | { readonly error: unknown } | null = null;
  #wake: (() => void) | null = null;
  #poked = false;
  #expired = false;
  readonly #deadlines: Deadlines;
  readonly #deadline = new Deadline(() => {
    this.#expired = true;
    this.#wake?.();
  });

  constructor(transport: Transport, output: Output, deadlines: Deadlines) {
    this.#transport = transport;
    this.#output = output;
    this.#deadlines = deadlines;
  }

  /**
   * For how long the client may say nothing. The transport's own limit, which breaks the connection, is set a little
   * higher, so that there is time for a BYE (RFC 9051 3.4).
   */
  set timeoutMs(ms: number) {
    this.#timeoutMs = ms;
    this.#transport.readTimeoutMs = ms + farewellTimeoutMs;
  }

  /** How long is left for all that the client has to say; Infinity for who has signed in. */
  set totalMs(ms: number) {
    this.#endsAt = this.#deadlines.now() + ms;
  }

  /** Gives the deadline back. */
  close(): void {
    this.#deadlines.remove(this.#deadline);
  }

  /** The next event, in the middle of a command. @throws {TransportError} `closed`, too, if the client leaves. */
  async expect(): Promise<ReaderEvent> {
    let poked = false;
    try {
      for (;;) {
        const event = await this.nextOrPoke();
        if (event === null) throw new TransportError("closed", "the client left in the middle of a command");
        if (event !== "poked") return event;
        poked = true;
      }
    } finally {
      this.#poked ||= poked;
    }
  }

  /**
   * The next event; null when the client has closed its side; or early, after {@link poke}. Answers are flushed
   * before waiting, not before: so pipelined commands are answered in few packets.
   *
   * @throws {TransportError}
   */
  async nextOrPoke(): Promise<ReaderEvent | "poked" | null> {
    for (;;) {
      const event = this.reader.next();
      if (event !== null) return event;
      if (this.#poked) {
        this.#poked = false;
        return "poked";
      }
      await this.#output.rest();
      if (this.#arrived === null) await this.#somethingHappens();
      const arrived = this.#arrived;
      if (arrived === null) {
        if (this.#expired) throw new TransportError("timeout", "the client took too long");
        continue;
      }
      this.#arrived = null;
      if ("error" in arrived) throw arrived.error;
      if (arrived.bytes === null) return null;
      this.#last = arrived.bytes;
      this.reader.push(arrived.bytes);
    }
  }

  /** Ends a wait in {@link nextOrPoke} now, or the next one. */
  poke(): void {
    this.#poked = true;
    this.#wake?.();
  }

  /** Gives what the reader has not used back to the transport, which then looks at it itself; begins anew. */
  giveBack(): void {
    this.unread();
    this.reader = new CommandReader(strangerLimits);
  }

  /** Gives what the reader has not used back to the transport. Between two commands. */
  unread(): void {
    const unused = this.reader.buffered;
    if (unused > 0) this.#transport.unread(this.#last.slice(this.#last.length - unused));
    this.reader.forget();
  }

  /** Whether nothing of a command has come that is not done. */
  get quiet(): boolean {
    return this.reader.idle && this.reader.buffered === 0;
  }

  /** Reads from this transport from now on. */
  use(transport: Transport): void {
    this.#transport = transport;
  }

  #somethingHappens(): Promise<void> {
    this.#deadlines.set(this.#deadline, Math.min(this.#deadlines.now() + this.#timeoutMs, this.#endsAt));
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null;
        this.#deadlines.set(this.#deadline, Infinity);
        resolve();
      };
      if (this.#poked) this.#wake();
      if (!this.#reading) void this.#read();
    });
  }

  /** One read; it outlives the wait that began it, so that a poke loses nothing. */
  async #read(): Promise<void> {
    this.#reading = true;
    try {
      this.#arrived = { bytes: await this.#transport.read() };
    } catch (error) {
      this.#arrived = { error };
    }
    this.#reading = false;
    this.#wake?.();
  }
}
