/**
 * A server's connection with everything around it in memory. For tests.
 *
 * @module
 */
import { FakeClock } from "../../../tests/support/fake_clock.ts";
import {
  memoryTls,
  type MemoryTransport,
  memoryTransports,
} from "../../../tests/support/memory_transport.ts";
import { createLog, type Log } from "../../base/log.ts";
import { Metrics } from "../../base/metrics.ts";
import { smtpMetrics } from "../metrics.ts";
import { SpoolPlaces } from "../spool_places.ts";
import { PartialDeliveries } from "../partial_deliveries.ts";
import { serveSmtp } from "../serve.ts";
import type { SmtpServices } from "../services.ts";
import { type SmtpLimits, type SmtpSettings, smtpSettings } from "../settings.ts";
import { MemoryAuthenticator } from "./memory_authenticator.ts";
import { MemoryDelivery } from "../../delivery/testing/memory_delivery.ts";
import { PlainIndexer } from "../../delivery/testing/plain_indexer.ts";

export type StageSettings = Partial<Omit<SmtpSettings, "limits">> & {
  readonly limits?: Partial<SmtpLimits>;
  /** TLS from the first byte. */
  readonly secure?: boolean;
  /** The client has a certificate. */
  readonly certificate?: boolean;
};

export interface SmtpStage {
  readonly clock: FakeClock;
  readonly client: MemoryTransport;
  readonly delivery: MemoryDelivery;
  readonly authenticator: MemoryAuthenticator;
  readonly metrics: Metrics;
  readonly logged: string[];
  readonly stopping: AbortController;
  /** Resolves when the server is done with the connection. */
  readonly done: Promise<void>;
  readonly services: SmtpServices;
  /** Another connection to the same server. */
  again(): SmtpStage;
}

interface World {
  readonly clock: FakeClock;
  readonly delivery: MemoryDelivery;
  readonly authenticator: MemoryAuthenticator;
  readonly metrics: Metrics;
  readonly logged: string[];
  readonly stopping: AbortController;
  readonly services: SmtpServices;
  readonly log: Log;
}

/** A connection that the server has begun to serve. */
export function smtpStage(given: StageSettings = {}): SmtpStage {
  return connect(world(), given);
}

function world(): World {
  const clock = new FakeClock();
  const delivery = new MemoryDelivery();
  const authenticator = new MemoryAuthenticator();
  const metrics = new Metrics();
  const logged: string[] = [];
  const stopping = new AbortController();
  let chance = 0;
  const services: SmtpServices = {
    deliver: delivery,
    places: new SpoolPlaces(delivery, clock),
    authenticator,
    submit: () => delivery,
    indexer: () => new PlainIndexer(),
    evidence: null,
    destinations: {
      judge: ({ domain }) =>
        Promise.resolve({
          kind: domain === "nowhere.example"
            ? "noSuchDomain"
            : domain === "nomail.example"
            ? "nullMx"
            : "unknownDomain",
        }),
    },
    clock,
    random: (octets) => new Uint8Array(octets).fill(++chance),
    publicId: () => "ID",
    metrics: smtpMetrics(metrics),
    partial: new PartialDeliveries(),
    stopping: stopping.signal,
  };
  const log = createLog({ level: "trace", format: "text" }, () => 0, (_level, line) => logged.push(line));
  return { clock, delivery, authenticator, metrics, logged, stopping, services, log };
}

function connect(world: World, given: StageSettings): SmtpStage {
  const { secure = false, certificate = false, ...rest } = given;
  const tls = {
    ...memoryTls,
    clientCertificate: certificate ? { fingerprint: "fingerprint", der: new Uint8Array(0) } : null,
  };
  const { server, client } = memoryTransports({ clock: world.clock, secure, tls });
  const settings = smtpSettings({ kind: "delivery", hostname: "mail.example.org", startTls: true, ...rest });
  const done = serveSmtp(server, world.services, settings, world.log);
  return { ...world, client, done, again: () => connect(world, given) };
}
