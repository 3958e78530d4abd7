/**
 * Who hears of notices that come back for what accounts have sent, as an interface: the queue, which stands above deliveries,
 * implements it.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import type { Bytes } from "../base/bytes.ts";
import type { Work } from "../store/query.ts";
import type { Transaction } from "../store/transaction.ts";
import type { Incoming } from "./deliver.ts";

/** Hears of them. */
export interface ReturnedMail {
  /**
   * Reads a message that may be such a notice, before any unit.
   *
   * @param pieces The octets of the message.
   * @returns Notes it for a recipient of ours, in the unit that delivers; null if it is none.
   */
  read(request: Incoming, pieces: () => Iterable<Bytes>): NoteReturned | null;
}

/** @param accountId Whose the address is. */
export type NoteReturned = (tx: Transaction, accountId: number, address: Address) => Work<void>;
