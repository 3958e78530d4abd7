/**
 * What one session's client wants to hear of mailboxes that are not selected, and how they are as far as it knows. RFC 5465 5, 6
 *
 * The store's feed says only which mailboxes changed. What happened is found by comparing the list of mailboxes with what the
 * client was told last, so a hundred changes at once are one answer, and nothing is kept for a client that does not read but the
 * ids of what changed. What the client does itself is written into what it knows, and so is not news to it (RFC 5465 5).
 *
 * Nothing here asks the store or writes to the client; `notify.ts` does.
 *
 * @module
 */
import type { AccountChange, MailboxInfo, MailboxList } from "../accounts/mail.ts";
import type { NotifyEvents, NotifyGroup, NotifySet, SelectedEvents } from "../imap/notify_set.ts";
import { delimiter, otherUsers } from "../imap/mailbox_name.ts";
import { includesRights, right } from "../imap/rights.ts";

/** The most answers to one look at the mailboxes: more are an overflow. RFC 5465 5.8 */
export const maxNotified = 1000;

/** A mailbox as the client knows it. */
interface Known {
  /** Null for one that the client has just made. */
  id: number | null;
  uidValidity: number;
  uidNext: number;
  messages: number;
  modseq: number;
}

/** What happened, as responses to be written. */
export interface News {
  /** Names whose LIST response is due; the old name of those that were renamed, else null. */
  readonly names: ReadonlyMap<string, string | null>;
  readonly status: readonly { readonly mailbox: MailboxInfo; readonly what: "all" | "messages" | "flags" }[];
}

/** One NOTIFY, in force until the next one. */
export class Notifications {
  /** What is told of the selected mailbox; null for nothing. */
  readonly selected: SelectedEvents | null;
  /** Whether it hears of annotations of the server. */
  readonly server: boolean;
  readonly #groups: readonly Watched[];
  readonly #known = new Map<string, Known>();
  readonly #nameOf = new Map<number, string>();
  #subscribed: ReadonlySet<string> = new Set();
  /** Ids of others' mailboxes whose changes are heard. */
  readonly #heard = new Set<number>();
  /** Ids of mailboxes that changed since the last look. */
  readonly #changed = new Set<number>();
  #listChanged = false;

  /** @param set Null for NOTIFY NONE. */
  constructor(set: NotifySet | null) {
    this.selected = set?.selected ?? null;
    this.server = set?.server ?? false;
    this.#groups = set?.groups.map((group) => new Watched(group)) ?? [];
  }

  /** Whether any mailbox is watched but the selected one. */
  get watches(): boolean {
    return this.#groups.length > 0;
  }

  /** Whether it hears of annotations of anything. RFC 5465 5.6, 5.7 */
  get annotations(): boolean {
    return this.server || this.#groups.some(({ events }) => events.annotations);
  }

  /** Whether there may be news. */
  get waiting(): boolean {
    return this.#listChanged || this.#changed.size > 0;
  }

  /** Something changed; returns whether it may be news. `selected`: the id of the selected mailbox. */
  hear({ mailboxes, list }: AccountChange, selected: number | null): boolean {
    if (!this.watches) return false;
    if (list) this.#listChanged = true;
    for (const id of mailboxes) {
      if (list) this.#heard.delete(id); // Rights to it may have changed: then it must be watched again.
      if (id === selected) continue;
      const name = this.#nameOf.get(id);
      if (name === undefined || this.eventsOf(name).messages) this.#changed.add(id);
    }
    return this.waiting;
  }

  /** Asks for the list. What changes from now on may be missing there, and has to be looked for again. */
  async look(ask: () => Promise<MailboxList>): Promise<MailboxList> {
    this.#changed.clear();
    this.#listChanged = false;
    try {
      return await ask();
    } catch (error) {
      this.#listChanged = true;
      throw error;
    }
  }

  /** Takes the state of all mailboxes without telling anything. */
  take(list: MailboxList): void {
    this.#known.clear();
    this.#nameOf.clear();
    for (const info of list.mailboxes) {
      this.#known.set(info.name, knownOf(info));
      this.#nameOf.set(info.id, info.name);
    }
    this.#subscribed = subscribedOf(list);
  }

