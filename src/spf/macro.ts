/**
 * The macro language of SPF: reading, printing and expanding. RFC 7208 7, RFC 8616 4
 *
 * A string is read into parts once, with its record, since a fault anywhere is a fault of the whole record
 * (RFC 7208 4.6); the values come in when a term is evaluated. They are a sender's words and may be long, so both
 * ways of expanding end at a limit.
 *
 * @module
 */
import { isAscii } from "../address/domain.ts";
import { Scanner } from "../base/scanner.ts";
import { inALabels } from "./domain_name.ts";

/** One piece of a macro string. */
export type MacroPart =
  | { readonly kind: "literal"; readonly text: string }
  /** `%%`, `%_`, `%-`: the text is what they stand for. */
  | { readonly kind: "escape"; readonly text: "%" | " " | "%20" }
  | {
    readonly kind: "macro";
    /** In lower case. */
    readonly letter: MacroLetter;
    /** Written in upper case: what comes out is escaped as in a URL. */
    readonly escape: boolean;
    /** How many parts are kept, from the right; 0 for all. */
    readonly count: number;
    readonly reverse: boolean;
    /** Characters that divide; empty for a dot. */
    readonly delimiters: string;
  };

export type MacroString = readonly MacroPart[];

export type MacroLetter = "s" | "l" | "o" | "d" | "i" | "p" | "h" | "v" | "c" | "r" | "t";

/** What the letters stand for. */
export interface MacroValues {
  readonly local: string;
  /** Of the sender, in U-labels or A-labels; macros give A-labels. RFC 8616 4 */
  readonly senderDomain: string;
  /** The domain being evaluated. */
  readonly domain: string;
  /** In dots: `192.0.2.1`, or 32 hexadecimal digits. */
  readonly dottedIp: string;
  readonly readableIp: string;
  readonly version: 4 | 6;
  readonly helo: string;
  readonly receiver: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The validated name of the address, or `unknown`; costs a lookup. */
  readonly validatedName: () => Promise<string>;
}

/** The longest name in text. RFC 7208 7.3 */
export const maxNameLength = 253;

/** Characters of an expanded explanation that are kept; a reply may not be much longer. RFC 7208 6.2 */
export const maxExplanation = 800;

/** More parts than any value has, so that keeping so many keeps all. RFC 7208 7.3 wants at least 127. */
const maxParts = 9999;

const macro = /\{([slodiphcrtv])([0-9]*)(r?)([.\-+,/_=]*)\}/iy;

/** Reads a `domain-spec`: it ends in a macro, or in a dot and a top label. @throws {SyntaxError} */
export function parseDomainSpec(text: string): MacroString {
  const parts = parseParts(text, /[\x21-\x24\x26-\x7e]+/y, /[crt]/);
  const last = parts.at(-1);
  if (last === undefined || (last.kind === "literal" && !endsInTopLabel(text))) {
    throw new SyntaxError(`no domain: ${JSON.stringify(text.slice(0, 60))}`);
  }
  return parts;
}

/** A dot and a label of letters, digits and hyphens that is no number. RFC 7208 7.1 */
function endsInTopLabel(text: string): boolean {
  const labels = text.replace(/\.$/, "").split(".");
  const top = labels.at(-1) ?? "";
  return labels.length > 1 && /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/.test(top) && !/^[0-9]+$/.test(top);
}

/** Reads the value of a modifier that nobody here knows; only its syntax counts. @throws {SyntaxError} */
export function checkMacroString(text: string): void {
  parseParts(text, /[\x21-\x24\x26-\x7e]+/y, null);
}

/** Reads what an explanation's record holds, where blanks and all letters are allowed. @throws {SyntaxError} */
export function parseExplanation(text: string): MacroString {
  return parseParts(text, /[\x20-\x24\x26-\x7e]+/y, null);
}

function parseParts(text: string, literal: RegExp, forbidden: RegExp | null): MacroPart[] {
  const s = new Scanner(text);
  const parts: MacroPart[] = [];
  while (!s.done) {
    const plain = s.takeMatch(literal);
    if (plain !== null) parts.push({ kind: "literal", text: plain });
    else {
      s.expect("%");
      if (s.take("%")) parts.push({ kind: "escape", text: "%" });
      else if (s.take("_")) parts.push({ kind: "escape", text: " " });
      else if (s.take("-")) parts.push({ kind: "escape", text: "%20" });
      else parts.push(readMacro(s, forbidden));
    }
  }
  return parts;
}

