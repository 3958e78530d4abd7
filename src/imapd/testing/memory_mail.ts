/**
 * The mail of one account in memory: the twin of the store, for tests of the edges, and the model that the store
 * is compared with. Plain loops over plain objects; nothing here is fast, everything is meant to be plainly right.
 *
 * Rules beyond those of `accounts/mail.ts` (the store keeps them too):
 * - A mailbox name is NFC, has no control characters, no empty, `.` or `..` level and no `#` in front.
 * - Subscriptions are a set of names: deleting and renaming leave it alone (RFC 9051 6.3.5, 6.3.6), but what is made is
 *   subscribed, and a mailbox takes its subscription along to its new name.
 * - A new mailbox never has a UIDVALIDITY that was used before.
 *
 * @module
 */
import {
  type AccountChange,
  type AppendRequest,
  type Copied,
  type CopyRequest,
  type FetchBatch,
  type FetchRequest,
  type Mail,
  type MailboxChanges,
  type MailboxInfo,
  type MailboxList,
  type OpenMailbox,
  type ReadRequest,
  type SearchBatch,
  type SearchRequest,
  type SortRequest,
  type SpecialUse,
  specialUses,
  type StoredFlags,
  type StoreFlags,
  type ThreadBatch,
  type ThreadRequest,
} from "../../accounts/mail.ts";
import { type Bytes, MiB, noBytes } from "../../base/bytes.ts";
import { Refused } from "../../base/errors.ts";
import { canonicalMailboxName } from "../../imap/mailbox_name.ts";
import { deleted, maxMailboxKeywords } from "../../imap/flags.ts";
import type { Ranges } from "../../imap/search_key.ts";
import type { MessageIndex } from "../../message/message_index.ts";
import { fetchBatch, flagColumns, inlineLength, valueOf } from "./memory_columns.ts";
import { ChangeFeed } from "./memory_feed.ts";
import { goneMailbox, MemoryMailbox, octetsOf, withFlags } from "./memory_mailbox.ts";
import type { MemoryEmail, MemoryMessage } from "./memory_message.ts";
import { checkName, parents } from "./memory_names.ts";
import { searchBatches, sortBatches, threadBatches } from "./memory_search_batches.ts";
import { defaults, initial, type MemoryMailSettings } from "./memory_settings.ts";
import { MemorySharing } from "./memory_sharing.ts";
import { MemorySpools } from "./memory_spools.ts";

/** Everything of one account. */
export class MemoryMail extends MemorySharing implements Mail {
  readonly settings: MemoryMailSettings;
  readonly #feed = new ChangeFeed();
  readonly #mailboxes: MemoryMailbox[] = [];
  readonly #subscriptions = new Set<string>();
  readonly #spools = new MemorySpools();
  readonly #failures: { method: keyof Mail; error: Error }[] = [];
  /** Counts up over everything that gets a number, so that no two things look alike by chance. */
  #lastId = 0;
  #modseq = 1;
  #lastUidValidity = 0;

  /** @param names Mailboxes to begin with; without it, those of a new account. */
  constructor(settings: Partial<MemoryMailSettings> = {}, names: readonly string[] | null = null) {
    super();
    this.settings = { ...defaults, ...settings };
    for (const [name, use] of names?.map((name) => [name, []] as const) ?? initial) {
      this.#make(name, use, this.#modseq);
    }
  }

  /** For tests: the next call of `method` throws `error`. */
  failNext(method: keyof Mail, error: Error): void {
    this.#failures.push({ method, error });
  }

  /** For tests: forgets which messages were expunged, as after the retention time. */
  forgetExpunged(name: string): void {
    this.#named(name).forget(this.#modseq);
  }

