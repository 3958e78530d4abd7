/**
 * What a client is told when something was refused. RFC 9051 7.1, RFC 5530
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Reason } from "../base/errors.ts";
import type { ResponseCode } from "../imap/response.ts";

/** How a command ended: the tagged response, without its tag. */
export interface Completion {
  readonly status: "OK" | "NO" | "BAD";
  readonly code: ResponseCode | null;
  readonly text: string;
}

export function ok(text: string, code: ResponseCode | null = null): Completion {
  return { status: "OK", code, text };
}

export function no(code: ResponseCode | null, text: string): Completion {
  return { status: "NO", code, text };
}

export function bad(text: string, code: ResponseCode | null = null): Completion {
  return { status: "BAD", code, text };
}

/** Each reason's response. */
export const replies = {
  noSuchMailbox: ["NO", "NONEXISTENT", "no such mailbox"],
  mailboxExists: ["NO", "ALREADYEXISTS", "mailbox exists"],
  hasChildren: ["NO", "HASCHILDREN", "mailbox has children, delete them first"],
  badName: ["NO", "CANNOT", "not a possible name"],
  notPermitted: ["NO", "CANNOT", "not possible"],
  noPermission: ["NO", "NOPERM", "not allowed"],
  unwanted: ["NO", "CANNOT", "the message is not wanted"],
  expunged: ["NO", "EXPUNGEISSUED", "some of the messages do not exist any more"],
  overQuota: ["NO", "OVERQUOTA", "over quota"],
  diskFull: ["NO", "OVERQUOTA", "no space left on the server, try again later"],
  tooLarge: ["NO", "TOOBIG", "too large"],
  tooMany: ["NO", "LIMIT", "too many"],
  badCredentials: ["NO", "AUTHENTICATIONFAILED", "wrong user name or password"],
  accountDisabled: ["NO", "CONTACTADMIN", "account is disabled"],
  rateLimited: ["NO", "UNAVAILABLE", "too many failed attempts, try again later"],
  mechanismUnavailable: ["NO", "AUTHENTICATIONFAILED", "mechanism cannot be used for this account"],
  unknownEncoding: ["NO", "UNKNOWN-CTE", "unknown content-transfer-encoding"],
  damaged: ["NO", "CORRUPTION", "the message is damaged"],
  noCapability: ["NO", "UNAVAILABLE", "signed out"],
  badRequest: ["BAD", "CLIENTBUG", "malformed request"],
  timeout: ["NO", "UNAVAILABLE", "took too long, try again later"],
  tryLater: ["NO", "UNAVAILABLE", "try again later"],
} as const satisfies Record<Reason, readonly [status: "NO" | "BAD", code: ResponseCode, text: string]>;

/** The response to a command that was refused for this reason. */
export function refusal(reason: Reason): Completion {
  const [status, code, text] = replies[reason];
  return { status, code, text };
}
