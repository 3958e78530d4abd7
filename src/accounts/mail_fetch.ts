/**
 * FETCH: columns of many messages, and sections of their content, in slices. RFC 9051 6.4.5
 *
 * A slice is one read transaction of at most ten milliseconds or a megabyte and gives one batch; the next goes on
 * behind its last message. Rows are never kept from one slice to the next: what they name may be gone by then.
 *
 * Tested by `src/accounts/mail_store_test.ts`.
 *
 * @module
 */
import { type Bytes, MiB, utf8 } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import type { BodyRow } from "../store/bodies.ts";
import { turn } from "../store/connection.ts";
import { one, type SqlValue, type Work } from "../store/query.ts";
import type { Store } from "../store/store.ts";
import {
  type BytesColumn,
  type FetchBatch,
  type FetchRequest,
  maxInlineBytes,
  type NumberColumn,
  type ReadRequest,
  type Section,
} from "./mail.ts";
import { FlagColumnsBuilder, NumbersBuilder, ValuesBuilder } from "./mail_columns.ts";
import { StoredMessage } from "./mail_content.ts";
import { MessageCursor } from "./mail_cursor.ts";
import { contentByUid, contentOf, type FetchColumn, fetchQuery, type FetchRow } from "./mail_fetch_query.ts";
import { mailboxWithId } from "./mail_mailboxes.ts";
import type { ResolvedSection } from "./mail_sections.ts";

/** Most sections of one request; the values of one message can be so many times {@link maxInlineBytes}. */
export const maxSections = 64;

/** Deepest part number. */
export const maxSectionDepth = 256;

/** Encoded octets that are decoded within a slice; for more, others get a turn in between. */
const quickBytes = MiB;

/** Numbers in `FetchBatch.lengths` that say why there is no value. */
const noPart = -1;
const undecodable = -2;
const damaged = -3;

/** `Mail.fetch`. */
export async function* fetchMessages(
  store: Store,
  accountId: number,
  request: FetchRequest,
): AsyncGenerator<FetchBatch, void, undefined> {
  const fetch = new Fetch(store, accountId, request);
  while (!fetch.done) {
    const batch = await fetch.next();
    if (batch !== null) yield batch;
    await turn();
  }
}

/** @throws {Refused} `badRequest`, `tooMany` */
function checkSection(section: Section): void {
  const { part, offset, length } = section;
  if (part.length > maxSectionDepth) throw new Refused("tooMany", "a part number is too deep");
  const counts = length === null ? [...part, offset] : [...part, offset, length];
  if (!counts.every((n) => Number.isSafeInteger(n) && n >= 0)) {
    throw new Refused("badRequest", "a section's numbers are none");
  }
}

/** One FETCH under way. */
class Fetch {
  readonly #store: Store;
  readonly #accountId: number;
  readonly #request: FetchRequest;
  readonly #cursor: MessageCursor<FetchRow>;
  readonly #columns: RowColumns;
  readonly #values = new ValuesBuilder();

