/**
 * One question to a server of the DNS, and what came back: what stub, validation and iteration all stand on. Types
 * alone; `upstream.ts` asks servers in order, `net` carries the octets.
 *
 * An exchange never throws for what a server or the network did. It keeps nothing between questions but which
 * servers did not answer of late; caches stand above it.
 *
 * @module
 */
import type { DnsMessage, ExtendedError } from "./message.ts";
import type { Name } from "./record.ts";
import type { FailureKind } from "./resolver.ts";

/** Where a server listens, over UDP and TCP. */
export interface ServerAddress {
  /** An IP address; one of IPv6 may have a zone (`fe80::1%eth0`, RFC 4007 11). */
  readonly address: string;
  readonly port: number;
}

/** How one question is asked. */
export interface ExchangeOptions {
  /** The one to ask; else the configured upstream servers, in their order. */
  readonly server?: ServerAddress;
  /** RD: the server shall find out (RFC 1034 4.3.1). Without it, a referral is an answer too. */
  readonly recursionDesired: boolean;
  /** CD: the server shall not validate, since we do. RFC 4035 3.2.2 */
  readonly checkingDisabled: boolean;
  /** DO: signatures and proofs shall come along. RFC 3225 3 */
  readonly dnssecOk: boolean;
  /** How long the first try waits (each further one twice as long), and how many there are; else as configured. */
  readonly tryMs?: number;
  readonly tries?: number;
  /** For all servers and tries together; never more than `maxExchangeMs` of `upstream.ts`, which is also the default. */
  readonly withinMs?: number;
  /** Gives up; the result is a failure of kind `aborted`. */
  readonly signal?: AbortSignal | undefined;
}

/** What is asked; always of the class Internet. */
export interface ExchangeQuestion {
  readonly name: Name;
  /** By number. */
  readonly type: number;
}

/** A server's answer. */
export interface Exchanged {
  readonly ok: true;
  /**
   * It answers this question: a response to our query, with the question as it was asked, whole (asked again over
   * TCP where it was cut), its `rcode` NOERROR or NXDOMAIN. With recursion desired it is no referral either.
   */
  readonly message: DnsMessage;
  /** For people: `192.0.2.1:53`, `[2001:db8::1]:53`. */
  readonly server: string;
  /** Whether AD of this server may be believed: it is ours, and nobody stands between. RFC 4035 4.9.3 */
  readonly trusted: boolean;
}

/** No answer. */
export interface NotExchanged {
  readonly ok: false;
  /** Of the last server that said anything; never `aliases`. `bogus` where a trusted server says so (RFC 8914 4.7). */
  readonly kind: FailureKind;
  /** One sentence for people: which servers were asked, and what each did. */
  readonly why: string;
  /** What the servers said themselves. RFC 8914 */
  readonly extendedErrors: readonly ExtendedError[];
  /** Nothing could even be sent to any of the servers: perhaps there is no way to addresses of their family from here. */
  readonly unsent?: boolean;
}

export type ExchangeResult = Exchanged | NotExchanged;

/** Asks servers of the DNS. */
export interface Exchange {
  /**
   * Asks one question, with retries and with TCP where needed.
   *
   * @throws {SyntaxError} If the name can not be written; nothing else.
   */
  query(question: ExchangeQuestion, options: ExchangeOptions): Promise<ExchangeResult>;
}
