/**
 * GETMETADATA and SETMETADATA. RFC 5464 4, RFC 9590
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail, MailboxInfo } from "../accounts/mail.ts";
import { maxAnnotationBytes } from "../accounts/sharing.ts";
import { Refused } from "../base/errors.ts";
import { canHaveValue, writeMetadata } from "../imap/metadata.ts";
import type { EntryValue, GetMetadata, SetMetadata } from "../imap/sharing_command.ts";
import { findMailbox } from "./names.ts";
import { bad, type Completion, no, ok } from "./replies.ts";
import type { Session } from "./session.ts";

/** Stands for the server. */
const ofServer = 0;

export async function getMetadata(session: Session, mail: Mail, command: GetMetadata): Promise<Completion> {
  const { mailbox: name, entries, depth, maxSize } = command;
  const mailbox = name === null ? ofServer : (await findMailbox(mail, name)).id;
  const { values, longest } = await mail.annotations({ mailbox, entries, depth, maxSize });
  // What is not there is NIL, if it was asked for by itself; what is too long is not told at all. RFC 5464 4.2.1
  const told = depth === 0 && longest === 0 ? withMissing(entries, values) : values;
  writeMetadata(session.out.w, name, told);
  return ok("done", longest === 0 ? null : { code: "METADATA", what: `LONGENTRIES ${longest}` });
}

export async function setMetadata(mail: Mail, command: SetMetadata): Promise<Completion> {
  const { mailbox: name, values } = command;
  if (values.some(([entry]) => !canHaveValue(entry))) return bad("that is no entry"); // RFC 5464 3.2
  const mailbox = name === null ? ofServer : (await findMailbox(mail, name)).id;
  switch (await mail.annotate({ mailbox, values })) {
    case "set":
      return ok("done");
    case "tooLarge":
      return no({ code: "METADATA", what: `MAXSIZE ${maxAnnotationBytes}` }, "a value is too large");
    case "badUse":
      return no("USEATTR", "the mailbox cannot be given this use"); // RFC 6154 4
    case "tooMany":
      return no({ code: "METADATA", what: "TOOMANY" }, "too many annotations");
  }
}

/** Behind its LIST response; NIL for what a mailbox does not have. RFC 9590 3 */
export async function tellListedMetadata(
  session: Session,
  mail: Mail,
  { id, name }: MailboxInfo,
  entries: readonly string[],
): Promise<void> {
  try {
    const { values } = await mail.annotations({ mailbox: id, entries, depth: 0, maxSize: null });
    writeMetadata(session.out.w, name, withMissing(entries, values));
  } catch (error) {
    // Not to be read by this account, or gone since: then nothing is told of it.
    if (!(error instanceof Refused) || !unreadable.includes(error.reason)) throw error;
  }
}

const unreadable: readonly string[] = ["noPermission", "noSuchMailbox"];

function withMissing(entries: readonly string[], values: readonly EntryValue[]): EntryValue[] {
  const known = new Map(values);
  return entries.map((entry) => [entry, known.get(entry) ?? null]);
}
