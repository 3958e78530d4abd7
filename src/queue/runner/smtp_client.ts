/**
 * The edge of a client's session: does what the session asks, on one connection, and tells it what happened.
 *
 * It reads all the time, also while it writes (RFC 2920 3.1), but for handshakes; it writes in order, and fetches content
 * only when all before it is gone. Deadlines are the session's. Whatever ends the connection, whoever waits is told.
 *
 * @module
 */
import { type Bytes, concat, fromUtf8, KiB } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { Deadline, type Deadlines, deadlinesOf } from "../../net/deadlines.ts";
import { type Transport, TransportError } from "../../net/transport.ts";
import type { ClientRules } from "../../smtp/client_rules.ts";
import { beginClient, stepClient } from "../../smtp/client_session.ts";
import { type ClientCredentials, SignIn } from "../../smtp/client_sign_in.ts";
import type {
  ClientAction,
  ClientEvent,
  ClientSession,
  ClientTls,
  Outcome,
  OutgoingMessage,
} from "../../smtp/client_state.ts";
import type { ContentSource } from "./content.ts";

/** What a client is made of. */
export interface SmtpClientParts {
  readonly transport: Transport;
  readonly rules: ClientRules;
  /** If the connection is encrypted from its first octet. */
  readonly tls: ClientTls | null;
  /** Does the handshake, and says whether it came out as it must. */
  readonly secure: () => Promise<{ readonly verified: boolean } | null>;
  readonly credentials: ClientCredentials | null;
  /** Never the same twice. */
  readonly nonce: () => string;
  readonly clock: Clock;
  readonly log: Log;
}

export type Sent = Extract<ClientAction, { kind: "done" }>;

/** Pieces that are written at once if they are not larger together. */
const joinedBytes = 16 * KiB;

interface Writing {
  readonly bytes: Bytes;
  readonly ms: number;
}

export class SmtpClient {
  readonly #parts: SmtpClientParts;
  readonly #deadlines: Deadlines;
  readonly #deadline = new Deadline(() => this.#happens({ kind: "timedOut" }));
  readonly #opened = Promise.withResolvers<Outcome | null>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #traced: boolean;
  #session: ClientSession;
  #events: ClientEvent[] = [];
  #stepping = false;
  #outbox: Writing[] = [];
  #written: Promise<void> | null = null;
  #securing: Promise<void> | null = null;
  #sending: { readonly source: ContentSource; readonly done: (sent: Sent) => void } | null = null;
  #signIn: SignIn | null = null;
  #leaving = false;
  #closed = false;

  constructor(parts: SmtpClientParts) {
    this.#parts = parts;
    this.#deadlines = deadlinesOf(parts.clock);
    this.#traced = parts.log.enabled("trace");
    parts.transport.readTimeoutMs = Infinity; // The session's deadlines are stricter.
    const [session, actions] = beginClient(parts.rules, parts.tls);
    this.#session = session;
    this.#do(actions);
    void this.#read();
  }

  /** Null when messages can be sent; else why none can. */
  get opened(): Promise<Outcome | null> {
    return this.#opened.promise;
  }

  /** Resolves when the connection is over. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Whether a message can be sent now. */
  get isReady(): boolean {
    return this.#session.phase === "ready" && this.#sending === null;
  }

  /** Why no more can be sent; null while it is not over. */
  get over(): Outcome | null {
    return this.#session.over;
  }

  /** Whether a message was sent whole, and what the peer says to it is waited for. */
  get isEnding(): boolean {
    return this.#session.phase === "ended";
  }

  get tls(): ClientTls | null {
    return this.#session.tls;
  }

