/**
 * CAPABILITY: what this server can do, and ENABLE: what the client wants of it. RFC 9051 6.1.1, 6.3.1, 7.2.2
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mechanism } from "../accounts/authenticator.ts";
import type { Mail } from "../accounts/mail.ts";
import type { Enable } from "../imap/command.ts";
import { writeCapability, writeEnabled } from "../imap/response.ts";
import { tellAnnotations } from "./annotation_changes.ts";
import { type Completion, ok } from "./replies.ts";
import { isCompressed } from "./compress.ts";
import { limitCapabilities } from "./limit.ts";
import { isHidden } from "./quirks.ts";
import type { Session } from "./session.ts";
import { enableUidOnly } from "./uid_only.ts";
import { enableCondstore } from "./updates.ts";

/** The largest message that APPEND takes as far as the grammar goes; quotas say what really fits. RFC 7889 5 */
export const appendLimit = 4_294_967_295;

/** What every client can use. A name stands here only when everything behind it works. */
const always = [
  "IMAP4rev2",
  "IMAP4rev1",
  "ENABLE",
  "LITERAL+",
  "IDLE",
  "SASL-IR",
  "BINARY",
  "UNSELECT",
  "UIDPLUS",
  "UIDONLY",
  "ESEARCH",
  "SEARCHRES",
  "MOVE",
  "UTF8=ACCEPT",
  "LIST-EXTENDED",
  "SPECIAL-USE",
  "CREATE-SPECIAL-USE",
  "LIST-STATUS",
  "NOTIFY",
  "CHILDREN",
  "ID",
  "LANGUAGE",
  `APPENDLIMIT=${appendLimit}`,
  "NAMESPACE",
  "MULTIAPPEND",
  "CATENATE",
  "REPLACE",
  "CONDSTORE",
  "QRESYNC",
  "STATUS=SIZE",
  "SAVEDATE",
  "WITHIN",
  "SORT",
  "SORT=DISPLAY",
  "ESORT",
  "THREAD=ORDEREDSUBJECT",
  "THREAD=REFERENCES",
  "I18NLEVEL=1",
  "SEARCH=FUZZY",
  "PARTIAL",
  "CONTEXT=SEARCH",
  "CONTEXT=SORT",
  "MULTISEARCH",
  "INPROGRESS",
  "OBJECTID",
  "PREVIEW",
  "ACL",
  "RIGHTS=texk", // RFC 4314 2.2: those that RFC 2086 does not have.
  "LIST-MYRIGHTS",
  "QUOTA",
  "QUOTA=RES-STORAGE",
  "QUOTA=RES-MESSAGE",
  "METADATA", // And so of the server, too: METADATA-SERVER would say that mailboxes have none. RFC 5464 1
  "LIST-METADATA",
] as const;

/** The capabilities of this connection now. */
export function capabilities(session: Session): string[] {
  const names: string[] = [...always];
  if (session.signedIn !== null) {
    if (!isCompressed(session)) names.push("COMPRESS=DEFLATE");
    names.push("UNAUTHENTICATE"); // RFC 8437 2
  } else {
    if (canStartTls(session)) names.push("STARTTLS");
    names.push(...offeredMechanisms(session).map((mechanism) => `AUTH=${mechanism}`));
    if (!passwordsAllowed(session)) names.push("LOGINDISABLED");
  }
  names.push(...limitCapabilities(session));
  return names.filter((name) => !isHidden(session, name));
}

export function canStartTls(session: Session): boolean {
  return session.settings.startTls && session.transport.tls === null;
}

/** Whether a password may be sent as it is. RFC 9051 6.2.3, 11.1 */
export function passwordsAllowed(session: Session): boolean {
  return session.transport.tls !== null || session.settings.plainWithoutTls;
}

const sendPasswords: readonly Mechanism[] = ["PLAIN", "LOGIN"];

/** Whether a mechanism shows the password to whoever listens. */
export function sendsPassword(mechanism: Mechanism): boolean {
  return sendPasswords.includes(mechanism);
}

/** What AUTHENTICATE takes now. */
export function offeredMechanisms(session: Session): Mechanism[] {
  const certificate = session.transport.tls?.clientCertificate ?? null;
  return session.settings.mechanisms.filter((mechanism) =>
    sendsPassword(mechanism) ? passwordsAllowed(session) : mechanism !== "EXTERNAL" || certificate !== null
  );
}

export function capability(session: Session): Completion {
  writeCapability(session.out.w, capabilities(session));
  return ok("done");
}

/** RFC 5161 3.1, RFC 6855 3, RFC 7162 3.2.3, RFC 5464 4.1, RFC 9586 3.1; what is not known is passed over. */
export async function enable(session: Session, mail: Mail, command: Enable): Promise<Completion> {
  const { enabled } = session;
  const done: string[] = [];
  for (const name of new Set(command.capabilities)) {
    if (isHidden(session, name === "IMAP4REV2" ? "IMAP4rev2" : name)) continue;
    switch (name) {
      case "IMAP4REV2":
        enabled.rev2 = true;
        done.push("IMAP4rev2");
        break;
      case "UTF8=ACCEPT":
        enabled.utf8 = true;
        done.push(name);
        break;
      case "QRESYNC":
        enabled.qresync = true;
        enableCondstore(session);
        done.push(name);
        break;
      case "METADATA":
        await tellAnnotations(session, mail, "all");
        done.push(name);
        break;
      case "UIDONLY":
        enableUidOnly(session);
        done.push(name);
        break;
      case "CONDSTORE":
        enableCondstore(session);
        done.push(name);
        break;
    }
  }
  session.updateMode();
  writeEnabled(session.out.w, done);
  return ok("done");
}
