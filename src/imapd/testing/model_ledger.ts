/**
 * Which messages were put into mailboxes and which of them may have been taken out again, for runs of which nobody knows
 * the order: nothing may be lost, and nothing may be there that nobody put there.
 *
 * Tested by `src/imapd/model_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Witness } from "./witness.ts";

/** A message by its UIDVALIDITY and UID. */
type Name = `${number} ${number}`;

const nameOf = (uidValidity: number, uid: number): Name => `${uidValidity} ${uid}`;

/** One that came of another, with that one's flags at some moment between two. */
interface Copied {
  readonly from: Name;
  readonly to: Name;
  readonly since: number;
  readonly until: number;
}

export class Ledger {
  /** Something was done whose outcome nobody was told. */
  uncertain = false;
  readonly #added = new Map<number, Set<number>>();
  readonly #moved = new Set<Name>();
  /** Since when each may have been \Deleted, so that anybody may have expunged it. */
  readonly #marked = new Map<Name, number>();
  /** In whatever order the answers came, which is not that of the copies. */
  readonly #copies: Copied[] = [];
  #now = 0;

  /** To be asked before a command is sent. */
  moment(): number {
    return ++this.#now;
  }

  added(uidValidity: number, uids: readonly number[]): void {
    const all = this.#added.get(uidValidity) ?? new Set();
    for (const uid of uids) {
      assert.ok(!all.has(uid), `UID ${uid} was given twice`);
      all.add(uid);
    }
    this.#added.set(uidValidity, all);
  }

  /** Somebody may have moved them. */
  moved(uidValidity: number, uids: readonly number[]): void {
    for (const uid of uids) this.#moved.add(nameOf(uidValidity, uid));
  }

  /** Somebody may have made them \Deleted, no earlier than at a moment. */
  marked(uidValidity: number, uids: readonly number[], since: number): void {
    for (const uid of uids) this.#mark(nameOf(uidValidity, uid), since);
  }

  /** What was copied or moved is what its original was, \Deleted as well. */
  copied(
    [fromValidity, from]: readonly [number, number],
    [toValidity, to]: readonly [number, number],
    since: number,
  ): void {
    const until = this.moment();
    this.#copies.push({ from: nameOf(fromValidity, from), to: nameOf(toValidity, to), since, until });
  }

  /** Whether that was news. */
  #mark(name: Name, since: number): boolean {
    if ((this.#marked.get(name) ?? Infinity) <= since) return false;
    this.#marked.set(name, since);
    return true;
  }

  /** Marks the copies of what was marked when they were made, and theirs. */
  #spread(): void {
    for (let more = true; more;) {
      more = false;
      for (const { from, to, since, until } of this.#copies) {
        if ((this.#marked.get(from) ?? Infinity) <= until && this.#mark(to, since)) more = true;
      }
    }
  }

  /** What a mailbox holds in the end. */
  check(uidValidity: number, uids: readonly number[], witness: Witness, name: string): void {
    const added = this.#added.get(uidValidity) ?? new Set<number>();
    const there = new Set(uids);
    this.#spread();
    for (const uid of uids) {
      assert.ok(!witness.isGone(uidValidity, uid), `${name}: ${uid} was told to be gone`);
      assert.ok(this.uncertain || added.has(uid), `${name}: nobody added ${uid}`);
    }
    for (const uid of added) {
      const known = nameOf(uidValidity, uid);
      const mayBeGone = this.#moved.has(known) || this.#marked.has(known);
      assert.ok(there.has(uid) || mayBeGone, `${name}: ${uid} is lost`);
    }
  }
}
