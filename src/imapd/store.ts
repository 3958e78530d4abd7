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
import { whileWorking } from "./progress.ts";
import { type Completion, ok, refusal } from "./replies.ts";
import type { Session } from "./session.ts";
import { enableCondstore, tellKeywords, writeFlags } from "./updates.ts";
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
  const { uids, count } = choose(view, command.set, command.uid);
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
  const { modified, flags } = stored;
  await tellStored(session, view, command, stored);
  if (modified.length > 0) {
    const numbers = command.uid ? modified : modified.map((uid) => view.numberOf(uid));
    return ok("some were changed by others", { code: "MODIFIED", set: rangesOf(numbers) });
  }
  // UIDs that are gone are nothing; of numbers the client must hear, unless it wants no answer. RFC 2180 4.2
  const missing = count !== null && flags.uids.length < count;
  return missing && !command.silent ? refusal("expunged") : ok("stored");
}

async function tellStored(
  session: Session,
  view: MailboxView,
  command: Store,
  stored: StoredFlags,
): Promise<void> {
  const { flags } = stored;
  const { condstore } = session.enabled;
  const before = view.modseq;
  const conditional = command.unchangedSince !== null;
  const silent = command.silent && mayAll(view, command);
  if (!silent) {
    tellKeywords(session, view, flags);
    const form = { uid: command.uid || condstore, flags: true, modseq: condstore };
    await writeFlags(session, view, flags, form, flags.uids.length, () => true);
  } else if (condstore) {
    const form = { uid: true, flags: false, modseq: true };
    await writeFlags(
      session,
      view,
      flags,
      form,
      flags.uids.length,
      (_uid, modseq) => conditional || modseq > before,
    );
  }
  remember(view, stored, silent);
}

/** Whether everything was done that was asked: if not, a silent client cannot know what came of it. RFC 4314 4 */
function mayAll(view: MailboxView, { mode, flags }: Store): boolean {
  const may = changeableFlags(view.rights);
  const bits = mode === "replace" ? ~0 : flags.bits;
  return (bits & ~may.bits) === 0 && (may.keywords || (mode !== "replace" && flags.keywords.length === 0));
}

/**
 * What the client has just been told, or has thought out itself because it asked for silence, is not told again. But
 * where others changed flags before, a silent client cannot know what came of it: it is told.
 */
function remember(view: MailboxView, { flags, before }: StoredFlags, silent: boolean): void {
  for (let i = 0; i < flags.uids.length; i++) {
    const uid = flags.uids[i] ?? 0;
    const modseq = flags.modseqs[i] ?? 0;
    if (modseq > view.modseq && (!silent || view.knows(uid, before[i] ?? 0))) view.told.set(uid, modseq);
  }
}
