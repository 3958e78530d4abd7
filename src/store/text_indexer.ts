/**
 * Keeps the full-text index up to date, when nothing else is to be done: after commits, never in their way.
 *
 * It waits until the writer has been quiet for a moment, adds a few emails, and looks again. Under load that never ends it
 * adds a few every second all the same. While others read, it rests most of the time. It goes on from the last email that it looked at, whatever was killed when. Emails
 * that are deleted are removed from the index at the next moment of quiet; those that were deleted while it could not note
 * that (the program was killed) are looked for after the next start.
 *
 * Tested by `src/accounts/mail_search_indexer_test.ts`.
 *
 * @module
 */
import { type Bytes, KiB } from "../base/bytes.ts";
import type { Timer } from "../base/clock.ts";
import { Refused } from "../base/errors.ts";
import type { Counter, Gauge } from "../base/metrics.ts";
import type { BodyRow } from "./bodies.ts";
import { turn } from "./connection.ts";
import { decodeParts } from "./part_table.ts";
import { literal, many, numbersOf, one, prepared, someTuples, tuples, type Work } from "./query.ts";
import type { Store } from "./store.ts";
import type { NewText } from "./text_file.ts";
import { TextIndex } from "./text_index.ts";
import {
  type SearchedText,
  sourceBytes,
  type TextParser,
  type TextSource,
  textSource,
} from "./text_source.ts";
import type { DeletedEmail } from "./transaction.ts";

/** The writer is quiet when it has done nothing for so long. */
export const quietMs = 150;

/**
 * While others read, each batch is followed by a rest this many times as long as it took: all reading and indexing is one
 * thread, and whoever waits for an answer must not share it evenly with what nobody waits for.
 */
const restsPerBatch = 4;
/** The shortest such rest, in milliseconds. */
export const shortestRestMs = 5;

/** Under load, a batch is added at least this often. */
export const longestWaitMs = 1000;

/** Emails of one batch, and about how many octets of them: 2 ms for short ones, some ten for usual ones. */
const batchEmails = 16;
const batchBytes = 256 * KiB;

/** After the disk was full, or while there is no parser. */
export const retryMs = 30_000;

/** Emails removed at once, and looked at at once by the sweep. */
const removedAtOnce = 100;
const sweptAtOnce = 1000;

type EmailRow = readonly [
  id: number,
  accountId: number,
  prefix: Bytes,
  parts: Bytes,
  bodyId: number,
  size: number,
  sha256: string,
  inFile: number,
  blocks: Bytes,
  bytes: Bytes | null,
];

const emailsBehind = prepared((db, p: { id: number }) =>
  db.selectFrom("emails as e").innerJoin("bodies as b", "b.id", "e.body_id")
    .select(["e.id", "e.account_id", "e.prefix", "e.parts"])
    .select(["b.id as body_id", "b.size", "b.sha256", "b.in_file", "b.blocks", "b.bytes"])
    .where("e.id", ">", p.id).orderBy("e.id").limit(literal(batchEmails))
);

const metaValue = prepared((db, p: { name: string }) =>
  db.selectFrom("meta").select("value").where("name", "=", p.name)
);

const emailsAmong = prepared((db, p: { ids: string; accountId: number }) =>
  db.selectFrom("emails").select("id").where("id", "in", numbersOf(p.ids)).where(
    "account_id",
    "=",
    p.accountId,
  )
);

const emailsOfMailbox = prepared((db, p: { accountId: number; mailboxId: number; uid: number }) =>
  db.selectFrom("messages").select(["uid", "email_id"])
    .where("account_id", "=", p.accountId).where("mailbox_id", "=", p.mailboxId).where("uid", ">", p.uid)
    .where("expunged", "=", 0).orderBy("uid").limit(literal(sweptAtOnce))
);

const mailboxesOf = prepared((db, p: { accountId: number }) =>
  db.selectFrom("mailboxes").select("id").where("account_id", "=", p.accountId)
);

/** An email that was read, and what is to become text of it; null if it cannot be read. */
interface ReadEmail {
  readonly accountId: number;
  readonly emailId: number;
  readonly source: TextSource | null;
}

/**
 * Opens the index of a store, which is in a folder, and uses it from now on. To be closed (`stop`) before the store is.
 */
