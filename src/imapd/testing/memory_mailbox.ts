/**
 * A mailbox as the twin keeps it: its messages, what was expunged, and what a session may ask of it.
 *
 * Tested by `src/imapd/testing/memory_mail_test.ts`.
 *
 * @module
 */
import type {
  MailboxChanges,
  MailboxInfo,
  OpenMailbox,
  SpecialUse,
  StoreFlags,
} from "../../accounts/mail.ts";
import { deleted, seen } from "../../imap/flags.ts";
import { allRights } from "../../imap/rights.ts";
import type { Ranges } from "../../imap/search_key.ts";
import { flagColumns, sizeOf } from "./memory_columns.ts";
import type { MemoryMessage } from "./memory_message.ts";

/** A mailbox and all that is in it. */
export class MemoryMailbox {
  readonly id: number;
  readonly uidValidity: number;
  name: string;
  specialUse: readonly SpecialUse[];
  modseq: number;
  messages: MemoryMessage[] = [];
  #uidNext = 1;
  #recentFromUid = 1;
  #expunged: { readonly uid: number; readonly modseq: number }[] = [];
  /** History does not reach back before this MODSEQ. */
  #oldestModSeq = 0;

  constructor(
    { id, name, specialUse, uidValidity, modseq }: Pick<
      MemoryMailbox,
      "id" | "name" | "specialUse" | "uidValidity" | "modseq"
    >,
  ) {
    this.id = id;
    this.name = name;
    this.specialUse = specialUse;
    this.uidValidity = uidValidity;
    this.modseq = modseq;
  }

  /** Messages of these UIDs that exist. */
  within(uids: Ranges): MemoryMessage[] {
    return this.messages.filter((message) => inRanges(uids, message.uid));
  }

  add(message: Omit<MemoryMessage, "uid">): MemoryMessage {
    const added = { ...message, uid: this.#uidNext++ };
    this.messages.push(added);
    return added;
  }

  remove(gone: readonly MemoryMessage[], modseq: number): void {
    this.#expunged.push(...gone.map((message) => ({ uid: message.uid, modseq })));
    this.messages = this.messages.filter((message) => !gone.includes(message));
  }

  /** Forgets what was expunged up to this MODSEQ, as after the retention time. */
  forget(modseq: number): void {
    this.#expunged = [];
    this.#oldestModSeq = modseq;
  }

  /** `Mail.open`. */
  open(subscribed: boolean, claimRecent: boolean): OpenMailbox {
    const info = this.info(subscribed);
    return {
      info,
      uids: Uint32Array.from(this.messages, (message) => message.uid),
      firstUnseenUid: this.messages.find((message) => (message.bits & seen) === 0)?.uid ?? 0,
      keywords: [...new Set(this.messages.flatMap((message) => message.keywords))].sort(),
      recentFromUid: this.#recent(claimRecent),
    };
  }

  /** `Mail.changes`. */
  changes(since: number, claimRecent: boolean): MailboxChanges {
    const later = (each: { modseq: number }) => each.modseq > since;
    return {
      highestModSeq: this.modseq,
      uidNext: this.#uidNext,
      changed: flagColumns(this.messages.filter(later)),
      expunged: Uint32Array.from(this.#expunged.filter(later), (each) => each.uid).sort(),
      complete: since >= this.#oldestModSeq,
      recentFromUid: this.#recent(claimRecent),
      rights: allRights,
      gone: false,
    };
  }

  info(subscribed: boolean): MailboxInfo {
    const marked = this.messages.filter((message) => (message.bits & deleted) !== 0);
    return {
      id: this.id,
      objectId: `F${this.id}`,
      name: this.name,
      specialUse: this.specialUse,
      subscribed,
      owner: null,
      rights: allRights,
      uidValidity: this.uidValidity,
      uidNext: this.#uidNext,
      highestModSeq: this.modseq,
      messages: this.messages.length,
      unseen: this.messages.filter((message) => (message.bits & seen) === 0).length,
      deleted: marked.length,
      recent: this.messages.filter((message) => message.uid >= this.#recentFromUid).length,
      bytes: octetsOf(this.messages),
      deletedBytes: octetsOf(marked),
    };
  }

  #recent(claim: boolean): number {
    const from = this.#recentFromUid;
    if (claim) this.#recentFromUid = this.#uidNext;
    return from;
  }
}

/** `Mail.changes` of a mailbox that was deleted. */
export function goneMailbox(highestModSeq: number): MailboxChanges {
  return {
    highestModSeq,
    uidNext: 1,
    changed: flagColumns([]),
    expunged: new Uint32Array(),
    complete: true,
    recentFromUid: 1,
    rights: 0,
    gone: true,
  };
}

/** Octets of messages. */
export function octetsOf(messages: readonly Pick<MemoryMessage, "email">[]): number {
  return messages.reduce((sum, message) => sum + sizeOf(message.email), 0);
}

/** Whether ascending ranges hold a number. */
export function inRanges(ranges: Ranges, n: number): boolean {
  for (let i = 0; i < ranges.length; i += 2) {
    if (n >= (ranges[i] ?? 0) && n <= (ranges[i + 1] ?? 0)) return true;
  }
  return false;
}

/** What a STORE makes of a message's flags. */
export function withFlags(
  message: MemoryMessage,
  request: StoreFlags,
): { bits: number; keywords: readonly string[] } {
  const { mode, bits, keywords } = request;
  if (mode === "replace") return { bits, keywords: [...new Set(keywords)].sort() };
  if (mode === "add") {
    return { bits: message.bits | bits, keywords: [...new Set([...message.keywords, ...keywords])].sort() };
  }
  return {
    bits: message.bits & ~bits,
    keywords: message.keywords.filter((keyword) => !keywords.includes(keyword)),
  };
}
