/**
 * The full-text index: which emails may have a text, and the text of those that are indexed.
 *
 * It is kept beside the database and behind it: emails are added after their commit (`text_indexer.ts`). So it says of
 * each email what it knows: not yet looked at, wholly indexed, or to be looked at itself (too long, or the parser failed
 * on it). Whoever asks looks at the latter themselves, which keeps every answer exact and complete.
 *
 * Nothing depends on the file. Where it is damaged, of another format, of another database, or ahead of the database (which
 * was then restored from a backup), it is deleted and made again. Where it cannot be used at all, nothing is indexed.
 * Rows of emails that are gone do no harm: their row ids are never given to others (`email_ids.ts`).
 *
 * @module
 */
import { versions } from "node:process";
import { Refused } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { type DatabaseFailure, databaseFailure } from "./connection.ts";
import { lacksRoom } from "./room.ts";
import {
  type NewText,
  TextFile,
  textFileName,
  textFileNames,
  trigramsOf,
  windowEmails,
} from "./text_file.ts";
import { maxSearchedChars, type SearchedText, type TextParser, type TextSource } from "./text_source.ts";

/** Raised when texts come out otherwise: then all are made anew. */
export const textFormat = 1;

/** Most emails that one search is told of; texts that more have are looked for in each. */
export const maxHits = 1_000_000;

/** Most emails of an account that must be looked at themselves and are known by name; with more, all are. */
export const maxLookedAt = 100_000;

export interface TextIndexSettings {
  /** The data folder. */
  readonly folder: string;
  /** What tells one database from another. */
  readonly database: string;
  /** The last email of the database. */
  readonly lastEmail: number;
  readonly log: Log;
  readonly parser: TextParser;
}

/** Emails of an account that may have a text: all that are indexed and have it, and some more. Ascending. */
export interface Hits {
  readonly count: number;
  has(emailId: number): boolean;
  [Symbol.iterator](): Iterator<number>;
}

/** What is known of an account's emails now. */
export interface Known {
  /** Whether an email is wholly indexed. */
  has(emailId: number): boolean;
  /** Emails behind this one are not indexed. */
  readonly done: number;
  /** Those before it that are not; null if they are too many to name. */
  readonly except: readonly number[] | null;
}

/** The index of a store. */
export class TextIndex {
  readonly #settings: TextIndexSettings;
  #file: TextFile | null = null;
  #done = 0;
  /** Whether the file was made anew because it could not be used. Once is damage; twice is something else. */
  #remade = false;
  #needsSweep = false;

  constructor(settings: TextIndexSettings) {
    this.#settings = settings;
    this.#open();
  }

  /** Whether there is an index that can be added to. */
  get usable(): boolean {
    return this.#file !== null;
  }

  /** Every email up to this one was looked at. */
  get done(): number {
    return this.#file === null ? 0 : this.#done;
  }

  /** Whether emails that are gone may be in the file: it was not closed well. */
  get needsSweep(): boolean {
    return this.#needsSweep;
  }

  /** What is known of an account's emails, now: to be taken before {@link find}, and kept for the search. */
  known(accountId: number): Known {
    const none: Known = { has: () => false, done: 0, except: [] };
    if (!TextFile.holds(accountId)) return none;
    return this.#try((file) => {
      const found = file.lookedAt(accountId, maxLookedAt + 1);
      if (found.length > maxLookedAt) return { has: () => false, done: this.#done, except: null };
      const [done, except] = [this.#done, new Set(found)];
      return { done, except: found, has: (emailId) => emailId <= done && !except.has(emailId) };
    }) ?? none;
  }

