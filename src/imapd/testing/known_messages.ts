/**
 * What a client knows of messages by their numbers, UIDs and flags, and what it learns when it opens a mailbox.
 *
 * Tested by `src/imapd/testing/follower_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Told } from "./fetch_fields.ts";

/** A message as the client knows it. */
export interface Known {
  /** 0: not told yet. */
  uid: number;
  /** Ascending, with spaces between, without \Recent; null: not told yet. */
  flags: string | null;
  modseq: number;
}

/** What a client keeps when the connection is lost. */
export interface Kept {
  readonly name: string;
  readonly uidValidity: number;
  readonly modseq: number;
  readonly messages: readonly Readonly<Known>[];
}

/** What SELECT tells, until it is answered. */
export interface Opening {
  readonly kept: Kept | null;
  /** The client asked only of UIDs that it knows. */
  readonly partial: boolean;
  first: number | null;
  exists: number;
  vanished: Set<number>;
  /** By message number, or by UID where there are no numbers. */
  fetched: Map<number, Known>;
}

/** A UIDFETCH response while a mailbox is opened. RFC 9586 3.3 */
export function openingUidFetch(opening: Opening, uid: number, told: Told): void {
  assert.ok(told.flags !== null && (told.uid ?? uid) === uid);
  opening.fetched.set(uid, { uid, flags: told.flags, modseq: told.modseq ?? 0 });
}

/** A FETCH response while a mailbox is opened. */
export function openingFetch(opening: Opening, number: number, told: Told): void {
  assert.ok(number >= 1 && number <= opening.exists, `FETCH ${number} of ${opening.exists}`);
  assert.ok(told.uid !== null && told.flags !== null);
  opening.fetched.set(number, { uid: told.uid, flags: told.flags, modseq: told.modseq ?? 0 });
}

/** The mailbox of a client that has just come, or come back. RFC 7162 3.2.5 */
export function opened(opening: Opening, uidValidity: number, quiet: boolean, uidOnly: boolean): Known[] {
  const { kept, partial, vanished, fetched, exists } = opening;
  const unknown = (count: number) =>
    Array.from({ length: count }, (): Known => ({ uid: 0, flags: null, modseq: 0 }));
  if (kept === null || kept.uidValidity !== uidValidity) {
    assert.equal(vanished.size, 0, "VANISHED of another mailbox");
    const messages = unknown(exists);
    for (const [number, known] of fetched) {
      if (uidOnly) Object.assign(learnNamed(messages, number), known);
      else messages[number - 1] = known;
    }
    return messages;
  }
  // What it knew has lower UIDs than all that came since. Of that, what is changed or expunged while SELECT goes on is
  // told behind it, so only where nobody else does anything, everything is known now.
  const messages = kept.messages.filter(({ uid }) => !vanished.has(uid)).map((each): Known => ({ ...each }));
  const missing = (opening.first ?? 0) - messages.length;
  assert.ok(missing >= 0, `after QRESYNC the client has ${-missing} messages too many`);
  messages.push(...unknown(exists - messages.length));
  for (const [number, known] of fetched) {
    if (uidOnly) Object.assign(learnNamed(messages, number), known);
    else {
      learnUid(messages, number, known.uid);
      messages[number - 1] = known;
    }
  }
  if (quiet && !partial) assert.ok(messages.every(({ uid }) => uid !== 0), "QRESYNC has not told everything");
  return messages;
}

/** A message number has this UID. */
export function learnUid(messages: readonly Known[], number: number, uid: number): void {
  const message = messages[number - 1];
  assert.ok(message !== undefined);
  if (message.uid !== 0) return assert.equal(uid, message.uid, `number ${number} changes its UID`);
  for (let i = number - 2, apart = 1; i >= 0; i--, apart++) {
    const before = messages[i]?.uid ?? 0;
    if (before === 0) continue;
    assert.ok(uid - before >= apart, `UID ${uid} too near to ${before}`);
    break;
  }
  for (let i = number, apart = 1; i < messages.length; i++, apart++) {
    const behind = messages[i]?.uid ?? 0;
    if (behind === 0) continue;
    assert.ok(behind - uid >= apart, `UID ${uid} too near to ${behind}`);
    break;
  }
  message.uid = uid;
}

/** Where a UID is, or must be among those that the client has not asked for. */
export function placeOf(messages: readonly Known[], uid: number): number {
  let unknown = -1;
  for (const [i, message] of messages.entries()) {
    if (message.uid === uid) return i;
    if (message.uid > uid) break;
    unknown = message.uid === 0 ? i : -1;
  }
  return unknown;
}

/**
 * Where a UID is, for a client that knows no message numbers: what it has not asked for stands at the end, as where it
 * belongs nobody tells. RFC 9586
 */
export function placeOfNamed(messages: readonly Known[], uid: number): number {
  const at = messages.findIndex((each) => each.uid === uid);
  return at === -1 ? messages.findIndex((each) => each.uid === 0) : at;
}

/** The message of this UID, which is there. */
export function learnNamed(messages: Known[], uid: number): Known {
  const at = placeOfNamed(messages, uid);
  const found = messages[at];
  assert.ok(found !== undefined, `UID ${uid} is not there`);
  if (found.uid === uid) return found;
  messages.splice(at, 1);
  const behind = messages.findIndex((each) => each.uid === 0 || each.uid > uid);
  const known = { uid, flags: null, modseq: 0 };
  messages.splice(behind === -1 ? messages.length : behind, 0, known);
  return known;
}