  constructor(store: Store, accountId: number, request: FetchRequest) {
    if (request.sections.length > maxSections) throw new Refused("tooMany", "too many sections");
    for (const section of request.sections) checkSection(section);
    this.#store = store;
    this.#accountId = accountId;
    this.#request = request;
    const columns = columnsOf(request);
    this.#columns = new RowColumns(columns);
    this.#cursor = new MessageCursor(
      fetchQuery(columns),
      { accountId, mailboxId: request.mailbox, uids: request.uids },
      { changedSince: request.changedSince ?? -1 },
    );
  }

  get done(): boolean {
    return this.#cursor.done;
  }

  /** The next batch; null if there is nothing in this slice. */
  async next(): Promise<FetchBatch | null> {
    const builder = new BatchBuilder(this.#request, this.#columns, this.#values);
    const slow = this.#store.read(this.#slice(builder));
    // Alone in its batch, and no longer in a transaction.
    if (slow !== null) await builder.addSlowly(slow.row, slow.message);
    return builder.finish();
  }

  /** Fills a batch. Returns a message that takes long, which is for a batch of its own. */
  *#slice(builder: BatchBuilder): Work<{ row: FetchRow; message: StoredMessage } | null> {
    const slice = this.#store.slice();
    yield* mailboxWithId(this.#accountId, this.#request.mailbox);
    while (!this.#cursor.done) {
      const rows = yield* this.#cursor.next();
      for (const [i, row] of rows.entries()) {
        const message = yield* this.#messageOf(row);
        if (message !== null && message !== damaged && this.#isSlow(message)) {
          if (builder.length > 0) this.#cursor.seek(row[0]);
          else {
            this.#cursor.seek(row[0] + 1);
            return { row, message };
          }
          return null;
        }
        const bytes = builder.add(row, message);
        if ((slice.full(bytes) || builder.full) && i + 1 < rows.length) {
          this.#cursor.seek(row[0] + 1);
          return null;
        }
      }
      if (slice.full() || builder.full) break;
    }
    return null;
  }

  *#messageOf(row: FetchRow): Work<StoredMessage | typeof damaged | null> {
    const { sections, mailbox } = this.#request;
    if (sections.length === 0) return null;
    try {
      if (!needsContent(sections)) {
        if (this.#columns.bytesOrNull(row, "common_header") !== null) return null;
        return yield* storedMessage(this.#store, this.#accountId, { mailbox, uid: row[0] });
      }
      return new StoredMessage(
        this.#columns.bytes(row, "prefix"),
        this.#store.bodies.reader(this.#columns.body(row)),
        this.#columns.bytes(row, "parts"),
      );
    } catch (error) {
      if (error instanceof Refused && error.reason === "damaged") return damaged;
      throw error;
    }
  }

  #isSlow(message: StoredMessage): boolean {
    if (message.sizes.body <= quickBytes) return false;
    return this.#request.sections.some((section) => {
      if (section.what !== "binary") return false;
      const resolved = message.resolve(section);
      return resolved.kind === "decoded" && resolved.end - resolved.start > quickBytes;
    });
  }
}

/** What the request needs of the rows. */
function columnsOf(request: FetchRequest): FetchColumn[] {
  const columns: FetchColumn[] = [];
  const wants = (column: NumberColumn) => request.numbers.includes(column);
  if (wants("size") || wants("internalDate") || wants("saveDate")) columns.push("numbers");
  if (wants("emailId")) columns.push("emailId");
  if (wants("threadId")) columns.push("threadId");
  for (const column of ["envelope", "body", "bodyStructure", "preview"] as const) {
    if (request.bytes.includes(column)) columns.push(column);
  }
  if (request.sections.some(({ what }) => what === "commonHeader")) columns.push("commonHeader");
  if (needsContent(request.sections)) {
    columns.push("content");
    if (request.sections.some(({ what, part }) => what !== "all" || part.length > 0)) columns.push("parts");
  }
  return columns;
}

/** Whether anything is asked for that is nowhere but in the body. */
function needsContent(sections: readonly Section[]): boolean {
  return sections.some(({ what, part, offset, length }) =>
    what !== "commonHeader" || part.length > 0 || offset > 0 || length !== null
  );
}

/** Where the columns are in a row. */
class RowColumns {
  readonly #at: ReadonlyMap<string, number>;

  constructor(columns: readonly FetchColumn[]) {
    this.#at = new Map(contentOf(columns).map((name, i) => [name, i]));
  }

  number(row: FetchRow, name: string): number {
    const value = this.#value(row, name);
    return typeof value === "number" ? value : 0;
  }

  text(row: FetchRow, name: string): string {
    const value = this.#value(row, name);
    return typeof value === "string" ? value : "";
  }

  bytes(row: FetchRow, name: string): Bytes {
    const value = this.#value(row, name);
    return value instanceof Uint8Array ? value : new Uint8Array();
  }

  bytesOrNull(row: FetchRow, name: string): Bytes | null {
    const value = this.#value(row, name);
    return value instanceof Uint8Array ? value : null;
  }

  body(row: FetchRow): BodyRow {
    return {
      id: this.number(row, "body_id"),
      size: this.number(row, "body_size"),
      sha256: this.text(row, "sha256"),
      in_file: this.number(row, "in_file"),
      blocks: this.bytes(row, "blocks"),
      bytes: this.bytesOrNull(row, "body_bytes"),
    };
  }