function readMacro(s: Scanner, forbidden: RegExp | null): MacroPart {
  const [, letter = "", digits = "", reverse = "", delimiters = ""] = macroAt(s);
  const lower = letter.toLowerCase();
  if (forbidden?.test(lower) === true) s.fail(`%{${letter}} is for explanations only`); // RFC 7208 7.2
  if (/^0+$/.test(digits)) s.fail("a macro that keeps no part"); // RFC 7208 7.3
  return {
    kind: "macro",
    letter: lower as MacroLetter, // The pattern has no other letters.
    escape: letter !== lower,
    count: Math.min(Number(digits), maxParts),
    reverse: reverse !== "",
    delimiters,
  };
}

function macroAt(s: Scanner): RegExpExecArray {
  macro.lastIndex = s.at;
  const match = macro.exec(s.text);
  if (match === null) return s.fail("expected a macro");
  s.at = macro.lastIndex;
  return match;
}

const escapes = { "%": "%%", " ": "%_", "%20": "%-" } as const;

/** As it stands in a record. */
export function printMacro(parts: MacroString): string {
  return parts.map((part) => {
    if (part.kind === "literal") return part.text;
    if (part.kind === "escape") return escapes[part.text];
    const letter = part.escape ? part.letter.toUpperCase() : part.letter;
    return `%{${letter}${part.count === 0 ? "" : part.count}${part.reverse ? "r" : ""}${part.delimiters}}`;
  }).join("");
}

/**
 * Whether a term with this domain can match nothing, whatever the DNS holds: the sender's local part, which it
 * has in it, is no ASCII. RFC 8616 4
 */
export function matchesNothing(parts: MacroString, values: MacroValues): boolean {
  return !isAscii(values.local) &&
    parts.some((part) => part.kind === "macro" && (part.letter === "s" || part.letter === "l"));
}

/** Puts the values in, up to `maxLength` characters. */
export async function expand(parts: MacroString, values: MacroValues, maxLength = Infinity): Promise<string> {
  let text = "";
  for (const part of parts) {
    if (text.length >= maxLength) break;
    text += await expandPart(part, values);
  }
  return text.slice(0, maxLength);
}

/**
 * The name that a `domain-spec` gives, cut at its left to what a name may have (RFC 7208 7.3). For that it is made
 * from the right, and ends soon, however many macros there are.
 *
 * @returns Null where it can be no name, or nothing can match ({@link matchesNothing}).
 */
export async function expandName(parts: MacroString, values: MacroValues): Promise<string | null> {
  if (matchesNothing(parts, values)) return null;
  let text = "";
  for (const part of parts.toReversed()) {
    if (text.length > maxNameLength + 1) break; // The final dot is not counted.
    text = await expandPart(part, values) + text;
  }
  text = text.replace(/\.$/, "");
  if (text.length <= maxNameLength) return text;
  const from = text.indexOf(".", text.length - maxNameLength - 1);
  return from === -1 ? null : text.slice(from + 1);
}

async function expandPart(part: MacroPart, values: MacroValues): Promise<string> {
  if (part.kind !== "macro") return part.text;
  const value = transformed(await valueOf(part.letter, values), part);
  return part.escape ? urlEscaped(value) : value;
}

function valueOf(letter: MacroLetter, values: MacroValues): string | Promise<string> {
  switch (letter) {
    case "s":
      return `${values.local}@${inALabels(values.senderDomain)}`;
    case "l":
      return values.local;
    case "o":
      return inALabels(values.senderDomain);
    case "d":
      return inALabels(values.domain);
    case "i":
      return values.dottedIp;
    case "p":
      return values.validatedName();
    case "h":
      return inALabels(values.helo);
    case "v":
      return values.version === 4 ? "in-addr" : "ip6";
    case "c":
      return values.readableIp;
    case "r":
      return values.receiver;
    case "t":
      return String(Math.floor(values.now / 1000));
  }
}

function transformed(value: string, part: Extract<MacroPart, { readonly kind: "macro" }>): string {
  const { count, reverse, delimiters } = part;
  if (count === 0 && !reverse && delimiters === "") return value;
  let pieces = [""];
  for (const character of value) {
    if ((delimiters === "" ? "." : delimiters).includes(character)) pieces.push("");
    else pieces.push((pieces.pop() ?? "") + character);
  }
  if (reverse) pieces.reverse();
  if (count > 0) pieces = pieces.slice(-count);
  return pieces.join(".");
}

/** All but unreserved characters, of the UTF-8 form. RFC 3986 2.3 */
function urlEscaped(value: string): string {
  const escaped = encodeURIComponent(value.toWellFormed());
  return escaped.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
