/**
 * What a store promised while it ran, and whether a store that was started again keeps it.
 *
 * Before each change the load says what it may come to, and once the change was acknowledged, that it has. So at each moment
 * it is known of each message where it must be, or, while something was under way, which of two states it must be in. One
 * writer at a time changes a message: there are never more than two.
 *
 * @module
 */

/** One copy of a message in a mailbox. */
export interface Place {
  /** `account/mailbox`. */
  readonly mailbox: string;
  /** Null while nobody was told it. */
  readonly uid: number | null;
  /** Flags, as in `imap/flags.ts`. */
  readonly bits: number;
}

/** How a recipient ended. */
export type Ended = "delivered" | "failed";

/** What the load says, one line of JSON each. */
export type Said =
  /** A change of a message begins, after which it is in these places. `sha256` is that of its body. */
  | {
    readonly kind: "mayBe";
    readonly id: string;
    readonly places: readonly Place[];
    readonly sha256: string;
    /** What it takes to deliver it once more. */
    readonly again?: Redelivery;
  }
  /** It was acknowledged. */
  | { readonly kind: "is"; readonly id: string; readonly places: readonly Place[] }
  /** It was refused: nothing has changed. */
  | { readonly kind: "isNot"; readonly id: string }
  /** What a client was told of a mailbox. */
  | {
    readonly kind: "told";
    readonly mailbox: string;
    readonly uidValidity: number;
    readonly uidNext: number;
    readonly modSeq: number;
  }
  /** Recipients, each an address of its own, are handed in; it was acknowledged. */
  | { readonly kind: "mayQueue" | "queued"; readonly recipients: readonly string[]; readonly sha256: string }
  /** An attempt was handed out, so it is on record. */
  | { readonly kind: "attempted"; readonly recipient: string; readonly attempts: number }
  /** An attempt that was not made is given back. */
  | { readonly kind: "mayGiveBack" | "gaveBack"; readonly recipient: string }
  /** An attempt ended; null: it is to be tried again. */
  | { readonly kind: "mayEnd" | "ended"; readonly recipient: string; readonly as: Ended | null };

/** A delivery that a front makes again which has got no answer. */
export interface Redelivery {
  readonly deliveryId: string;
  readonly octets: number;
  readonly to: readonly string[];
}

/** What is in a store. */
export interface FoundStore {
  readonly messages: readonly {
    readonly id: string;
    readonly place: Place;
    readonly sha256: string;
  }[];
  readonly mailboxes: readonly {
    readonly mailbox: string;
    readonly uidValidity: number;
    readonly uidNext: number;
    readonly modSeq: number;
  }[];
  readonly waiting: readonly {
    readonly recipient: string;
    readonly attempts: number;
    /** Until the next attempt, from the last one. */
    readonly waitMs: number;
    readonly results: number;
    readonly sha256: string;
  }[];
  readonly retired: readonly { readonly recipient: string; readonly outcome: string }[];
  /** Recipients whom notices to senders say mail could not be delivered to, each as often as one does. */
  readonly notices: readonly string[];
}

interface Message {
  readonly sha256: string;
  readonly again: Redelivery | null;
  certain: readonly Place[];
  possible: readonly Place[] | null;
}

interface Recipient {
  readonly sha256: string;
  accepted: boolean;
  attempts: number;
  results: number;
  givesBack: boolean;
  /** Undefined: nothing is reported now. */
  mayEnd: Ended | null | undefined;
  ended: Ended | null;
}

/** What was promised up to one moment. */
export class Promises {
  readonly #messages = new Map<string, Message>();
  readonly #recipients = new Map<string, Recipient>();
  readonly #told = new Map<string, { uidValidity: number; uidNext: number; modSeq: number }>();

