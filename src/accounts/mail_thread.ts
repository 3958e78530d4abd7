/**
 * THREAD, from the store: reads what the algorithms of `message/threading.ts` need of what a search finds. RFC 5256 3
 *
 * Tested by `src/accounts/mail_store_test.ts`.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import { orderedSubject, references, ThreadInput, type Threads } from "../message/threading.ts";
import { turn } from "../store/connection.ts";
import type { Store } from "../store/store.ts";
import type { ThreadBatch, ThreadRequest } from "./mail.ts";
import { fieldMask, FieldReader } from "./mail_email_fields.ts";
import { findAll, sentDate } from "./mail_sort.ts";

/** Characters of message ids and subjects of one THREAD: those of a million messages with a dozen references each. */
export const maxThreadChars = 256 * 1024 * 1024;

const chunk = 2000;
const told = 32_768;

const subjectColumns = ["sent", "subject", "sort_subject", "is_reply"] as const;
const referenceColumns = [...subjectColumns, "message_id", "refs"] as const;

/** `Mail.thread`. Leaving the loop ends it. */
export async function* threadMessages(
  store: Store,
  accountId: number,
  request: ThreadRequest,
  maxChars = maxThreadChars,
): AsyncGenerator<ThreadBatch, void, undefined> {
  const { algorithm } = request;
  const searching = findAll(store, accountId, request);
  let step = await searching.next();
  for (; step.done !== true; step = await searching.next()) yield batchOf(null, 0, 0, step.value);
  const found = step.value;
  const done = { looked: found.total, total: found.total };
  const byReferences = algorithm === "references";
  const reader = new FieldReader(accountId, fieldMask(byReferences ? referenceColumns : subjectColumns));
  const place = {
    sent: reader.place("sent"),
    subject: reader.place("subject"),
    base: reader.place("sort_subject"),
    reply: reader.place("is_reply"),
    id: reader.place("message_id"),
    refs: reader.place("refs"),
  };
  const input = new ThreadInput(found.uids);
  const gone = new Set<number>();
  for (let at = 0; at < found.uids.length; at += chunk) {
    const ids = found.emailIds.subarray(at, at + chunk);
    const rows = store.read(reader.read(ids));
    for (let i = 0; i < ids.length; i++) {
      const row = rows.of(ids[i] ?? 0);
      if (row === undefined) gone.add(at + i);
      const date = sentDate(row, place.sent, found.internalDates[at + i] ?? 0);
      const subject = String(row?.[place.base] ?? row?.[place.subject] ?? "");
      const id = byReferences ? row?.[place.id] : null;
      const refs = byReferences ? String(row?.[place.refs] ?? "") : "";
      input.add(date, subject, row?.[place.reply] === 1, typeof id === "string" ? id : null, refs);
    }
    if (input.length > maxChars) throw new Refused("tooMany", "too many references to thread by");
    yield batchOf(null, 0, 0, done);
    await turn();
  }
  input.leaveOut(gone); // Of what was expunged since it was found, nobody knows where it belongs.
  const threading = byReferences ? references(input) : orderedSubject(input);
  let threads = threading.next();
  for (; threads.done !== true; threads = threading.next()) {
    yield batchOf(null, 0, 0, done);
    await turn();
  }
  for (let at = 0; at < threads.value.uids.length || at === 0; at += told) {
    yield batchOf(threads.value, at, at + told, done);
  }
}

const none = new Uint32Array();

function batchOf(
  threads: Threads | null,
  from: number,
  to: number,
  progress: { readonly looked: number; readonly total: number },
): ThreadBatch {
  const uids = threads?.uids.slice(from, to) ?? none;
  return { uids, depths: threads?.depths.slice(from, to) ?? none, ...progress };
}
