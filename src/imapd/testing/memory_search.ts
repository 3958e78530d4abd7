/**
 * Whether a message matches a search key, for the twin. RFC 9051 6.4.4
 *
 * Texts are compared without regard to case, as substrings. Header fields are unfolded and their encoded words decoded;
 * of the body, all text parts count, those of nested messages too, decoded, HTML as its words; TEXT also looks at the headers of parts and of
 * nested messages. Dates count in UTC; a Date field
 * counts by the day that its writer saw (RFC 9051 6.4.4 SENTON: disregarding time and zone).
 *
 * Tested by `src/imapd/testing/memory_mail_test.ts`.
 *
 * @module
 */
import { type Bytes, concat } from "../../base/bytes.ts";
import { flagBits } from "../../imap/flags.ts";
import type { DateField, SearchKey } from "../../imap/search_key.ts";
import { casemap } from "../../message/casemap.ts";
import { decodeCharset } from "../../message/charset.ts";
import { headerFields, headerText } from "../../message/headers.ts";
import { searchedHtml } from "../../message/html_text.ts";
import type { Part } from "../../message/message_index.ts";
import { sizeOf } from "./memory_columns.ts";
import type { MemoryMessage } from "./memory_message.ts";
import { decoded } from "./memory_sections.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** @param now Milliseconds since 1970. */
export function matches(key: SearchKey, message: MemoryMessage, now: number, fuzzy = false): boolean {
  switch (key.key) {
    case "all":
    case "saveDateSupported":
      return true;
    case "and":
      return key.keys.every((each) => matches(each, message, now, fuzzy));
    case "or":
      return matches(key.left, message, now, fuzzy) || matches(key.right, message, now, fuzzy);
    case "not":
      return !matches(key.inner, message, now, fuzzy);
    case "uids":
      return key.set.some((first, i) =>
        i % 2 === 0 && first <= message.uid && message.uid <= (key.set[i + 1] ?? 0)
      );
    case "fuzzy":
      return matches(key.inner, message, now, true);
    case "sequence":
    case "recent":
      throw new TypeError(`${key.key} belongs to a session`);
    case "flag": {
      const bit = flagBits[key.flag];
      return bit === undefined
        ? message.keywords.includes(key.flag.toLowerCase())
        : (message.bits & bit) !== 0;
    }
    case "header": {
      const values = messageFields(message).filter((field) => field.name === key.field.toLowerCase())
        .map((field) => casemap(field.value));
      return needles(key.text, fuzzy).every((needle) => values.some((value) => value.includes(needle)));
    }
    case "body": {
      if (key.text === "") return true; // RFC 9051 6.4.4
      const values = texts(message).map(casemap);
      return needles(key.text, fuzzy).every((needle) => values.some((value) => value.includes(needle)));
    }
    case "text": {
      if (key.text === "") return true;
      const fields = [...messageFields(message), ...partFields(message)];
      const values = [...fields.map((field) => `${field.name}: ${field.value}`), ...texts(message)].map(
        casemap,
      );
      return needles(key.text, fuzzy).every((needle) => values.some((value) => value.includes(needle)));
    }
    case "larger":
      return sizeOf(message.email) > key.octets;
    case "smaller":
      return sizeOf(message.email) < key.octets;
    case "date": {
      const day = dayOf(message, key.of);
      if (day === null) return false;
      return key.is === "before" ? day < key.day : key.is === "on" ? day === key.day : day >= key.day;
    }
    case "within":
      return (message.internalDate >= now - key.seconds * 1000) === (key.is === "younger");
    case "modseq":
      return message.modseq >= key.atLeast;
    case "emailId":
      return message.email.emailId === key.id;
    case "threadId":
      return message.email.threadId === key.id;
  }
}

/** What is looked for, as RFC 5255 4.2 compares it: one text, or with FUZZY (RFC 6203 3) its words. */
function needles(wanted: string, fuzzy: boolean): readonly string[] {
  const text = casemap(wanted);
  return fuzzy ? text.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [text] : [text];
}

function dayOf(message: MemoryMessage, of: DateField): number | null {
  if (of === "internal") return Math.floor(message.internalDate / dayMs);
  if (of === "saved") return Math.floor(message.saveDate / dayMs);
  const value = messageFields(message).find((field) => field.name === "date")?.value ?? "";
  const match = /(\d{1,2})\s+([A-Za-z]{3})\s+(\d{4})/.exec(value);
  if (match === null) return null;
  const time = Date.parse(`${match[1]} ${match[2]} ${match[3]} 00:00:00 GMT`);
  return Number.isNaN(time) ? null : time / dayMs;
}

interface Field {
  /** Lower case. */
  readonly name: string;
  readonly value: string;
}

/** Of the message itself. */
function messageFields(message: MemoryMessage): Field[] {
  const { prefix, body, index } = message.email;
  return fieldsOf(concat([prefix, body.subarray(index.root.headerStart, index.root.bodyStart)]));
}

/** Of its parts and of the messages in it. RFC 9051 6.4.4 (TEXT) */
function partFields(message: MemoryMessage): Field[] {
  const { body, index } = message.email;
  const below = (part: Part): Field[] =>
    part.children.flatMap((child) => [
      ...fieldsOf(body.subarray(child.headerStart, child.bodyStart)),
      ...(child.fileName === null ? [] : [{ name: "filename", value: child.fileName }]),
      ...below(child),
    ]);
  return below(index.root);
}

function fieldsOf(header: Bytes): Field[] {
  return [...headerFields(header)].map(({ name, value }) => ({
    name: name.toLowerCase(),
    value: headerText(value),
  }));
}

function texts(message: MemoryMessage): string[] {
  const found: string[] = [];
  const visit = (part: Part) => {
    for (const child of part.children) visit(child);
    if (part.type !== "text") return;
    const bytes = decoded(message.email.body.slice(part.bodyStart, part.bodyEnd), part);
    if (bytes === -2) return;
    const text = decodeCharset(bytes, part.charset);
    found.push(part.subtype === "html" ? searchedHtml(text) : text);
  };
  visit(message.email.index.root);
  return found;
}
