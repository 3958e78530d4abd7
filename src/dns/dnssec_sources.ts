/**
 * Whom a validator asks: the configured servers together, each of them alone, and the zones' own servers from the
 * root down. The first that gives what can be validated is enough.
 *
 * A server that leaves out signatures is not asked for {@link stripsForMs}; the way from the root, where it is
 * closed, for {@link closedForMs}. It is not closed because one zone's servers are silent, when others answered of late.
 *
 * Tested by `validating_resolver_test.ts`.
 *
 * @module
 */
import type { Clock, Millis } from "../base/clock.ts";
import type {
  Exchange,
  ExchangeOptions,
  ExchangeQuestion,
  ExchangeResult,
  ServerAddress,
} from "./exchange.ts";
import { printServer } from "./upstream.ts";

/** How long a server that leaves out signatures is passed over. */
export const stripsForMs = 10 * 60_000;

/** How long the way from the root is passed over when nobody answered there. */
export const closedForMs = 5 * 60_000;

/** One way to an answer. */
export interface Source {
  /** For people. */
  readonly name: string;
  readonly direct: boolean;
  /** Of one server alone, as an exchange prints it; else null. */
  readonly server: string | null;
  /** @param how As a validator, if absent. */
  ask(question: ExchangeQuestion, signal: AbortSignal, how?: ExchangeOptions): Promise<ExchangeResult>;
}

/** What {@link Sources} are made of. */
export interface SourceSettings {
  /** Asks the configured servers, or the one that is named. */
  readonly exchange: Exchange;
  /** The configured servers; without any, only `direct` is asked. */
  readonly servers: readonly ServerAddress[];
  /** Asks the zones' own servers; null where that is not wanted. */
  readonly direct: Exchange | null;
  readonly clock: Clock;
}

/** With DO and CD: signatures come along, and the server does not keep from us what it takes for bogus. RFC 4035 3.2 */
const asValidator: ExchangeOptions = { recursionDesired: true, checkingDisabled: true, dnssecOk: true };

/** Where nothing can be checked: the server may do so, and keep from us what it finds to be wrong. RFC 4035 4.9.1 */
export const asStub: ExchangeOptions = { recursionDesired: true, checkingDisabled: false, dnssecOk: false };

/** The ways to an answer, and which of them are of no use at the moment. */
export class Sources {
  readonly #clock: Clock;
  readonly #sources: readonly Source[];
  readonly #uselessUntil = new Map<Source, Millis>();
  /** When somebody on the way from the root last answered, and until when it is taken for closed. */
  #heardAt: Millis = -Infinity;
  #closedUntil: Millis = -Infinity;

  constructor({ exchange, servers, direct, clock }: SourceSettings) {
    this.#clock = clock;
    const source = (name: string, over: Exchange, server?: ServerAddress): Source => ({
      name,
      direct: over === direct,
      server: server === undefined ? null : printServer(server),
      ask: async (question, signal, how = asValidator) => {
        const options = { ...how, signal, ...(server === undefined ? {} : { server }) };
        const result = await over.query(question, options);
        if (result.ok && over === direct) this.#heard();
        return result;
      },
    });
    const alone = servers.length < 2
      ? []
      : servers.map((server) => source(`the server ${server.address}`, exchange, server));
    this.#sources = [
      ...(servers.length === 0 ? [] : [source("the configured servers", exchange)]),
      ...alone,
      ...(direct === null ? [] : [source("the zones' own servers", direct)]),
    ];
  }

  /** Those that are of use, in the order in which they are to be asked; all of them, if none is. */
  usable(): readonly Source[] {
    const usable = this.#sources.filter((source) => !this.#isPassedOver(source));
    return usable.length > 0 ? usable : this.#sources;
  }

  /** The configured servers, also where they leave out signatures; null where there are none. */
  get configured(): Source | null {
    return this.#sources.find(({ direct }) => !direct) ?? null;
  }

  #heard(): void {
    this.#heardAt = this.#clock.monotonic();
    this.#closedUntil = -Infinity;
  }

  #isPassedOver(source: Source): boolean {
    const now = this.#clock.monotonic();
    return (this.#uselessUntil.get(source) ?? 0) > now || source.direct && this.#closedUntil > now;
  }

  /** Nobody answered on the way from the root: it is passed over, unless others answered of late. */
  directWasSilent(): void {
    const now = this.#clock.monotonic();
    if (now - this.#heardAt >= closedForMs) this.#closedUntil = now + closedForMs;
  }

  /** Passes a source over that leaves out signatures, and the one server that spoke for it, if that is known. */
  passOver(source: Source, server: string | null = null): void {
    const now = this.#clock.monotonic();
    this.#uselessUntil.set(source, now + stripsForMs);
    const alone = this.#sources.find((one) => one.server !== null && one.server === server);
    if (alone !== undefined) this.#uselessUntil.set(alone, now + stripsForMs);
  }

  /** Whether no source is left that may have signatures. */
  get allPassedOver(): boolean {
    return this.#sources.every((source) => this.#isPassedOver(source));
  }
}
