/**
 * What the twin's `search`, `sort` and `thread` give, in batches.
 *
 * Tested by `src/imapd/testing/memory_mail_test.ts`.
 *
 * @module
 */
import {
  maxSortCriteria,
  type SearchBatch,
  type SearchRequest,
  type SortRequest,
  type ThreadBatch,
  type ThreadRequest,
} from "../../accounts/mail.ts";
import { Refused } from "../../base/errors.ts";
import { compileScore } from "../../accounts/mail_search_score.ts";
import type { SearchKey } from "../../imap/search_key.ts";
import { casemap } from "../../message/casemap.ts";
import type { MemoryMessage } from "./memory_message.ts";
import { matches } from "./memory_search.ts";
import { sorted } from "./memory_sort.ts";
import { threaded } from "./memory_thread.ts";

interface Settings {
  readonly now: () => number;
  /** Messages looked at by one batch. */
  readonly searchBatch: number;
}

export async function* searchBatches(
  messages: readonly MemoryMessage[],
  request: SearchRequest,
  settings: Settings,
): AsyncGenerator<SearchBatch> {
  const all = [...messages];
  const now = settings.now();
  for (let at = 0; at < all.length || at === 0; at += settings.searchBatch) {
    const slice = all.slice(at, at + settings.searchBatch);
    const found = slice.filter((message) => matches(request.key, message, now));
    await Promise.resolve();
    yield batchOf(found, request.key, at + slice.length, all.length);
  }
}

export async function* sortBatches(
  messages: readonly MemoryMessage[],
  request: SortRequest,
  settings: Settings,
): AsyncGenerator<SearchBatch> {
  if (request.criteria.length > maxSortCriteria) throw new Refused("tooMany", "too many sort criteria");
  const all = [...messages];
  const found = all.filter((message) => matches(request.key, message, settings.now()));
  for (let at = 0; at < all.length; at += settings.searchBatch) {
    await Promise.resolve();
    yield batchOf([], request.key, at, all.length);
  }
  const score = scoreOf(request.key);
  const order = sorted(found, request.criteria, (message) => score?.(message) ?? 0);
  yield batchOf(order, request.key, all.length, all.length);
}

export async function* threadBatches(
  messages: readonly MemoryMessage[],
  request: ThreadRequest,
  settings: Settings,
): AsyncGenerator<ThreadBatch> {
  const found = messages.filter((message) => matches(request.key, message, settings.now()));
  const total = messages.length;
  for (let at = 0; at < total; at += settings.searchBatch) {
    await Promise.resolve();
    yield { uids: new Uint32Array(), depths: new Uint32Array(), looked: at, total };
  }
  const told = threaded(found, request.algorithm);
  yield {
    uids: Uint32Array.from(told, (each) => each.uid),
    depths: Uint32Array.from(told, (each) => each.depth),
    looked: total,
    total,
  };
}

function batchOf(
  found: readonly MemoryMessage[],
  key: SearchKey,
  looked: number,
  total: number,
): SearchBatch {
  const score = scoreOf(key);
  return {
    uids: Uint32Array.from(found, (message) => message.uid),
    modseqs: Float64Array.from(found, (message) => message.modseq),
    scores: score === null ? null : Uint8Array.from(found, score),
    looked,
    total,
  };
}

/** The scores are those of the store: what they mean is its own to say. */
function scoreOf(key: SearchKey): ((message: MemoryMessage) => number) | null {
  const score = compileScore(key);
  if (score === null) return null;
  return ({ uid, modseq, bits, keywords, internalDate, saveDate, email: { emailId, threadId, index } }) =>
    score({
      message: { uid, modseq, bits, keywords: keywords.join(" "), size: index.size, internalDate, saveDate },
      email: {
        emailId,
        threadId,
        sent: index.date,
        subject: casemap(index.subject),
        from: casemap(index.from),
        to: casemap(index.to),
        cc: casemap(index.cc),
        bcc: casemap(index.bcc),
      },
      content: null,
    });
}
