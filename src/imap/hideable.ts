/**
 * Extensions that an account may hide: those that stand alone, so that a client which is not told of one, and cannot use it, sees a
 * server that never had it. What others build on (UIDPLUS, ESEARCH, LITERAL+) cannot be hidden.
 *
 * Tested by `src/imapd/quirks_test.ts`
 *
 * @module
 */
import type { Verb } from "./command.ts";

/** Names as CAPABILITY tells them. */
export const hideableCapabilities = [
  "COMPRESS=DEFLATE",
  "IDLE",
  "IMAP4rev2",
  "LANGUAGE",
  "MOVE",
  "NOTIFY",
  "QRESYNC",
  "REPLACE",
  "UIDONLY",
  "UNAUTHENTICATE",
  "UTF8=ACCEPT",
] as const;
export type HideableCapability = typeof hideableCapabilities[number];

/** The command that goes with the extension; the others are enabled. RFC 5161 */
export const hiddenVerbs: Readonly<Partial<Record<Verb, HideableCapability>>> = {
  COMPRESS: "COMPRESS=DEFLATE",
  IDLE: "IDLE",
  LANGUAGE: "LANGUAGE",
  MOVE: "MOVE",
  NOTIFY: "NOTIFY",
  REPLACE: "REPLACE",
  UNAUTHENTICATE: "UNAUTHENTICATE",
};
