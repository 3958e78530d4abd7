/**
 * Taking mail in: the interface between the SMTP edge and the store.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import type { Bytes } from "../base/bytes.ts";
import type { Reason } from "../base/errors.ts";
import type { Spool } from "../accounts/mail.ts";
import type { MessageIndex } from "../message/message_index.ts";
import type { Methods } from "../rpc/service.ts";
import type { Ret } from "../smtp/dsn_parameters.ts";
import type { Hold } from "../smtp/mail.ts";

/** What becomes of mail for an address. */
export type Resolution =
  /** Delivered here. */
  | { readonly kind: "local" }
  /** The domain is ours, the address is not. */
  | { readonly kind: "unknownAddress" }
  /** The domain is not ours. */
  | { readonly kind: "unknownDomain" }
  /** The domain is disabled for now. */
  | { readonly kind: "disabled" }
  /** The administrator refuses mail for this address, with this reply (421 or 550). */
  | { readonly kind: "refused"; readonly code: number; readonly text: string };

export interface Incoming {
  /**
   * 128 bits in hex, kept for a day: the same id again gets the same answer and no second copy. Any will do; those of
   * `newDeliveryId` cost least.
   */
  readonly deliveryId: string;
  /** Null for the null sender. */
  readonly from: Address | null;
  readonly recipients: readonly IncomingRecipient[];
  readonly remoteAddress: string;
  /** The EHLO or HELO argument. */
  readonly helo: string;
  readonly index: MessageIndex;
  /** What the front found out of it (`evidence/evidence.ts`), encoded; null for what the own users send. */
  readonly evidence: Bytes | null;
  /** Up to `maxInlineBytes`; else null, and `spool` names the file. */
  readonly content: Bytes | null;
  readonly spool: string | null;
  /** The connection's id, for the log. */
  readonly cid: string;
  /** What an account asks for; absent for nothing. Of strangers nothing is taken. */
  readonly asked?: Asked;
}

/** What the sender of a submission asks for with the parameters of MAIL. */
export interface Asked {
  /** As they came. RFC 3461 4.3, 4.4 */
  readonly ret: Ret | null;
  readonly envid: string | null;
  /** When it shall be sent. RFC 4865 */
  readonly hold: Hold | null;
  /** RFC 8689 */
  readonly requireTls: boolean;
}

/** What it asks for with those of RCPT, as they came. RFC 3461 4.1, 4.2 */
export interface AskedOfRecipient {
  readonly notify: string | null;
  readonly orcpt: string | null;
}

export interface IncomingRecipient {
  readonly address: Address;
  /** Trace fields in front of this recipient's copy, each line with CRLF. RFC 5321 4.4 */
  readonly prefix: Bytes;
  /** Absent for nothing. */
  readonly asked?: AskedOfRecipient;
  /** SHA-256 in hex of the body that it has got before, of which it gets no second copy; absent where there is none. */
  readonly got?: string;
}

/** One result for each recipient, in order. Only after this answer is the message safe. */
export type DeliveryResult =
  | {
    readonly kind: "delivered";
    /** The message's id; empty for who had {@link IncomingRecipient.got} it before. */
    readonly id: string;
    /** SHA-256 of the body in hex, where others of the delivery were refused. */
    readonly body?: string;
  }
  | {
    readonly kind: "refused";
    readonly reason: Reason;
    /** What the peer is told in place of the reason's usual words. In ASCII. */
    readonly reply?: { readonly code: number; readonly enhanced: string; readonly text: string };
  };

/** For anybody: incoming mail. */
export interface Deliver extends Spool {
  resolve(request: { address: Address }): Promise<Resolution>;
  deliver(request: Incoming): Promise<readonly DeliveryResult[]>;
  /**
   * What became of a delivery or submission whose answer was lost with the connection that it was asked on; null if
   * nothing did, which then stays so. Whoever knows the id, of 80 bits by chance, is who asked.
   */
  outcome(request: { deliveryId: string }): Promise<readonly DeliveryResult[] | null>;
}

export const deliverMethods = {
  spoolOpen: "call",
  spoolWrite: "call",
  spoolDrop: "call",
  resolve: "call",
  deliver: "call",
  outcome: "call",
} as const satisfies Methods<Deliver>;

/** For one signed-in account: outgoing mail. */
export interface Submit extends Spool {
  /** Whether the account may send as this address. */
  maySend(request: { address: Address }): Promise<boolean>;
  resolve(request: { address: Address }): Promise<Resolution>;
  submit(request: Incoming): Promise<readonly DeliveryResult[]>;
}

export const submitMethods = {
  spoolOpen: "call",
  spoolWrite: "call",
  spoolDrop: "call",
  maySend: "call",
  resolve: "call",
  submit: "call",
} as const satisfies Methods<Submit>;
