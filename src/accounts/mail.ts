/**
 * The mail of one signed-in account, as IMAP (and later webmail and JMAP) sees it: the interface between the
 * edges and the store. All of it is plain data, so that it can cross an RPC connection.
 *
 * Mailboxes are named by their row's id, messages by mailbox and UID. Bulk answers are columns: entry `i` of
 * every column belongs to the message `uids[i]`, and UIDs ascend. What is asked of messages that are gone is
 * left out of the answer.
 *
 * Rules that every implementation keeps:
 * - A change is visible to every call that begins after the changing call returned, and is then on disk.
 * - Each change of an account takes one higher MODSEQ, written to the messages and mailboxes it touches; it
 *   never goes back, and `highestModSeq` in an answer is never lower than in an earlier one. RFC 7162 3.1
 * - UIDs only grow. RFC 9051 2.3.1.1
 * - Refusals are {@link Refused}.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import type { Ranges, SearchKey } from "../imap/search_key.ts";
import type { SortCriterion, ThreadAlgorithm } from "../imap/sort_key.ts";
import type { MessageIndex } from "../message/message_index.ts";
import type { Methods } from "../rpc/service.ts";
import { type Sharing, sharingMethods } from "./sharing.ts";

/** Uses that a mailbox can have. RFC 6154 2 */
export const specialUses = ["\\Archive", "\\Drafts", "\\Junk", "\\Sent", "\\Trash"] as const;
export type SpecialUse = typeof specialUses[number];

export interface MailboxInfo {
  readonly id: number;
  /** Opaque, for the outside. RFC 8474 4.1 */
  readonly objectId: string;
  /** Unicode in NFC, levels separated by `/`; the inbox is `Inbox`. */
  readonly name: string;
  readonly specialUse: readonly SpecialUse[];
  readonly subscribed: boolean;
  /** The account whose mailbox it is, if it is another's; then its uses are not told. */
  readonly owner: string | null;
  /** What may be done with it, bits of `imap/rights.ts`. Without `read`, all that follows is 0. */
  readonly rights: number;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly highestModSeq: number;
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  /** Messages that no session has been told of as \Recent. RFC 3501 2.3.2 */
  readonly recent: number;
  /** Octets of all messages (RFC 8438), and of those marked \Deleted. */
  readonly bytes: number;
  readonly deletedBytes: number;
}

/** All mailboxes with the right `lookup`, ordered by name, and subscriptions to names that do not (any longer) exist. */
export interface MailboxList {
  readonly mailboxes: readonly MailboxInfo[];
  readonly lostSubscriptions: readonly string[];
}

/** Flags of several messages. `keywordSets[keywordSet[i]]` are message i's keywords, joined by spaces. */
export interface FlagColumns {
  readonly uids: Uint32Array;
  readonly modseqs: Float64Array;
  /** Bits as in `imap/flags.ts`. */
  readonly bits: Uint32Array;
  readonly keywordSet: Uint16Array;
  /** Entry 0 is the empty string: no keywords. */
  readonly keywordSets: readonly string[];
}

/** A mailbox as it is when a session selects it. */
export interface OpenMailbox {
  readonly info: MailboxInfo;
  /** All UIDs, ascending. */
  readonly uids: Uint32Array;
  /** First UID without \Seen, or 0. */
  readonly firstUnseenUid: number;
  /** Keywords used in the mailbox, ascending. */
  readonly keywords: readonly string[];
  /** UIDs from here on are \Recent for this session; `uidNext` if none is. */
  readonly recentFromUid: number;
}

/** What happened to a mailbox since a MODSEQ. RFC 7162 3.2.5.1 */
export interface MailboxChanges {
  readonly highestModSeq: number;
  readonly uidNext: number;
  /** New and changed messages that exist now. */
  readonly changed: FlagColumns;
  /** UIDs expunged since, ascending. */
  readonly expunged: Uint32Array;
  /**
   * False if history does not reach back so far; then `expunged` is incomplete, and the asker compares with
   * {@link Mail.open}.
   */
  readonly complete: boolean;
  /** As in {@link OpenMailbox}: claimed now, if asked for. */
  readonly recentFromUid: number;
  /** What may be done with the mailbox now. */
  readonly rights: number;
  /** Set when the mailbox is gone: deleted, or not to be read any more. All else is then empty. */
  readonly gone: boolean;
}

/** Columns of FETCH that are numbers or short strings. */
export type NumberColumn = "flags" | "size" | "internalDate" | "saveDate" | "emailId" | "threadId";

/** Columns that are bytes, stored ready to be sent (`preview` is UTF-8 text). */
export type BytesColumn = "envelope" | "body" | "bodyStructure" | "preview";

