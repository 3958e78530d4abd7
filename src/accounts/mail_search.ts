/**
 * SEARCH, in slices: each message is decided by as little as will do. RFC 9051 6.4.4
 *
 * First its own row, read for many messages at once, with what the full-text index knows; then its email's row, then its
 * text in the index, then its bytes, each only for those that are still undecided. Bodies are searched up to a limit
 * (`maxSearchedBytes`).
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
import { factsOf as factsOfText, SearchIndex } from "./mail_search_index.ts";
import {
  type CompiledKey,
  compileKey,
  type ContentFacts,
  costs,
  type EmailFacts,
  type MessageFacts,
  type TextFacts,
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
  for (const _step of search.prepare()) {
    if (store.clock.monotonic() - told >= progressMs) {
      yield search.batch();
      told = store.clock.monotonic();
    }
    await turn();
  }
  while (!search.done) {
    store.read(search.slice());
    await search.settle();
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
interface Looked {
  readonly row: SearchRow;
  readonly slow: SlowMessage | null;
}

/** One search under way. */
class Search {
  readonly #store: Store;
  readonly #accountId: number;
  readonly #mailboxId: number;
  readonly #key: CompiledKey;
  readonly #uids: Ranges;
  readonly #index: SearchIndex | null;
  #cursor: MessageCursor<SearchRow>;
  /** Whether the parser is asked; not once it could not be had. */
  #parses: boolean;
  /** In the order of their UIDs. */
  #line: Looked[] = [];
  #awaited = 0;
  #awaitedBytes = 0;
  readonly #total: number;
  #looked = 0;
  #found = new NumbersBuilder();
  #modseqs = new NumbersBuilder();

  constructor(store: Store, accountId: number, request: SearchRequest) {
    this.#store = store;
    this.#accountId = accountId;
    this.#mailboxId = request.mailbox;
    this.#key = compileKey(request.key, store.clock.now());
    const { messages, uid_next } = store.read(mailboxWithId(accountId, request.mailbox));
    this.#total = messages;
    // Nothing that comes in while the search goes on.
    this.#uids = below(rangesOf(request.key), uid_next);
    this.#index = SearchIndex.of(store, accountId, request.key);
    this.#parses = store.texts !== null;
    this.#cursor = this.#cursorOver(this.#uids);
  }

  #cursorOver(uids: Ranges): MessageCursor<SearchRow> {
    const query = this.#key.cost === costs.message ? cheapQuery : dearQuery;
    return new MessageCursor(query, { accountId: this.#accountId, mailboxId: this.#mailboxId, uids });
  }

  /** Asks the index what it knows, in steps of a few milliseconds. To be run first. */
  *prepare(): Generator<void> {
    if (this.#index === null) return;
    yield* this.#index.find();
    const uids = yield* this.#index.narrow(this.#store, this.#mailboxId, this.#uids);
    if (uids !== null) this.#cursor = this.#cursorOver(uids);
  }

  get done(): boolean {
    return this.#cursor.done;
  }

  /** Messages found and not yet told. */
  get found(): number {
    return this.#found.length;
  }

  /** What was found since the last call. */
  batch(): SearchBatch {
    const [uids, modseqs] = [this.#found.finishUids(), this.#modseqs.finish()];
    this.#found = new NumbersBuilder();
    this.#modseqs = new NumbersBuilder();
    const looked = this.done ? this.#total : Math.min(this.#looked, this.#total);
    return { uids, modseqs, looked, total: this.#total };
  }

  /** Looks at messages until the slice is over, or until enough of them are for {@link settle}. */
  *slice(): Work<void> {
    const slice = this.#store.slice();
    if ((yield* mailboxOrNull(this.#accountId, this.#mailboxId)) === null) {
      throw new Refused("noSuchMailbox", "the mailbox was deleted while it was searched");
    }
    while (!this.#cursor.done) {
      const rows = yield* this.#cursor.next();
      for (const [i, row] of rows.entries()) {
        this.#looked++;
        const verdict = yield* this.#matches(row);
        if (typeof verdict !== "boolean") this.#await(row, verdict);
        else if (verdict) this.#line.push({ row, slow: null });
        const enough = this.#awaited >= maxAwaited || this.#awaitedBytes >= maxAwaitedBytes;
        if (enough || this.#key.cost > costs.message && slice.full() && i + 1 < rows.length) {
          this.#cursor.seek(row[0] + 1);
          return;
        }
      }
      if (slice.full()) return;
    }
  }

  #await(row: SearchRow, slow: SlowMessage): void {
    this.#line.push({ row, slow });
    this.#awaited++;
    this.#awaitedBytes += Math.min(slow.content.sizes.body, maxSearchedBytes);
  }

  /** Decides what waits, outside of any transaction, and notes in order what was found. */
  async settle(): Promise<void> {
    const line = this.#line;
    this.#line = [];
    this.#awaited = this.#awaitedBytes = 0;
    const waiting = line.flatMap(({ slow }) => slow ?? []);
    const texts = waiting.length === 0 ? [] : await this.#parsed(waiting);
    for (const { row, slow } of line) {
      if (slow !== null && !await this.#decide(row, slow, texts.shift() ?? null)) continue;
      this.#found.add(row[0]);
      this.#modseqs.add(row[1]);
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

  /** Decides with the text, or else reads the message itself piece by piece. */
  async #decide(row: SearchRow, { email, content }: SlowMessage, text: TextFacts | null): Promise<boolean> {
    const message = factsOf(row);
    const ask = (content: ContentFacts) => this.#key.test({ message, email, content, text }) === true;
    try {
      const facts = content.facts();
      if (text === null) { for (const _piece of facts.prepare()) await turn(); }
      return ask(facts);
    } catch (error) {
      if (!isLost(error)) throw error;
      return ask(noContent);
    }
  }

  *#matches(row: SearchRow): Work<boolean | SlowMessage> {
    const emailId = row[7];
    const message = factsOf(row);
    const { test } = this.#key;
    let text = this.#index?.quick(emailId) ?? null;
    const first = test({ message, email: null, content: null, text });
    if (first !== null) return first;
    let email: EmailFacts | null = null;
    if (this.#key.asksEmail) {
      email = (yield* one(emailFacts, { id: emailId })) ?? null;
      const second = test({ message, email, content: null, text });
      if (second !== null) return second;
    }
    if (text !== null) {
      text = this.#index?.exact(emailId) ?? null;
      const third = test({ message, email, content: null, text });
      if (third !== null) return third;
    }
    const content = yield* this.#open(emailId);
    const slow = text === null && this.#parses || content !== null && content.sizes.body > quickBytes;
    if (this.#key.cost === costs.body && content !== null && slow) return { email, content, text };
    return this.#withContent((content) => test({ message, email, content, text }) === true, content);
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
