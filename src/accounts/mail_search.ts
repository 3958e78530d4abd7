/**
 * SEARCH, in slices: each message is decided by as little as will do. RFC 9051 6.4.4
 *
 * Its own row and its email's narrow one, of which only what the key asks is read, for many messages at once; then its bytes,
 * for those that are still undecided. Bodies are searched up to a limit (`maxSearchedBytes`), HTML as it is written.
 *
 * Tested by `src/accounts/mail_store_test.ts`.
 *
 * @module
 */
import { type Bytes, KiB } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import type { Ranges, SearchKey } from "../imap/search_key.ts";
import type { BodyRow } from "../store/bodies.ts";
import { turn } from "../store/connection.ts";
import { messagesBetween, type UidsBetween } from "../store/message_rows.ts";
import { literal, one, prepared, type Work } from "../store/query.ts";
import type { Store } from "../store/store.ts";
import type { SearchBatch, SearchRequest } from "./mail.ts";
import { NumbersBuilder } from "./mail_columns.ts";
import { noContent, StoredMessage } from "./mail_content.ts";
import { allUids, type CursorQuery, MessageCursor } from "./mail_cursor.ts";
import { mailboxOrNull, mailboxWithId } from "./mail_mailboxes.ts";
import { type FieldColumn, fieldMask, FieldReader, type FieldRows } from "./mail_email_fields.ts";
import {
  type Candidate,
  type CompiledKey,
  compileKey,
  type ContentFacts,
  costs,
  type EmailFacts,
  type MessageFacts,
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

/** A message that only its content can decide, and whose content is large. */
interface SlowMessage {
  readonly row: SearchRow;
  readonly email: EmailFacts | null;
  readonly content: StoredMessage;
}

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
  readonly #cursor: MessageCursor<SearchRow>;
  readonly #total: number;
  #looked = 0;
  #uids = new NumbersBuilder();
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
    const uids = below(rangesOf(request.key), uid_next);
    const narrow = !asks.row && keep === null;
    const query = cost > costs.email ? dearQuery : narrow ? narrowQuery : cheapQuery;
    this.#cursor = new MessageCursor(query, { accountId, mailboxId: request.mailbox, uids });
  }

  get done(): boolean {
    return this.#cursor.done;
  }

  /** Messages found and not yet told. */
  get found(): number {
    return this.#uids.length;
  }

  /**
   * Searches to the end; gives a turn to whoever loops over it now and then, and once at the end.
   *
   * @param asFound Also whenever there is something to tell.
   */
  async *run(asFound: boolean): AsyncGenerator<void, void, undefined> {
    const { clock } = this.#store;
    let told = clock.monotonic();
    while (!this.done) {
      const slow = this.#store.read(this.slice());
      if (slow !== null) await this.decide(slow);
      const now = clock.monotonic();
      if (asFound && this.found > 0 || this.done || now - told >= progressMs) {
        yield;
        told = now;
      }
      await turn();
    }
  }

  /** What was found since the last call. */
  batch(): SearchBatch {
    const [uids, modseqs] = [this.#uids.finishUids(), this.#modseqs.finish()];
    const scores = this.#score === null ? null : Uint8Array.from(this.#scores.finish());
    this.#uids = new NumbersBuilder();
    this.#modseqs = new NumbersBuilder();
    this.#scores = new NumbersBuilder();
    return { uids, modseqs, scores, ...this.progress };
  }

  /** How far it has come. */
  get progress(): { readonly looked: number; readonly total: number } {
    const looked = this.done ? this.#total : Math.min(this.#looked, this.#total);
    return { looked, total: this.#total };
  }

  /** Looks at messages until the slice is over, or until one takes long, which is for {@link decide}. */
  *slice(): Work<SlowMessage | null> {
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
        const candidate = { message: factsOf(row), email, content: null };
        const verdict = this.#key.test(candidate);
        if (verdict === true) this.#add(row, candidate);
        const slow = verdict === null ? yield* this.#look(row, email) : null;
        if (slow !== null) {
          this.#cursor.seek(row[0] + 1);
          return slow;
        }
        const costly = verdict === null || i % cheapTests === cheapTests - 1;
        if (costly && slice.full() && i + 1 < rows.length) {
          this.#cursor.seek(row[0] + 1);
          return null;
        }
      }
      if (slice.full()) return null;
    }
    return null;
  }

  /** Reads a large message piece by piece, outside of any transaction, and then decides. */
  async decide({ row, email, content }: SlowMessage): Promise<void> {
    try {
      const facts = content.facts();
      for (const _piece of facts.prepare()) await turn();
      this.#decideBy(row, email, facts);
    } catch (error) {
      if (!isLost(error)) throw error;
      this.#decideBy(row, email, noContent);
    }
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

  /** Decides by the content, or gives back what takes longer than a slice. */
  *#look(row: SearchRow, email: EmailFacts | null): Work<SlowMessage | null> {
    const content = yield* this.#open(row[2]);
    if (this.#key.cost === costs.body && content !== null && content.sizes.body > quickBytes) {
      return { row, email, content };
    }
    try {
      this.#decideBy(row, email, content?.facts() ?? noContent);
    } catch (error) {
      // What is damaged is answered as if it were empty.
      if (!isLost(error)) throw error;
      this.#decideBy(row, email, noContent);
    }
    return null;
  }

  #decideBy(row: SearchRow, email: EmailFacts | null, content: ContentFacts): void {
    const candidate = { message: factsOf(row), email, content };
    if (this.#key.test(candidate) === true) this.#add(row, candidate);
  }

  #add(row: SearchRow, candidate: Candidate): void {
    const score = this.#score?.(candidate);
    this.#uids.add(row[0]);
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
