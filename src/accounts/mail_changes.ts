/**
 * What has changed in a mailbox since a MODSEQ. RFC 7162 3.2.5
 *
 * What is new and was never changed stands at the end of the mailbox, because UIDs and the MODSEQs at which messages came
 * ascend together. The rest, flags and what was expunged, an index finds by MODSEQ.
 *
 * Tested by `src/accounts/mail_open_test.ts`.
 *
 * @module
 */
import { turn } from "../store/connection.ts";
import { maxUid } from "../store/counts.ts";
import { rowsBetween, type UidsBetween } from "../store/message_rows.ts";
import { literal, one, prepared, tuples, type Work } from "../store/query.ts";
import type { Store } from "../store/store.ts";
import type { MailboxChanges } from "./mail.ts";
import { FlagColumnsBuilder, NumbersBuilder } from "./mail_columns.ts";
import type { Reach } from "./mail_access.ts";
import { mailboxOrNull, type MailboxRow } from "./mail_mailboxes.ts";
import { recentFrom } from "./mail_open.ts";

/** Messages read in one slice, of the new and of the changed ones each. */
const chunk = 4000;

/** New messages looked for in one step from the end of a mailbox; the next step is four times as long. */
const firstStep = 32;

/** Changes by MODSEQ and UID, from behind a place. */
const changedRows = prepared((
  db,
  p: { accountId: number; mailboxId: number; modseq: number; uid: number },
) =>
  db.selectFrom("messages").select(["uid", "modseq", "bits", "keywords", "expunged"])
    .where("account_id", "=", p.accountId).where("mailbox_id", "=", p.mailboxId)
    .whereRef("modseq", ">", "createseq") // What the index holds.
    .where((eb) => eb(eb.refTuple("modseq", "uid"), ">", eb.tuple(p.modseq, p.uid)))
    .orderBy("modseq").orderBy("uid").limit(literal(chunk))
);

type ChangedRow = readonly [uid: number, modseq: number, bits: number, keywords: string, expunged: number];

const newRows = prepared((db, p: UidsBetween) =>
  rowsBetween(db, p).select(["uid", "modseq", "createseq", "bits", "keywords"]).limit(literal(chunk))
);

type NewRow = readonly [uid: number, modseq: number, createseq: number, bits: number, keywords: string];

const nextRow = prepared((db, p: UidsBetween) =>
  rowsBetween(db, p).select(["uid", "createseq"]).limit(literal(1))
);

const modseqOf = prepared((db, p: { accountId: number }) =>
  db.selectFrom("accounts").select("modseq").where("id", "=", p.accountId)
);

/**
 * `Mail.changes`, as of its last slice. What was read before may change while it goes on: then it comes again, with
 * its higher MODSEQ, in a later slice. If it were left for the next call, a session would hear of a new message
 * after those behind it, and could not number it any more.
 */
export async function mailboxChanges(
  store: Store,
  reach: Reach,
  request: { readonly mailbox: number; readonly modseq: number; readonly claimRecent: boolean },
): Promise<MailboxChanges> {
  const { ownerId: accountId, rights } = reach;
  const reading = new Changes(accountId, request.mailbox, request.modseq);
  for (;;) {
    const row = store.read(reading.slice());
    if (row === null) return goneMailbox(store.read(one(modseqOf, { accountId }))?.modseq ?? 0);
    if (!reading.done) {
      await turn();
      continue;
    }
    const expunged = reading.gone.finishUids().sort();
    return {
      highestModSeq: row.highest_modseq,
      uidNext: row.uid_next,
      changed: reading.changed.finishSorted(expunged),
      expunged,
      complete: request.modseq >= row.history_from,
      recentFromUid: await recentFrom(store, reach, row, request.claimRecent),
      rights,
      gone: false,
    };
  }
}

/** What was read of the changes so far, and from where to go on. */
class Changes {
  readonly changed = new FlagColumnsBuilder();
  readonly gone = new NumbersBuilder();
  readonly #accountId: number;
  readonly #mailboxId: number;
  readonly #since: number;
  /** Behind this place in the index of changes nothing was read yet. */
  #changedFrom: { readonly modseq: number; readonly uid: number };
  /** The first UID of which it is not known whether it is new; 0 before the first slice. */
  #newFrom = 0;
  #done = false;

  constructor(accountId: number, mailboxId: number, since: number) {
    this.#accountId = accountId;
    this.#mailboxId = mailboxId;
    this.#since = since;
    this.#changedFrom = { modseq: since, uid: maxUid };
  }

  /** Whether the last slice reached the end. */
  get done(): boolean {
    return this.#done;
  }

  /** Reads on; returns the mailbox as it is then, null if it is gone. */
  *slice(): Work<MailboxRow | null> {
    const row = yield* mailboxOrNull(this.#accountId, this.#mailboxId);
    this.#done = true;
    if (row === null || this.#since >= row.highest_modseq) return row;
    // A slice reads more than the writer changes in one of its own, so this ends.
    if ((yield* this.#readNew(row.uid_next)) === chunk) this.#done = false;
    if ((yield* this.#readChanged()) === chunk) this.#done = false;
    return row;
  }

  /** New messages that are as they came: where they were changed or expunged, they are among the changes. */
  *#readNew(uidNext: number): Work<number> {
    if (this.#newFrom === 0) this.#newFrom = yield* this.#firstNew(uidNext);
    const rows = yield* tuples<NewRow>(newRows, this.#uids(this.#newFrom, uidNext - 1));
    for (const [uid, modseq, createseq, bits, keywords] of rows) {
      if (modseq === createseq) this.changed.add(uid, modseq, bits, keywords);
    }
    this.#newFrom = (rows.at(-1)?.[0] ?? this.#newFrom - 1) + 1;
    return rows.length;
  }

  *#readChanged(): Work<number> {
    const behind = { accountId: this.#accountId, mailboxId: this.#mailboxId, ...this.#changedFrom };
    const rows = yield* tuples<ChangedRow>(changedRows, behind);
    for (const [uid, modseq, bits, keywords, expunged] of rows) {
      if (expunged === 0) this.changed.add(uid, modseq, bits, keywords);
      else this.gone.add(uid);
    }
    const last = rows.at(-1);
    if (last !== undefined) this.#changedFrom = { uid: last[0], modseq: last[1] };
    return rows.length;
  }

  /** The first UID that came after the MODSEQ: in longer and longer steps from the end, then by bisection. */
  *#firstNew(uidNext: number): Work<number> {
    let low = 1;
    let high = uidNext;
    for (let step = firstStep; low < high; step *= 4) {
      const at = Math.max(low, high - step);
      const next = yield* this.#newAt(at, high);
      if (next) high = at;
      else {
        low = at + 1;
        break;
      }
    }
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (yield* this.#newAt(middle, high)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Whether no message between two UIDs came before the MODSEQ. */
  *#newAt(uid: number, below: number): Work<boolean> {
    const next = yield* one(nextRow, this.#uids(uid, below - 1));
    return next === undefined || next.createseq > this.#since;
  }

  #uids(from: number, to: number): UidsBetween {
    return { accountId: this.#accountId, mailboxId: this.#mailboxId, from, to };
  }
}

export function goneMailbox(highestModSeq: number): MailboxChanges {
  return {
    highestModSeq,
    uidNext: 1,
    changed: new FlagColumnsBuilder().finish(),
    expunged: new Uint32Array(),
    complete: true,
    recentFromUid: 1,
    rights: 0,
    gone: true,
  };
}
