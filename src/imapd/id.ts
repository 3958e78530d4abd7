/**
 * ID: who the client says it is, and who we are. RFC 2971
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Id } from "../imap/command.ts";
import { writeId } from "../imap/id.ts";
import { type Completion, ok } from "./replies.ts";
import type { Session } from "./session.ts";

/** The longest value of a field that is logged. */
const maxLoggedLength = 100;

export function id(session: Session, command: Id): Completion {
  if (command.fields !== null && session.log.enabled("debug")) {
    const fields = command.fields.map(([field, value]) =>
      `${field}=${value ?? ""}`.slice(0, maxLoggedLength)
    );
    session.log.debug("client names itself", { fields });
  }
  // No version: it would tell attackers more than anybody else.
  writeId(session.out.w, [["name", "mailden"]]);
  return ok("done");
}
