/**
 * What an account may hide from a client that fails with it. What clients need, and why, is a table: `client_needs.ts`.
 *
 * Behaviour is the same for every client: what one says of itself with ID proves nothing and comes too late, often after the
 * capabilities are known. So what a client cannot bear is hidden by configuration, by account: `hiddenCapabilities`. It is
 * hidden from sign-in on, since nobody is known before.
 *
 * @module
 */
import type { Command } from "../imap/command.ts";
import { hiddenVerbs } from "../imap/hideable.ts";
import { bad, type Completion } from "./replies.ts";
import type { Session } from "./session.ts";

/** Whether the account hides an extension; its name as CAPABILITY tells it. */
export function isHidden({ signedIn }: Session, capability: string): boolean {
  return signedIn?.hidden.has(capability) ?? false;
}

/** The answer to a command of an extension that is hidden: as if it were unknown; null for others. */
export function refuseHidden(session: Session, { verb }: Pick<Command, "verb">): Completion | null {
  const capability = hiddenVerbs[verb];
  return capability !== undefined && isHidden(session, capability) ? bad("unknown command") : null;
}
