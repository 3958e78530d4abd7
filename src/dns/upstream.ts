/**
 * How one question is asked of servers: in which order, how often, how long, and which answers count.
 *
 * The servers are asked one after the other, each try with a deadline of its own. One that answers with SERVFAIL or
 * REFUSED, that is lame or says what nobody can read, is not asked again for this question; one that is silent is
 * tried again after the others, and for {@link suspectMs} comes last for other questions too. RFC 1035 4.2.1, 7.2;
 * RFC 5452 (which answers count), RFC 6891 6.2.2 and 7 (EDNS), RFC 7766 (TCP), RFC 8914 (extended errors).
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import type { Clock, Millis } from "../base/clock.ts";
import type {
  Exchange,
  ExchangeOptions,
  ExchangeQuestion,
  ExchangeResult,
  NotExchanged,
  ServerAddress,
} from "./exchange.ts";
import {
  classIn,
  decodeMessage,
  type DnsMessage,
  encodeQuery,
  type ExtendedError,
  rcodes,
} from "./message.ts";
import { sameName } from "./name.ts";
import { typeNumbers } from "./record.ts";
import type { FailureKind } from "./resolver.ts";

/** The largest answer over UDP: it fits in a packet nearly everywhere, and so is never cut into fragments. RFC 9715 */
export const udpSize = 1232;

/** How long a server that did not answer is asked after the others. */
export const suspectMs = 30_000;

/**
 * How long the first try waits for each server, and how many tries there are, where nothing else is said. Each further
 * try waits twice as long. RFC 1035 4.2.1: two to five seconds at least
 */
export const defaultTryMs = 2_000;
export const defaultTries = 3;

/** For all servers and tries of one question. */
export const maxExchangeMs = 30_000;

/** What came of sending one query to one server. */
export type Carried =
  | { readonly kind: "message"; readonly message: DnsMessage }
  | { readonly kind: "timeout" }
  /** Too many answers that do not fit: somebody guesses. RFC 5452 9.3 */
  | { readonly kind: "guessed" }
  /**
   * The system or the server refused: no route, nobody listens, the connection was dropped. `unsent` where the system did
   * so before anything left it.
   */
  | { readonly kind: "unreachable"; readonly why: string; readonly unsent?: boolean }
  /** More is under way than a named limit allows. */
  | { readonly kind: "limit"; readonly why: string }
  | { readonly kind: "aborted" };

/** One query to carry. */
export interface Letter {
  readonly server: ServerAddress;
  readonly query: Bytes;
  readonly overTcp: boolean;
  /** Reads what came in, or null where it is no answer to this query: then another may still come. */
  readonly accept: (bytes: Uint8Array) => DnsMessage | null;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Carries octets to a server and back. `net` implements it. */
export interface Carrier {
  /**
   * Sends a query, and waits for the first answer from that server that is accepted.
   *
   * @returns Always something; never rejects.
   */
  carry(letter: Letter): Promise<Carried>;
}

/** One of the servers that are asked by default. */
export interface UpstreamServer extends ServerAddress {
  /** Whether its AD bit is believed. */
  readonly trusted: boolean;
}

/** What an {@link UpstreamExchange} is made of. */
export interface UpstreamSettings {
  /** In the order in which they are asked. */
  readonly servers: readonly UpstreamServer[];
  readonly carrier: Carrier;
  readonly clock: Clock;
  /** A number of 16 bits that nobody can guess. RFC 5452 4.3 */
  readonly newId: () => number;
  readonly tryMs?: number | undefined;
  readonly tries?: number | undefined;
}

/** An exchange with a list of servers, or with the one that a question names. */
export class UpstreamExchange implements Exchange {
  readonly #settings: UpstreamSettings;
  /** Until when, on the monotonic clock, a server of the list is suspected. */
  readonly #suspectUntil = new Map<UpstreamServer, Millis>();

  constructor(settings: UpstreamSettings) {
    this.#settings = settings;
  }

