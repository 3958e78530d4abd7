/**
 * What a mailbox holds when it is selected. RFC 9051 6.3.2, 6.3.3
 *
 * Tested by `src/accounts/mail_store_test.ts`.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import { seen } from "../imap/flags.ts";
import { right } from "../imap/rights.ts";
import { messagesBetween, type UidsBetween } from "../store/message_rows.ts";
import { bitAnd, literal, one, prepared, run, type Work } from "../store/query.ts";
import type { Store } from "../store/store.ts";
import { turn } from "../store/connection.ts";
import type { OpenMailbox } from "./mail.ts";
import { uidsOfList } from "./mail_columns.ts";
import { mailboxKeywords } from "./mail_keywords.ts";
import { type Reach, rightsTo } from "./mail_access.ts";
import { mailboxInfo } from "./mail_mailbox_list.ts";
import { type MailboxRow, mailboxWithId } from "./mail_mailboxes.ts";

/** Messages whose UIDs are read in one slice; about ten milliseconds. */
const uidsChunk = 50_000;

/** UIDs of existing messages as a list, from one UID on: a row for each would take ten times as long. */
const uidList = prepared((db, p: UidsBetween) =>
  db.selectFrom(messagesBetween(db, p).select(["uid", "bits"]).limit(literal(uidsChunk)).as("m")).select((
    eb,
  ) => [
    eb.fn.countAll<number>().as("count"),
    eb.fn.agg<string | null>("group_concat", ["uid"]).as("uids"),
    eb.fn.max("uid").as("last"),
    eb.fn.min(eb.case().when(bitAnd("bits", seen), "=", 0).then(eb.ref("uid")).end()).as("unseen"),
  ])
);

const setRecent = prepared((db, p: { id: number; uid: number }) =>
  db.updateTable("mailboxes").set({ recent_uid: p.uid }).where("id", "=", p.id).where(
    "recent_uid",
    "<",
    p.uid,
  )
);

/** `Mail.open`. */
export async function openMailbox(
  store: Store,
  reach: Reach,
  request: { readonly mailbox: number; readonly claimRecent: boolean },
): Promise<OpenMailbox> {
  const { ownerId: accountId } = reach;
  // What comes in from here on has a higher UID, and what changes a higher MODSEQ: `changes` will tell.
  const { row, info, keywords } = store.read(opened(reach, request.mailbox));
  const recentFromUid = await recentFrom(store, reach, row, request.claimRecent);
  const chunks: Uint32Array[] = [];
  let firstUnseenUid = 0;
  for (let from = 1; from < row.uid_next;) {
    const values = { accountId, mailboxId: row.id, from, to: row.uid_next - 1 };
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

function* opened(reach: Reach, mailboxId: number) {
  const { ownerId: accountId } = reach;
  const row = yield* mailboxWithId(accountId, mailboxId);
  const info = yield* mailboxInfo(reach, row);
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
export async function recentFrom(
  store: Store,
  { viewerId, ownerId }: Reach,
  row: MailboxRow,
  claim: boolean,
): Promise<number> {
  if (!claim || row.recent_uid >= row.uid_next) return row.recent_uid;
  try {
    return await store.writer.run(function* (): Work<number> {
      const now = yield* mailboxWithId(ownerId, row.id);
      if (((yield* rightsTo(viewerId, ownerId, row.id)) & right.seen) === 0) return now.recent_uid;
      yield* run(setRecent, { id: row.id, uid: row.uid_next });
      return now.recent_uid;
    });
  } catch (error) {
    // What can be read is told also while nothing can be written; who comes after it is told the same. RFC 3501 2.3.2
    // wants messages \Recent of which nobody can say whether somebody was told.
    if (error instanceof Refused && error.reason === "diskFull") return row.recent_uid;
    throw error;
  }
}