  /**
   * Sends a message.
   *
   * @throws {TypeError} If its envelope cannot be written, or another one is under way.
   */
  send(message: OutgoingMessage, source: ContentSource): Promise<Sent> {
    if (this.#sending !== null) throw new TypeError("one message at a time");
    const sent = Promise.withResolvers<Sent>();
    this.#sending = { source, done: sent.resolve };
    try {
      this.#happens({ kind: "send", message });
    } catch (error) {
      this.#sending = null;
      throw error;
    }
    return sent.promise;
  }

  /** Says good-bye, if that can be said; resolves when the connection is over. */
  quit(): Promise<void> {
    this.#happens({ kind: "quit" });
    return this.ended;
  }

  /** Ends the connection now. */
  destroy(): void {
    this.#parts.transport.destroy();
    this.#happens({ kind: "disconnected" });
  }

  async #read(): Promise<void> {
    const { transport } = this.#parts;
    try {
      while (!this.#closed) {
        const bytes = await transport.read();
        if (bytes === null) return this.#happens({ kind: "disconnected" });
        if (this.#traced) this.#trace("received", bytes);
        this.#happens({ kind: "received", bytes });
        if (this.#securing !== null) await this.#securing;
      }
    } catch (error) {
      this.#broke(error);
    }
  }

  /** What happens while something is being done waits its turn. */
  #happens(event: ClientEvent): void {
    this.#events.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        const [session, actions] = stepClient(this.#session, next);
        this.#session = session;
        this.#do(actions);
      }
    } finally {
      this.#stepping = false;
      this.#events = [];
    }
  }

  #do(actions: readonly ClientAction[]): void {
    for (const action of actions) this.#act(action);
  }

  #act(action: ClientAction): void {
    switch (action.kind) {
      case "write":
        this.#leaving ||= action.wait === "quit";
        return this.#write(action.pieces, action.ms, action.secret);
      case "expect":
        return this.#deadlines.set(this.#deadline, this.#deadlines.now() + action.ms);
      case "rest":
        return this.#deadlines.set(this.#deadline, Infinity);
      case "handshake":
        this.#deadlines.set(this.#deadline, Infinity); // The connection has its own.
        this.#securing = this.#secure();
        return;
      case "authenticate":
        this.#signIn = new SignIn(
          action.mechanism,
          this.#parts.credentials ?? { username: "", password: "" },
          this.#parts.nonce(),
        );
        return this.#happens(this.#signIn.initial());
      case "prove":
        return void this.#prove(action.challenge);
      case "ready":
        this.#deadlines.set(this.#deadline, Infinity);
        return this.#opened.resolve(null);
      case "content":
        return void this.#supply(action.maxBytes);
      case "done":
        return this.#done(action);
      case "failed":
        this.#deadlines.set(this.#deadline, Infinity);
        return this.#opened.resolve(this.#signIn?.withoutSecrets(action.outcome) ?? action.outcome);
      case "close":
        return this.#close();
    }
  }

  #done(sent: Sent): void {
    this.#deadlines.set(this.#deadline, Infinity);
    const sending = this.#sending;
    this.#sending = null;
    if (sending === null) return;
    void sending.source.close();
    sending.done(sent);
  }

  async #secure(): Promise<void> {
    await this.#written;
    const secured = await this.#parts.secure().catch(() => null);
    this.#securing = null;
    this.#happens(secured === null ? { kind: "notSecured" } : { kind: "secured", ...secured });
  }

  async #prove(challenge: Bytes): Promise<void> {
    const answer = await this.#signIn?.respond(challenge).catch(() => null) ?? null;
    this.#happens(answer ?? { kind: "proof", response: null, complete: false });
  }

  async #supply(maxBytes: number): Promise<void> {
    const sending = this.#sending;
    if (sending === null) return;
    while (this.#written !== null) await this.#written;
    try {
      const { bytes, last } = await sending.source.next(maxBytes);
      if (this.#sending === sending) this.#happens({ kind: "content", bytes, last });
    } catch (error) {
      if (this.#sending !== sending) return;
      this.#parts.log.warn("a message could not be read", { error: asError(error) });
      this.#happens({ kind: "contentFailed" });
    }
  }

  #write(pieces: readonly Bytes[], ms: number, secret: boolean): void {
    const size = pieces.reduce((sum, { length }) => sum + length, 0);
    const joined = pieces.length > 1 && size <= joinedBytes ? [concat(pieces)] : pieces;
    for (const bytes of joined) {
      if (this.#traced) this.#trace("sent", secret ? null : bytes);
      this.#outbox.push({ bytes, ms });
    }
    if (this.#outbox.length > 0) this.#written ??= this.#flush();
  }

  async #flush(): Promise<void> {
    const { transport } = this.#parts;
    try {
      for (let next = this.#outbox.shift(); next !== undefined; next = this.#outbox.shift()) {
        transport.writeTimeoutMs = next.ms;
        await transport.write(next.bytes);
      }
    } catch (error) {
      this.#outbox = [];
      // What the peer said before it left may still be read: the reader tells of the end.
      if (error instanceof TransportError && error.failure === "timeout") this.#broke(error);
    } finally {
      this.#written = null;
    }
  }

  #broke(error: unknown): void {
    const late = error instanceof TransportError && error.failure === "timeout";
    this.#parts.log.debug("connection lost", { error: asError(error).message });
    this.#happens({ kind: late ? "timedOut" : "disconnected" });
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#deadlines.remove(this.#deadline);
    // After QUIT the peer is to see the end; else there is nothing more to say.
    if (this.#leaving) void this.#closeInOrder();
    else {
      this.#parts.transport.destroy();
      this.#ended.resolve();
    }
    this.#opened.resolve(this.#session.over);
  }

  async #closeInOrder(): Promise<void> {
    await this.#written;
    await this.#parts.transport.close();
    this.#ended.resolve();
  }

  #trace(what: "sent" | "received", bytes: Bytes | null): void {
    // Content is not logged: it is somebody's mail.
    const content = (this.#session.transaction?.content ?? null) !== null && what === "sent";
    const text = bytes === null ? "(hidden)" : content ? `(${bytes.length} octets)` : fromUtf8(bytes);
    this.#parts.log.trace(what, { text: this.#signIn?.hide(text) ?? text });
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
