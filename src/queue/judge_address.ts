/**
 * Whether an account's mail to an address goes on being sent, by what was said of it. Only what somebody there said counts:
 * that we reached nobody, or gave up by ourselves, says nothing of the address.
 *
 * Tested by `src/queue/conclude_test.ts`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { Refused } from "../base/errors.ts";
import { countFailure, endFailures } from "../store/delivery_failures.ts";
import type { Work } from "../store/query.ts";
import { addSuppression } from "../store/suppressions.ts";
import { maxResultText } from "./queue.ts";
import { maxFailuresInARow, suppresses, suppressionKeyOf } from "./suppression.ts";

/** Whose mail went where. */
export interface Correspondence {
  readonly account_id: number;
  readonly recipient: string;
}

/** The address took a message. */
export function* addressTakes({ account_id, recipient }: Correspondence): Work<void> {
  yield* endFailures(account_id, suppressionKeyOf(recipient));
}

/** Somebody there said that it does not take a message. */
export interface Refusal {
  /** Whether for good. What was temporary for too long counts, and is no reason by itself. */
  readonly isPermanent: boolean;
  /** Of the reply. */
  readonly code: number;
  /** RFC 3463; empty if there was none. */
  readonly status: string;
  readonly text: string;
}

/** Puts the address on the account's list if that says enough, or was said too often in a row. Tells whether. */
export function* addressRefuses(
  { account_id: accountId, recipient }: Correspondence,
  { isPermanent, code, status, text }: Refusal,
  now: Millis,
): Work<boolean> {
  const address = suppressionKeyOf(recipient);
  const failures = yield* countFailure(accountId, address, now);
  if (!(isPermanent && suppresses(code, status)) && failures < maxFailuresInARow) return false;
  yield* endFailures(accountId, address); // Who is taken off the list begins anew.
  const reason = `${code} ${status} ${text}`.slice(0, maxResultText);
  try {
    yield* addSuppression(accountId, {
      address,
      original: recipient,
      automatic: true,
      reason,
      created: now,
    });
    return true;
  } catch (error) {
    // The message is done with all the same; the next one to this address fails by itself.
    if (!(error instanceof Refused) || error.reason !== "tooMany") throw error;
    return false;
  }
}
