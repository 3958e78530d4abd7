/**
 * How well a message matches what is looked for with FUZZY, from 1 to 100. RFC 6203 4
 *
 * It says where the text was found and how much of the place it fills, no more:
 *
 * ```text
 * the whole text in a header field   60 to 100, the more the more of the field it is
 * its words apart in a field         10 to  50, likewise
 * the whole text in the body         50, and 60 for TEXT in a header
 * its words apart there              20; so, too, where nobody looked into the body
 * ```
 *
 * Of keys that all match, the mean counts; of OR, the best. Keys that are matched exactly, and what NOT says, add nothing.
 *
 * @module
 */
import type { SearchKey } from "../imap/search_key.ts";
import { type Candidate, folded, storedField, wordsOf } from "./mail_search_key.ts";

/** The score of a message that matches. */
export type Score = (candidate: Candidate) => number;

/** From 0, for what is not found, to 100; null of keys that have none. */
type Part = (candidate: Candidate) => number | null;

/** Null if nothing in the key is FUZZY, as for a key that scores are not asked of. The key was compiled before. */
export function compileScore(key: SearchKey): Score | null {
  if (!hasFuzzy(key)) return null;
  const part = partOf(key, false);
  return (candidate) => Math.max(1, Math.min(100, Math.round(part(candidate) ?? 100)));
}

function hasFuzzy(key: SearchKey): boolean {
  switch (key.key) {
    case "fuzzy":
      return true;
    case "and":
      return key.keys.some(hasFuzzy);
    case "or":
      return hasFuzzy(key.left) || hasFuzzy(key.right);
    case "not":
      return hasFuzzy(key.inner);
    default:
      return false;
  }
}

const none: Part = () => null;

function partOf(key: SearchKey, fuzzy: boolean): Part {
  switch (key.key) {
    case "fuzzy":
      return partOf(key.inner, true);
    case "and": {
      const parts = key.keys.map((each) => partOf(each, fuzzy));
      return (candidate) => {
        const scores = parts.map((part) => part(candidate)).filter((score) => score !== null);
        return scores.length === 0 ? null : scores.reduce((sum, score) => sum + score, 0) / scores.length;
      };
    }
    case "or": {
      const [left, right] = [partOf(key.left, fuzzy), partOf(key.right, fuzzy)];
      return (candidate) => {
        const [a, b] = [left(candidate), right(candidate)];
        return a === null || b === null ? a ?? b : Math.max(a, b);
      };
    }
    case "header":
      return fuzzy ? inField(key.field.toLowerCase(), folded(key.text)) : none;
    case "body":
    case "text":
      return fuzzy ? inContent(key.key === "text", folded(key.text)) : none;
    default:
      return none;
  }
}

function inField(name: string, text: string): Part {
  const stored = storedField(name);
  const words = wordsOf(text);
  return ({ email, content }) => {
    const values = content?.field(name) ?? (stored === null || email === null ? [] : [stored(email)]);
    return values.reduce((best, value) => Math.max(best, scoreIn(value, text, words)), 0);
  };
}

function scoreIn(value: string, text: string, words: readonly string[]): number {
  if (value === "") return text === "" ? 100 : 0;
  if (value.includes(text)) return 60 + 40 * text.length / value.length;
  if (!words.every((word) => value.includes(word))) return 0;
  return 10 + 40 * words.reduce((sum, word) => sum + word.length, 0) / value.length;
}

function inContent(alsoHeader: boolean, text: string): Part {
  return ({ content }) => {
    if (content === null) return 20;
    if (alsoHeader && content.inHeader(text)) return 60;
    return content.inBody(text) ? 50 : 20;
  };
}
