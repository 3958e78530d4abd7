/**
 * A notice on its way into an inbox: what takes time is done before the writer, the rest in the unit of what it is about.
 *
 * @module
 */
import { ensureMailbox } from "../accounts/mail_mailboxes.ts";
import { type Bytes, concat, utf8 } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { maxReturnedOctets } from "../message/dsn_returned.ts";
import { Indexer } from "../message/indexer.ts";
import { addMessages, type PreparedEmail, prepareEmail } from "../store/add_message.ts";
import { maxInlineBody, type ReadyBody } from "../store/bodies.ts";
import { checkIndex } from "../store/check_index.ts";
import type { Work } from "../store/query.ts";
import type { QueueRow } from "../store/queue_rows.ts";
import { maxPieceBytes } from "../store/spool.ts";
import type { Store } from "../store/store.ts";
import type { Transaction } from "../store/transaction.ts";

/** A notice that can be put into an inbox. */
export interface ReadyNotice {
  readonly body: ReadyBody;
  readonly email: PreparedEmail;
}

/** RFC 5321 4.4: final delivery says whom the envelope was from, and a notice is from nobody. */
const prefix = utf8("Return-Path: <>\r\n");

/**
 * Makes a notice ready. Its body is to be released in the end.
 *
 * @throws {Refused} `diskFull`, `tryLater` or `tooMany` if a large one finds no place now.
 */
export async function readyNotice(store: Store, content: Bytes): Promise<ReadyNotice> {
  const indexer = new Indexer();
  indexer.write(content);
  const index = checkIndex(indexer.end(), content.length);
  const body = await readyBody(store, content);
  return { body, email: prepareEmail(body, index) };
}

/** With the message that it returns, or with what many hosts had to say, a notice can be too large for the database. */
async function readyBody(store: Store, content: Bytes): Promise<ReadyBody> {
  const spools = store.spools.forOwner();
  if (content.length <= maxInlineBody) return await store.bodies.ready({ content, spool: null }, spools);
  try {
    const spool = await spools.open();
    for (let at = 0; at < content.length; at += maxPieceBytes) {
      await spools.write(spool, content.subarray(at, at + maxPieceBytes));
    }
    return await store.bodies.ready({ content: null, spool }, spools);
  } finally {
    await spools.close(); // What could not be written or taken goes.
  }
}

/** As much of a message as a notice may return; where it is damaged, what stands in front of it. */
export function originalOf(store: Store, { prefix, body_id }: QueueRow): Bytes {
  try {
    const body = store.read(store.bodies.open(body_id));
    return concat([prefix, body.slice(0, Math.min(body.size, maxReturnedOctets + 1))]);
  } catch (error) {
    if (error instanceof Refused) return prefix;
    throw error;
  }
}

/**
 * Puts a notice into an inbox, also into one that is full: its reader must hear of it, and can send only so much a day. One
 * that takes no more for other reasons does not keep the message in the queue for ever: the log has it.
 */
export function* tell(store: Store, tx: Transaction, accountId: number, { email }: ReadyNotice): Work<void> {
  const addition = { email, prefix, bits: 0, keywords: [], internalDate: tx.now };
  try {
    const mailbox = yield* ensureMailbox({ accountId, tx }, "Inbox");
    yield* addMessages(tx, accountId, mailbox.id, [addition], null, true);
  } catch (error) {
    // Refused before anything was changed.
    if (!(error instanceof Refused) || error.reason !== "tooMany") throw error;
    store.log.warn("a notice did not fit into its sender's inbox", {
      account: accountId,
      why: error.message,
    });
  }
}
