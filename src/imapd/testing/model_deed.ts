/**
 * What the deeds of a model run have in common: what they are, what they work on, and what they name.
 *
 * Tested by `src/imapd/model_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Answer, Box } from "./follower.ts";
import type { Model } from "./model.ts";
import type { Ledger } from "./model_ledger.ts";
import { type Chosen, type Player, sharedNames, type Stage } from "./model_player.ts";
import type { Witness } from "./witness.ts";

export const verbs = [
  "APPEND",
  "STORE",
  "COPY",
  "MOVE",
  "EXPUNGE",
  "FETCH",
  "SEARCH",
  "FOLLOW",
  "REPLACE",
  "SEARCHALL",
  "PARTIAL",
  "SELECT",
  "COMEBACK",
  "NOOP",
  "IDLE",
  "NOTIFY",
  "STATUS",
  "CLOSE",
  "CREATE",
  "DELETE",
  "RENAME",
  "CUT",
] as const;
export type Verb = typeof verbs[number];

/** Something that a session does; the numbers choose what of, whatever there is then. */
export interface Deed {
  readonly who: number;
  readonly verb: Verb;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** What a deed works on. */
export interface DeedContext {
  /** Null if sessions work at once. */
  readonly model: Model | null;
  readonly ledger: Ledger;
  readonly witness: Witness;
  readonly players: readonly Player[];
  readonly stage: Stage;
  /** Whose deed failed. */
  culprit: string;
}

export type Doing = (context: DeedContext, player: Player, deed: Deed) => Promise<void>;

/** Mailboxes that stay, whose messages are counted; and others, which come and go. */
export const lasting = sharedNames;
export const passing = ["C", "D", "E"] as const;
export const flagChoices = ["\\deleted", "\\seen", "\\flagged", "\\deleted", "work", "$forwarded"] as const;

let subjects = 0;

/** A subject that no message has. */
export function newSubject(): string {
  return `s${++subjects}`;
}

/** A message, of one length or another. */
export function textWith(subject: string, n: number): string {
  return `Subject: ${subject}\r\n\r\n${"body ".repeat(n % 40)}\r\n`;
}

export function named(names: readonly string[], n: number): string {
  return names[n % names.length] ?? "INBOX";
}

/** Mostly those that last, and for a guest only those. */
export function anyName({ guest }: Player, n: number): string {
  return n % 5 === 4 && guest === null ? named(passing, n >> 3) : named(lasting, n >> 3);
}

/** Others may delete it at the same time. */
export function mayGo(model: Model | null, name: string): boolean {
  return model === null && passing.some((each) => each === name);
}

/** It was done; but where others delete mailboxes at the same time, it may be gone already. */
export function done(model: Model | null, box: Box, answer: Answer): void {
  if (!mayGo(model, box.name) || answer.code !== "NONEXISTENT") assert.equal(answer.status, "OK");
}

export function uidWord(chosen: Chosen): string {
  return chosen.uid ? "UID " : "";
}
