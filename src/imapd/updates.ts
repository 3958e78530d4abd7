/**
 * Tells the client what others did to the selected mailbox. RFC 9051 5.2, 7.4.1, 7.5.1, 7.5.2, RFC 7162 3.2
 *
 * What is new, flags and what is gone is asked of the store only when the account's feed said that something
 * changed, or the client asks (NOOP). New messages and flags are told at once; what is gone, only when the protocol
 * allows it, until when its message numbers stay taken.
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { FlagColumns, Mail, MailboxChanges } from "../accounts/mail.ts";
import { changeableFlags } from "../imap/acl.ts";
import { formatFlags } from "../imap/flag_list.ts";
import { flagBits } from "../imap/flags.ts";
import {
  fetchBegin,
  uidFetchBegin,
  writeCondition,
  writeCount,
  writeFetchFlags,
  writeVanished,
} from "../imap/response.ts";
import { rangesOf } from "../imap/sequence_set.ts";
import { forgetGone } from "./contexts.ts";
import type { SelectedEvents } from "../imap/notify_set.ts";
import { Farewell, type Session } from "./session.ts";
import { difference, type MailboxView, union } from "./view.ts";

/** Whether EXPUNGE may be told now; not while FETCH, STORE or SEARCH (without UID) run. RFC 9051 7.5.1 */
export type Allowed = "expunge" | "no expunge";

/** Tells what changed since the last time, if there may be anything. */
export async function tellChanges(session: Session, mail: Mail, allowed: Allowed): Promise<void> {
  const { view } = session;
  if (view === null) return;
  const { wanted } = session;
  // Who wants to hear of nothing is still told what its own commands removed.
  if (view.stale && wanted !== null) await pull(session, mail, view, { allowed, wanted });
  else if (allowed === "expunge") await tellExpunged(session, view);
}

/**
 * To be said behind {@link tellChanges}, before a command is answered.
 *
 * A client that is cut off counts on the highest MODSEQ that it was told, so it must hear of a lower one while something with a
 * lower one was not told: what is gone, what NOTIFY keeps from it, or what the store could not say; and of the right one when
 * that is over. RFC 7162 3.2, 6
 */
export function tellSettled(session: Session): void {
  const { view } = session;
  if (view === null || !session.enabled.condstore) return;
  const { settled, heldBack, highestTold } = view;
  const value = settled ?? view.knownModseq;
  view.highestTold = 0;
  const tell = (text: string) =>
    writeCondition(session.out.w, null, "OK", { code: "HIGHESTMODSEQ", value }, text);
  if (highestTold > value) {
    view.heldBack = value;
    tell("not all is told");
  } else if (settled === null && heldBack !== null && value > heldBack) {
    view.heldBack = null;
    tell("all is told");
  }
}

/** How changes are told. */
interface Telling {
  readonly allowed: Allowed;
  readonly wanted: SelectedEvents;
}

async function pull(
  session: Session,
  mail: Mail,
  view: MailboxView,
  { allowed, wanted }: Telling,
): Promise<void> {
  const { changes, gone } = await ask(mail, view);
  if (gone.length > 0) view.settled ??= view.knownModseq;
  view.expunged = union(view.expunged, gone);
  const isNew = newerThan(changes.changed.uids, view);
  forgetGone(session, view, gone);
  if (allowed === "expunge") await tellExpunged(session, view);
  const arrived = changes.changed.uids.subarray(isNew);
  tellNew(session, view, arrived, changes.recentFromUid, changes.uidNext);
  const foreign = view.takeForeign(arrived);
  if (foreign.length > 0 && (wanted.fetch.length > 0 || view.contexts.size > 0)) {
    view.arrived = [...view.arrived, ...view.rangesOf(foreign)];
  }
  tellKeywords(session, view, changes.changed);
  if (changes.rights !== view.rights) {
    view.rights = changes.rights;
    tellAllFlags(session, view); // RFC 4314 5.1.1
    tellPermanentFlags(session, view);
  }
  if (wanted.flags) await tellFlags(session, view, changes.changed, isNew);
  else if (isNew > 0) view.keepSilent();
  view.modseq = Math.max(view.modseq, changes.highestModSeq);
  view.told.clear();
  view.noteChanged(changes.changed.uids);
}

/** What changed, and which of the known messages are gone. */
async function ask(mail: Mail, view: MailboxView): Promise<{ changes: MailboxChanges; gone: Uint32Array }> {
  view.stale = false; // Before asking: what is changed from here on makes it stale again.
  try {
    const claimRecent = !view.readOnly;
    const changes = await mail.changes({ mailbox: view.id, modseq: view.modseq, claimRecent });
    if (changes.gone) throw new Farewell(null, "the selected mailbox was deleted"); // RFC 2180 3.3
    if (changes.complete) return { changes, gone: view.known(changes.expunged) };
    const now = await mail.open({ mailbox: view.id, claimRecent: false });
    return { changes, gone: difference(view.uids, now.uids) };
  } catch (error) {
    view.stale = true;
    throw error;
  }
}

/** Where the messages begin that the client has not heard of. */
function newerThan(uids: Uint32Array, view: MailboxView): number {
  let at = uids.length;
  while (at > 0 && (uids[at - 1] ?? 0) > view.lastUid) at--;
  return at;
}

