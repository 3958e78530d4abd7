/**
 * What somebody may have meant who mistyped a word.
 *
 * @module
 */

/** So many letters may be wrong, missing or too many; two that changed places are one. */
const mostEdits = 2;

/** Longer words are no words of a command line: no work is done for them. */
const maxLength = 64;

/** The word that is most like `typed`, or null if none is near. */
export function nearest(typed: string, words: readonly string[]): string | null {
  let found: string | null = null;
  let fewest = Math.min(mostEdits, Math.floor(typed.length / 2)) + 1;
  for (const word of words) {
    const edits = editsBetween(typed, word);
    if (edits < fewest) [found, fewest] = [word, edits];
  }
  return found;
}

/** How many single letters must be changed, added, removed or swapped with their neighbour (optimal string alignment). */
function editsBetween(a: string, b: string): number {
  if (a.length > maxLength || b.length > maxLength) return Infinity;
  let [before, last] = [
    new Array<number>(b.length + 1).fill(0),
    Array.from({ length: b.length + 1 }, (_, j) => j),
  ];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const replaced = (last[j - 1] ?? 0) + (same ? 0 : 1);
      const least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, replaced);
      row.push(swapped && i > 1 && j > 1 ? Math.min(least, (before[j - 2] ?? 0) + 1) : least);
    }
    [before, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
