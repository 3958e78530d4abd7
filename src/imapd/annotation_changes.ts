/**
 * Tells of annotations that others changed, once the client has asked for it: of all with ENABLE METADATA, of some with
 * NOTIFY. RFC 5464 4.1, 4.4.2, RFC 5465 5.6, 5.7
 *
 * Tested by `src/imapd/sharing_metadata_test.ts`.
 *
 * @module
 */
import type { Mail, MailboxInfo } from "../accounts/mail.ts";
import { writeMetadataChanged } from "../imap/metadata.ts";
import { Notifications } from "./notifications.ts";
import { PendingAnnotations } from "./pending_annotations.ts";
import type { Session } from "./session.ts";

/** From now on: of all, as ENABLE METADATA wants, or of those that NOTIFY asks for. */
export async function tellAnnotations(session: Session, mail: Mail, which: "all" | "some"): Promise<void> {
  const changes = session.annotationChanges ??= new PendingAnnotations();
  if (which === "all") changes.all = true;
  await session.listen(mail);
  await tellChangedAnnotations(session, mail);
}

/** NOTIFY does not ask for any now. */
export function forgetAnnotations(session: Session): void {
  if (session.annotationChanges?.all === false) session.annotationChanges = null;
}

/** Tells what waits and is asked for: names of entries, not their values. */
export async function tellChangedAnnotations(session: Session, mail: Mail): Promise<void> {
  const changes = session.annotationChanges;
  if (changes === null || !changes.any) return;
  const { mailboxes } = await mail.list({});
  if (changes.rewatch) await watchAll(mail, changes, mailboxes);
  const names = new Map(mailboxes.map(({ id, name }) => [id, name]));
  const { notifications } = session;
  const { entries, overflown } = changes.take();
  if (overflown && notifications?.annotations === true) return stopNotifying(session);
  for (const [mailbox, changed] of entries) {
    const name = mailbox === 0 ? null : names.get(mailbox);
    if (name === undefined) continue;
    const asked = name === null ? notifications?.server : notifications?.eventsOf(name).annotations;
    if (changes.all || asked === true) writeMetadataChanged(session.out.w, name, [...changed].sort());
  }
}

/** Too much happens for the client to be told of all of it. RFC 5465 5.8 */
export function stopNotifying(session: Session): void {
  session.notifications = new Notifications(null);
  forgetAnnotations(session);
  session.out.line("* OK [NOTIFICATIONOVERFLOW] too much happens, no more events");
}

/** From now on annotations of others' mailboxes are heard, too. */
async function watchAll(
  mail: Mail,
  changes: PendingAnnotations,
  mailboxes: readonly MailboxInfo[],
): Promise<void> {
  changes.rewatch = false; // Before asking: what is shared from here on has to be watched again.
  try {
    await mail.watch({ mailboxes: mailboxes.flatMap(({ id, owner }) => owner === null ? [] : [id]) });
  } catch (error) {
    changes.rewatch = true;
    throw error;
  }
}
