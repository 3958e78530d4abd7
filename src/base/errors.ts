/**
 * What mailden will not do, as one class with one word of reason.
 *
 * A verdict is a value and a broken promise throws; between them stands a refusal: the request was
 * understood, and the answer is no. The edges translate the reason into their protocol's codes, each with
 * one table that `satisfies Record<Reason, …>`, so that a new reason does not compile until every protocol
 * knows it.
 *
 * @module
 */

/** Every reason for which an operation is refused. */
export const reasons = [
  /** No such mailbox, address or account at this server. */
  "noSuchMailbox",
  /** A mailbox of that name exists. */
  "mailboxExists",
  /** A mailbox that has children cannot be deleted. */
  "hasChildren",
  /** A name, flag or value that can never be right. */
  "badName",
  /** Not allowed, whoever asks (for example deleting INBOX). */
  "notPermitted",
  /** The one who asks may not do this. */
  "noPermission",
  /** The message is not there any more. */
  "expunged",
  /** The account is over its quota. */
  "overQuota",
  /** The disk is full. */
  "diskFull",
  /** Judged by its evidence, and not wanted: in a stranger's name, or from where no good mail comes. */
  "unwanted",
  /** Larger than a named limit. */
  "tooLarge",
  /** More of something than a named limit. */
  "tooMany",
  /** Credentials are wrong, or there is no such account: nobody can tell which. */
  "badCredentials",
  /** The credentials are right and the account is disabled. */
  "accountDisabled",
  /** Too many failed attempts. */
  "rateLimited",
  /** The mechanism cannot be used for this account (no secret was derived for it). */
  "mechanismUnavailable",
  /** The content transfer encoding of a part is unknown, or its data are damaged. RFC 3516 4.3 */
  "unknownEncoding",
  /** A stored body does not have the checksum that it was stored with. */
  "damaged",
  /** The capability is unknown, ended, or belongs to another connection. */
  "noCapability",
  /** The request itself is malformed. */
  "badRequest",
  /** A deadline passed. */
  "timeout",
  /** It may work later. */
  "tryLater",
] as const;

/** One word for why an operation was refused. */
export type Reason = typeof reasons[number];

/** An operation refused. `message` is for the log, never for the peer. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly reason: Reason;

  constructor(reason: Reason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}

/** Whether a value read from outside is one of our reasons. */
export function isReason(value: unknown): value is Reason {
  return typeof value === "string" && (reasons as readonly string[]).includes(value);
}
