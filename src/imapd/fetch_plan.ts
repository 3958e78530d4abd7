/**
 * What a FETCH asks of the store, and how each of its items is written, worked out once for all messages.
 *
 * The store answers in columns; a plan's writers know their column. They are synchronous and make no objects, as there
 * may be a million messages. Where a value is too long to come along, `fetch.ts` reads it on its own.
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { BytesColumn, FetchBatch, NumberColumn, Section } from "../accounts/mail.ts";
import { maxInlineBytes } from "../accounts/mail.ts";
import { type Bytes, fromUtf8 } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import type {
  FetchItem,
  FetchSection,
  PartialRange,
  SectionSpec,
  SimpleFetchItem,
} from "../imap/fetch_item.ts";
import type { ResponseWriter } from "../imap/response_writer.ts";
import { areCommon, FieldFilter } from "../message/header_fields.ts";
import { type Completion, refusal } from "./replies.ts";

/** The answers that are no value: `FetchBatch.lengths`. */
const nil = -1;
const undecodable = -2;
const damaged = -3;

/** The most different sections of one FETCH: of each message all of them may be in memory at once. */
export const maxSections = 64;

/** The message that is being written. */
export interface Row {
  batch: FetchBatch;
  /** Its place in the columns. */
  i: number;
  recent: boolean;
  /** For each bytes column and section: where its value begins in `batch.values`. */
  readonly starts: Float64Array;
}

/** A value that may come apart from the batch. */
export interface Large {
  readonly section: Section;
  readonly binary: boolean;
  /** What is made of the value; null for the value itself. */
  readonly subset: Subset | null;
}

/** One item of the answer. */
export interface PlannedItem {
  /** `size` is a number that stands among the lengths. */
  readonly kind: "number" | "bytes" | "size" | "section";
  /** Which of `lengths` it is, or -1 if it is none. */
  readonly slot: number;
  /** What comes first: its name and a space. */
  readonly label: string;
  /** For values that may come apart from the batch: what is asked of `Mail.read`. */
  readonly large: Large | null;
  /** Writes the value, without label. */
  readonly write: (w: ResponseWriter, row: Row) => void;
}

export interface FetchPlan {
  readonly numbers: readonly NumberColumn[];
  readonly bytes: readonly BytesColumn[];
  readonly sections: readonly Section[];
  readonly items: readonly PlannedItem[];
  /** Whether it sets \Seen. RFC 9051 6.4.5 */
  readonly marksSeen: boolean;
  /** Slots of one message. */
  readonly slots: number;
}

/** @param items Also what the command implies: UID of UID FETCH, MODSEQ of CHANGEDSINCE. */
export function planFetch(items: readonly FetchItem[]): FetchPlan {
  const numbers = new Set<NumberColumn>();
  const bytes = items.flatMap((item) => columns[item.item] ?? []);
  const sections: Section[] = [];
  const planned = items.map((item): PlannedItem => {
    switch (item.item) {
      case "ENVELOPE":
      case "BODY":
      case "BODYSTRUCTURE":
      case "PREVIEW":
        return bytesItem(item.item, bytes);
      case "SECTION":
      case "BINARY":
      case "BINARY.SIZE": {
        const section = sectionOf(item);
        return sectionItem(item, section, bytes.length + place(sections, section));
      }
      default:
        return numberItem(item.item, numbers);
    }
  });
  if (sections.length > maxSections) throw new Refused("tooMany", `${sections.length} sections`);
  return {
    numbers: [...numbers],
    bytes,
    sections,
    items: planned,
    marksSeen: items.some((item) => (item.item === "SECTION" || item.item === "BINARY") && !item.peek),
    slots: bytes.length + sections.length,
  };
}

/** Where a section stands among those asked for; several items may be made of the same (HEADER.FIELDS). */
function place(sections: Section[], section: Section): number {
  const found = sections.findIndex(({ part, what, offset, length }) =>
    what === section.what && offset === section.offset && length === section.length &&
    part.join(".") === section.part.join(".")
  );
  return found === -1 ? sections.push(section) - 1 : found;
}

const columns: { readonly [K in FetchItem["item"]]?: BytesColumn } = {
  ENVELOPE: "envelope",
  BODY: "body",
  BODYSTRUCTURE: "bodyStructure",
  PREVIEW: "preview",
};

function value(row: Row, slot: number): Bytes {
  const start = row.starts[slot] ?? 0;
  return row.batch.values.subarray(start, start + lengthOf(row, slot));
}

/** Octets of a slot's value, or why there is none. */
export function lengthOf(row: Row, slot: number): number {
  const slots = row.starts.length;
  return row.batch.lengths[row.i * slots + slot] ?? nil;
}

function bytesItem(name: FetchItem["item"], bytes: readonly BytesColumn[]): PlannedItem {
  const column = columns[name];
  const slot = bytes.findIndex((each) => each === column);
  const write = name === "PREVIEW"
    ? (w: ResponseWriter, row: Row) => void w.string(fromUtf8(value(row, slot)))
    : (w: ResponseWriter, row: Row) => void w.raw(value(row, slot));
  return { kind: "bytes", slot, label: `${name} `, large: null, write };
}

type AskedSection = Extract<FetchItem, { readonly item: "SECTION" | "BINARY" | "BINARY.SIZE" }>;

/** What to ask the store for. */
export function sectionOf(item: AskedSection): Section {
  if (item.item === "BINARY.SIZE") return { part: item.part, what: "binarySize", offset: 0, length: null };
  const { offset, length }: { offset: number; length: number | null } = item.partial ??
    { offset: 0, length: null };
  if (item.item === "BINARY") return { part: item.part, what: "binary", offset, length };
  const { part, text } = item.section;
  // The octets of a subset are counted after subsetting, here. RFC 9051 6.4.5
  if (isSubset(item.section)) {
    const isCommon = part.length === 0 && text === "HEADER.FIELDS" && areCommon(item.section.fields);
    return { part, what: isCommon ? "commonHeader" : "header", offset: 0, length: null };
  }
  return { part, what: whats[text], offset, length };
}

