/**
 * Searches whose results are followed: RETURN (UPDATE), and what is told when they change. RFC 5267 4.3
 *
 * The results are kept by UID, in their order. When messages came or changed, those alone are searched anew, and what
 * differs is told. Where a message comes in among sorted results, the store is asked by sorting it with some of them.
 *
 * `arrivals.ts` says when. What the client does not hear of (NOTIFY NONE, RFC 5465 3.1) changes no results, either, until it
 * wants to hear of it again; what its own commands change does.
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail } from "../accounts/mail.ts";
import { Refused } from "../base/errors.ts";
import type { CancelUpdate } from "../imap/command.ts";
import type { FetchItem } from "../imap/fetch_item.ts";
import { CommandError } from "../imap/command_error.ts";
import { distinct } from "../imap/fetch.ts";
import { writeCondition } from "../imap/response.ts";
import { type ResultChange, writeEsearch } from "../imap/search_answer.ts";
import type { SearchKey } from "../imap/search_key.ts";
import { rangesOf } from "../imap/sequence_set.ts";
import { planFetch } from "./fetch_plan.ts";
import { find } from "./finding.ts";
import type { Context, Followed } from "./followed.ts";
import { type Completion, ok, refusal } from "./replies.ts";
import type { Session } from "./session.ts";
import type { MailboxView } from "./view.ts";

/** Searches of one session that are followed, and results of all of them. RFC 5267 4.3.1 */
export const maxContexts = 32;
export const maxContextResults = 1_000_000;

/** So many new results are placed one by one; for more, everything is sorted again. */
const singly = 64;

/** Results that a new one is compared with in one question; a hundred thousand take three. */
const pivots = 62;

/** Follows a search from now on, or tells that it is not followed. */
export function follow(session: Session, view: MailboxView, followed: Followed, results: Uint32Array): void {
  const tooMany = view.contexts.size >= maxContexts || resultsOf(view) + results.length > maxContextResults ||
    !canFetch(session, view, followed.items);
  const context = { ...followed, results };
  if (tooMany) giveUp(session, view, context, "too many searches are followed");
  else view.contexts.set(followed.tag, context);
}

/** Results that are kept. */
function resultsOf(view: MailboxView): number {
  let kept = 0;
  for (const context of view.contexts.values()) kept += context.results.length;
  return kept;
}

/** Whether everything that can be asked of one message that arrives, and these items, is no more than a FETCH may ask. */
export function canFetch(
  { notifications }: Session,
  view: MailboxView | null,
  more: readonly FetchItem[],
): boolean {
  const followed = [...view?.contexts.values() ?? []].flatMap(({ items }) => items);
  try {
    planFetch(distinct([...notifications?.selected?.fetch ?? [], ...followed, ...more]));
    return true;
  } catch (error) {
    if (error instanceof Refused || error instanceof CommandError) return false;
    throw error;
  }
}

/** CANCELUPDATE. A tag that nobody follows is no error: the client may have been told NOUPDATE. */
export function cancelUpdate(view: MailboxView, command: CancelUpdate): Completion {
  for (const tag of command.tags) view.contexts.delete(tag);
  return ok("no further updates");
}

/** What is gone from the mailbox; to be told while its numbers are still valid. RFC 5267 4.3.4 */
export function forgetGone(session: Session, view: MailboxView, gone: Uint32Array): void {
  if (gone.length === 0) return;
  for (const context of view.contexts.values()) take(session, view, context, new Set(gone));
}

/** What is new of a followed search. */
export interface Difference {
  readonly context: Context;
  readonly gone: ReadonlySet<number>;
  /** In the context's order. */
  readonly added: Uint32Array;
}

/** Messages came, or changed: what that means to each search. */
export async function differences(
  session: Session,
  mail: Mail,
  view: MailboxView,
  changed: Uint32Array,
): Promise<Difference[]> {
  if (changed.length === 0) return [];
  const found: Difference[] = [];
  const uids: SearchKey = { key: "uids", set: rangesOf(changed) };
  for (const context of view.contexts.values()) {
    try {
      const key: SearchKey = { key: "and", keys: [uids, context.key] };
      const now = await find(mail, view, key, context.criteria, nothing);
      const matching = new Set(now.uids);
      const before = new Set(context.results);
      found.push({
        context,
        gone: new Set(changed.filter((uid) => before.has(uid) && !matching.has(uid))),
        added: now.uids.filter((uid) => !before.has(uid)),
      });
    } catch (error) {
      giveUpAfter(session, view, context, error);
    }
  }
  return found;
}

/** Tells it, and keeps it. */
export async function tellDifference(
  session: Session,
  mail: Mail,
  view: MailboxView,
  { context, gone, added }: Difference,
): Promise<void> {
  if (view.contexts.get(context.tag) !== context) return; // It was given up meanwhile.
  try {
    take(session, view, context, gone);
    await add(session, mail, view, context, added);
  } catch (error) {
    return giveUpAfter(session, view, context, error);
  }
  if (resultsOf(view) > maxContextResults) giveUp(session, view, context, "too many results are followed");
}

/** The search is followed no longer. RFC 5267 4.3.1 */
function giveUp(session: Session, view: MailboxView, { tag }: Context, text: string): void {
  view.contexts.delete(tag);
  writeCondition(session.out.w, null, "NO", { code: "NOUPDATE", tag }, text);
}

/** What the store refused to say is not told a second time. @throws {unknown} If the session cannot go on. */
function giveUpAfter(session: Session, view: MailboxView, context: Context, error: unknown): void {
  if (!(error instanceof Refused) || error.reason === "noCapability") throw error;
  giveUp(session, view, context, refusal(error.reason).text);
}

