/**
 * What a delivery status notification tells machines: the fields for the message, then those for each recipient.
 * RFC 3464 2, RFC 6533 4.1
 *
 * Values are plain; `dsn_print.ts` writes them, `dsn_parse.ts` reads what others write.
 *
 * Tested by `src/message/dsn_print_test.ts`
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { TypedAddress } from "./dsn_address.ts";

/** What became of the message for one recipient. RFC 3464 2.3.3 */
export const dsnActions = ["failed", "delayed", "delivered", "relayed", "expanded"] as const;
export type DsnAction = typeof dsnActions[number];

/** A mail server's name. RFC 3464 2.1.2 (c) */
export interface MtaName {
  /** `dns` for a domain. In lower case. */
  readonly type: string;
  readonly name: string;
  /** Its IP address as text, which stands in a comment; null if it is not known. */
  readonly address: string | null;
}

/** What a server said. */
export interface Diagnostic {
  /** `smtp` for SMTP's replies. In lower case. */
  readonly type: string;
  /** Lines of a reply, with their codes, joined by LF. RFC 3461 9.2 */
  readonly text: string;
}

/** The fields for one recipient, as others write them: what should be there may be missing. RFC 3464 2.3 */
export interface ReadRecipient {
  /** As the sender wrote it; only if the envelope had it (ORCPT). */
  readonly originalRecipient: TypedAddress | null;
  readonly finalRecipient: TypedAddress | null;
  readonly action: DsnAction | null;
  /** As `5.1.1`. RFC 3463 */
  readonly status: string | null;
  /** Whom the status is from, if not from the reporting server itself. */
  readonly remoteMta: MtaName | null;
  readonly diagnostic: Diagnostic | null;
  readonly lastAttemptDate: Millis | null;
  readonly finalLogId: string | null;
  /** Only of what is delayed. */
  readonly willRetryUntil: Millis | null;
}

/** The fields for one recipient, as we write them. */
export interface DsnRecipient extends ReadRecipient {
  readonly finalRecipient: TypedAddress;
  readonly action: DsnAction;
  readonly status: string;
}

/** The fields for the message. RFC 3464 2.2 */
export interface DsnMessageFields {
  /** ENVID, decoded; only if the envelope had it. RFC 3461 6.3 (a) */
  readonly originalEnvelopeId: string | null;
  readonly reportingMta: MtaName | null;
  readonly dsnGateway: MtaName | null;
  /** Whom the message came from: the name in EHLO, and the address. */
  readonly receivedFromMta: MtaName | null;
  readonly arrivalDate: Millis | null;
  /** When the message was to be sent, as `for;3600` or `until;2026-01-02T03:04:05Z`. RFC 4865 */
  readonly futureRelease: string | null;
}

/** A whole status, as others write it. */
export interface ReadStatus extends DsnMessageFields {
  readonly recipients: readonly ReadRecipient[];
}

/** A whole status, as we write it. */
export interface DeliveryStatus extends DsnMessageFields {
  readonly reportingMta: MtaName;
  /** At least one. */
  readonly recipients: readonly DsnRecipient[];
}

/** `class.subject.detail`, no zeros in front. RFC 3464 2.3.4 */
export const statusCode = /^[245]\.(?:0|[1-9]\d{0,2})\.(?:0|[1-9]\d{0,2})$/;

/**
 * The status of a reply: its enhanced code if that is of the reply's class, else the class alone. RFC 3461 6.3 (g)
 *
 * @param code 200 to 599.
 */
export function statusOfReply(code: number, enhanced: string | null): string {
  const kind = Math.floor(code / 100);
  if (enhanced !== null && statusCode.test(enhanced) && enhanced.startsWith(`${kind}.`)) return enhanced;
  return kind === 2 || kind === 4 ? `${kind}.0.0` : "5.0.0";
}