  #value(row: FetchRow, name: string): SqlValue | undefined {
    const at = this.#at.get(name);
    return at === undefined ? undefined : row[at];
  }
}

/** Builds one batch. */
class BatchBuilder {
  readonly #request: FetchRequest;
  readonly #columns: RowColumns;
  readonly #uids = new NumbersBuilder();
  readonly #flags: FlagColumnsBuilder | null;
  readonly #sizes: NumbersBuilder | null;
  readonly #internalDates: NumbersBuilder | null;
  readonly #saveDates: NumbersBuilder | null;
  readonly #emailIds: string[] | null;
  readonly #threadIds: string[] | null;
  readonly #lengths = new NumbersBuilder();
  readonly #values: ValuesBuilder;

  /** @param values Empty; used from batch to batch. */
  constructor(request: FetchRequest, columns: RowColumns, values: ValuesBuilder) {
    this.#values = values;
    this.#request = request;
    this.#columns = columns;
    const wants = (column: NumberColumn) => request.numbers.includes(column);
    this.#flags = wants("flags") ? new FlagColumnsBuilder() : null;
    this.#sizes = wants("size") ? new NumbersBuilder() : null;
    this.#internalDates = wants("internalDate") ? new NumbersBuilder() : null;
    this.#saveDates = wants("saveDate") ? new NumbersBuilder() : null;
    this.#emailIds = wants("emailId") ? [] : null;
    this.#threadIds = wants("threadId") ? [] : null;
  }

  get length(): number {
    return this.#uids.length;
  }

  /** Whether the next message may not fit. */
  get full(): boolean {
    return this.#flags?.full === true;
  }

  /** Adds a message; returns the octets that it brought. */
  add(row: FetchRow, message: StoredMessage | typeof damaged | null): number {
    const before = this.#values.length;
    this.#addColumns(row);
    for (const section of this.#request.sections) {
      this.#lengths.add(this.#sectionOf(row, message, section));
    }
    return this.#values.length - before + 100;
  }