const whats: Readonly<Record<SectionSpec["text"], Section["what"]>> = {
  "ALL": "all",
  "HEADER": "header",
  "HEADER.FIELDS": "header",
  "HEADER.FIELDS.NOT": "header",
  "TEXT": "text",
  "MIME": "mime",
};

/** HEADER.FIELDS and HEADER.FIELDS.NOT. */
function isSubset(section: SectionSpec): boolean {
  return section.text === "HEADER.FIELDS" || section.text === "HEADER.FIELDS.NOT";
}

/** Makes the value of HEADER.FIELDS and HEADER.FIELDS.NOT of a header that has all that it needs. */
export type Subset = (header: Bytes) => Bytes;

/** Null for sections that are a whole. */
export function subsetOf({ section, partial }: FetchSection): Subset | null {
  if (!isSubset(section)) return null;
  const { fields, text } = section;
  const filter = new FieldFilter(fields, text === "HEADER.FIELDS.NOT");
  return (header) => cut(filter.apply(header), partial);
}

function cut(bytes: Bytes, partial: PartialRange | null): Bytes {
  return partial === null ? bytes : bytes.subarray(partial.offset, partial.offset + partial.length);
}

function sectionItem(item: AskedSection, section: Section, slot: number): PlannedItem {
  const label = `${item.label} `;
  if (item.item === "BINARY.SIZE") {
    const write = (w: ResponseWriter, row: Row) => void w.number(Math.max(0, lengthOf(row, slot)));
    return { kind: "size", slot, label, large: null, write };
  }
  const binary = item.item === "BINARY";
  const subset = item.item === "SECTION" ? subsetOf(item) : null;
  const write = (w: ResponseWriter, row: Row) => {
    if (lengthOf(row, slot) === nil) return void w.ascii("NIL");
    const bytes = subset === null ? value(row, slot) : subset(value(row, slot));
    // A literal8 only where there are NULs, so that the client need not look for them. RFC 3516 4.3
    w.literalHeader(bytes.length, binary && bytes.includes(0)).raw(bytes);
  };
  return { kind: "section", slot, label, large: { section, binary, subset }, write };
}

type NumberName = Exclude<SimpleFetchItem, "ENVELOPE" | "BODY" | "BODYSTRUCTURE">;

/** An item whose column holds numbers or short strings; adds its column to `numbers`. */
export function numberItem(name: NumberName, numbers: Set<NumberColumn>): PlannedItem {
  const needs = (column: NumberColumn) => void numbers.add(column);
  const plain = (write: PlannedItem["write"]): PlannedItem => ({
    kind: "number",
    slot: -1,
    label: `${name} `,
    large: null,
    write,
  });
  switch (name) {
    case "UID":
      return plain((w, { batch, i }) => void w.number(batch.uids[i] ?? 0));
    case "FLAGS":
      needs("flags");
      return plain(writeFlags);
    case "MODSEQ":
      needs("flags");
      return plain((w, { batch, i }) => void w.ascii("(").number(batch.flags?.modseqs[i] ?? 0).ascii(")"));
    case "RFC822.SIZE":
      needs("size");
      return plain((w, { batch, i }) => void w.number(batch.sizes?.[i] ?? 0));
    case "INTERNALDATE":
      needs("internalDate");
      return plain((w, { batch, i }) => void w.dateTime(batch.internalDates?.[i] ?? 0));
    case "SAVEDATE":
      needs("saveDate");
      return plain((w, { batch, i }) => void w.dateTime(batch.saveDates?.[i] ?? 0));
    case "EMAILID":
      needs("emailId");
      return plain((w, { batch, i }) => void w.ascii(`(${batch.emailIds?.[i] ?? ""})`));
    case "THREADID":
      needs("threadId");
      return plain((w, { batch, i }) => void w.ascii(`(${batch.threadIds?.[i] ?? ""})`));
  }
}

/** The value of FLAGS. */
function writeFlags(w: ResponseWriter, { batch, i, recent }: Row): void {
  const { flags } = batch;
  if (flags === null) return void w.flags(0);
  w.flags(flags.bits[i] ?? 0, flags.keywordSets[flags.keywordSet[i] ?? 0] ?? "", recent);
}

/** Finds where the values of the next message begin; returns where the one after it does. */
export function placeValues(row: Row, sections: readonly Section[], from: number): number {
  const { starts } = row;
  const firstSection = starts.length - sections.length;
  let at = from;
  for (let slot = 0; slot < starts.length; slot++) {
    starts[slot] = at;
    const length = lengthOf(row, slot);
    const section = slot < firstSection ? undefined : sections[slot - firstSection];
    const inline = section === undefined || (length <= maxInlineBytes && section.what !== "binarySize");
    if (length > 0 && inline) at += length;
  }
  return at;
}

/** Whether a value did not come along: it is read on its own. */
export function isLarge(row: Row, item: PlannedItem): boolean {
  return item.kind === "section" && lengthOf(row, item.slot) > maxInlineBytes;
}

/** Why an item cannot be answered and is left out, or null. RFC 3516 4.3 */
export function problemOf(row: Row, item: PlannedItem): Completion | null {
  if (item.kind === "number") return null;
  const length = lengthOf(row, item.slot);
  if (length === undecodable) return refusal("unknownEncoding");
  if (length === damaged) return refusal("damaged");
  return null;
}
