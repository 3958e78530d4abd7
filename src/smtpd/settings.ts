/**
 * What a listener for SMTP is told: its kind, what it offers, and every limit that the network can push against.
 *
 * Tested by `serve_test.ts`, and by the transcripts.
 *
 * @module
 */
import { type Mechanism, mechanisms } from "../accounts/authenticator.ts";
import { MiB } from "../base/bytes.ts";

/** Limits of a connection; counts, octets and milliseconds. */
export interface SmtpLimits {
  /** Octets of a message, also announced with SIZE. RFC 1870 */
  readonly maxMessageBytes: number;
  /** Recipients of one transaction; announced with LIMITS. */
  readonly maxRecipients: number;
  /** Octets of a command line with its CRLF. RFC 5321 4.5.3.1.4 asks for 512, and more for extensions. */
  readonly maxCommandLine: number;
  /** Received fields of a message that is going in circles. RFC 5321 6.3 */
  readonly maxReceived: number;
  /** Refused commands since the last message taken. */
  readonly maxErrors: number;
  /** Words that are no command, since the last message taken. */
  readonly maxUnknownCommands: number;
  /** Commands that move no mail, since the last message taken. */
  readonly maxIdleCommands: number;
  /** Transactions that came to nothing while none has come to anything. */
  readonly maxBadTransactions: number;
  /** Failed attempts to sign in. */
  readonly maxAuthFailures: number;
  /** For how long the peer may send nothing. */
  readonly readTimeoutMs: number;
  /** For how long the peer may take nothing. */
  readonly writeTimeoutMs: number;
  /** From the first octet of a command line to its end. */
  readonly commandTimeoutMs: number;
  /** From DATA, or the first BDAT, to the end of the message. */
  readonly dataTimeoutMs: number;
}

export const defaultLimits: SmtpLimits = {
  maxMessageBytes: 100 * MiB,
  maxRecipients: 1000,
  maxCommandLine: 2048,
  maxReceived: 100,
  maxErrors: 20,
  maxUnknownCommands: 10,
  maxIdleCommands: 100,
  maxBadTransactions: 10,
  maxAuthFailures: 10,
  readTimeoutMs: 30_000,
  writeTimeoutMs: 30_000,
  commandTimeoutMs: 60_000,
  dataTimeoutMs: 30 * 60_000,
};

/** A listener. */
export interface SmtpSettings {
  /** `delivery`: other servers (port 25). The others: this server's users, the last with TLS from the first byte. */
  readonly kind: "delivery" | "submission" | "submissions";
  /** The server's name in ASCII. */
  readonly hostname: string;
  /** Whether STARTTLS can be offered: there is a certificate. */
  readonly startTls: boolean;
  /** Offer REQUIRETLS where there is TLS. RFC 8689 */
  readonly requireTls: boolean;
  /** Offered with AUTH on submission, in this order. */
  readonly mechanisms: readonly Mechanism[];
  /** Take passwords (PLAIN, LOGIN) without TLS; only for listeners that are reached on this machine alone. */
  readonly plainWithoutTls: boolean;
  /** localserve: make failures on request (`faults.ts`). */
  readonly faults: boolean;
  readonly limits: SmtpLimits;
}

/** Everything but the kind and the name has a default. */
export function smtpSettings(
  given: Pick<SmtpSettings, "kind" | "hostname"> & Partial<Omit<SmtpSettings, "limits">> & {
    readonly limits?: Partial<SmtpLimits>;
  },
): SmtpSettings {
  return {
    startTls: false,
    requireTls: true,
    mechanisms,
    plainWithoutTls: false,
    faults: false,
    ...given,
    limits: { ...defaultLimits, ...given.limits },
  };
}
