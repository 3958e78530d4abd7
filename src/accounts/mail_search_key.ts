/**
 * Search keys, evaluated from what is cheap to know to what is dear. RFC 9051 6.4.4
 *
 * A key is compiled to a test that says true, false, or null for "not known yet": first asked with the columns of
 * the message's own row, then, only if that does not decide, with those of its email, then with its bytes. Within
 * AND and OR the cheap keys come first.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import { flagBits } from "../imap/flags.ts";
import type { Day, SearchKey } from "../imap/search_key.ts";
import type { FieldColumn } from "./mail_email_fields.ts";
import { checkRanges, hasUid } from "./mail_ranges.ts";
import { fold } from "./mail_search_text.ts";

/** Deepest nesting of keys, and most keys of one search. */
export const maxSearchDepth = 64;
export const maxSearchKeys = 2000;

/** Longest text that is searched for. */
export const maxSearchText = 16 * 1024;

const dayMs = 24 * 60 * 60 * 1000;

/** What a message's row says. */
export interface MessageFacts {
  readonly uid: number;
  readonly modseq: number;
  readonly bits: number;
  /** Joined by spaces. */
  readonly keywords: string;
  readonly size: number;
  readonly internalDate: number;
  readonly saveDate: number;
}

/** What its email's rows say, as far as {@link CompiledKey.asks} it; texts are folded. */
export interface EmailFacts {
  readonly emailId: string;
  readonly threadId: string;
  /** The Date field in milliseconds; null if there is none that can be read. */
  readonly sent: number | null;
  readonly subject: string;
  readonly from: string;
  readonly to: string;
  readonly cc: string;
  readonly bcc: string;
}

/** What its bytes say; each is read when it is first asked for. */
export interface ContentFacts {
  /** The folded, decoded values of a field, by its name in lower case. */
  field(name: string): readonly string[];
  /** The day of the Date field as it is written, whatever its time and zone; null if it cannot be read. */
  sentDay(): Day | null;
  /** Whether folded text is in the header: name, colon, value, of the message and of its parts. */
  inHeader(folded: string): boolean;
  /** Whether folded text is in a text part. */
  inBody(folded: string): boolean;
}

/** What the full-text index, or the parser, says of its texts. */
export interface TextFacts {
  /**
   * Whether folded text is in the message: in a text part (`body`), or there or in a header, of parts too (`text`). Null
   * if more must be known.
   */
  has(where: "text" | "body", folded: string): boolean | null;
}

/** As much of a message as is known so far. */
export interface Candidate {
  readonly message: MessageFacts;
  readonly email: EmailFacts | null;
  readonly content: ContentFacts | null;
  /** Where it is there, it is believed before the content. */
  readonly text?: TextFacts | null;
}

/** Whether a message matches; null if more must be known. */
export type Test = (candidate: Candidate) => boolean | null;

/** What a key needs to know before it can always decide. */
export const costs = { message: 0, email: 1, header: 2, body: 3 } as const;
type Cost = typeof costs[keyof typeof costs];

/** A key ready to be asked. */
export interface CompiledKey {
  readonly test: Test;
  readonly cost: Cost;
  readonly asks: Asks;
}

/** What facts a key looks at, so that no more need be read. */
export interface Asks {
  /** More of the message's row than its UID and MODSEQ. */
  readonly row: boolean;
  /** `emailId` and `threadId`. */
  readonly ids: boolean;
  readonly columns: readonly FieldColumn[];
}

const asksNothing: Asks = { row: false, ids: false, columns: [] };

/**
 * Compiles a key.
 *
 * @param now Milliseconds since 1970, for `within`.
 * @throws {Refused} `badRequest` or `tooMany` for what the session should not have sent.
 */
export function compileKey(key: SearchKey, now: number): CompiledKey {
  return new Compiler(now).compile(key, 1);
}

class Compiler {
  readonly #now: number;
  #keys = 0;
  /** Within FUZZY. */
  #fuzzy = false;

  constructor(now: number) {
    this.#now = now;
  }

