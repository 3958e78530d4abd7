/**
 * Every command that a client can send, as it is after parsing: a union told apart by `verb`.
 *
 * Mailbox names are Unicode in NFC with the inbox spelt `Inbox`, whatever spelling and encoding came over the
 * wire (`mailbox_name.ts`). Words of the protocol (mechanisms, capabilities, items) are in upper case. Numbers
 * that the protocol allows up to 2^63 - 1 are cut off at `Number.MAX_SAFE_INTEGER`: no size or MODSEQ of ours
 * comes near, so every comparison gives the same.
 *
 * Source: RFC 9051 9 and RFC 3501 9; extensions are named where they add something.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import type { FetchItem } from "./fetch_item.ts";
import type { Flags } from "./flags.ts";
import type { Notify } from "./notify_set.ts";
import type { Ranges, SearchKey } from "./search_key.ts";
import type { SharingCommand } from "./sharing_command.ts";
import type { SortCriterion, ThreadAlgorithm } from "./sort_key.ts";

/** A command and the tag that its answer must carry. */
export interface TaggedCommand {
  readonly tag: string;
  readonly command: Command;
}

export type Command =
  | Bare
  | Id
  | Login
  | Authenticate
  | Enable
  | Language
  | Compress
  | Select
  | Create
  | MailboxCommand
  | Rename
  | List
  | Lsub
  | Notify
  | Status
  | Append
  | Replace
  | Expunge
  | Search
  | Sort
  | Thread
  | MultiSearch
  | CancelUpdate
  | Fetch
  | Store
  | Copy
  | SharingCommand;

export type Verb = Command["verb"];

/** Commands without arguments. CHECK and NOOP: RFC 3501; UNAUTHENTICATE: RFC 8437; IDLE: RFC 2177. */
export interface Bare {
  readonly verb:
    | "CAPABILITY"
    | "NOOP"
    | "LOGOUT"
    | "STARTTLS"
    | "NAMESPACE"
    | "IDLE"
    | "CHECK"
    | "CLOSE"
    | "UNSELECT"
    | "UNAUTHENTICATE";
}

/** RFC 2971 3.1 */
export interface Id {
  readonly verb: "ID";
  /** Field and value pairs in the order sent; null for `ID NIL`. At most 30 fields. */
  readonly fields: readonly (readonly [field: string, value: string | null])[] | null;
}

/** RFC 9051 6.2.3 */
export interface Login {
  readonly verb: "LOGIN";
  readonly user: string;
  readonly password: string;
}

/** RFC 9051 6.2.2; the initial response is RFC 4959. */
export interface Authenticate {
  readonly verb: "AUTHENTICATE";
  /** Upper case. */
  readonly mechanism: string;
  /** Decoded; empty for `=`; null if none was sent. */
  readonly initialResponse: Bytes | null;
}

/** RFC 5161 3.1 */
export interface Enable {
  readonly verb: "ENABLE";
  /** Upper case, at least one; known or not. */
  readonly capabilities: readonly string[];
}

/** RFC 5255 3.2 */
export interface Language {
  readonly verb: "LANGUAGE";
  /** Language ranges as sent, the one liked best first; empty asks which there are. */
  readonly ranges: readonly string[];
}

/** RFC 4978 3 */
export interface Compress {
  readonly verb: "COMPRESS";
  readonly algorithm: "DEFLATE";
}

/** RFC 9051 6.3.2, 6.3.3, with the parameters of RFC 7162. */
export interface Select {
  readonly verb: "SELECT" | "EXAMINE";
  readonly mailbox: string;
  /** RFC 7162 3.1.8 */
  readonly condstore: boolean;
  readonly qresync: Qresync | null;
}

/** What a client that comes back knows of a mailbox. RFC 7162 3.2.5 */
export interface Qresync {
  readonly uidValidity: number;
  readonly modSeq: number;
  /** UIDs that the client knows; null if not sent: then all below UIDNEXT. */
  readonly knownUids: Ranges | null;
  /** Some message numbers and, pair by pair in ascending order, their UIDs; equally many of both. */
  readonly match: { readonly numbers: Ranges; readonly uids: Ranges } | null;
}

/** A use that CREATE can ask for. RFC 6154 3 */
export type SpecialUseAttribute = "\\Archive" | "\\Drafts" | "\\Junk" | "\\Sent" | "\\Trash";

/** RFC 9051 6.3.4, RFC 6154 3 */
export interface Create {
  readonly verb: "CREATE";
  /** Without the delimiter that may end it (RFC 9051 6.3.4: it only says that children are to come). */
  readonly mailbox: string;
  readonly specialUse: readonly SpecialUseAttribute[];
}

/** RFC 9051 6.3.5, 6.3.7, 6.3.8 */
export interface MailboxCommand {
  readonly verb: "DELETE" | "SUBSCRIBE" | "UNSUBSCRIBE";
  readonly mailbox: string;
}

