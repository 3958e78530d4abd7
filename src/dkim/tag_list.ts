/**
 * Lists of `tag=value`, of which DKIM's signatures and key records and ARC's fields are made. RFC 6376 3.2
 *
 * Texts have one character for each octet, as header fields and TXT records are read. Octets above 127 pass:
 * the tags that may hold UTF-8 (RFC 8616 5) decode it.
 *
 * @module
 */
import { trimSpace } from "../message/headers.ts";

/** Most tags in one list. */
export const maxTags = 100;

/** One tag of a list. */
export interface Tag {
  /** Without white space around it; inside it is kept. */
  readonly value: string;
  /** `text.slice(start, end)` is all between `=` and `;`, with the white space around the value. */
  readonly start: number;
  readonly end: number;
}

/** Tags by name, in their order. Names are case-sensitive. */
export type TagList = ReadonlyMap<string, Tag>;

const tagName = /^[A-Za-z][A-Za-z0-9_]*$/;

/** Control characters, and line ends that fold nothing. RFC 6376 2.8, 3.2 */
const unfit = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n[ \t])|(?<!\r)\n/;

/**
 * Reads a list. White space may follow the last `;`, as many write it.
 *
 * @throws {SyntaxError} Also for a tag that comes twice, and for more than {@link maxTags}.
 */
export function parseTagList(text: string): TagList {
  if (unfit.test(text)) throw new SyntaxError("a tag list with a control character");
  const tags = new Map<string, Tag>();
  for (let at = 0;;) {
    const semicolon = text.indexOf(";", at);
    const end = semicolon === -1 ? text.length : semicolon;
    const equals = text.indexOf("=", at);
    if (equals === -1 || equals >= end) {
      if (tags.size > 0 && semicolon === -1 && trimSpace(text.slice(at)) === "") return tags;
      throw new SyntaxError(`expected a tag at ${at}`);
    }
    const name = trimSpace(text.slice(at, equals));
    if (!tagName.test(name)) throw new SyntaxError(`expected the name of a tag at ${at}`);
    if (tags.has(name)) throw new SyntaxError(`the tag ${shown(name)} comes twice`);
    if (tags.size === maxTags) throw new SyntaxError(`more than ${maxTags} tags`);
    tags.set(name, { value: trimSpace(text.slice(equals + 1, end)), start: equals + 1, end });
    if (semicolon === -1) return tags;
    at = semicolon + 1;
  }
}

/** The value of a tag that must be there. @throws {SyntaxError} */
export function required(tags: TagList, name: string): string {
  const tag = tags.get(name);
  if (tag === undefined) throw new SyntaxError(`the tag ${name}= is missing`);
  return tag.value;
}

/** A stranger's text as it may stand in a sentence: quoted, escaped, short. */
export function shown(text: string): string {
  return JSON.stringify(text.length > maxShown ? `${text.slice(0, maxShown)}…` : text);
}

const maxShown = 80;

/** A tag to print: a value that may be folded between its atoms, or not at all if it is one text. */
export type PrintedTag = readonly [name: string, value: string | readonly string[]];

/** A line of a printed field, its line end not counted: RFC 5322 2.1.1 asks for at most 78. */
const lineCharacters = 76;

/**
 * A header field of tags, folded, without its last line end. The same tags always give the same text. A value
 * that cannot be folded may make its line longer.
 */
export function printTagField(fieldName: string, tags: readonly PrintedTag[]): string {
  const folder = new Folder(`${fieldName}:`);
  tags.forEach(([name, value], i) => {
    const end = i === tags.length - 1 ? "" : ";";
    const [first = "", ...rest] = typeof value === "string" ? [value] : value;
    folder.add(`${name}=${first}${rest.length === 0 ? end : ""}`, " ");
    rest.forEach((atom, k) => folder.add(k === rest.length - 1 ? atom + end : atom, ""));
  });
  return folder.text;
}

/** A printed field, with more atoms of its last value. */
export function foldOn(field: string, atoms: readonly string[]): string {
  const folder = new Folder(field);
  for (const atom of atoms) folder.add(atom, "");
  return folder.text;
}

class Folder {
  text: string;
  #column: number;

  constructor(text: string) {
    this.text = text;
    this.#column = text.length - (text.lastIndexOf("\n") + 1);
  }

  /** @param gap What stands before the atom if it stays on the line. */
  add(atom: string, gap: string): void {
    if (this.#column + gap.length + atom.length > lineCharacters) {
      this.text += `\r\n\t${atom}`;
      this.#column = 1 + atom.length;
    } else {
      this.text += gap + atom;
      this.#column += gap.length + atom.length;
    }
  }
}
