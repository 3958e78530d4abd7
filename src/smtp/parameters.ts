/**
 * Parameters of MAIL and RCPT: `SIZE=1024 BODY=8BITMIME SMTPUTF8`. RFC 5321 4.1.2
 *
 * @module
 */

/** Names in upper case, with their values; null where there is no `=`. */
export type Parameters = ReadonlyMap<string, string | null>;

/** Most parameters of one command; nobody defines half as many. */
export const maxParameters = 20;

/** A parameter that this server does not know (555). RFC 5321 4.1.1.11 */
export class UnknownParameter extends SyntaxError {
  override readonly name = "UnknownParameter";
}

const none: Parameters = new Map();

/** Reads `text` from `at`, behind the path, to its end. @throws {SyntaxError} 501. */
export function parseParameters(text: string, at: number): Parameters {
  if (at === text.length) return none;
  const found = new Map<string, string | null>();
  for (const word of text.slice(at).split(" ")) {
    if (word === "") continue; // Spaces at the end, or two for one: sent by many.
    const equals = word.indexOf("=");
    const name = (equals === -1 ? word : word.slice(0, equals)).toUpperCase();
    const value = equals === -1 ? null : word.slice(equals + 1);
    if (!isKeyword(name) || value !== null && !isValue(value)) throw new SyntaxError("malformed parameter");
    if (found.has(name)) throw new SyntaxError("a parameter is there twice");
    if (found.size >= maxParameters) throw new SyntaxError("too many parameters");
    found.set(name, value);
  }
  if (text[at] !== " ") throw new SyntaxError("no space before the parameters");
  return found;
}

/** Parameters as they are written behind a path, each with a space before it. */
export function printParameters(parameters: Parameters): string {
  let text = "";
  for (const [name, value] of parameters) text += value === null ? ` ${name}` : ` ${name}=${value}`;
  return text;
}

/** A number of at most `digits` digits. @throws {SyntaxError} */
export function parseNumber(text: string | null, digits: number): number {
  if (text === null || text.length === 0 || text.length > digits || !/^[0-9]+$/.test(text)) {
    throw new SyntaxError("not a number, or too long a one");
  }
  return Number(text);
}

/** esmtp-keyword, in upper case. */
function isKeyword(name: string): boolean {
  return /^[A-Z0-9][A-Z0-9-]*$/.test(name);
}

/** esmtp-value, which RFC 6531 3.3 lets be any UTF-8. */
function isValue(value: string): boolean {
  return value !== "" && !/[\x00-\x20=\x7f]/.test(value);
}