/** RFC 9051 6.3.6 */
export interface Rename {
  readonly verb: "RENAME";
  readonly from: string;
  readonly to: string;
}

/** RFC 9051 6.3.9, RFC 5258, RFC 5819, RFC 6154 */
export interface List {
  readonly verb: "LIST";
  /** Whether any syntax of RFC 5258 was used (options, several patterns, RETURN). */
  readonly extended: boolean;
  readonly select: readonly ListSelectOption[];
  readonly reference: string;
  /**
   * Not yet joined with the reference: see `list_pattern.ts`. Without those that no name can match, because they are
   * not modified UTF-7; there may be none.
   */
  readonly patterns: readonly string[];
  readonly returns: readonly ListReturnOption[];
  /** Items of RETURN (STATUS (...)), or null. RFC 5819 2 */
  readonly status: readonly StatusItem[] | null;
  /** Entries of RETURN (METADATA (...)), or null. RFC 9590 3 */
  readonly metadata: readonly string[] | null;
}

export type ListSelectOption = "SUBSCRIBED" | "REMOTE" | "RECURSIVEMATCH" | "SPECIAL-USE";
/** MYRIGHTS: RFC 8440 3. */
export type ListReturnOption = "SUBSCRIBED" | "CHILDREN" | "SPECIAL-USE" | "MYRIGHTS";

/** RFC 3501 6.3.9 */
export interface Lsub {
  readonly verb: "LSUB";
  readonly reference: string;
  /** Null if no name can match it. */
  readonly pattern: string | null;
}

/** RFC 9051 6.3.11 */
export interface Status {
  readonly verb: "STATUS";
  readonly mailbox: string;
  /** In the order sent, without doubles. */
  readonly items: readonly StatusItem[];
}

/** SIZE: RFC 8438; HIGHESTMODSEQ: RFC 7162; APPENDLIMIT: RFC 7889; MAILBOXID: RFC 8474; DELETED-STORAGE: RFC 9208. */
export type StatusItem =
  | "MESSAGES"
  | "UIDNEXT"
  | "UIDVALIDITY"
  | "UNSEEN"
  | "DELETED"
  | "SIZE"
  | "RECENT"
  | "HIGHESTMODSEQ"
  | "APPENDLIMIT"
  | "DELETED-STORAGE"
  | "MAILBOXID";

/**
 * An APPEND that has been read to its end. What it appended came before, as events of the reader (`reader_event.ts`).
 * RFC 9051 6.3.12, RFC 3502
 */
export interface Append {
  readonly verb: "APPEND";
  readonly mailbox: string;
  /** How many messages, at least 1. */
  readonly messages: number;
}

/** A REPLACE that has been read to its end; its message came before, like those of APPEND. RFC 8508 3.2 */
export interface Replace {
  readonly verb: "REPLACE";
  readonly uid: boolean;
  readonly mailbox: string;
}

/** One message of an APPEND or REPLACE, before its octets. */
export interface AppendMessage {
  readonly mailbox: string;
  /** From 0; more than one with RFC 3502. */
  readonly index: number;
  readonly flags: Flags;
  /** Milliseconds since 1970, or null for now. */
  readonly internalDate: number | null;
  /**
   * Octets that follow; 0 means that the client gives up the whole APPEND (RFC 3502 6.3.11). Null if the message is put
   * together from parts, which follow (RFC 4469).
   */
  readonly size: number | null;
  /** Sent as literal8: may hold NUL. RFC 3516 4.4 */
  readonly binary: boolean;
  /** Sent as `UTF8 (~{...})`. RFC 6855 4 */
  readonly utf8: boolean;
  /** The one message that goes, where it is a REPLACE; else null. RFC 8508 3 */
  readonly replaces: { readonly uid: boolean; readonly set: SequenceSet } | null;
}

/** RFC 9051 6.4.3; with UIDs RFC 9051 6.4.9, RFC 4315 2.1. */
export interface Expunge {
  readonly verb: "EXPUNGE";
  /** Null for plain EXPUNGE: all that are marked. */
  readonly uids: SequenceSet | null;
}

/**
 * Numbers as they were written, which may mean `*` and `$`. Pairs `[first, last, …]` in the order sent; `*` is
 * `Infinity`. `resolveSequence()` of `sequence_set.ts` makes {@link Ranges} of it. RFC 9051 9
 */
export interface SequenceSet {
  readonly ranges: readonly number[];
  /** Whether `$`, the saved result, is part of it. RFC 5182 2.1 */
  readonly saved: boolean;
}

/** What is looked for, by whatever command. */
export interface SearchProgram {
  readonly key: SearchTerm;
  /** Whether the program has a MODSEQ key: the answer then tells the highest one. RFC 7162 3.1.5 */
  readonly modSeq: boolean;
  /** Whether the program has message numbers: they may not change meanwhile. RFC 9051 7.5.1, RFC 7162 3.2.10.2 */
  readonly counts: boolean;
}

