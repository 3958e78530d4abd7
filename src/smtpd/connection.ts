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
import type { Log } from "../base/log.ts";
import type { Submit } from "../delivery/deliver.ts";
import { type Transport, TransportError } from "../net/transport.ts";
import { maxAuthLine } from "../smtp/auth.ts";
import type { Bdat } from "../smtp/bdat.ts";
import type { Verb } from "../smtp/command.ts";
import type { Mail } from "../smtp/mail.ts";
import type { Rcpt } from "../smtp/rcpt.ts";
import type { Reply } from "../smtp/reply.ts";
import { begin, step } from "../smtp/session.ts";
import {
  type Action,
  type AuthTurn,
  type Event,
  type Judgement,
  type Rules,
  type Session,
  type SignedIn,
  type Transaction,
} from "../smtp/session_state.ts";
import { withId } from "../smtp/session_steps.ts";
import type { Address } from "../address/address.ts";
import { printMailbox } from "../address/mailbox.ts";
import { type Fault, recipientFault, senderFault } from "./faults.ts";
import { authEvent, authResponse, commandEvent, shownLine } from "./line_events.ts";
import { type BadLine, LineReader } from "./line_reader.ts";
import { MessageReceiver } from "./message_receiver.ts";
import { authReplies, countedReply, isSignedOut, replyForError } from "./replies.ts";
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
  readonly #messages: MessageReceiver;
  readonly #greeting: readonly Action[];
  #session: Session;
  /** The account's, once it signed in. */
  #account: { readonly capability: string; readonly submit: Submit } | null = null;
  #open = true;
  /** Nothing is under way: waiting for the next command. */
  #idle = false;
  /** When waiting ended last, for the metrics. */
  #since = 0;
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
    const source = { transport, reader: this.#reader, replies: this.#replies, id: this.#id };
    this.#messages = new MessageReceiver(source, services, settings);
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
    const { kind, hostname, startTls, requireTls, mechanisms, plainWithoutTls, limits } = this.#settings;
    return {
      hostname,
      id: this.#id,
      submission: kind !== "delivery",
      startTls,
      requireTls,
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
    const { stopping } = this.#services;
    const line = this.#reader.line(this.#settings.limits.maxCommandLine);
    if (line === null) return this.#waitForMore().then(() => void this.#passed());
    if (stopping.aborted && this.#session.transaction === null) return this.#happens(this.#goodbye());
    this.#said = null;
    const event = this.#readEvent(line);
    const pending = this.#happens(event);
    const verb = event.kind === "command" ? event.command.verb : "(bad)";
    if (pending !== null) return pending.then(() => this.#measure(verb, this.#passed()));
    this.#measure(verb, 0); // Microseconds, which are not worth two looks at the clock.
    return null;
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
        return this.#resolve(action.rcpt);
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
        return this.#messages.discard(action.bytes);
      case "drop":
        return this.#messages.drop();
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
    await this.#messages.drop();
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

  #resolve(rcpt: Rcpt): Promise<void> {
    const fault = this.#settings.faults ? recipientFault(rcpt.to) : null;
    if (fault !== null) return this.#fail(fault).then((event) => this.#happens(event) ?? undefined);
    return this.#asked(
      this.#judgement(rcpt.to),
      (judgement) => ({ kind: "resolved", rcpt, judgement }),
    );
  }

  /** Of a user's recipient elsewhere the DNS is asked as well. */
  async #judgement(address: Address): Promise<Judgement> {
    const { destinations, deliver } = this.#services;
    if (this.#account === null) return await deliver.resolve({ address });
    const found = await this.#account.submit.resolve({ address });
    if (found.kind !== "unknownDomain" || destinations === null) return found;
    const { account, transaction } = this.#session;
    const from = transaction?.from ?? null;
    const sender = from === null ? "" : printMailbox(from);
    return await destinations.judge({ domain: address.domain, account: account ?? "", sender });
  }

  async #asked<T>(answer: Promise<T>, event: (answer: T) => Event): Promise<void> {
    let next: Event;
    try {
      next = event(await answer);
    } catch (error) {
      const reply = countedReply(error, this.#log, this.#services.metrics);
      if (isSignedOut(reply)) this.#close();
      next = { kind: "refused", reply };
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
    const { helo, extended } = this.#session;
    const sender = { helo, extended, submit: this.#account?.submit ?? null, log: this.#log };
    const came = await this.#messages.receive(transaction, chunk, sender);
    if (came.kind === "endless" || came.reply !== null && isSignedOut(came.reply)) this.#close();
    if (came.kind === "received") return await (this.#happens({ ...came, chunk }) ?? undefined);
    this.#reply(withId(came.reply, this.#id));
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

  async #quietly(done: Promise<void>): Promise<void> {
    try {
      await done;
    } catch (error) {
      this.#log.debug("could not let go", { error: error instanceof Error ? error : String(error) });
    }
  }

  /** Milliseconds since this was asked last: when a command was done, or octets of the next came. */
  #passed(): number {
    const now = this.#services.clock.monotonic();
    const ms = now - this.#since;
    this.#since = now;
    return ms;
  }

  #measure(verb: Verb | "(bad)", ms: number): void {
    this.#services.metrics.commands.observe(ms / 1000, {
      kind: this.#settings.kind,
      cmd: verb.toLowerCase(),
      code: String(this.#said?.code ?? 0),
      ecode: this.#said?.enhanced ?? "",
    });
  }
}

/** RFC 5321 3.8 */
const shuttingDown: Reply = { code: 421, enhanced: "4.3.2", text: "the server stops; come back soon" };
