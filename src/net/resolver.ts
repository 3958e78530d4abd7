/**
 * The resolver of this machine's mail server: sockets, upstream servers, cache and mode put together.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { AnswerCache } from "../dns/cache.ts";
import type { Exchange } from "../dns/exchange.ts";
import type { LookupObserver } from "../dns/lookup_desk.ts";
import type { RecordType } from "../dns/record.ts";
import type { Answer, LookupOptions, Resolver } from "../dns/resolver.ts";
import { SharedExchange } from "../dns/shared_exchange.ts";
import { StubResolver } from "../dns/stub.ts";
import { printServer, UpstreamExchange, type UpstreamServer } from "../dns/upstream.ts";
import { DnsCarrier } from "./dns_exchange.ts";
import type { DnsMetrics } from "./dns_metrics.ts";

/** What a resolver that validates stands on. */
export interface ResolverParts {
  readonly exchange: Exchange;
  readonly cache: AnswerCache;
  readonly observer: LookupObserver | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Who says what DNSSEC says of an answer: trusted servers with their AD bit, nobody, or we ourselves (given the parts,
 * the function makes the resolver that validates).
 */
export type ResolverMode = "trust-ad" | "off" | ((parts: ResolverParts) => Resolver);

/** What {@link makeResolver} needs. */
export interface ResolverSettings {
  /** In their order. With `trust-ad`, those that are not trusted are asked only if none is. */
  readonly servers: readonly UpstreamServer[];
  readonly mode: ResolverMode;
  readonly clock: Clock;
  readonly log: Log;
  /** For the first try of each server, and how many tries there are. */
  readonly tryMs?: number;
  readonly tries?: number;
  readonly maxSockets?: number;
  readonly metrics?: DnsMetrics | undefined;
}

/** A resolver with sockets. */
export interface ClosableResolver extends Resolver {
  /** Gives up all lookups (they fail with `aborted`, as later ones do), and returns when all sockets are closed. */
  close(): Promise<void>;
  forget(): void;
}

/** Puts a resolver together. Opens nothing before the first lookup. */
export function makeResolver(settings: ResolverSettings): ClosableResolver {
  const { clock, log, mode } = settings;
  const servers = askedServers(settings);
  const { metrics: observer } = settings;
  const carrier = new DnsCarrier({ clock, maxSockets: settings.maxSockets, metrics: observer });
  const exchange = new UpstreamExchange({
    servers,
    carrier,
    clock,
    newId: randomId,
    tryMs: settings.tryMs,
    tries: settings.tries,
  });
  const cache = new AnswerCache({ clock });
  const resolver = typeof mode === "function"
    ? mode({ exchange: new SharedExchange(exchange), cache, observer, clock, log })
    : new StubResolver({ exchange, clock, mode, cache, observer });
  return new LoggingResolver(resolver, cache, carrier, clock, log);
}

/**
 * Where AD counts and one server is trusted, the others are not asked: who keeps the trusted one from finding out, and
 * so has us ask another, could take away from any name that it is signed.
 */
function askedServers({ servers, mode, log }: ResolverSettings): readonly UpstreamServer[] {
  const trusted = servers.filter((server) => server.trusted);
  if (mode !== "trust-ad" || trusted.length === 0 || trusted.length === servers.length) return servers;
  const left = servers.filter((server) => !server.trusted).map(printServer);
  log.info("dns servers are not asked, since others are trusted", { servers: left });
  return trusted;
}

/** 16 bits from the system's generator. RFC 5452 9.1 */
function randomId(): number {
  return crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;
}

class LoggingResolver implements ClosableResolver {
  readonly #resolver: Resolver;
  readonly #cache: AnswerCache;
  readonly #carrier: DnsCarrier;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(resolver: Resolver, cache: AnswerCache, carrier: DnsCarrier, clock: Clock, log: Log) {
    this.#resolver = resolver;
    this.#cache = cache;
    this.#carrier = carrier;
    this.#clock = clock;
    this.#log = log;
  }

  lookup<T extends RecordType>(name: string, type: T, options?: LookupOptions): Promise<Answer<T>> {
    if (!this.#log.enabled("debug")) return this.#resolver.lookup(name, type, options);
    return this.#logged(name, type, options);
  }

  close(): Promise<void> {
    return this.#carrier.close();
  }

  forget(): void {
    this.#cache.clear();
  }

  async #logged<T extends RecordType>(name: string, type: T, options?: LookupOptions): Promise<Answer<T>> {
    const start = this.#clock.monotonic();
    const answer = await this.#resolver.lookup(name, type, options);
    if (this.#log.enabled("debug")) {
      const { status, security, why, failure, records } = answer;
      const ms = Math.round(this.#clock.monotonic() - start);
      this.#log.debug("dns lookup", {
        name,
        type,
        status,
        failure,
        records: records.length,
        security,
        why,
        ms,
      });
    }
    return answer;
  }
}
