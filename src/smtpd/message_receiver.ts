/**
 * The messages of one connection, each from DATA or BDAT to what the peer is told: read, looked over, handed to the
 * store. Keeps the one that comes in chunks until the last of them.
 *
 * Tested by `serve_test.ts`, and by the transcripts.
 *
 * @module
 */
import type { Log } from "../base/log.ts";
import type { Submit } from "../delivery/deliver.ts";
import type { Gathering } from "../evidence/gather.ts";
import { type Transport, TransportError } from "../net/transport.ts";
import type { Bdat } from "../smtp/bdat.ts";
import type { Reply } from "../smtp/reply.ts";
import { type Transaction, unknownAddressWaitMs } from "../smtp/session_state.ts";
import type { Hop } from "../smtp/trace.ts";
import { BodyIntake } from "../delivery/body_intake.ts";
import { messageFault } from "./faults.ts";
import { handOver } from "./hand_over.ts";
import type { LineReader } from "./line_reader.ts";
import { discard, Reception } from "./reception.ts";
import { countedReply, replyFor } from "./replies.ts";
import type { ReplyWriter } from "./reply_writer.ts";
import type { SmtpServices } from "./services.ts";
import type { SmtpSettings } from "./settings.ts";
import { wait } from "./waiting.ts";

/** The connection that messages come on. */
export interface MessageSource {
  readonly transport: Transport;
  readonly reader: LineReader;
  readonly replies: ReplyWriter;
  /** The connection's opaque id. */
  readonly id: string;
}

/** Who sends a message. */
export interface Sender {
  /** As the session has it. */
  readonly helo: string;
  readonly extended: boolean;
  /** Of the signed-in account; null for strangers. */
  readonly submit: Submit | null;
  readonly log: Log;
}

/** What came of a message, or of a chunk of one. */
export type Received =
  /** `reply` null: it was taken. `suspicious`: whoever sends such a thing may be served slowly. */
  | { readonly kind: "received"; readonly reply: Reply | null; readonly suspicious: boolean }
  /** It did not end, so nothing more can be read on this connection. */
  | { readonly kind: "endless"; readonly reply: Reply };

export class MessageReceiver {
  readonly #source: MessageSource;
  readonly #services: SmtpServices;
  readonly #settings: SmtpSettings;
  /** A message that comes in chunks. */
  #chunks: Reception | null = null;
  /** By when the message that is read must have come, with all of its chunks. */
  #deadline = Infinity;

  constructor(source: MessageSource, services: SmtpServices, settings: SmtpSettings) {
    this.#source = source;
    this.#services = services;
    this.#settings = settings;
  }

