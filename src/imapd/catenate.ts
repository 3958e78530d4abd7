/**
 * Parts of a message that stand in others: URLs of CATENATE. RFC 4469 3, RFC 5092
 *
 * Only what is in the signed-in account can be named; nothing is ever asked of another server. A few octets of a URL can stand
 * for a message of any size, so what one command may take in this way is limited.
 *
 * Tested by `src/imapd/transcripts_test.ts` and `src/imapd/catenate_test.ts`.
 *
 * @module
 */
import {
  type FetchBatch,
  type Mail,
  type MailboxInfo,
  maxInlineBytes,
  type Section,
} from "../accounts/mail.ts";
import { type Bytes, concat, MiB } from "../base/bytes.ts";
import { parseImapUrl } from "../imap/imap_url.ts";
import { maxHeaderBytes } from "./fetch.ts";
import { sectionOf, type Subset, subsetOf } from "./fetch_plan.ts";
import { type Completion, no, refusal } from "./replies.ts";

/** Octets that all URLs of one command may stand for. */
export const maxCatenatedBytes = 256 * MiB;

const damaged = -3;

/** The URLs of one command. */
export class UrlReader {
  readonly #mail: Mail;
  /** Of the selected mailbox, or null. */
  readonly #selected: number | null;
  #mailboxes: readonly MailboxInfo[] | null = null;
  #taken = 0;

  constructor(mail: Mail, selected: number | null) {
    this.#mail = mail;
    this.#selected = selected;
  }

  /** Hands on what a URL stands for; an answer if that is nothing, or too much. @throws {Refused} */
  async read(url: string, write: (bytes: Bytes) => Promise<void>): Promise<Completion | null> {
    const bad = no({ code: "BADURL", url }, "no such message or part");
    this.#mailboxes ??= (await this.#mail.list({})).mailboxes;
    const selected = this.#mailboxes.find((each) => each.id === this.#selected) ?? null;
    const parsed = parseImapUrl(url, selected?.name ?? null);
    const mailbox = this.#mailboxes.find((each) => each.name === parsed?.mailbox);
    if (parsed === null || mailbox === undefined) return bad;
    if (parsed.uidValidity !== null && parsed.uidValidity !== mailbox.uidValidity) return bad;
    const place = { mailbox: mailbox.id, uid: parsed.uid, section: sectionOf(parsed.section) };
    const batch = await this.#look(place);
    const length = batch?.lengths[0] ?? -1;
    if (length === damaged) return refusal("damaged");
    if (batch === null || length < 0) return bad;
    this.#taken += length;
    if (this.#taken > maxCatenatedBytes) return no("TOOBIG", "the parts are too large together"); // RFC 4469 4.2
    const subset = subsetOf(parsed.section);
    if (subset !== null) await write(await this.#subset(batch, place, subset));
    else if (length <= maxInlineBytes) await write(batch.values);
    else for await (const piece of this.#mail.read(place)) await write(piece);
    return null;
  }

  /** The section's length, and its octets if they are few; null if there is no such message. */
  async #look(place: Place): Promise<FetchBatch | null> {
    const request = {
      mailbox: place.mailbox,
      uids: [place.uid, place.uid],
      numbers: [],
      bytes: [],
      sections: [place.section],
      changedSince: null,
    };
    for await (const batch of this.#mail.fetch(request)) if (batch.uids.length > 0) return batch;
    return null;
  }

  /** Some of a header's fields, as FETCH gives them. */
  async #subset(batch: FetchBatch, place: Place, subset: Subset): Promise<Bytes> {
    if ((batch.lengths[0] ?? 0) <= maxInlineBytes) return subset(batch.values);
    const pieces: Bytes[] = [];
    let length = 0;
    for await (const piece of this.#mail.read(place)) {
      pieces.push(piece);
      length += piece.length;
      if (length >= maxHeaderBytes) break;
    }
    return subset(concat(pieces).subarray(0, maxHeaderBytes));
  }
}

interface Place {
  readonly mailbox: number;
  readonly uid: number;
  readonly section: Section;
}