  compile(key: SearchKey, depth: number): CompiledKey {
    if (depth > maxSearchDepth || ++this.#keys > maxSearchKeys) {
      throw new Refused("tooMany", "too many search keys");
    }
    switch (key.key) {
      case "all":
      case "saveDateSupported": // RFC 8514 4.3: every mailbox here keeps save dates.
        return onUid(() => true);
      case "and":
        return every(key.keys.map((each) => this.compile(each, depth + 1)));
      case "or":
        return either([this.compile(key.left, depth + 1), this.compile(key.right, depth + 1)]);
      case "not":
        return negated(this.compile(key.inner, depth + 1));
      case "uids":
        checkRanges(key.set);
        return onUid((message) => hasUid(key.set, message.uid));
      case "sequence":
      case "recent":
        throw new Refused("badRequest", `search key ${key.key} belongs to a session`);
      case "flag":
        return flag(key.flag);
      case "header":
        return this.#text(key.text, (text) => header(key.field.toLowerCase(), text));
      case "body":
        return this.#text(key.text, (text) => inTexts("body", text));
      case "text":
        return this.#text(key.text, (text) => inTexts("text", text));
      case "fuzzy": {
        const outer = this.#fuzzy;
        this.#fuzzy = true;
        const compiled = this.compile(key.inner, depth + 1);
        this.#fuzzy = outer;
        return compiled;
      }
      case "larger":
        return onMessage((message) => message.size > key.octets);
      case "smaller":
        return onMessage((message) => message.size < key.octets);
      case "date":
        return date(key);
      case "within":
        return this.#within(key);
      case "modseq":
        return onUid((message) => message.modseq >= key.atLeast);
      case "emailId":
        return onIds((email) => email.emailId === key.id);
      case "threadId":
        return onIds((email) => email.threadId === key.id);
    }
  }

