/**
 * Changing flags. RFC 9051 6.4.6, RFC 7162 3.1.3
 *
 * Long lists are done in slices, each with a MODSEQ of its own: if they shared one, somebody who asks between two
 * slices would never learn of the second.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import { changeableFlags } from "../imap/acl.ts";
import { deleted, flagBits, maxKeywordLength, maxKeywords, seen } from "../imap/flags.ts";
import { allRights, right } from "../imap/rights.ts";
import { noteKeywords } from "../store/add_message.ts";
import { CountChange } from "../store/counts.ts";
import { messagesBetween, type UidsBetween } from "../store/message_rows.ts";
import { literal, numbersOf, prepared, run, type Work } from "../store/query.ts";
import type { SlicedWork } from "../store/transaction.ts";
import type { StoredFlags, StoreFlags } from "./mail.ts";
import { inChunks } from "./mail_chunks.ts";
import { FlagColumnsBuilder, NumbersBuilder } from "./mail_columns.ts";
import type { CursorQuery } from "./mail_cursor.ts";
import { keywordsOf } from "./mail_keywords.ts";
import type { AccountWork } from "./mail_mailboxes.ts";

/** Messages changed between two places where the writer may turn to others: two to three milliseconds. */
const chunk = 500;

/** Every bit that is a flag. */
const allBits = Object.values(flagBits).reduce((all, bit) => all | bit, 0);

