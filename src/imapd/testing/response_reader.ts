/**
 * Reads what a server says as a client does: whole responses, split into words, strings and lists.
 *
 * For tests: plain, and strict, as a response that is written wrongly is a failure.
 *
 * Tested by `src/imapd/testing/response_reader_test.ts`.
 *
 * @module
 */

/** A string that was quoted or a literal. */
export interface Text {
  readonly text: string;
}

/** An atom (with what stands in its brackets), a string, or a list. */
export type Value = string | Text | readonly Value[];

/** Collects octets, as Latin-1, until a response is whole. */
export class ResponseBuffer {
  #text = "";

  push(text: string): void {
    this.#text += text;
  }

  /** The next whole response without its last CRLF, or null if more has to come. */
  next(): string | null {
    for (let from = 0;;) {
      const end = this.#text.indexOf("\r\n", from);
      if (end === -1) return null;
      const literal = /~?\{(\d+)\}$/.exec(this.#text.slice(from, end));
      if (literal === null) {
        const response = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        return response;
      }
      from = end + 2 + Number(literal[1]);
      if (this.#text.length < from) return null;
    }
  }
}

/** What a response holds. @throws {SyntaxError} */
export function readValues(response: string): Value[] {
  const reader = new ValueReader(response);
  const values = reader.values("");
  reader.end();
  return values;
}

class ValueReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Values with one space between, up to a closing character (none: the end). */
  values(close: string): Value[] {
    const values: Value[] = [];
    while (this.#at < this.#text.length && this.#text[this.#at] !== close) {
      // Lists may follow each other without a space, as addresses and parts do. RFC 9051 9 (env-from, body-type-mpart)
      if (values.length > 0 && this.#text[this.#at] !== "(") this.#expect(" ");
      values.push(this.#value());
    }
    return values;
  }

  end(): void {
    if (this.#at < this.#text.length) throw new SyntaxError(`not the end: ${this.#text.slice(this.#at)}`);
  }

  #expect(text: string): void {
    if (!this.#text.startsWith(text, this.#at)) {
      throw new SyntaxError(`no ${JSON.stringify(text)} at ${this.#at}: ${this.#text.slice(0, 200)}`);
    }
    this.#at += text.length;
  }

  #value(): Value {
    const rest = this.#text.slice(this.#at);
    if (this.#text[this.#at] === "(") {
      this.#at++;
      const values = this.values(")");
      this.#expect(")");
      return values;
    }
    if (rest.startsWith('"')) {
      const quoted = /^"((?:[^"\\\r\n]|\\["\\])*)"/.exec(rest);
      if (quoted === null) throw new SyntaxError(`not a string: ${rest.slice(0, 80)}`);
      this.#at += quoted[0].length;
      return { text: (quoted[1] ?? "").replaceAll(/\\(.)/g, "$1") };
    }
    const literal = /^~?\{(\d+)\}\r\n/.exec(rest);
    if (literal !== null) {
      const from = this.#at + literal[0].length;
      this.#at = from + Number(literal[1]);
      if (this.#at > this.#text.length) throw new SyntaxError("the literal is longer than the response");
      return { text: this.#text.slice(from, this.#at) };
    }
    // A section's name holds spaces and lists: BODY[HEADER.FIELDS (To)].
    const atom = /^[^ ()"\[\]]*(?:\[[^\]]*\](?:<\d+>)?)?/.exec(rest)?.[0] ?? "";
    if (atom === "") throw new SyntaxError(`nothing at ${this.#at}: ${this.#text.slice(0, 200)}`);
    this.#at += atom.length;
    return atom;
  }
}

/** A set of numbers as a server writes it, ascending or not; never with `*`. @throws {SyntaxError} */
export function readSet(text: Value | undefined): number[] {
  if (typeof text !== "string" || !/^\d+(:\d+)?(,\d+(:\d+)?)*$/.test(text)) {
    throw new SyntaxError(`not a set: ${JSON.stringify(text)}`);
  }
  return text.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split(":").map(Number);
    const step = first <= last ? 1 : -1;
    return Array.from({ length: Math.abs(last - first) + 1 }, (_, i) => first + step * i);
  });
}

/** Names and values that follow each other. */
export function pairs(values: Value | undefined): Map<string, Value> {
  const found = new Map<string, Value>();
  if (!Array.isArray(values)) return found;
  for (let i = 0; i + 1 < values.length; i += 2) {
    const value: Value | undefined = values[i + 1];
    if (value !== undefined) found.set(String(values[i]), value);
  }
  return found;
}

/** The name of a mailbox in a response. RFC 9051 5.1 */
export function nameOf(value: Value | undefined): string {
  const text = typeof value === "object" && "text" in value ? value.text : String(value);
  return text.toUpperCase() === "INBOX" ? "INBOX" : text;
}
