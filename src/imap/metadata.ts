/**
 * Annotations of mailboxes and of the server: GETMETADATA, SETMETADATA, and METADATA. RFC 5464 4, 5
 *
 * Where the RFC's grammar puts the options of GETMETADATA in front of the mailbox and its examples behind it, both
 * are read; so are several entries without parentheses, as in its 4.4.1.
 *
 * @module
 */
import { type Bytes, fromStrictUtf8 } from "../base/bytes.ts";
import { CommandError } from "./command_error.ts";
import type { ParseMode } from "./command.ts";
import { canonicalMailboxName, decodeMailboxName } from "./mailbox_name.ts";
import type { ResponseWriter } from "./response_writer.ts";
import type { Scanner } from "./scanner.ts";
import type { EntryValue, GetMetadata, MetadataDepth, SetMetadata } from "./sharing_command.ts";

/** Most entries of one command. */
export const maxMetadataEntries = 100;

/** Longest name of an entry, in octets. */
export const maxEntryNameBytes = 255;

const open = 0x28;

interface Options {
  readonly maxSize: number | null;
  readonly depth: MetadataDepth;
}

const noOptions: Options = { maxSize: null, depth: 0 };

export function parseGetMetadata(s: Scanner, mode: ParseMode): GetMetadata {
  s.space();
  let options: Options | null = null;
  if (s.peek() === open) {
    options = readOptions(s);
    s.space();
  }
  const mailbox = readTarget(s, mode);
  s.space();
  if (options === null && s.peek() === open && !beginsEntries(s)) {
    options = readOptions(s);
    s.space();
  }
  return { verb: "GETMETADATA", mailbox, entries: readEntries(s, true), ...(options ?? noOptions) };
}

export function parseSetMetadata(s: Scanner, mode: ParseMode): SetMetadata {
  s.space();
  const mailbox = readTarget(s, mode);
  s.space();
  const values = new Map<string, Bytes | null>();
  s.list((s) => {
    const entry = readEntry(s);
    s.space();
    if (values.has(entry)) throw new SyntaxError("an entry is given twice");
    values.set(entry, s.nvalueBytes("a value"));
    if (values.size > maxMetadataEntries) throw new CommandError("NO", "LIMIT", "too many entries");
  });
  return { verb: "SETMETADATA", mailbox, values: [...values] };
}

/** Entries in parentheses, or one alone; also in LIST's RETURN (METADATA …). RFC 9590 5 */
export function readEntries(s: Scanner, several = false): string[] {
  const entries = new Set<string>();
  const read = (s: Scanner) => {
    entries.add(readEntry(s));
    if (entries.size > maxMetadataEntries) throw new CommandError("NO", "LIMIT", "too many entries");
  };
  if (s.peek() === open) s.list(read);
  else do read(s); while (several && s.take(" "));
  return [...entries];
}

/** Null for the empty name: the server. RFC 5464 4.1 */
function readTarget(s: Scanner, mode: ParseMode): string | null {
  const name = canonicalMailboxName(decodeMailboxName(s.astringBytes("a mailbox name"), mode));
  return name === "" ? null : name;
}

/** Whether a list holds entries, which begin with a slash, and no options. */
function beginsEntries(s: Scanner): boolean {
  const at = s.at;
  s.expect("(");
  let entries = false;
  try {
    entries = s.astring("an entry").startsWith("/");
  } finally {
    s.at = at;
  }
  return entries;
}

function readOptions(s: Scanner): Options {
  let { maxSize, depth } = noOptions;
  const seen = new Set<string>();
  s.list((s) => {
    const name = s.keyword("an option");
    if (seen.has(name)) throw new SyntaxError("an option is given twice");
    seen.add(name);
    s.space();
    if (name === "MAXSIZE") maxSize = s.number("the largest size");
    else if (name === "DEPTH") depth = readDepth(s);
    else throw new SyntaxError("unknown option");
  });
  return { maxSize, depth };
}

function readDepth(s: Scanner): MetadataDepth {
  switch (s.keyword("a depth")) {
    case "0":
      return 0;
    case "1":
      return 1;
    case "INFINITY":
      return Infinity;
  }
  throw new SyntaxError("a depth is 0, 1 or infinity");
}

/** RFC 5464 3.2: what is no name of an entry is BAD, in any command. */
function readEntry(s: Scanner): string {
  const entry = s.astring("an entry").toLowerCase();
  const problem = entryProblem(entry);
  if (problem !== null) throw new SyntaxError(problem);
  return entry;
}

/** Why a name (in lower case) can be no entry's, in words for the peer; null if it can. RFC 5464 3.2 */
export function entryProblem(entry: string): string | null {
  if (!/^[\x20-\x7e]*$/.test(entry)) return "an entry's name is printable ASCII";
  if (/[*%]/.test(entry)) return "an entry's name has no wildcards";
  if (entry.length > maxEntryNameBytes) return "an entry's name is too long";
  const [first, scope, ...rest] = entry.split("/");
  if (first !== "" || (scope !== "private" && scope !== "shared")) {
    return "an entry's name begins with /private/ or /shared/";
  }
  // The scope alone names no entry; asked for with DEPTH it is everything below.
  if (rest.includes("")) return "an entry's name has an empty component";
  return null;
}

/** Whether an entry is one's own on a mailbox, or everybody's. */
export function isPrivate(entry: string): boolean {
  return entry.startsWith("/private/") || entry === "/private";
}

/** Whether what can be asked for can also have a value: at least two components, four below `vendor`. */
export function canHaveValue(entry: string): boolean {
  const [, , second, ...rest] = entry.split("/");
  return second !== undefined && (second !== "vendor" || rest.length >= 2);
}

/** `* METADATA INBOX (/shared/comment "text" /private/comment NIL)`; nothing for no values. RFC 5464 4.4.1 */
export function writeMetadata(
  w: ResponseWriter,
  mailbox: string | null,
  values: readonly EntryValue[],
): void {
  if (values.length === 0) return;
  w.ascii("* METADATA ").mailbox(mailbox ?? "").ascii(" (");
  values.forEach(([entry, value], i) => {
    w.ascii(i > 0 ? " " : "").astring(entry).ascii(" ");
    writeValue(w, value);
  });
  w.ascii(")\r\n");
}

/** `* METADATA INBOX /shared/comment`: what others changed. RFC 5464 4.4.2 */
export function writeMetadataChanged(
  w: ResponseWriter,
  mailbox: string | null,
  entries: readonly string[],
): void {
  if (entries.length === 0) return;
  w.ascii("* METADATA ").mailbox(mailbox ?? "");
  for (const entry of entries) w.ascii(" ").astring(entry);
  w.ascii("\r\n");
}

function writeValue(w: ResponseWriter, value: Bytes | null): void {
  if (value === null) return void w.ascii("NIL");
  const text = value.includes(0) ? null : fromStrictUtf8(value);
  if (text !== null) return void w.string(text);
  // literal8 only where it must be. RFC 5464 5 (value)
  w.literalHeader(value.length, value.includes(0)).raw(value);
}
