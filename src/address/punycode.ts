/**
 * Punycode: the text of a U-label from its A-label. Only this direction: the other is the platform's. RFC 3492
 *
 * @module
 */

const base = 36;
const tMin = 1;
const tMax = 26;
const skew = 38;
const damp = 700;
const initialBias = 72;
const initialN = 128;

/** Longer labels are not decoded: insertion is quadratic, and DNS has none. RFC 1035 2.3.4 */
export const maxPunycodeLength = 63;

/** Decodes what follows `xn--`; null if it is not Punycode. RFC 3492 6.2 */
export function decodePunycode(text: string): string | null {
  if (text.length > maxPunycodeLength) return null;
  const delimiter = text.lastIndexOf("-");
  const output = delimiter > 0 ? Array.from(text.slice(0, delimiter)) : [];
  let n = initialN;
  let i = 0;
  let bias = initialBias;
  for (let at = delimiter > 0 ? delimiter + 1 : 0; at < text.length;) {
    const before = i;
    for (let weight = 1, k = base;; k += base) {
      const digit = digitOf(text.charCodeAt(at++));
      if (digit === null) return null;
      i += digit * weight;
      const t = Math.min(Math.max(k - bias, tMin), tMax);
      if (digit < t) break;
      weight *= base - t;
      // Far above every code point; RFC 3492 6.4 asks for a check against overflow.
      if (weight > 0x7fffffff || i > 0x7fffffff) return null;
    }
    const length = output.length + 1;
    bias = adapt(i - before, length, before === 0);
    n += Math.floor(i / length);
    i %= length;
    if (n > 0x10ffff || (n >= 0xd800 && n <= 0xdfff)) return null;
    output.splice(i, 0, String.fromCodePoint(n));
    i++;
  }
  return output.join("");
}

/** RFC 3492 6.1 */
function adapt(delta: number, length: number, first: boolean): number {
  let rest = Math.floor(delta / (first ? damp : 2));
  rest += Math.floor(rest / length);
  let k = 0;
  for (; rest > ((base - tMin) * tMax) / 2; k += base) rest = Math.floor(rest / (base - tMin));
  return k + Math.floor(((base - tMin + 1) * rest) / (rest + skew));
}

/** `a` to `z` are 0 to 25, `0` to `9` are 26 to 35. NaN (the end of the text) is none. RFC 3492 5 */
function digitOf(code: number): number | null {
  if (code >= 0x30 && code <= 0x39) return code - 0x30 + 26;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a ? lower - 0x61 : null;
}
