/**
 * SORT and THREAD: what a search finds, in order or as threads. RFC 5256, RFC 5267 3, RFC 5957, RFC 6203 6
 *
 * @module
 */
import type { SearchOptions, Sort, Thread } from "./command.ts";
import { CommandError } from "./command_error.ts";
import type { Scanner } from "./scanner.ts";
import { readCharsetName, readProgram } from "./search.ts";
import { readReturns, readSaving } from "./search_return.ts";
import type { SortCriterion, SortKey, ThreadAlgorithm } from "./sort_key.ts";

/** More criteria than there are keys say nothing. */
export const maxSortCriteria = 16;

const sortKeys: Readonly<Record<string, SortKey>> = {
  ARRIVAL: "arrival",
  CC: "cc",
  DATE: "date",
  DISPLAYFROM: "displayFrom",
  DISPLAYTO: "displayTo",
  FROM: "from",
  RELEVANCY: "relevancy",
  SIZE: "size",
  SUBJECT: "subject",
  TO: "to",
};

const algorithms: Readonly<Record<string, ThreadAlgorithm>> = {
  ORDEREDSUBJECT: "orderedSubject",
  REFERENCES: "references",
};

/** `RETURN (ALL) (REVERSE DATE) UTF-8 ALL` */
export function parseSort(uid: boolean, s: Scanner): Sort {
  s.space();
  const options = readReturns(s);
  return readSaving(options, () => readSorted(uid, s, options));
}

function readSorted(uid: boolean, s: Scanner, options: SearchOptions): Sort {
  const criteria = s.list(readCriterion);
  if (criteria.length > maxSortCriteria) throw new CommandError("NO", "LIMIT", "too many sort criteria");
  s.space();
  // To sort by relevancy needs FUZZY just as to tell it does. RFC 6203 6
  const scored = criteria.some((criterion) => criterion.key === "relevancy");
  const needs = scored ? { ...options, returns: ["RELEVANCY" as const] } : options;
  return { verb: "SORT", uid, ...options, criteria, ...readProgram(s, readCharsetName(s), needs) };
}

function readCriterion(s: Scanner): SortCriterion {
  const reverse = s.take("REVERSE ");
  const word = s.keyword("a sort key");
  const key = Object.hasOwn(sortKeys, word) ? sortKeys[word] : undefined;
  if (key === undefined) throw new SyntaxError("unknown sort key");
  return { key, reverse };
}

/** `REFERENCES UTF-8 ALL` */
export function parseThread(uid: boolean, s: Scanner): Thread {
  s.space();
  const word = s.keyword("a threading algorithm");
  const algorithm = Object.hasOwn(algorithms, word) ? algorithms[word] : undefined;
  if (algorithm === undefined) throw new SyntaxError("unknown threading algorithm");
  s.space();
  const program = readProgram(s, readCharsetName(s), { returns: null, partial: null });
  return { verb: "THREAD", uid, algorithm, ...program };
}
