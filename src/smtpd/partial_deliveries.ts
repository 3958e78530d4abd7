/**
 * Messages from elsewhere that some of their recipients got and others did not. (What users send waits in the queue for
 * those who cannot have it yet.)
 *
 * SMTP has one reply for all recipients of a message. A 250 would lose mail without a word, and a 4xx alone would have the
 * sender deliver again and again to those who have it. So the reply is 451, with a line for each recipient, and
 * who has got it is remembered here: when the message comes again it goes to the others only. Whether it is the same one
 * the store decides, by its SHA-256: two reports of a program may differ in the last digit only. Nothing is lost; after a
 * restart of ours someone may get a second copy.
 *
 * Of those who did not get it, some cannot for now, such as with a full mailbox: they get it when it comes again. The others
 * went away between RCPT and the message, since whatever else refuses for good does so for the whole message. These RCPT
 * refuses when it comes again, with 550, alone: the sender's own server tells its author at once, and whoever has it is not
 * mentioned.
 *
 * The reference says 250 and sends a bounce for the rest, as RFC 5321 6.1 has it; to senders that nobody has verified, that
 * is how strangers are sent what they never wrote.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Address } from "../address/address.ts";
import { addressKey } from "../address/mailbox.ts";
import type { Millis } from "../base/clock.ts";
import type { Incoming, IncomingRecipient } from "../delivery/deliver.ts";
import type { MessageIndex } from "../message/message_index.ts";

/** How long a sender may try; nearly all give up earlier. RFC 5321 4.5.4.1 */
export const keptMs = 6 * 24 * 3_600_000;
/** Recipients remembered; the oldest are forgotten first. */
export const maxKept = 10_000;

/** Who has got which message already. */
export class PartialDeliveries {
  /** When each was delivered, and its body's SHA-256; oldest first. */
  readonly #done = new Map<string, { readonly at: Millis; readonly body: string }>();

  /** Whether nothing is remembered: the usual case, which costs nothing. */
  get empty(): boolean {
    return this.#done.size === 0;
  }

  /** @param body Its SHA-256. */
  add(from: Address | null, to: Address, index: MessageIndex, body: string, now: Millis): void {
    this.#sweep(now);
    const key = keyOf(from, to, index);
    this.#done.delete(key); // So that it is the newest.
    this.#done.set(key, { at: now, body });
    if (this.#done.size <= maxKept) return;
    for (const oldest of this.#done.keys()) {
      this.#done.delete(oldest);
      return;
    }
  }

  /** The recipients, and of each what it has got that looks like this message: only the store knows whether it is. */
  marked(
    recipients: readonly IncomingRecipient[],
    from: Address | null,
    index: MessageIndex,
    now: Millis,
  ): readonly IncomingRecipient[] {
    this.#sweep(now);
    if (this.empty) return recipients;
    return recipients.map((recipient) => {
      const done = this.#done.get(keyOf(from, recipient.address, index));
      return done === undefined ? recipient : { ...recipient, got: done.body };
    });
  }

  /** All recipients have it: when it comes once more, somebody has sent it once more. */
  over({ from, recipients, index }: Pick<Incoming, "from" | "recipients" | "index">): void {
    for (const { address, got } of recipients) {
      if (got !== undefined) this.#done.delete(keyOf(from, address, index));
    }
  }

  #sweep(now: Millis): void {
    for (const [key, { at }] of this.#done) {
      if (now - at < keptMs) return;
      this.#done.delete(key);
    }
  }
}

/** The same message, as far as its index can tell: header, structure, size and first words. */
function keyOf(from: Address | null, to: Address, index: MessageIndex): string {
  const hash = createHash("sha256");
  for (
    const text of [from === null ? "" : addressKey(from), addressKey(to), String(index.size), index.preview]
  ) {
    hash.update(text).update("\0");
  }
  return hash.update(index.envelope).update("\0").update(index.bodyStructure).digest("base64");
}