/** A piece of a message. RFC 9051 6.4.5.1 */
export interface Section {
  /** Part numbers from 1; empty for the message itself. */
  readonly part: readonly number[];
  /**
   * `all`: BODY[] (prefix, header and body) or, of a part, its body as it was sent. `header` and `text`: of
   * the message, or of a nested message. `mime`: the part's own header with its empty line. `binary`: decoded
   * (RFC 3516), prefix and header included if `part` is empty. `binarySize`: only its length. `commonHeader`: the
   * message's header, of which what is not among `commonFields` of `message/header_fields.ts` may be left out, whole.
   */
  readonly what: "all" | "header" | "commonHeader" | "text" | "mime" | "binary" | "binarySize";
  /** First octet wanted, of the value above; 0 if all is. */
  readonly offset: number;
  /** Octets wanted at most; null for all. */
  readonly length: number | null;
}

export interface FetchRequest {
  readonly mailbox: number;
  readonly uids: Ranges;
  readonly numbers: readonly NumberColumn[];
  readonly bytes: readonly BytesColumn[];
  readonly sections: readonly Section[];
  /** Only messages with a higher MODSEQ. RFC 7162 3.1.4.1 */
  readonly changedSince: number | null;
}

/** Longer sections are not sent with a batch: they are read with {@link Mail.read}. */
export const maxInlineBytes = 256 * 1024;

/** Some of the messages asked for; batches are at most about 1 MB, or one message. */
export interface FetchBatch {
  readonly uids: Uint32Array;
  readonly flags: FlagColumns | null;
  readonly sizes: Float64Array | null;
  /** Milliseconds since 1970. */
  readonly internalDates: Float64Array | null;
  readonly saveDates: Float64Array | null;
  readonly emailIds: readonly string[] | null;
  readonly threadIds: readonly string[] | null;
  /**
   * For each message, for each bytes column and then for each section in the order asked: octets of the
   * value; -1 for NIL (there is no such part), -2 for an encoding that cannot be undone, -3 for a body that is
   * damaged on disk.
   */
  readonly lengths: Float64Array;
  /**
   * The values one after the other, in the same order: every column (the store bounds them when a message comes in, see
   * `store/check_index.ts`), and the sections but for `binarySize` and those longer than {@link maxInlineBytes}.
   */
  readonly values: Bytes;
}

export interface ReadRequest {
  readonly mailbox: number;
  readonly uid: number;
  readonly section: Section;
}

export interface StoreFlags {
  readonly mailbox: number;
  readonly uids: Ranges;
  readonly mode: "add" | "remove" | "replace";
  readonly bits: number;
  readonly keywords: readonly string[];
  /** Messages with a higher MODSEQ are left alone and reported. RFC 7162 3.1.3 */
  readonly unchangedSince: number | null;
}

export interface StoredFlags {
  /** UIDs that were changed since, ascending. */
  readonly modified: Uint32Array;
  /** The flags, afterwards, of every other message asked for (also where nothing had to be changed). */
  readonly flags: FlagColumns;
  /** For each of `flags`, its MODSEQ before: the same where nothing had to be changed. */
  readonly before: Float64Array;
  /**
   * The mailbox's MODSEQ before the first of these changes and after the last, where nothing else in it changed between;
   * null where something did, and where nothing was changed.
   */
  readonly alone: { readonly since: number; readonly until: number } | null;
}

export interface CopyRequest {
  readonly mailbox: number;
  readonly uids: Ranges;
  readonly to: number;
}

/**
 * `from[i]` became `to[i]`. RFC 4315 3. To who may not read the target nothing of it is told: `uidValidity` is 0 and `to`
 * empty.
 */
export interface Copied {
  readonly uidValidity: number;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
}

/** A message to be added. Exactly one of `content` and `spool` is there. */
export interface NewMessage {
  readonly bits: number;
  readonly keywords: readonly string[];
  /** Milliseconds since 1970; null for now. */
  readonly internalDate: number | null;
  readonly index: MessageIndex;
  readonly content: Bytes | null;
  /** A spool file that was filled with {@link Spool}. */
  readonly spool: string | null;
}

export interface AppendRequest {
  readonly mailbox: number;
  readonly messages: readonly NewMessage[];
  /** A message that is expunged in the same change; the quota counts what that frees. RFC 8508 3.4 */
  readonly replaces?: { readonly mailbox: number; readonly uid: number };
}

export interface SearchRequest {
  readonly mailbox: number;
  /** Without `sequence` and `recent`. */
  readonly key: SearchKey;
}

/** Some of what was found, and how far the search has come. */
export interface SearchBatch {
  readonly uids: Uint32Array;
  readonly modseqs: Float64Array;
  /** From 1 to 100; null unless the key has something FUZZY. RFC 6203 4, `mail_search_score.ts` */
  readonly scores: Uint8Array | null;
  /** Messages looked at so far, of `total`. */
  readonly looked: number;
  readonly total: number;
}

/** What is found in order; messages that are alike stay in the order of their UIDs. RFC 5256 3 */
export interface SortRequest extends SearchRequest {
  /** The first one first; at most {@link maxSortCriteria}. */
  readonly criteria: readonly SortCriterion[];
}

/** More criteria than there are keys say nothing. */
export const maxSortCriteria = 16;

export interface ThreadRequest extends SearchRequest {
  readonly algorithm: ThreadAlgorithm;
}

/**
 * Some of the messages found as trees, each parent before its children; and how far the search has come. The uids of a batch
 * do not ascend.
 */