/** EXPUNGE or VANISHED for what waits to be told, in any order. RFC 9051 7.5.1, RFC 7162 3.2.10 */
export async function tellExpunged(session: Session, view: MailboxView, downwards = false): Promise<void> {
  const gone = view.expunged;
  if (gone.length === 0) return;
  const { out } = session;
  view.expunged = new Uint32Array();
  view.settled = null;
  forgetGone(session, view, gone); // Where it was not told when it was heard of: its numbers end here. RFC 5267 4.3.4
  const numbers = view.remove(gone);
  if (session.enabled.qresync || session.enabled.uidOnly) { // RFC 9586 3.4, 3.6
    return writeVanished(out.w, rangesOf(gone), false);
  }
  for (let done = 0; done < numbers.length; done++) {
    // From the highest down, each has the number still that it had at first.
    const at = numbers.length - 1 - done;
    const number = downwards ? (numbers[at] ?? 0) + at : numbers[done] ?? 0;
    writeCount(out.w, number, "EXPUNGE");
    if (out.full) await out.flush();
  }
}

function tellNew(
  session: Session,
  view: MailboxView,
  uids: Uint32Array,
  recentFrom: number,
  uidNext: number,
): void {
  view.addRecent(recentFrom, uidNext);
  view.uidNext = Math.max(view.uidNext, uidNext);
  if (uids.length === 0) return;
  view.append(uids);
  writeCount(session.out.w, view.count, "EXISTS");
  if (!session.enabled.rev2) writeCount(session.out.w, view.recentCount, "RECENT"); // RFC 3501 7.3.2
}

/** FLAGS again when there are keywords that the client was not told of. RFC 9051 7.3.5 */
export function tellKeywords(session: Session, view: MailboxView, flags: FlagColumns): void {
  let more = false;
  for (const set of flags.keywordSets) {
    for (const keyword of set === "" ? [] : set.split(" ")) {
      if (view.keywords.has(keyword)) continue;
      view.keywords.add(keyword);
      more = true;
    }
  }
  if (more) tellAllFlags(session, view);
}

/** `* FLAGS (…)`: the flags that can be there. */
export function tellAllFlags(session: Session, view: MailboxView): void {
  session.out.line(`* FLAGS (${allFlags(view)})`);
}

/** What of them the client may change, for good. RFC 9051 7.1, RFC 4314 5.1.1 */
export function tellPermanentFlags(session: Session, view: MailboxView): void {
  const may = view.readOnly ? nothing : changeableFlags(view.rights);
  const keywords = may.keywords ? [...view.keywords].sort().join(" ") : "";
  const flags = [formatFlags(everyBit & may.bits, keywords), ...may.keywords ? ["\\*"] : []];
  const code = { code: "PERMANENTFLAGS", flags: flags.filter((each) => each !== "") } as const;
  writeCondition(
    session.out.w,
    null,
    "OK",
    code,
    view.readOnly ? "none" : may.keywords ? "and new keywords" : "no others",
  );
}

const nothing = { bits: 0, keywords: false } as const;

/** All flags, and the mailbox's keywords. */
export function allFlags(view: MailboxView): string {
  return formatFlags(everyBit, [...view.keywords].sort().join(" "));
}

const everyBit = Object.values(flagBits).reduce((all, bit) => all | bit, 0);

/** How a FETCH response with flags looks; without flags, it tells UID and MODSEQ. */
export interface FlagsForm {
  readonly uid: boolean;
  readonly flags: boolean;
  readonly modseq: boolean;
}

async function tellFlags(
  session: Session,
  view: MailboxView,
  changed: FlagColumns,
  end: number,
): Promise<void> {
  // RFC 9051 7.5.2: an unsolicited FETCH names the UID.
  const form = { uid: true, flags: true, modseq: session.enabled.condstore };
  await writeFlags(session, view, changed, form, end, (uid, modseq) => view.told.get(uid) !== modseq);
}

/** FETCH responses with flags for those of the first `end` messages for which `wanted` says so. */
export async function writeFlags(
  session: Session,
  view: MailboxView,
  columns: FlagColumns,
  form: FlagsForm,
  end: number,
  wanted: (uid: number, modseq: number, i: number) => boolean,
  downwards = false,
): Promise<void> {
  const { out } = session;
  const { w } = out;
  const { uidOnly } = session.enabled;
  const begin = uidOnly ? uidFetchBegin : fetchBegin; // RFC 9586 3.6
  let number = 0;
  for (let done = 0; done < end; done++) {
    const i = downwards ? end - 1 - done : done;
    const uid = columns.uids[i] ?? 0;
    const modseq = columns.modseqs[i] ?? 0;
    const found = view.numberAfter(number, uid);
    if (found === 0 || !wanted(uid, modseq, i)) continue;
    number = found;
    if (form.modseq && modseq > view.highestTold) view.highestTold = modseq;
    if (form.flags) {
      const keywords = columns.keywordSets[columns.keywordSet[i] ?? 0] ?? "";
      const recent = !session.enabled.rev2 && view.isRecent(uid);
      writeFetchFlags(
        w,
        uidOnly ? uid : number,
        form.uid && !uidOnly ? uid : null,
        columns.bits[i] ?? 0,
        keywords,
        recent,
        form.modseq ? modseq : null,
        begin,
      );
    } else {
      w.ascii("* ").number(uidOnly ? uid : number).ascii(begin);
      if (!uidOnly) w.ascii("UID ").number(uid).ascii(" ");
      w.ascii("MODSEQ (").number(modseq).ascii("))\r\n");
    }
    if (out.full) await out.flush();
  }
}

/** The first command that asks for MODSEQ makes all later responses tell it. RFC 7162 3.1 */
export function enableCondstore(session: Session): void {
  if (session.enabled.condstore) return;
  session.enabled.condstore = true;
  const { view } = session;
  if (view !== null) session.out.line(`* OK [HIGHESTMODSEQ ${view.settled ?? view.knownModseq}] from now on`);
}
