/**
 * Looks for a list of deeds that goes wrong, for as long as it may, and makes it short.
 *
 * Tested by `src/imapd/model_test.ts`.
 *
 * @module
 */
import { type Deed, type Verb, verbs } from "./model_deed.ts";

/** Longest that a list is made shorter, in milliseconds. */
const shrinkMs = 20_000;

/** Deeds that a report shows; all of them come of the seed. */
const mostShown = 20;

/** These are what most faults need. */
const often: readonly Verb[] = [
  ...["APPEND", "STORE", "STORE", "FETCH", "EXPUNGE", "SELECT", "NOOP", "COMEBACK"] as const,
  ...["APPEND", "STORE", "MOVE", "EXPUNGE", "NOOP", "NOTIFY", "FOLLOW"] as const,
];

/** The same numbers from 0 up to 1 for the same seed. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    // Marsaglia's xorshift, over a Weyl sequence, so that small seeds do as well.
    state = state + 0x9e37_79b9 >>> 0;
    let x = state;
    x = Math.imul(x ^ x >>> 16, 0x85eb_ca6b);
    x = Math.imul(x ^ x >>> 13, 0xc2b2_ae35);
    return ((x ^ x >>> 16) >>> 0) / 2 ** 32;
  };
}

function deedsOf(seed: number, most: number): Deed[] {
  const random = chance(seed);
  const number = () => Math.floor(random() * 2 ** 30);
  const one = (from: readonly Verb[]) => from[number() % from.length] ?? "NOOP";
  return Array.from({ length: 1 + number() % most }, () => ({
    who: number(),
    verb: one(number() % 3 === 0 ? verbs : often),
    a: number(),
    b: number(),
    c: number(),
  }));
}

/** How to look. */
export interface Search {
  readonly seconds: number;
  /** The first seed; the next lists have the next. */
  readonly seed: number;
  /** Deeds of a list. */
  readonly most: number;
}

/**
 * Runs lists of deeds until the time is up.
 *
 * @throws {Error} With the seed, and the shortest list that was found to fail.
 */
export async function searchDeeds(
  { seconds, seed, most }: Search,
  run: (list: readonly Deed[]) => Promise<void>,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  for (let next = seed; next === seed || performance.now() < end; next++) {
    const list = deedsOf(next, most);
    const failed = await failure(run, list);
    if (failed === null) continue;
    const { list: shortest, error } = await shortened(run, list, failed);
    const words = shortest.slice(-mostShown).map(({ who, verb, a, b, c }) => `${who} ${verb} ${a} ${b} ${c}`);
    const message = `seed ${next} fails; so do ${shortest.length} deeds:\n${
      words.join("\n")
    }\n${error.message}`;
    throw new Error(message, { cause: error });
  }
}

async function failure(
  run: (list: readonly Deed[]) => Promise<void>,
  list: readonly Deed[],
): Promise<Error | null> {
  try {
    await run(list);
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Leaves deeds out, many at a time and then fewer, as long as it still fails. */
async function shortened(
  run: (list: readonly Deed[]) => Promise<void>,
  list: readonly Deed[],
  error: Error,
): Promise<{ list: readonly Deed[]; error: Error }> {
  const end = performance.now() + shrinkMs;
  let best = { list, error };
  for (let size = Math.ceil(list.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.list.length && performance.now() < end;) {
      const fewer = best.list.toSpliced(at, size);
      const failed = fewer.length === 0 ? null : await failure(run, fewer);
      if (failed === null) at += size;
      else best = { list: fewer, error: failed };
    }
  }
  return best;
}
