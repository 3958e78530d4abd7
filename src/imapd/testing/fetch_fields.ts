/**
 * What a FETCH response tells a client that follows its mailbox.
 *
 * Tested by `src/imapd/testing/follower_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Value } from "./response_reader.ts";

/** What a FETCH response tells of a message; null: nothing. */
export interface Told {
  uid: number | null;
  flags: string | null;
  modseq: number | null;
  subject: string | null;
}

export function fieldsOf(values: readonly Value[]): Told {
  const told: Told = { uid: null, flags: null, modseq: null, subject: null };
  for (let i = 0; i < values.length; i += 2) {
    const [name, value] = [values[i], values[i + 1]];
    if (name === "UID") told.uid = Number(value);
    else if (name === "MODSEQ") told.modseq = Number(Array.isArray(value) ? value[0] : NaN);
    else if (name === "FLAGS") told.flags = flagText(value);
    else if (typeof name === "string" && name.startsWith("BODY[")) told.subject = textOf(value);
  }
  return told;
}

/** Flags in one order, without \Recent, which each session has for itself. */
export function flagText(flags: Value | undefined): string {
  assert.ok(Array.isArray(flags));
  return flags.filter((flag) => flag !== "\\Recent").map((flag) => String(flag).toLowerCase()).sort().join(
    " ",
  );
}

function textOf(value: Value | undefined): string {
  assert.ok(typeof value === "object" && "text" in value, "not a string");
  return /^Subject: (.*)\r\n/i.exec(value.text)?.[1] ?? "";
}
