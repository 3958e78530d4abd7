/**
 * When a message that could not be delivered is tried again. RFC 5321 4.5.4.1
 *
 * The waits double from seven and a half minutes: hosts that greylist are satisfied by the second attempt, and the eighth, 16
 * hours after the first, is about when a person would rather hear that it failed than wait on.
 *
 * @module
 */

/** Attempts before a message is given up, unless something else was asked for. */
export const defaultMaxAttempts = 8;

/** After this failed attempt the sender is told that it takes longer: not quite two hours after the first. */
export const delayNoticeAfter = 5;

const minute = 60_000;
const firstWaitMs = 7.5 * minute;
/** Doubling goes on no further; a message with more attempts than usual is tried once a day at least. */
const longestWaitMs = 24 * 60 * minute;

/** Waits differ by up to this much, so that what failed together is not tried together for ever. */
export const jitterMs = 5000;

/**
 * How long to wait after an attempt that failed.
 *
 * @param attempts Failed attempts so far, at least 1.
 * @param random From 0 to 1, 1 excluded.
 * @returns Milliseconds.
 * @throws {RangeError} If `attempts` is not a whole number of at least 1.
 */
export function waitAfter(attempts: number, random: number): number {
  if (!Number.isInteger(attempts) || attempts < 1) throw new RangeError(`${attempts} attempts`);
  const wait = Math.min(firstWaitMs * 2 ** Math.min(attempts - 1, 20), longestWaitMs);
  return Math.round(wait + (2 * random - 1) * jitterMs);
}

/**
 * Attempts beyond the last for a message that an MTA-STS policy keeps back which cannot be confirmed, since the DNS does not
 * answer: such a policy is no reason to give up (RFC 8461 5.1). With the usual eight, their waits make five days: as long
 * as anybody waits for a host that does not answer (RFC 5321 4.5.4.1), and the sender shall hear of it one day.
 */
export const unconfirmedAttempts = 5;

/**
 * Whether it was the last attempt.
 *
 * @param maxAttempts 0: somebody has said that there shall be no other.
 * @param unconfirmed Whether it failed for a policy that could not be confirmed.
 */
export function isLast(attempts: number, maxAttempts: number, unconfirmed = false): boolean {
  const more = unconfirmed && maxAttempts > 0 ? unconfirmedAttempts : 0;
  return attempts >= maxAttempts + more;
}

/** The waits between the attempts that are left after so many failed ones, without jitter. For the notice of a delay. */
export function waitsLeft(attempts: number, maxAttempts: number): number[] {
  const waits: number[] = [];
  for (let n = attempts; n < maxAttempts; n++) waits.push(waitAfter(n, 0.5));
  return waits;
}