  /**
   * Looks for a folded text in an account, in steps of a few milliseconds. Null where the index cannot tell: the text is
   * too short, too many have it, or there is no index.
   *
   * @param limit Most hits.
   */
  *find(accountId: number, folded: string, limit: number = maxHits): Generator<void, Hits | null> {
    const trigrams = trigramsOf(folded);
    if (trigrams === null || !TextFile.holds(accountId)) return null;
    const found: number[] = [];
    for (let from: number | null = 0; from !== null;) {
      const behind: number = from;
      const window: { emails: number[]; to: number } | "end" | null = this.#try((file) => {
        const first = file.next(accountId, behind);
        if (first === null) return "end";
        const to = first + windowEmails - 1;
        return { emails: file.having(accountId, trigrams, first, to), to };
      });
      if (window === null) return null;
      if (window === "end") return new SortedHits(Float64Array.from(found));
      for (const emailId of window.emails) found.push(emailId);
      if (found.length > limit) return null;
      from = window.to;
      yield;
    }
    return null;
  }

  /** The text of an email that is indexed; null where it is not. */
  text(accountId: number, emailId: number): SearchedText | null {
    return this.#try((file) => file.text(accountId, emailId));
  }

  /**
   * Makes texts of messages that are not indexed, checked.
   *
   * @throws {Refused} `tryLater` if there is no parser now.
   */
  async read(sources: readonly TextSource[]): Promise<(SearchedText | null)[]> {
    const texts = await this.#settings.parser.read(sources);
    return sources.map((_, i) => checked(texts[i] ?? null));
  }

  /** Adds texts of emails. `done`: every email up to this one was looked at. @throws {Refused} `diskFull` */
  add(texts: readonly NewText[], done: number): void {
    this.#try((file) => {
      file.add(texts, done);
      this.#done = done;
    });
  }

  /** Removes emails. @throws {Refused} `diskFull` */
  remove(accountId: number, emailIds: readonly number[]): void {
    this.#try((file) => file.remove(accountId, emailIds));
  }

  /** The first account behind another that has emails in the file. */
  nextAccount(behind: number): number | null {
    return this.#try((file) => file.nextAccount(behind));
  }

  /** Emails of an account in the file, from one on, at most so many. */
  emails(accountId: number, from: number, limit: number): number[] {
    return this.#try((file) => file.emails(accountId, from, limit)) ?? [];
  }

  /** Emails that are gone are all out of the file. */
  swept(): void {
    this.#needsSweep = false;
  }

  /** @param clean Whether emails that are gone are all out of the file. */
  close(clean: boolean): void {
    if (clean && !this.#needsSweep) this.#try((file) => file.set("clean", "yes"));
    this.#file?.close();
    this.#file = null;
  }

  /** Runs something on the file. What is wrong with it costs the index, and nobody else anything. */
  #try<T>(work: (file: TextFile) => T): T | null {
    const file = this.#file;
    if (file === null) return null;
    try {
      return work(file);
    } catch (error) {
      if (this.#failure(error) === "diskFull") {
        throw new Refused("diskFull", "no space for the index", error);
      }
      this.#lose(error);
      return null;
    }
  }

  #failure(error: unknown): DatabaseFailure | null {
    return databaseFailure(error, () => lacksRoom(`${this.#settings.folder}/${textFileName}`));
  }

  #lose(error: unknown): void {
    const { log } = this.#settings;
    try {
      this.#file?.close();
    } catch { /* What is wrong with it was told. */ }
    this.#file = null;
    if (this.#remade) {
      log.error("the full-text index fails again and again: search goes on without it until the next start", {
        error: asError(error),
      });
      return;
    }
    this.#remade = true;
    log.warn("the full-text index is damaged: it is deleted and made again", { error: asError(error) });
    removeTextFile(this.#settings.folder);
    this.#open();
  }

  #open(): void {
    const { folder, database, lastEmail, log } = this.#settings;
    // Unicode's tables decide what text is folded to.
    const format = `${textFormat} ${versions["unicode"] ?? ""} ${database}`;
    try {
      this.#file = new TextFile(`${folder}/${textFileName}`);
      const found = this.#file.get("format");
      const done = Number(this.#file.get("done") ?? 0);
      if (found !== null && (found !== format || !(done <= lastEmail))) {
        log.info("the full-text index is of another format or database: it is made again");
        this.#file.close();
        removeTextFile(folder);
        this.#file = new TextFile(`${folder}/${textFileName}`);
      }
      if (this.#file.get("format") === null) this.#file.set("format", format);
      this.#done = Number(this.#file.get("done") ?? 0);
      this.#needsSweep = this.#done > 0 && this.#file.get("clean") !== "yes";
      this.#file.setForCertain("clean", "no");
    } catch (error) {
      if (this.#failure(error) === "diskFull") {
        log.warn("there is no space for the full-text index: search goes on without it", {
          error: asError(error),
        });
        this.#file?.close();
        this.#file = null;
      } else this.#lose(error);
    }
  }
}

/** Deletes the index of a data folder that nobody serves; tells whether there was one. */
export function removeTextFile(folder: string): boolean {
  let found = false;
  for (const name of textFileNames) {
    try {
      Deno.removeSync(`${folder}/${name}`);
      found = true;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return found;
}

/** What the parser said, if it can be believed: it reads what strangers wrote. */
function checked(text: SearchedText | null): SearchedText | null {
  if (text === null) return null;
  const { header, body } = text;
  if (typeof header !== "string" || typeof body !== "string") return null;
  if (header.length + body.length > maxSearchedChars) return null;
  // FTS5 reads a text only up to a NUL.
  const good = [header, body].every((each) => each.isWellFormed() && !each.includes("\0"));
  return good ? { header, body } : null;
}

class SortedHits implements Hits {
  readonly #emails: Float64Array;

  constructor(emails: Float64Array) {
    this.#emails = emails;
  }

  get count(): number {
    return this.#emails.length;
  }

  has(emailId: number): boolean {
    let low = 0;
    let high = this.#emails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#emails[middle] ?? 0) < emailId) low = middle + 1;
      else high = middle;
    }
    return this.#emails[low] === emailId;
  }

  [Symbol.iterator](): Iterator<number> {
    return this.#emails.values();
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
