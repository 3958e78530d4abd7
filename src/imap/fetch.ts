/**
 * FETCH: what is asked of messages. RFC 9051 6.4.5, RFC 3501 6.4.5, RFC 3516, RFC 7162, RFC 8474, RFC 8514, RFC 8970,
 * RFC 9394
 *
 * @module
 */
import { concat, utf8 } from "../base/bytes.ts";
import type { Fetch, ResultRange } from "./command.ts";
import type { FetchItem, PartialRange, SectionSpec, SimpleFetchItem } from "./fetch_item.ts";
import { CommandError } from "./command_error.ts";
import { isAstringAtom, Scanner } from "./scanner.ts";
import { readResultRange } from "./result_range.ts";
import { readSequenceSet } from "./sequence_set.ts";

/** The most different items of one FETCH: each costs a lookup for each message. */
export const maxFetchItems = 256;

/** The most numbers in one part's name; MIME parsers go less deep. */
export const maxSectionDepth = 100;

const simpleItems: readonly SimpleFetchItem[] = [
  "UID",
  "FLAGS",
  "INTERNALDATE",
  "RFC822.SIZE",
  "ENVELOPE",
  "BODY",
  "BODYSTRUCTURE",
  "MODSEQ",
  "SAVEDATE",
  "EMAILID",
  "THREADID",
];

const macros: Readonly<Record<string, readonly SimpleFetchItem[]>> = {
  ALL: ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"],
  FAST: ["FLAGS", "INTERNALDATE", "RFC822.SIZE"],
  FULL: ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"],
};

/** Names of RFC 3501 6.4.5 for what sections can say, too. Only HEADER leaves \Seen alone. */
const rfc822Items: Readonly<Record<string, readonly [text: SectionSpec["text"], peek: boolean]>> = {
  "RFC822": ["ALL", false],
  "RFC822.HEADER": ["HEADER", true],
  "RFC822.TEXT": ["TEXT", false],
};

const bracket = 0x5b;

export function parseFetch(uid: boolean, s: Scanner): Fetch {
  s.space();
  const set = readSequenceSet(s);
  s.space();
  const items = distinct(readItems(s));
  let changedSince: number | null = null;
  let vanished = false;
  let partial: ResultRange | null = null;
  if (!s.atEnd) {
    s.space();
    s.list((s) => {
      const word = s.keyword("a modifier");
      if (word === "CHANGEDSINCE" && changedSince === null) {
        s.space();
        changedSince = s.number64("a MODSEQ");
      } else if (word === "VANISHED") vanished = true;
      else if (word === "PARTIAL" && uid && partial === null) { // RFC 9394 3.3
        s.space();
        partial = readResultRange(s);
      } else throw new SyntaxError("unknown modifier");
    });
  }
  // RFC 7162 3.2.6
  if (vanished && (!uid || changedSince === null)) {
    throw new SyntaxError("VANISHED needs UID FETCH and CHANGEDSINCE");
  }
  return { verb: "FETCH", uid, set, items, changedSince, vanished, partial };
}

/** `(UID BODY.PEEK[HEADER])`, without macros. RFC 9051 9 (fetch-att) */
export function readFetchItems(s: Scanner): FetchItem[] {
  return distinct(s.list((s) => readItem(s, s.keyword("a data item"))));
}

function readItems(s: Scanner): FetchItem[] {
  if (s.peek() === 0x28) return s.list((s) => readItem(s, s.keyword("a data item")));
  const word = s.keyword("a data item");
  const macro = Object.hasOwn(macros, word) ? macros[word] : undefined;
  return macro === undefined ? [readItem(s, word)] : macro.map((item) => ({ item }));
}

function readItem(s: Scanner, word: string): FetchItem {
  if (s.peek() === bracket) return readSectionItem(s, word);
  const simple = simpleItems.find((item) => item === word);
  if (simple !== undefined) return { item: simple };
  if (word === "PREVIEW") return { item: "PREVIEW", lazy: readLazy(s) };
  const old = Object.hasOwn(rfc822Items, word) ? rfc822Items[word] : undefined;
  if (old === undefined) throw new SyntaxError("unknown data item");
  const [text, peek] = old;
  return { item: "SECTION", section: { part: [], text, fields: [] }, peek, partial: null, label: word };
}

/** ` (LAZY)`; the list may be missing. RFC 8970 6 */
function readLazy(s: Scanner): boolean {
  if (!s.take(" (")) return false;
  do s.expect("LAZY"); while (s.take(" "));
  s.expect(")");
  return true;
}

