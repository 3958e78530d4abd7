/**
 * Tells of annotations that others changed, once the client has asked for it with ENABLE METADATA. RFC 5464 4.1, 4.4.2
 *
 * Tested by `src/imapd/sharing_metadata_test.ts`.
 *
 * @module
 */
import type { Mail, MailboxInfo } from "../accounts/mail.ts";
import { writeMetadataChanged } from "../imap/metadata.ts";
import { PendingAnnotations } from "./pending_annotations.ts";
import type { Session } from "./session.ts";

/** From now on. */
export async function tellAnnotations(session: Session, mail: Mail): Promise<void> {
  if (session.annotationChanges !== null) return;
  session.annotationChanges = new PendingAnnotations();
  await session.listen(mail);
  await tellChangedAnnotations(session, mail);
}

/** Tells what waits: names of entries, not their values. */
export async function tellChangedAnnotations(session: Session, mail: Mail): Promise<void> {
  const changes = session.annotationChanges;
  if (changes === null || !changes.any) return;
  const { mailboxes } = await mail.list({});
  if (changes.rewatch) await watchAll(mail, changes, mailboxes);
  const names = new Map(mailboxes.map(({ id, name }) => [id, name]));
  for (const [mailbox, entries] of changes.take()) {
    const name = mailbox === 0 ? null : names.get(mailbox);
    if (name !== undefined) writeMetadataChanged(session.out.w, name, [...entries].sort());
  }
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
