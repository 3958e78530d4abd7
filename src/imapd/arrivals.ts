/**
 * What the client asked to be told of new messages with NOTIFY and with followed searches, and what became of the results of
 * these. RFC 5465 5.2, 7, RFC 5267 4.3
 *
 * In this order: EXISTS (`updates.ts` has written it), FETCH, ESEARCH. RFC 5465 wants that in its section 7 and the opposite for
 * the last two in 5.2; erratum 4833 leaves the choice to the server. As flags that change have FETCH first (5.1), new messages
 * have it, too.
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail } from "../accounts/mail.ts";
import type { FetchItem } from "../imap/fetch_item.ts";
import { distinct } from "../imap/fetch.ts";
import type { Ranges } from "../imap/search_key.ts";
import { selectNumbers } from "../imap/sequence_set.ts";
import { type Difference, differences, tellDifference } from "./contexts.ts";
import { fetchArrived } from "./fetch.ts";
import type { Session } from "./session.ts";
import type { MailboxView } from "./view.ts";

/** What waits to be told of the selected mailbox, behind what `tellChanges()` has told of it. */
export async function tellArrived(session: Session, mail: Mail, view: MailboxView): Promise<void> {
  const { arrived, changed } = view;
  if (arrived.length === 0 && changed.length === 0) return;
  const found = await differences(session, mail, view, changed);
  for (const { uids, items } of wanted(session, view, arrived, found)) {
    await fetchArrived(session, mail, view, uids, items);
  }
  // If one of these fails, all of it is due still.
  view.arrived = [];
  view.changed = new Uint32Array();
  for (const difference of found) await tellDifference(session, mail, view, difference);
}

/** One FETCH for each message, whoever asks for its items; messages of which the same is asked are fetched together. */
function wanted(
  session: Session,
  view: MailboxView,
  arrived: Ranges,
  found: readonly Difference[],
): { uids: Ranges; items: FetchItem[] }[] {
  const always = session.notifications?.selected?.fetch ?? [];
  const asking = found.filter(({ context, added }) => context.items.length > 0 && added.length > 0)
    .map(({ context, added }) => ({ items: context.items, added: new Set(added) }));
  if (asking.length === 0) return [{ uids: arrived, items: [...always] }];
  const groups = new Map<string, { uids: number[]; items: FetchItem[] }>();
  for (const uid of selectNumbers(arrived, view.uids)) {
    const own = asking.filter(({ added }) => added.has(uid));
    const key = own.map((each) => asking.indexOf(each)).join();
    const group = groups.get(key) ?? {
      uids: [],
      items: distinct([...always, ...own.flatMap(({ items }) => items)]),
    };
    group.uids.push(uid);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ uids, items }) => ({
    uids: view.rangesOf(Uint32Array.from(uids)),
    items,
  }));
}
