/**
 * Reads the words of a command out of its octets: the lexical part of the grammar. RFC 9051 4, 9
 *
 * The input is one whole command as it came, literals included (`{3}` CRLF `abc`), without the final CRLF. Every
 * method either moves past what it names or throws a SyntaxError whose message may be shown to the peer.
 *
 * @module
 */
import { type Bytes, fromLatin1, fromStrictUtf8 } from "../base/bytes.ts";

/** Octets that may stand in an ASTRING-CHAR, ATOM-CHAR, list-char: bits of {@link charClass}. RFC 9051 9 */
const atomChar = 1;
const astringChar = 2;
const listChar = 4;
const keywordChar = 8;

const charClass = classify();

function classify(): Uint8Array {
  const table = new Uint8Array(256);
  for (let c = 0x21; c < 0x7f; c++) {
    const char = String.fromCharCode(c);
    if ('(){%*"\\]'.includes(char)) continue;
    table[c] = atomChar | astringChar | listChar | (/[A-Za-z0-9._=+-]/.test(char) ? keywordChar : 0);
  }
  table["]".charCodeAt(0)] = astringChar | listChar;
  table["%".charCodeAt(0)] = listChar;
  table["*".charCodeAt(0)] = listChar;
  return table;
}

const quote = 0x22;
const backslash = 0x5c;
const brace = 0x7b;
const tilde = 0x7e;

/** Numbers above are cut off here; see `command.ts`. */
const largestExact = Number.MAX_SAFE_INTEGER;
const largest63 = "9223372036854775807";
const largest32 = 0xffff_ffff;

/** What stands at the end of a line when octets follow. RFC 9051 4.3, RFC 7888, RFC 3516 */
export interface LiteralHeader {
  /** Octets; Infinity if the number is above 2^63 - 1. */
  readonly size: number;
  /** Whether the client waits for `+`. */
  readonly sync: boolean;
  /** literal8: NUL is allowed in it. */
  readonly binary: boolean;
  /** Where the header begins. */
  readonly start: number;
}

/** Whether a text is an atom. */
export function isAtom(text: string): boolean {
  return consistsOf(text, atomChar);
}

/** Whether a text can be written as astring without quotes. */
export function isAstringAtom(text: string): boolean {
  return consistsOf(text, astringChar);
}

function consistsOf(text: string, wanted: number): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f || ((charClass[code] ?? 0) & wanted) === 0) return false;
  }
  return text.length > 0;
}

/** The literal announced by the end of a line (without CRLF), or null. */
export function literalAtEnd(line: Uint8Array, end = line.length): LiteralHeader | null {
  let at = end - 1;
  if (line[at] !== 0x7d) return null;
  const sync = line[--at] !== 0x2b;
  if (!sync) at--;
  const lastDigit = at;
  while (at >= 0 && isDigit(line[at])) at--;
  if (at === lastDigit || line[at] !== brace) return null;
  const digits = fromLatin1(line, at + 1, lastDigit + 1);
  const binary = line[at - 1] === tilde;
  return { size: fits63(digits) ? Number(digits) : Infinity, sync, binary, start: binary ? at - 1 : at };
}

function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= 0x30 && code <= 0x39;
}

function fits63(digits: string): boolean {
  const significant = digits.replace(/^0+/, "");
  return significant.length < largest63.length ||
    (significant.length === largest63.length && significant <= largest63);
}

/** A place in the octets of a command. */
export class Scanner {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  get atEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  /** The next octet, or -1 at the end. */
  peek(): number {
    return this.bytes[this.at] ?? -1;
  }

  /** Throws unless everything was read. */
  end(): void {
    if (!this.atEnd) throw new SyntaxError("unexpected text after the command's arguments");
  }

  /** Exactly one space. RFC 9051 9, note 2 */
  space(): void {
    if (this.bytes[this.at] !== 0x20) throw new SyntaxError("expected a space");
    this.at++;
  }

  /** Moves past `text` (ASCII, any case) if it comes next; tells whether it did. */
  take(text: string): boolean {
    for (let i = 0; i < text.length; i++) {
      if (upper(this.bytes[this.at + i]) !== upper(text.charCodeAt(i))) return false;
    }
    this.at += text.length;
    return true;
  }

  expect(text: string): void {
    if (!this.take(text)) throw new SyntaxError(`expected ${text}`);
  }

  /** A word of the protocol, in upper case: letters, digits and `. - _ = +`; `what` names it in errors. */
  keyword(what: string): string {
    return this.#run(keywordChar, what).toUpperCase();
  }

  /** `what` names it in errors. */
  atom(what = "an atom"): string {
    return this.#run(atomChar, what);
  }

  /** RFC 9051 9: any ASTRING-CHAR except `+`. */
  tag(): string {
    const tag = this.#run(astringChar, "a tag");
    if (tag.length > maxTagLength) throw new SyntaxError("tag too long");
    if (tag.includes("+")) throw new SyntaxError("expected a tag");
    return tag;
  }

  /** Text in UTF-8. */
  astring(what = "a string"): string {
    return text(this.astringBytes(what));
  }

  /** The octets of an astring; they may share memory with the command. */
  astringBytes(what = "a string"): Uint8Array {
    const first = this.peek();
    if (first === quote || first === brace) return this.stringBytes(what);
    return this.#runBytes(astringChar, what);
  }

  /** A quoted string or literal in UTF-8. */
  string(what = "a string"): string {
    return text(this.stringBytes(what));
  }

