/**
 * One SMTP connection: reads lines, gives them to the session, and does what it says.
 *
 * The loop takes every command that is in the buffer before it writes: replies leave when there is nothing more
 * to read, or before something that lasts. An action that needs no waiting costs no promise, so that a batch
 * of commands is one turn of the event loop.
 *
 * Tested by `tests/transcripts/smtp_transcript_test.ts`.
 *
 * @module
 */
import { type AuthStep, mechanisms } from "../accounts/authenticator.ts";
import type { Bytes } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Submit } from "../delivery/deliver.ts";
import { type Transport, TransportError } from "../net/transport.ts";
import { maxAuthLine } from "../smtp/auth.ts";
import type { Bdat } from "../smtp/bdat.ts";
import type { Verb } from "../smtp/command.ts";
import type { Mail } from "../smtp/mail.ts";
import type { Reply } from "../smtp/reply.ts";
import { begin, step } from "../smtp/session.ts";
import {
  type Action,
  type AuthTurn,
  type Event,
  type Rules,
  type Session,
  type SignedIn,
  type Transaction,
  unknownAddressWaitMs,
} from "../smtp/session_state.ts";
import { withId } from "../smtp/session_steps.ts";
import type { Hop } from "../smtp/trace.ts";
import type { Address } from "../address/address.ts";
import { BodyIntake } from "./body_intake.ts";
import { type Fault, messageFault, recipientFault, senderFault } from "./faults.ts";
import { handOver } from "./hand_over.ts";
import { authEvent, authResponse, commandEvent, shownLine } from "./line_events.ts";
import { type BadLine, LineReader } from "./line_reader.ts";
import { discard, Reception } from "./reception.ts";
import { authReplies, replyFor, replyForError } from "./replies.ts";
import { ReplyWriter } from "./reply_writer.ts";
import type { SmtpServices } from "./services.ts";
import type { SmtpSettings } from "./settings.ts";
import { wait } from "./waiting.ts";

/** A pause before each read from a peer that is served slowly. */
export const slowReadPauseMs = 1000;

/** A connection in service. */
export class Connection {
  readonly #transport: Transport;
  readonly #services: SmtpServices;
  readonly #settings: SmtpSettings;
  #log: Log;
  readonly #id: string;
  readonly #reader: LineReader;
  readonly #replies: ReplyWriter;
  readonly #greeting: readonly Action[];
  #session: Session;
  /** The account's, once it signed in. */
  #account: { readonly capability: string; readonly submit: Submit } | null = null;
  /** A message that comes in chunks. */
  #chunks: Reception | null = null;
  #open = true;
  /** Nothing is under way: waiting for the next command. */
  #idle = false;
  /** Code of the last reply, for the metrics. */
  #said: Reply | null = null;

  constructor(transport: Transport, services: SmtpServices, settings: SmtpSettings, log: Log) {
    this.#transport = transport;
    this.#services = services;
    this.#settings = settings;
    this.#log = log;
    this.#id = services.publicId(transport.id);
    this.#reader = new LineReader(transport, services.clock, settings.limits.readTimeoutMs);
    this.#replies = new ReplyWriter(transport, services.clock);
    transport.writeTimeoutMs = settings.limits.writeTimeoutMs;
    [this.#session, this.#greeting] = begin(this.#rules(), transport.tls !== null, this.#hasCertificate());
  }

  /** Serves until the end. @throws {TransportError} */
  async run(): Promise<void> {
    const stop = () => this.#stop();
    this.#services.stopping.addEventListener("abort", stop);
    try {
      this.#perform(this.#greeting, 0);
      while (this.#open) {
        const pending = this.#readCommand();
        if (pending !== null) await pending;
      }
      await this.#replies.flush();
    } finally {
      this.#services.stopping.removeEventListener("abort", stop);
      await this.#leave();
    }
  }

  /** A last word, where one can still be said. */
  async say(reply: Reply): Promise<void> {
    this.#replies.slow = false;
    this.#replies.add(withId(reply, this.#id));
    await this.#replies.flush();
  }

  #rules(): Rules {
    const { kind, hostname, startTls, mechanisms, plainWithoutTls, limits } = this.#settings;
    return {
      hostname,
      id: this.#id,
      submission: kind !== "delivery",
      startTls,
      mechanisms,
      plainWithoutTls,
      ...limits,
    };
  }

