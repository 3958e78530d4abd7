/**
 * GETQUOTA and GETQUOTAROOT; SETQUOTA is refused, because quotas are the administrator's, in the configuration.
 * RFC 9208 4.1
 *
 * Tested by `src/imapd/sharing_metadata_test.ts`.
 *
 * @module
 */
import type { Mail } from "../accounts/mail.ts";
import type { QuotaRoot } from "../accounts/sharing.ts";
import { Refused } from "../base/errors.ts";
import { writeQuota, writeQuotaRoot } from "../imap/quota.ts";
import type { Quota } from "../imap/sharing_command.ts";
import { type Completion, no, ok } from "./replies.ts";
import type { Session } from "./session.ts";

export async function quota(session: Session, mail: Mail, command: Quota): Promise<Completion> {
  if (command.verb === "SETQUOTA") return no("NOPERM", "quotas are set in the configuration");
  try {
    tell(session, await mail.quota({ root: command.root }));
  } catch (error) {
    if (!(error instanceof Refused && error.reason === "noSuchMailbox")) throw error;
    return no("NONEXISTENT", "no such quota root");
  }
  return ok("done");
}

/** Where nothing is limited there is no root: Thunderbird takes a QUOTA response without resources for a syntax error. */
export async function quotaRoot(session: Session, mail: Mail, name: string): Promise<Completion> {
  const root = await mail.quotaRoot({ name });
  const limited = root.bytes.limit !== null || root.messages.limit !== null;
  writeQuotaRoot(session.out.w, name, limited ? root.root : null);
  if (limited) tell(session, root);
  return ok("done");
}

function tell(session: Session, { root, bytes, messages }: QuotaRoot): void {
  writeQuota(session.out.w, root, bytes, messages);
}
