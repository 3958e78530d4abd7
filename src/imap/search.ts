/**
 * SEARCH: the program that a client sends. RFC 9051 6.4.4, RFC 3501 6.4.4, RFC 5032 (WITHIN), RFC 5182 (SAVE), RFC 6203
 * (FUZZY), RFC 7162 3.1.5, RFC 8474 5, RFC 8514 4.3, RFC 9738 3.2. Its answers: `search_answer.ts`.
 *
 * The tree comes out simplified: no double negation, no AND in AND, and chains of OR balanced, so that a search for
 * a thousand addresses is ten levels deep and not a thousand.
 *
 * @module
 */
import type { ParseMode, Search, SearchOptions, SearchProgram, SearchTerm, SequenceSet } from "./command.ts";
import { CommandError } from "./command_error.ts";
import { readDate } from "./date_time.ts";
import { readKeyword } from "./flag_list.ts";
import { type Scanner, text as utf8Text } from "./scanner.ts";
import type { DateField, Ranges, SearchKey } from "./search_key.ts";
import { readReturns, readSaving } from "./search_return.ts";
import { readSequenceSet, startsSet } from "./sequence_set.ts";

/** The most keys in one program: each may cost a look at every message. */
export const maxSearchKeys = 1000;

/** How deep parentheses, NOT and OR may be nested as written, and after simplification. */
export const maxSearchNesting = 1000;
export const maxSearchDepth = 32;

/** Octets of a string as text; a SyntaxError if they are not of the charset. */
export type Decode = (bytes: Uint8Array) => string;

interface Reading {
  readonly s: Scanner;
  readonly decode: Decode;
  keys: number;
  modSeq: boolean;
  counts: boolean;
  fuzzy: boolean;
}

export function parseSearch(uid: boolean, s: Scanner, mode: ParseMode): Search {
  s.space();
  const options = readReturns(s);
  const program = readSaving(options, () => readProgram(s, readCharset(s, mode), options));
  return { verb: "SEARCH", uid, ...options, ...program };
}

/** `key key …`, to the end of the command. `decode`: how its strings are read. */
export function readProgram(s: Scanner, decode: Decode, { returns }: SearchOptions): SearchProgram {
  const reading: Reading = { s, decode, keys: 0, modSeq: false, counts: false, fuzzy: false };
  const keys: SearchTerm[] = [];
  do keys.push(readKey(reading, 1)); while (s.take(" "));
  const key = simplified({ key: "and", keys });
  if (depthOf(key) > maxSearchDepth) throw new CommandError("NO", "LIMIT", "search is nested too deep");
  const { modSeq, counts, fuzzy } = reading;
  // RFC 6203 4
  if (!fuzzy && returns?.includes("RELEVANCY") === true) throw new SyntaxError("RELEVANCY needs FUZZY");
  return { key, modSeq, counts };
}

/** `CHARSET name `: how the strings of the program are to be read. Without it they are UTF-8. */
export function readCharset(s: Scanner, mode: ParseMode): Decode {
  if (!s.take("CHARSET ")) return utf8Text;
  if (mode.utf8) throw new SyntaxError("CHARSET is not allowed after UTF8=ACCEPT"); // RFC 6855 3
  return readCharsetName(s);
}

/** `name `, which SORT and THREAD always have. RFC 5256 3 */
export function readCharsetName(s: Scanner): Decode {
  const label = s.astring("a charset");
  s.space();
  if (/^(us-)?ascii$|^utf-?8$/i.test(label)) return utf8Text;
  const decoder = decoderFor(label);
  return (bytes) => {
    try {
      return decoder.decode(bytes);
    } catch {
      throw new SyntaxError("text is not valid in its charset");
    }
  };
}

function decoderFor(label: string): TextDecoder {
  try {
    return new TextDecoder(label, { fatal: true });
  } catch {
    throw new CommandError("NO", "BADCHARSET (US-ASCII UTF-8)", "charset is not supported");
  }
}

function flag(flag: string): SearchTerm {
  return { key: "flag", flag };
}

function not(inner: SearchTerm): SearchTerm {
  return { key: "not", inner };
}

