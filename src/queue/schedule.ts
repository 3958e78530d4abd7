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

/** Whether it was the last attempt. */
export function isLast(attempts: number, maxAttempts: number): boolean {
  return attempts >= maxAttempts;
}

/** The waits between the attempts that are left after so many failed ones, without jitter. For the notice of a delay. */
export function waitsLeft(attempts: number, maxAttempts: number): number[] {
  const waits: number[] = [];
  for (let n = attempts; n < maxAttempts; n++) waits.push(waitAfter(n, 0.5));
  return waits;
}