  /** The message that follows DATA (`chunk` null), or the next chunk of one. @throws {TransportError} */
  async receive(transaction: Transaction, chunk: Bdat | null, sender: Sender): Promise<Received> {
    const kind = chunk === null ? "data" : "chunks";
    if (this.#chunks === null) this.#deadline = this.#newDeadline();
    const reception = this.#chunks ?? this.#newReception(transaction, kind, sender);
    this.#chunks = null;
    let taken = false;
    try {
      if (await this.#read(reception, chunk) === "endless") {
        return { kind: "endless", reply: reception.fault() ?? replyFor("tooLarge") };
      }
      const over = chunk === null || chunk.last;
      let reply = over || reception.fault() !== null
        ? await this.#refusal(transaction, reception, sender.submit !== null)
        : null;
      if (reply === null && over) reply = await this.#deliver(transaction, reception, sender);
      taken = reply === null;
      if (taken && !over) this.#chunks = reception;
      return { kind: "received", reply, suspicious: isUnknown(transaction) };
    } finally {
      if (!taken) await reception.drop();
    }
  }

  /** Reads octets that belong to no message. @throws {TransportError} */
  async discard(bytes: number): Promise<void> {
    const { reader, replies } = this.#source;
    if (reader.buffered < bytes) await replies.flush();
    await discard(reader, bytes, this.#newDeadline());
  }

  /** Lets go of a message that comes in chunks; null if there is none. Never throws. */
  drop(): Promise<void> | null {
    const chunks = this.#chunks;
    this.#chunks = null;
    return chunks === null ? null : chunks.drop();
  }

  #newReception(transaction: Transaction, kind: "data" | "chunks", { submit, ...sender }: Sender): Reception {
    const spool = submit ?? this.#services.deliver;
    const gathering = submit === null ? this.#gather(transaction, sender) : null;
    const intake = new BodyIntake(spool, this.#services.indexer(), submit !== null, gathering);
    return new Reception(kind, this.#settings.limits.maxMessageBytes, intake, gathering);
  }

  /** Begins to find out what can be known of mail from strangers, while it streams in. */
  #gather(transaction: Transaction, { helo, log }: Omit<Sender, "submit">): Gathering | null {
    if (this.#services.evidence === null) return null;
    const { tls, remote } = this.#source.transport;
    return this.#services.evidence.begin({
      remoteIp: remote.address,
      helo,
      mailFrom: transaction.from,
      tls: tls === null ? null : { version: tls.version, cipher: tls.cipher },
      log,
    });
  }

  async #read(reception: Reception, chunk: Bdat | null): Promise<"end" | "endless"> {
    const { reader, replies } = this.#source;
    const deadline = this.#deadline;
    if (chunk === null) {
      await replies.flush(); // 354: the peer waits for it.
      return await reception.readData(reader, deadline);
    }
    // Of an empty chunk nothing is read, which would notice.
    if (this.#services.clock.monotonic() >= deadline) {
      throw new TransportError("timeout", "the message took too long altogether");
    }
    if (reader.buffered < chunk.size) await replies.flush();
    await reception.readChunk(reader, chunk.size, chunk.last, deadline);
    return "end";
  }

  /** Why the message is not even looked at. */
  async #refusal(transaction: Transaction, reception: Reception, queued: boolean): Promise<Reply | null> {
    const broken = reception.fault();
    if (broken !== null) return broken;
    const fault = this.#settings.faults ? messageFault(transaction.recipients.all(), queued) : null;
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

  async #deliver(transaction: Transaction, reception: Reception, sender: Sender): Promise<Reply | null> {
    let body;
    let evidence;
    try {
      [evidence, body] = await Promise.all([reception.evidence(), reception.finish()]);
    } catch (error) {
      return countedReply(error, sender.log, this.#services.metrics);
    }
    const forgery = reception.forgery();
    if (forgery !== null) return forgery;
    const { transport } = this.#source;
    return await handOver(
      {
        transaction,
        body,
        evidence,
        hop: this.#hop(transaction, sender, evidence?.iprev.name ?? null),
        helo: sender.helo,
        remoteAddress: transport.remote.address,
        cid: transport.id,
        submit: sender.submit,
        wait: (ms) => this.#wait(ms),
      },
      this.#services,
      this.#settings,
      sender.log,
    );
  }

  /** @param name Of the peer's address. */
  #hop(transaction: Transaction, { helo, extended, submit }: Sender, name: string | null): Hop {
    const { tls, remote, local } = this.#source.transport;
    return {
      from: submit === null ? { helo, name, address: remote.address } : null,
      by: { hostname: this.#settings.hostname, address: local.address },
      protocol: {
        extended,
        utf8: transaction.smtpUtf8,
        tls: tls !== null,
        authenticated: submit !== null,
      },
      id: this.#source.id,
      tls,
      requireTls: transaction.requireTls,
      at: this.#services.clock.now(),
    };
  }

  #newDeadline(): number {
    return this.#services.clock.monotonic() + this.#settings.limits.dataTimeoutMs;
  }

  #wait(ms: number): Promise<void> {
    return wait(ms, this.#services.clock, this.#source.transport);
  }
}

function isUnknown(transaction: Transaction): boolean {
  return transaction.recipients.first?.known === false;
}
