/**
 * NOTIFY: the client is told what happens, in the selected mailbox and in others, also while it asks for nothing. RFC 5465
 *
 * Whoever listens is woken by the store's feed; there is no timer. A client that does not read is held up like any other: its
 * session waits in a write, meanwhile only the ids of what changed are kept, and the write timeout ends it.
 *
 * Tested by `src/imapd/transcripts_test.ts` and `src/imapd/notify_test.ts`.
 *
 * @module
 */
import type { Mail, MailboxInfo, MailboxList } from "../accounts/mail.ts";
import { Refused } from "../base/errors.ts";
import type { StatusItem } from "../imap/command.ts";
import type { Notify, NotifySet } from "../imap/notify_set.ts";
import { writeList } from "../imap/list.ts";
import { writeStatus } from "../imap/status.ts";
import {
  forgetAnnotations,
  stopNotifying,
  tellAnnotations,
  tellChangedAnnotations,
} from "./annotation_changes.ts";
import { tellArrived } from "./arrivals.ts";
import { canFetch } from "./contexts.ts";
import { planFetch } from "./fetch_plan.ts";
import { ancestorsOf, attributesOf } from "./list.ts";
import { maxNotified, Notifications } from "./notifications.ts";
import { type Completion, ok } from "./replies.ts";
import type { Session } from "./session.ts";
import { statusValue } from "./status.ts";
import { type Allowed, enableCondstore, tellChanges, tellSettled } from "./updates.ts";

export async function notify(session: Session, mail: Mail, command: Notify): Promise<Completion> {
  const { set } = command;
  const { view } = session;
  if (set?.selected) {
    planFetch(set.selected.fetch); // Refuses what is too much.
    if (!canFetch(session, view, set.selected.fetch)) throw new Refused("tooMany", "with what searches ask");
    if (set.selected.fetch.some((item) => item.item === "MODSEQ")) enableCondstore(session);
  }
  if (set === null) {
    session.notifications = new Notifications(null);
    forgetAnnotations(session);
    return ok("no more events");
  }
  if (view !== null) {
    // Whatever was held back until now: an implicit NOOP. RFC 5465 3.1
    const before = session.notifications;
    session.notifications = null;
    view.forgetSilence();
    try {
      await tellChanges(session, mail, "expunge");
    } finally {
      session.notifications = before; // Until the new ones are in force; for good if the store cannot answer.
    }
  }
  const notifications = new Notifications(set);
  await session.watch(mail, notifications, async () => {
    if (notifications.annotations) await tellAnnotations(session, mail, "some");
    else forgetAnnotations(session);
    if (!notifications.watches) return;
    const list = await lookAtAll(mail, notifications);
    notifications.take(list);
    for (const mailbox of notifications.withoutAccess(list)) {
      const attributes = ["\\NoAccess", ...attributesOf(mailbox, list.mailboxes)];
      writeList(session.out.w, { attributes, mailbox: mailbox.name });
      if (session.out.full) await session.out.flush();
    }
    if (set.status) await tellFirst(session, notifications, set, list);
  });
  return ok("done");
}

const modseq: StatusItem = "HIGHESTMODSEQ";

/** The mailboxes as they are now. Changes of others' are heard only once that was asked for; so they are looked at again. */
async function lookAtAll(mail: Mail, notifications: Notifications): Promise<MailboxList> {
  const list = await notifications.look(() => mail.list({}));
  const unheard = notifications.unheard(list);
  if (unheard.length === 0) return list;
  return await notifications.look(async () => {
    try {
      await mail.watch({ mailboxes: unheard });
    } catch (error) {
      notifications.notHeard(unheard);
      throw error;
    }
    return await mail.list({});
  });
}

/** How the watched mailboxes are now. RFC 5465 3.1 */
async function tellFirst(
  session: Session,
  notifications: Notifications,
  set: NotifySet,
  { mailboxes }: MailboxList,
): Promise<void> {
  if (!set.groups.some((group) => group.events.messages)) return;
  for (const mailbox of mailboxes) {
    const { flags } = notifications.eventsOf(mailbox.name);
    if (!notifications.tellsOf(mailbox) || mailbox.id === session.view?.id) continue;
    tellStatus(session, mailbox, ["MESSAGES", "UIDNEXT", "UIDVALIDITY", ...flags ? [modseq] : []]);
    if (session.out.full) await session.out.flush();
  }
}

