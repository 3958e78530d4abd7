/**
 * The mail of one account, from the store: the implementation of {@link Mail} that all others stand for.
 *
 * Runs where the store runs. What only reads goes in slices on the store's reading connection; what changes is a unit or
 * sliced work of its writer. One object for each signed-in connection: it owns the connection's spool files.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { type Addition, addMessages, prepareEmail, writtenBytes } from "../store/add_message.ts";
import type { ReadyBody } from "../store/bodies.ts";
import { accountWithId } from "../store/accounts.ts";
import { type ChangeListener, maxWatched, type Origin } from "../store/change_feed.ts";
import { checkIndex } from "../store/check_index.ts";
import type { Work } from "../store/query.ts";
import type { Spools } from "../store/spool.ts";
import type { Store } from "../store/store.ts";
import type {
  AccountChange,
  AppendRequest,
  Copied,
  CopyRequest,
  FetchBatch,
  FetchRequest,
  Mail,
  MailboxChanges,
  MailboxInfo,
  MailboxList,
  NewMessage,
  OpenMailbox,
  ReadRequest,
  SearchBatch,
  SearchRequest,
  SortRequest,
  SpecialUse,
  StoredFlags,
  StoreFlags,
  ThreadBatch,
  ThreadRequest,
} from "./mail.ts";
import { brokenCopies, CopyJournal } from "./copy_journal.ts";
import { type Reach, reach, type ViewerWork } from "./mail_access.ts";
import { type AccountOfLogin, listAcl, rightsAlways, setAcl } from "./mail_acl.ts";
import { readAnnotations, type ServerAnnotations, writeAnnotations } from "./mail_annotations.ts";
import { goneMailbox, mailboxChanges } from "./mail_changes.ts";
import { copyMessages } from "./mail_copy.ts";
import { copyAcross } from "./mail_copy_across.ts";
import { deleteMailbox, expungeMessages, removeMessage, undoCopy } from "./mail_expunge.ts";
import { fetchMessages, readSection } from "./mail_fetch.ts";
import { type Access, type Begin, guarded, inOneGo, reachFor, type StillAllowed } from "./mail_guard.ts";
import { flagSet, rightsToStore, storeFlags } from "./mail_flags.ts";
import { findMailbox, listMailboxes } from "./mail_mailbox_list.ts";
import { mailboxWithId, setSubscribed } from "./mail_mailboxes.ts";
import { openMailbox } from "./mail_open.ts";
import { createPlace, placeToDelete, renamePlace } from "./mail_places.ts";
import { quotaNamed, quotaRootOf } from "./mail_quota.ts";
import { searchMessages } from "./mail_search.ts";
import { sortMessages } from "./mail_sort.ts";
import { threadMessages } from "./mail_thread.ts";
import { checkRanges } from "./mail_ranges.ts";
import type {
  AclEntry,
  AnnotationRequest,
  Annotations,
  AnnotationsSet,
  Grantee,
  QuotaRoot,
  Sharing,
} from "./sharing.ts";
import { changeableFlags } from "../imap/acl.ts";
import { right } from "../imap/rights.ts";
import type { Ranges } from "../imap/search_key.ts";
import type { EntryValue } from "../imap/sharing_command.ts";

/** Most messages of one APPEND. RFC 3502 */
export const maxAppended = 1000;

/** Changes of so few messages join a group with others; more go in slices. */
const fewUids = 200;

/** What it takes to remove messages that go elsewhere. RFC 6851 4.2, RFC 8508 5 */
const rightsToTake = right.read | right.markDeleted | right.expunge;

/** Rights that decide which flags come along. RFC 4314 4 */
const flagRights = right.seen | right.write | right.markDeleted;

/** What is the same for all accounts of a server. */
export interface MailSurroundings {
  /** Which account signs in with an address: access control lists may name it so. */
  readonly accountOfLogin: AccountOfLogin;
  /** Shared annotations of the server, by entry. */
  readonly serverAnnotations: ServerAnnotations;
}

const noSurroundings: MailSurroundings = { accountOfLogin: () => null, serverAnnotations: new Map() };

