/**
 * SEARCH, in slices: each message is decided by as little as will do. RFC 9051 6.4.4
 *
 * First its own row, read for many messages at once; then its email's row, then its bytes, each only for those that are
 * still undecided. Bodies are searched up to a limit (`maxSearchedBytes`), HTML as it is written.
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
import {
  type CompiledKey,
  compileKey,
  type ContentFacts,
  costs,
  type EmailFacts,
  type MessageFacts,
} from "./mail_search_key.ts";

/** Rows of one query; few where each may be looked at closely. */
const cheapRows = 2000;
const dearRows = 100;

/** A consumer hears at least this often how far the search has come, in milliseconds. */
const progressMs = 100;

type SearchRow = readonly [
  uid: number,
  modseq: number,
  bits: number,
  keywords: string,
  size: number,
  internalDate: number,
  saveDate: number,
  emailId: number,
];

function searchRows(limit: number): CursorQuery {
  const query = prepared((db, p: UidsBetween) =>
    messagesBetween(db, p)
      .select(["uid", "modseq", "bits", "keywords", "size", "internal_date", "save_date", "email_id"])
      .limit(literal(limit))
  );
  return { query, limit, maxBytes: null };
}

const cheapQuery = searchRows(cheapRows);
const dearQuery = searchRows(dearRows);

const emailFacts = prepared((db, p: { id: number }) =>
  db.selectFrom("emails as e")
    .select([
      "e.object_id as emailId",
      "e.thread_object_id as threadId",
      "e.sent as sent",
      "e.subject as subject",
      "e.from_text as from",
      "e.to_text as to",
      "e.cc_text as cc",
      "e.bcc_text as bcc",
    ]).where("e.id", "=", p.id)
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
  const search = new Search(store, accountId, request);
  let told = store.clock.monotonic();
  while (!search.done) {
    const slow = store.read(search.slice());
    if (slow !== null) await search.decide(slow);
    const now = store.clock.monotonic();
    if (search.found > 0 || search.done || now - told >= progressMs) {
      yield search.batch();
      told = now;
    }
    await turn();
  }
}

/** Larger bodies are searched outside of a slice, with turns for others. */
const quickBytes = 256 * KiB;

/** A message that only its content can decide, and whose content is large. */
interface SlowMessage {
  readonly row: SearchRow;
  readonly email: EmailFacts | null;
  readonly content: StoredMessage;
}

/** One search under way. */
class Search {
  readonly #store: Store;
  readonly #accountId: number;
  readonly #mailboxId: number;
  readonly #key: CompiledKey;
  readonly #cursor: MessageCursor<SearchRow>;
  readonly #total: number;
  #looked = 0;
  #uids = new NumbersBuilder();
  #modseqs = new NumbersBuilder();

  constructor(store: Store, accountId: number, request: SearchRequest) {
    this.#store = store;
    this.#accountId = accountId;
    this.#mailboxId = request.mailbox;
    this.#key = compileKey(request.key, store.clock.now());
    const { messages, uid_next } = store.read(mailboxWithId(accountId, request.mailbox));
    this.#total = messages;
    // Nothing that comes in while the search goes on.
    const uids = below(rangesOf(request.key), uid_next);
    const query = this.#key.cost === costs.message ? cheapQuery : dearQuery;
    this.#cursor = new MessageCursor(query, { accountId, mailboxId: request.mailbox, uids });
  }

  get done(): boolean {
    return this.#cursor.done;
  }

  /** Messages found and not yet told. */
  get found(): number {
    return this.#uids.length;
  }

  /** What was found since the last call. */
  batch(): SearchBatch {
    const [uids, modseqs] = [this.#uids.finishUids(), this.#modseqs.finish()];
    this.#uids = new NumbersBuilder();
    this.#modseqs = new NumbersBuilder();
    const looked = this.done ? this.#total : Math.min(this.#looked, this.#total);
    return { uids, modseqs, looked, total: this.#total };
  }

  /** Looks at messages until the slice is over, or until one takes long, which is for {@link decide}. */
  *slice(): Work<SlowMessage | null> {
    const slice = this.#store.slice();
    if ((yield* mailboxOrNull(this.#accountId, this.#mailboxId)) === null) {
      throw new Refused("noSuchMailbox", "the mailbox was deleted while it was searched");
    }
    while (!this.#cursor.done) {
      const rows = yield* this.#cursor.next();
      for (const [i, row] of rows.entries()) {
        this.#looked++;
        const verdict = yield* this.#matches(row);
        if (typeof verdict !== "boolean") {
          this.#cursor.seek(row[0] + 1);
          return verdict;
        }
        if (verdict) this.#add(row);
        if (this.#key.cost > costs.message && slice.full() && i + 1 < rows.length) {
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
    const message = factsOf(row);
    const ask = (content: ContentFacts) => this.#key.test({ message, email, content }) === true;
    let found: boolean;
    try {
      const facts = content.facts();
      for (const _piece of facts.prepare()) await turn();
      found = ask(facts);
    } catch (error) {
      if (!isLost(error)) throw error;
      found = ask(noContent);
    }
    if (found) this.#add(row);
  }

  #add(row: SearchRow): void {
    this.#uids.add(row[0]);
    this.#modseqs.add(row[1]);
  }

  *#matches(row: SearchRow): Work<boolean | SlowMessage> {
    const emailId = row[7];
    const message = factsOf(row);
    const { test } = this.#key;
    const first = test({ message, email: null, content: null });
    if (first !== null) return first;
    let email: EmailFacts | null = null;
    if (this.#key.asksEmail) {
      email = (yield* one(emailFacts, { id: emailId })) ?? null;
      const second = test({ message, email, content: null });
      if (second !== null) return second;
    }
    const content = yield* this.#open(emailId);
    const large = this.#key.cost === costs.body && content !== null && content.sizes.body > quickBytes;
    if (large) return { row, email, content };
    return this.#withContent((content) => test({ message, email, content }) === true, content);
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

  /** Asks a question about content; what is damaged is answered as if it were empty. */
  #withContent(ask: (content: ContentFacts) => boolean, message: StoredMessage | null): boolean {
    if (message === null) return ask(noContent);
    try {
      return ask(message.facts());
    } catch (error) {
      if (isLost(error)) return ask(noContent);
      throw error;
    }
  }
}

function factsOf(row: SearchRow): MessageFacts {
  const [uid, modseq, bits, keywords, size, internalDate, saveDate] = row;
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