export function openTexts(store: Store, folder: string, parser: TextParser): TextIndexer {
  const created = store.read(one(metaValue, { name: "created" }))?.value ?? 0;
  const index = new TextIndex({
    folder,
    database: String(created),
    lastEmail: store.emailIds.last,
    log: store.log,
    parser,
  });
  store.texts = index;
  return new TextIndexer(store, index);
}

/** The worker. */
export class TextIndexer {
  readonly #store: Store;
  readonly #index: TextIndex;
  readonly #indexed: Counter;
  readonly #behind: Gauge;
  readonly #deleted: DeletedEmail[] = [];
  #lastGroup = -Infinity;
  /** How often the store was read for the index itself, and by others when a batch began last. */
  #ownReads = 0;
  #othersReads = 0;
  #stopped = false;
  #waitsForMail = false;
  #wake: (() => void) | null = null;
  #running: Promise<void> | null = null;

  constructor(store: Store, index: TextIndex) {
    this.#store = store;
    this.#index = index;
    const { metrics } = store;
    this.#indexed = metrics.counter("mailden_text_index_emails_total", "Emails looked at for the index.", [
      { result: "ok" },
      { result: "failed" },
    ]);
    this.#behind = metrics.gauge("mailden_text_index_behind", "Row ids of emails that are not indexed yet.");
    store.onGroup = () => {
      this.#lastGroup = store.clock.monotonic();
      if (this.#waitsForMail) this.#wake?.();
    };
    store.onEmailsDeleted = (emails) => {
      for (const email of emails) this.#deleted.push(email);
    };
  }

  start(): void {
    this.#running ??= this.#run().catch((error: unknown) =>
      this.#store.log.error("the full-text index is not kept up to date until the next start", {
        error: error instanceof Error ? error : new Error(String(error)),
      })
    );
  }

  /** Ends soon, and closes the index. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#store.onGroup = null;
    this.#store.onEmailsDeleted = null;
    this.#wake?.();
    await this.#running;
    this.#store.texts = null;
    this.#index.close(this.#deleted.length === 0);
  }

  /** Indexes everything there is now, without waiting for quiet. For tests and benchmarks. */
  async catchUp(): Promise<void> {
    while (await this.#batch());
    this.#remove();
  }

  async #run(): Promise<void> {
    while (!this.#stopped && this.#index.usable) {
      try {
        await this.#quiet();
        if (this.#stopped) return;
        const more = await this.#paced();
        if (this.#deleted.length > 0) this.#remove();
        else if (!more && this.#index.needsSweep) await this.#sweep();
        else if (!more) {
          this.#waitsForMail = true;
          await this.#sleep(null);
          this.#waitsForMail = false;
        }
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        this.#store.log.info("indexing waits", { reason: error.reason, why: error.message });
        await this.#sleep(retryMs);
      }
    }
  }

  /** Resolves when the writer is quiet, or has not been so for long. */
  async #quiet(): Promise<void> {
    const { clock } = this.#store;
    const until = clock.monotonic() + longestWaitMs;
    for (;;) {
      const now = clock.monotonic();
      const left = Math.min(this.#lastGroup + quietMs, until) - now;
      if (left <= 0 || this.#stopped) return await turn();
      await this.#sleep(left);
    }
  }

  /** A batch; and a rest, if others have read since the one before. */
  async #paced(): Promise<boolean> {
    const { clock } = this.#store;
    const began = clock.monotonic();
    const more = await this.#batch();
    const others = this.#store.reads - this.#ownReads;
    const areReading = others > this.#othersReads;
    this.#othersReads = others;
    if (areReading && more) {
      await this.#sleep(Math.max(shortestRestMs, restsPerBatch * (clock.monotonic() - began)));
    }
    return more;
  }

  #ask<T>(work: Work<T>): T {
    this.#ownReads++;
    return this.#store.read(work);
  }

  /** Adds a few emails; false if there are none. */
  async #batch(): Promise<boolean> {
    const emails: ReadEmail[] = [];
    const from = this.#index.done;
    let done = from;
    const { rows } = this.#ask(someTuples<EmailRow>(emailsBehind, { id: from }, batchBytes));
    let bytes = 0;
    for (const row of rows) {
      const email = await this.#read(row);
      done = row[0];
      if (email === null) continue;
      emails.push(email);
      bytes += email.source === null ? 0 : sourceBytes(email.source);
      if (bytes >= batchBytes) break;
    }
    this.#behind.set(rows.length === 0 ? 0 : Math.max(0, this.#store.emailIds.last - done));
    if (rows.length === 0 || this.#stopped) return false;
    const texts = await this.#texts(emails);
    if (this.#stopped || !this.#index.usable) return false;
    if (this.#index.done !== from) return true; // It was made anew meanwhile.
    this.#index.add(texts, done);
    for (const { text } of texts) this.#indexed.add({ result: text === null ? "failed" : "ok" });
    return true;
  }

  async #texts(emails: readonly ReadEmail[]): Promise<NewText[]> {
    const sources = emails.flatMap(({ source }) => source === null ? [] : [source]);
    const texts: (SearchedText | null)[] = sources.length === 0 ? [] : await this.#index.read(sources);
    let next = 0;
    return emails.map(({ accountId, emailId, source }) => ({
      accountId,
      emailId,
      text: source === null ? null : texts[next++] ?? null,
    }));
  }

  /** What is searched of an email; null if it was deleted meanwhile. */
  async #read(row: EmailRow): Promise<ReadEmail | null> {
    const [emailId, accountId, prefix, parts, id, size, sha256, in_file, blocks, bytes] = row;
    const body: BodyRow = { id, size, sha256, in_file, blocks, bytes };
    try {
      const message = { prefix, root: decodeParts(parts), body: this.#store.bodies.reader(body) };
      const reading = textSource(message);
      let step = reading.next();
      while (!step.done) {
        step = reading.next();
        if (in_file === 1) await turn();
      }
      return { accountId, emailId, source: step.value };
    } catch (error) {
      if (error instanceof Refused && error.reason === "expunged") return null;
      if (!(error instanceof Refused || error instanceof SyntaxError)) throw error;
      return { accountId, emailId, source: null }; // Damaged: whoever searches finds it so.
    }
  }

  /** Removes a few emails that were deleted. */
  #remove(): void {
    while (this.#deleted.length > 0) {
      const some = this.#deleted.slice(0, removedAtOnce);
      for (const [accountId, emails] of Map.groupBy(some, (each) => each.accountId)) {
        this.#index.remove(accountId, emails.map((each) => each.emailId));
      }
      this.#deleted.splice(0, some.length);
      if (!this.#stopped) break; // The others at the next moment of quiet.
    }
  }

  /** Removes emails that are gone, which nobody could note. */
  async #sweep(): Promise<void> {
    const last = this.#index.done;
    for (let id: number | null = this.#index.nextAccount(-1); id !== null; id = this.#index.nextAccount(id)) {
      const live = await this.#liveEmails(id);
      for (let from = 0;;) {
        if (this.#stopped) return;
        const emails = this.#index.emails(id, from, sweptAtOnce);
        const unseen = emails.filter((each) => each <= last && !live.has(each));
        // A message that was moved meanwhile may not have been seen.
        const ids = JSON.stringify(unseen);
        const there = new Set(
          this.#ask(many(emailsAmong, { ids, accountId: id })).map((row) => row.id),
        );
        const gone = unseen.filter((each) => !there.has(each));
        if (gone.length > 0) this.#index.remove(id, gone);
        if (emails.length < sweptAtOnce) break;
        from = (emails.at(-1) ?? 0) + 1;
        await turn();
      }
    }
    this.#index.swept();
  }

  async #liveEmails(accountId: number): Promise<Set<number>> {
    const live = new Set<number>();
    for (const { id: mailboxId } of this.#ask(many(mailboxesOf, { accountId }))) {
      for (let uid = 0;;) {
        type Row = readonly [uid: number, emailId: number];
        const rows: Row[] = this.#ask(tuples<Row>(emailsOfMailbox, { accountId, mailboxId, uid }));
        for (const [, emailId] of rows) live.add(emailId);
        const last = rows.at(-1);
        if (last === undefined || rows.length < sweptAtOnce || this.#stopped) break;
        uid = last[0];
        await turn();
      }
    }
    return live;
  }

  /** So long, or until somebody wakes it. */
  #sleep(ms: number | null): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    let timer: Timer | null = null;
    this.#wake = () => {
      timer?.cancel();
      this.#wake = null;
      resolve();
    };
    if (ms !== null) timer = this.#store.clock.after(ms, () => this.#wake?.());
    return promise;
  }
}