/** Tells who changed an annotation; counts up over all objects of a process. */
let lastOrigin: Origin = 0;

/**
 * {@link Mail} of one account on one connection.
 *
 * What names a mailbox goes through `reach` of `mail_access.ts`, which tells whose it is and whether this account may:
 * changes inside their unit, in each slice again; what is read, before each piece is handed out. The functions that then do
 * the work are given the mailbox's owner as their account.
 */
export class StoreMail implements Mail {
  readonly #store: Store;
  readonly #accountId: number;
  readonly #spools: Spools;
  readonly #stillAllowed: StillAllowed;
  readonly #surroundings: MailSurroundings;
  readonly #origin: Origin = ++lastOrigin;
  readonly #listeners = new Set<ChangeListener>();

  /**
   * @param accountId Row of the account.
   * @param stillAllowed Asked at the beginning of each call and again inside each change.
   */
  constructor(
    store: Store,
    accountId: number,
    stillAllowed: StillAllowed = () => {},
    surroundings: MailSurroundings = noSurroundings,
  ) {
    this.#store = store;
    this.#accountId = accountId;
    this.#spools = store.spools.forOwner();
    this.#stillAllowed = stillAllowed;
    this.#surroundings = surroundings;
  }

  /** Removes spool files that were neither used nor dropped. To be called when the connection has ended. */
  async close(): Promise<void> {
    await this.#spools.close();
  }

  // deno-lint-ignore require-await -- The contract is asynchronous.
  async list(_request: Record<string, never>): Promise<MailboxList> {
    this.#stillAllowed();
    return this.#store.read(listMailboxes(this.#accountId));
  }

  // deno-lint-ignore require-await -- The contract is asynchronous.
  async find(request: { name: string }): Promise<MailboxInfo | null> {
    this.#stillAllowed();
    return this.#store.read(findMailbox(this.#accountId, request.name));
  }

  async create(request: { name: string; specialUse: readonly SpecialUse[] }): Promise<MailboxInfo> {
    return await this.#change((work) => createPlace(work, request));
  }

  async delete(request: { name: string }): Promise<void> {
    const { viewerId } = this.#viewer();
    const { ownerId, row } = this.#store.read(placeToDelete(viewerId, request.name));
    await this.#bulk(
      { mailbox: row.id, needed: () => right.remove },
      (tx) => deleteMailbox({ accountId: ownerId, tx }, this.#store.bodies, row.id),
    );
  }

  async rename(request: { from: string; to: string }): Promise<void> {
    await this.#change((work) => renamePlace(work, request));
  }

  async subscribe(request: { name: string; subscribed: boolean }): Promise<void> {
    await this.#change(({ viewerId, tx }) => setSubscribed({ accountId: viewerId, tx }, request));
  }

