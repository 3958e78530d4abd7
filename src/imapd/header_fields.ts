/**
 * A header with only some of its fields. RFC 9051 6.4.5.1 (HEADER.FIELDS, HEADER.FIELDS.NOT)
 *
 * @module
 */
import { type Bytes, concat, fromLatin1 } from "../base/bytes.ts";

const lf = 0x0a;
const colon = 0x3a;

/**
 * The fields of those names (or, with `not`, all others) with their folded lines, as they stand, and the empty line that
 * ends the header, if it has one.
 *
 * @param names In any case.
 */
export function headerFields(header: Bytes, names: readonly string[], not: boolean): Bytes {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const kept: Uint8Array[] = [];
  let keeping = false;
  for (let at = 0; at < header.length;) {
    const found = header.indexOf(lf, at);
    const end = found === -1 ? header.length : found + 1;
    const line = header.subarray(at, end);
    if (isEmpty(line)) {
      kept.push(line);
      break;
    }
    if (!isFolded(line)) keeping = wanted.has(nameOf(line)) !== not;
    if (keeping) kept.push(line);
    at = end;
  }
  return concat(kept);
}

function isEmpty(line: Uint8Array): boolean {
  return line[0] === lf || (line[0] === 0x0d && line[1] === lf);
}

function isFolded(line: Uint8Array): boolean {
  return line[0] === 0x20 || line[0] === 0x09;
}

/** In lower case; the whole line if it is no field. White space before the colon is obsolete (RFC 5322 4.5) and seen. */
function nameOf(line: Uint8Array): string {
  const end = line.indexOf(colon);
  return fromLatin1(line, 0, end === -1 ? line.length : end).trimEnd().toLowerCase();
}
