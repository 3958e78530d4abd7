/**
 * Quotas: GETQUOTA, GETQUOTAROOT (in `acl.ts`), SETQUOTA, and their responses. RFC 9208 4, 7
 *
 * @module
 */
import { CommandError } from "./command_error.ts";
import type { ResponseWriter } from "./response_writer.ts";
import type { Scanner } from "./scanner.ts";
import type { Quota } from "./sharing_command.ts";

/** Most resources in one SETQUOTA. */
export const maxQuotaResources = 20;

/** Unit of STORAGE and DELETED-STORAGE, in octets. RFC 9208 5.1 */
const unit = 1024;

export function parseGetQuota(s: Scanner): Quota {
  s.space();
  return { verb: "GETQUOTA", root: s.astring("a quota root") };
}

/** What it asks for is read and forgotten: it is refused, whatever it is. */
export function parseSetQuota(s: Scanner): Quota {
  s.space();
  const root = s.astring("a quota root");
  s.space();
  const limits = s.list((s) => {
    s.atom("a resource");
    s.space();
    return s.number64("a limit");
  }, 0);
  if (limits.length > maxQuotaResources) throw new CommandError("NO", "LIMIT", "too many resources");
  return { verb: "SETQUOTA", root };
}

/** What is used of something, and the most that may be; null for no limit. */
export interface QuotaUse {
  readonly used: number;
  readonly limit: number | null;
}

/** `* QUOTA "#user/ann" (STORAGE 10 512 MESSAGE 3 100)`; what has no limit is not named. RFC 9208 4.2.1 */
export function writeQuota(w: ResponseWriter, root: string, bytes: QuotaUse, messages: QuotaUse): void {
  w.ascii("* QUOTA ").string(root).ascii(" (");
  let space = "";
  if (bytes.limit !== null) {
    w.ascii("STORAGE ").number(storageUnits(bytes.used)).ascii(" ").number(Math.floor(bytes.limit / unit));
    space = " ";
  }
  if (messages.limit !== null) {
    w.ascii(space).ascii("MESSAGE ").number(messages.used).ascii(" ").number(messages.limit);
  }
  w.ascii(")\r\n");
}

/** `* QUOTAROOT INBOX "#user/ann"`; of a mailbox without limits, no root. RFC 9208 4.2.2 */
export function writeQuotaRoot(w: ResponseWriter, mailbox: string, root: string | null): void {
  w.ascii("* QUOTAROOT ").mailbox(mailbox);
  if (root !== null) w.ascii(" ").string(root);
  w.ascii("\r\n");
}

/** Octets in units of 1024, begun ones included. */
export function storageUnits(bytes: number): number {
  return Math.ceil(bytes / unit);
}