  async query(question: ExchangeQuestion, options: ExchangeOptions): Promise<ExchangeResult> {
    const { clock } = this.#settings;
    const tries = options.tries ?? this.#settings.tries ?? defaultTries;
    let story: Story | null = null; // Mostly there is none to tell.
    const end = clock.monotonic() + Math.min(options.withinMs ?? maxExchangeMs, maxExchangeMs);
    let servers = options.server === undefined ? this.#inOrder() : [{ ...options.server, trusted: false }];
    for (let round = 0; round < tries && servers.length > 0; round++) {
      const silent: UpstreamServer[] = [];
      const tryMs = (options.tryMs ?? this.#settings.tryMs ?? defaultTryMs) * 2 ** round;
      for (const server of servers) {
        if (clock.monotonic() >= end) return (story ?? new Story()).end("timeout");
        const told = await this.#ask(server, question, options, tryMs, end);
        if (told.kind === "answer") {
          this.#suspectUntil.delete(server);
          return { ok: true, message: told.message, server: printServer(server), trusted: server.trusted };
        }
        story ??= new Story();
        story.add(server, told);
        if (told.kind === "aborted" || told.kind === "limit") return story.end(told.kind);
        if (told.kind !== "timeout") continue;
        silent.push(server);
        if (options.server === undefined) this.#suspectUntil.set(server, clock.monotonic() + suspectMs);
      }
      servers = silent;
    }
    return (story ?? new Story()).end();
  }

  /** Those that did not answer of late come last. */
  #inOrder(): readonly UpstreamServer[] {
    if (this.#suspectUntil.size === 0) return this.#settings.servers;
    const now = this.#settings.clock.monotonic();
    const suspect = (server: UpstreamServer) => (this.#suspectUntil.get(server) ?? 0) > now ? 1 : 0;
    return this.#settings.servers.toSorted((a, b) => suspect(a) - suspect(b));
  }

  /** One try: over UDP, without EDNS where the server does not know it, over TCP where the answer is cut. */
  async #ask(
    server: UpstreamServer,
    question: ExchangeQuestion,
    options: ExchangeOptions,
    tryMs: number,
    end: Millis,
  ): Promise<Told> {
    let edns = true;
    let overTcp = false;
    for (;;) {
      const { query, accept } = this.#letter(question, options, edns);
      const timeoutMs = Math.max(0, Math.min(tryMs, end - this.#settings.clock.monotonic()));
      const carried = await this.#settings.carrier.carry({
        server,
        query,
        overTcp,
        accept,
        timeoutMs,
        signal: options.signal,
      });
      if (carried.kind === "guessed" && !overTcp) {
        overTcp = true; // Where one must see the server's answers to guess.
        continue;
      }
      if (carried.kind !== "message") return carried;
      const { message } = carried;
      if (message.truncated && !overTcp) overTcp = true;
      else if (edns && knowsNoEdns(message)) edns = false;
      else return judged(message, options, server.trusted);
    }
  }

  #letter(question: ExchangeQuestion, options: ExchangeOptions, edns: boolean) {
    const id = this.#settings.newId();
    const { recursionDesired, checkingDisabled, dnssecOk } = options;
    const query = encodeQuery({
      id,
      name: question.name,
      type: question.type,
      recursionDesired,
      checkingDisabled,
      dnssecOk,
      udpSize: edns ? udpSize : null,
      authenticData: recursionDesired && !checkingDisabled, // RFC 6840 5.7
    });
    return { query, accept: (bytes: Uint8Array) => acceptable(bytes, id, question) };
  }
}

/** `192.0.2.1:53`, `[2001:db8::1]:53`. */
export function printServer({ address, port }: ServerAddress): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/**
 * Reads octets from a server, if they answer this query: the id, a response, an opcode of QUERY, and the question as
 * asked. An error may come without the question (RFC 6891 7: a server that does not even read the query).
 *
 * What can not be read is no answer either: whoever guesses can as well guess nonsense. RFC 5452 9.1
 */
function acceptable(bytes: Uint8Array, id: number, question: ExchangeQuestion): DnsMessage | null {
  if (((bytes[0] ?? 0) << 8 | (bytes[1] ?? 0)) !== id) return null; // Cheap, and first.
  let message: DnsMessage;
  try {
    message = decodeMessage(bytes);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  if (!message.isResponse || message.opcode !== 0) return null;
  const asked = message.question;
  if (asked === null) return isError(message) ? message : null;
  const same = asked.type === question.type && asked.class === classIn && sameName(asked.name, question.name);
  return same ? message : null;
}

function isError(message: DnsMessage): boolean {
  return message.rcode !== rcodes.noError && message.rcode !== rcodes.nxDomain;
}

/** RFC 6891 6.2.2, 7; BADVERS is nonsense for version 0, and a server without EDNS by another name. */
function knowsNoEdns(message: DnsMessage): boolean {
  return message.rcode === rcodes.formErr || message.rcode === rcodes.notImp ||
    message.rcode === rcodes.badVers;
}

/** What one server had to say. */
type Told =
  | { readonly kind: "answer"; readonly message: DnsMessage }
  | {
    readonly kind: "useless";
    readonly why: string;
    readonly bogus: boolean;
    readonly errors: readonly ExtendedError[];
  }
  | Exclude<Carried, { readonly kind: "message" }>;

function judged(message: DnsMessage, options: ExchangeOptions, trusted: boolean): Told {
  if (isError(message)) {
    const errors = message.edns?.extendedErrors ?? [];
    return {
      kind: "useless",
      why: rcodeText(message.rcode),
      bogus: trusted && errors.some(saysBogus),
      errors,
    };
  }
  if (message.truncated) return useless("its answer over TCP is cut off");
  if (options.recursionDesired && isLame(message)) return useless("it does not find out for us (lame)");
  return { kind: "answer", message };
}

function useless(why: string): Told {
  return { kind: "useless", why, bogus: false, errors: [] };
}

/** An answer neither from a server that finds out for us, nor from one that is in charge: a referral, or an empty shrug. */
function isLame(message: DnsMessage): boolean {
  if (message.authoritative || message.answers.length > 0 || message.rcode === rcodes.nxDomain) return false;
  const hasSoa = message.authorities.some((record) => record.type === typeNumbers.SOA);
  const refers = message.authorities.some((record) => record.type === typeNumbers.NS);
  return !hasSoa && (refers || !message.recursionAvailable);
}

/** The codes that tell of a failed validation, from "DNSSEC Bogus" to "NSEC Missing". RFC 8914 4.7 to 4.13 */
function saysBogus({ code }: ExtendedError): boolean {
  return code >= 6 && code <= 12;
}

const rcodeNames: Readonly<Record<number, string>> = {
  1: "FORMERR",
  2: "SERVFAIL",
  4: "NOTIMP",
  5: "REFUSED",
  6: "YXDOMAIN",
  9: "NOTAUTH",
  16: "BADVERS",
};

function rcodeText(rcode: number): string {
  return rcodeNames[rcode] ?? `RCODE ${rcode}`;
}

/** Keeps what each server did, for the one sentence at the end. */
class Story {
  readonly #parts: string[] = [];
  readonly #errors: ExtendedError[] = [];
  #kind: FailureKind | null = null;
  #unsent = true;

  add(server: ServerAddress, told: Exclude<Told, { readonly kind: "answer" }>): void {
    if (told.kind === "useless") this.#errors.push(...told.errors);
    // A server that said something says more than one that was silent.
    if (told.kind === "useless") this.#kind = told.bogus ? "bogus" : "serverFailure";
    else if (told.kind === "timeout") this.#kind ??= "timeout";
    else if (this.#kind !== "bogus") this.#kind = "serverFailure";
    if (told.kind !== "unreachable" || told.unsent !== true) this.#unsent = false;
    this.#parts.push(`${printServer(server)}: ${describe(told)}`);
  }

  end(kind: FailureKind = this.#kind ?? "serverFailure"): NotExchanged {
    const none = this.#parts.length === 0;
    const why = none ? "there is no server to ask" : this.#parts.join("; ");
    return { ok: false, kind, why, extendedErrors: this.#errors, unsent: this.#unsent && !none };
  }
}

function describe(told: Exclude<Told, { readonly kind: "answer" }>): string {
  if (told.kind === "timeout") return "no answer in time";
  if (told.kind === "aborted") return "given up";
  if (told.kind === "guessed") return "somebody guesses its answers";
  if (told.kind !== "useless") return told.why;
  const errors = told.errors.map(({ code, text }) =>
    text === "" ? `error ${code}` : `error ${code}, ${text}`
  );
  return [told.why, ...errors].join(", ");
}
