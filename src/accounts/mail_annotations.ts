/**
 * Annotations of mailboxes and of the server. RFC 5464
 *
 * A private one belongs to the account that reads it, wherever the mailbox; a shared one to the mailbox, and so to its
 * owner. The server's shared ones are the administrator's, and cannot be changed from here (RFC 5464 3.3).
 *
 * Tested by `src/accounts/mail_annotations_test.ts`.
 *
 * @module
 */
import { type Bytes, fromUtf8, utf8 } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { canHaveValue, entryProblem, isPrivate, maxMetadataEntries } from "../imap/metadata.ts";
import { annotatingRights, right } from "../imap/rights.ts";
import type { EntryValue } from "../imap/sharing_command.ts";
import type { Origin } from "../store/change_feed.ts";
import { many, one, prepared, run, type Work } from "../store/query.ts";
import { annotationSum } from "../store/annotation_sum.ts";
import { checkRights, reach, type ViewerWork } from "./mail_access.ts";
import { type SpecialUse, specialUses } from "./mail.ts";
import { changeUses, mailboxOrNull, usesOf } from "./mail_mailboxes.ts";
import { inbox } from "./mail_names.ts";
import {
  type AnnotationRequest,
  type Annotations,
  type AnnotationsSet,
  maxAccountAnnotationBytes,
  maxAccountAnnotations,
  maxAnnotationBytes,
  maxAnnotations,
  specialUseEntry,
} from "./sharing.ts";

/** The server's shared annotations, by entry. */
export type ServerAnnotations = ReadonlyMap<string, Bytes>;

/** Those of one mailbox that are an account's own, or shared by all. */
type Scope = { accountId: number; mailboxId: number; private: number };

const inScope = prepared((db, p: Scope) =>
  db.selectFrom("annotations").select(["entry", "value"]).where("account_id", "=", p.accountId)
    .where("mailbox_id", "=", p.mailboxId).where("private", "=", p.private)
);

const setValue = prepared((db, p: Scope & { entry: string; value: Bytes }) =>
  db.insertInto("annotations").values({
    account_id: p.accountId,
    mailbox_id: p.mailboxId,
    private: p.private,
    entry: p.entry,
    value: p.value,
  }).onConflict((conflict) =>
    conflict.columns(["account_id", "mailbox_id", "private", "entry"]).doUpdateSet({ value: p.value })
  )
);

const dropValue = prepared((db, p: Scope & { entry: string }) =>
  db.deleteFrom("annotations").where("account_id", "=", p.accountId).where("mailbox_id", "=", p.mailboxId)
    .where("private", "=", p.private).where("entry", "=", p.entry)
);

const copyAll = prepared((db, p: { accountId: number; from: number; to: number }) =>
  db.insertInto("annotations").columns(["account_id", "mailbox_id", "private", "entry", "value"])
    .expression((eb) =>
      eb.selectFrom("annotations")
        .select((eb) => ["account_id", eb.val(p.to).as("mailbox_id"), "private", "entry", "value"])
        .where("account_id", "=", p.accountId).where("mailbox_id", "=", p.from)
    )
);

/** `Sharing.annotations`. */
export function* readAnnotations(
  viewerId: number,
  request: AnnotationRequest,
  server: ServerAnnotations,
): Work<Annotations> {
  const { mailbox: mailboxId, entries, depth, maxSize } = request;
  if (entries.length > maxMetadataEntries) throw new Refused("tooMany", "too many entries");
  const ownerId = yield* mayAnnotate(viewerId, mailboxId, 0);
  const found: { entry: string; value: Bytes }[] = [];
  if (entries.some((entry) => !isPrivate(entry))) {
    if (mailboxId === 0) { for (const [entry, value] of server) found.push({ entry, value }); }
    else found.push(...yield* many(inScope, { accountId: ownerId, mailboxId, private: 0 }));
  }
  if (entries.some(isPrivate)) {
    const own = yield* many(inScope, { accountId: viewerId, mailboxId, private: 1 });
    found.push(...own.filter(({ entry }) => entry !== specialUseEntry));
    const uses = usesOf((yield* mailboxOrNull(viewerId, mailboxId))?.special_use ?? "");
    if (uses.length > 0) found.push({ entry: specialUseEntry, value: utf8(uses.join(" ")) });
  }
  const wanted = found.filter(({ entry }) => entries.some((asked) => isWithin(entry, asked, depth)));
  const fits = ({ value }: { value: Bytes }) => maxSize === null || value.length <= maxSize;
  return {
    values: wanted.filter(fits).map(({ entry, value }) => [entry, value] as const),
    longest: wanted.reduce((most, each) => fits(each) ? most : Math.max(most, each.value.length), 0),
  };
}

/** Whether an entry is the one asked for, or at most so many levels below it. RFC 5464 4.2.2 */
function isWithin(entry: string, asked: string, depth: number): boolean {
  if (entry === asked) return true;
  if (depth === 0 || !entry.startsWith(`${asked}/`)) return false;
  return entry.slice(asked.length + 1).split("/").length <= depth;
}