export interface ThreadBatch {
  /** 0 for a parent that was not found but has several children: only at depth 0. */
  readonly uids: Uint32Array;
  /** 0 for the first of a thread; a child has its parent's depth and one. */
  readonly depths: Uint32Array;
  readonly looked: number;
  readonly total: number;
}

/** Something of the account was changed and committed. What exactly, {@link Mail.changes} tells. */
export interface AccountChange {
  /** Counts up by commit, for the whole store. */
  readonly commit: number;
  /** Mailboxes whose messages or flags changed. */
  readonly mailboxes: readonly number[];
  /**
   * Whether mailboxes were created, deleted or renamed, or subscriptions changed; or rights to one of `mailboxes`, of which, if
   * it is another's, nothing more is heard until it is watched again.
   */
  readonly list: boolean;
  /** Annotations that others changed: one's own, and shared ones; `mailbox` 0 is the server. */
  readonly annotations: readonly { readonly mailbox: number; readonly entry: string }[];
}

/** Large bodies on their way in, in pieces of at most 1 MB. Files that nobody used are swept. */
export interface Spool {
  /** A new, empty spool file; its id is good only for whoever made it. */
  spoolOpen(request: Record<string, never>): Promise<string>;
  spoolWrite(request: { spool: string; bytes: Bytes }): Promise<void>;
  spoolDrop(request: { spool: string }): Promise<void>;
}

/**
 * The mail of one account, and what others share with it (`mail_sharing.ts`). Whatever is asked of a mailbox is refused
 * where the right to it is missing, as `noPermission`, or `noSuchMailbox` if not even `lookup` is there.
 */
export interface Mail extends Spool, Sharing {
  list(request: Record<string, never>): Promise<MailboxList>;
  /** The mailbox of that name to which there is any right at all, or null. */
  find(request: { name: string }): Promise<MailboxInfo | null>;
  /** Missing parents are created too. Refuses `mailboxExists`, `badName`, `tooMany`. */
  create(request: { name: string; specialUse: readonly SpecialUse[] }): Promise<MailboxInfo>;
  /** Deletes with all messages. Refuses `noSuchMailbox`, `hasChildren`, `notPermitted` (Inbox). */
  delete(request: { name: string }): Promise<void>;
  /** With all children; renaming Inbox moves its messages and leaves it there, empty. RFC 9051 6.3.6 */
  rename(request: { from: string; to: string }): Promise<void>;
  subscribe(request: { name: string; subscribed: boolean }): Promise<void>;
  /** `claimRecent`: this session is now the one that was told (SELECT, not EXAMINE). */
  open(request: { mailbox: number; claimRecent: boolean }): Promise<OpenMailbox>;
  changes(request: { mailbox: number; modseq: number; claimRecent: boolean }): Promise<MailboxChanges>;
  fetch(request: FetchRequest): AsyncIterable<FetchBatch>;
  /** One section of one message, in pieces of at most 1 MB. Refuses `expunged`, `damaged`, `unknownEncoding`. */
  read(request: ReadRequest): AsyncIterable<Bytes>;
  storeFlags(request: StoreFlags): Promise<StoredFlags>;
  /**
   * All or nothing (RFC 9051 6.4.7), though others may see many messages come one after the other. Refuses
   * `noSuchMailbox`, `overQuota`.
   */
  copy(request: CopyRequest): Promise<Copied>;
  /** Where it is refused in the middle, some messages have moved, and all others are where they were. RFC 9051 6.4.8 */
  move(request: CopyRequest): Promise<Copied>;
  /** Removes messages with \Deleted, of those asked for (null: all). Returns their UIDs. */
  expunge(request: { mailbox: number; uids: Ranges | null }): Promise<Uint32Array>;
  /** All or nothing. RFC 3502. Refuses `expunged` if what the messages replace is not there. */
  append(request: AppendRequest): Promise<Copied>;
  search(request: SearchRequest): AsyncIterable<SearchBatch>;
  /** As `search`, in the order asked for: batches before the last of the search tell only how far it has come. Refuses `tooMany`. */
  sort(request: SortRequest): AsyncIterable<SearchBatch>;
  /** RFC 5256 3. Refuses `tooMany`. */
  thread(request: ThreadRequest): AsyncIterable<ThreadBatch>;
  /**
   * Every change from now on, also of mailboxes of others that were opened or that {@link Sharing.watch} names; the first item, with `commit`
   * only, says that listening has begun.
   */
  listen(request: Record<string, never>): AsyncIterable<AccountChange>;
}

export const mailMethods = {
  spoolOpen: "call",
  spoolWrite: "call",
  spoolDrop: "call",
  list: "call",
  find: "call",
  create: "call",
  delete: "call",
  rename: "call",
  subscribe: "call",
  open: "call",
  changes: "call",
  fetch: "stream",
  read: "stream",
  storeFlags: "call",
  copy: "call",
  move: "call",
  expunge: "call",
  append: "call",
  search: "stream",
  sort: "stream",
  thread: "stream",
  listen: "stream",
  ...sharingMethods,
} as const satisfies Methods<Mail>;
