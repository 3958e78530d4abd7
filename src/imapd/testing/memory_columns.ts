/**
 * Messages of the twin as the columns in which they are answered.
 *
 * Tested by `src/imapd/testing/memory_mail_test.ts`.
 *
 * @module
 */
import {
  type FetchBatch,
  type FetchRequest,
  type FlagColumns,
  maxInlineBytes,
  type Section,
} from "../../accounts/mail.ts";
import { type Bytes, concat } from "../../base/bytes.ts";
import type { MemoryEmail, MemoryMessage } from "./memory_message.ts";
import { partial, sectionValue } from "./memory_sections.ts";

/** Octets of a message as clients see it. */
export function sizeOf(email: MemoryEmail): number {
  return email.prefix.length + email.body.length;
}

/** Flags of these messages, as the contract has them. */
export function flagColumns(messages: readonly MemoryMessage[]): FlagColumns {
  const keywordSets = [...new Set(["", ...messages.map((message) => message.keywords.join(" "))])];
  return {
    uids: Uint32Array.from(messages, (message) => message.uid),
    modseqs: Float64Array.from(messages, (message) => message.modseq),
    bits: Uint32Array.from(messages, (message) => message.bits),
    keywordSet: Uint16Array.from(messages, (message) => keywordSets.indexOf(message.keywords.join(" "))),
    keywordSets,
  };
}

/** Octets, or a number of `FetchBatch.lengths`. */
export type Value = Bytes | -1 | -2 | -3;

/** A section of a message, or why there is none. */
export function valueOf(message: MemoryMessage, section: Section): Value {
  if (message.email.damaged) return -3;
  const value = sectionValue(message.email, section);
  return typeof value === "number" ? value : partial(value, section);
}

/** All that a request asks of one message, in the order of `FetchBatch.lengths`. */
export function values(message: MemoryMessage, request: FetchRequest): Value[] {
  const { index } = message.email;
  const columns = request.bytes.map((column) =>
    column === "preview" ? new TextEncoder().encode(index.preview) : index[column]
  );
  return [...columns, ...request.sections.map((section) => valueOf(message, section))];
}

/** Octets of a message that come along in a batch. */
export function inlineLength(message: MemoryMessage, request: FetchRequest): number {
  return inlineValues(message, request).reduce((sum, value) => sum + value.length, 0);
}

/** Every column, and the sections that are short enough. */
function inlineValues(message: MemoryMessage, request: FetchRequest): Bytes[] {
  return values(message, request).filter((value, i): value is Bytes => {
    if (typeof value === "number") return false;
    const section = request.sections[i - request.bytes.length];
    return section === undefined || (section.what !== "binarySize" && value.length <= maxInlineBytes);
  });
}

/** The answer for these messages. */
export function fetchBatch(messages: readonly MemoryMessage[], request: FetchRequest): FetchBatch {
  const all = messages.map((message) => values(message, request));
  const numbers = (wanted: boolean, of: (message: MemoryMessage) => number) =>
    wanted ? Float64Array.from(messages, of) : null;
  const asks = (column: FetchRequest["numbers"][number]) => request.numbers.includes(column);
  return {
    uids: Uint32Array.from(messages, (message) => message.uid),
    flags: asks("flags") ? flagColumns(messages) : null,
    sizes: numbers(asks("size"), (message) => sizeOf(message.email)),
    internalDates: numbers(asks("internalDate"), (message) => message.internalDate),
    saveDates: numbers(asks("saveDate"), (message) => message.saveDate),
    emailIds: asks("emailId") ? messages.map((message) => message.email.emailId) : null,
    threadIds: asks("threadId") ? messages.map((message) => message.email.threadId) : null,
    lengths: Float64Array.from(all.flat(), (value) => typeof value === "number" ? value : value.length),
    values: concat(messages.flatMap((message) => inlineValues(message, request))),
  };
}
