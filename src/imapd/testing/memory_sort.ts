/**
 * SORT of the twin: a comparison of two messages, as RFC 5256 3 and RFC 5957 3 put it, and the runtime's own sorting.
 *
 * Tested by `src/accounts/testing/conformance_sort.ts`.
 *
 * @module
 */
import type { SortCriterion } from "../../imap/sort_key.ts";
import { displayName, parseAddressList, type RawMailbox } from "../../message/address_list.ts";
import { casemap } from "../../message/casemap.ts";
import { headerFields, unfold } from "../../message/headers.ts";
import { baseSubject } from "../../message/subject.ts";
import { sizeOf } from "./memory_columns.ts";
import type { MemoryMessage } from "./memory_message.ts";

/** The messages in order; they come in that of their numbers. */
export function sorted(
  messages: readonly MemoryMessage[],
  criteria: readonly SortCriterion[],
  scoreOf: (message: MemoryMessage) => number,
): MemoryMessage[] {
  return [...messages].sort((a, b) => {
    for (const { key, reverse } of criteria) {
      const order = key === "relevancy" ? scoreOf(b) - scoreOf(a) : compare(valueOf(a, key), valueOf(b, key));
      if (order !== 0) return reverse ? -order : order;
    }
    return a.uid - b.uid;
  });
}

/** RFC 5256 2.2 */
export function sentDate({ email, internalDate }: MemoryMessage): number {
  return email.index.date ?? internalDate;
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === "number" || typeof b === "number") return Number(a) - Number(b);
  const [x, y] = [[...a], [...b]];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const difference = (x[i]?.codePointAt(0) ?? 0) - (y[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return x.length - y.length;
}

function valueOf(message: MemoryMessage, key: Exclude<SortCriterion["key"], "relevancy">): string | number {
  switch (key) {
    case "arrival":
      return message.internalDate;
    case "date":
      return sentDate(message);
    case "size":
      return sizeOf(message.email);
    case "subject":
      return casemap(baseSubject(message.email.index.subject).base);
    case "from":
    case "to":
    case "cc":
      return casemap(firstMailbox(message, key)?.local ?? "");
    case "displayFrom":
      return display(firstMailbox(message, "from"));
    case "displayTo":
      return display(firstMailbox(message, "to"));
  }
}

function display(mailbox: RawMailbox | null): string {
  if (mailbox === null) return "";
  return casemap(displayName(mailbox) || `${mailbox.local}@${mailbox.domain}`);
}

function firstMailbox({ email: { body, index } }: MemoryMessage, name: string): RawMailbox | null {
  const header = body.subarray(index.root.headerStart, index.root.bodyStart);
  const field = [...headerFields(header)].find((field) => field.name.toLowerCase() === name);
  if (field === undefined) return null;
  const [first] = parseAddressList(unfold(field.value)).entries.filter((entry) => entry.kind === "mailbox");
  return first ?? null;
}
