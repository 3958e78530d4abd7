/**
 * A client's session: what it knows, what can happen to it, and what it asks the edge to do. Types alone, and the
 * limits that belong to them; {@link stepClient} of `client_session.ts` works on them. RFC 5321 3.1 to 3.3
 *
 * ```text
 * greeting --220--> ehlo --250--> startTls --220--> securing --secured--> ehlo (all that was known is forgotten)
 *                    | 500..504      | not offered, or refused where that will do
 *                   helo             v
 *                    +----------> signingIn <--> proving      AUTH, where the rules want it
 *                                    |
 *                                    v      send
 *     quitting <------------------ ready ----------> envelope      RSET, MAIL, RCPT, DATA
 *        |                           ^                   | 354, or CHUNKING
 *        v                           |  final reply      v
 *      closed <-- 421, loss, faults  +------ ended <-- content     asked for piece by piece
 * ```
 *
 * The edge gives what it reads as `received` events, cut anywhere, and does the actions in their order. It must go
 * on reading while it writes: the peer answers a group of commands while the group is still under way (RFC 2920
 * 3.1). An `expect` is the one deadline that runs; the next takes its place, and `rest`, `handshake`, `ready`, `done`
 * and `close` end it. Each `send` is answered by exactly one `done`, also where the connection is lost; before the
 * first message, `ready` or `failed` tells how the connection came out.
 *
 * Secrets stay with the edge (`client_sign_in.ts`), but for a first response that waits for its turn. What is to
 * become of a recipient stands in an {@link Outcome}, which nobody has to read text for.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import type { Bytes } from "../base/bytes.ts";
import type { LinePlace } from "./client_content.ts";
import type { Offers } from "./client_offers.ts";
import type { ReplyFault, ReplyInput, ServerReply } from "./client_reply.ts";
import type { ClientMechanism, ClientRules, ClientWait, TimedWait } from "./client_rules.ts";

/** NOTIFY of RFC 3461 4.1. */
export type Notify = "NEVER" | readonly ("SUCCESS" | "FAILURE" | "DELAY")[];

/** Who shall get a message. */
export interface OutgoingRecipient {
  readonly to: Address;
  /** Null: not asked for. RFC 3461 4.1 */
  readonly notify: Notify | null;
  /** `rfc822;` or `utf-8;` and an address, encoded, as it came. RFC 3461 4.2, 5.2.1; RFC 6533 3 */
  readonly orcpt: string | null;
}

/** A message to be sent; its content is asked for when its turn comes. */
export interface OutgoingMessage {
  /** Null for `<>`, the sender of bounces. */
  readonly from: Address | null;
  /** At least one. Results come in this order. */
  readonly recipients: readonly OutgoingRecipient[];
  /** Octets, with CRLF at the end of each line. RFC 1870 6 */
  readonly size: number;
  /** Octets above 127 are in it. They are never converted. */
  readonly eightBit: boolean;
  /** Its header needs SMTPUTF8. RFC 6531 3.4; what addresses need is seen here. */
  readonly smtpUtf8: boolean;
  /** RFC 8689 */
  readonly requireTls: boolean;
  /** RFC 3461 4.3 */
  readonly ret: "FULL" | "HDRS" | null;
  /** xtext, as it came. RFC 3461 4.4 */
  readonly envid: string | null;
}

