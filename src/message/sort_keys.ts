/**
 * What SORT and THREAD compare of a message, worked out once when it comes: all of it prepared for i;unicode-casemap. RFC
 * 5256 3, RFC 5957 3, RFC 5051
 *
 * @module
 */
import { displayName, type RawMailbox } from "./address_list.ts";
import { casemap } from "./casemap.ts";
import { readEnvelopeStart } from "./envelope.ts";
import { decodeWords } from "./encoded_word.ts";
import { baseSubject } from "./subject.ts";

/** Longer addresses and names are cut: they are compared, not shown. */
export const maxSortText = 1000;

/** Keys of one message; empty where the field is missing, which sorts before all else. RFC 5256 3 */
export interface SortKeys {
  /** The base subject. RFC 5256 2.1 */
  readonly subject: string;
  /** Whether the subject says that it answers or forwards. RFC 5256 3 (REFERENCES) */
  readonly isReply: boolean;
  /** The local-part of the first address. */
  readonly from: string;
  readonly to: string;
  readonly cc: string;
  /** The name of the first address, or else the address. RFC 5957 3 */
  readonly displayFrom: string;
  readonly displayTo: string;
}

/**
 * Makes the keys.
 *
 * @param subject Decoded.
 * @param envelope The value of ENVELOPE: SORT is defined by its members.
 */
export function sortKeys(subject: string, envelope: Uint8Array): SortKeys {
  const { base, isReply } = baseSubject(subject);
  const { from, to, cc } = readEnvelopeStart(envelope);
  return {
    subject: casemap(base),
    isReply,
    from: localpart(from),
    to: localpart(to),
    cc: localpart(cc),
    displayFrom: display(from),
    displayTo: display(to),
  };
}

/** `addr-mailbox` */
function localpart(mailbox: RawMailbox | null): string {
  return mailbox === null ? "" : casemap(decodeWords(mailbox.local.slice(0, maxSortText)));
}

/** RFC 5957 3 */
function display(mailbox: RawMailbox | null): string {
  if (mailbox === null) return "";
  const name = displayName({ ...mailbox, name: mailbox.name?.slice(0, maxSortText) ?? null });
  if (name !== null && name !== "") return casemap(name);
  const { local, domain } = mailbox;
  return casemap(decodeWords(`${local}${domain === "" ? "" : `@${domain}`}`.slice(0, maxSortText)));
}
