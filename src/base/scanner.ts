/**
 * Reading a short text from left to right, as parsers of command lines, addresses and header values do.
 *
 * A scanner stands somewhere in its text. `take…` moves on and says whether there was something to take;
 * `expect…` throws where there was not. Patterns are regular expressions with the sticky flag, so that they
 * match where the scanner stands and nowhere else; write them without nested repetition, and reading stays
 * linear.
 *
 * @module
 */

/** A position in a text. */
export class Scanner {
  readonly text: string;
  /** Index of the next character (UTF-16 code unit). */
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Whether everything was taken. */
  get done(): boolean {
    return this.at >= this.text.length;
  }

  /** The next character without taking it; empty at the end. */
  peek(): string {
    return this.text.charAt(this.at);
  }

  /** What has not been taken yet. */
  rest(): string {
    return this.text.slice(this.at);
  }

  /** Takes `literal` if it comes next, ignoring the case of ASCII letters. */
  take(literal: string): boolean {
    const end = this.at + literal.length;
    const next = this.text.slice(this.at, end);
    if (next !== literal && asciiLower(next) !== asciiLower(literal)) return false;
    this.at = end;
    return true;
  }

  /** Takes `literal`, ignoring the case of ASCII letters. @throws {SyntaxError} */
  expect(literal: string): void {
    if (!this.take(literal)) this.fail(`expected ${JSON.stringify(literal)}`);
  }

  /**
   * Takes what the pattern matches here, or null.
   *
   * @throws {TypeError} If the pattern is not sticky.
   */
  takeMatch(pattern: RegExp): string | null {
    if (!pattern.sticky) throw new TypeError(`${pattern} is not sticky`);
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match === null) return null;
    this.at = pattern.lastIndex;
    return match[0];
  }

  /** Takes what the pattern matches here; `what` names it for the error. @throws {SyntaxError} */
  expectMatch(pattern: RegExp, what: string): string {
    return this.takeMatch(pattern) ?? this.fail(`expected ${what}`);
  }

  /** Takes everything up to `stop`, but not `stop` itself; null and nothing taken if it does not come. */
  takeUntil(stop: string): string | null {
    const end = this.text.indexOf(stop, this.at);
    if (end === -1) return null;
    const taken = this.text.slice(this.at, end);
    this.at = end;
    return taken;
  }

  /** Makes sure that nothing is left. @throws {SyntaxError} */
  end(): void {
    if (!this.done) this.fail("expected the end");
  }

  /** @throws {SyntaxError} Always: what is wrong, where, and what stands there (shortened, escaped). */
  fail(problem: string): never {
    const next = this.done ? "the end" : JSON.stringify(this.text.slice(this.at, this.at + shownCharacters));
    throw new SyntaxError(`${problem} at ${this.at}, found ${next}`);
  }
}

/** How much of a stranger's text an error repeats. */
const shownCharacters = 20;

/** Lower case for A to Z only: `K` (the Kelvin sign) does not become `k`. */
export function asciiLower(text: string): string {
  if (!/[^\x00-\x7f]/.test(text)) return text.toLowerCase();
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Upper case for a to z only: `ß` does not become two letters, nor `ÿ` one that no octet holds. */
export function asciiUpper(text: string): string {
  if (!/[^\x00-\x7f]/.test(text)) return text.toUpperCase();
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}
