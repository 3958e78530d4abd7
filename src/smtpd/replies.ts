/**
 * What a peer is told when something of ours refuses. RFC 5321 4.2, RFC 3463, RFC 5248, RFC 4954 6
 *
 * @module
 */
import { type Reason, Refused } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Reply } from "../smtp/reply.ts";
import type { SmtpMetrics } from "./metrics.ts";

type Row = readonly [code: number, enhanced: string, text: string];

/** Of mail: commands and messages. */
export const replies = {
  noSuchMailbox: [550, "5.1.1", "no such mailbox"],
  mailboxExists: [451, "4.3.0", "try again later"],
  hasChildren: [451, "4.3.0", "try again later"],
  badName: [553, "5.1.3", "no such name can be"],
  notPermitted: [550, "5.7.1", "not permitted"],
  noPermission: [550, "5.7.1", "not permitted"],
  expunged: [451, "4.3.0", "try again later"],
  overQuota: [452, "4.2.2", "mailbox full"],
  diskFull: [452, "4.3.1", "no space now"],
  unwanted: [550, "5.7.1", "the message is not wanted"],
  tooLarge: [552, "5.3.4", "message too large"],
  tooMany: [452, "4.5.3", "too many"],
  badCredentials: [535, "5.7.8", "credentials are wrong"],
  accountDisabled: [525, "5.7.13", "account is disabled"],
  rateLimited: [452, "4.7.0", "too much at once"],
  mechanismUnavailable: [454, "4.7.0", "mechanism is not available for this account"],
  unknownEncoding: [554, "5.6.0", "unknown encoding"],
  damaged: [451, "4.3.0", "try again later"],
  noCapability: [421, "4.7.0", "signed out; connect and sign in again"],
  badRequest: [501, "5.5.2", "malformed"],
  timeout: [451, "4.3.0", "took too long; try again later"],
  tryLater: [451, "4.3.0", "try again later"],
} as const satisfies Record<Reason, Row>;

/** Of AUTH, where some reasons have codes of their own. RFC 4954 6 */
export const authReplies = {
  ...replies,
  rateLimited: [454, "4.7.0", "too many attempts; try again later"],
  noCapability: [454, "4.7.0", "try again later"],
  timeout: [454, "4.7.0", "took too long; try again later"],
  tryLater: [454, "4.7.0", "try again later"],
} as const satisfies Record<Reason, Row>;

/**
 * Of a message that is handed to the store: the front made that request, so if it is malformed, that is our bug, and the
 * message must not be lost for it.
 */
export const storeReplies = {
  ...replies,
  badRequest: [451, "4.3.0", "try again later"],
} as const satisfies Record<Reason, Row>;

/**
 * Whether a reply says that the account is signed out: its capability ended, as with a store that was started again. In the same
 * session it cannot sign in once more (RFC 4954 4), so this is the end of it; and for now, since a server that hands on mail
 * takes 530 for good and returns all of it.
 */
export function isSignedOut(reply: Reply): boolean {
  const [code, , text] = replies.noCapability;
  return reply.code === code && reply.text === text;
}

/** The reply for a reason. */
export function replyFor(reason: Reason, table: Record<Reason, Row> = replies): Reply {
  const [code, enhanced, text] = table[reason];
  return { code, enhanced, text };
}

/** As {@link replyForError}, and counted where it is our bug. */
export function countedReply(error: unknown, log: Log, { errors }: Pick<SmtpMetrics, "errors">): Reply {
  if (!(error instanceof Refused)) errors.add({ error: "servererror" });
  return replyForError(error, log);
}

/** The reply for whatever was thrown: what is no refusal is our bug, and nothing of it is shown. */
export function replyForError(error: unknown, log: Log, table: Record<Reason, Row> = replies): Reply {
  if (error instanceof Refused) {
    log.debug("refused", { reason: error.reason, error });
    return replyFor(error.reason, table);
  }
  log.error("unexpected error", { error: error instanceof Error ? error : new Error(String(error)) });
  return replyFor("tryLater", table);
}
