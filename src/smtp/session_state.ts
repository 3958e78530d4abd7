/**
 * What a server's session knows, what can happen to it, and what it asks the edge to do. Types alone, and the
 * limits that belong to them; {@link step} of `session.ts` works on them.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import type { Bytes } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import type { Bdat } from "./bdat.ts";
import type { Command, Verb } from "./command.ts";
import type { Ret } from "./dsn_parameters.ts";
import type { Hold, Mail } from "./mail.ts";
import type { Rcpt } from "./rcpt.ts";
import type { Recipients } from "./recipients.ts";
import type { Reply } from "./reply.ts";

/** What does not change during a session. */
export interface Rules {
  /** In ASCII, as the greeting and EHLO say it. */
  readonly hostname: string;
  /** The connection's opaque id, which ends every error text: with it the log can be searched. */
  readonly id: string;
  /** For this server's users, who must sign in (RFC 6409); else for other servers. */
  readonly submission: boolean;
  /** Whether there is a certificate to offer. */
  readonly startTls: boolean;
  /** Whether REQUIRETLS is offered, on connections with TLS. RFC 8689 */
  readonly requireTls: boolean;
  /** Offered with AUTH, in this order. */
  readonly mechanisms: readonly string[];
  /** Whether a password may come without TLS (PLAIN, LOGIN). */
  readonly plainWithoutTls: boolean;
  /** Octets of a message. RFC 1870 */
  readonly maxMessageBytes: number;
  /** Recipients of a transaction; at least 100 by RFC 5321 4.5.3.1.8. */
  readonly maxRecipients: number;
  /** Refused commands, since the last message that was taken, until the connection is closed. */
  readonly maxErrors: number;
  /** Likewise, of words that are no command. */
  readonly maxUnknownCommands: number;
  /** Commands that move no mail (NOOP, RSET, VRFY, EHLO ...), since the last message that was taken. */
  readonly maxIdleCommands: number;
  /** Transactions that came to nothing, while none has come to anything. */
  readonly maxBadTransactions: number;
  /** Failed attempts to sign in until the connection is closed. */
  readonly maxAuthFailures: number;
}

/** How far ahead a message can be held. RFC 4865; as the reference: 60 days. */
export const maxHoldSeconds = 5_184_000;
/** So many failures to sign in are free of delay beyond the first second; then the connection becomes slow. */
export const freeAuthFailures = 3;
/** A wait before refusing what only a guesser or a stranger to SMTP sends. */
export const refusalWaitMs = 1000;
/** A wait before telling that an address does not exist. */
export const unknownAddressWaitMs = 5000;

export type Phase = "connected" | "ready" | "mail" | "rcpt" | "chunks";

/** A message on its way in. */
export interface Transaction {
  readonly from: Address | null;
  readonly smtpUtf8: boolean;
  readonly hold: Hold | null;
  /** As in {@link Mail}. */
  readonly ret: Ret | null;
  readonly envid: string | null;
  readonly requireTls: boolean;
  readonly recipients: Recipients;
  /** Recipients that were told to come in another transaction. */
  readonly declined: number;
  /** Octets of BDAT chunks so far. */
  readonly chunkBytes: number;
}

export interface Session {
  readonly rules: Rules;
  readonly phase: Phase;
  readonly secure: boolean;
  readonly certificate: boolean;
  /** EHLO rather than HELO. */
  readonly extended: boolean;
  /** The client's name; empty if it gave none that will do. */
  readonly helo: string;
  /** The account that signed in. */
  readonly account: string | null;
  readonly transaction: Transaction | null;
  readonly counts: Counts;
}

export interface Counts {
  readonly commands: number;
  readonly errors: number;
  readonly unknown: number;
  readonly idle: number;
  readonly good: number;
  readonly bad: number;
  readonly authFailures: number;
}

