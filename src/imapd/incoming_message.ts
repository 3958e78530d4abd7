/**
 * A message on its way from APPEND to the store: indexed as it passes, kept in memory while it is small, else written
 * to a spool file.
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import { type Mail, maxInlineBytes, type NewMessage } from "../accounts/mail.ts";
import { type Bytes, concat, KiB } from "../base/bytes.ts";
import type { AppendMessage } from "../imap/command.ts";
import { Indexer } from "../message/indexer.ts";
import { LineEnds } from "./line_ends.ts";

/** What is collected before it is written to the spool file. */
const spoolPieceBytes = 256 * KiB;

/** One message. After an error, {@link drop} it. */
export class IncomingMessage {
  /** Whether it holds NUL, which only a literal8 may. RFC 9051 9 (CHAR8) */
  hasNul = false;
  readonly #mail: Mail;
  readonly #announced: AppendMessage;
  readonly #maxKept: number;
  readonly #indexer = new Indexer();
  readonly #lineEnds = new LineEnds();
  #pieces: Bytes[] = [];
  #length = 0;
  #spool: string | null = null;

  /** @param maxKept Octets that may be kept in memory. */
  constructor(mail: Mail, announced: AppendMessage, maxKept: number) {
    this.#mail = mail;
    this.#announced = announced;
    this.#maxKept = Math.min(maxKept, maxInlineBytes);
  }

  /** Octets in memory that {@link NewMessage.content} will have. */
  get kept(): number {
    return this.#spool === null ? this.#length : 0;
  }

  /**
   * The next octets, which the message may keep.
   *
   * @param binary Whether they may hold NUL.
   * @throws {Refused}
   */
  async write(bytes: Bytes, binary: boolean): Promise<void> {
    if (!binary && bytes.includes(0)) this.hasNul = true;
    if (this.hasNul) return; // Will be refused: the rest only has to be read.
    const converted = this.#lineEnds.convert(bytes);
    this.#indexer.write(converted);
    this.#pieces.push(converted);
    this.#length += converted.length;
    if (this.#spool === null && this.#length > this.#maxKept) this.#spool = await this.#mail.spoolOpen({});
    if (this.#spool !== null && this.#length >= spoolPieceBytes) await this.#writeSpool(this.#spool);
  }

  /** What the store is to add. @throws {Refused} */
  async end(): Promise<NewMessage> {
    if (this.#spool !== null) await this.#writeSpool(this.#spool);
    const { flags, internalDate } = this.#announced;
    return {
      bits: flags.bits,
      keywords: flags.keywords,
      internalDate,
      index: this.#indexer.end(),
      content: this.#spool === null ? concat(this.#pieces) : null,
      spool: this.#spool,
    };
  }

  /** Gives the spool file up, if there is one. Never throws: files that nobody used are swept. */
  async drop(): Promise<void> {
    const spool = this.#spool;
    this.#spool = null;
    this.#pieces = [];
    if (spool !== null) await this.#mail.spoolDrop({ spool }).catch(() => {});
  }

  async #writeSpool(spool: string): Promise<void> {
    const bytes = concat(this.#pieces);
    this.#pieces = [];
    this.#length = 0;
    for (let at = 0; at < bytes.length; at += spoolPieceBytes) {
      await this.#mail.spoolWrite({ spool, bytes: bytes.slice(at, at + spoolPieceBytes) });
    }
  }
}
