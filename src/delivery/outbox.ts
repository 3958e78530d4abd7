/**
 * Where a submission's mail for others goes, as an interface: the queue, which stands above deliveries, implements it.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import type { Bytes } from "../base/bytes.ts";
import type { PreparedEmail } from "../store/add_message.ts";
import type { Work } from "../store/query.ts";
import type { Transaction } from "../store/transaction.ts";
import type { AskedOfRecipient, DeliveryResult, Incoming } from "./deliver.ts";

/** A recipient elsewhere, or one of ours whose mail has to wait. */
export interface OutgoingRecipient {
  readonly address: Address;
  /** Trace fields and signatures in front of the body, without those of the last server. RFC 5321 4.4 */
  readonly prefix: Bytes;
  readonly asked: AskedOfRecipient;
}

/** What a signed-in account sends to others. */
export interface Outgoing {
  /** Name of the account. */
  readonly account: string;
  readonly request: Incoming;
  readonly email: PreparedEmail;
  /** Row of the body, which counts as shared. Asked for once, when it is certain that it is needed. */
  readonly body: () => Work<number>;
  /** REQUIRETLS (true), `TLS-Required: No` (false), or nothing said of it. RFC 8689 */
  readonly requireTls: boolean | null;
  readonly recipients: readonly OutgoingRecipient[];
}

/** Takes mail for others. */
export interface Outbox {
  /** Whether mail for this address of ours goes through the queue all the same: localserve has such. */
  detains(address: Address): boolean;
  /** Adds it, in the submission's own unit. One result for each recipient; what is refused has changed nothing. */
  add(tx: Transaction, outgoing: Outgoing): Work<readonly DeliveryResult[]>;
}
