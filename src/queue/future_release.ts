/**
 * Messages that are to be sent later: when that is, and how a notice tells what was asked for. RFC 4865
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { Hold } from "../smtp/mail.ts";

/** When a message may be sent; perhaps in the past. */
export function releaseOf(hold: Hold, now: Millis): Millis {
  return hold.kind === "for" ? now + hold.seconds * 1000 : hold.at;
}

/** The value of Future-Release-Request: `for;3600`, `until;2026-01-02T03:04:05Z`. */
export function printHold(hold: Hold): string {
  if (hold.kind === "for") return `for;${hold.seconds}`;
  return `until;${new Date(hold.at).toISOString().slice(0, 19)}Z`;
}