  /** For tests: adds a message as the delivery of mail does, with trace fields in front; returns its UID. */
  deliver(name: string, body: Bytes, index: MessageIndex, prefix: Bytes = noBytes): number {
    const mailbox = this.#named(name);
    const modseq = ++this.#modseq;
    const message = this.#add(mailbox, modseq, {
      bits: 0,
      keywords: [],
      internalDate: this.settings.now(),
      email: this.#email(prefix, body, index),
    });
    this.#changed([mailbox], modseq, false);
    return message.uid;
  }

  /** For tests: what a mailbox holds. */
  messages(name: string): readonly MemoryMessage[] {
    return this.#named(name).messages;
  }

  /** For tests: how many listen at the moment. */
  get listeners(): number {
    return this.#feed.listeners;
  }

  /** For tests: spool files that were neither used nor dropped. */
  get spools(): number {
    return this.#spools.size;
  }

  // deno-lint-ignore require-await -- The contract is asynchronous; so are all methods below.
  async list(_request: Record<string, never>): Promise<MailboxList> {
    this.#mayFail("list");
    const mailboxes = this.#mailboxes.map((mailbox) => this.#info(mailbox)).sort((a, b) =>
      a.name < b.name ? -1 : 1
    );
    const names = new Set(mailboxes.map((mailbox) => mailbox.name));
    return {
      mailboxes,
      lostSubscriptions: [...this.#subscriptions].filter((name) => !names.has(name)).sort(),
    };
  }

  // deno-lint-ignore require-await
  async find(request: { name: string }): Promise<MailboxInfo | null> {
    this.#mayFail("find");
    const mailbox = this.#find(canonicalMailboxName(request.name));
    return mailbox === undefined ? null : this.#info(mailbox);
  }

  // deno-lint-ignore require-await
  async create(request: { name: string; specialUse: readonly SpecialUse[] }): Promise<MailboxInfo> {
    this.#mayFail("create");
    checkName(request.name);
    if (this.#find(request.name) !== undefined) throw new Refused("mailboxExists", request.name);
    const missing = [...parents(request.name), request.name].filter((name) => this.#find(name) === undefined);
    if (this.#mailboxes.length + missing.length > this.settings.maxMailboxes) {
      throw new Refused("tooMany", "too many mailboxes");
    }
    const modseq = ++this.#modseq;
    this.#takeUses(request.specialUse);
    for (const name of missing) this.#make(name, name === request.name ? request.specialUse : [], modseq);
    this.#changed([], modseq, true);
    return this.#info(this.#named(request.name));
  }

  // deno-lint-ignore require-await
  async delete(request: { name: string }): Promise<void> {
    this.#mayFail("delete");
    const mailbox = this.#named(request.name);
    if (mailbox.name === "Inbox") throw new Refused("notPermitted", "the inbox stays");
    if (this.#mailboxes.some((other) => other.name.startsWith(`${mailbox.name}/`))) {
      throw new Refused("hasChildren", mailbox.name);
    }
    const modseq = ++this.#modseq;
    this.#mailboxes.splice(this.#mailboxes.indexOf(mailbox), 1);
    this.#changed([mailbox], modseq, true);
  }

  // deno-lint-ignore require-await
  async rename(request: { from: string; to: string }): Promise<void> {
    this.#mayFail("rename");
    const { from, to } = request;
    const mailbox = this.#named(from);
    checkName(to);
    if (this.#find(to) !== undefined) throw new Refused("mailboxExists", to);
    if (to.startsWith(`${from}/`) && from !== "Inbox") throw new Refused("badName", "a mailbox below itself");
    const missing = parents(to).filter((name) => this.#find(name) === undefined);
    if (this.#mailboxes.length + missing.length + (from === "Inbox" ? 1 : 0) > this.settings.maxMailboxes) {
      throw new Refused("tooMany", "too many mailboxes");
    }
    const modseq = ++this.#modseq;
    for (const name of missing) this.#make(name, [], modseq);
    if (from === "Inbox") {
      const target = this.#make(to, [], modseq);
      for (const message of mailbox.messages) this.#add(target, modseq, message);
      mailbox.remove(mailbox.messages, modseq);
      this.#changed([mailbox, target], modseq, true);
      return;
    }
    const moved = this.#mailboxes.filter((other) => other === mailbox || other.name.startsWith(`${from}/`));
    for (const each of moved) {
      const name = to + each.name.slice(from.length);
      if (this.#subscriptions.has(each.name)) this.#subscriptions.add(name);
      each.name = name;
    }
    this.#changed([], modseq, true);
  }

  // deno-lint-ignore require-await
  async subscribe(request: { name: string; subscribed: boolean }): Promise<void> {
    this.#mayFail("subscribe");
    if (request.subscribed) {
      checkName(request.name);
      if (this.#subscriptions.size >= 2 * this.settings.maxMailboxes) {
        throw new Refused("tooMany", "too many subscriptions");
      }
      this.#subscriptions.add(request.name);
    } else this.#subscriptions.delete(request.name);
    this.#changed([], ++this.#modseq, true);
  }

  // deno-lint-ignore require-await
  async open(request: { mailbox: number; claimRecent: boolean }): Promise<OpenMailbox> {
    this.#mayFail("open");
    const mailbox = this.#withId(request.mailbox);
    return mailbox.open(this.#subscriptions.has(mailbox.name), request.claimRecent);
  }

  // deno-lint-ignore require-await
  async changes(request: { mailbox: number; modseq: number; claimRecent: boolean }): Promise<MailboxChanges> {
    this.#mayFail("changes");
    const mailbox = this.#mailboxes.find((each) => each.id === request.mailbox);
    if (mailbox === undefined) return goneMailbox(this.#modseq);
    return mailbox.changes(request.modseq, request.claimRecent);
  }

  async *fetch(request: FetchRequest): AsyncGenerator<FetchBatch> {
    this.#mayFail("fetch");
    const mailbox = this.#withId(request.mailbox);
    const since = request.changedSince ?? -1;
    const wanted = mailbox.within(request.uids).filter((message) => message.modseq > since);
    let batch: MemoryMessage[] = [];
    let bytes = 0;
    for (const message of wanted) {
      const size = inlineLength(message, request);
      if (batch.length > 0 && bytes + size > this.settings.batchBytes) {
        yield fetchBatch(batch, request);
        await Promise.resolve();
        batch = [];
        bytes = 0;
      }
      batch.push(message);
      bytes += size;
    }
    if (batch.length > 0) yield fetchBatch(batch, request);
  }

  async *read(request: ReadRequest): AsyncGenerator<Bytes> {
    this.#mayFail("read");
    const message = this.#withId(request.mailbox).messages.find((each) => each.uid === request.uid);
    if (message === undefined) throw new Refused("expunged", `message ${request.uid}`);
    const value = valueOf(message, request.section);
    if (value === -3) throw new Refused("damaged", `message ${request.uid}`);
    if (value === -2) throw new Refused("unknownEncoding", `message ${request.uid}`);
    if (value === -1) throw new Refused("badRequest", "no such part");
    for (let at = 0; at < value.length; at += MiB) {
      await Promise.resolve();
      yield value.slice(at, at + MiB);
    }
  }

  // deno-lint-ignore require-await
  async storeFlags(request: StoreFlags): Promise<StoredFlags> {
    this.#mayFail("storeFlags");
    const mailbox = this.#withId(request.mailbox);
    const asked = mailbox.within(request.uids);
    const limit = request.unchangedSince ?? Infinity;
    const free = asked.filter((message) => message.modseq <= limit);
    const changes = free.map((message) => ({ message, ...withFlags(message, request) })).filter((change) =>
      change.bits !== change.message.bits || change.keywords.join(" ") !== change.message.keywords.join(" ")
    );
    const used = new Set(mailbox.messages.flatMap((message) => message.keywords));
    for (const change of changes) for (const keyword of change.keywords) used.add(keyword);
    if (used.size > maxMailboxKeywords) throw new Refused("tooMany", "too many keywords in the mailbox");
    const before = Float64Array.from(free, (message) => message.modseq);
    const since = this.#modseq;
    if (changes.length > 0) {
      const modseq = ++this.#modseq;
      for (const { message, bits, keywords } of changes) Object.assign(message, { bits, keywords, modseq });
      this.#changed([mailbox], modseq, false);
    }
    return {
      modified: Uint32Array.from(
        asked.filter((message) => !free.includes(message)),
        (message) => message.uid,
      ),
      flags: flagColumns(free),
      before,
      alone: changes.length === 0 ? null : { since, until: this.#modseq },
    };
  }

  // deno-lint-ignore require-await
  async copy(request: CopyRequest): Promise<Copied> {
    this.#mayFail("copy");
    return this.#copy(request, false);
  }

  // deno-lint-ignore require-await
  async move(request: CopyRequest): Promise<Copied> {
    this.#mayFail("move");
    return this.#copy(request, true);
  }

  // deno-lint-ignore require-await
  async expunge(request: { mailbox: number; uids: Ranges | null }): Promise<Uint32Array> {
    this.#mayFail("expunge");
    const mailbox = this.#withId(request.mailbox);
    const asked = request.uids === null ? mailbox.messages : mailbox.within(request.uids);
    const gone = asked.filter((message) => (message.bits & deleted) !== 0);
    if (gone.length > 0) {
      const modseq = ++this.#modseq;
      mailbox.remove(gone, modseq);
      this.#changed([mailbox], modseq, false);
    }
    return Uint32Array.from(gone, (message) => message.uid);
  }

  // deno-lint-ignore require-await
  async append(request: AppendRequest): Promise<Copied> {
    this.#mayFail("append");
    const { replaces } = request;
    const from = replaces === undefined ? null : this.#withId(replaces.mailbox);
    const gone = from?.messages.filter((message) => message.uid === replaces?.uid) ?? [];
    if (replaces !== undefined && gone.length === 0) throw new Refused("expunged", `${replaces.uid}`);
    const mailbox = this.#withId(request.mailbox);
    const bodies = request.messages.map((message) => this.#spools.contentOf(message));
    this.#checkQuota(bodies.reduce((sum, body) => sum + body.length, 0) - octetsOf(gone));
    const modseq = ++this.#modseq;
    from?.remove(gone, modseq);
    const added = request.messages.map((message, i) =>
      this.#add(mailbox, modseq, {
        bits: message.bits,
        keywords: [...new Set(message.keywords)].sort(),
        internalDate: message.internalDate ?? this.settings.now(),
        email: this.#email(noBytes, bodies[i] ?? noBytes, message.index),
      })
    );
    for (const message of request.messages) if (message.spool !== null) this.#spools.drop(message.spool);
    this.#changed(from === null || from === mailbox ? [mailbox] : [from, mailbox], modseq, false);
    const uids = Uint32Array.from(added, (message) => message.uid);
    return { uidValidity: mailbox.uidValidity, from: uids, to: uids.slice() };
  }

  async *search(request: SearchRequest): AsyncGenerator<SearchBatch> {
    this.#mayFail("search");
    yield* searchBatches(this.#withId(request.mailbox).messages, request, this.settings);
  }

  async *sort(request: SortRequest): AsyncGenerator<SearchBatch> {
    this.#mayFail("sort");
    yield* sortBatches(this.#withId(request.mailbox).messages, request, this.settings);
  }

  async *thread(request: ThreadRequest): AsyncGenerator<ThreadBatch> {
    this.#mayFail("thread");
    yield* threadBatches(this.#withId(request.mailbox).messages, request, this.settings);
  }

  listen(_request: Record<string, never>): AsyncIterable<AccountChange> {
    this.#mayFail("listen");
    return this.#feed.listen();
  }

  // deno-lint-ignore require-await
  async spoolOpen(_request: Record<string, never>): Promise<string> {
    this.#mayFail("spoolOpen");
    const spool = `spool-${++this.#lastId}`;
    this.#spools.open(spool);
    return spool;
  }

  // deno-lint-ignore require-await
  async spoolWrite(request: { spool: string; bytes: Bytes }): Promise<void> {
    this.#mayFail("spoolWrite");
    this.#spools.write(request.spool, request.bytes);
  }

  // deno-lint-ignore require-await
  async spoolDrop(request: { spool: string }): Promise<void> {
    this.#mayFail("spoolDrop");
    this.#spools.drop(request.spool);
  }

  protected override hasMailbox(id: number): boolean {
    return this.#mailboxes.some((mailbox) => mailbox.id === id);
  }

  protected override usesOf(id: number): readonly SpecialUse[] {
    return this.#withId(id).specialUse;
  }

  protected override changeUses(id: number, uses: readonly SpecialUse[]): boolean {
    const mailbox = this.#withId(id);
    if (mailbox.name === "Inbox" && uses.length > 0) return false;
    this.#takeUses(uses);
    mailbox.specialUse = specialUses.filter((use) => uses.includes(use));
    this.#changed([], ++this.#modseq, true);
    return true;
  }

  /** Whatever mailbox had these uses has them no more. RFC 6154 3 */
  #takeUses(uses: readonly SpecialUse[]): void {
    for (const mailbox of this.#mailboxes) {
      mailbox.specialUse = mailbox.specialUse.filter((use) => !uses.includes(use));
    }
  }

  protected override used(): { bytes: number; messages: number; maxBytes: number } {
    const messages = this.#mailboxes.flatMap((mailbox) => mailbox.messages);
    return { bytes: octetsOf(messages), messages: messages.length, maxBytes: this.settings.quotaBytes };
  }

  #mayFail(method: keyof Mail): void {
    const at = this.#failures.findIndex((failure) => failure.method === method);
    const [failure] = at === -1 ? [] : this.#failures.splice(at, 1);
    if (failure !== undefined) throw failure.error;
  }

  #find(name: string): MemoryMailbox | undefined {
    return this.#mailboxes.find((mailbox) => mailbox.name === name);
  }

  #named(name: string): MemoryMailbox {
    const mailbox = this.#find(name);
    if (mailbox === undefined) throw new Refused("noSuchMailbox", name);
    return mailbox;
  }

  #withId(id: number): MemoryMailbox {
    const mailbox = this.#mailboxes.find((each) => each.id === id);
    if (mailbox === undefined) throw new Refused("noSuchMailbox", `mailbox ${id}`);
    return mailbox;
  }

  #make(name: string, specialUse: readonly SpecialUse[], modseq: number): MemoryMailbox {
    const mailbox = new MemoryMailbox({
      id: ++this.#lastId,
      name,
      specialUse,
      uidValidity: ++this.#lastUidValidity,
      modseq,
    });
    this.#mailboxes.push(mailbox);
    this.#subscriptions.add(name);
    return mailbox;
  }

  #email(prefix: Bytes, body: Bytes, index: MessageIndex): MemoryEmail {
    const id = ++this.#lastId;
    return { emailId: `M${id}`, threadId: `T${id}`, prefix, body, index, damaged: false };
  }

  #add(
    mailbox: MemoryMailbox,
    modseq: number,
    from: Pick<MemoryMessage, "bits" | "keywords" | "internalDate" | "email">,
  ): MemoryMessage {
    const { bits, keywords, internalDate, email } = from;
    return mailbox.add({ modseq, bits, keywords, internalDate, saveDate: this.settings.now(), email });
  }

  #copy(request: CopyRequest, move: boolean): Copied {
    const from = this.#withId(request.mailbox);
    const to = this.#withId(request.to);
    const asked = from.within(request.uids);
    if (!move) this.#checkQuota(octetsOf(asked));
    if (asked.length === 0) {
      return { uidValidity: to.uidValidity, from: new Uint32Array(), to: new Uint32Array() };
    }
    const modseq = ++this.#modseq;
    const made = asked.map((message) => this.#add(to, modseq, message).uid);
    if (move) from.remove(asked, modseq);
    this.#changed(move ? [from, to] : [to], modseq, false);
    return {
      uidValidity: to.uidValidity,
      from: Uint32Array.from(asked, (message) => message.uid),
      to: Uint32Array.from(made),
    };
  }

  #checkQuota(more: number): void {
    const used = this.used().bytes;
    if (used + more > this.settings.quotaBytes) throw new Refused("overQuota", `${used} and ${more} octets`);
  }

  #changed(mailboxes: readonly MemoryMailbox[], modseq: number, list: boolean): void {
    for (const mailbox of mailboxes) mailbox.modseq = modseq;
    this.#feed.tell(mailboxes.map((mailbox) => mailbox.id), list);
  }

  #info(mailbox: MemoryMailbox): MailboxInfo {
    return mailbox.info(this.#subscriptions.has(mailbox.name));
  }
}