  async open(request: { mailbox: number; claimRecent: boolean }): Promise<OpenMailbox> {
    const reached = this.#reach(request.mailbox, right.read);
    this.#watch(request.mailbox, reached);
    const opened = await openMailbox(this.#store, reached, claiming(request, reached));
    this.#reach(request.mailbox, right.read); // It was read in slices, and may be another's no more to see.
    return opened;
  }

  async changes(
    request: { mailbox: number; modseq: number; claimRecent: boolean },
  ): Promise<MailboxChanges> {
    try {
      const reached = this.#reach(request.mailbox, right.read);
      this.#watch(request.mailbox, reached);
      const changes = await mailboxChanges(this.#store, reached, claiming(request, reached));
      return { ...changes, rights: this.#reach(request.mailbox, right.read).rights };
    } catch (error) {
      // Deleted, or not to be read any more: it is the same to who cannot see it.
      if (!(error instanceof Refused) || !hides(error)) throw error;
      return goneMailbox(this.#store.read(accountWithId(this.#accountId))?.modseq ?? 0);
    }
  }

  fetch(request: FetchRequest): AsyncGenerator<FetchBatch, void, undefined> {
    return this.#stream(request.mailbox, (ownerId) => fetchMessages(this.#store, ownerId, request));
  }

  read(request: ReadRequest): AsyncGenerator<Bytes, void, undefined> {
    return this.#stream(request.mailbox, (ownerId) => readSection(this.#store, ownerId, request));
  }

  async storeFlags(request: StoreFlags): Promise<StoredFlags> {
    checkRanges(request.uids);
    const access: Access = {
      mailbox: request.mailbox,
      needed: ({ rights }) => right.read | rightsToStore(request, rights),
    };
    return await this.#fewOrBulk(
      request.uids,
      access,
      (tx, { ownerId, rights }) => storeFlags({ accountId: ownerId, tx }, request, rights),
    );
  }

  async copy(request: CopyRequest): Promise<Copied> {
    return await this.#copy(request, false);
  }

  async move(request: CopyRequest): Promise<Copied> {
    return await this.#copy(request, true);
  }

  async expunge(request: { mailbox: number; uids: Ranges | null }): Promise<Uint32Array> {
    if (request.uids !== null) checkRanges(request.uids);
    return await this.#fewOrBulk(
      request.uids,
      { mailbox: request.mailbox, needed: () => right.read | right.expunge },
      (tx, { ownerId }) => expungeMessages({ accountId: ownerId, tx }, this.#store.bodies, request),
    );
  }

  async append(request: AppendRequest): Promise<Copied> {
    const { mailbox, messages, replaces } = request;
    this.#reach(mailbox, right.insert); // Before the bodies are made ready; and again below.
    if (messages.length > maxAppended) throw new Refused("tooMany", "too many messages at once");
    const ready: ReadyBody[] = [];
    try {
      const additions: Addition[] = [];
      for (const message of messages) additions.push(await this.#addition(message, ready));
      const bytes = additions.reduce((sum, { email }) => sum + writtenBytes(email), 0);
      const { bodies } = this.#store;
      return await this.#change(function* ({ viewerId, tx }) {
        const { ownerId, rights } = yield* reach(viewerId, mailbox, right.insert);
        // First, so that the quota counts what becomes free.
        if (replaces !== undefined) {
          const old = yield* reach(viewerId, replaces.mailbox, rightsToTake);
          yield* removeMessage({ accountId: old.ownerId, tx }, bodies, replaces);
        }
        if (additions.length === 0) {
          return toldTo(rights, copied((yield* mailboxWithId(ownerId, mailbox)).uid_validity, []));
        }
        const permitted = withFlagsOf(rights, additions);
        const { uidValidity, messages } = yield* addMessages(tx, ownerId, mailbox, permitted);
        return toldTo(rights, copied(uidValidity, messages.map((message) => message.uid)));
      }, bytes);
    } finally {
      for (const body of ready) body.release();
    }
  }

  search(request: SearchRequest): AsyncGenerator<SearchBatch, void, undefined> {
    return this.#stream(request.mailbox, (ownerId) => searchMessages(this.#store, ownerId, request));
  }

  sort(request: SortRequest): AsyncGenerator<SearchBatch, void, undefined> {
    return this.#stream(request.mailbox, (ownerId) => sortMessages(this.#store, ownerId, request));
  }

  thread(request: ThreadRequest): AsyncGenerator<ThreadBatch, void, undefined> {
    return this.#stream(request.mailbox, (ownerId) => threadMessages(this.#store, ownerId, request));
  }

  listen(_request: Record<string, never>): AsyncIterable<AccountChange> {
    this.#stillAllowed();
    for (const listener of this.#listeners) if (listener.ended) this.#listeners.delete(listener);
    const listener = this.#store.feed.listen(this.#accountId, this.#origin);
    this.#listeners.add(listener);
    return listener;
  }

  // deno-lint-ignore require-await -- The contract is asynchronous; so are those below.
  async watch(request: { mailboxes: readonly number[] }): Promise<void> {
    const { viewerId } = this.#viewer();
    for (const mailbox of request.mailboxes.slice(0, maxWatched)) {
      try {
        this.#watch(mailbox, this.#store.read(reach(viewerId, mailbox, right.read)));
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
      }
    }
  }

  // deno-lint-ignore require-await
  async acl(request: { mailbox: number }): Promise<readonly AclEntry[]> {
    return this.#store.read(listAcl(this.#viewer().viewerId, request.mailbox));
  }

  async setAcl(request: Parameters<Sharing["setAcl"]>[0]): Promise<void> {
    const { accountOfLogin } = this.#surroundings;
    await this.#change(({ viewerId, tx }) => setAcl(viewerId, tx, request, accountOfLogin));
  }

  // deno-lint-ignore require-await
  async rightsAlways(request: { mailbox: number; grantee: Grantee }): Promise<number> {
    const { accountOfLogin } = this.#surroundings;
    return this.#store.read(rightsAlways(this.#viewer().viewerId, request, accountOfLogin));
  }

  // deno-lint-ignore require-await
  async quotaRoot(request: { name: string }): Promise<QuotaRoot> {
    return this.#store.read(quotaRootOf(this.#viewer().viewerId, request.name));
  }

  // deno-lint-ignore require-await
  async quota(request: { root: string }): Promise<QuotaRoot> {
    return this.#store.read(quotaNamed(this.#viewer().viewerId, request.root));
  }

  // deno-lint-ignore require-await
  async annotations(request: AnnotationRequest): Promise<Annotations> {
    const { serverAnnotations } = this.#surroundings;
    return this.#store.read(readAnnotations(this.#viewer().viewerId, request, serverAnnotations));
  }

  async annotate(request: { mailbox: number; values: readonly EntryValue[] }): Promise<AnnotationsSet> {
    return await this.#change((work) => writeAnnotations(work, request, this.#origin));
  }

  async spoolOpen(_request: Record<string, never>): Promise<string> {
    this.#stillAllowed();
    return await this.#spools.open();
  }

  async spoolWrite(request: { spool: string; bytes: Bytes }): Promise<void> {
    await this.#spools.write(request.spool, request.bytes);
  }

  async spoolDrop(request: { spool: string }): Promise<void> {
    await this.#spools.drop(request.spool);
  }

  async #addition(message: NewMessage, ready: ReadyBody[]): Promise<Addition> {
    const { bits, keywords } = flagSet(message.bits, message.keywords);
    const internalDate = message.internalDate ?? this.#store.clock.now();
    if (!Number.isSafeInteger(internalDate)) throw new Refused("badRequest", "no internal date");
    const body = await this.#store.bodies.ready(message, this.#spools);
    ready.push(body);
    return {
      email: prepareEmail(body, checkIndex(message.index, body.hashes.size)),
      prefix: new Uint8Array(),
      bits,
      keywords: keywords === "" ? [] : keywords.split(" "),
      internalDate,
    };
  }

  /** The account, while it may still be used. */
  #viewer(): { readonly viewerId: number } {
    this.#stillAllowed();
    return { viewerId: this.#accountId };
  }

  /** Whose a mailbox is, if this account has the right. @throws {Refused} */
  #reach(mailbox: number, needed: number): Reach {
    return this.#store.read(reach(this.#viewer().viewerId, mailbox, needed));
  }

  /** From now on changes of a mailbox that is another's are heard, too. */
  #watch(mailbox: number, { owner }: Reach): void {
    if (owner === null) return;
    for (const listener of this.#listeners) this.#store.feed.watch(mailbox, listener);
  }

  /** What is read of a mailbox: each piece is handed out only while it may be read. */
  async *#stream<T>(
    mailbox: number,
    begin: (ownerId: number) => AsyncGenerator<T, void, undefined>,
  ): AsyncGenerator<T, void, undefined> {
    const { ownerId } = this.#reach(mailbox, right.read);
    for await (const piece of begin(ownerId)) {
      if (this.#reach(mailbox, right.read).ownerId === ownerId) yield piece;
    }
  }

  async #copy(request: CopyRequest, move: boolean): Promise<Copied> {
    checkRanges(request.uids);
    const taking = move ? rightsToTake : right.read;
    const from = this.#reach(request.mailbox, taking);
    const to = this.#reach(request.to, right.insert);
    const made = from.ownerId === to.ownerId
      ? await this.#copyWithin(request, move, to.ownerId, taking)
      : await this.#copyAcross(request, move, taking);
    return toldTo(to.rights, made);
  }

