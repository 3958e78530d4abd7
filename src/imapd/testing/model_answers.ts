/**
 * What the answers to a model run's commands say.
 *
 * Tested by `src/imapd/model_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Answer } from "./follower.ts";
import { tellsChange } from "./followed_results.ts";
import { readSet, type Value } from "./response_reader.ts";

/** UIDs of FETCH responses that told something. */
export function uidsWith(item: string, answer: Answer): Set<number> {
  const found = new Set<number>();
  for (const [, , word, values] of answer.untagged) {
    if (word !== "FETCH") continue;
    const told = pairs(values);
    if (told.has(item) && told.has("UID")) found.add(Number(told.get("UID")));
  }
  return found;
}

export function pairs(values: Value | undefined): Map<string, Value> {
  const found = new Map<string, Value>();
  if (!Array.isArray(values)) return found;
  for (let i = 0; i + 1 < values.length; i += 2) {
    const value: Value | undefined = values[i + 1];
    if (value !== undefined) found.set(String(values[i]), value);
  }
  return found;
}

/** What APPENDUID and COPYUID tell: UIDVALIDITY, and one or two sets. */
export function uidsOf(argument: string): [uidValidity: number, from: number[], to?: number[]] {
  const [uidValidity, from, to] = argument.split(" ");
  return to === undefined
    ? [Number(uidValidity), readSet(from)]
    : [Number(uidValidity), readSet(from), readSet(to)];
}

/** What SEARCH or ESEARCH found, ascending. */
export function searched(answer: Answer): number[] {
  for (const values of answer.untagged) {
    const [, word] = values;
    if (word === "SEARCH") return values.slice(2).map(Number);
    if (word !== "ESEARCH" || tellsChange(values)) continue;
    const all = values.indexOf("ALL");
    return all === -1 ? [] : readSet(values[all + 1]);
  }
  return assert.fail("nothing was answered");
}

/** UIDs that ESEARCH found in each mailbox, by name. RFC 7377 2.1 */
export function searchedIn(answer: Answer): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const values of answer.untagged) {
    if (values[1] !== "ESEARCH" || tellsChange(values)) continue;
    const name = pairs(values[2]).get("MAILBOX");
    if (name === undefined) continue;
    const all = values.indexOf("ALL");
    const text = typeof name === "object" && "text" in name ? name.text : String(name);
    found.set(text, all === -1 ? [] : readSet(values[all + 1]));
  }
  return found;
}
