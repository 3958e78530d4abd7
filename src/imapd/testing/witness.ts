/**
 * What all clients of a test have been told together: two of them may not have been told different things.
 *
 * Tested by `src/imapd/testing/follower_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";

/** Lines that are kept, and shown of a failure. */
const keptLines = 5000;
const shownLines = 60;

/** See {@link Witness.moment}. By UIDVALIDITY. */
export interface Moment {
  readonly uidNext: ReadonlyMap<number, number>;
  readonly highest: ReadonlyMap<number, number>;
}

/** Mailboxes are told apart by UIDVALIDITY, which no two of an account share. */
export class Witness {
  readonly #flags = new Map<string, string>();
  readonly #subjects = new Map<string, string>();
  readonly #gone = new Set<string>();
  readonly #uidNext = new Map<number, number>();
  readonly #highest = new Map<number, number>();
  /** Only one session at a time does something. */
  quiet = false;
  /** The last lines of everybody, for who reads of a failure. */
  readonly #transcript: string[] = [];

  /** Something has failed: nobody need go on, and what follows explains nothing. */
  failed = false;

  /** Something was sent or received. */
  note(line: string): void {
    if (this.failed) return;
    if (/CAPABILITY|LOGIN|PERMANENTFLAGS|MAILBOXID|\* FLAGS|RECENT$/.test(line)) return;
    this.#transcript.push(line.slice(0, 200).replaceAll("\r\n", " | "));
    if (this.#transcript.length > keptLines) this.#transcript.shift();
  }

  /** The end of what was said: by everybody, and before that by one of them. */
  story(name: string): string {
    const own = this.#transcript.filter((line) => line.startsWith(name)).slice(-shownLines);
    return [...own, "---", ...this.#transcript.slice(-shownLines)].join("\n");
  }

  /** A message had these flags at this MODSEQ. */
  flags(uidValidity: number, uid: number, modseq: number, flags: string): void {
    const key = `${uidValidity} ${uid} ${modseq}`;
    const before = this.#flags.get(key);
    assert.equal(flags, before ?? flags, `two sets of flags at ${key}`);
    this.#flags.set(key, flags);
  }

  /** A message has this Subject for ever. */
  subject(uidValidity: number, uid: number, subject: string): void {
    const key = `${uidValidity} ${uid}`;
    assert.equal(subject, this.#subjects.get(key) ?? subject, `two messages have the UID ${key}`);
    this.#subjects.set(key, subject);
  }

  gone(uidValidity: number, uid: number): void {
    this.#gone.add(`${uidValidity} ${uid}`);
  }

  isGone(uidValidity: number, uid: number): boolean {
    return this.#gone.has(`${uidValidity} ${uid}`);
  }

  /** A message has come, by a command that was sent at `since`: its UID was not used before. */
  arrived(uidValidity: number, uid: number, since: Moment): void {
    assert.ok(uid >= (since.uidNext.get(uidValidity) ?? 1), `UID ${uid} of ${uidValidity} is below UIDNEXT`);
    this.#uidNext.set(uidValidity, Math.max(uid + 1, this.#uidNext.get(uidValidity) ?? 0));
  }

  /** What was known at this moment: whatever is asked from now on may not be older. */
  moment(): Moment {
    return { uidNext: new Map(this.#uidNext), highest: new Map(this.#highest) };
  }

  /** What SELECT or STATUS tells that was sent at `since`. */
  opened(uidValidity: number, modseq: number | null, uidNext: number, since: Moment): void {
    const [lastNext, lastModseq] = [since.uidNext.get(uidValidity) ?? 1, since.highest.get(uidValidity) ?? 0];
    assert.ok(uidNext >= lastNext, `UIDNEXT goes back from ${lastNext} to ${uidNext}`);
    assert.ok(
      modseq === null || modseq >= lastModseq,
      `HIGHESTMODSEQ goes back from ${lastModseq} to ${modseq}`,
    );
    this.#uidNext.set(uidValidity, Math.max(uidNext, this.#uidNext.get(uidValidity) ?? 0));
    if (modseq !== null) this.changed(uidValidity, modseq);
  }

  /** A change with this MODSEQ was told of. */
  changed(uidValidity: number, modseq: number): void {
    this.#highest.set(uidValidity, Math.max(modseq, this.#highest.get(uidValidity) ?? 0));
  }
}