/** What becomes of mail for an address. */
export type Judgement =
  | { readonly kind: "local" }
  /**
   * Delivery takes it and refuses after the message, as the reference does: who tries out addresses learns
   * little and slowly. Beside a known recipient there is no such way, since one reply cannot speak for both
   * and nothing can be bounced yet: then it is refused at once.
   */
  | { readonly kind: "unknownAddress" }
  /** Not ours: refused to strangers, and sent on for users. */
  | { readonly kind: "unknownDomain" }
  /** Nor anybody else's: the DNS says for certain that there is no such domain. */
  | { readonly kind: "noSuchDomain" }
  /** The domain says that it takes no mail. RFC 7505 */
  | { readonly kind: "nullMx" }
  | { readonly kind: "disabled" }
  | { readonly kind: "refused"; readonly code: number; readonly text: string };

/** What was wrong with a line that is no command. */
export type LineFault = "tooLong" | "lineEnd" | "text" | "unknown" | "http" | "syntax" | "parameter";

/** Somebody who proved who they are. */
export interface SignedIn {
  readonly account: string;
  readonly capability: string;
  /** The server's last word, if the mechanism has one. */
  readonly final: Bytes | null;
}

/** What a line of an AUTH exchange belongs to: the exchange, or the success that the client only has to take note of. */
export type AuthTurn = { readonly exchange: string } | { readonly success: SignedIn };

/** What can happen to a session. */
export type Event =
  | { readonly kind: "command"; readonly command: Command; readonly now: Millis }
  /** `verb` if the line began with one. */
  | { readonly kind: "badLine"; readonly fault: LineFault; readonly verb: Verb | null }
  | { readonly kind: "secured"; readonly certificate: boolean }
  | { readonly kind: "senderChecked"; readonly mail: Mail; readonly allowed: boolean }
  | { readonly kind: "resolved"; readonly rcpt: Rcpt; readonly judgement: Judgement }
  /** Whom we asked cannot answer, or something of ours refuses the command. */
  | { readonly kind: "refused"; readonly reply: Reply }
  | { readonly kind: "challenged"; readonly exchange: string; readonly challenge: Bytes }
  | { readonly kind: "signedIn"; readonly success: SignedIn }
  | { readonly kind: "notSignedIn"; readonly reply: Reply; readonly guessed: boolean }
  /** `response`: null for `*`. */
  | {
    readonly kind: "authLine";
    readonly turn: AuthTurn;
    readonly response: Bytes | null | "malformed" | "tooLong";
  }
  /** A message is there, or a chunk of one that is not the last. */
  | {
    readonly kind: "received";
    readonly chunk: Bdat | null;
    readonly reply: Reply | null;
    readonly suspicious: boolean;
  };

/** What the edge must then do, in this order. */
export type Action =
  | { readonly kind: "reply"; readonly reply: Reply }
  | { readonly kind: "wait"; readonly ms: number }
  /** Will this sender do, and may the account use it? Comes back as `senderChecked` or `refused`. */
  | { readonly kind: "checkSender"; readonly mail: Mail }
  /** What becomes of mail for this address? Comes back as `resolved`. */
  | { readonly kind: "resolve"; readonly rcpt: Rcpt }
  /** Comes back as `challenged`, `signedIn` or `notSignedIn`. */
  | { readonly kind: "authenticate"; readonly mechanism: string; readonly initial: Bytes | null }
  | { readonly kind: "continueAuth"; readonly exchange: string; readonly response: Bytes }
  | { readonly kind: "cancelAuth"; readonly turn: AuthTurn }
  /** Comes back as `authLine`. */
  | { readonly kind: "readAuthLine"; readonly turn: AuthTurn }
  /** From here on the connection is this account's. */
  | { readonly kind: "use"; readonly success: SignedIn }
  /** The handshake. Comes back as `secured`. */
  | { readonly kind: "startTls" }
  /** The message, or a chunk of it. Comes back as `received`. */
  | { readonly kind: "receive"; readonly transaction: Transaction; readonly chunk: Bdat | null }
  /** Reads octets that belong to no message. */
  | { readonly kind: "discard"; readonly bytes: number }
  /** The transaction has ended; what was received of it is dropped. */
  | { readonly kind: "drop" }
  /** From now on the peer is served slowly, or no longer so. */
  | { readonly kind: "slow"; readonly on: boolean }
  | { readonly kind: "close" };

export type Step = readonly [Session, readonly Action[]];
