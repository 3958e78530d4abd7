/**
 * Looks over what a front says that a sender asks for: it is kept for weeks, and printed into other servers' commands.
 *
 * Tested by `src/delivery/submission_service_test.ts`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { Refused } from "../base/errors.ts";
import { readEnvid, readNotify, readOrcpt, readRet } from "../smtp/dsn_parameters.ts";
import { maxHoldSeconds } from "../smtp/session_state.ts";
import type { Asked, Incoming } from "./deliver.ts";

/** So much later than what is allowed a message may be released: it took its time to come, and clocks differ. */
const slackMs = 3_600_000;

/** @throws {Refused} `badRequest` */
export function checkAsked({ asked, recipients }: Incoming, now: Millis): void {
  try {
    for (const { asked: wish } of recipients) {
      if (wish === undefined) continue;
      if (wish.notify !== null) readNotify(wish.notify);
      if (wish.orcpt !== null) readOrcpt(wish.orcpt);
    }
    if (asked === undefined) return;
    const { ret, envid } = asked;
    if (ret !== null) readRet(ret);
    if (envid !== null) readEnvid(envid);
    const latest = now + maxHoldSeconds * 1000 + slackMs;
    const at = releaseOf(asked, now);
    if (!Number.isSafeInteger(at) || at > latest) throw new SyntaxError("a release that is too far ahead");
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Refused("badRequest", `what the sender asks for: ${error.message}`, error);
  }
}

/** When a message is sent at the earliest. RFC 4865 4 */
export function releaseOf(asked: Asked | undefined, now: Millis): Millis {
  const hold = asked?.hold ?? null;
  if (hold === null) return now;
  return hold.kind === "for" ? now + hold.seconds * 1000 : hold.at;
}
