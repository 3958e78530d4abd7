/**
 * Which commands are in order when, and what does them. RFC 9051 3, 6
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Command } from "../imap/command.ts";
import { changeAcl, getAcl, listRights, myRights } from "./acl.ts";
import { authenticate, login, unauthenticate } from "./authenticate.ts";
import { capability, enable } from "./capability.ts";
import { close, unselect } from "./close.ts";
import { cancelUpdate } from "./contexts.ts";
import { compress } from "./compress.ts";
import { copy } from "./copy.ts";
import { create } from "./create.ts";
import { deleteMailbox } from "./delete.ts";
import { expunge } from "./expunge.ts";
import { fetch } from "./fetch.ts";
import { id } from "./id.ts";
import { idle } from "./idle.ts";
import { language } from "./language.ts";
import { list, lsub } from "./list.ts";
import { getMetadata, setMetadata } from "./metadata.ts";
import { multiSearch } from "./multi_search.ts";
import { namespace } from "./namespace.ts";
import { notify } from "./notify.ts";
import { refuseHidden } from "./quirks.ts";
import { quota, quotaRoot } from "./quota.ts";
import { rename } from "./rename.ts";
import { bad, type Completion, ok } from "./replies.ts";
import { search } from "./search.ts";
import { select } from "./select.ts";
import type { Session } from "./session.ts";
import { status } from "./status.ts";
import { store } from "./store.ts";
import { subscribe } from "./subscribe.ts";
import { thread } from "./thread.ts";
import { refuseNumbers } from "./uid_only.ts";
import { tellChanges } from "./updates.ts";

/**
 * Runs a command that needs nothing of the connection itself. The states of RFC 9051 3 stand one below the other: always,
 * not signed in, signed in, with a mailbox selected.
 */
export async function dispatch(session: Session, tag: string, command: Command): Promise<Completion> {
  const { signedIn } = session;
  const hidden = refuseHidden(session, command);
  if (hidden !== null) return hidden;
  switch (command.verb) {
    case "CAPABILITY":
      return capability(session);
    case "NOOP":
      return ok("done");
    case "LANGUAGE":
      return language(session, command);
    case "ID":
      return id(session, command);
    case "LOGIN":
      return signedIn === null ? await login(session, command) : bad("signed in already");
    case "AUTHENTICATE":
      return signedIn === null ? await authenticate(session, command) : bad("signed in already");
  }
  if (signedIn === null) return bad("sign in first");
  const refused = refuseNumbers(session, command);
  if (refused !== null) return refused;
  const { mail } = signedIn;
  switch (command.verb) {
    case "ENABLE":
      return await enable(session, mail, command);
    case "COMPRESS":
      return compress(session);
    case "SELECT":
    case "EXAMINE":
      return await select(session, mail, command);
    case "CREATE":
      return await create(session, mail, command);
    case "DELETE":
      return await deleteMailbox(session, mail, command);
    case "RENAME":
      return await rename(session, mail, command);
    case "SUBSCRIBE":
    case "UNSUBSCRIBE":
      return await subscribe(session, mail, command);
    case "LIST":
      return await list(session, mail, command);
    case "LSUB":
      return await lsub(session, mail, command);
    case "NOTIFY":
      return await notify(session, mail, command);
    case "GETACL":
      return await getAcl(session, mail, command.mailbox);
    case "SETACL":
    case "DELETEACL":
      return await changeAcl(mail, command);
    case "LISTRIGHTS":
      return await listRights(session, mail, command);
    case "MYRIGHTS":
      return await myRights(session, mail, command.mailbox);
    case "GETQUOTAROOT":
      return await quotaRoot(session, mail, command.mailbox);
    case "GETQUOTA":
    case "SETQUOTA":
      return await quota(session, mail, command);
    case "GETMETADATA":
      return await getMetadata(session, mail, command);
    case "SETMETADATA":
      return await setMetadata(mail, command);
    case "NAMESPACE":
      return namespace(session);
    case "STATUS":
      return await status(session, mail, command);
    case "IDLE":
      return await idle(session, mail);
    case "ESEARCH":
      await tellChanges(session, mail, "no expunge");
      return await multiSearch(session, mail, command, tag);
    case "UNAUTHENTICATE":
      return await unauthenticate(session);
  }
  const { view } = session;
  if (view === null) return bad("select a mailbox first");
  // Who names UIDs may mean messages that it knows from elsewhere: COPYUID, APPENDUID, another connection.
  if ("uid" in command && command.uid) await tellChanges(session, mail, "no expunge");
  switch (command.verb) {
    case "CHECK":
      return ok("done");
    case "CLOSE":
      return await close(session, mail, view);
    case "UNSELECT":
      return unselect(session);
    case "EXPUNGE":
      return await expunge(session, mail, view, command, tag);
    case "SEARCH":
    case "SORT":
      return await search(session, mail, view, command, tag);
    case "THREAD":
      return await thread(session, mail, view, command, tag);
    case "CANCELUPDATE":
      return cancelUpdate(view, command);
    case "FETCH":
      return await fetch(session, mail, view, command);
    case "STORE":
      return await store(session, mail, view, command, tag);
    case "COPY":
    case "MOVE":
      return await copy(session, mail, view, command, tag);
    default:
      throw new TypeError(`${command.verb} is not done here`);
  }
}

/**
 * Whether EXPUNGE may be told behind a command: not where the client may already have sent others that count messages.
 * RFC 9051 7.5.1. Nor before SELECT is answered, when there is no mailbox yet that could lose one.
 */
export function mayTellExpunged(command: Command): boolean {
  switch (command.verb) {
    case "FETCH":
    case "STORE":
      return command.uid;
    case "SEARCH":
    case "SORT":
    case "THREAD":
    case "ESEARCH":
      return command.uid && !command.counts;
    case "SELECT":
    case "EXAMINE":
      return false;
    default:
      return true;
  }
}
