/**
 * APPEND, of one or several messages. RFC 9051 6.3.12, RFC 3502, RFC 3516 4.4, RFC 4315 3, RFC 6855 4
 *
 * The messages come before the command is complete: the reader hands on their octets, and the store gets all of them at
 * the end, all or nothing.
 *
 * A header with 8-bit octets is taken also from a client that has not enabled UTF8=ACCEPT, other than RFC 6855 4 wants:
 * old mail has such headers, and refusing it would only keep people from moving here with all of it.
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail, NewMessage } from "../accounts/mail.ts";
import { type Bytes, MiB } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import type { AppendMessage } from "../imap/command.ts";
import { rangesOf } from "../imap/sequence_set.ts";
import { appendLimit } from "./capability.ts";
import { tryCreate } from "./copy.ts";
import { IncomingMessage } from "./incoming_message.ts";
import { findTarget } from "./names.ts";
import { bad, type Completion, no, ok } from "./replies.ts";
import type { Session } from "./session.ts";

/**
 * Octets of small messages of one APPEND that are kept in memory; more go to spool files, which take several times as long.
 * Enough for 500 messages of 8 KB.
 */
export const maxKeptBytes = 4 * MiB;
/** Octets of ENVELOPE and structures of one APPEND: they all go to the store in one call. */
export const maxIndexBytes = 8 * MiB;

/** An APPEND whose messages are coming in. */
export class Appending {
  readonly #session: Session;
  readonly #mail: Mail;
  /** The mailbox's id. */
  readonly #to: number;
  readonly #done: { readonly message: NewMessage; readonly source: IncomingMessage }[] = [];
  #current: IncomingMessage | null = null;
  #kept = 0;
  #indexBytes = 0;

  /** Begins with the first message announced. @throws {Refused} */
  static async begin(session: Session, mail: Mail, first: AppendMessage): Promise<Appending | Completion> {
    const target = await findTarget(mail, first.mailbox);
    return target === null ? tryCreate : new Appending(session, mail, target.id);
  }

  private constructor(session: Session, mail: Mail, to: number) {
    this.#session = session;
    this.#mail = mail;
    this.#to = to;
  }

  /** The next message was announced; an answer if it is refused. */
  announce(message: AppendMessage): Completion | null {
    if (message.size === 0) return no(null, "given up as the client wished"); // RFC 3502 6.3.11
    if (message.size > appendLimit) return no("TOOBIG", "message too large"); // RFC 7889 4
    this.#current = new IncomingMessage(this.#mail, message, maxKeptBytes - this.#kept);
    return null;
  }

  /** Octets of the message. @throws {Refused} */
  async write(bytes: Bytes): Promise<void> {
    await this.#current?.write(bytes);
  }

  /** The message is complete; an answer if it is refused. @throws {Refused} */
  async endMessage(): Promise<Completion | null> {
    const source = this.#current;
    if (source === null) return null;
    if (source.hasNul) return bad("NUL in a literal"); // RFC 9051 9 (literal)
    this.#kept += source.kept;
    const message = await source.end();
    this.#current = null;
    this.#done.push({ message, source });
    const { envelope, body, bodyStructure } = message.index;
    this.#indexBytes += envelope.length + body.length + bodyStructure.length;
    return this.#indexBytes > maxIndexBytes ? no("LIMIT", "too many messages at once") : null;
  }

  /** Adds them. @throws {Refused} */
  async finish(): Promise<Completion> {
    const { view, notifications } = this.#session;
    const messages = this.#done.map(({ message }) => message);
    try {
      const { uidValidity, to } = await this.#mail.append({ mailbox: this.#to, messages });
      if (view?.id === this.#to) view.addOwn(to);
      else notifications?.ownAdded(this.#to, to);
      return ok("appended", { code: "APPENDUID", uidValidity, uids: rangesOf(to) });
    } catch (error) {
      if (error instanceof Refused && error.reason === "noSuchMailbox") return tryCreate;
      throw error;
    }
  }

  /** Gives everything up that the store has not taken. */
  async drop(): Promise<void> {
    await this.#current?.drop();
    for (const { source } of this.#done) await source.drop();
  }
}