/** `Sharing.annotate`: all, or none. */
export function* writeAnnotations(
  { viewerId, tx }: ViewerWork,
  request: { readonly mailbox: number; readonly values: readonly EntryValue[] },
  origin: Origin,
): Work<AnnotationsSet> {
  const { mailbox: mailboxId, values: given } = request;
  if (given.length > maxMetadataEntries) throw new Refused("tooMany", "too many entries");
  for (const [entry, value] of given) {
    const isBytes = value === null || value instanceof Uint8Array; // Whatever else a front may send.
    if (
      !isBytes || typeof entry !== "string" || entryProblem(entry) !== null || !canHaveValue(entry) ||
      entry !== entry.toLowerCase()
    ) {
      throw new Refused("badRequest", "no such entry");
    }
  }
  const shares = given.some(([entry]) => !isPrivate(entry));
  if (shares && mailboxId === 0) throw new Refused("noPermission", "the server's annotations are fixed");
  const ownerId = yield* mayAnnotate(viewerId, mailboxId, shares ? right.write : 0);
  if (given.some(([, value]) => (value?.length ?? 0) > maxAnnotationBytes)) return "tooLarge";
  const asked = given.findLast(([entry]) => entry === specialUseEntry);
  const values = given.filter(([entry]) => entry !== specialUseEntry);
  const uses = asked === undefined || mailboxId === 0 ? null : readUses(asked[1]);
  if (asked !== undefined) {
    const row = yield* mailboxOrNull(viewerId, mailboxId); // One's own: in others', nobody sees a use.
    if (uses === null || row === null || (row.name === inbox && uses.length > 0)) return "badUse";
  }
  const scopes = [
    {
      scope: { accountId: ownerId, mailboxId, private: 0 },
      values: values.filter(([entry]) => !isPrivate(entry)),
    },
    {
      scope: { accountId: viewerId, mailboxId, private: 1 },
      values: values.filter(([entry]) => isPrivate(entry)),
    },
  ];
  const more = new Map<number, Growth>();
  for (const { scope, values } of scopes) if (!(yield* fitsScope(scope, values, more))) return "tooMany";
  for (const [accountId, growth] of more) if (!(yield* fitsAccount(accountId, growth))) return "tooMany";
  for (const { scope, values } of scopes) {
    for (const [entry, value] of values) {
      if (value === null) yield* run(dropValue, { ...scope, entry });
      else yield* run(setValue, { ...scope, entry, value });
      tx.annotated(scope.accountId, mailboxId, entry, origin);
    }
  }
  if (uses !== null) {
    for (const id of yield* changeUses({ accountId: viewerId, tx }, mailboxId, uses)) {
      // Who sets it here is not told of that, but of the mailbox that loses its use. RFC 6154 5.4
      tx.annotated(viewerId, id, specialUseEntry, id === mailboxId ? origin : 0);
    }
  }
  return "set";
}

/** What a value says; null if it says something else. RFC 6154 4 */
function readUses(value: Bytes | null): SpecialUse[] | null {
  const words = value === null ? [] : fromUtf8(value).toLowerCase().split(" ").filter((word) => word !== "");
  const uses = specialUses.filter((use) => words.includes(use.toLowerCase()));
  return words.every((word) => uses.some((use) => use.toLowerCase() === word)) ? uses : null;
}

/** How much more an account will have. */
interface Growth {
  count: number;
  bytes: number;
}

function* fitsScope(
  scope: Scope,
  values: readonly EntryValue[],
  more: Map<number, Growth>,
): Work<boolean> {
  if (values.length === 0) return true;
  const known = new Map((yield* many(inScope, scope)).map(({ entry, value }) => [entry, value]));
  const growth = more.get(scope.accountId) ?? { count: 0, bytes: 0 };
  more.set(scope.accountId, growth);
  let count = known.size;
  for (const [entry, value] of values) {
    const before = known.get(entry);
    const comes = Number(value !== null) - Number(before !== undefined);
    count += comes;
    growth.count += comes;
    growth.bytes += (value?.length ?? 0) - (before?.length ?? 0);
  }
  // Who has too many already may still take some away, or change them.
  return count <= Math.max(maxAnnotations, known.size);
}

function* fitsAccount(accountId: number, { count, bytes }: Growth): Work<boolean> {
  if (count <= 0 && bytes <= 0) return true;
  const now = yield* one(annotationSum, { accountId });
  return (now?.count ?? 0) + count <= maxAccountAnnotations &&
    (now?.bytes ?? 0) + bytes <= maxAccountAnnotationBytes;
}

/** Returns the owner of the mailbox; for those of the server, who asks. @throws {Refused} RFC 5464 3.3 */
function* mayAnnotate(viewerId: number, mailboxId: number, needed: number): Work<number> {
  if (mailboxId === 0) return viewerId;
  const { ownerId, rights } = yield* reach(viewerId, mailboxId, right.lookup);
  checkRights(rights, (rights & annotatingRights) === 0 ? annotatingRights : needed);
  return ownerId;
}

/**
 * The owner's annotations of the inbox, and shared ones, also stand at the mailbox that its messages go to when it is
 * renamed. RFC 5464 4.1
 *
 * @throws {Refused} `tooMany`
 */
export function* copyAnnotations(accountId: number, from: number, to: number): Work<void> {
  const growth: Growth = { count: 0, bytes: 0 };
  for (const scope of [0, 1]) {
    for (const { value } of yield* many(inScope, { accountId, mailboxId: from, private: scope })) {
      growth.count++;
      growth.bytes += value.length;
    }
  }
  if (!(yield* fitsAccount(accountId, growth))) throw new Refused("tooMany", "too many annotations");
  yield* run(copyAll, { accountId, from, to });
}