/** Why something came out as it did. */
export type Cause =
  /** The server's reply says so. */
  | "reply"
  /** Reply 421: the server ends the connection. RFC 5321 3.8 */
  | "shutdown"
  /** The connection is gone. */
  | "closed"
  | "timeout"
  /** What came is no reply; `fault` says more. */
  | "garbled"
  /** A reply that cannot be one to what was said, or to nothing that was said. */
  | "unexpected"
  /** Plain text came behind the reply to STARTTLS: somebody between us may have sent it. RFC 3207 6 */
  | "injected"
  /** TLS is required, and not offered; or refused; or the handshake failed. */
  | "noTls"
  | "tlsRefused"
  | "handshake"
  /** No mechanism is offered, or taken, that we may use. */
  | "noMechanism"
  /** The server does not believe us. */
  | "credentials"
  /** It could not find out. RFC 4954 6: 454 */
  | "authTemporary"
  /** The server's part of the exchange is wrong, or did not prove that it knows our secret. */
  | "notProved"
  | "noSmtpUtf8"
  | "noEightBit"
  /** REQUIRETLS is not offered; or the connection is not secure, or with nobody knows whom. */
  | "noRequireTls"
  | "notSecure"
  /** Larger than the server's SIZE. */
  | "tooLarge"
  /** More than is taken at a time: LIMITS of RFC 9422, or ours. */
  | "limit"
  /** The edge could not read the message. */
  | "content";

/** Where the next attempt makes sense, from near to far. */
export type Retry =
  /** Nowhere: it is done, or would be refused by any host of the domain. */
  | "never"
  /** At once, in another transaction of this connection. */
  | "transaction"
  /** At once, on a new connection to this host. */
  | "connection"
  /** At once, on a new connection to this host, with rules `tls: "never"`. */
  | "plaintext"
  /** At once, at another host; if there is none: later, or never if it is permanent. */
  | "host"
  /** Only time can help. */
  | "later";

/** What became of a recipient, or of the connection as far as it concerns those who were to use it. */
export interface Outcome {
  readonly verdict: "delivered" | "temporary" | "permanent";
  readonly retry: Retry;
  readonly cause: Cause;
  /** When it happened. */
  readonly step: ClientWait;
  /** For a DSN: the server's enhanced code, else one that fits. RFC 3463 */
  readonly status: string;
  /** What the server said, bounded and without control characters; null where it said nothing. */
  readonly reply: ServerReply | null;
  readonly fault: ReplyFault | null;
  /** The message was sent whole, and whether it was taken is unknown: the next attempt may bring a second copy. RFC 5321 6.1 */
  readonly uncertain: boolean;
}

export interface RecipientResult extends Outcome {
  readonly to: Address;
}

/** Whether octets are encrypted, and whether the peer's name was verified (PKIX or DANE). */
export interface ClientTls {
  readonly verified: boolean;
}

export type ClientPhase =
  | "greeting"
  | "ehlo"
  | "helo"
  | "startTls"
  | "securing"
  | "signingIn"
  | "proving"
  | "ready"
  | "envelope"
  | "content"
  | "ended"
  | "quitting"
  | "closed";

/** Signing in, as far as it has come. */
export interface Exchange {
  readonly mechanism: ClientMechanism;
  /** The first response, while it waits to be asked for; it may be a password. */
  readonly pending: Bytes | null;
  /** The mechanism needs nothing more of the server but its success. */
  readonly complete: boolean;
  readonly cancelled: boolean;
}

/** Replies to RCPT, the newest first: null for a recipient that was accepted. Lists share their tails. */
export interface Answers {
  readonly outcome: Outcome | null;
  readonly before: Answers | null;
}

/** The content of a message on its way. */
export interface Content {
  readonly kind: "data" | "chunks";
  readonly place: LinePlace;
  /** A piece was asked for. */
  readonly asked: boolean;
  /** Chunks that were not answered yet. */
  readonly ahead: number;
  /** The last octet was sent. */
  readonly whole: boolean;
  /** The first chunk that was refused. */
  readonly failed: Outcome | null;
}

/** A message on its way. */
export interface ClientTransaction {
  readonly message: OutgoingMessage;
  /** MAIL, and RCPT for those that are named, in order. */
  readonly mailLine: string;
  readonly rcptLines: readonly string[];
  /** What was decided before anything was said, for each recipient; null for those that are named. */
  readonly decided: readonly (Outcome | null)[];
  /** Those that are named, as indices. */
  readonly named: readonly number[];
  /** To what the next reply belongs. */
  readonly stage: "reset" | "mail" | "rcpt" | "data";
  /** MAIL was refused so. */
  readonly mailRefused: Outcome | null;
  readonly answers: Answers | null;
  readonly answered: number;
  readonly accepted: number;
  readonly content: Content | null;
}

