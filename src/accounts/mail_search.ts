/**
 * SEARCH, in slices: each message is decided by as little as will do. RFC 9051 6.4.4
 *
 * Its own row and its email's narrow one, of which only what the key asks is read, for many messages at once, with what the
 * full-text index knows; then its text in the index, then its bytes, each only for those that are still undecided. Bodies are
 * searched up to a limit (`maxSearchedBytes`).
 *
 * Bytes of strangers become text in the parser, a process of its own: for the index ahead of time, and for messages that
 * are not in it now. Where the parser fails on a message, or cannot be had, text parts are looked through here, HTML as it
 * is written.
 *
 * Tested by `src/accounts/mail_store_test.ts`.
 *
 * @module
 */
import { type Bytes, KiB, MiB } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import type { Ranges, SearchKey } from "../imap/search_key.ts";
import type { BodyRow } from "../store/bodies.ts";
import { turn } from "../store/connection.ts";
import { messagesBetween, type UidsBetween } from "../store/message_rows.ts";
import { literal, one, prepared, type Work } from "../store/query.ts";
import type { Store } from "../store/store.ts";
import type { TextSource } from "../store/text_source.ts";
import type { SearchBatch, SearchRequest } from "./mail.ts";
import { NumbersBuilder } from "./mail_columns.ts";
import { maxSearchedBytes, noContent, StoredMessage } from "./mail_content.ts";
import { allUids, type CursorQuery, MessageCursor } from "./mail_cursor.ts";
import { mailboxOrNull, mailboxWithId } from "./mail_mailboxes.ts";
import { type FieldColumn, fieldMask, FieldReader, type FieldRows } from "./mail_email_fields.ts";
import { factsOf as factsOfText, SearchIndex } from "./mail_search_index.ts";
import {
  type Candidate,
  type CompiledKey,
  compileKey,
  costs,
  type EmailFacts,
  type MessageFacts,
  type TextFacts,
} from "./mail_search_key.ts";
import { compileScore, type Score } from "./mail_search_score.ts";

/** Rows of one query; few where each may be looked at closely. */
const cheapRows = 2000;
const dearRows = 100;

/** Messages that are decided without a look at their content, after which the clock is asked. */
const cheapTests = 256;

/** A consumer hears at least this often how far the search has come, in milliseconds. */
const progressMs = 100;

type SearchRow = readonly [
  uid: number,
  modseq: number,
  emailId: number,
  bits: number,
  keywords: string,
  size: number,
  internalDate: number,
  saveDate: number,
];

const allColumns = [
  "uid",
  "modseq",
  "email_id",
  "bits",
  "keywords",
  "size",
  "internal_date",
  "save_date",
] as const;

/** @param columns How many of {@link allColumns}. */
function searchRows(limit: number, columns: number): CursorQuery {
  const query = prepared((db, p: UidsBetween) =>
    messagesBetween(db, p).select(allColumns.slice(0, columns)).limit(literal(limit))
  );
  return { query, limit, maxBytes: null };
}

const narrowColumns = 3;
const narrowQuery = searchRows(cheapRows, narrowColumns);
const cheapQuery = searchRows(cheapRows, allColumns.length);
const dearQuery = searchRows(dearRows, allColumns.length);

const emailIds = prepared((db, p: { id: number }) =>
  db.selectFrom("emails").select(["object_id as emailId", "thread_object_id as threadId"]).where(
    "id",
    "=",
    p.id,
  )
);

/** One query for all: a search in bodies asks it for every message. */
const emailContent = prepared((db, p: { id: number }) =>
  db.selectFrom("emails as e").innerJoin("bodies as b", "b.id", "e.body_id")
    .select(["e.prefix", "e.parts", "b.id", "b.size", "b.sha256", "b.in_file", "b.blocks", "b.bytes"])
    .where("e.id", "=", p.id)
);

/** `Mail.search`. Leaving the loop ends it; the work between two batches is bounded. */
export async function* searchMessages(
  store: Store,
  accountId: number,
  request: SearchRequest,
): AsyncGenerator<SearchBatch, void, undefined> {
  const search = new MessageSearch(store, accountId, request);
  for await (const _progress of search.run(true)) yield search.batch();
}

/** Larger bodies are searched outside of a slice, with turns for others. */
const quickBytes = 256 * KiB;

/** Messages that the parser reads in one go, and about how many octets of them. */
const maxAwaited = 32;
const maxAwaitedBytes = MiB;