/** Everything that the client is to be told now: of the selected mailbox, of what arrived in it, and of others. */
export async function tellEverything(session: Session, mail: Mail, allowed: Allowed): Promise<void> {
  try {
    await tellChanges(session, mail, allowed);
    const { view, notifications } = session;
    if (view !== null) await tellArrived(session, mail, view);
    if (notifications !== null && notifications.waiting) await tellOthers(session, mail, notifications);
    if (session.annotationChanges !== null) await tellChangedAnnotations(session, mail);
  } finally {
    tellSettled(session);
  }
}

/** Whether there is something to tell to a client that asks for nothing at the moment. */
export function hasNews({ notifications, view, annotationChanges }: Session): boolean {
  if (notifications === null) return false;
  const { selected } = notifications;
  if (notifications.annotations && annotationChanges?.any === true) return true;
  if (notifications.waiting) return true;
  return selected !== null && view !== null &&
    (view.stale || view.arrived.length > 0 || view.changed.length > 0 ||
      (!selected.delayed && view.expunged.length > 0));
}

/** Between two commands. Message numbers may change at any time for who wants that. RFC 5465 5.3 */
export async function push(session: Session, mail: Mail): Promise<void> {
  await tellEverything(
    session,
    mail,
    session.notifications?.selected?.delayed === false ? "expunge" : "no expunge",
  );
}

async function tellOthers(session: Session, mail: Mail, notifications: Notifications): Promise<void> {
  const { out, enabled } = session;
  const list = await lookAtAll(mail, notifications);
  const { names, status } = notifications.news(list, session.view?.id ?? null);
  if (names.size + status.length > maxNotified) {
    return stopNotifying(session);
  }
  if (names.size > 0) tellNames(session, list, names);
  const known: readonly StatusItem[] = enabled.condstore ? [modseq] : [];
  for (const { mailbox, what } of status) {
    if (what === "flags") tellStatus(session, mailbox, ["UIDVALIDITY", "UNSEEN", ...known]); // RFC 5465 5.1
    else if (what === "messages") tellStatus(session, mailbox, ["UIDNEXT", "MESSAGES", ...known]); // 5.2, 5.3
    else tellStatus(session, mailbox, ["UIDVALIDITY", "UIDNEXT", "MESSAGES", ...known]);
    if (out.full) await out.flush();
  }
}

/** LIST responses for names that came, went, were renamed or (un)subscribed. RFC 5465 5.4, 5.5 */
function tellNames(
  { out }: Session,
  { mailboxes, lostSubscriptions }: MailboxList,
  names: ReadonlyMap<string, string | null>,
): void {
  const byName = new Map(mailboxes.map((info) => [info.name, info]));
  const lost = new Set(lostSubscriptions);
  const parents = new Set(mailboxes.flatMap((info) => ancestorsOf(info.name)));
  for (const [name, oldName] of [...names].sort(([a], [b]) => a < b ? -1 : 1)) {
    const info = byName.get(name);
    const attributes: string[] = [];
    if (info?.subscribed ?? lost.has(name)) attributes.push("\\Subscribed");
    if (info === undefined) attributes.push("\\NonExistent");
    attributes.push(parents.has(name) ? "\\HasChildren" : "\\HasNoChildren");
    attributes.push(...info?.specialUse ?? []);
    writeList(out.w, { attributes, mailbox: name, ...oldName === null ? {} : { oldName } });
  }
}

/** Unlike the answer to STATUS, this makes no client one that wants MODSEQ everywhere. */
function tellStatus({ out }: Session, mailbox: MailboxInfo, items: readonly StatusItem[]): void {
  writeStatus(out.w, mailbox.name, items.map((item) => [item, statusValue(mailbox, item)]));
}