  nstring(what = "a string or NIL"): string | null {
    return this.take("NIL") ? null : this.string(what);
  }

  /** The octets of an nstring or literal8 (RFC 5464 5), in their own memory; null for NIL. */
  nvalueBytes(what: string): Bytes | null {
    if (this.take("NIL")) return null;
    if (this.peek() !== tilde) return this.stringBytes(what).slice();
    this.at++;
    return this.#literal(true).slice();
  }

  /** A mailbox pattern of LIST: wildcards are allowed without quotes. */
  listMailboxBytes(): Uint8Array {
    const first = this.peek();
    if (first === quote || first === brace) return this.stringBytes("a mailbox pattern");
    return this.#runBytes(listChar, "a mailbox pattern");
  }

  stringBytes(what: string): Uint8Array {
    const first = this.peek();
    if (first === quote) return this.#quoted();
    if (first === brace) return this.#literal();
    throw new SyntaxError(`expected ${what}`);
  }

  /** 0 to 2^32 - 1. */
  number(what = "a number"): number {
    const value = this.number64(what);
    if (value > largest32) throw new SyntaxError(`${what} is too large`);
    return value;
  }

  /** 1 to 2^32 - 1, without leading zero. */
  nzNumber(what = "a number"): number {
    if (this.peek() === 0x30) throw new SyntaxError(`${what} may not be zero or begin with it`);
    return this.number(what);
  }

  /** 0 to 2^63 - 1; cut off at the largest integer that a double holds. */
  number64(what = "a number"): number {
    const start = this.at;
    let value = 0;
    for (let c = this.peek(); c >= 0x30 && c <= 0x39; c = this.peek()) {
      value = value * 10 + (c - 0x30);
      this.at++;
    }
    if (this.at === start) throw new SyntaxError(`expected ${what}`);
    if (value > largestExact) {
      if (!fits63(fromLatin1(this.bytes, start, this.at))) throw new SyntaxError(`${what} is too large`);
      return largestExact;
    }
    return value;
  }

  /** Exactly `count` digits. */
  digits(count: number, what: string): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      const c = this.peek();
      if (c < 0x30 || c > 0x39) throw new SyntaxError(`expected ${what}`);
      value = value * 10 + (c - 0x30);
      this.at++;
    }
    return value;
  }

  /** `(` item SP item … `)`, with at least `least` items. */
  list<T>(item: (scanner: Scanner) => T, least = 1): T[] {
    this.expect("(");
    const items: T[] = [];
    if (least === 0 && this.take(")")) return items;
    do items.push(item(this)); while (this.take(" "));
    this.expect(")");
    return items;
  }

  #run(wanted: number, what: string): string {
    return fromLatin1(this.#runBytes(wanted, what));
  }

  #runBytes(wanted: number, what: string): Uint8Array {
    const start = this.at;
    let at = start;
    while (((charClass[this.bytes[at] ?? 0] ?? 0) & wanted) !== 0) at++;
    if (at === start) throw new SyntaxError(`expected ${what}`);
    this.at = at;
    return this.bytes.subarray(start, at);
  }

  /** RFC 9051 4.3: no CR, LF or NUL; a backslash only before itself and the quote. */
  #quoted(): Uint8Array {
    const start = ++this.at;
    let escapes = 0;
    for (;; this.at++) {
      const c = this.peek();
      if (c === quote) break;
      if (c === backslash) {
        const next = this.bytes[++this.at];
        if (next !== quote && next !== backslash) throw new SyntaxError("wrong escape in quoted string");
        escapes++;
      } else if (c === -1) throw new SyntaxError("quoted string does not end");
      else if (c === 0 || c === 0x0d || c === 0x0a) throw new SyntaxError("NUL, CR or LF in quoted string");
    }
    const raw = this.bytes.subarray(start, this.at++);
    return escapes === 0 ? raw : unescaped(raw, escapes);
  }

  #literal(binary = false): Uint8Array {
    this.expect("{");
    const size = this.number64("the size of a literal");
    this.take("+");
    this.expect("}");
    if (!this.take("\r\n")) throw new SyntaxError("expected CRLF after the size of a literal");
    if (size > this.bytes.length - this.at) throw new SyntaxError("literal is not complete");
    const bytes = this.bytes.subarray(this.at, this.at + size);
    if (!binary && bytes.includes(0)) throw new SyntaxError("NUL in literal"); // RFC 9051 9, note 3
    this.at += size;
    return bytes;
  }
}

/** The longest tag that is read and repeated. No standard has a limit; clients use at most a dozen. */
export const maxTagLength = 128;

function unescaped(raw: Uint8Array, escapes: number): Bytes {
  const bytes = new Uint8Array(raw.length - escapes);
  let to = 0;
  for (let from = 0; from < raw.length; from++) {
    if (raw[from] === backslash) from++;
    bytes[to++] = raw[from] ?? 0;
  }
  return bytes;
}

function upper(code: number | undefined): number | undefined {
  return code !== undefined && code >= 0x61 && code <= 0x7a ? code - 0x20 : code;
}

/** Octets as text; SyntaxError if they are not UTF-8. */
export function text(bytes: Uint8Array): string {
  if (bytes.length <= 64 && isAscii(bytes)) return fromLatin1(bytes);
  const decoded = fromStrictUtf8(bytes);
  if (decoded === null) throw new SyntaxError("text is not valid UTF-8");
  return decoded;
}

function isAscii(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if ((bytes[i] ?? 0) > 0x7f) return false;
  return true;
}