/** A message that only its content can decide, for which the parser is asked, or whose content is large. */
interface SlowMessage {
  readonly email: EmailFacts | null;
  readonly content: StoredMessage;
  /** What the index says of its text, which then need not be parsed. */
  readonly text: TextFacts | null;
}

/** A message that was found, or that is still to be decided. */
type Looked =
  | { readonly row: SearchRow; readonly found: Candidate; readonly slow: null }
  | { readonly row: SearchRow; readonly found: null; readonly slow: SlowMessage };

/** What is kept of each message found, besides what a batch tells. */
export interface FoundColumns {
  readonly emailIds: NumbersBuilder;
  readonly sizes: NumbersBuilder;
  readonly internalDates: NumbersBuilder;
}

/** One search under way. */
export class MessageSearch {
  readonly #store: Store;
  readonly #accountId: number;
  readonly #mailboxId: number;
  readonly #key: CompiledKey;
  readonly #score: Score | null;
  readonly #fields: FieldReader | null;
  readonly #places: Readonly<Record<"sent" | "subject" | "from" | "to" | "cc" | "bcc", number>>;
  readonly #keep: FoundColumns | null;
  readonly #uids: Ranges;
  readonly #index: SearchIndex | null;
  #cursor: MessageCursor<SearchRow>;
  /** Whether the parser is asked; not once it could not be had. */
  #parses: boolean;
  /** From the first that is still to be decided on, in the order of their UIDs. */
  #line: Looked[] = [];
  #awaited = 0;
  #awaitedBytes = 0;
  readonly #total: number;
  #looked = 0;
  #found = new NumbersBuilder();
  #modseqs = new NumbersBuilder();
  #scores = new NumbersBuilder();