/** RFC 9051 9: flag-keyword is an atom, here in lower case, and none of ours that are bits. */
const keywordSyntax = /^[^\x00-\x20\x7f-\uffff(){%*"\\\]A-Z]+$/;

type FlagRow = readonly [uid: number, modseq: number, bits: number, keywords: string, size: number];

/** Keywords that are bits: they are never stored as words. */
const bitWords = new Set(Object.keys(flagBits).map((flag) => flag.toLowerCase()));

const flagRows = prepared((db, p: UidsBetween) =>
  messagesBetween(db, p).select(["uid", "modseq", "bits", "keywords", "size"]).limit(literal(chunk))
);

const flagQuery: CursorQuery = { query: flagRows, limit: chunk, maxBytes: null };

const setFlags = prepared((
  db,
  p: { accountId: number; mailboxId: number; uids: string; bits: number; keywords: string; modseq: number },
) =>
  db.updateTable("messages").set({ bits: p.bits, keywords: p.keywords, modseq: p.modseq })
    .where("account_id", "=", p.accountId).where("mailbox_id", "=", p.mailboxId)
    .where("uid", "in", numbersOf(p.uids))
);

/** Flags as they are stored. */
export interface FlagSet {
  readonly bits: number;
  /** Ascending, joined by spaces. */
  readonly keywords: string;
}

/**
 * Checks flags and puts keywords in their order.
 *
 * @throws {Refused} `badRequest` for what is no flag, `tooMany`.
 */
export function flagSet(bits: number, keywords: readonly string[]): FlagSet {
  if (!Number.isInteger(bits) || (bits & ~allBits) !== 0 || bits < 0) {
    throw new Refused("badRequest", "not the bits of flags");
  }
  if (keywords.length > maxKeywords) throw new Refused("tooMany", "too many keywords");
  for (const keyword of keywords) {
    if (keyword.length > maxKeywordLength || !keywordSyntax.test(keyword) || bitWords.has(keyword)) {
      throw new Refused("badRequest", "a keyword is no atom in lower case, or too long");
    }
  }
  return { bits, keywords: [...new Set(keywords)].sort().join(" ") };
}

/**
 * Of somebody's rights, those that a STORE makes use of: each for its flags. Flags that may not be changed are passed
 * over; only where none may be, all that it would take is returned. RFC 4314 4
 */
export function rightsToStore(request: StoreFlags, rights: number): number {
  const { bits, keywords, mode } = request;
  const all = mode === "replace";
  const used = (all || (bits & seen) !== 0 ? right.seen : 0) |
    (all || (bits & deleted) !== 0 ? right.markDeleted : 0) |
    (all || (bits & ~(seen | deleted)) !== 0 || keywords.length > 0 ? right.write : 0);
  return (used & rights) === 0 ? used : used & rights;
}

/** `Mail.storeFlags`, by somebody with these rights: see {@link rightsToStore}. */
export function* storeFlags(
  work: AccountWork,
  request: StoreFlags,
  rights: number = allRights,
): SlicedWork<StoredFlags> {
  const { mailbox, unchangedSince } = request;
  const change = new FlagChange(request, rights);
  const modified = new NumbersBuilder();
  const flags = new FlagColumnsBuilder();
  const before = new NumbersBuilder();
  const own = new OwnChanges();
  yield* inChunks<FlagRow>(work, flagQuery, request, function* (rows) {
    const free = unchangedSince === null ? rows : rows.filter((row) => row[1] <= unchangedSince);
    if (free.length < rows.length) {
      for (const row of rows) if (row[1] > (unchangedSince ?? Infinity)) modified.add(row[0]);
    }
    yield* changeRows(work, mailbox, free, change, flags, own);
    for (const [, modseq] of free) before.add(modseq);
  });
  return {
    modified: modified.finishUids(),
    flags: flags.finish(),
    before: before.finish(),
    alone: own.alone,
  };
}

/** Changes a few messages with one MODSEQ; those that have the flags already are left as they are. */
function* changeRows(
  work: AccountWork,
  mailboxId: number,
  rows: readonly FlagRow[],
  change: FlagChange,
  flags: FlagColumnsBuilder,
  own: OwnChanges,
): Work<void> {
  const { accountId, tx } = work;
  const wanted = rows.map(([, , bits, keywords]) => change.of(bits, keywords));
  const groups = new Map<FlagSet, number[]>();
  const counts = new CountChange();
  for (const [i, [uid, , bits, keywords, size]] of rows.entries()) {
    const after = wanted[i];
    if (after === undefined || (after.bits === bits && after.keywords === keywords)) continue;
    counts.reflag(bits, after.bits, size);
    const group = groups.get(after);
    if (group === undefined) groups.set(after, [uid]);
    else group.push(uid);
  }
  const changed = groups.size > 0;
  yield* noteKeywords(accountId, mailboxId, keywordsOf([...groups.keys()].map((after) => after.keywords)));
  const modseq = changed ? yield* tx.counts.takeModSeq(accountId) : 0;
  if (changed) own.note((yield* tx.counts.mailbox(accountId, mailboxId))?.highest_modseq ?? 0, modseq);
  for (const [after, uids] of groups) {
    yield* run(setFlags, { accountId, mailboxId, uids: JSON.stringify(uids), ...after, modseq });
  }
  if (changed) yield* tx.count(accountId, mailboxId, modseq, counts);
  for (const [i, [uid, before, bits, keywords]] of rows.entries()) {
    const after = wanted[i] ?? { bits, keywords };
    const same = after.bits === bits && after.keywords === keywords;
    flags.add(uid, same ? before : modseq, after.bits, after.keywords);
  }
}

/** Whether all that changed in a mailbox, from the first of some changes to the last, were these. */
class OwnChanges {
  #since = 0;
  #until = 0;
  #others = false;

  /** @param before The mailbox's MODSEQ before the change that has this one. */
  note(before: number, modseq: number): void {
    if (this.#until === 0) this.#since = before;
    else if (before !== this.#until) this.#others = true;
    this.#until = modseq;
  }

  get alone(): StoredFlags["alone"] {
    return this.#until === 0 || this.#others ? null : { since: this.#since, until: this.#until };
  }
}

/** What a STORE makes of flags. Equal flags give the same object, so that messages can be grouped by it. */
class FlagChange {
  readonly #mode: StoreFlags["mode"];
  readonly #given: FlagSet;
  readonly #words: ReadonlySet<string>;
  readonly #may: { readonly bits: number; readonly keywords: boolean };
  readonly #mayAll: boolean;
  readonly #results = new Map<string, FlagSet>();
  readonly #distinct = new Map<string, FlagSet>();

  constructor(request: StoreFlags, rights: number) {
    const may = this.#may = changeableFlags(rights);
    this.#mayAll = (allBits & ~may.bits) === 0 && may.keywords;
    this.#mode = request.mode;
    const asked = flagSet(request.bits, request.keywords);
    this.#given = this.#mayAll || request.mode === "replace"
      ? asked
      : { bits: asked.bits & may.bits, keywords: may.keywords ? asked.keywords : "" };
    this.#words = new Set(words(this.#given.keywords));
  }

  of(bits: number, keywords: string): FlagSet {
    if (this.#mode === "replace" && this.#mayAll) return this.#given;
    const before = `${bits} ${keywords}`;
    const known = this.#results.get(before);
    if (known !== undefined) return known;
    const made = this.#make(bits, keywords);
    const key = `${made.bits} ${made.keywords}`;
    const after = this.#distinct.get(key) ?? made;
    this.#distinct.set(key, after);
    this.#results.set(before, after);
    return after;
  }

  #make(bits: number, keywords: string): FlagSet {
    const given = this.#given;
    if (this.#mode === "replace") {
      const may = this.#may;
      return {
        bits: (bits & ~may.bits) | (given.bits & may.bits),
        keywords: may.keywords ? given.keywords : keywords,
      };
    }
    if (this.#mode === "remove") {
      const left = words(keywords).filter((word) => !this.#words.has(word));
      return { bits: bits & ~given.bits, keywords: left.join(" ") };
    }
    const all = new Set([...words(keywords), ...this.#words]);
    if (all.size > maxKeywords) throw new Refused("tooMany", "too many keywords of one message");
    return { bits: bits | given.bits, keywords: [...all].sort().join(" ") };
  }
}

function words(keywords: string): string[] {
  return keywords === "" ? [] : keywords.split(" ");
}
