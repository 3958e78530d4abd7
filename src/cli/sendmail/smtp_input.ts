/**
 * `sendmail -bs`: SMTP on standard input and output, for programs that would rather have replies than exit codes, as
 * frameworks for PHP do by default. RFC 5321, RFC 3030
 *
 * The session is the one of our server (`src/smtp`), without TLS and signing in, which a program on this machine does not need.
 * A message is handed in before its reply is given. Lines end with CRLF alone, as over the network: a program may pass on what
 * strangers wrote, and would let them begin commands of their own.
 *
 * @module
 */
import type { Address } from "../../address/address.ts";
import { type Bytes, concat, utf8 } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { TransportError } from "../../net/transport.ts";
import type { Bdat } from "../../smtp/bdat.ts";
import { DataReader } from "../../smtp/data_reader.ts";
import { printReply, type Reply } from "../../smtp/reply.ts";
import { begin, step } from "../../smtp/session.ts";
import type { Action, Event, Rules, Session, Transaction } from "../../smtp/session_state.ts";
import { commandEvent } from "../../smtpd/line_events.ts";
import { LineReader } from "../../smtpd/line_reader.ts";
import { dataFault, eachChunk, nextChunk } from "../../smtpd/reception.ts";
import { maxMessageBytes } from "../message_file.ts";
import { maxRecipients } from "./outgoing_message.ts";

/** Octets of a line, with CRLF: those of RFC 5321 4.5.3.1.4 and of every extension, with room. */
const maxCommandLine = 4096;

/** Refused commands, commands that move no mail, and failed messages, each until one is taken: a program that is lost ends. */
const maxWasted = 1000;

const rules: Rules = {
  hostname: "localhost",
  id: "sendmail",
  submission: false,
  startTls: false,
  requireTls: false,
  mechanisms: [],
  plainWithoutTls: false,
  maxMessageBytes,
  maxRecipients,
  maxErrors: maxWasted,
  maxUnknownCommands: maxWasted,
  maxIdleCommands: maxWasted,
  maxBadTransactions: maxWasted,
  maxAuthFailures: 0,
};

export interface SmtpInputParts {
  /** The next octets; null at the end. */
  readonly read: () => Promise<Bytes | null>;
  readonly write: (bytes: Bytes) => Promise<void>;
  /** Null when the message was taken for all. */
  readonly handIn: (
    message: Bytes,
    from: Address | null,
    recipients: readonly Address[],
  ) => Promise<Reply | null>;
  readonly clock: Clock;
}

/** Serves until QUIT, or until the input ends. */
export async function serveSmtpInput(parts: SmtpInputParts): Promise<void> {
  await new SmtpInput(parts).run();
}

class SmtpInput {
  readonly #parts: SmtpInputParts;
  readonly #reader: LineReader;
  #session: Session;
  #open = true;
  /** What has come of a message so far. */
  #data: DataReader | null = null;
  #pieces: Bytes[] = [];

  constructor(parts: SmtpInputParts) {
    this.#parts = parts;
    // Whoever calls it may take its time, and can end it.
    this.#reader = new LineReader({ read: parts.read, readTimeoutMs: Infinity }, parts.clock, Infinity);
    this.#session = begin(rules, false, false)[0];
  }

  async run(): Promise<void> {
    try {
      const [, greeting] = begin(rules, false, false);
      for (const action of greeting) await this.#act(action);
      while (this.#open) {
        const line = this.#reader.line(maxCommandLine);
        if (line !== null) await this.#happens(commandEvent(line, this.#parts.clock.now()));
        else if (!await this.#reader.more(Infinity)) return;
      }
    } catch (error) {
      if (!(error instanceof TransportError)) throw error; // It ended within a message, which is none then.
    } finally {
      this.#reader.close();
    }
  }

  async #happens(event: Event): Promise<void> {
    const [session, actions] = step(this.#session, event);
    this.#session = session;
    for (const action of actions) await this.#act(action);
  }

  async #act(action: Action): Promise<void> {
    switch (action.kind) {
      case "reply":
        return await this.#parts.write(utf8(printReply(action.reply)));
      case "checkSender":
        return await this.#happens({ kind: "senderChecked", mail: action.mail, allowed: true });
      case "resolve": // The server that it is handed in at knows.
        return await this.#happens({ kind: "resolved", rcpt: action.rcpt, judgement: { kind: "local" } });
      case "receive":
        return await this.#receive(action.transaction, action.chunk);
      case "discard":
        return await eachChunk(this.#reader, action.bytes, Infinity, () => Promise.resolve());
      case "drop":
        this.#data = null;
        this.#pieces = [];
        return;
      case "close":
        this.#open = false;
        return;
      case "wait": // They slow strangers down.
      case "slow":
        return;
      default:
        throw new TypeError(`${action.kind} was not offered`);
    }
  }

  async #receive({ from, recipients }: Transaction, chunk: Bdat | null): Promise<void> {
    const data = this.#data ??= new DataReader(chunk === null ? "data" : "chunks", maxMessageBytes);
    const sink = (piece: Bytes) => void this.#pieces.push(piece);
    if (chunk === null) await this.#readData(data, sink);
    else {
      await eachChunk(
        this.#reader,
        chunk.size,
        Infinity,
        (piece) => Promise.resolve(void data.take(piece, sink)),
      );
      if (chunk.last) data.finish();
    }
    let reply = dataFault(data.fault, maxMessageBytes);
    if (reply !== null) this.#pieces = [];
    else if (chunk === null || chunk.last) {
      reply = await this.#parts.handIn(
        concat(this.#pieces),
        from,
        recipients.all().map(({ address }) => address),
      );
    }
    await this.#happens({ kind: "received", chunk, reply, suspicious: false });
  }

  async #readData(data: DataReader, sink: (piece: Bytes) => void): Promise<void> {
    for (;;) {
      const piece = await nextChunk(this.#reader, Infinity);
      const end = data.take(piece, sink);
      if (end === -1) continue;
      if (end < piece.length) this.#reader.putBack(piece.subarray(end));
      return;
    }
  }
}
