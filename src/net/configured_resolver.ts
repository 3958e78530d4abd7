/**
 * The resolver that a configuration asks for: servers, and who says what DNSSEC says.
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { isLoopback, parseIp } from "../base/ip_address.ts";
import type { Log } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import type { DnsMode, DnsServer } from "../config/dns_config.ts";
import { IterativeExchange } from "../dns/iterate.ts";
import type { RecordType } from "../dns/record.ts";
import type { TrustAnchor } from "../dns/trust_anchors.ts";
import type { UpstreamServer } from "../dns/upstream.ts";
import { type Explanation, ValidatingResolver } from "../dns/validating_resolver.ts";
import { DnsMetrics } from "./dns_metrics.ts";
import { type ClosableResolver, makeResolver, type ResolverParts } from "./resolver.ts";

/** What the configuration, or a command line, says. */
export interface ConfiguredResolver {
  /** But for `local`, which needs no resolver with sockets. */
  readonly mode: Exclude<DnsMode, "local">;
  readonly servers: readonly UpstreamServer[];
  /**
   * Whether the zones' own servers are asked where the configured ones leave out signatures. It needs permission to
   * reach any address.
   */
  readonly direct: boolean;
  /** The root's, if absent. */
  readonly anchors?: readonly TrustAnchor[] | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Where lookups are counted. */
  readonly metrics?: Metrics;
}

/** A resolver that can tell how it came to an answer; null where it does not look itself. */
export interface ExplainingResolver extends ClosableResolver {
  readonly explain: (<T extends RecordType>(name: string, type: T) => Promise<Explanation<T>>) | null;
  /** The beginnings of its chains of trust; null where it has none. */
  readonly trust: TrustHandle | null;
}

/** What whoever follows the keys of a zone needs of a resolver. */
export type TrustHandle = Pick<ValidatingResolver, "seeKeys" | "setAnchors">;

/** Puts it together. Opens nothing before the first lookup. */
export function configuredResolver(settings: ConfiguredResolver): ExplainingResolver {
  const { mode, servers, clock, log } = settings;
  const metrics = settings.metrics === undefined ? undefined : new DnsMetrics(settings.metrics);
  if (mode !== "validate") {
    const made = makeResolver({
      servers,
      mode: mode === "trustAd" ? "trust-ad" : "off",
      clock,
      log,
      metrics,
    });
    return { ...methodsOf(made), explain: null, trust: null };
  }
  let validating: ValidatingResolver | null = null;
  const validate = ({ exchange, cache, observer }: ResolverParts) =>
    validating = new ValidatingResolver({
      exchange,
      servers,
      direct: settings.direct ? new IterativeExchange({ exchange, clock, random: fraction }) : null,
      clock,
      cache,
      observer,
      ...(settings.anchors === undefined ? {} : { anchors: settings.anchors }),
      report: (sentence) => log.warn("dns", { note: sentence }),
    });
  const made = makeResolver({ servers, mode: validate, clock, log, metrics });
  const inside = (): ValidatingResolver => {
    if (validating === null) throw new TypeError("the resolver was not made");
    return validating;
  };
  return {
    ...methodsOf(made),
    explain: (name, type) => inside().explain(name, type),
    trust: {
      seeKeys: (zone, options) => inside().seeKeys(zone, options),
      setAnchors: (anchors) => inside().setAnchors(anchors),
    },
  };
}

/** Servers as they are configured; only those on this machine are trusted with AD. RFC 6840 5.8 */
export function trustedByPlace(servers: readonly DnsServer[]): UpstreamServer[] {
  return servers.map(({ address, port }) => {
    const ip = parseIp(address);
    return { address, port, trusted: ip !== null && isLoopback(ip) };
  });
}

/** The methods of a resolver, to put others beside them. */
function methodsOf(made: ClosableResolver): ClosableResolver {
  return {
    lookup: (name, type, options) => made.lookup(name, type, options),
    close: () => made.close(),
    forget: () => made.forget(),
  };
}

/** From 0 to below 1. */
function fraction(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32;
}