  /** How much was promised: messages and recipients that were acknowledged. */
  get size(): number {
    const acknowledged = [...this.#messages.values()].filter(({ certain }) => certain.length > 0);
    return acknowledged.length + [...this.#recipients.values()].filter(({ accepted }) => accepted).length;
  }

  /** Whether a client has seen any mailbox. */
  get toldAny(): boolean {
    return this.#told.size > 0;
  }

  /** Messages of which it is certain where they are. */
  settled(): { readonly id: string; readonly places: readonly Place[] }[] {
    return [...this.#messages].flatMap(([id, { certain, possible }]) =>
      possible === null && certain.length > 0 ? [{ id, places: certain }] : []
    );
  }

  /** Deliveries, which a front makes again that has got no answer. */
  redeliveries(): { readonly id: string; readonly again: Redelivery }[] {
    return [...this.#messages].flatMap(([id, { again }]) => again === null ? [] : [{ id, again }]);
  }

  /** A front has delivered it again: now it is there for certain. */
  delivered(id: string): void {
    const known = this.#messages.get(id);
    if (known === undefined || known.possible === null) return; // Acknowledged before, and the client's since.
    known.certain = known.possible;
    known.possible = null;
  }

  take(said: Said): void {
    switch (said.kind) {
      case "mayBe": {
        const { id, places, sha256, again = null } = said;
        const known = this.#messages.get(id);
        if (known === undefined) this.#messages.set(id, { sha256, again, certain: [], possible: places });
        else known.possible = places;
        return;
      }
      case "is":
      case "isNot": {
        const known = this.#messages.get(said.id);
        if (known === undefined) throw new Error(`nothing was said of message ${said.id}`);
        if (said.kind === "is") known.certain = said.places;
        known.possible = null;
        return;
      }
      case "told": {
        const known = this.#told.get(said.mailbox) ?? { uidValidity: 0, uidNext: 0, modSeq: 0 };
        this.#told.set(said.mailbox, {
          uidValidity: said.uidValidity,
          uidNext: Math.max(known.uidNext, said.uidNext),
          modSeq: Math.max(known.modSeq, said.modSeq),
        });
        return;
      }
      case "mayQueue":
        for (const each of said.recipients) {
          this.#recipients.set(each, {
            sha256: said.sha256,
            accepted: false,
            attempts: 0,
            results: 0,
            givesBack: false,
            mayEnd: undefined,
            ended: null,
          });
        }
        return;
      case "queued":
        for (const each of said.recipients) this.#recipient(each).accepted = true;
        return;
      case "attempted":
        // Who was handed out is in the queue, whatever became of the answer to who handed it in.
        this.#recipient(said.recipient).accepted = true;
        this.#recipient(said.recipient).attempts = said.attempts;
        return;
      case "mayGiveBack":
        this.#recipient(said.recipient).givesBack = true;
        return;
      case "gaveBack": {
        const recipient = this.#recipient(said.recipient);
        recipient.givesBack = false;
        recipient.attempts--;
        return;
      }
      case "mayEnd":
        this.#recipient(said.recipient).mayEnd = said.as;
        return;
      case "ended": {
        const recipient = this.#recipient(said.recipient);
        recipient.mayEnd = undefined;
        recipient.ended = said.as;
        if (said.as === null) recipient.results++;
      }
    }
  }

  /** What a store does not keep of it, in words. */
  broken(found: FoundStore): string[] {
    return [...this.#brokenMessages(found), ...this.#brokenMailboxes(found), ...this.#brokenQueue(found)];
  }

  *#brokenMessages({ messages }: FoundStore): Generator<string> {
    const byId = Map.groupBy(messages, ({ id }) => id);
    for (const id of byId.keys()) if (!this.#messages.has(id)) yield `message ${id} came from nowhere`;
    for (const [id, { certain, possible, sha256 }] of this.#messages) {
      const copies = byId.get(id) ?? [];
      if (copies.some((copy) => copy.sha256 !== sha256)) yield `message ${id} has another body`;
      const places = copies.map(({ place }) => place);
      if (areAt(places, certain) || possible !== null && areAt(places, possible)) continue;
      const expected = [certain, ...possible === null ? [] : [possible]].map(shown).join(" or ");
      yield `message ${id} is at ${shown(places)}, and should be at ${expected}`;
    }
  }

  *#brokenMailboxes({ mailboxes }: FoundStore): Generator<string> {
    for (const [name, told] of this.#told) {
      const found = mailboxes.find(({ mailbox }) => mailbox === name);
      if (found === undefined) yield `mailbox ${name} is gone`;
      else if (found.uidValidity !== told.uidValidity) {
        yield `UIDVALIDITY of ${name} is ${found.uidValidity}, and was ${told.uidValidity}`;
      } else if (found.uidNext < told.uidNext) {
        yield `UIDNEXT of ${name} is ${found.uidNext}, and was ${told.uidNext}`;
      } else if (found.modSeq < told.modSeq) {
        yield `HIGHESTMODSEQ of ${name} is ${found.modSeq}, and was ${told.modSeq}`;
      }
    }
  }

  *#brokenQueue({ waiting, retired, notices }: FoundStore): Generator<string> {
    const waits = Map.groupBy(waiting, ({ recipient }) => recipient);
    const ends = Map.groupBy(retired, ({ recipient }) => recipient);
    for (const name of [...waits.keys(), ...ends.keys()]) {
      if (!this.#recipients.has(name)) yield `recipient ${name} came from nowhere`;
    }
    for (const [name, recipient] of this.#recipients) {
      const { accepted, ended, mayEnd, sha256 } = recipient;
      const [row, ...moreRows] = waits.get(name) ?? [];
      const [end, ...moreEnds] = ends.get(name) ?? [];
      const told = notices.filter((each) => each === name).length;
      if (moreRows.length + moreEnds.length > 0 || row !== undefined && end !== undefined) {
        yield `recipient ${name} is there more than once`;
      } else if (row === undefined && end === undefined) {
        if (accepted) yield `recipient ${name} is lost`;
      } else if (row !== undefined) {
        if (ended !== null) yield `recipient ${name} has ended as ${ended}, and waits again`;
        if (row.sha256 !== sha256) yield `recipient ${name} has another body`;
        const least = recipient.attempts - (recipient.givesBack ? 1 : 0);
        if (row.attempts < least || row.attempts > recipient.attempts + 1) {
          yield `recipient ${name} has ${row.attempts} attempts on record, and was told ${recipient.attempts}`;
        }
        if (row.attempts > 0 && row.waitMs < 60_000) yield `recipient ${name} is tried again at once`;
        if (row.results < recipient.results) yield `a result of recipient ${name} is lost`;
      } else if (end !== undefined && end.outcome !== (ended ?? mayEnd)) {
        yield `recipient ${name} has ended as ${end.outcome}, and was reported as ${ended ?? mayEnd}`;
      }
      if (told !== (end?.outcome === "failed" ? 1 : 0)) {
        yield `there are ${told} notices of recipient ${name}`;
      }
    }
  }

  #recipient(name: string): Recipient {
    const known = this.#recipients.get(name);
    if (known === undefined) throw new Error(`nothing was said of recipient ${name}`);
    return known;
  }
}

function shown(places: readonly Place[]): string {
  const all = places.map(({ mailbox, uid, bits }) => `${mailbox} uid ${uid ?? "?"} flags ${bits}`);
  return all.length === 0 ? "no place" : all.join(" and ");
}

/** Whether these are the places, each once. A place whose UID nobody knows is any UID's. */
function areAt(found: readonly Place[], expected: readonly Place[]): boolean {
  if (found.length !== expected.length) return false;
  const left = [...found];
  for (const place of expected.toSorted((a, b) => Number(a.uid === null) - Number(b.uid === null))) {
    const at = left.findIndex(({ mailbox, uid, bits }) =>
      mailbox === place.mailbox && bits === place.bits && (place.uid === null || place.uid === uid)
    );
    if (at === -1) return false;
    left.splice(at, 1);
  }
  return true;
}
