/**
 * Patterns of LIST and LSUB: `*` is anything, `%` anything within one level. RFC 9051 6.3.9
 *
 * All ways to match are followed at once, one bit for each: however many wildcards there are, a name costs its
 * length times a thirty-second of the pattern's.
 *
 * @module
 */
import { delimiter, maxMailboxNameLength } from "./mailbox_name.ts";

/** Tells whether a (canonical) name matches. */
export type NameMatcher = (name: string) => boolean;

const inboxLength = "Inbox".length;

/**
 * A matcher for the pattern as it is after the reference. The inbox matches in any case (RFC 9051 5.1).
 */
export function compileListPattern(reference: string, pattern: string): NameMatcher {
  const whole = reference + pattern;
  const literals = whole.replace(/[*%]/g, "");
  if (literals.length > maxMailboxNameLength) return () => false;
  const automaton = compile(whole, literals.length);
  return (name) => run(automaton, name);
}

/**
 * State p: the first p literals were seen. In `stars` and `percents` are the states before which a wildcard stands:
 * they may stay as they are.
 */
interface Automaton {
  readonly words: number;
  readonly states: number;
  readonly stars: Uint32Array;
  readonly percents: Uint32Array;
  /** For each literal the states from which it leads to the next. */
  readonly steps: ReadonlyMap<string, Uint32Array>;
}

function compile(pattern: string, literals: number): Automaton {
  const words = (literals >> 5) + 1;
  const stars = new Uint32Array(words);
  const percents = new Uint32Array(words);
  const steps = new Map<string, Uint32Array>();
  let state = 0;
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern.charAt(i);
    if (char === "*") set(stars, state);
    else if (char === "%") set(percents, state);
    else {
      const from = steps.get(char) ?? new Uint32Array(words);
      set(from, state++);
      steps.set(char, from);
    }
  }
  return { words, states: state, stars, percents, steps };
}

function set(bits: Uint32Array, at: number): void {
  bits[at >> 5] = (bits[at >> 5] ?? 0) | (1 << (at & 31));
}

function run({ words, states, stars, percents, steps }: Automaton, name: string): boolean {
  const inbox = name === "Inbox" || name.startsWith(`Inbox${delimiter}`);
  const none = new Uint32Array(words);
  const active = new Uint32Array(words);
  active[0] = 1;
  for (let i = 0; i < name.length; i++) {
    const char = name.charAt(i);
    const folded = inbox && i < inboxLength;
    const from = steps.get(folded ? char.toLowerCase() : char) ?? none;
    const other = folded ? steps.get(char.toUpperCase()) ?? none : none;
    const stay = char === delimiter ? none : percents;
    let carry = 0;
    for (let w = 0; w < words; w++) {
      const now = active[w] ?? 0;
      const moving = now & ((from[w] ?? 0) | (other[w] ?? 0));
      active[w] = (moving << 1) | carry | (now & ((stars[w] ?? 0) | (stay[w] ?? 0)));
      carry = moving >>> 31;
    }
  }
  return ((active[states >> 5] ?? 0) >>> (states & 31) & 1) === 1;
}
