/**
 * What a client knows of mailboxes that it has not selected, from what NOTIFY tells it and from its own commands. RFC 5465 5
 *
 * Tested by `src/imapd/model_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { pairs, type Value } from "./response_reader.ts";

/** A mailbox; null is what the client cannot know. */
export interface WatchedState {
  uidValidity: number | null;
  messages: number | null;
  uidNext: number | null;
  unseen: number | null;
}

/** How a mailbox is. */
export type MailboxCounts = Readonly<Record<"messages" | "uidNext" | "unseen", number>>;

export class WatchedMailboxes {
  readonly states = new Map<string, WatchedState>();
  /** Every mailbox that there is; null for who has not asked for names. */
  readonly names: Set<string> | null;

  /** While it makes or takes away a mailbox itself: names of which it is told that they came or went. */
  #told: Set<string> | null = null;
  /** Names of which it cannot know whether that was before or after what it did itself. */
  readonly #unsure = new Set<string>();

  constructor(withNames: boolean) {
    this.names = withNames ? new Set() : null;
  }

  /** `* STATUS name (…)` */
  status(name: string, list: Value | undefined): void {
    const told = pairs(list);
    const number = (item: string) => told.has(item) ? Number(told.get(item)) : null;
    const uidValidity = number("UIDVALIDITY");
    const before = this.#state(name);
    if (uidValidity !== null && uidValidity !== before.uidValidity) this.states.delete(name); // It may be another.
    const state = this.#state(name);
    const [messages, uidNext, unseen] = [number("MESSAGES"), number("UIDNEXT"), number("UNSEEN")];
    assert.ok((uidNext ?? Infinity) >= (state.uidNext ?? 0), `UIDNEXT of ${name} goes back to ${uidNext}`);
    state.uidValidity = uidValidity ?? state.uidValidity;
    state.messages = messages ?? state.messages;
    state.uidNext = uidNext ?? state.uidNext;
    // What comes or goes without UNSEEN may have changed that as well.
    state.unseen = messages === null ? unseen ?? state.unseen : unseen;
  }

  /** `* LIST (attributes) "/" name ("OLDNAME" (name))` */
  list(attributes: readonly string[], name: string, oldName: string | null): void {
    for (const each of oldName === null ? [name] : [name, oldName]) {
      this.#told?.add(each);
      if (this.#told === null) this.#unsure.delete(each);
    }
    if (oldName !== null) this.renamed(oldName, name);
    else if (attributes.includes("\\NonExistent")) this.deleted(name);
    else this.names?.add(name);
  }

  deleted(name: string): void {
    this.names?.delete(name);
    this.states.delete(name);
  }

  renamed(from: string, to: string): void {
    const state = this.states.get(from);
    this.deleted(from);
    this.names?.add(to);
    if (state !== undefined) this.states.set(to, state);
  }

  /** NOTIFY SET STATUS was answered: of what was not told with it, only what was asked for before was told. */
  begin(): void {
    for (const [name, { uidValidity, messages }] of this.states) {
      if (uidValidity === null || messages === null) this.states.delete(name);
    }
  }

  /** It is about to make a mailbox, or to take one away. */
  doing(): void {
    this.#told = new Set();
  }

  /** It has made a mailbox, taken one away, or both; or, with null for both, has not. */
  did(made: string | null, gone: string | null): void {
    for (const name of [made, gone]) if (name !== null && this.#told?.has(name)) this.#unsure.add(name);
    this.#told = null;
    if (gone !== null) this.deleted(gone);
    if (made !== null) this.names?.add(made);
  }

  /** This client has added messages there. */
  added(name: string, uids: readonly number[]): void {
    const state = this.states.get(name);
    const last = uids.at(-1) ?? 0;
    // It may have been told of them already, together with those of others.
    if (state === undefined || last < (state.uidNext ?? 1)) return;
    if (state.messages !== null) state.messages += uids.length;
    state.uidNext = last + 1;
    state.unseen = null;
  }

  /** It is not selected any more: of it, the client knows so many. */
  left(name: string, messages: number): void {
    if (this.names?.has(name) === false) return; // It has another name by now.
    this.states.set(name, { uidValidity: null, messages, uidNext: null, unseen: null });
  }

  /** What is not as it is, in words; null if everything is. @param compares Of these names alone. */
  difference(
    counts: ReadonlyMap<string, MailboxCounts>,
    selected: string | null,
    compares: (name: string) => boolean,
  ): string | null {
    if (this.names !== null) {
      const sure = (names: Iterable<string>) =>
        [...names].filter((name) => compares(name) && !this.#unsure.has(name)).sort().join(" ");
      const [known, there] = [sure(this.names), sure(counts.keys())];
      if (known !== there) return `knows the names ${known}, there are ${there}`;
    }
    for (const [name, state] of this.states) {
      const now = counts.get(name);
      if (name === selected || now === undefined || !compares(name) || this.#unsure.has(name)) continue;
      for (const item of ["messages", "uidNext", "unseen"] as const) {
        if (state[item] !== null && state[item] !== now[item]) {
          return `${item} of ${name} is known as ${state[item]} and is ${now[item]}`;
        }
      }
    }
    return null;
  }

  #state(name: string): WatchedState {
    const state = this.states.get(name) ?? { uidValidity: null, messages: null, uidNext: null, unseen: null };
    this.states.set(name, state);
    return state;
  }
}