/** What is to be told of what is found. */
export interface SearchOptions {
  /** Null without RETURN (the answer is then `* SEARCH` for rev1); `RETURN ()` is `["ALL"]`. RFC 4731 3.1 */
  readonly returns: readonly SearchReturn[] | null;
  /** With `PARTIAL`. */
  readonly partial: ResultRange | null;
  /** What to fetch of messages that arrive and are results, with `UPDATE (…)`. RFC 5465 7 */
  readonly updates?: readonly FetchItem[];
}

/** CONTEXT, UPDATE: RFC 5267; PARTIAL: RFC 9394, and then no ALL; RELEVANCY: RFC 6203, and then a key is FUZZY. */
export type SearchReturn =
  | "MIN"
  | "MAX"
  | "ALL"
  | "COUNT"
  | "SAVE"
  | "PARTIAL"
  | "CONTEXT"
  | "UPDATE"
  | "RELEVANCY";

/** Places among the results, as written: 1 is the first; or both are negative, and -1 is the last. RFC 9394 3.1 */
export interface ResultRange {
  readonly from: number;
  readonly to: number;
}

/** RFC 9051 6.4.4 */
export interface Search extends SearchProgram, SearchOptions {
  readonly verb: "SEARCH";
  /** UID SEARCH. */
  readonly uid: boolean;
}

/** RFC 5256 3, RFC 5267 3 */
export interface Sort extends SearchProgram, SearchOptions {
  readonly verb: "SORT";
  readonly uid: boolean;
  readonly criteria: readonly SortCriterion[];
}

/** RFC 5256 3 */
export interface Thread extends SearchProgram {
  readonly verb: "THREAD";
  readonly uid: boolean;
  readonly algorithm: ThreadAlgorithm;
}

/** A search of several mailboxes, which is answered in UIDs. RFC 7377 2 */
export interface MultiSearch extends SearchProgram, SearchOptions {
  readonly verb: "ESEARCH";
  readonly uid: true;
  /** At least one; only `selected` where none was given. */
  readonly sources: readonly MailboxFilter[];
}

/** Some mailboxes. RFC 5465 6, RFC 7377 2.2 */
export type MailboxFilter =
  | { readonly filter: "selected" | "inboxes" | "personal" | "subscribed" }
  | { readonly filter: "subtree" | "subtree-one" | "mailboxes"; readonly mailboxes: readonly string[] };

/** RFC 5267 4.3.5 */
export interface CancelUpdate {
  readonly verb: "CANCELUPDATE";
  readonly tags: readonly string[];
}

/**
 * A search key whose numbers are not yet resolved; `resolveSearch()` of `search.ts` does that. Names of header fields
 * are in lower case, flags in the spelling of `flags.ts`, texts decoded from their charset.
 */
export type SearchTerm =
  | Exclude<SearchKey, { readonly key: "and" | "or" | "not" | "fuzzy" | "sequence" | "uids" }>
  | { readonly key: "and"; readonly keys: readonly SearchTerm[] }
  | { readonly key: "or"; readonly left: SearchTerm; readonly right: SearchTerm }
  | { readonly key: "not" | "fuzzy"; readonly inner: SearchTerm }
  /** UIDs whatever there is: no `*`, no `$`. RFC 9738 3.2 */
  | { readonly key: "between"; readonly set: Ranges }
  | { readonly key: "sequence" | "uids"; readonly set: SequenceSet };

/** RFC 9051 6.4.5 */
export interface Fetch {
  readonly verb: "FETCH";
  readonly uid: boolean;
  readonly set: SequenceSet;
  /** In the order asked, macros expanded, without exact doubles. UID FETCH does not add UID here. */
  readonly items: readonly FetchItem[];
  /** RFC 7162 3.1.4.1 */
  readonly changedSince: number | null;
  /** Only with UID FETCH and CHANGEDSINCE. RFC 7162 3.2.6 */
  readonly vanished: boolean;
  /** Only with UID FETCH: which of the messages named. RFC 9394 3.3 */
  readonly partial: ResultRange | null;
}

/** RFC 9051 6.4.6, RFC 7162 3.1.3 */
export interface Store {
  readonly verb: "STORE";
  readonly uid: boolean;
  readonly set: SequenceSet;
  readonly mode: "add" | "remove" | "replace";
  readonly silent: boolean;
  readonly flags: Flags;
  readonly unchangedSince: number | null;
}

/** RFC 9051 6.4.7, 6.4.8, RFC 6851 */
export interface Copy {
  readonly verb: "COPY" | "MOVE";
  readonly uid: boolean;
  readonly set: SequenceSet;
  readonly mailbox: string;
}

/** What the connection has enabled that changes how commands are read. */
export interface ParseMode {
  /** UTF8=ACCEPT: names are UTF-8, and SEARCH takes no CHARSET. RFC 6855 3 */
  readonly utf8: boolean;
  /** IMAP4rev2: names are UTF-8. RFC 9051 5.1, A.1 */
  readonly rev2: boolean;
}
