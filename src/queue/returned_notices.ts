/**
 * Notices that come back from other servers for what accounts have sent, known by the id in the address they come to
 * (`from_id.ts`). What one says is added to what is known of the message; one that says that it failed may end the
 * account's mail to that address, as a refusal would have.
 *
 * The notice itself is delivered as any other mail: whatever is wrong with it, that does not change.
 *
 * @module
 */
import { type Bytes, concat, MiB } from "../base/bytes.ts";
import type { Address } from "../address/address.ts";
import type { Incoming } from "../delivery/deliver.ts";
import type { NoteReturned, ReturnedMail } from "../delivery/returned_mail.ts";
import { readDsn } from "../message/dsn_parse.ts";
import type { ReadRecipient, ReadStatus } from "../message/dsn_status.ts";
import type { Work } from "../store/query.ts";
import { amendRetired, type Outcome, retiredWithFromId } from "../store/queue_retired.ts";
import type { Store } from "../store/store.ts";
import type { Transaction } from "../store/transaction.ts";
import { addRecord, type AttemptRecord } from "./attempt_records.ts";
import { fromIdOf } from "./from_id.ts";
import { addressRefuses } from "./judge_address.ts";

/** Of larger messages the beginning is looked at: what is returned of the message stands behind what we want to know. */
export const maxNoticeOctets = MiB;

/** Hears of notices. */
export class ReturnedNotices implements ReturnedMail {
  readonly #store: Store;
  readonly #separators: (domain: string) => readonly string[];

  /** @param separators Of a domain of ours. */
  constructor(store: Store, separators: (domain: string) => readonly string[]) {
    this.#store = store;
    this.#separators = separators;
  }

  read(request: Incoming, pieces: () => Iterable<Bytes>): NoteReturned | null {
    const { index, recipients } = request;
    if (!index.isReport || recipients.every(({ address }) => this.#idIn(address) === null)) return null;
    const read = readDsn(beginningOf(pieces()), index);
    // About several, it cannot be an answer to a message with one recipient.
    const [told, ...others] = read?.status.recipients ?? [];
    if (read === null || told === undefined || others.length > 0) return null;
    const { status } = read;
    return (tx, accountId, address) => this.#note(tx, accountId, address, status, told);
  }

  *#note(
    tx: Transaction,
    accountId: number,
    address: Address,
    status: ReadStatus,
    told: ReadRecipient,
  ): Work<void> {
    const id = this.#idIn(address);
    const row = id === null ? undefined : yield* retiredWithFromId(id);
    if (row === undefined || row.account_id !== accountId) return;
    const record = recordOf(status, told, tx.now);
    const hasFailed = told.action === "failed";
    const outcome = hasFailed ? "failed" : row.outcome as Outcome; // Only `retire()` writes it.
    yield* amendRetired(row.id, outcome, addRecord(row.results, record));
    // Once for each message: three notices about one are not three in a row.
    if (hasFailed && row.outcome !== "failed") {
      yield* addressRefuses(row, { ...record, isPermanent: true }, tx.now);
    }
    const { log } = this.#store;
    const fields = { queueId: row.id, to: row.recipient, action: told.action, status: told.status };
    tx.afterCommit(() => log.info("a notice came back for a message", fields));
  }

  #idIn(address: Address): string | null {
    return fromIdOf(address, this.#separators(address.domain));
  }
}

function beginningOf(pieces: Iterable<Bytes>): Bytes {
  const taken: Bytes[] = [];
  let left = maxNoticeOctets;
  for (const piece of pieces) {
    taken.push(piece.subarray(0, left));
    left -= Math.min(left, piece.length);
    if (left === 0) break;
  }
  return concat(taken);
}

/** What it says, in the form of an attempt. */
function recordOf({ reportingMta }: ReadStatus, told: ReadRecipient, now: number): AttemptRecord {
  const { action, status, diagnostic, remoteMta } = told;
  const [, code] = diagnostic?.type === "smtp" ? /^([245]\d\d)\b/.exec(diagnostic.text) ?? [] : [];
  const host = remoteMta ?? reportingMta;
  return {
    at: now,
    ms: 0,
    ok: action === "delivered" || action === "relayed" || action === "expanded",
    code: code !== undefined ? Number(code) : status === null ? 0 : Number(status[0]) * 100,
    status: status ?? "",
    text: `notice, ${action ?? "unknown action"}: ${diagnostic?.text ?? ""}`,
    host: host?.name.slice(0, 255) ?? "",
    address: host?.address ?? "",
  };
}