  /** @param keep Filled for every message found. */
  constructor(store: Store, accountId: number, request: SearchRequest, keep: FoundColumns | null = null) {
    this.#store = store;
    this.#accountId = accountId;
    this.#mailboxId = request.mailbox;
    this.#key = compileKey(request.key, store.clock.now());
    this.#score = compileScore(request.key);
    this.#keep = keep;
    const { asks, cost } = this.#key;
    const fields = this.#fields = asks.columns.length === 0
      ? null
      : new FieldReader(accountId, fieldMask(asks.columns));
    const place = (column: FieldColumn) => fields?.place(column) ?? 0;
    this.#places = {
      sent: place("sent"),
      subject: place("subject"),
      from: place("from_text"),
      to: place("to_text"),
      cc: place("cc_text"),
      bcc: place("bcc_text"),
    };
    const { messages, uid_next } = store.read(mailboxWithId(accountId, request.mailbox));
    this.#total = messages;
    // Nothing that comes in while the search goes on.
    this.#uids = below(rangesOf(request.key), uid_next);
    this.#index = SearchIndex.of(store, accountId, request.key);
    this.#parses = cost === costs.body && store.texts !== null;
    this.#cursor = this.#cursorOver(this.#uids);
  }

  #cursorOver(uids: Ranges): MessageCursor<SearchRow> {
    const { asks, cost } = this.#key;
    const narrow = !asks.row && this.#keep === null;
    const query = cost > costs.email ? dearQuery : narrow ? narrowQuery : cheapQuery;
    return new MessageCursor(query, { accountId: this.#accountId, mailboxId: this.#mailboxId, uids });
  }

  get done(): boolean {
    return this.#cursor.done;
  }

  /** Messages found and not yet told. */
  get found(): number {
    return this.#found.length;
  }

  /**
   * Searches to the end; gives a turn to whoever loops over it now and then, and once at the end.
   *
   * @param asFound Also whenever there is something to tell.
   */
  async *run(asFound: boolean): AsyncGenerator<void, void, undefined> {
    const { clock } = this.#store;
    let told = clock.monotonic();
    for (const _step of this.#prepare()) {
      if (clock.monotonic() - told >= progressMs) {
        yield;
        told = clock.monotonic();
      }
      await turn();
    }
    while (!this.done) {
      this.#store.read(this.#slice());
      if (this.#line.length > 0) await this.#settle();
      const now = clock.monotonic();
      if (asFound && this.found > 0 || this.done || now - told >= progressMs) {
        yield;
        told = now;
      }
      await turn();
    }
  }

  /** Asks the index what it knows, in steps of a few milliseconds. */
  *#prepare(): Generator<void> {
    if (this.#index === null) return;
    yield* this.#index.find();
    const uids = yield* this.#index.narrow(this.#store, this.#mailboxId, this.#uids);
    if (uids !== null) this.#cursor = this.#cursorOver(uids);
  }

  /** What was found since the last call. */
  batch(): SearchBatch {
    const [uids, modseqs] = [this.#found.finishUids(), this.#modseqs.finish()];
    const scores = this.#score === null ? null : Uint8Array.from(this.#scores.finish());
    this.#found = new NumbersBuilder();
    this.#modseqs = new NumbersBuilder();
    this.#scores = new NumbersBuilder();
    return { uids, modseqs, scores, ...this.progress };
  }

  /** How far it has come. */
  get progress(): { readonly looked: number; readonly total: number } {
    const looked = this.done ? this.#total : Math.min(this.#looked, this.#total);
    return { looked, total: this.#total };
  }

  /** Looks at messages until the slice is over, or until enough of them are for {@link #settle}. */
  *#slice(): Work<void> {
    const slice = this.#store.slice();
    if ((yield* mailboxOrNull(this.#accountId, this.#mailboxId)) === null) {
      throw new Refused("noSuchMailbox", "the mailbox was deleted while it was searched");
    }
    while (!this.#cursor.done) {
      const rows = yield* this.#cursor.next();
      const fields = this.#fields === null ? null : yield* this.#fields.read(rows.map((row) => row[2]));
      for (const [i, row] of rows.entries()) {
        this.#looked++;
        const email = yield* this.#emailOf(row[2], fields);
        const text = this.#index?.quick(row[2]) ?? null;
        const candidate = { message: factsOf(row), email, content: null, text };
        const verdict = this.#key.test(candidate);
        if (verdict === true) this.#foundOne(row, candidate);
        else if (verdict === null) yield* this.#look(row, candidate);
        const enough = this.#awaited >= maxAwaited || this.#awaitedBytes >= maxAwaitedBytes;
        const costly = verdict === null || i % cheapTests === cheapTests - 1;
        if (enough || costly && slice.full() && i + 1 < rows.length) {
          this.#cursor.seek(row[0] + 1);
          return;
        }
      }
      if (slice.full()) return;
    }
  }

  /** Decides what waits, outside of any transaction, and notes in order what was found. */
  async #settle(): Promise<void> {
    const line = this.#line;
    this.#line = [];
    this.#awaited = this.#awaitedBytes = 0;
    const texts = await this.#parsed(line.flatMap(({ slow }) => slow ?? []));
    for (const { row, found, slow } of line) {
      const decided = slow === null ? found : await this.#decide(row, slow, texts.shift() ?? null);
      if (decided !== null) this.#add(row, decided);
    }
  }

  /** What the parser says of messages; null for each of which it says nothing. */
  async #parsed(waiting: readonly SlowMessage[]): Promise<(TextFacts | null)[]> {
    const { texts } = this.#store;
    const known = waiting.map(({ text }) => text);
    if (!this.#parses || texts === null) return known;
    const sources: (TextSource | null)[] = [];
    for (const { content, text } of waiting) sources.push(text === null ? await sourceOf(content) : null);
    try {
      const read = await texts.read(sources.filter((source) => source !== null));
      return sources.map((source, i) => {
        const text = source === null ? null : read.shift() ?? null;
        return text === null ? known[i] ?? null : factsOfText(text);
      });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#parses = false;
      return known;
    }
  }

  /** Decides with the text, or else reads the message itself piece by piece; null if it does not match. */
  async #decide(
    row: SearchRow,
    { email, content }: SlowMessage,
    text: TextFacts | null,
  ): Promise<Candidate | null> {
    try {
      const facts = content.facts();
      if (text === null) { for (const _piece of facts.prepare()) await turn(); }
      return this.#matching({ message: factsOf(row), email, content: facts, text });
    } catch (error) {
      if (!isLost(error)) throw error;
      return this.#matching({ message: factsOf(row), email, content: noContent, text });
    }
  }

  #matching(candidate: Candidate): Candidate | null {
    return this.#key.test(candidate) === true ? candidate : null;
  }

  /** What is known of an email without its content; null if nothing is asked of it. */
  *#emailOf(id: number, fields: FieldRows | null): Work<EmailFacts | null> {
    const { ids } = this.#key.asks;
    if (!ids && fields === null) return null;
    const known = ids ? yield* one(emailIds, { id }) : undefined;
    const row = fields?.of(id);
    const { sent, subject, from, to, cc, bcc } = this.#places;
    // Places that were not asked for are 0, where the email's row is; the key does not look at them.
    const text = (place: number) => place === 0 ? "" : String(row?.[place] ?? "");
    const date = sent === 0 ? null : row?.[sent];
    return {
      emailId: known?.emailId ?? "",
      threadId: known?.threadId ?? "",
      sent: typeof date === "number" ? date : null,
      subject: text(subject),
      from: text(from),
      to: text(to),
      cc: text(cc),
      bcc: text(bcc),
    };
  }

  /** Decides by the text in the index or by the content, or lets wait what takes longer than a slice. */
  *#look(row: SearchRow, { message, email, text: quick }: Candidate): Work<void> {
    const text = quick === null ? null : this.#index?.exact(row[2]) ?? null;
    if (text !== null) {
      const known = { message, email, content: null, text };
      const verdict = this.#key.test(known);
      if (verdict === true) this.#foundOne(row, known);
      if (verdict !== null) return;
    }
    const content = yield* this.#open(row[2]);
    const slow = text === null && this.#parses || content !== null && content.sizes.body > quickBytes;
    if (this.#key.cost === costs.body && content !== null && slow) {
      return this.#await(row, { email, content, text });
    }
    const found = this.#decideNow({ message, email, text }, content);
    if (found !== null) this.#foundOne(row, found);
  }

  /** What is damaged is answered as if it were empty. */
  #decideNow(known: Omit<Candidate, "content">, content: StoredMessage | null): Candidate | null {
    try {
      return this.#matching({ ...known, content: content?.facts() ?? noContent });
    } catch (error) {
      if (!isLost(error)) throw error;
      return this.#matching({ ...known, content: noContent });
    }
  }

  #await(row: SearchRow, slow: SlowMessage): void {
    this.#line.push({ row, found: null, slow });
    this.#awaited++;
    this.#awaitedBytes += Math.min(slow.content.sizes.body, maxSearchedBytes);
  }

  /** Notes what was found, behind those that are still to be decided. */
  #foundOne(row: SearchRow, candidate: Candidate): void {
    if (this.#line.length === 0) this.#add(row, candidate);
    else this.#line.push({ row, found: candidate, slow: null });
  }

  #add(row: SearchRow, candidate: Candidate): void {
    const score = this.#score?.(candidate);
    this.#found.add(row[0]);
    this.#modseqs.add(row[1]);
    if (score !== undefined) this.#scores.add(score);
    if (this.#keep === null) return;
    this.#keep.emailIds.add(row[2]);
    this.#keep.sizes.add(row[5]);
    this.#keep.internalDates.add(row[6]);
  }

  /** The content of an email; null if it is damaged, which the bodies have logged. */
  *#open(id: number): Work<StoredMessage | null> {
    const row: (BodyRow & { prefix: Bytes; parts: Bytes }) | undefined = yield* one(emailContent, { id });
    if (row === undefined) return null;
    try {
      return new StoredMessage(row.prefix, this.#store.bodies.reader(row), row.parts);
    } catch (error) {
      if (isLost(error)) return null;
      throw error;
    }
  }
}

