/**
 * What the full-text index knows for one search: of each email of which it knows all, whether it can have the texts that
 * are searched for, and which emails are worth looking at.
 *
 * Of emails that the index does not know it says nothing: those are looked at themselves.
 *
 * Tested by `src/accounts/mail_search_index_test.ts`.
 *
 * @module
 */
import type { Ranges, SearchKey } from "../imap/search_key.ts";
import { messagesBetween, type UidsBetween } from "../store/message_rows.ts";
import { numbersOf, prepared, tuples } from "../store/query.ts";
import type { Store } from "../store/store.ts";
import { type Hits, type Known, maxHits, type TextIndex } from "../store/text_index.ts";
import type { SearchedText } from "../store/text_source.ts";
import { hasUid } from "./mail_ranges.ts";
import { isStoredField, type TextFacts } from "./mail_search_key.ts";
import { fold } from "./mail_search_text.ts";

/** Emails that a search is narrowed to; with more, every message of the mailbox is asked about. */
export const maxNarrowed = 5000;

/** UIDs that one query goes through: a few milliseconds. */
const windowUids = 16 * 1024;

const uidsOf = prepared((db, p: UidsBetween & { emails: string; done: number }) =>
  messagesBetween(db, p).select("uid").where((eb) =>
    eb.or([eb("email_id", "in", numbersOf(p.emails)), eb("email_id", ">", p.done)])
  )
);

/** The index, as one search sees it. */
export class SearchIndex {
  readonly #index: TextIndex;
  readonly #accountId: number;
  readonly #key: SearchKey;
  readonly #known: Known;
  /** By folded text; null where the index cannot tell. */
  readonly #hits = new Map<string, Hits | null>();
  readonly #quick: TextFacts;

  private constructor(index: TextIndex, accountId: number, key: SearchKey) {
    this.#index = index;
    this.#accountId = accountId;
    this.#key = key;
    this.#known = index.known(accountId);
    this.#quick = { has: (_where, text) => (this.#hits.get(text) ?? null) === null ? null : false };
  }

  /** Null where there is no index, or nothing that it could help with. */
  static of(store: Store, accountId: number, key: SearchKey): SearchIndex | null {
    const { texts } = store;
    if (texts === null || textsOf(key).next().done === true) return null;
    return new SearchIndex(texts, accountId, key);
  }

  /** Looks for all texts, in steps of a few milliseconds. To be run first. */
  *find(): Generator<void> {
    let left = maxHits;
    for (const text of textsOf(this.#key)) {
      if (this.#hits.has(text)) continue;
      const hits: Hits | null = yield* this.#index.find(this.#accountId, text, left);
      left -= hits?.count ?? 0;
      this.#hits.set(text, hits);
    }
  }

  /** What is known of an email without reading anything; null if it is not indexed. */
  quick(emailId: number): TextFacts | null {
    if (!this.#known.has(emailId)) return null;
    for (const hits of this.#hits.values()) {
      if (hits === null || hits.has(emailId)) return this.#some(emailId);
    }
    return this.#quick;
  }

  /** All that is known of an email; null if it is not indexed. */
  exact(emailId: number): TextFacts | null {
    if (!this.#known.has(emailId)) return null;
    const text = this.#index.text(this.#accountId, emailId);
    return text === null ? null : factsOf(text);
  }

  /**
   * The UIDs of those messages of a mailbox that can match, in steps of a few milliseconds. Null where the index cannot
   * narrow the search.
   *
   * @param within UIDs of interest, ascending.
   */
  *narrow(store: Store, mailboxId: number, within: Ranges): Generator<void, Ranges | null> {
    const emails = this.#within(this.#key);
    const { done, except } = this.#known;
    if (emails === null || except === null || emails.size + except.length > maxNarrowed) return null;
    for (const emailId of except) emails.add(emailId);
    const values = { accountId: this.#accountId, mailboxId, emails: JSON.stringify([...emails]), done };
    const [first = 1, last = 0] = [within[0], within.at(-1)];
    const ranges: number[] = [];
    for (let from = first; from <= last; from += windowUids) {
      const to = Math.min(last, from + windowUids - 1);
      for (const [uid] of store.read(tuples<readonly [uid: number]>(uidsOf, { ...values, from, to }))) {
        if (!hasUid(within, uid)) continue;
        if (ranges.at(-1) === uid - 1) ranges[ranges.length - 1] = uid;
        else ranges.push(uid, uid);
      }
      yield;
    }
    return ranges;
  }

  #some(emailId: number): TextFacts {
    return {
      has: (_where, text) => {
        const hits = this.#hits.get(text) ?? null;
        return hits === null || hits.has(emailId) ? null : false;
      },
    };
  }

  /** Emails outside of which no indexed email can match; null if that is not known, or too many. */
  #within(key: SearchKey): Set<number> | null {
    switch (key.key) {
      case "and": {
        const sets = key.keys.map((each) => this.#within(each)).filter((each) => each !== null);
        return sets.toSorted((a, b) => a.size - b.size)[0] ?? null;
      }
      case "or": {
        const [left, right] = [this.#within(key.left), this.#within(key.right)];
        if (left === null || right === null || left.size + right.size > maxNarrowed) return null;
        return left.union(right);
      }
      default: {
        const text = textOf(key);
        const hits = text === null ? null : this.#hits.get(text) ?? null;
        return hits === null || hits.count > maxNarrowed ? null : new Set(hits);
      }
    }
  }
}

/** What a text, as the parser made it, says. */
export function factsOf(text: SearchedText): TextFacts {
  return {
    has: (where, folded) => where === "text" && text.header.includes(folded) || text.body.includes(folded),
  };
}

/** The folded texts of a key that the index may know of. Their number is checked when the key is compiled. */
function* textsOf(key: SearchKey): Generator<string> {
  const open: SearchKey[] = [key];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const text = textOf(next);
    if (text !== null) yield text;
    if (next.key === "and") open.push(...next.keys);
    else if (next.key === "or") open.push(next.left, next.right);
    else if (next.key === "not") open.push(next.inner);
  }
}

function textOf(key: SearchKey): string | null {
  if (key.key !== "text" && key.key !== "body" && key.key !== "header") return null;
  if (key.text === "" || key.key === "header" && isStoredField(key.field.toLowerCase())) return null;
  return fold(key.text);
}