  /** Adds a message whose sections take long, with turns for others. */
  async addSlowly(row: FetchRow, message: StoredMessage): Promise<void> {
    const values: (Bytes[] | number)[] = [];
    try {
      for (const section of this.#request.sections) {
        values.push(await slowly(message, message.resolve(section)));
      }
    } catch (error) {
      if (error instanceof Refused && error.reason === "expunged") return; // As if it had been gone before.
      throw error;
    }
    this.#addColumns(row);
    for (const value of values) {
      this.#lengths.add(typeof value === "number" ? value : lengthOf(value));
      if (typeof value !== "number") { for (const piece of value) this.#values.add(piece); }
    }
  }

  finish(): FetchBatch | null {
    if (this.#uids.length === 0) return null;
    return {
      uids: this.#uids.finishUids(),
      flags: this.#flags?.finish() ?? null,
      sizes: this.#sizes?.finish() ?? null,
      internalDates: this.#internalDates?.finish() ?? null,
      saveDates: this.#saveDates?.finish() ?? null,
      emailIds: this.#emailIds,
      threadIds: this.#threadIds,
      lengths: this.#lengths.finish(),
      values: this.#values.finish(),
    };
  }

  #addColumns(row: FetchRow): void {
    const [uid, modseq, bits, keywords] = row;
    this.#uids.add(uid);
    this.#flags?.add(uid, modseq, bits, keywords);
    this.#sizes?.add(this.#columns.number(row, "size"));
    this.#internalDates?.add(this.#columns.number(row, "internal_date"));
    this.#saveDates?.add(this.#columns.number(row, "save_date"));
    this.#emailIds?.push(this.#columns.text(row, "email_object_id"));
    this.#threadIds?.push(this.#columns.text(row, "thread_object_id"));
    for (const column of this.#request.bytes) this.#addBytes(row, column);
  }

  #addBytes(row: FetchRow, column: BytesColumn): void {
    const value = column === "preview"
      ? utf8(this.#columns.text(row, column))
      : this.#columns.bytes(row, column === "bodyStructure" ? "body_structure" : column);
    this.#lengths.add(value.length);
    this.#values.add(value);
  }

  /** As {@link #section}; a message is not needed where there is a common header that was asked for whole. */
  #sectionOf(row: FetchRow, message: StoredMessage | typeof damaged | null, section: Section): number {
    const { what, part, offset, length } = section;
    if (what === "commonHeader" && part.length === 0 && offset === 0 && length === null) {
      const common = this.#columns.bytesOrNull(row, "common_header");
      if (common !== null) {
        const prefix = this.#columns.bytes(row, "common_prefix");
        this.#values.add(prefix);
        this.#values.add(common);
        return prefix.length + common.length;
      }
    }
    if (message === null) return noPart;
    return message === damaged ? damaged : this.#section(message, section);
  }

  /** Adds the value of a section, if it is short enough; returns its length, or why there is none. */
  #section(message: StoredMessage, section: Section): number {
    const resolved = message.resolve(section);
    const known = lengthOrNone(resolved);
    if (known < 0 || known > maxInlineBytes || resolved.kind === "length") return known;
    const before = this.#values.length;
    try {
      if (resolved.kind === "raw") message.addRaw(resolved.start, resolved.end, this.#values);
      else for (const piece of piecesOf(message, resolved)) this.#values.add(piece);
    } catch (error) {
      if (!(error instanceof Refused && error.reason === "damaged")) throw error;
      this.#values.truncate(before);
      return damaged;
    }
    // What a decoder gives and what was counted when the message came should be the same; the values must be.
    return this.#values.length - before;
  }
}

/** Octets of a section's value, or why there is none. */
function lengthOrNone(resolved: ResolvedSection): number {
  switch (resolved.kind) {
    case "nil":
      return noPart;
    case "unknownEncoding":
      return undecodable;
    case "length":
      return resolved.length;
    case "raw":
      return resolved.end - resolved.start;
    case "decoded":
      return resolved.take;
  }
}

function piecesOf(message: StoredMessage, resolved: ResolvedSection): Iterable<Bytes> {
  if (resolved.kind === "raw") return message.raw(resolved.start, resolved.end);
  return resolved.kind === "decoded" ? message.decoded(resolved) : [];
}

function lengthOf(pieces: readonly Bytes[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}

/** A section's value if it is short enough, else its length, or why there is none. */
async function slowly(message: StoredMessage, resolved: ResolvedSection): Promise<Bytes[] | number> {
  const known = lengthOrNone(resolved);
  if (known < 0 || known > maxInlineBytes || resolved.kind === "length") return known;
  const pieces: Bytes[] = [];
  try {
    for (const piece of piecesOf(message, resolved)) {
      pieces.push(piece);
      await turn();
    }
  } catch (error) {
    if (error instanceof Refused && error.reason === "damaged") return damaged;
    throw error;
  }
  return pieces;
}

/** `Mail.read`. */
export async function* readSection(
  store: Store,
  accountId: number,
  request: ReadRequest,
): AsyncGenerator<Bytes, void, undefined> {
  checkSection(request.section);
  const message = store.read(storedMessage(store, accountId, request));
  const resolved = message.resolve(request.section);
  if (resolved.kind === "unknownEncoding") throw new Refused("unknownEncoding", "the part cannot be decoded");
  if (resolved.kind === "nil" || resolved.kind === "length") {
    throw new Refused("badRequest", "there is no such section to read");
  }
  for (const piece of piecesOf(message, resolved)) {
    if (piece.length > 0) yield piece.slice(); // What is yielded may be given away, and the piece is a view.
    await turn();
  }
}

/** One message with its content. @throws {Refused} `noSuchMailbox`, `expunged`, `damaged` */
function* storedMessage(
  store: Store,
  accountId: number,
  request: { readonly mailbox: number; readonly uid: number },
): Work<StoredMessage> {
  yield* mailboxWithId(accountId, request.mailbox);
  const row = yield* one(contentByUid, { accountId, mailboxId: request.mailbox, uid: request.uid });
  if (row === undefined) throw new Refused("expunged", `no message ${request.uid}`);
  return new StoredMessage(row.prefix, yield* store.bodies.open(row.body_id), row.parts);
}
