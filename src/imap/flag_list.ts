/**
 * Flags as they are written: `(\Seen $Forwarded keyword)`. RFC 9051 2.3.2, 9
 *
 * @module
 */
import { CommandError } from "./command_error.ts";
import { flagBits, type Flags, maxKeywordLength, maxKeywords } from "./flags.ts";
import type { Scanner } from "./scanner.ts";

export const noFlags: Flags = { bits: 0, keywords: [] };

/** Each bit's flag, in the order in which they are told. */
export const flagNames: readonly (readonly [bit: number, name: string])[] = Object.entries(flagBits)
  .map(([name, bit]) => [bit, name] as const);

const byLowerCase = new Map(
  Object.entries(flagBits).map(([name, bit]) => [name.toLowerCase(), { name, bit }]),
);

/** `(flag flag)`, also empty. */
export function readFlagList(s: Scanner): Flags {
  return flagsOf(s.list(readFlag, 0));
}

/** A list in parentheses, or flags separated by spaces as STORE also takes them. */
export function readFlags(s: Scanner): Flags {
  if (s.peek() === 0x28) return readFlagList(s);
  const names = [readFlag(s)];
  while (s.take(" ")) names.push(readFlag(s));
  return flagsOf(names);
}

/**
 * One keyword (no system flag) in our spelling: as in `flagBits`, else lower case.
 */
export function readKeyword(s: Scanner): string {
  return canonical(s.atom("a keyword"));
}

function readFlag(s: Scanner): string {
  if (!s.take("\\")) return readKeyword(s);
  const name = canonical(`\\${s.atom("a flag")}`);
  // Clients that copy a message between servers send along what FETCH told them; only we set \Recent.
  if (Object.hasOwn(flagBits, name) || name === "\\recent") return name;
  throw new SyntaxError("no such system flag"); // Not in PERMANENTFLAGS, so clients cannot make it.
}

function canonical(flag: string): string {
  const lower = flag.toLowerCase();
  return byLowerCase.get(lower)?.name ?? lower;
}

/** Sorts flags in our spelling into bits and keywords. @throws {CommandError} If there are too many, or too long. */
function flagsOf(names: readonly string[]): Flags {
  let bits = 0;
  const keywords = new Set<string>();
  for (const name of names) {
    // Names come from strangers, and one may be called `constructor`.
    if (Object.hasOwn(flagBits, name)) bits |= flagBits[name] ?? 0;
    else if (name.length > maxKeywordLength) throw new CommandError("NO", "LIMIT", "keyword too long");
    else if (name !== "\\recent") keywords.add(name);
  }
  if (keywords.size > maxKeywords) throw new CommandError("NO", "LIMIT", "too many keywords");
  return bits === 0 && keywords.size === 0 ? noFlags : { bits, keywords: [...keywords].sort() };
}

/** Flags as they are told, without parentheses, separated by spaces. `keywords` is as in `FlagColumns`. */
export function formatFlags(bits: number, keywords: string, recent = false): string {
  const names: string[] = [];
  for (const [bit, name] of flagNames) if ((bits & bit) !== 0) names.push(name);
  if (keywords !== "") names.push(keywords);
  if (recent) names.push("\\Recent");
  return names.join(" ");
}
