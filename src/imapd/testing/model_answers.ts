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
import { nameOf, pairs, readSet } from "./response_reader.ts";

/** UIDs of FETCH responses that told something. */
export function uidsWith(item: string, answer: Answer): Set<number> {
  const found = new Set<number>();
  for (const [, first, word, values] of answer.untagged) {
    if (word !== "FETCH" && word !== "UIDFETCH") continue;
    const told = pairs(values);
    const uid = word === "UIDFETCH" ? first : told.get("UID");
    if (told.has(item) && uid !== undefined) found.add(Number(uid));
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
    found.set(nameOf(name), all === -1 ? [] : readSet(values[all + 1]));
  }
  return found;
}
