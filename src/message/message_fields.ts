/**
 * What the header of a message says of the message: its envelope, and its index entries. RFC 5322 3.6
 *
 * Of a field that must come once and comes again, the first counts, and the rest is reported.
 *
 * Tested by `src/message/indexer_test.ts`.
 *
 * @module
 */
import { printMailbox } from "../address/mailbox.ts";
import {
  type AddressEntry,
  mailboxAddress,
  mailboxText,
  parseAddressList,
  type RawMailbox,
} from "./address_list.ts";
import { parseDate } from "./date.ts";
import { decodeWords } from "./encoded_word.ts";
import { entityFields, type FieldIndex, type Report } from "./entity_header.ts";
import type { EnvelopeFields } from "./imap_value.ts";
import { firstMessageId, messageIds } from "./message_id.ts";
import type { MessageIndex } from "./message_index.ts";
import { baseSubject, maxSubjectLength } from "./subject.ts";

/** Fields of which there may be one. RFC 5322 3.6 */
const singleFields = [
  "date",
  "subject",
  "from",
  "sender",
  "reply-to",
  "to",
  "cc",
  "bcc",
  "in-reply-to",
  "message-id",
  "references",
] as const;

/** All fields that indexing looks at, in lower case. */
export const messageFields: ReadonlySet<string> = new Set([...singleFields, ...entityFields, "received"]);

/** How many more addresses an index may hold; shared by all messages in a message. */
export interface AddressBudget {
  left: number;
}

/** Reads the fields of ENVELOPE. */
export function readEnvelope(fields: FieldIndex, budget: AddressBudget, report: Report): EnvelopeFields {
  for (const name of singleFields) if (fields.count(name) > 1) report(`more than one ${name} field`);
  const addresses = (name: string): readonly AddressEntry[] => {
    const raw = fields.get(name);
    if (raw === null) return [];
    const { entries, truncated } = parseAddressList(raw, budget.left);
    budget.left -= entries.length > budget.left ? budget.left : entries.length;
    if (truncated) report("more addresses than are indexed");
    return entries;
  };
  return {
    date: fields.get("date"),
    subject: fields.get("subject"),
    from: addresses("from"),
    sender: addresses("sender"),
    replyTo: addresses("reply-to"),
    to: addresses("to"),
    cc: addresses("cc"),
    bcc: addresses("bcc"),
    inReplyTo: fields.get("in-reply-to"),
    messageId: fields.get("message-id"),
  };
}

/** What an index takes from the header of its message. */
export type MessageSummary = Pick<
  MessageIndex,
  | "subject"
  | "baseSubject"
  | "isReply"
  | "date"
  | "from"
  | "to"
  | "cc"
  | "bcc"
  | "fromAddress"
  | "messageId"
  | "references"
  | "receivedCount"
>;

/** Reads the rest of the fields, and makes text of all. */
export function summarize(fields: FieldIndex, envelope: EnvelopeFields, report: Report): MessageSummary {
  const subject = decodeWords((envelope.subject ?? "").slice(0, maxSubjectLength)).replaceAll("\0", "");
  const { base, isReply } = baseSubject(subject);
  const date = envelope.date === null ? null : parseDate(envelope.date);
  if (envelope.date !== null && date === null) report("unreadable date");
  const [author, another] = envelope.from.filter(isMailbox);
  const address = author === undefined ? null : mailboxAddress(author);
  const hasOneAuthor = another === undefined && fields.count("from") === 1;
  return {
    subject,
    // Compared without regard to case wherever it is used. RFC 5256 2.1, 3
    baseSubject: base.toLowerCase(),
    isReply,
    date,
    from: author !== undefined && another === undefined
      ? mailboxText(author, address)
      : addressTexts(envelope.from),
    to: addressTexts(envelope.to),
    cc: addressTexts(envelope.cc),
    bcc: addressTexts(envelope.bcc),
    fromAddress: address !== null && hasOneAuthor ? printMailbox(address) : null,
    messageId: envelope.messageId === null ? null : firstMessageId(envelope.messageId),
    references: readReferences(fields, envelope),
    receivedCount: fields.count("received"),
  };
}

/** RFC 5256 3: without valid References, the first identifier of In-Reply-To is the parent. */
function readReferences(fields: FieldIndex, envelope: EnvelopeFields): readonly string[] {
  const references = messageIds(fields.get("references") ?? "");
  if (references.length > 0 || envelope.inReplyTo === null) return references;
  const parent = firstMessageId(envelope.inReplyTo);
  return parent === null ? [] : [parent];
}

function addressTexts(entries: readonly AddressEntry[]): string {
  const only = entries.length === 1 ? entries[0] : undefined;
  if (only?.kind === "mailbox") return mailboxText(only);
  return entries.filter(isMailbox).map((each) => mailboxText(each)).join(", ");
}

function isMailbox(entry: AddressEntry): entry is RawMailbox {
  return entry.kind === "mailbox";
}