  #hasCertificate(): boolean {
    return this.#transport.tls !== null && this.#transport.tls.clientCertificate !== null;
  }

  /** The next command, done; or waits for more octets. Null where there was nothing to wait for. */
  #readCommand(): Promise<void> | null {
    if (this.#replies.full) return this.#replies.flush();
    const { clock, stopping } = this.#services;
    const line = this.#reader.line(this.#settings.limits.maxCommandLine);
    if (line === null) return this.#waitForMore();
    if (stopping.aborted && this.#session.transaction === null) return this.#happens(this.#goodbye());
    const started = clock.monotonic();
    this.#said = null;
    const event = this.#readEvent(line);
    const pending = this.#happens(event);
    const verb = event.kind === "command" ? event.command.verb : "(bad)";
    if (pending === null) {
      this.#measure(verb, started);
      return null;
    }
    return pending.then(() => this.#measure(verb, started));
  }

  async #waitForMore(): Promise<void> {
    const { clock, stopping } = this.#services;
    const { limits } = this.#settings;
    if (stopping.aborted && this.#session.transaction === null) {
      this.#close();
      return await this.say(shuttingDown);
    }
    await this.#replies.flush();
    if (this.#replies.slow) await this.#wait(slowReadPauseMs);
    const deadline = this.#lineDeadline ??
      (this.#reader.started ? clock.monotonic() + limits.commandTimeoutMs : null);
    this.#lineDeadline = deadline;
    this.#idle = deadline === null;
    try {
      if (!await this.#reader.more(deadline ?? Infinity)) this.#close();
    } finally {
      this.#idle = false;
    }
  }

  /** By when the line that has begun must have ended; null between lines. */
  #lineDeadline: number | null = null;

  #readEvent(line: Bytes | BadLine): Event {
    this.#lineDeadline = null;
    if (this.#log.enabled("trace")) this.#log.trace("C", { line: shownLine(line) });
    return commandEvent(line, this.#services.clock.now());
  }

  #goodbye(): Event {
    this.#close();
    return { kind: "refused", reply: shuttingDown };
  }

  /** A step of the session, and what it asks for. */
  #happens(event: Event): Promise<void> | null {
    const [session, actions] = step(this.#session, event);
    this.#session = session;
    return this.#perform(actions, 0);
  }

  #perform(actions: readonly Action[], from: number): Promise<void> | null {
    for (let i = from; i < actions.length; i++) {
      const action = actions[i];
      const pending = action === undefined ? null : this.#act(action);
      if (pending !== null) return pending.then(() => this.#perform(actions, i + 1) ?? undefined);
    }
    return null;
  }

  #act(action: Action): Promise<void> | null {
    switch (action.kind) {
      case "reply":
        this.#reply(action.reply);
        return null;
      case "wait":
        return this.#replies.flush().then(() => this.#wait(action.ms));
      case "checkSender":
        return this.#checkSender(action.mail);
      case "resolve":
        return this.#resolve(action.to);
      case "authenticate":
        return this.#authenticate(action.mechanism, action.initial);
      case "continueAuth":
        return this.#authAnswer(
          this.#services.authenticator.next({ exchange: action.exchange, response: action.response }),
        );
      case "cancelAuth":
        return this.#cancelAuth(action.turn);
      case "readAuthLine":
        return this.#readAuthLine(action.turn);
      case "use":
        return this.#use(action.success);
      case "startTls":
        return this.#startTls();
      case "receive":
        return this.#receive(action.transaction, action.chunk);
      case "discard":
        return this.#discard(action.bytes);
      case "drop":
        return this.#dropChunks();
      case "slow":
        this.#replies.slow = action.on;
        return null;
      case "close":
        this.#close();
        return null;
    }
  }

  #reply(reply: Reply): void {
    this.#said = reply;
    this.#replies.add(reply);
    if (this.#log.enabled("trace")) this.#log.trace("S", { code: reply.code, text: reply.text });
  }

  #wait(ms: number): Promise<void> {
    return wait(ms, this.#services.clock, this.#transport);
  }

  #close(): void {
    this.#open = false;
  }

  /** The server stops. Who waits for commands hears it now, who is in a message after it. */
  #stop(): void {
    if (!this.#idle || this.#session.transaction !== null) return;
    this.#close();
    this.say(shuttingDown).catch(() => {}).finally(() => void this.#transport.close());
  }

  async #leave(): Promise<void> {
    this.#reader.close();
    await this.#dropChunks();
    if (this.#account === null) return;
    const { capability } = this.#account;
    this.#account = null;
    await this.#quietly(this.#services.authenticator.release({ capability }));
  }

  // The envelope.

  #checkSender(mail: Mail): Promise<void> | null {
    const fault = this.#settings.faults ? senderFault(mail.from) : null;
    if (fault !== null) return this.#fail(fault).then((event) => this.#happens(event) ?? undefined);
    if (this.#account === null || mail.from === null) {
      return this.#happens({ kind: "senderChecked", mail, allowed: true });
    }
    return this.#asked(
      this.#account.submit.maySend({ address: mail.from }),
      (allowed) => ({ kind: "senderChecked", mail, allowed }),
    );
  }

  #resolve(to: Address): Promise<void> {
    const fault = this.#settings.faults ? recipientFault(to) : null;
    if (fault !== null) return this.#fail(fault).then((event) => this.#happens(event) ?? undefined);
    const service = this.#account?.submit ?? this.#services.deliver;
    return this.#asked(
      service.resolve({ address: to }),
      (judgement) => ({ kind: "resolved", to, judgement }),
    );
  }

  async #asked<T>(answer: Promise<T>, event: (answer: T) => Event): Promise<void> {
    let next: Event;
    try {
      next = event(await answer);
    } catch (error) {
      next = { kind: "refused", reply: this.#errorReply(error) };
    }
    await this.#happens(next);
  }

  async #fail(fault: Fault): Promise<Event> {
    if (fault.waitMs > 0) {
      await this.#replies.flush();
      await this.#wait(fault.waitMs);
    }
    return { kind: "refused", reply: fault.reply };
  }

  // The message.

  async #receive(transaction: Transaction, chunk: Bdat | null): Promise<void> {
    const reception = this.#chunks ?? this.#newReception(chunk === null ? "data" : "chunks");
    let taken = false;
    try {
      const ended = await this.#read(reception, chunk);
      if (ended === "endless") return this.#close();
      const over = chunk === null || chunk.last;
      let reply = over || reception.fault() !== null ? await this.#refusal(transaction, reception) : null;
      if (reply === null && over) reply = await this.#deliver(transaction, reception);
      const suspicious = isUnknown(transaction);
      taken = reply === null;
      if (taken && !over) this.#chunks = reception;
      if (taken && over) this.#chunks = null;
      await this.#happens({ kind: "received", chunk, reply, suspicious });
    } finally {
      if (!taken) {
        this.#chunks = null;
        await reception.drop();
      }
    }
  }

  #newReception(kind: "data" | "chunks"): Reception {
    const spool = this.#account?.submit ?? this.#services.deliver;
    const intake = new BodyIntake(spool, this.#services.indexer(), this.#account !== null);
    return new Reception(kind, this.#settings.limits.maxMessageBytes, intake);
  }

  async #read(reception: Reception, chunk: Bdat | null): Promise<"end" | "endless"> {
    const deadline = this.#services.clock.monotonic() + this.#settings.limits.dataTimeoutMs;
    if (chunk !== null) {
      if (this.#reader.buffered < chunk.size) await this.#replies.flush();
      await reception.readChunk(this.#reader, chunk.size, chunk.last, deadline);
      return "end";
    }
    await this.#replies.flush(); // 354: the peer waits for it.
    const ending = await reception.readData(this.#reader, deadline);
    if (ending === "endless") this.#reply(withId(reception.fault() ?? replyFor("tooLarge"), this.#id));
    return ending;
  }

  /** Why the message is not even looked at. */
  async #refusal(transaction: Transaction, reception: Reception): Promise<Reply | null> {
    const broken = reception.fault();
    if (broken !== null) return broken;
    const fault = this.#settings.faults ? messageFault(transaction.recipients) : null;
    if (fault !== null) {
      await reception.drop();
      if (fault.waitMs > 0) await this.#wait(fault.waitMs);
      return fault.reply;
    }
    if (!isUnknown(transaction)) return null;
    await reception.drop();
    this.#services.metrics.deliveries.add(
      { result: "unknownuser", reason: "" },
      transaction.recipients.length,
    );
    await this.#wait(unknownAddressWaitMs);
    return replyFor("noSuchMailbox");
  }

  async #deliver(transaction: Transaction, reception: Reception): Promise<Reply | null> {
    let body;
    try {
      body = await reception.finish();
    } catch (error) {
      return this.#errorReply(error);
    }
    const transport = this.#transport;
    return await handOver(
      {
        transaction,
        body,
        hop: this.#hop(transaction),
        helo: this.#session.helo,
        remoteAddress: transport.remote.address,
        cid: transport.id,
        submit: this.#account?.submit ?? null,
        wait: (ms) => this.#wait(ms),
      },
      this.#services,
      this.#settings,
      this.#log,
    );
  }

  #hop(transaction: Transaction): Hop {
    const { tls, remote, local } = this.#transport;
    const { extended, helo } = this.#session;
    return {
      from: this.#account === null ? { helo, address: remote.address } : null,
      by: { hostname: this.#settings.hostname, address: local.address },
      protocol: {
        extended,
        utf8: transaction.smtpUtf8,
        tls: tls !== null,
        authenticated: this.#account !== null,
      },
      id: this.#id,
      tls,
      at: this.#services.clock.now(),
    };
  }

  async #discard(bytes: number): Promise<void> {
    if (this.#reader.buffered < bytes) await this.#replies.flush();
    await discard(
      this.#reader,
      bytes,
      this.#services.clock.monotonic() + this.#settings.limits.dataTimeoutMs,
    );
  }

  #dropChunks(): Promise<void> | null {
    const chunks = this.#chunks;
    this.#chunks = null;
    return chunks === null ? null : chunks.drop();
  }

  // Signing in.

  #authenticate(name: string, initial: Bytes | null): Promise<void> {
    const mechanism = mechanisms.find((each) => each === name);
    if (mechanism === undefined) throw new TypeError("the session let an unknown mechanism pass");
    const { tls, remote, id } = this.#transport;
    return this.#authAnswer(this.#services.authenticator.begin({
      protocol: "submission",
      mechanism,
      initial,
      remoteAddress: remote.address,
      tls: tls !== null,
      certificate: tls?.clientCertificate?.fingerprint ?? null,
      cid: id,
    }));
  }

  async #authAnswer(answer: Promise<AuthStep>): Promise<void> {
    let event: Event;
    try {
      event = authEvent(await answer);
    } catch (error) {
      event = { kind: "notSignedIn", reply: replyForError(error, this.#log, authReplies), guessed: false };
    }
    await this.#happens(event);
  }

  async #readAuthLine(turn: AuthTurn): Promise<void> {
    let line = this.#reader.line(maxAuthLine);
    while (line === null) {
      await this.#waitForMore();
      if (!this.#open) return await (this.#cancelAuth(turn) ?? undefined);
      line = this.#reader.line(maxAuthLine);
    }
    this.#lineDeadline = null;
    await this.#happens({ kind: "authLine", turn, response: authResponse(line) });
  }

  #cancelAuth(turn: AuthTurn): Promise<void> {
    const { authenticator } = this.#services;
    return this.#quietly(
      "exchange" in turn
        ? authenticator.cancel({ exchange: turn.exchange })
        : authenticator.release({ capability: turn.success.capability }),
    );
  }

  #use(success: SignedIn): null {
    const { account, capability } = success;
    this.#account = { capability, submit: this.#services.submit(capability) };
    this.#log = this.#log.with({ account });
    this.#log.info("signed in");
    return null;
  }

  // The rest.

  async #startTls(): Promise<void> {
    await this.#replies.flush();
    // What came along is a ClientHello, or an attack: the transport tells them apart.
    if (this.#reader.started) this.#transport.unread(this.#reader.rest());
    const delivery = this.#settings.kind === "delivery";
    const { metrics } = this.#services;
    if (delivery) metrics.startTls.add();
    try {
      await this.#transport.startTls();
    } catch (error) {
      const reason = error instanceof TransportError ? error.failure : "other";
      if (delivery) metrics.startTlsErrors.add({ reason });
      throw error;
    }
    await this.#happens({ kind: "secured", certificate: this.#hasCertificate() });
  }

  #errorReply(error: unknown): Reply {
    const reply = replyForError(error, this.#log);
    if (!(error instanceof Refused)) {
      this.#services.metrics.errors.add({ error: "servererror" });
    }
    return reply;
  }

  async #quietly(done: Promise<void>): Promise<void> {
    try {
      await done;
    } catch (error) {
      this.#log.debug("could not let go", { error: error instanceof Error ? error : String(error) });
    }
  }

  #measure(verb: Verb | "(bad)", started: number): void {
    const { clock, metrics } = this.#services;
    metrics.commands.observe((clock.monotonic() - started) / 1000, {
      kind: this.#settings.kind,
      cmd: verb.toLowerCase(),
      code: String(this.#said?.code ?? 0),
      ecode: this.#said?.enhanced ?? "",
    });
  }
}

/** RFC 5321 3.8 */
const shuttingDown: Reply = { code: 421, enhanced: "4.3.2", text: "the server stops; come back soon" };

function isUnknown(transaction: Transaction): boolean {
  return transaction.recipients[0]?.known === false;
}
