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

export class Ledger {
  /** Something was done whose outcome nobody was told. */
  uncertain = false;
  readonly #added = new Map<number, Set<number>>();
  readonly #mayBeGone = new Set<string>();

  added(uidValidity: number, uids: readonly number[]): void {
    const all = this.#added.get(uidValidity) ?? new Set();
    for (const uid of uids) {
      assert.ok(!all.has(uid), `UID ${uid} was given twice`);
      all.add(uid);
    }
    this.#added.set(uidValidity, all);
  }

  /** Was moved, or marked \Deleted: somebody may have expunged it. */
  mayBeGone(uidValidity: number, uids: readonly number[]): void {
    for (const uid of uids) this.#mayBeGone.add(`${uidValidity} ${uid}`);
  }

  /** Whether {@link mayBeGone} was said of it. */
  isDoubtful(uidValidity: number, uid: number): boolean {
    return this.#mayBeGone.has(`${uidValidity} ${uid}`);
  }

  /** What a mailbox holds in the end. */
  check(uidValidity: number, uids: readonly number[], witness: Witness, name: string): void {
    const added = this.#added.get(uidValidity) ?? new Set<number>();
    const there = new Set(uids);
    for (const uid of uids) {
      assert.ok(!witness.isGone(uidValidity, uid), `${name}: ${uid} was told to be gone`);
      assert.ok(this.uncertain || added.has(uid), `${name}: nobody added ${uid}`);
    }
    for (const uid of added) {
      assert.ok(there.has(uid) || this.isDoubtful(uidValidity, uid), `${name}: ${uid} is lost`);
    }
  }
}
