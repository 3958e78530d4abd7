/**
 * Making, deleting and renaming mailboxes, one's own and others', with the rights that it takes. RFC 4314 4
 *
 * A mailbox stays with its owner: it is not renamed into another account. Whether there is something under a name of
 * others' cannot be found out with CREATE and RENAME: they are refused in the same words.
 *
 * Tested by `src/accounts/mail_sharing_test.ts`.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import { right } from "../imap/rights.ts";
import type { Work } from "../store/query.ts";
import type { MailboxInfo, SpecialUse } from "./mail.ts";
import { checkRights, nameFor, type Place, placeOf, rightsTo, type ViewerWork } from "./mail_access.ts";
import { copyAnnotations } from "./mail_annotations.ts";
import { moveAll } from "./mail_copy.ts";
import { mailboxInfo } from "./mail_mailbox_list.ts";
import {
  createMailbox,
  mailboxesBelow,
  mailboxNamed,
  mailboxOfName,
  type MailboxRow,
  renameMailbox,
  subscribeIfRoom,
} from "./mail_mailboxes.ts";
import { inbox, mailboxName, parentsOf } from "./mail_names.ts";

/** `Mail.create`. */
export function* createPlace(
  { viewerId, tx }: ViewerWork,
  request: { readonly name: string; readonly specialUse: readonly SpecialUse[] },
): Work<MailboxInfo> {
  const place = yield* placeToMake(viewerId, request.name);
  const { ownerId, owner, name } = place;
  if (owner !== null && request.specialUse.length > 0) {
    throw new Refused("notPermitted", "another account's mailboxes have that account's uses");
  }
  const row = yield* createMailbox({ accountId: ownerId, tx }, { ...request, name });
  if (owner !== null) yield* subscribeIfRoom({ accountId: viewerId, tx }, nameFor(owner, row.name));
  return yield* mailboxInfo(
    { viewerId, ownerId, owner, rights: yield* rightsTo(viewerId, ownerId, row.id) },
    row,
  );
}

/** The mailbox of a name, if somebody may delete it. @throws {Refused} `noSuchMailbox`, `noPermission` */
export function* placeToDelete(viewerId: number, name: string): Work<Place & { readonly row: MailboxRow }> {
  const place = yield* placeOf(viewerId, name);
  if (place === null) throw new Refused("noSuchMailbox", "no mailbox of that name");
  const row = yield* mailboxNamed(place.ownerId, place.name);
  checkRights(yield* rightsTo(viewerId, place.ownerId, row.id), right.remove);
  return { ...place, row };
}

/** `Mail.rename`. */
export function* renamePlace(
  { viewerId, tx }: ViewerWork,
  request: { readonly from: string; readonly to: string },
): Work<void> {
  const source = yield* placeToDelete(viewerId, request.from);
  const { ownerId, owner, row } = source;
  if (owner !== null && row.name === inbox) {
    throw new Refused("notPermitted", "another account's inbox keeps its messages");
  }
  for (const { id } of yield* mailboxesBelow(ownerId, row.name)) {
    if (row.name !== inbox) checkRights(yield* rightsTo(viewerId, ownerId, id), right.remove);
  }
  const target = yield* placeToMake(viewerId, request.to);
  if (target.ownerId !== ownerId) throw new Refused("notPermitted", "a mailbox stays with its owner");
  const work = { accountId: ownerId, tx };
  const renamed = yield* renameMailbox(work, { from: row.name, to: target.name });
  if (renamed === null) return;
  yield* moveAll(work, renamed.inbox, renamed.to, renamed.modseq);
  yield* copyAnnotations(ownerId, renamed.inbox.id, renamed.to.id); // RFC 5464 4.1
}

/**
 * Where a mailbox may be made: it takes `create` on the nearest that exists above it. At the top of an account only its
 * owner makes any.
 *
 * @throws {Refused} `noPermission`, `badName`
 */
function* placeToMake(viewerId: number, given: string): Work<Place> {
  const refusal = new Refused("noPermission", "no right to make a mailbox there");
  const place = yield* placeOf(viewerId, given);
  if (place === null) throw refusal;
  const name = mailboxName(place.name);
  for (const parent of parentsOf(name).reverse()) {
    const row = yield* mailboxOfName(place.ownerId, parent);
    if (row === null) continue;
    const rights = yield* rightsTo(viewerId, place.ownerId, row.id);
    if ((rights & right.create) === 0) throw refusal;
    return { ...place, name };
  }
  if (place.owner !== null) throw refusal;
  return { ...place, name };
}