/** Keys without arguments. NEW and OLD: RFC 3501 6.4.4 */
const plainKeys: ReadonlyMap<string, SearchTerm> = new Map<string, SearchTerm>([
  ["ALL", { key: "all" }],
  ["ANSWERED", flag("\\Answered")],
  ["DELETED", flag("\\Deleted")],
  ["DRAFT", flag("\\Draft")],
  ["FLAGGED", flag("\\Flagged")],
  ["SEEN", flag("\\Seen")],
  ["UNANSWERED", not(flag("\\Answered"))],
  ["UNDELETED", not(flag("\\Deleted"))],
  ["UNDRAFT", not(flag("\\Draft"))],
  ["UNFLAGGED", not(flag("\\Flagged"))],
  ["UNSEEN", not(flag("\\Seen"))],
  ["RECENT", { key: "recent" }],
  ["OLD", not({ key: "recent" })],
  ["NEW", { key: "and", keys: [{ key: "recent" }, not(flag("\\Seen"))] }],
  ["SAVEDATESUPPORTED", { key: "saveDateSupported" }],
]);

const lastUid = 0xffff_ffff;

/** RFC 9738 3.2: none above the highest UID, although `UID n:*` has the last message always. */
function between(first: number, last: number): SearchTerm {
  return { key: "between", set: first <= last ? [first, last] : [] };
}

type ReadArgument = (reading: Reading, depth: number) => SearchTerm;

const header = (field: string): ReadArgument => (r) => ({ key: "header", field, text: readText(r) });
const date = (of: DateField, is: "before" | "on" | "since"): ReadArgument => ({ s }) => ({
  key: "date",
  of,
  is,
  day: readDate(s),
});

/** Keys that are followed by a space and arguments. */
const argumentKeys: ReadonlyMap<string, ReadArgument> = new Map<string, ReadArgument>([
  ["BCC", header("bcc")],
  ["CC", header("cc")],
  ["FROM", header("from")],
  ["SUBJECT", header("subject")],
  ["TO", header("to")],
  ["HEADER", readHeader],
  ["BODY", (r) => ({ key: "body", text: readText(r) })],
  ["TEXT", (r) => ({ key: "text", text: readText(r) })],
  ["BEFORE", date("internal", "before")],
  ["ON", date("internal", "on")],
  ["SINCE", date("internal", "since")],
  ["SENTBEFORE", date("sent", "before")],
  ["SENTON", date("sent", "on")],
  ["SENTSINCE", date("sent", "since")],
  ["SAVEDBEFORE", date("saved", "before")],
  ["SAVEDON", date("saved", "on")],
  ["SAVEDSINCE", date("saved", "since")],
  ["KEYWORD", ({ s }) => flag(readKeyword(s))],
  ["UNKEYWORD", ({ s }) => not(flag(readKeyword(s)))],
  ["LARGER", ({ s }) => ({ key: "larger", octets: s.number64() })],
  ["SMALLER", ({ s }) => ({ key: "smaller", octets: s.number64() })],
  ["OLDER", ({ s }) => ({ key: "within", is: "older", seconds: s.nzNumber("a number of seconds") })],
  ["YOUNGER", ({ s }) => ({ key: "within", is: "younger", seconds: s.nzNumber("a number of seconds") })],
  ["MODSEQ", readModSeq],
  ["EMAILID", ({ s }) => ({ key: "emailId", id: readObjectId(s) })],
  ["THREADID", ({ s }) => ({ key: "threadId", id: readObjectId(s) })],
  ["UID", ({ s }) => ({ key: "uids", set: readSequenceSet(s) })],
  ["UIDAFTER", ({ s }) => between(s.nzNumber("a UID") + 1, lastUid)],
  ["UIDBEFORE", ({ s }) => between(1, s.nzNumber("a UID") - 1)],
  ["FUZZY", readFuzzy],
  ["NOT", (r, depth) => not(readKey(r, depth + 1))],
  ["OR", readOr],
]);

function readKey(reading: Reading, depth: number): SearchTerm {
  const { s } = reading;
  if (depth > maxSearchNesting) throw new CommandError("NO", "LIMIT", "search is nested too deep");
  if (++reading.keys > maxSearchKeys) throw new CommandError("NO", "LIMIT", "too many search keys");
  if (s.peek() === 0x28) return { key: "and", keys: s.list(() => readKey(reading, depth + 1)) };
  if (startsSet(s.peek())) {
    reading.counts = true;
    return { key: "sequence", set: readSequenceSet(s) };
  }
  const word = s.keyword("a search key");
  const plain = plainKeys.get(word);
  if (plain !== undefined) return plain;
  const read = argumentKeys.get(word);
  if (read === undefined) throw new SyntaxError("unknown search key");
  s.space();
  return read(reading, depth);
}

function readText({ s, decode }: Reading): string {
  return decode(s.astringBytes());
}

function readOr(reading: Reading, depth: number): SearchTerm {
  const left = readKey(reading, depth + 1);
  reading.s.space();
  return { key: "or", left, right: readKey(reading, depth + 1) };
}