  /** Others' mailboxes of which something is wanted and whose changes are not heard yet: from now on they are. */
  unheard(list: MailboxList): number[] {
    const ids: number[] = [];
    for (const info of list.mailboxes) {
      if (info.owner === null || this.#heard.has(info.id) || !this.tellsOf(info)) continue;
      this.#heard.add(info.id);
      ids.push(info.id);
    }
    return ids;
  }

  /** They are not, after all. */
  notHeard(ids: readonly number[]): void {
    for (const id of ids) this.#heard.delete(id);
  }

  /** Whether its messages are told of: not without the right to read them. RFC 5465 5 */
  tellsOf(info: MailboxInfo): boolean {
    return includesRights(info.rights, right.read) && this.eventsOf(info.name).messages;
  }

  /** Mailboxes of which something is asked for, and which may be looked up but not read. RFC 5465 3.1, 5 */
  withoutAccess({ mailboxes }: MailboxList): readonly MailboxInfo[] {
    return mailboxes.filter(({ name, rights }) =>
      !includesRights(rights, right.read) && Object.values(this.eventsOf(name)).includes(true)
    );
  }

  /** Everything that is asked for of a mailbox, now or once there is one of that name. */
  eventsOf(name: string): NotifyEvents {
    let [messages, flags, names, subscriptions, annotations] = [false, false, false, false, false];
    for (const group of this.#groups) {
      if (!group.holds(name, this.#subscribed)) continue;
      messages ||= group.events.messages;
      flags ||= group.events.flags;
      names ||= group.events.names;
      subscriptions ||= group.events.subscriptions;
      annotations ||= group.events.annotations;
    }
    return { messages, flags, names, subscriptions, annotations };
  }

  /** What happened since the last time. To be called once with each list: it is then known. */
  news(list: MailboxList, selected: number | null): News {
    const names = new Map<string, string | null>();
    const status: { mailbox: MailboxInfo; what: "all" | "messages" | "flags" }[] = [];
    const now = new Map(list.mailboxes.map((info) => [info.name, info]));
    const ids = new Map(list.mailboxes.map((info) => [info.id, info.name]));
    for (const [name, { id }] of this.#known) {
      const there = now.has(name) || (id !== null && ids.has(id)); // Renamed, if not there by name.
      if (!there) this.#affected(names, name, true);
    }
    for (const info of list.mailboxes) {
      const before = this.#known.get(info.name);
      const oldName = this.#oldNameOf(info, now);
      if (before !== undefined && (before.id === null || before.id === info.id)) {
        const what = before.id === null ? null : whatOf(before, info, this.eventsOf(info.name));
        if (what !== null && info.id !== selected && this.tellsOf(info)) status.push({ mailbox: info, what });
      } else if (oldName === null) this.#affected(names, info.name, true);
      else if (!movedWithParent(oldName, info.name, this.#known, now)) {
        if (this.#wantsName(info.name) || this.#wantsName(oldName)) names.set(info.name, oldName);
      }
      // Another mailbox has the name: whatever the client knows of its UIDs is wrong. RFC 5465 5.1
      if (before !== undefined && before.id !== null && before.id !== info.id) {
        if (this.tellsOf(info)) status.push({ mailbox: info, what: "all" });
      }
    }
    this.#subscriptions(names, list);
    this.take(list);
    return { names, status };
  }

  /**
   * What a mailbox was called when it was looked at last; null if it was not there, or if another one is called so by now: with
   * OLDNAME the client would take that for gone.
   */
  #oldNameOf({ id, name }: MailboxInfo, now: ReadonlyMap<string, MailboxInfo>): string | null {
    const oldName = this.#nameOf.get(id) ?? null;
    return oldName === null || (oldName !== name && now.has(oldName)) ? null : oldName;
  }

  /** This session added messages. */
  ownAdded(id: number, uids: Uint32Array): void {
    const known = this.#knownById(id);
    if (known === undefined || uids[0] !== known.uidNext) return; // Others did, too: then it is told.
    known.uidNext = (uids.at(-1) ?? 0) + 1;
    known.messages += uids.length;
  }

  /**
   * The mailbox is not selected any more, and the client knows of so many messages there, below this UID. What happened in it
   * and was not told until then is news of a mailbox like any other. RFC 5465 6
   */
  left(id: number, messages: number, uidNext: number, mayBeMore: boolean): void {
    const known = this.#knownById(id);
    if (known === undefined || known.id === null) return;
    const differs = mayBeMore || known.messages !== messages || known.uidNext !== uidNext;
    known.messages = messages;
    known.uidNext = uidNext;
    if (differs && this.eventsOf(this.#nameOf.get(id) ?? "").messages) this.#changed.add(id);
  }

  /** This session made a mailbox, and with it those above that were missing. All of them are subscribed. */
  ownCreated(name: string): void {
    if (!this.watches) return;
    for (let each: string | null = name; each !== null && !this.#known.has(each); each = parentOf(each)) {
      this.#known.set(each, { id: null, uidValidity: 0, uidNext: 0, messages: 0, modseq: 0 });
      this.ownSubscribed(each, true);
    }
  }

  ownDeleted(name: string): void {
    const id = this.#known.get(name)?.id ?? null;
    if (id !== null) this.#nameOf.delete(id);
    this.#known.delete(name);
  }

  ownRenamed(from: string, to: string): void {
    if (from === "Inbox") return this.ownCreated(to);
    for (const [name, known] of [...this.#known]) {
      if (name !== from && !name.startsWith(from + delimiter)) continue;
      const renamed = to + name.slice(from.length);
      this.#known.delete(name);
      this.#known.set(renamed, known);
      if (known.id !== null) this.#nameOf.set(known.id, renamed);
      if (this.#subscribed.has(name)) this.ownSubscribed(renamed, true);
    }
    const parent = parentOf(to);
    if (parent !== null) this.ownCreated(parent);
  }

  ownSubscribed(name: string, subscribed: boolean): void {
    const all = new Set(this.#subscribed);
    if (subscribed) all.add(name);
    else all.delete(name);
    this.#subscribed = all;
  }

  #knownById(id: number): Known | undefined {
    return this.#known.get(this.#nameOf.get(id) ?? "");
  }

  #wantsName(name: string): boolean {
    return this.eventsOf(name).names;
  }

  /** A mailbox came or went: its name and the one above are told. RFC 5465 5.4 */
  #affected(names: Map<string, string | null>, name: string, withParent: boolean): void {
    if (this.#wantsName(name) && !names.has(name)) names.set(name, null);
    const parent = withParent ? parentOf(name) : null;
    if (parent !== null) this.#affected(names, parent, false);
  }

  /** RFC 5465 5.5 */
  #subscriptions(names: Map<string, string | null>, list: MailboxList): void {
    const now = subscribedOf(list);
    const before = this.#subscribed;
    const changed = [...now].filter((name) => !before.has(name));
    for (const name of before) if (!now.has(name)) changed.push(name);
    for (const name of changed) {
      const wanted = this.#groups.some((group) =>
        group.events.subscriptions && (group.holds(name, before) || group.holds(name, now))
      );
      if (wanted && !names.has(name)) names.set(name, null);
    }
  }
}

/** One group, made quick to ask. */
class Watched {
  readonly events: NotifyEvents;
  readonly #of: NotifyGroup["of"];
  readonly #names: ReadonlySet<string>;

  constructor({ of, names, events }: NotifyGroup) {
    this.events = events;
    this.#of = of;
    this.#names = new Set(names);
  }

  holds(name: string, subscribed: ReadonlySet<string>): boolean {
    switch (this.#of) {
      case "PERSONAL":
      case "INBOXES": // Rules may deliver anywhere: all of them, then. RFC 5465 6.2, 6.3
        return !isOthers(name);
      case "SUBSCRIBED":
        return subscribed.has(name);
      case "MAILBOXES":
        return this.#names.has(name);
      case "SUBTREE":
        for (let each: string | null = name; each !== null; each = parentOf(each)) {
          if (this.#names.has(each)) return true;
        }
        return false;
    }
  }
}

/** RFC 2342 5: the personal namespace is what does not lie below the others'. */
function isOthers(name: string): boolean {
  return name === otherUsers || name.startsWith(otherUsers + delimiter);
}

function knownOf(info: MailboxInfo): Known {
  const { id, uidValidity, uidNext, messages, highestModSeq } = info;
  return { id, uidValidity, uidNext, messages, modseq: highestModSeq };
}

function subscribedOf(list: MailboxList): Set<string> {
  const subscribed = new Set(list.lostSubscriptions);
  for (const info of list.mailboxes) if (info.subscribed) subscribed.add(info.name);
  return subscribed;
}

function whatOf(before: Known, info: MailboxInfo, events: NotifyEvents): "messages" | "flags" | null {
  if (!events.messages) return null;
  if (before.uidNext !== info.uidNext || before.messages !== info.messages) return "messages";
  return events.flags && before.modseq !== info.highestModSeq ? "flags" : null;
}

/** Whether a mailbox has its new name because the one above was renamed, which alone is told. RFC 5465 5.4 */
function movedWithParent(
  from: string,
  to: string,
  before: ReadonlyMap<string, Known>,
  now: ReadonlyMap<string, MailboxInfo>,
): boolean {
  const [fromParent, toParent] = [parentOf(from), parentOf(to)];
  if (fromParent === null || toParent === null || fromParent === toParent) return false;
  if (from.slice(fromParent.length) !== to.slice(toParent.length)) return false;
  if (now.has(fromParent)) return false; // Another one has its name, so that it is told as new.
  const id = before.get(fromParent)?.id ?? null;
  return id !== null && now.get(toParent)?.id === id;
}

/** `a/b` of `a/b/c`; null of `a`. */
function parentOf(name: string): string | null {
  const at = name.lastIndexOf(delimiter);
  return at === -1 ? null : name.slice(0, at);
}
