/**
 * What this server puts in front of a message. RFC 5321 4.4, RFC 6409 8
 *
 * @module
 */
import { base64Url, briefUtf8, type Bytes, fromLatin1, utf8 } from "../base/bytes.ts";
import type { IncomingRecipient } from "../delivery/deliver.ts";
import type { MessageIndex } from "../message/message_index.ts";
import type { Recipient } from "../smtp/recipients.ts";
import { type Hop, printDate, printDeliveredTo, printReceived, printReturnPath } from "../smtp/trace.ts";
import type { Address } from "../address/address.ts";
import { type AddressForm, needsSmtpUtf8 } from "../address/mailbox.ts";
import type { Body, Indexing } from "../delivery/body_intake.ts";

/**
 * Each recipient's copy with its trace fields.
 *
 * @param found Fields about what was found out of the message, each with CRLF: above Received, whose time they are of.
 * @param added Fields that the message lacked, each with CRLF.
 */
export function withPrefixes(
  recipients: readonly Recipient[],
  from: Address | null,
  hop: Hop,
  found: string,
  added: string,
): IncomingRecipient[] {
  const returnPath = printReturnPath(from, hop.protocol);
  // Several recipients of a user's message may be hidden from each other (Bcc), and share its Received.
  const shared = hop.from === null && recipients.length > 1 ? printReceived(hop, null) : null;
  return recipients.map(({ address, notify, orcpt }) => {
    const received = shared ?? printReceived(hop, address, formOf(address, hop));
    const prefix = printDeliveredTo(address, hop.protocol) + returnPath + found + received + added;
    const asked = notify === null && orcpt === null ? {} : { asked: { notify, orcpt } };
    return { address, prefix: briefUtf8(prefix), ...asked };
  });
}

/** Where a message leaves this server, no more of it needs SMTPUTF8 than must. RFC 6531 3.6 */
function formOf(recipient: Address, { from, protocol }: Hop): AddressForm {
  return from === null ? { utf8: needsSmtpUtf8(recipient) } : protocol;
}

/** Fields that a user's program left to us. RFC 6409 8.2, 8.3 */
export function missingFields(body: Body, hop: Hop, random: Bytes): string {
  const { messageId, date } = body.index;
  let fields = "";
  if (messageId === null && !hasField(body, "message-id")) {
    fields += `Message-Id: <${base64Url(random)}@${hop.by.hostname}>\r\n`;
  }
  if (date === null && !hasField(body, "date")) fields += `Date: ${printDate(hop.at)}\r\n`;
  return fields;
}

/** Whether there is such a field at all: one that cannot be read is not joined by another. */
function hasField(body: Body, name: string): boolean {
  const header = fromLatin1(body.head.subarray(0, body.index.root.bodyStart));
  return new RegExp(`^${name}[ \\t]*:`, "im").test(header);
}

/** The index of a message as it is with fields put in front: what is told of its header must know them. */
export function indexWith(body: Body, added: string, indexer: Indexing): MessageIndex {
  const { index, head } = body;
  indexer.write(utf8(added));
  indexer.write(head.subarray(0, index.root.bodyStart));
  const { envelope, messageId, date } = indexer.end();
  return { ...index, envelope, messageId, date };
}