/** RFC 6203 3 */
function readFuzzy(reading: Reading, depth: number): SearchTerm {
  reading.fuzzy = true;
  return { key: "fuzzy", inner: readKey(reading, depth + 1) };
}

function readHeader(reading: Reading): SearchTerm {
  const field = reading.s.astring("a field name").toLowerCase();
  reading.s.space();
  return { key: "header", field, text: readText(reading) };
}

/** `["/flags/\\seen" all] value`; MODSEQs are kept per message, so the flag makes no difference. RFC 7162 3.1.5 */
function readModSeq(reading: Reading): SearchTerm {
  const { s } = reading;
  reading.modSeq = true;
  if (s.peek() === 0x22) {
    if (!s.string("an entry").startsWith("/flags/")) throw new SyntaxError("unknown entry");
    s.space();
    if (!s.take("priv") && !s.take("shared")) s.expect("all");
    s.space();
  }
  return { key: "modseq", atLeast: s.number64("a MODSEQ") };
}

/** RFC 8474 7 */
function readObjectId(s: Scanner): string {
  const id = s.astring("an object id");
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(id)) throw new SyntaxError("expected an object id");
  return id;
}

function simplified(term: SearchTerm): SearchTerm {
  switch (term.key) {
    case "and": {
      const keys = term.keys.map(simplified).flatMap((inner) => inner.key === "and" ? inner.keys : [inner]);
      const [only] = keys;
      return keys.length === 1 && only !== undefined ? only : { key: "and", keys };
    }
    case "or":
      return balanced(alternatives(term));
    case "not": {
      const inner = simplified(term.inner);
      return inner.key === "not" ? inner.inner : { key: "not", inner };
    }
    case "fuzzy":
      return { key: "fuzzy", inner: simplified(term.inner) };
    default:
      return term;
  }
}

/** What the ORs of a chain choose from, simplified. Not recursive along the chain. */
function alternatives(chain: SearchTerm): SearchTerm[] {
  const found: SearchTerm[] = [];
  const waiting = [chain];
  for (let term = waiting.pop(); term !== undefined; term = waiting.pop()) {
    if (term.key === "or") waiting.push(term.right, term.left);
    else {
      // Parentheses around an OR, or two negations, may have hidden it.
      leaves(simplified(term), found);
    }
  }
  return found;
}

/** What a simplified term chooses from. It is balanced, and not simplified again: that would double at each level. */
function leaves(term: SearchTerm, found: SearchTerm[]): void {
  if (term.key !== "or") found.push(term);
  else {
    leaves(term.left, found);
    leaves(term.right, found);
  }
}

function balanced(terms: readonly SearchTerm[]): SearchTerm {
  const [only] = terms;
  if (terms.length === 1 && only !== undefined) return only;
  const middle = terms.length >> 1;
  return { key: "or", left: balanced(terms.slice(0, middle)), right: balanced(terms.slice(middle)) };
}

function depthOf(term: SearchTerm): number {
  switch (term.key) {
    case "and":
      return 1 + Math.max(...term.keys.map(depthOf));
    case "or":
      return 1 + Math.max(depthOf(term.left), depthOf(term.right));
    case "not":
    case "fuzzy":
      return 1 + depthOf(term.inner);
    default:
      return 1;
  }
}

/** What the session knows that a search needs: each answer is in UIDs. */
export interface SearchScope {
  /** The UIDs of a set of message numbers. @throws {SyntaxError} If there are no such numbers (BAD). */
  numbers(set: SequenceSet): Ranges;
  /** The UIDs of a set of UIDs. */
  uids(set: SequenceSet): Ranges;
  /** The UIDs that are \Recent for this session. */
  recent(): Ranges;
}

/** The key as the store takes it: message numbers, `*`, `$` and \Recent are replaced by UIDs. */
export function resolveSearch(term: SearchTerm, scope: SearchScope): SearchKey {
  switch (term.key) {
    case "and":
      return { key: "and", keys: term.keys.map((inner) => resolveSearch(inner, scope)) };
    case "or":
      return { key: "or", left: resolveSearch(term.left, scope), right: resolveSearch(term.right, scope) };
    case "not":
    case "fuzzy":
      return { key: term.key, inner: resolveSearch(term.inner, scope) };
    case "sequence":
      return { key: "uids", set: scope.numbers(term.set) };
    case "uids":
      return { key: "uids", set: scope.uids(term.set) };
    case "between":
      return { key: "uids", set: term.set };
    case "recent":
      return { key: "uids", set: scope.recent() };
    default:
      return term;
  }
}
