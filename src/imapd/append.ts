/**
 * APPEND, of one or several messages, and REPLACE. RFC 9051 6.3.12, RFC 3502, RFC 3516 4.4, RFC 4315 3, RFC 4469, RFC 6855 4,
 * RFC 8508
 *
 * The messages come before the command is complete: the reader hands on their octets, and the store gets all of them at
 * the end, all or nothing.
 *
 * A header with 8-bit octets is taken also from a client that has not enabled UTF8=ACCEPT, other than RFC 6855 4 wants:
 * old mail has such headers, and refusing it would only keep people from moving here with all of it.
 *
 * Tested by `src/imapd/transcripts_test.ts`, too, and `src/imapd/catenate_test.ts`.
 *
 * @module
 */
import type { Mail, NewMessage } from "../accounts/mail.ts";
import { type Bytes, MiB } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import type { AppendMessage } from "../imap/command.ts";
import { type ResponseCode, writeCondition } from "../imap/response.ts";
import { rangesOf } from "../imap/sequence_set.ts";
import { appendLimit } from "./capability.ts";
import { UrlReader } from "./catenate.ts";
import { choose } from "./chosen.ts";
import { tryCreate } from "./copy.ts";
import { readOnly, tellGone } from "./expunge.ts";
import { IncomingMessage } from "./incoming_message.ts";
import { right } from "../imap/rights.ts";
import { refuseAppend } from "./limit.ts";
import { checkRights, findTarget } from "./names.ts";
import { refuseHidden } from "./quirks.ts";
import { bad, type Completion, no, ok } from "./replies.ts";
import type { Session } from "./session.ts";
import { uidRequired } from "./uid_only.ts";
import { tellChanges } from "./updates.ts";
import type { MailboxView } from "./view.ts";

/**
 * Octets of small messages of one APPEND that are kept in memory; more go to spool files, which take several times as long.
 * Enough for 500 messages of 8 KB.
 */
export const maxKeptBytes = 4 * MiB;
/** Octets of ENVELOPE and structures of one APPEND: they all go to the store in one call. */
export const maxIndexBytes = 8 * MiB;

/** What a REPLACE takes away. */
interface Replaced {
  readonly view: MailboxView;
  readonly uid: number;
}

/** An APPEND or REPLACE whose messages are coming in. */
export class Appending {
  readonly #session: Session;
  readonly #mail: Mail;
  /** The mailbox's id. */
  readonly #to: number;
  readonly #replaced: Replaced | null;
  readonly #urls: UrlReader;
  readonly #done: { readonly message: NewMessage; readonly source: IncomingMessage }[] = [];
  #current: IncomingMessage | null = null;
  /** Whether the octets that come may hold NUL. */
  #binary = false;
  /** Octets of the current message, announced or read. */
  #size = 0;
  #kept = 0;
  #indexBytes = 0;

  /** Begins with the first message announced. @throws {Refused} */
  static async begin(session: Session, mail: Mail, first: AppendMessage): Promise<Appending | Completion> {
    const hidden = first.replaces === null ? null : refuseHidden(session, { verb: "REPLACE" });
    if (hidden !== null) return hidden;
    const replaced = first.replaces === null ? null : await findReplaced(session, mail, first.replaces);
    if (replaced !== null && "status" in replaced) return replaced;
    const target = await findTarget(mail, first.mailbox);
    if (target === null) return tryCreate;
    checkRights(target, right.insert); // Before the message is sent.
    return new Appending(session, mail, target.id, replaced);
  }

  private constructor(session: Session, mail: Mail, to: number, replaced: Replaced | null) {
    this.#session = session;
    this.#mail = mail;
    this.#to = to;
    this.#replaced = replaced;
    this.#urls = new UrlReader(mail, session.view?.id ?? null);
  }

  /** The next message was announced; an answer if it is refused. */
  announce(message: AppendMessage): Completion | null {
    if (message.size === 0) return no(null, "given up as the client wished"); // RFC 3502 6.3.11
    const many = refuseAppend(this.#session, message.index + 1);
    if (many !== null) return many;
    this.#size = 0;
    const refused = this.#more(message.size ?? 0, message.binary);
    if (refused === null) this.#current = new IncomingMessage(this.#mail, message, maxKeptBytes - this.#kept);
    return refused;
  }

  /** A part of the message was announced. RFC 4469 */
  announcePart(size: number, binary: boolean): Completion | null {
    return this.#more(size, binary);
  }

  /** A part of the message is to be taken from elsewhere. RFC 4469 @throws {Refused} */
  async addUrl(url: string): Promise<Completion | null> {
    const current = this.#current;
    if (current === null) return null;
    return await this.#urls.read(url, async (bytes) => {
      this.#size += bytes.length;
      await current.write(bytes, true);
    }) ?? this.#more(0, true);
  }

  #more(size: number, binary: boolean): Completion | null {
    this.#binary = binary;
    this.#size += size;
    return this.#size > appendLimit ? no("TOOBIG", "message too large") : null; // RFC 4469 4.2, RFC 7889 4
  }

  /** Octets of the message. @throws {Refused} */
  async write(bytes: Bytes): Promise<void> {
    await this.#current?.write(bytes, this.#binary);
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
    const messages = this.#done.map(({ message }) => message);
    const replaced = this.#replaced;
    try {
      const { uidValidity, to } = await this.#mail.append({
        mailbox: this.#to,
        messages,
        ...replaced === null ? {} : { replaces: { mailbox: replaced.view.id, uid: replaced.uid } },
      });
      this.#noteOwn(to);
      // Nothing is told of a mailbox that may not be read. RFC 4315 3
      const code: ResponseCode | null = uidValidity === 0
        ? null
        : { code: "APPENDUID", uidValidity, uids: rangesOf(to) };
      return replaced === null ? ok("appended", code) : await this.#tellReplaced(replaced, code);
    } catch (error) {
      // Of REPLACE, it may be the selected mailbox that is gone by now.
      if (error instanceof Refused && error.reason === "noSuchMailbox" && replaced === null) return tryCreate;
      throw error;
    }
  }

  #noteOwn(uids: Uint32Array): void {
    const { view, notifications } = this.#session;
    if (view?.id === this.#to) view.addOwn(uids);
    else notifications?.ownAdded(this.#to, uids);
  }

  /** Where the message went, before it is told that the old one is gone. RFC 8508 4.3 */
  async #tellReplaced({ view, uid }: Replaced, code: ResponseCode | null): Promise<Completion> {
    if (code !== null) writeCondition(this.#session.out.w, null, "OK", code, "replacement");
    return await tellGone(this.#session, this.#mail, view, Uint32Array.of(uid), ok("replaced"));
  }

  /** Gives everything up that the store has not taken. */
  async drop(): Promise<void> {
    await this.#current?.drop();
    for (const { source } of this.#done) await source.drop();
  }
}

/** The message that REPLACE names. RFC 8508 3.2, 3.5 */
async function findReplaced(
  session: Session,
  mail: Mail,
  { uid, set }: NonNullable<AppendMessage["replaces"]>,
): Promise<Replaced | Completion> {
  const { view } = session;
  if (!uid && session.enabled.uidOnly) return uidRequired; // RFC 9586 3.8
  if (view === null) return bad("select a mailbox first");
  if (view.readOnly) return readOnly;
  if (uid) await tellChanges(session, mail, "no expunge"); // As for other commands that name UIDs.
  const { uids } = choose(view, set, uid);
  const found = uids[0] ?? 0;
  return view.numberOf(found) === 0 ? no("NONEXISTENT", "no such message") : { view, uid: found };
}
