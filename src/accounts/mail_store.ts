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
import { checkIndex } from "../store/check_index.ts";
import type { Step, Work } from "../store/query.ts";
import type { Spools } from "../store/spool.ts";
import type { Store } from "../store/store.ts";
import type { SlicedWork } from "../store/transaction.ts";
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
import { mailboxChanges } from "./mail_changes.ts";
import { copyMessages, moveAll } from "./mail_copy.ts";
import { deleteMailbox, expungeMessages, removeMessage, undoCopy } from "./mail_expunge.ts";
import { fetchMessages, readSection } from "./mail_fetch.ts";
import { flagSet, storeFlags } from "./mail_flags.ts";
import {
  createMailbox,
  listMailboxes,
  mailboxInfo,
  mailboxWithId,
  renameMailbox,
  setSubscribed,
} from "./mail_mailboxes.ts";
import { openMailbox } from "./mail_open.ts";
import { searchMessages } from "./mail_search.ts";
import { sortMessages } from "./mail_sort.ts";
import { threadMessages } from "./mail_thread.ts";
import { checkRanges } from "./mail_ranges.ts";
import type { Ranges } from "../imap/search_key.ts";

/** Most messages of one APPEND. RFC 3502 */
export const maxAppended = 1000;

/** Changes of so few messages join a group with others; more go in slices. */
const fewUids = 200;

/** What an account's mail may be asked to check at each commit. Throws when the right has ended. */
export type StillAllowed = () => void;

/** {@link Mail} of one account on one connection. */
export class StoreMail implements Mail {
  readonly #store: Store;
  readonly #accountId: number;
  readonly #spools: Spools;
  readonly #stillAllowed: StillAllowed;

