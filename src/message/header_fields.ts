/**
 * A header with only some of its fields. RFC 9051 6.4.5.1 (HEADER.FIELDS, HEADER.FIELDS.NOT)
 *
 * Clients that show a list of messages ask all of them for the same few fields. So these are cut out once, when a message
 * comes in ({@link commonHeader}), and what is asked for is cut out of that.
 *
 * @module
 */
import { type Bytes, concat, KiB } from "../base/bytes.ts";

const lf = 0x0a;
const colon = 0x3a;

/**
 * What the programs that people read mail with ask for in lists: Thunderbird, K-9, Apple Mail, Roundcube and others.
 * Not to be changed without a new column: what is stored was made of these.
 */
export const commonFields = [
  "from",
  "to",
  "cc",
  "bcc",
  "reply-to",
  "sender",
  "subject",
  "date",
  "message-id",
  "in-reply-to",
  "references",
  "newsgroups",
  "content-type",
  "priority",
  "x-priority",
  "importance",
  "list-id",
  "list-post",
  "received", // Thunderbird, for when it came; often longer than all the others.
] as const;

const common: ReadonlySet<string> = new Set(commonFields);

/** A longer common header is not kept: a message that has thousands of recipients is rare. */
export const maxCommonBytes = 4 * KiB;

/** Whether {@link commonHeader} has everything that an answer with these fields needs. @param names In any case. */
export function areCommon(names: readonly string[]): boolean {
  return names.every((name) => common.has(name.toLowerCase()));
}

/** Only {@link commonFields}, and the empty line; null if that is long. */
export function commonHeader(header: Bytes): Bytes | null {
  const fields = commonFilter.apply(header);
  return fields.length > maxCommonBytes ? null : fields;
}

/**
 * The fields of those names (or, with `not`, all others) with their folded lines, as they stand, and the empty line that
 * ends the header, if it has one.
 *
 * @param names In any case.
 */
export function headerFields(header: Bytes, names: readonly string[], not: boolean): Bytes {
  return new FieldFilter(names, not).apply(header);
}

/** Cuts fields out of many headers: {@link headerFields}, with what can be done beforehand done once. */
export class FieldFilter {
  /** Names in lower case, by their length. */
  readonly #names: readonly (readonly Bytes[] | undefined)[];
  readonly #not: boolean;

  /** @param names In any case. */
  constructor(names: readonly string[], not: boolean) {
    const byLength: Bytes[][] = [];
    for (const name of new Set(names.map((name) => name.toLowerCase()))) {
      const bytes = new TextEncoder().encode(name);
      (byLength[bytes.length] ??= []).push(bytes);
    }
    this.#names = byLength;
    this.#not = not;
  }

  /** What is kept of a header; without a copy where that is one piece. */
  apply(header: Bytes): Bytes {
    const kept: Bytes[] = [];
    // Lines that are kept and follow each other are one piece.
    let from = -1;
    let keeping = false;
    let at = 0;
    while (at < header.length) {
      const found = header.indexOf(lf, at);
      const end = found === -1 ? header.length : found + 1;
      const first = header[at] ?? 0;
      const isEnd = first === lf || first === 0x0d && header[at + 1] === lf;
      if (isEnd) keeping = true;
      else if (first !== 0x20 && first !== 0x09) keeping = this.#has(header, at, end) !== this.#not;
      if (keeping && from === -1) from = at;
      if (!keeping && from !== -1) {
        kept.push(header.subarray(from, at));
        from = -1;
      }
      at = end;
      if (isEnd) break;
    }
    if (from !== -1) kept.push(header.subarray(from, at));
    const [only] = kept;
    return kept.length === 1 && only !== undefined ? only : concat(kept);
  }

  /**
   * Whether the line's name is one of ours. The whole line is its name if it is no field. White space before the colon is
   * obsolete (RFC 5322 4.5) and seen.
   */
  #has(header: Bytes, from: number, end: number): boolean {
    let to = header.indexOf(colon, from);
    if (to === -1 || to > end) to = end;
    while (to > from && (header[to - 1] ?? 0) <= 0x20) to--;
    const names = this.#names[to - from];
    return names !== undefined && names.some((name) => isName(header, from, name));
  }
}

/** Whether a name in lower case stands there, in any case. */
function isName(header: Bytes, from: number, name: Bytes): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = header[from + i] ?? 0;
    if ((code >= 0x41 && code <= 0x5a ? code | 0x20 : code) !== name[i]) return false;
  }
  return true;
}

const commonFilter = new FieldFilter(commonFields, false);