export interface ClientSession {
  readonly rules: ClientRules;
  readonly phase: ClientPhase;
  /** What was read of the next reply. */
  readonly input: ReplyInput;
  readonly tls: ClientTls | null;
  readonly offers: Offers;
  readonly exchange: Exchange | null;
  /** Mechanisms that were refused. */
  readonly refusedMechanisms: readonly ClientMechanism[];
  readonly signedIn: boolean;
  /** MAIL commands, that of the transaction among them; and messages that were taken. */
  readonly mails: number;
  readonly taken: number;
  /** Domains that RCPT named. RFC 9422, RCPTDOMAINMAX */
  readonly domains: ReadonlySet<string>;
  /** A transaction may be open at the server. */
  readonly needsReset: boolean;
  readonly transaction: ClientTransaction | null;
  /** Why the session is over. */
  readonly over: Outcome | null;
}

/** What can happen to a session. */
export type ClientEvent =
  | { readonly kind: "received"; readonly bytes: Bytes }
  /** The peer ended the connection, or it broke. */
  | { readonly kind: "disconnected" }
  /** The time of the last `expect`, or of a `write`, is over. */
  | { readonly kind: "timedOut" }
  /** The handshake came out well, or as well as the edge demands. */
  | { readonly kind: "secured"; readonly verified: boolean }
  | { readonly kind: "notSecured" }
  /** The first response of the mechanism asked for; null where the server begins. `complete`: see {@link Exchange}. */
  | { readonly kind: "initial"; readonly response: Bytes | null; readonly complete: boolean }
  /** The answer to a challenge; null: the server's words are wrong, the exchange is to be given up. */
  | { readonly kind: "proof"; readonly response: Bytes | null; readonly complete: boolean }
  | { readonly kind: "send"; readonly message: OutgoingMessage }
  /** The next piece of the message, which may be empty. */
  | { readonly kind: "content"; readonly bytes: Bytes; readonly last: boolean }
  | { readonly kind: "contentFailed" }
  | { readonly kind: "quit" };

/** What the edge must then do, in this order. */
export type ClientAction =
  /** Writes the pieces, together if it can. `secret`: no trace shows them. */
  | {
    readonly kind: "write";
    readonly pieces: readonly Bytes[];
    readonly wait: TimedWait;
    readonly ms: number;
    readonly secret: boolean;
  }
  /** From now on this is waited for so long. */
  | { readonly kind: "expect"; readonly wait: TimedWait; readonly ms: number }
  /** For now nothing of the peer is waited for. */
  | { readonly kind: "rest" }
  /** The handshake. Comes back as `secured` or `notSecured`. */
  | { readonly kind: "handshake"; readonly ms: number }
  /** Begins an exchange. Comes back as `initial`. */
  | { readonly kind: "authenticate"; readonly mechanism: ClientMechanism }
  /** Comes back as `proof`. */
  | { readonly kind: "prove"; readonly challenge: Bytes }
  /** Messages can be sent. */
  | { readonly kind: "ready"; readonly offers: Offers; readonly tls: ClientTls | null }
  /** At most so many octets of the message. Comes back as `content` or `contentFailed`; not after `done`. */
  | { readonly kind: "content"; readonly maxBytes: number }
  /** `dsn`: the server was told what notifications are wanted, or could have been. RFC 3461 5.2.2 */
  | {
    readonly kind: "done";
    readonly results: readonly RecipientResult[];
    readonly dsn: boolean;
    /** Whether another message can be sent on this connection. */
    readonly reusable: boolean;
  }
  /** There will be no message on this connection, or no more. */
  | { readonly kind: "failed"; readonly outcome: Outcome }
  | { readonly kind: "close" };

export type ClientStep = readonly [ClientSession, readonly ClientAction[]];