  /**
   * @param accountId Row of the account.
   * @param stillAllowed Asked at the beginning of each call and again inside each change.
   */
  constructor(store: Store, accountId: number, stillAllowed: StillAllowed = () => {}) {
    this.#store = store;
    this.#accountId = accountId;
    this.#spools = store.spools.forOwner();
    this.#stillAllowed = stillAllowed;
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

  async create(request: { name: string; specialUse: readonly SpecialUse[] }): Promise<MailboxInfo> {
    const accountId = this.#accountId;
    return await this.#change(function* (work) {
      return yield* mailboxInfo(accountId, yield* createMailbox(work, request));
    });
  }

  async delete(request: { name: string }): Promise<void> {
    await this.#bulk((work) => deleteMailbox(work, this.#store.bodies, request.name));
  }

  async rename(request: { from: string; to: string }): Promise<void> {
    await this.#change(function* (work) {
      const renamed = yield* renameMailbox(work, request);
      if (renamed !== null) yield* moveAll(work, renamed.inbox, renamed.to, renamed.modseq);
    });
  }

  async subscribe(request: { name: string; subscribed: boolean }): Promise<void> {
    await this.#change((work) => setSubscribed(work, request));
  }

  async open(request: { mailbox: number; claimRecent: boolean }): Promise<OpenMailbox> {
    this.#stillAllowed();
    return await openMailbox(this.#store, this.#accountId, request);
  }

  async changes(
    request: { mailbox: number; modseq: number; claimRecent: boolean },
  ): Promise<MailboxChanges> {
    this.#stillAllowed();
    return await mailboxChanges(this.#store, this.#accountId, request);
  }

  async *fetch(request: FetchRequest): AsyncGenerator<FetchBatch, void, undefined> {
    this.#stillAllowed();
    yield* fetchMessages(this.#store, this.#accountId, request);
  }

  async *read(request: ReadRequest): AsyncGenerator<Bytes, void, undefined> {
    this.#stillAllowed();
    yield* readSection(this.#store, this.#accountId, request);
  }

  async storeFlags(request: StoreFlags): Promise<StoredFlags> {
    checkRanges(request.uids);
    return await this.#fewOrBulk(request.uids, (work) => storeFlags(work, request));
  }

  async copy(request: CopyRequest): Promise<Copied> {
    checkRanges(request.uids);
    const journal = new CopyJournal(this.#accountId, request.to);
    try {
      return await this.#fewOrBulk(request.uids, (work) => copyMessages(work, request, journal));
    } catch (error) {
      // Where that fails as well, the next start does it.
      if (journal.written) await undoCopies(this.#store, journal.copy).catch(() => {});
      throw error;
    }
  }

  async move(request: CopyRequest): Promise<Copied> {
    checkRanges(request.uids);
    return await this.#fewOrBulk(request.uids, (work) => copyMessages(work, request, null));
  }

  async expunge(request: { mailbox: number; uids: Ranges | null }): Promise<Uint32Array> {
    if (request.uids !== null) checkRanges(request.uids);
    return await this.#fewOrBulk(
      request.uids,
      (work) => expungeMessages(work, this.#store.bodies, request),
    );
  }

  async append(request: AppendRequest): Promise<Copied> {
    this.#stillAllowed();
    const { mailbox, messages, replaces } = request;
    if (messages.length > maxAppended) throw new Refused("tooMany", "too many messages at once");
    const accountId = this.#accountId;
    const ready: ReadyBody[] = [];
    try {
      const additions: Addition[] = [];
      for (const message of messages) additions.push(await this.#addition(message, ready));
      const bytes = additions.reduce((sum, { email }) => sum + writtenBytes(email), 0);
      const { bodies } = this.#store;
      return await this.#change(function* ({ tx }) {
        // First, so that the quota counts what becomes free.
        if (replaces !== undefined) yield* removeMessage({ accountId, tx }, bodies, replaces);
        if (additions.length === 0) {
          return copied((yield* mailboxWithId(accountId, mailbox)).uid_validity, []);
        }
        const { uidValidity, messages } = yield* addMessages(tx, accountId, mailbox, additions);
        return copied(uidValidity, messages.map((message) => message.uid));
      }, bytes);
    } finally {
      for (const body of ready) body.release();
    }
  }

  async *search(request: SearchRequest): AsyncGenerator<SearchBatch, void, undefined> {
    this.#stillAllowed();
    yield* searchMessages(this.#store, this.#accountId, request);
  }

  async *sort(request: SortRequest): AsyncGenerator<SearchBatch, void, undefined> {
    this.#stillAllowed();
    yield* sortMessages(this.#store, this.#accountId, request);
  }

  async *thread(request: ThreadRequest): AsyncGenerator<ThreadBatch, void, undefined> {
    this.#stillAllowed();
    yield* threadMessages(this.#store, this.#accountId, request);
  }

  listen(_request: Record<string, never>): AsyncIterable<AccountChange> {
    this.#stillAllowed();
    return this.#store.feed.listen(this.#accountId);
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

  /** A change in one unit of the writer. */
  async #change<T>(unit: (work: AccountUnit) => Work<T>, bytes = 0): Promise<T> {
    this.#stillAllowed();
    const stillAllowed = this.#stillAllowed;
    const accountId = this.#accountId;
    return await this.#store.writer.run((tx) => {
      stillAllowed();
      return unit({ accountId, tx });
    }, bytes);
  }

  /** A change in slices. */
  async #bulk<T>(begin: (work: AccountUnit) => SlicedWork<T>): Promise<T> {
    this.#stillAllowed();
    const accountId = this.#accountId;
    const stillAllowed = this.#stillAllowed;
    return await this.#store.writer.slices((tx) => guarded(begin({ accountId, tx }), stillAllowed));
  }

  /** A few messages join others' changes in one commit, which is sooner on the disk. */
  async #fewOrBulk<T>(uids: Ranges | null, begin: (work: AccountUnit) => SlicedWork<T>): Promise<T> {
    if (uids === null || countOf(uids) > fewUids) return await this.#bulk(begin);
    return await this.#change((work) => inOneGo(begin(work)));
  }
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

type AccountUnit = Parameters<typeof createMailbox>[0];

function copied(uidValidity: number, uids: readonly number[]): Copied {
  return { uidValidity, from: Uint32Array.from(uids), to: Uint32Array.from(uids) };
}

function countOf(ranges: Ranges): number {
  let count = 0;
  for (let i = 0; i < ranges.length; i += 2) count += (ranges[i + 1] ?? 0) - (ranges[i] ?? 0) + 1;
  return count;
}

/** Sliced work that asks again, whenever it may have been interrupted, whether it may go on. */
function* guarded<T>(sliced: SlicedWork<T>, stillAllowed: StillAllowed): SlicedWork<T> {
  stillAllowed();
  let next = sliced.next();
  while (!next.done) {
    if (next.value.want !== "pause") next = yield* answered(sliced, next.value);
    else {
      yield next.value;
      stillAllowed();
      next = sliced.next();
    }
  }
  return next.value;
}

/** Sliced work as one unit: it is never interrupted. */
function* inOneGo<T>(sliced: SlicedWork<T>): Work<T> {
  let next = sliced.next();
  while (!next.done) {
    if (next.value.want === "pause") next = sliced.next();
    else next = yield* answered(sliced, next.value);
  }
  return next.value;
}

function* answered<T>(
  sliced: SlicedWork<T>,
  step: Step,
): Generator<Step, ReturnType<SlicedWork<T>["next"]>, unknown> {
  let answer: unknown;
  try {
    answer = yield step;
  } catch (error) {
    return sliced.throw(error);
  }
  return sliced.next(answer);
}