  /** FUZZY looks for the words, wherever and in whatever order they are; each may be part of another. RFC 6203 3 */
  #text(text: string, find: (folded: string) => CompiledKey): CompiledKey {
    const whole = folded(text);
    if (!this.#fuzzy) return find(whole);
    const words = wordsOf(whole);
    if ((this.#keys += words.length) > maxSearchKeys) throw new Refused("tooMany", "too many words");
    return words.length === 0 ? find(whole) : every(words.map(find));
  }

  /** RFC 5032 3: the interval is counted back from now, its end included. */
  #within(key: { readonly is: "younger" | "older"; readonly seconds: number }): CompiledKey {
    const at = this.#now - key.seconds * 1000;
    return key.is === "younger"
      ? onMessage((message) => message.internalDate >= at)
      : onMessage((message) => message.internalDate <= at);
  }
}

/** What UID and MODSEQ decide. */
function onUid(test: (message: MessageFacts) => boolean): CompiledKey {
  return { cost: costs.message, asks: asksNothing, test: (candidate) => test(candidate.message) };
}

function onMessage(test: (message: MessageFacts) => boolean): CompiledKey {
  return { ...onUid(test), asks: { ...asksNothing, row: true } };
}

function onIds(test: (email: EmailFacts) => boolean): CompiledKey {
  return {
    cost: costs.email,
    asks: { ...asksNothing, ids: true },
    test: ({ email }) => email === null ? null : test(email),
  };
}

/** The words of folded text: runs of letters, marks and digits. */
export function wordsOf(folded: string): string[] {
  return [...new Set(folded.match(/[\p{L}\p{M}\p{N}]+/gu))];
}

function costOf(keys: readonly CompiledKey[]): Cost {
  return keys.reduce<Cost>((most, key) => key.cost > most ? key.cost : most, costs.message);
}

function asksOf(keys: readonly CompiledKey[]): Asks {
  return {
    row: keys.some((key) => key.asks.row),
    ids: keys.some((key) => key.asks.ids),
    columns: [...new Set(keys.flatMap((key) => key.asks.columns))],
  };
}

function cheapFirst(keys: readonly CompiledKey[]): Test[] {
  return [...keys].sort((a, b) => a.cost - b.cost).map((key) => key.test);
}

function every(keys: readonly CompiledKey[]): CompiledKey {
  const tests = cheapFirst(keys);
  const test: Test = (candidate) => {
    let all: true | null = true;
    for (const each of tests) {
      const answer = each(candidate);
      if (answer === false) return false;
      if (answer === null) all = null;
    }
    return all;
  };
  return { cost: costOf(keys), asks: asksOf(keys), test };
}

function either(keys: readonly CompiledKey[]): CompiledKey {
  const tests = cheapFirst(keys);
  const test: Test = (candidate) => {
    let any: false | null = false;
    for (const each of tests) {
      const answer = each(candidate);
      if (answer === true) return true;
      if (answer === null) any = null;
    }
    return any;
  };
  return { cost: costOf(keys), asks: asksOf(keys), test };
}

function negated({ test, ...key }: CompiledKey): CompiledKey {
  return {
    ...key,
    test: (candidate) => {
      const answer = test(candidate);
      return answer === null ? null : !answer;
    },
  };
}

function flag(name: string): CompiledKey {
  const known = Object.entries(flagBits).find(([each]) => each.toLowerCase() === name.toLowerCase());
  if (known !== undefined) return onMessage((message) => (message.bits & known[1]) !== 0);
  const keyword = name.toLowerCase();
  return onMessage(({ keywords }) => keywords !== "" && keywords.split(" ").includes(keyword));
}

export function folded(text: string): string {
  if (text.length > maxSearchText) throw new Refused("tooLarge", "search text is too long");
  return fold(text);
}

/** Fields whose text is stored, and where. */
const storedFields: Readonly<
  Record<string, readonly [read: (email: EmailFacts) => string, column: FieldColumn]>
> = {
  subject: [(email) => email.subject, "subject"],
  from: [(email) => email.from, "from_text"],
  to: [(email) => email.to, "to_text"],
  cc: [(email) => email.cc, "cc_text"],
  bcc: [(email) => email.bcc, "bcc_text"],
};

/** How the stored text of a field is read, or null if none is stored. */
export function storedField(name: string): ((email: EmailFacts) => string) | null {
  return Object.hasOwn(storedFields, name) ? storedFields[name]?.[0] ?? null : null;
}

/** Whether a field's text is stored, by its name in lower case. */
export function isStoredField(name: string): boolean {
  return storedField(name) !== null;
}

/** Stored text this long may have been cut: there are limits to subjects and to addresses of a field. */
const maybeCut = 8000;

/**
 * What the stored text of addresses does not have as it was written: quotes, comments, groups, encoded words, and
 * how the addresses are put together.
 */
const rewritten = /["\\()<>:;,=]|\s\s/;

/**
 * A field that is stored decides from what is stored, if that can decide: found is found; not found is decided only
 * where the stored text has all that the field has.
 */
function header(name: string, text: string): CompiledKey {
  const stored = Object.hasOwn(storedFields, name) ? storedFields[name] : undefined;
  const inContent = (content: ContentFacts | null) =>
    content === null ? null : content.field(name).some((value) => value.includes(text));
  if (stored === undefined) {
    // What is in no header is in no field.
    const test: Test = ({ content, text: facts }) =>
      text !== "" && facts?.has("text", text) === false ? false : inContent(content);
    return { cost: costs.header, asks: asksNothing, test };
  }
  const faithful = text !== "" && (name === "subject" || !rewritten.test(text));
  const test: Test = ({ email, content }) => {
    if (email !== null) {
      const value = stored[0](email);
      if (value !== "" && value.includes(text)) return true;
      if (faithful && value.length < maybeCut) return false;
    }
    return inContent(content);
  };
  return { cost: costs.email, asks: { ...asksNothing, columns: [stored[1]] }, test };
}

function inTexts(where: "text" | "body", text: string): CompiledKey {
  if (text === "") return onMessage(() => true); // "The empty string is a substring." RFC 9051 6.4.4
  const test: Test = ({ content, text: facts }) => {
    const known = facts?.has(where, text) ?? null;
    if (known !== null || content === null) return known;
    return where === "text" && content.inHeader(text) || content.inBody(text);
  };
  return { cost: costs.body, asks: asksNothing, test };
}

/**
 * Days of the internal and the save date are those of UTC. The Date field counts by the day written in it,
 * "disregarding time and timezone"; the stored time decides where every zone of less than a day would give
 * the same answer, and else the field itself is read.
 */
function date(key: SearchKey & { readonly key: "date" }): CompiledKey {
  const { is, day } = key;
  const matches = (of: Day) => is === "before" ? of < day : is === "on" ? of === day : of >= day;
  const dayOf = (time: number) => Math.floor(time / dayMs);
  if (key.of === "internal") return onMessage((message) => matches(dayOf(message.internalDate)));
  if (key.of === "saved") return onMessage((message) => matches(dayOf(message.saveDate)));
  const test: Test = ({ email, content }) => {
    if (email === null) return null;
    if (email.sent === null) return false;
    if (content !== null) {
      const written = content.sentDay();
      return matches(written ?? dayOf(email.sent));
    }
    const around = [-1, 0, 1].map((days) => matches(dayOf(email.sent ?? 0) + days));
    return around.every((answer) => answer === around[0]) ? around[0] ?? null : null;
  };
  return { cost: costs.email, asks: { ...asksNothing, columns: ["sent"] }, test };
}
