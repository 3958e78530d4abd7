/**
 * Puts many things in order without keeping others waiting: a merge sort that can be left and gone on with.
 *
 * @module
 */

/** Comparisons are made in steps of about so many: a millisecond. */
const stepSize = 8192;

/** Orders the indices of two things: negative if the first comes before. */
export type Compare = (a: number, b: number) => number;

/**
 * The numbers from 0 to `count` in order; what is alike stays as it is. Yields now and then, where others may have a turn.
 */
export function* ordered(count: number, compare: Compare): Generator<void, Uint32Array<ArrayBuffer>> {
  let from = Uint32Array.from({ length: count }, (_, i) => i);
  let to = new Uint32Array(count);
  let done = 0;
  for (let width = 1; width < count; width *= 2) {
    for (let low = 0; low < count; low += 2 * width) {
      const middle = Math.min(low + width, count);
      const high = Math.min(low + 2 * width, count);
      // Often what is to be merged is in order already: mail comes by date.
      if (middle >= high || compare(from[middle - 1] ?? 0, from[middle] ?? 0) <= 0) {
        to.set(from.subarray(low, high), low);
        done += 1;
      } else {
        let left = low;
        let right = middle;
        for (let at = low; at < high; at++) {
          const takeLeft = right >= high ||
            left < middle && compare(from[left] ?? 0, from[right] ?? 0) <= 0;
          to[at] = from[takeLeft ? left++ : right++] ?? 0;
          if (++done >= stepSize) {
            yield;
            done = 0;
          }
        }
      }
      if (done >= stepSize) {
        yield;
        done = 0;
      }
    }
    [from, to] = [to, from];
  }
  return from;
}
