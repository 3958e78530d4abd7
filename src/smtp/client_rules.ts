/**
 * What a client's session goes by: policies, limits, and how long each wait may last. RFC 5321 4.5.3, RFC 4954 4
 *
 * Tested by `client_session_test.ts`.
 *
 * @module
 */

/** What is waited for; a step of the dialogue. `plan`: nothing was said of the message; `block`: a write of content. */
export type ClientWait =
  | "plan"
  | "greeting"
  | "ehlo"
  | "helo"
  | "startTls"
  | "handshake"
  | "auth"
  | "reset"
  | "mail"
  | "rcpt"
  | "data"
  | "block"
  | "chunk"
  | "end"
  | "idle"
  | "quit";

/** Those that have a time of their own. */
export type TimedWait = Exclude<ClientWait, "plan" | "idle">;

/** Milliseconds for each wait. */
export type Timeouts = Readonly<Record<TimedWait, number>>;

/** RFC 5321 4.5.3.2 and its subsections; where these say nothing, what a polite server needs. */
export const defaultTimeouts: Timeouts = {
  greeting: 300_000,
  ehlo: 300_000,
  helo: 300_000,
  startTls: 120_000,
  handshake: 60_000,
  auth: 120_000,
  reset: 30_000,
  mail: 300_000,
  rcpt: 300_000,
  data: 120_000,
  block: 180_000,
  chunk: 180_000, // A chunk is a block that is answered.
  end: 600_000,
  quit: 10_000,
};

/** Mechanisms that a client can use, the strongest first: where we show a certificate, no secret need be told. */
export const clientMechanisms = [
  "EXTERNAL",
  "SCRAM-SHA-256",
  "SCRAM-SHA-1",
  "CRAM-MD5",
  "PLAIN",
  "LOGIN",
] as const;
export type ClientMechanism = typeof clientMechanisms[number];

/** What does not change during a session. */
export interface ClientRules {
  /** How EHLO names us: a domain in ASCII, or an address literal. */
  readonly hostname: string;
  /**
   * `opportunistic`: where it is offered and works. `required`: no mail without (DANE, MTA-STS, REQUIRETLS, relays);
   * whom to trust is the edge's business. `never`: after a handshake failed that may fail.
   */
  readonly tls: "never" | "opportunistic" | "required";
  /** Null: nobody signs in. */
  readonly auth: {
    /** In order of preference; the first that is offered, and safe, is used. */
    readonly mechanisms: readonly ClientMechanism[];
    /** We have a certificate to show, which EXTERNAL speaks of. */
    readonly certificate: boolean;
  } | null;
  /** Whether an 8-bit message is refused (5.6.3) where 8BITMIME is not offered, or sent and hoped for. */
  readonly strictEightBit: boolean;
  readonly pipelining: boolean;
  readonly chunking: boolean;
  /** Recipients of one transaction, whatever the server would take. */
  readonly maxRecipients: number;
  /** Octets of content asked for at a time; a chunk of BDAT is as large. */
  readonly contentBytes: number;
  readonly timeouts: Timeouts;
}

/** Chunks that may be on their way without an answer: a failure is noticed before much more was sent in vain. */
export const maxChunksAhead = 4;

/** Rules as usual between servers, with some of their own. RFC 5321 4.5.3.1.8 asks servers for 100 recipients. */
export function clientRules(hostname: string, own: Partial<ClientRules> = {}): ClientRules {
  return {
    hostname,
    tls: "opportunistic",
    auth: null,
    strictEightBit: false,
    pipelining: true,
    chunking: true,
    maxRecipients: 1000,
    contentBytes: 262_144,
    timeouts: defaultTimeouts,
    ...own,
  };
}
