/**
 * The file of the full-text index, `text.sqlite`: all of it that only SQLite understands (FTS5). Another database has
 * another file like this one.
 *
 * ```text
 * docs     a row for each email that was looked at: its state, and its folded text, compressed
 * words    for each three characters in a row (a trigram), in which emails they are; not where
 * meta     format, the last email that was looked at, whether the last end was a clean one
 * ```
 *
 * The emails that have all the trigrams of a text are those that have the text and some more: of 800 pieces of English
 * prose none more for a rare word, three quarters more for "the client". Their text in `docs` then tells for certain.
 * Positions as well (`detail=full`) would tell at once, and make `words` seven times as large: 3.2 times the text instead
 * of 0.44, with headers half of which were random letters.
 *
 * Row ids are `account * 2^33 + email`, so that an account's emails lie together and are found by a range.
 *
 * WAL and synchronous=NORMAL: a killed process leaves the state of some commit, and so does a power failure, if an
 * older one; neither can damage it. What is missing is indexed again.
 *
 * Tested by `src/store/text_index_test.ts`.
 *
 * @module
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { deflateSync, inflateSync } from "node:zlib";
import { fromStrictUtf8, utf8 } from "../base/bytes.ts";
import type { SearchedText } from "./text_source.ts";

/** Its name in the data folder, and those of the files that SQLite puts beside it. */
export const textFileName = "text.sqlite";
export const textFileNames = ["", "-wal", "-shm"].map((end) => `${textFileName}${end}`);

/** Emails and accounts with higher row ids are not indexed. */
const emailsOfAccount = 2 ** 33;
const maxAccount = 2 ** 20 - 1;

/** Most characters of one email that are indexed: 25 to 50 ms, which nothing can interrupt. Longer ones are looked at themselves. */
export const maxIndexedChars = 128 * 1024;

/** What is known of an email. */
export const states = { whole: 0, long: 1, failed: 2 } as const;

/** Trigrams of a text that are asked for; with more the answer hardly gets better. */
const maxTrigrams = 32;

/** Emails (by their row ids) that one query goes through: some milliseconds. */
export const windowEmails = 32 * 1024;

/** An email to be added; `text` is null where the parser failed. */
export interface NewText {
  readonly accountId: number;
  readonly emailId: number;
  readonly text: SearchedText | null;
}

type Bound = number | string | Uint8Array;

