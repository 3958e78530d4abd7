/**
 * What an IMAP listener is told, and the limits of a connection.
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Authenticator, Mechanism } from "../accounts/authenticator.ts";
import type { Mail } from "../accounts/mail.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { ImapMetrics } from "./metrics.ts";

/** Settings of one listener. */
export interface ImapSettings {
  /** For metrics: implicit TLS or not. */
  readonly service: "imap" | "imaps";
  /** Whether STARTTLS is offered while plain. */
  readonly startTls: boolean;
  /** Whether passwords may come without TLS. */
  readonly plainWithoutTls: boolean;
  /** What AUTHENTICATE offers. EXTERNAL is offered only to a client that sent a certificate. */
  readonly mechanisms: readonly Mechanism[];
  /** For how long a client may say nothing before it signs in; {@link defaultLoginTimeoutMs} unless told. */
  readonly loginTimeoutMs?: number;
  /** And afterwards, also in IDLE; {@link defaultIdleTimeoutMs} unless told. */
  readonly idleTimeoutMs?: number;
  /** The most messages of one command; none unless told. RFC 9738 */
  readonly messageLimit?: number | null;
  /** The most messages that are copied or appended at once; without meaning beside the other. RFC 9738 3 */
  readonly saveLimit?: number | null;
}

/** Who does what an IMAP connection is asked for. */
export interface ImapServices {
  readonly authenticator: Authenticator;
  /** The mail of the account that a capability opens. */
  openMail(capability: string): Mail;
}

/** What a connection needs of its surroundings. */
export interface ImapEnvironment {
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics: ImapMetrics;
  /** Aborts when the server stops: clients are told with BYE. */
  readonly stopping: AbortSignal;
}

const second = 1000;
const minute = 60 * second;

/** For how long a client may say nothing before it signs in, unless a setting says otherwise. */
export const defaultLoginTimeoutMs = 30 * second;
/** So many times as long it has in all: who sends an octet now and then would else keep its place for ever. */
export const loginTimeouts = 6;
/** And afterwards; RFC 9051 5.4 asks for at least 30 minutes. */
export const defaultIdleTimeoutMs = 30 * minute;
/** For how long a client that has not signed in may read nothing. */
export const strangerWriteTimeoutMs = 30 * second;
/** For how long a client that signed in may read nothing. */
export const writeTimeoutMs = 5 * minute;
/** For the last words of a connection. */
export const farewellTimeoutMs = 10 * second;

/** Failed attempts to sign in: each costs a second, and from the fourth on one more for each. */
export const failedAuthDelayMs = second;
export const freeFailedAuths = 3;
/** After so many the connection is closed. */
export const maxFailedAuths = 10;

/** Wrong commands in a row before the connection is closed; fewer for strangers. */
export const maxBadCommands = 50;
export const maxStrangerBadCommands = 10;
/** A first command that is wrong costs this, and the connection: it is another protocol's client. */
export const badFirstCommandDelayMs = second;

/** The most challenges of one SASL exchange; its answers are lines, which `strangerLimits` bounds. */
export const maxChallenges = 10;
