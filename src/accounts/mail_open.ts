/**
 * What a mailbox holds, and what has changed in it. RFC 9051 6.3.2, RFC 7162 3.2.5
 *
 * Tested by `src/accounts/mail_store_test.ts`.
 *
 * @module
 */
import { seen } from "../imap/flags.ts";
import { bitAnd, literal, one, prepared, run, tuples, type Work } from "../store/query.ts";
import type { Store } from "../store/store.ts";
import { turn } from "../store/connection.ts";
import type { MailboxChanges, OpenMailbox } from "./mail.ts";
import { FlagColumnsBuilder, NumbersBuilder, uidsOfList } from "./mail_columns.ts";
import { mailboxKeywords } from "./mail_counts.ts";
import { mailboxInfo, mailboxOrNull, type MailboxRow, mailboxWithId } from "./mail_mailboxes.ts";
import { maxUid } from "./mail_ranges.ts";

/** Messages whose UIDs are read in one slice; about ten milliseconds. */
const uidsChunk = 50_000;

/** Changed messages read in one slice. */
const changesChunk = 4000;

/** UIDs of existing messages as a list, from one UID on: a row for each would take ten times as long. */
const uidList = prepared((
  db,
  p: { accountId: number; mailboxId: number; from: number; below: number },
) =>
  db.selectFrom((eb) =>
    eb.selectFrom("messages").select(["uid", "bits"])
      .where("account_id", "=", p.accountId).where("mailbox_id", "=", p.mailboxId)
      .where("uid", ">=", p.from).where("uid", "<", p.below).where("expunged", "=", 0)
      .orderBy("uid").limit(literal(uidsChunk)).as("m")
  ).select((eb) => [
    eb.fn.countAll<number>().as("count"),
    eb.fn.agg<string | null>("group_concat", ["uid"]).as("uids"),
    eb.fn.max("uid").as("last"),
    eb.fn.min(eb.case().when(bitAnd("bits", seen), "=", 0).then(eb.ref("uid")).end()).as("unseen"),
  ])
);

/** Changes after one MODSEQ and up to another, by MODSEQ and UID, from behind a place. */
const changedRows = prepared((
  db,
  p: { accountId: number; mailboxId: number; modseq: number; uid: number; upTo: number },
) =>
  db.selectFrom("messages").select(["uid", "modseq", "bits", "keywords", "expunged"])
    .where("account_id", "=", p.accountId).where("mailbox_id", "=", p.mailboxId)
    .where((eb) => eb(eb.refTuple("modseq", "uid"), ">", eb.tuple(p.modseq, p.uid)))
    .where("modseq", "<=", p.upTo)
    .orderBy("modseq").orderBy("uid").limit(literal(changesChunk))
);

type ChangedRow = readonly [uid: number, modseq: number, bits: number, keywords: string, expunged: number];

const setRecent = prepared((db, p: { id: number; uid: number }) =>
  db.updateTable("mailboxes").set({ recent_uid: p.uid }).where("id", "=", p.id).where(
    "recent_uid",
    "<",
    p.uid,
  )
);

const modseqOf = prepared((db, p: { accountId: number }) =>
  db.selectFrom("accounts").select("modseq").where("id", "=", p.accountId)
);

/** `Mail.open`. */
export async function openMailbox(
  store: Store,
  accountId: number,
  request: { readonly mailbox: number; readonly claimRecent: boolean },
): Promise<OpenMailbox> {
  // What comes in from here on has a higher UID, and what changes a higher MODSEQ: `changes` will tell.
  const { row, info, keywords } = store.read(opened(accountId, request.mailbox));
  const recentFromUid = await recentFrom(store, accountId, row, request.claimRecent);
  const chunks: Uint32Array[] = [];
  let firstUnseenUid = 0;
  for (let from = 1; from < row.uid_next;) {
    const values = { accountId, mailboxId: row.id, from, below: row.uid_next };
    const found = store.read(one(uidList, values));
    if (found === undefined || found.uids === null) break;
    chunks.push(uidsOfList(found.uids, found.count));
    if (firstUnseenUid === 0) firstUnseenUid = found.unseen ?? 0;
    if (found.count < uidsChunk) break;
    from = found.last + 1;
    await turn();
  }
  return { info, uids: joined(chunks), firstUnseenUid, keywords, recentFromUid };
}

function* opened(accountId: number, mailboxId: number) {
  const row = yield* mailboxWithId(accountId, mailboxId);
  const info = yield* mailboxInfo(accountId, row);
  return { row, info, keywords: yield* mailboxKeywords(accountId, mailboxId) };
}

function joined(chunks: readonly Uint32Array[]): Uint32Array<ArrayBuffer> {
  const uids = new Uint32Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    uids.set(chunk, at);
    at += chunk.length;
  }
  return uids;
}

/**
 * UIDs from here on are \Recent for this session: nobody was told of them. Who claims them is the only one. RFC 3501
 * 2.3.2
 */
async function recentFrom(store: Store, accountId: number, row: MailboxRow, claim: boolean): Promise<number> {
  if (!claim || row.recent_uid >= row.uid_next) return row.recent_uid;
  return await store.writer.run(function* (): Work<number> {
    const now = yield* mailboxWithId(accountId, row.id);
    yield* run(setRecent, { id: row.id, uid: row.uid_next });
    return now.recent_uid;
  });
}

/** `Mail.changes`. */
export async function mailboxChanges(
  store: Store,
  accountId: number,
  request: { readonly mailbox: number; readonly modseq: number; readonly claimRecent: boolean },
): Promise<MailboxChanges> {
  const row = store.read(mailboxOrNull(accountId, request.mailbox));
  if (row === null) return goneMailbox(store.read(one(modseqOf, { accountId }))?.modseq ?? 0);
  const recentFromUid = await recentFrom(store, accountId, row, request.claimRecent);
  const changed = new FlagColumnsBuilder();
  const expunged = new NumbersBuilder();
  // What changes while this goes on gets a higher MODSEQ, and is for the next call.
  for (let modseq = request.modseq, uid = maxUid; modseq < row.highest_modseq;) {
    const values = { accountId, mailboxId: row.id, modseq, uid, upTo: row.highest_modseq };
    const rows = store.read(tuples<ChangedRow>(changedRows, values));
    for (const [uid, modseq, bits, keywords, isExpunged] of rows) {
      if (isExpunged === 0) changed.add(uid, modseq, bits, keywords);
      else expunged.add(uid);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < changesChunk) break;
    [uid, modseq] = last;
    await turn();
  }
  return {
    highestModSeq: row.highest_modseq,
    uidNext: row.uid_next,
    changed: changed.finishSorted(),
    expunged: expunged.finishUids().sort(),
    complete: request.modseq >= row.history_from,
    recentFromUid,
    gone: false,
  };
}

function goneMailbox(highestModSeq: number): MailboxChanges {
  return {
    highestModSeq,
    uidNext: 1,
    changed: new FlagColumnsBuilder().finish(),
    expunged: new Uint32Array(),
    complete: true,
    recentFromUid: 1,
    gone: true,
  };
}