/** The file, open. Every method throws what SQLite throws; `text_index.ts` knows what to make of it. */
export class TextFile {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string) {
    Deno.openSync(path, { create: true, write: true, mode: 0o600 }).close(); // SQLite would make it 0644.
    this.#db = new DatabaseSync(path);
    try {
      this.#db.exec(`
        pragma page_size = 4096;
        pragma journal_mode = wal;
        pragma synchronous = normal;
        pragma wal_autocheckpoint = 2000;
        pragma journal_size_limit = 16777216;
        pragma cache_size = -16384;
        pragma temp_store = memory;
        create table if not exists meta (name text primary key not null, value text not null) without rowid;
        create table if not exists docs
          (id integer primary key not null, state integer not null, header blob not null, body blob not null);
        create index if not exists docs_looked_at on docs (id) where state <> 0;
        create virtual table if not exists words using fts5
          (text, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1');
        insert into words (words, rank) values ('automerge', 8);
      `);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** Whether an account's emails have a place here. */
  static holds(accountId: number): boolean {
    return accountId <= maxAccount;
  }

  get(name: string): string | null {
    const value = this.#row("select value from meta where name = ?", name)?.["value"];
    return typeof value === "string" ? value : null;
  }

  set(name: string, value: string): void {
    this.#run(
      "insert into meta (name, value) values (?, ?) on conflict do update set value = excluded.value",
      name,
      value,
    );
  }

  /** As {@link set}; returns once it is on the disk. */
  setForCertain(name: string, value: string): void {
    this.#db.exec("pragma synchronous = full");
    this.set(name, value);
    this.#db.exec("pragma synchronous = normal");
  }

  /** Adds emails, and says up to which one all were looked at. One transaction. */
  add(texts: readonly NewText[], done: number): void {
    this.#transaction(() => {
      // In order: FTS5 writes out what it has whenever a row comes that belongs before the last.
      for (
        const each of texts.toSorted((a, b) => keyOf(a.accountId, a.emailId) - keyOf(b.accountId, b.emailId))
      ) {
        if (TextFile.holds(each.accountId) && each.emailId < emailsOfAccount) this.#add(each);
      }
      this.set("done", String(done));
    });
  }

  #add({ accountId, emailId, text }: NewText): void {
    const key = keyOf(accountId, emailId);
    const state = text === null
      ? states.failed
      : text.header.length + text.body.length > maxIndexedChars
      ? states.long
      : states.whole;
    const kept = state === states.whole ? text : null;
    const insert = "insert into docs (id, state, header, body) values (?, ?, ?, ?)";
    this.#run(insert, key, state, packed(kept?.header ?? ""), packed(kept?.body ?? ""));
    if (kept === null) return;
    this.#run("insert into words (rowid, text) values (?, ?)", key, `${kept.header}\uffff${kept.body}`);
  }

  /** Removes emails, whichever of them are there. One transaction. */
  remove(accountId: number, emailIds: readonly number[]): void {
    this.#transaction(() => {
      for (const emailId of emailIds) this.#remove(keyOf(accountId, emailId));
    });
  }

  #remove(key: number): void {
    const state = this.#row("delete from docs where id = ? returning state", key)?.["state"];
    if (state === states.whole) this.#run("delete from words where rowid = ?", key);
  }

  /** The first email of an account behind another; null if there is none. */
  next(accountId: number, behind: number): number | null {
    const [from, to] = [keyOf(accountId, behind), keyOf(accountId, emailsOfAccount - 1)];
    const id = this.#row("select min(id) as id from docs where id > ? and id <= ?", from, to)?.["id"];
    return typeof id === "number" ? id - keyOf(accountId, 0) : null;
  }

  /** The first account behind another that has emails here; null if there is none. */
  nextAccount(behind: number): number | null {
    const id = this.#row("select min(id) as id from docs where id >= ?", keyOf(behind + 1, 0))?.["id"];
    return typeof id === "number" ? Math.floor(id / emailsOfAccount) : null;
  }

  /** Emails of an account from one to another, at most so many. */
  emails(accountId: number, from: number, limit: number): number[] {
    const base = keyOf(accountId, 0);
    const sql = "select id from docs where id between ? and ? order by id limit ?";
    return this.#ids(sql, base + from, base + emailsOfAccount - 1, limit).map((id) => id - base);
  }

  /** Emails of an account whose text is not here, at most so many. */
  lookedAt(accountId: number, limit: number): number[] {
    const base = keyOf(accountId, 0);
    const sql = "select id from docs where state <> 0 and id between ? and ? order by id limit ?";
    return this.#ids(sql, base, base + emailsOfAccount - 1, limit).map((id) => id - base);
  }

  /** Emails of an account, from one to another, that have every trigram of a text: all that have it, and some more. */
  having(accountId: number, trigrams: string, from: number, to: number): number[] {
    const base = keyOf(accountId, 0);
    const sql = "select rowid as id from words where words match ? and rowid between ? and ? order by rowid";
    return this.#ids(sql, trigrams, base + from, base + to).map((id) => id - base);
  }

  /** The text of an email; null if it is not here. @throws Also where it is damaged. */
  text(accountId: number, emailId: number): SearchedText | null {
    const row = this.#row("select state, header, body from docs where id = ?", keyOf(accountId, emailId));
    if (row === undefined || row["state"] !== states.whole) return null;
    return { header: unpacked(row["header"]), body: unpacked(row["body"]) };
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #transaction(work: () => void): void {
    this.#db.exec("begin immediate");
    try {
      work();
      this.#db.exec("commit");
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("rollback");
      throw error;
    }
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, statement = this.#db.prepare(sql));
    return statement;
  }

  #run(sql: string, ...values: Bound[]): void {
    this.#prepare(sql).run(...values);
  }

  #row(sql: string, ...values: Bound[]): Record<string, unknown> | undefined {
    return this.#prepare(sql).get(...values);
  }

  #ids(sql: string, ...values: Bound[]): number[] {
    return this.#prepare(sql).all(...values).map((row) => Number(row["id"]));
  }
}

function keyOf(accountId: number, emailId: number): number {
  return accountId * emailsOfAccount + emailId;
}

/**
 * The query for the trigrams of a text; null where it has none, being shorter than three characters, or cannot be asked. Of a long text some
 * of them, from all of it.
 */
export function trigramsOf(text: string): string | null {
  if (text.includes("\0")) return null; // FTS5 would read up to it.
  const characters = [...text];
  const count = characters.length - 2;
  if (count < 1) return null;
  const step = Math.max(1, count / maxTrigrams);
  const asked = new Set<string>();
  for (let at = 0; at < count; at += step) {
    const i = Math.floor(at);
    asked.add(characters.slice(i, i + 3).join(""));
  }
  return [...asked].map((each) => `"${each.replaceAll('"', '""')}"`).join(" AND ");
}

/** With zlib's checksum, which tells when it comes back otherwise. */
function packed(text: string): Uint8Array {
  return text === "" ? new Uint8Array(0) : deflateSync(utf8(text), { level: 1 });
}

function unpacked(value: unknown): string {
  if (!(value instanceof Uint8Array)) throw new SyntaxError("a text of the index is none");
  if (value.length === 0) return "";
  const text = fromStrictUtf8(inflateSync(value, { maxOutputLength: 4 * maxIndexedChars }));
  if (text === null) throw new SyntaxError("a text of the index is no text");
  return text;
}