/** What the parser is given of a message; null if it cannot be read. */
async function sourceOf(content: StoredMessage): Promise<TextSource | null> {
  try {
    const reading = content.source();
    let step = reading.next();
    while (!step.done) {
      if (content.sizes.body > quickBytes) await turn();
      step = reading.next();
    }
    return step.value;
  } catch (error) {
    if (isLost(error)) return null;
    throw error;
  }
}

function factsOf(row: SearchRow): MessageFacts {
  // Where a key does not ask for the whole row, the rest was not read.
  const [uid, modseq, _emailId, bits, keywords, size, internalDate, saveDate] = row;
  return { uid, modseq, bits, keywords, size, internalDate, saveDate };
}

function isLost(error: unknown): boolean {
  return error instanceof Refused && (error.reason === "damaged" || error.reason === "expunged");
}

/** UIDs outside of which nothing can match. */
function rangesOf(key: SearchKey): Ranges {
  if (key.key === "uids") return key.set;
  if (key.key !== "and") return allUids;
  return key.keys.map(rangesOf).find((ranges) => ranges !== allUids) ?? allUids;
}

function below(ranges: Ranges, uidNext: number): Ranges {
  const cut: number[] = [];
  for (let i = 0; i < ranges.length && (ranges[i] ?? 0) < uidNext; i += 2) {
    cut.push(ranges[i] ?? 0, Math.min(ranges[i + 1] ?? 0, uidNext - 1));
  }
  return cut;
}
