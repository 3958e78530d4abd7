/**
 * NAMESPACE: the account's own mailboxes stand below no prefix, those of others below `Other Users/`. RFC 9051 6.3.10,
 * RFC 2342
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import { writeNamespace } from "../imap/response.ts";
import { type Completion, ok } from "./replies.ts";
import type { Session } from "./session.ts";

export function namespace(session: Session): Completion {
  writeNamespace(session.out.w);
  return ok("done");
}
