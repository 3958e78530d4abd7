/**
 * STORE and UID STORE. RFC 9051 6.4.6, RFC 7162 3.1.3, RFC 2180 4.2
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail, StoredFlags } from "../accounts/mail.ts";
import { changeableFlags } from "../imap/acl.ts";
import type { Store } from "../imap/command.ts";
import { rangesOf } from "../imap/sequence_set.ts";
import { choose } from "./chosen.ts";
import { readOnly } from "./expunge.ts";
import { countFrom, shareOf, withLimit } from "./limit.ts";
import { whileWorking } from "./progress.ts";
import { type Completion, ok, refusal } from "./replies.ts";
import type { Session } from "./session.ts";
import { enableCondstore, type FlagsForm, tellKeywords, writeFlags } from "./updates.ts";
import type { MailboxView } from "./view.ts";

export async function store(
  session: Session,
  mail: Mail,
  view: MailboxView,
  command: Store,
  tag: string,
): Promise<Completion> {
  if (view.readOnly) return readOnly;
  const { unchangedSince } = command;
  if (unchangedSince !== null) enableCondstore(session);
  const chosen = choose(view, command.set, command.uid);
  const { uids, lowest } = shareOf(session, view, chosen.uids);
  if (uids.length === 0) return ok("no messages");
  const stored = await whileWorking(
    session,
    tag,
    mail.storeFlags({
      mailbox: view.id,
      uids,
      mode: command.mode,
      bits: command.flags.bits,
      keywords: command.flags.keywords,
      unchangedSince,
    }),
  );
  view.stale = true;
  view.noteChanged(stored.flags.uids);
  const { modified, flags } = stored;
  await tellStored(session, view, command, stored, lowest !== null);
  if (modified.length > 0) {
    const numbers = command.uid ? modified : modified.map((uid) => view.numberOf(uid));
    const code = { code: "MODIFIED" as const, set: rangesOf(numbers) };
    return withLimit(session, ok("some were changed by others", code), lowest);
  }
  // UIDs that are gone are nothing; of numbers the client must hear, unless it wants no answer. RFC 2180 4.2
  const count = chosen.count === null || lowest === null
    ? chosen.count
    : countFrom(view, chosen.uids, lowest);
  const missing = count !== null && flags.uids.length < count;
  return withLimit(session, missing && !command.silent ? refusal("expunged") : ok("stored"), lowest);
}

async function tellStored(
  session: Session,
  view: MailboxView,
  command: Store,
  stored: StoredFlags,
  downwards: boolean,
): Promise<void> {
  const { condstore } = session.enabled;
  const { flags, before } = stored;
  const tell = (form: FlagsForm, wanted: (uid: number, modseq: number, i: number) => boolean) =>
    writeFlags(session, view, flags, form, flags.uids.length, wanted, downwards);
  // Of a message that others had changed, a silent client cannot know what came of it: it is told. So it is where it was
  // told of that only since the last answer, perhaps when its command was on its way: it must take the last flags that it
  // hears for those that its command left. RFC 9051 6.4.6
  const isUnknown = (uid: number, modseq: number, i: number) =>
    modseq > view.knownModseq && !view.knew(uid, before[i] ?? 0);
  // If not everything was done that was asked, a silent client cannot know what came of it either. RFC 4314 4
  if (!command.silent || !mayAll(view, command)) {
    tellKeywords(session, view, flags);
    await tell({ uid: command.uid || condstore, flags: true, modseq: condstore }, () => true);
  } else {
    const known = view.modseq;
    const conditional = command.unchangedSince !== null;
    if (condstore) {
      await tell(
        { uid: true, flags: false, modseq: true },
        (uid, modseq, i) => (conditional || modseq > known) && !isUnknown(uid, modseq, i),
      );
    }
    if (flags.uids.some((uid, i) => isUnknown(uid, flags.modseqs[i] ?? 0, i))) {
      tellKeywords(session, view, flags);
      await tell({ uid: true, flags: true, modseq: condstore }, isUnknown);
    }
  }
  // The client has been told all of it, or has thought it out itself.
  tellKeywords(session, view, flags);
  view.noteStored(stored);
}

/** Whether everything may be done that is asked. */
function mayAll(view: MailboxView, { mode, flags }: Store): boolean {
  const may = changeableFlags(view.rights);
  const bits = mode === "replace" ? ~0 : flags.bits;
  return (bits & ~may.bits) === 0 && (may.keywords || (mode !== "replace" && flags.keywords.length === 0));
}