  /** What may be set of flags when the copy begins must be so to its end. */
  async #copyWithin(request: CopyRequest, move: boolean, ownerId: number, taking: number): Promise<Copied> {
    const access: Access = {
      mailbox: request.to,
      needed: ({ rights }) => right.insert | rights & flagRights,
      and: { mailbox: request.mailbox, needed: () => taking },
    };
    const journal = move ? null : new CopyJournal(ownerId, request.to);
    try {
      return await this.#fewOrBulk(
        request.uids,
        access,
        (tx, { rights }) => copyMessages({ accountId: ownerId, tx }, request, journal, rights),
      );
    } catch (error) {
      // Where that fails as well, the next start does it.
      if (journal?.written === true) await undoCopies(this.#store, journal.copy).catch(() => {});
      throw error;
    }
  }

  async #copyAcross(request: CopyRequest, move: boolean, taking: number): Promise<Copied> {
    const { bodies } = this.#store;
    return await this.#change(function* ({ viewerId, tx }) {
      const from = yield* reach(viewerId, request.mailbox, taking);
      const to = yield* reach(viewerId, request.to, right.insert);
      return yield* copyAcross(tx, bodies, from, to, request, move);
    });
  }

  /** A change in one unit of the writer. */
  async #change<T>(unit: (work: ViewerWork) => Work<T>, bytes = 0): Promise<T> {
    const { viewerId } = this.#viewer();
    const stillAllowed = this.#stillAllowed;
    return await this.#store.writer.run((tx) => {
      stillAllowed();
      return unit({ viewerId, tx });
    }, bytes);
  }

  /** A change in slices: before each, the account must still be allowed to. */
  async #bulk<T>(access: Access, begin: Begin<T>): Promise<T> {
    const { viewerId } = this.#viewer();
    const stillAllowed = this.#stillAllowed;
    return await this.#store.writer.slices((tx) => guarded(viewerId, access, begin, tx, stillAllowed));
  }

  /** A few messages join others' changes in one commit, which is sooner on the disk. */
  async #fewOrBulk<T>(uids: Ranges | null, access: Access, begin: Begin<T>): Promise<T> {
    if (uids === null || countOf(uids) > fewUids) return await this.#bulk(access, begin);
    return await this.#change(function* ({ viewerId, tx }) {
      return yield* inOneGo(begin(tx, yield* reachFor(viewerId, access)));
    });
  }
}

