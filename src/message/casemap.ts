/**
 * Text as i;unicode-casemap compares it: every character in title case, decomposed for compatibility. RFC 5051 2
 *
 * So `é` begins with `E`, `ﬁ` is the letters `fi` that it is drawn from (and stays in lower case, as it has no title case), and `ß`
 * is no `ss`. The tables are those of the runtime's Unicode: what was stored with older ones is compared as it was stored.
 *
 * @module
 */

/** Characters whose title case is not their simple upper case. UnicodeData.txt, field 14 */
const titled = new Map<number, number>([
  [0x1c4, 0x1c5],
  [0x1c5, 0x1c5],
  [0x1c6, 0x1c5],
  [0x1c7, 0x1c8],
  [0x1c8, 0x1c8],
  [0x1c9, 0x1c8],
  [0x1ca, 0x1cb],
  [0x1cb, 0x1cb],
  [0x1cc, 0x1cb],
  [0x1f1, 0x1f2],
  [0x1f2, 0x1f2],
  [0x1f3, 0x1f2],
  // Their upper case is of several characters, or so is that of what they become.
  [0x1fb3, 0x1fbc],
  [0x1fc3, 0x1fcc],
  [0x1ff3, 0x1ffc],
]);

const notAscii = /[^\x00-\x7f]/;

/** Marks in a row; one more than any language needs, and one less than what has to be taken apart. UAX 15, section 13 */
const manyMarks = /\p{M}{31}/u;
const thirtyMarks = /\p{M}{30}(?=\p{M})/gu;

/**
 * Runs of marks broken into pieces of thirty by U+034F, as the Stream-Safe Text Format of UAX 15 has it: normalizing
 * sorts each run, which takes time with the square of its length: 6 s for 80,000 marks, and a message may have millions.
 */
function streamSafe(text: string): string {
  return manyMarks.test(text) ? text.replace(thirtyMarks, "$&\u034f") : text;
}

/** The text prepared as RFC 5051 2 says; two texts are equal, or one is in the other, if that holds for what this gives. */
export function casemap(text: string): string {
  if (!notAscii.test(text)) return text.toUpperCase();
  let title = "";
  for (const char of text) title += titleCase(char);
  return streamSafe(title).normalize("NFKD");
}

function titleCase(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x80) return char.toUpperCase();
  const special = titled.get(code);
  if (special !== undefined) return String.fromCodePoint(special);
  // Georgian has capitals, which its title case does not use.
  if (code >= 0x10d0 && code <= 0x10ff) return char;
  const upper = char.toUpperCase();
  if (upper.length === char.length) return upper;
  // Greek with iota below: the runtime's upper case puts the iota beside the letter.
  if (code >= 0x1f80 && code <= 0x1faf) return String.fromCodePoint(code | 8);
  // Only a full mapping makes several characters of one: the simple one leaves it alone.
  return [...upper].length === 1 ? upper : char;
}

/**
 * Orders two prepared texts by their characters: as UTF-8 does, and as UTF-16 does not where there are surrogates. RFC
 * 5051 2, note to step 3
 */
export function compareOctets(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    return x < 0xd800 || y < 0xd800 ? x - y : rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for characters behind all that need none. */
function rank(unit: number): number {
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}