const nothing = () => Promise.resolve();

/** Takes results away. */
function take(session: Session, view: MailboxView, context: Context, gone: ReadonlySet<number>): void {
  const { results, criteria } = context;
  const changes: ResultChange[] = [];
  // From the last to the first, so that places stay what they are.
  for (let end = results.length; end > 0;) {
    if (!gone.has(results[end - 1] ?? 0)) {
      end--;
      continue;
    }
    let first = end - 1;
    while (first > 0 && gone.has(results[first - 1] ?? 0)) first--;
    changes.push({ place: first + 1, results: told(view, context, results.subarray(first, end)) });
    end = first;
  }
  if (changes.length === 0) return;
  context.results = results.filter((uid) => !gone.has(uid));
  const removeFrom = criteria === null
    ? [{ place: 0, results: told(view, context, results.filter((uid) => gone.has(uid))) }]
    : changes;
  writeEsearch(session.out.w, { ...nameOf(context), removeFrom });
}

/** Adds results; `added` is in the context's order. */
async function add(
  session: Session,
  mail: Mail,
  view: MailboxView,
  context: Context,
  added: Uint32Array,
): Promise<void> {
  if (added.length === 0) return;
  if (context.criteria === null) {
    context.results = Uint32Array.from([...context.results, ...added]).sort();
    const addTo = [{ place: 0, results: told(view, context, added) }];
    return writeEsearch(session.out.w, { ...nameOf(context), addTo });
  }
  const places = added.length <= singly
    ? await placesOneByOne(mail, view, context, added)
    : await placesInOrder(mail, view, context, added);
  const runs: { place: number; uids: number[] }[] = [];
  const results = [...context.results];
  for (const [uid, at] of places) {
    results.splice(at, 0, uid);
    const last = runs.at(-1);
    if (last !== undefined && last.place + last.uids.length === at + 1) last.uids.push(uid);
    else runs.push({ place: at + 1, uids: [uid] });
  }
  context.results = Uint32Array.from(results);
  const addTo = runs.map(({ place, uids }) => ({
    place,
    results: told(view, context, Uint32Array.from(uids)),
  }));
  writeEsearch(session.out.w, { ...nameOf(context), addTo });
}

/** UIDs and the places at which they come in, one after the other, in ascending order. */
type Places = readonly (readonly [uid: number, at: number])[];

async function placesOneByOne(
  mail: Mail,
  view: MailboxView,
  context: Context,
  added: Uint32Array,
): Promise<Places> {
  const places: [uid: number, at: number][] = [];
  let from = 0;
  for (const uid of added) {
    const at = await placeOf(mail, view, context, uid, from);
    places.push([uid, at + places.length]);
    from = at;
  }
  return places;
}

/** For many: everything is sorted again. */
async function placesInOrder(
  mail: Mail,
  view: MailboxView,
  context: Context,
  added: Uint32Array,
): Promise<Places> {
  const isAdded = new Set(added);
  const order = await sortedAgain(mail, view, context, [...context.results, ...added]);
  const known = new Map([...context.results].map((uid, at) => [uid, at]));
  const places: [uid: number, at: number][] = [];
  let from = 0; // Counted in the results as they are: those that are gone meanwhile are not in the order.
  for (const uid of order) {
    if (isAdded.has(uid)) places.push([uid, from + places.length]);
    else from = Math.max(from, (known.get(uid) ?? 0) + 1);
  }
  return places;
}

/** Some messages in the context's order. */
async function sortedAgain(
  mail: Mail,
  view: MailboxView,
  context: Context,
  uids: readonly number[],
): Promise<Uint32Array> {
  const some: SearchKey = { key: "uids", set: rangesOf(Uint32Array.from(uids).sort()) };
  // The key, too, where it gives the scores that are sorted by.
  const key: SearchKey = { key: "and", keys: [some, ...scored(context) ? [context.key] : []] };
  return (await find(mail, view, key, context.criteria, nothing)).uids;
}

/** Where a message belongs among the sorted results as they are, not before `from`. */
async function placeOf(
  mail: Mail,
  view: MailboxView,
  context: Context,
  uid: number,
  from: number,
): Promise<number> {
  const { results } = context;
  let low = from;
  let high = results.length;
  let all = false;
  while (low < high) {
    const step = all ? 1 : Math.max(1, Math.ceil((high - low) / pivots));
    const asked: number[] = [];
    for (let at = low; at < high; at += step) asked.push(at);
    const order = await sortedAgain(mail, view, context, [...asked.map((at) => results[at] ?? 0), uid]);
    const before = new Set(order.subarray(0, Math.max(0, order.indexOf(uid))));
    // Those that are gone meanwhile say nothing.
    const there = asked.filter((at) => order.includes(results[at] ?? 0));
    const behind = there.find((at) => !before.has(results[at] ?? 0));
    const ahead = there.findLast((at) => before.has(results[at] ?? 0));
    if (behind === undefined && ahead === undefined) {
      if (step === 1) return low;
      all = true; // Those between them may be there still.
      continue;
    }
    high = behind ?? high;
    low = ahead === undefined ? low : ahead + 1;
    if (ahead === undefined && behind === asked[0]) return low;
  }
  return low;
}

function scored({ criteria }: Context): boolean {
  return criteria?.some((criterion) => criterion.key === "relevancy") ?? false;
}

function nameOf({ tag, uid, mailbox }: Context) {
  return { tag, uid, ...(mailbox === undefined ? {} : { mailbox }) };
}

/** Results in the client's terms, in their order. */
function told(view: MailboxView, { uid }: Context, uids: Uint32Array) {
  return rangesOf(uid ? uids : uids.map((each) => view.numberOf(each)));
}