function hides({ reason }: Refused): boolean {
  return reason === "noSuchMailbox" || reason === "noPermission";
}

/** \Recent is told once, to somebody who may change what was seen. */
function claiming<T extends { readonly claimRecent: boolean }>(request: T, { rights }: Reach): T {
  return { ...request, claimRecent: request.claimRecent && (rights & right.seen) !== 0 };
}

/** Nothing is told of a mailbox to who may put something into it and not read it. RFC 4315 3 */
function toldTo(rights: number, made: Copied): Copied {
  return (rights & right.read) !== 0 ? made : { ...made, uidValidity: 0, to: new Uint32Array() };
}

/** Flags that may not be set do not come along. RFC 4314 4 */
function withFlagsOf(rights: number, additions: readonly Addition[]): readonly Addition[] {
  const may = changeableFlags(rights);
  return additions.map((addition) => ({
    ...addition,
    bits: addition.bits & may.bits,
    keywords: may.keywords ? addition.keywords : [],
  }));
}
/**
 * Takes back copies that broke off.
 *
 * @param copy Which; null for all of them, when the store was opened and serves nobody yet.
 */
export async function undoCopies(store: Store, copy: string | null = null): Promise<void> {
  for (const broken of store.read(brokenCopies())) {
    if (copy !== null && broken.copy !== copy) continue;
    await store.writer.slices((tx) => undoCopy({ accountId: broken.accountId, tx }, store.bodies, broken));
  }
}

function copied(uidValidity: number, uids: readonly number[]): Copied {
  return { uidValidity, from: Uint32Array.from(uids), to: Uint32Array.from(uids) };
}

function countOf(ranges: Ranges): number {
  let count = 0;
  for (let i = 0; i < ranges.length; i += 2) count += (ranges[i + 1] ?? 0) - (ranges[i] ?? 0) + 1;
  return count;
}
