/**
 * ESEARCH: a search of several mailboxes. RFC 7377
 *
 * Mailboxes are searched one after the other. Message numbers, `*` and \Recent mean what they would in each of them; numbers
 * that it does not have mean nothing (RFC 7377 2).
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail, MailboxInfo, MailboxList } from "../accounts/mail.ts";
import { Refused } from "../base/errors.ts";
import type { MailboxFilter, MultiSearch, SequenceSet } from "../imap/command.ts";
import { delimiter } from "../imap/mailbox_name.ts";
import { right } from "../imap/rights.ts";
import { resolveSearch } from "../imap/search.ts";
import { writeEsearch } from "../imap/search_answer.ts";
import type { SearchKey } from "../imap/search_key.ts";
import { resolveSequence, star } from "../imap/sequence_set.ts";
import { choose } from "./chosen.ts";
import { follow } from "./contexts.ts";
import { esearch, find, type Found, saved } from "./finding.ts";
import { refuseMany } from "./limit.ts";
import { Progress } from "./progress.ts";
import { bad, type Completion, ok } from "./replies.ts";
import { asksModSeq } from "./search.ts";
import type { Session } from "./session.ts";
import { enableCondstore } from "./updates.ts";
import { MailboxView } from "./view.ts";

/** RFC 7377 2.4 */
export const maxSearchedMailboxes = 1000;

export async function multiSearch(
  session: Session,
  mail: Mail,
  command: MultiSearch,
  tag: string,
): Promise<Completion> {
  const forget = () => {
    if (session.view !== null && command.returns?.includes("SAVE")) session.view.saved = new Uint32Array();
  };
  try {
    const completion = await searchAll(session, mail, command, tag);
    if (completion.status === "NO") forget();
    return completion;
  } catch (error) {
    if (!(error instanceof SyntaxError)) forget(); // RFC 5182 2.1
    throw error;
  }
}

async function searchAll(
  session: Session,
  mail: Mail,
  command: MultiSearch,
  tag: string,
): Promise<Completion> {
  const { view } = session;
  const { sources, returns } = command;
  const asks = (option: "SAVE" | "UPDATE") => returns?.includes(option) ?? false;
  const onlySelected = sources.every((source) => source.filter === "selected");
  if (view === null && sources.some((source) => source.filter === "selected")) {
    return bad("select a mailbox first");
  }
  // RFC 7377 2.2
  if (asks("SAVE") && !onlySelected) return bad("SAVE is for the selected mailbox only");
  if (asks("UPDATE") && view === null) return bad("UPDATE needs a selected mailbox");
  if (asks("UPDATE") && view?.contexts.has(tag) === true) return bad("tag is in use");
  if (command.modSeq || asksModSeq(command)) enableCondstore(session);
  const mailboxes = chosen(await mail.list({}), sources, view?.id ?? null);
  if (mailboxes.length > maxSearchedMailboxes) throw new Refused("tooMany", "too many mailboxes to search");
  const progress = new Progress(session, tag);
  const goal = mailboxes.reduce((sum, mailbox) => sum + mailbox.messages, 0);
  const refused = refuseMany(session, goal);
  if (refused !== null) return refused;
  let done = 0;
  for (const { id, name, messages } of mailboxes) {
    const report = (looked: number) => progress.report(done + looked, goal);
    const searched = id === view?.id
      ? await searchIn(mail, view, command, report)
      : await searchOther(mail, id, command, report);
    done += messages;
    if (searched === null) continue;
    const { here, key, found } = searched;
    const mailbox = { name, uidValidity: here.uidValidity };
    if (asks("SAVE")) here.saved = saved(found.uids, command);
    // RFC 7377 2.1: of a mailbox without a match, nothing is told.
    if (found.uids.length > 0 && returns?.every((option) => option === "SAVE") !== true) {
      const answer = esearch(tag, true, command, command.modSeq, found, found.uids);
      writeEsearch(session.out.w, { ...answer, mailbox });
      if (session.out.full) await session.out.flush();
    }
    if (asks("UPDATE") && here === view) {
      const items = command.updates ?? [];
      follow(session, view, { tag, uid: true, key, criteria: null, items, mailbox }, found.uids);
    }
  }
  return ok("done");
}

type Report = (looked: number) => Promise<void>;

/** What was found where, and by which key. */
interface Searched {
  readonly here: MailboxView;
  readonly key: SearchKey;
  readonly found: Found;
}

async function searchIn(
  mail: Mail,
  here: MailboxView,
  command: MultiSearch,
  report: Report,
): Promise<Searched> {
  const key = keyIn(here, command);
  return { here, key, found: await find(mail, here, key, null, report) };
}

/** A mailbox that is not selected, as whoever selects it sees it; null if it is gone, also in the middle of the search. */
async function searchOther(
  mail: Mail,
  id: number,
  command: MultiSearch,
  report: Report,
): Promise<Searched | null> {
  try {
    const view = new MailboxView(await mail.open({ mailbox: id, claimRecent: false }), true);
    return await searchIn(mail, view, command, report);
  } catch (error) {
    const { reason } = error instanceof Refused ? error : { reason: null };
    if (reason === "noSuchMailbox" || reason === "noPermission") return null;
    throw error;
  }
}

function keyIn(view: MailboxView, { key }: MultiSearch): SearchKey {
  return resolveSearch(key, {
    numbers(set: SequenceSet) {
      const known = resolveSequence({ ...set, ranges: existing(set.ranges, view.count) }, view.count);
      return choose(view, { ranges: known, saved: set.saved }, false).uids;
    },
    uids: (set: SequenceSet) => choose(view, set, true).uids,
    recent: () => view.recent,
  });
}

/** Pairs of message numbers without those above the last; `*` is the last, if there is one. */
function existing(ranges: readonly number[], count: number): number[] {
  const kept: number[] = [];
  for (let i = 0; i < ranges.length; i += 2) {
    const [a, b] = [ranges[i] ?? 0, ranges[i + 1] ?? 0].map((n) => n === star ? count : n);
    const [low, high] = [Math.min(a ?? 0, b ?? 0), Math.max(a ?? 0, b ?? 0)];
    if (low >= 1 && low <= count) kept.push(low, Math.min(high, count));
  }
  return kept;
}

/** The mailboxes that are meant, each once, by name. Names of none are passed over. RFC 5465 6 */
function chosen(
  { mailboxes }: MailboxList,
  sources: readonly MailboxFilter[],
  selected: number | null,
): MailboxInfo[] {
  const readable = mailboxes.filter(({ rights }) => (rights & right.read) !== 0); // RFC 7377 2.2, RFC 4314 4
  return readable.filter((mailbox) => sources.some((source) => matches(mailbox, source, selected)));
}

function matches(mailbox: MailboxInfo, source: MailboxFilter, selected: number | null): boolean {
  const { name } = mailbox;
  switch (source.filter) {
    case "selected":
      return mailbox.id === selected;
    case "inboxes":
      return name === "Inbox"; // Where deliveries may go otherwise, rules decide, which no session knows.
    case "personal":
      return mailbox.owner === null; // RFC 5465 6.3
    case "subscribed":
      return mailbox.subscribed;
    case "mailboxes":
      return source.mailboxes.includes(name);
    case "subtree":
      return source.mailboxes.some((top) => name === top || name.startsWith(top + delimiter));
    case "subtree-one": {
      const parent = name.slice(0, Math.max(0, name.lastIndexOf(delimiter)));
      return source.mailboxes.some((top) => name === top || parent === top);
    }
  }
}
