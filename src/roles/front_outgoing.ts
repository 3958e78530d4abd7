/**
 * Outgoing mail's runner in the front: with the queue of the store, the resolver of all, and what the configuration says
 * of us.
 *
 * @module
 */
import { asciiDomain } from "../address/domain.ts";
import { type Deliver, deliverMethods } from "../delivery/deliver.ts";
import { Indexer } from "../message/indexer.ts";
import { ConfiguredTransports } from "../queue/configured_transports.ts";
import { deliverLocally, type LocalDeliveryParts } from "../queue/local_delivery.ts";
import { openFrontTls } from "./front_tls.ts";
import { isLoopback, parseIp } from "../base/ip_address.ts";
import type { StaticConfig } from "../config/static_config.ts";
import type { Resolver } from "../dns/resolver.ts";
import { dial } from "../net/client.ts";
import { type Queue, queueMethods } from "../queue/queue.ts";
import type { StsPolicies, TlsNotes } from "../queue/runner/policies.ts";
import { type Runner, startRunner } from "../queue/runner/runner.ts";
import { type RunnerParts, type RunnerSettings, usualSettings } from "../queue/runner/settings.ts";
import { client } from "../rpc/client.ts";
import type { FrontParts } from "./front_parts.ts";

/** What the runner is handed besides. */
export interface OutgoingParts {
  readonly resolver: Resolver;
  readonly policies: StsPolicies;
  readonly tlsNotes: TlsNotes;
  readonly transportFor: RunnerParts["transportFor"];
  readonly deliverLocally: RunnerParts["deliverLocally"];
  /** Ids of connections, the same as listeners give. */
  readonly newId: () => string;
  /** What the configuration says of the queue. */
  readonly settings?: Partial<RunnerSettings>;
}

/** What of the front it is made of. */
export type OutgoingFront = Pick<FrontParts, "store" | "clock" | "log" | "metrics"> & {
  readonly boot: { readonly config: Pick<StaticConfig, "hostname" | "listeners" | "localserve"> };
};

/** The runner with all that it needs, and what ends it. */
export interface FrontOutgoing {
  /** Ends what is under way, by then at the latest; to be called while the store still answers. */
  close(deadlineMs: number): Promise<void>;
}

/** Puts it together as the configuration says, and starts to send. */
export async function frontOutgoing(
  parts: FrontParts,
  resolver: Resolver,
  newId: () => string,
): Promise<FrontOutgoing> {
  const { boot, store, clock, loopback } = parts;
  const { config, domains, places } = boot;
  const queue = client<Queue>(store, "queue", queueMethods);
  const tls = await openFrontTls({ ...parts, folder: places.front, queue, resolver });
  const ways = new ConfiguredTransports(config, domains, boot.relayCertificates);
  const local: LocalDeliveryParts = {
    deliver: client<Deliver>(store, "deliver", deliverMethods),
    indexer: () => new Indexer(),
    clock,
    random: (octets) => crypto.getRandomValues(new Uint8Array(octets)),
    hostname: config.hostname,
    faults: config.localserve !== null,
  };
  const runner = startOutgoing(parts, {
    resolver,
    policies: tls.policies,
    tlsNotes: tls.notes,
    transportFor: (job) => ways.transportFor(job),
    deliverLocally: (job, content, signal) => deliverLocally(local, job, content, signal),
    newId,
    settings: {
      maxConnections: config.queue.concurrency,
      maxPerDomain: config.queue.concurrencyPerDomain,
      strictEightBit: config.queue.strict8BitMime,
      port: config.queue.port,
      allowPrivate: config.queue.privateAddresses || config.localserve !== null,
      ...(loopback === undefined ? {} : { trusted: loopback.trusted }),
    },
  });
  return {
    async close(deadlineMs) {
      await runner.close(deadlineMs);
      await tls.close();
    },
  };
}

/** Starts to send. Close it before what it was handed, while the store still answers. */
export function startOutgoing(
  { boot, store, clock, log, metrics }: OutgoingFront,
  parts: OutgoingParts,
): Runner {
  const { settings, ...others } = parts;
  return startRunner({
    queue: client<Queue>(store, "queue", queueMethods),
    ...others,
    clock,
    log: log.with({ service: "queue" }),
    metrics,
    random: fraction,
    dial,
    settings: {
      ...usualSettings,
      hostname: asciiDomain(boot.config.hostname),
      sourceAddresses: sourceAddresses(boot.config),
      allowPrivate: boot.config.localserve !== null,
      ...settings,
    },
  });
}

/**
 * Our own addresses that mail is to come from: those on which we take mail, if they are told by number, since they are
 * what SPF and the reverse DNS know of us. One of this machine alone leads nowhere.
 */
export function sourceAddresses({ listeners }: Pick<StaticConfig, "listeners">): readonly string[] {
  const addresses = Object.values(listeners).flatMap((one) => one.smtp === null ? [] : one.addresses);
  return [...new Set(addresses)].filter((address) => {
    const ip = parseIp(address);
    return ip !== null && !isLoopback(ip) && ip.bytes.some((octet) => octet !== 0);
  });
}

/** From 0 to below 1. */
function fraction(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32;
}