function readSectionItem(s: Scanner, word: string): FetchItem {
  switch (word) {
    case "BODY":
    case "BODY.PEEK": {
      const section = readSection(s);
      const partial = readPartial(s);
      const label = `BODY[${formatSection(section)}]${formatOrigin(partial)}`;
      return { item: "SECTION", section, peek: word === "BODY.PEEK", partial, label };
    }
    case "BINARY":
    case "BINARY.PEEK": {
      const part = readBinaryPart(s);
      const partial = readPartial(s);
      const label = `BINARY[${part.join(".")}]${formatOrigin(partial)}`;
      return { item: "BINARY", part, peek: word === "BINARY.PEEK", partial, label };
    }
    case "BINARY.SIZE": {
      const part = readBinaryPart(s);
      return { item: "BINARY.SIZE", part, label: `BINARY.SIZE[${part.join(".")}]` };
    }
    default:
      throw new SyntaxError("unknown data item");
  }
}

/** What stands between the brackets of a section, on its own. RFC 9051 9 (section-spec) */
export function readSectionSpec(s: Scanner): SectionSpec {
  if (s.bytes.includes(0x5d)) throw new SyntaxError("no such section");
  return readSection(new Scanner(concat([utf8("["), s.bytes.subarray(s.at), utf8("]")])));
}

/** `[1.2.HEADER.FIELDS (From To)]` */
function readSection(s: Scanner): SectionSpec {
  s.expect("[");
  const { part, more } = readPart(s);
  if (!more) {
    s.expect("]");
    return { part, text: "ALL", fields: [] };
  }
  const text = s.keyword("a section");
  let fields: string[] = [];
  switch (text) {
    case "HEADER":
    case "TEXT":
      break;
    case "MIME":
      if (part.length === 0) throw new SyntaxError("MIME needs a part"); // RFC 9051 6.4.5.1
      break;
    case "HEADER.FIELDS":
    case "HEADER.FIELDS.NOT":
      s.space();
      fields = s.list(readFieldName);
      break;
    default:
      throw new SyntaxError("unknown section");
  }
  s.expect("]");
  return { part, text, fields };
}

/** Part numbers, and whether something other than `]` follows. */
function readPart(s: Scanner): { part: number[]; more: boolean } {
  const part: number[] = [];
  let more = s.peek() !== 0x5d;
  while (more && isDigit(s.peek())) {
    part.push(s.nzNumber("a part number"));
    if (part.length > maxSectionDepth) throw new SyntaxError("part is too deep");
    more = s.take(".");
  }
  return { part, more };
}

function readBinaryPart(s: Scanner): number[] {
  s.expect("[");
  const { part, more } = readPart(s);
  if (more) throw new SyntaxError("expected a part number");
  s.expect("]");
  return part;
}

function readFieldName(s: Scanner): string {
  const name = s.astring("a field name");
  // What no header can have would need a literal in the answer's label.
  if (!/^[\x21-\x7e]+$/.test(name)) throw new SyntaxError("no such field name");
  return name;
}

/** `<offset.length>`; the length is at least 1. */
function readPartial(s: Scanner): PartialRange | null {
  if (!s.take("<")) return null;
  const offset = s.number64("an offset");
  s.expect(".");
  const length = s.number64("a length");
  if (length === 0) throw new SyntaxError("a length may not be zero");
  s.expect(">");
  return { offset, length };
}

/** What stands between the brackets, as it is repeated in the answer. */
export function formatSection(section: SectionSpec): string {
  const { part, text, fields } = section;
  if (text === "ALL") return part.join(".");
  const list = fields.length === 0 ? "" : ` (${fields.map(formatFieldName).join(" ")})`;
  return `${[...part, text].join(".")}${list}`;
}

function formatFieldName(name: string): string {
  return isAstringAtom(name) ? name : `"${name.replace(/["\\]/g, "\\$&")}"`;
}

/** The answer tells only where it begins. RFC 9051 7.5.2 */
function formatOrigin(partial: PartialRange | null): string {
  return partial === null ? "" : `<${partial.offset}>`;
}

/** Removes doubles; where only one of two leaves \Seen alone, the other counts. */
export function distinct(items: readonly FetchItem[]): FetchItem[] {
  const found = new Map<string, FetchItem>();
  for (const item of items) {
    const key = keyOf(item);
    const before = found.get(key);
    if (before !== undefined && "peek" in before && "peek" in item && before.peek && !item.peek) {
      found.set(key, { ...before, peek: false });
    } else if (before === undefined) found.set(key, item);
  }
  if (found.size > maxFetchItems) throw new CommandError("NO", "LIMIT", "too many data items");
  return [...found.values()];
}

function keyOf(item: FetchItem): string {
  if (!("label" in item)) return item.item;
  return "partial" in item && item.partial !== null ? `${item.label}${item.partial.length}` : item.label;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
