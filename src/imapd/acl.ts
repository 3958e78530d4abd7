/**
 * GETACL, SETACL, DELETEACL, LISTRIGHTS and MYRIGHTS. RFC 4314 3
 *
 * The store decides what is permitted; a mailbox that somebody cannot look up is answered as one that does not exist
 * (RFC 4314 6).
 *
 * Tested by `src/imapd/sharing_test.ts`.
 *
 * @module
 */
import type { Mail } from "../accounts/mail.ts";
import { writeAcl, writeListRights, writeMyRights } from "../imap/acl.ts";
import { tellingRights } from "../imap/rights.ts";
import type { AclQuery, SetAcl } from "../imap/sharing_command.ts";
import { checkRights, findMailbox } from "./names.ts";
import { type Completion, ok } from "./replies.ts";
import type { Session } from "./session.ts";

export async function getAcl(session: Session, mail: Mail, name: string): Promise<Completion> {
  const mailbox = await findMailbox(mail, name);
  writeAcl(session.out.w, mailbox.name, await mail.acl({ mailbox: mailbox.id }));
  return ok("done");
}

/** DELETEACL is to grant nothing. RFC 4314 3.2 */
export async function changeAcl(mail: Mail, command: SetAcl | AclQuery): Promise<Completion> {
  const { id } = await findMailbox(mail, command.mailbox);
  const { mode, rights } = command.verb === "SETACL" ? command : { mode: "replace", rights: 0 } as const;
  await mail.setAcl({ mailbox: id, grantee: grantee(command), mode, rights });
  return ok("done");
}

export async function listRights(session: Session, mail: Mail, command: AclQuery): Promise<Completion> {
  const mailbox = await findMailbox(mail, command.mailbox);
  const always = await mail.rightsAlways({ mailbox: mailbox.id, grantee: grantee(command) });
  writeListRights(session.out.w, mailbox.name, command.identifier.written, always);
  return ok("done");
}

export async function myRights(session: Session, mail: Mail, name: string): Promise<Completion> {
  const mailbox = await findMailbox(mail, name);
  if ((mailbox.rights & tellingRights) === 0) checkRights(mailbox, tellingRights); // "Any" of RFC 4314 4
  writeMyRights(session.out.w, mailbox.name, mailbox.rights);
  return ok("done");
}

function grantee({ identifier: { name, negative } }: SetAcl | AclQuery) {
  return { name, negative };
}
