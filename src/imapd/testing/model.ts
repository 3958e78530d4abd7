/**
 * What an account's mailboxes hold, by the plainest means: the model that servers are compared with. It knows of no
 * sessions, no MODSEQ and no storage. RFC 9051 2.3, 6.3, 6.4
 *
 * Tested by `src/imapd/model_test.ts`.
 *
 * @module
 */

/** A message of {@link ModelMailbox}. */
export interface ModelMessage {
  readonly subject: string;
  /** Octets. */
  readonly size: number;
  /** In lower case. */
  flags: ReadonlySet<string>;
}

/** One mailbox. */
export class ModelMailbox {
  name: string;
  nextUid = 1;
  /** By UID, ascending. */
  readonly messages = new Map<number, ModelMessage>();

  constructor(name: string) {
    this.name = name;
  }

  add(message: ModelMessage): number {
    this.messages.set(this.nextUid, message);
    return this.nextUid++;
  }

  flagsOf(uid: number): string | null {
    const message = this.messages.get(uid);
    return message === undefined ? null : [...message.flags].sort().join(" ");
  }

  count(flag: string, has: boolean): number {
    return [...this.messages.values()].filter(({ flags }) => flags.has(flag) === has).length;
  }
}

/** How two messages follow each other in a sorted result; 0 where their numbers decide. RFC 5256 3 */
export type Order = (a: ModelMessage, b: ModelMessage) => number;

/** A search that can be followed. */
export interface ModelSearch {
  /** The command, with these return options. */
  command(returns: string): string;
  readonly matches: (message: ModelMessage) => boolean;
  /** Null: in the order of the mailbox. */
  readonly order: Order | null;
}

export type StoreMode = "+" | "-" | "";

/** Flags as STORE leaves them. RFC 9051 6.4.6 */
export function storedFlags(
  before: Iterable<string>,
  mode: StoreMode,
  given: readonly string[],
): Set<string> {
  if (mode === "") return new Set(given);
  const flags = new Set(before);
  for (const flag of given) {
    if (mode === "+") flags.add(flag);
    else flags.delete(flag);
  }
  return flags;
}

/** All mailboxes of an account. A method gives null where a server refuses. */
export class Model {
  readonly mailboxes: ModelMailbox[] = [];

  constructor(names: readonly string[]) {
    for (const name of names) this.mailboxes.push(new ModelMailbox(name));
  }

  find(name: string): ModelMailbox | null {
    return this.mailboxes.find((mailbox) => mailbox.name === name) ?? null;
  }

  create(name: string): ModelMailbox | null {
    if (this.find(name) !== null) return null;
    const mailbox = new ModelMailbox(name);
    this.mailboxes.push(mailbox);
    return mailbox;
  }

  delete(name: string): ModelMailbox | null {
    const mailbox = this.find(name);
    if (mailbox === null || name === "INBOX") return null;
    this.mailboxes.splice(this.mailboxes.indexOf(mailbox), 1);
    return mailbox;
  }

  /** The inbox stays, and its messages go. RFC 9051 6.3.6 */
  rename(from: string, to: string): ModelMailbox | null {
    const mailbox = this.find(from);
    if (mailbox === null || this.find(to) !== null) return null;
    if (from !== "INBOX") {
      mailbox.name = to;
      return mailbox;
    }
    const made = this.create(to);
    if (made !== null) this.copy(mailbox, [...mailbox.messages.keys()], made, true);
    return made;
  }

  /** Returns which UIDs became which. RFC 9051 6.4.7, 6.4.8 */
  copy(
    from: ModelMailbox,
    uids: readonly number[],
    to: ModelMailbox,
    move: boolean,
  ): { from: number[]; to: number[] } {
    const copied: { from: number[]; to: number[] } = { from: [], to: [] };
    for (const uid of [...uids].sort((a, b) => a - b)) {
      const message = from.messages.get(uid);
      if (message === undefined) continue;
      copied.from.push(uid);
      copied.to.push(to.add({ ...message }));
    }
    if (move) { for (const uid of copied.from) from.messages.delete(uid); }
    return copied;
  }

  store(mailbox: ModelMailbox, uids: readonly number[], mode: StoreMode, flags: readonly string[]): void {
    for (const uid of uids) {
      const message = mailbox.messages.get(uid);
      if (message !== undefined) message.flags = storedFlags(message.flags, mode, flags);
    }
  }

  /** `uids` null: all. RFC 9051 6.4.3, 6.4.9 */
  expunge(mailbox: ModelMailbox, uids: readonly number[] | null): number[] {
    const gone = [...mailbox.messages].filter(([uid, { flags }]) =>
      flags.has("\\deleted") && (uids === null || uids.includes(uid))
    ).map(([uid]) => uid);
    for (const uid of gone) mailbox.messages.delete(uid);
    return gone;
  }
}
