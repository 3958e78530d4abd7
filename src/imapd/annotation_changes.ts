/**
 * Tells of annotations that others changed, once the client has asked for it with ENABLE METADATA. RFC 5464 4.1, 4.4.2
 *
 * Tested by `src/imapd/sharing_metadata_test.ts`.
 *
 * @module
 */
import type { Mail } from "../accounts/mail.ts";
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
  if (changes.rewatch) {
    changes.rewatch = false;
    await mail.watch({ mailboxes: mailboxes.flatMap(({ id, owner }) => owner === null ? [] : [id]) });
  }
  const names = new Map(mailboxes.map(({ id, name }) => [id, name]));
  for (const [mailbox, entries] of changes.take()) {
    const name = mailbox === 0 ? null : names.get(mailbox);
    if (name !== undefined) writeMetadataChanged(session.out.w, name, [...entries].sort());
  }
}
