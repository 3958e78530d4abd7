/**
 * The front: every byte from and to the network. Puts listeners, edges and the way to the store together.
 *
 * It holds TLS keys in memory and nothing of anybody's mail but what is passing through.
 *
 * Tested by `tests/scenarios/localserve_test.ts`.
 *
 * @module
 */
import type { Log } from "../base/log.ts";
import type { PerNetwork } from "../base/rate_windows.ts";
import { type Listener as ListenerConfig, type ServiceName, services } from "../config/static_config.ts";
import { type ConnectionFiles, ConnectionLimits } from "../net/connection_limits.ts";
import { connectionIds } from "../net/connection_id.ts";
import { listen, type Listener } from "../net/listener.ts";
import { filesForConnections, OpenFiles } from "../net/open_files.ts";
import type { ServerTls } from "../net/server_tls.ts";
import { Certificates, loadCertificate } from "../tls/certificates.ts";
import type { FrontBoot } from "./boot.ts";
import { cannotListen } from "./cannot_listen.ts";
import { edges, refusalOf } from "./front_edges.ts";
import { frontEvidence } from "./front_evidence.ts";
import { frontOutgoing } from "./front_outgoing.ts";
import type { FrontParts } from "./front_parts.ts";
import { webServers } from "./front_web.ts";

/** How long connections may take to end when the server stops; the rest of the 3 s is the store's. */
const closeDeadlineMs = 1500;

/** A running front. */
export interface Front {
  /** Tells clients, ends what can be ended, drops the rest. */
  close(): Promise<void>;
}

/**
 * Starts to listen everywhere that the configuration says.
 *
 * @throws {CannotListen} If an address cannot be listened on: nothing is left listening then.
 */
export async function startFront(parts: FrontParts): Promise<Front> {
  const { boot, clock, log, metrics } = parts;
  const stopping = new AbortController();
  const evidence = await frontEvidence(parts);
  const shared = edges(parts, evidence, stopping.signal);
  const web = webServers(parts);
  const newId = connectionIds(clock.now());
  const outgoing = await frontOutgoing(parts, evidence.resolver, newId);
  const started: Listener[] = [];
  const close = async () => {
    stopping.abort();
    for (const listener of started) listener.stopAccepting();
    await Promise.all([
      ...started.map((listener) => listener.close(closeDeadlineMs)),
      outgoing.close(closeDeadlineMs),
    ]);
    await Promise.all(web.map((server) => server.close()));
    await evidence.close();
  };
  const files = connectionFiles(boot, log, () => {
    for (const listener of started) listener.mayBeDeaf();
  });
  const connections = metrics.gauge("mailden_connections", "Open connections.");
  try {
    for (const [name, config] of Object.entries(boot.config.listeners)) {
      const tls = serverTls(boot, name);
      for (const [service, port] of services(config)) {
        const handler = shared(service, config);
        const refusal = refusalOf(service);
        const listener = await listen({
          addresses: config.addresses.map((address) => ({ address, port })),
          handler: (transport) => handler(transport, log.with({ cid: transport.id, service })),
          clock,
          log: log.with({ service }),
          newId,
          tls,
          implicitTls: service === "submissions" || service === "imaps" || service === "https",
          limits: new ConnectionLimits(clock, limitsOf(config, service), filesOf(files, service)),
          ...(refusal === null ? {} : { refusal: () => refusal }),
          ...(config.tls === null ? {} : { times: { handshakeTimeoutMs: config.tls.handshakeTimeout } }),
          observer: {
            accepted: () => connections.add(1, { service }),
            ended: () => connections.add(-1, { service }),
          },
        }).catch((error) => {
          throw cannotListen(error, name, service, port);
        });
        started.push(listener);
        log.info("listening", { service, addresses: config.addresses, port });
      }
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { close };
}

/** For the connections of all listeners; null where nobody knows a limit. @param full Called for each that is refused. */
function connectionFiles({ openFiles }: FrontBoot, log: Log, full: () => void): OpenFiles | null {
  if (openFiles === null) return null;
  const max = filesForConnections(openFiles);
  const remedy = "raise the limit of open files (ulimit -n; LimitNOFILE in a unit of systemd)";
  return new OpenFiles(max, (isFirst) => {
    if (isFirst) log.warn("too many connections, more are refused", { openFiles, max, remedy });
    full();
  });
}

/** Connections to web pages go on over a socket to the HTTP server (`httpd/bridge.ts`), of which both ends are here. */
function filesOf(together: OpenFiles | null, service: ServiceName): ConnectionFiles | null {
  if (together === null) return null;
  return { together, each: service === "http" || service === "https" || service === "metrics" ? 3 : 1 };
}

function serverTls(boot: FrontBoot, listener: string): ServerTls | null {
  const pairs = boot.certificates[listener] ?? [];
  if (pairs.length === 0) return null;
  return { certificates: new Certificates(pairs.map(loadCertificate)), requestClientCertificate: true };
}

/** The three widths of networks, as the configuration gives them. */
function perNetwork(numbers: readonly number[]): PerNetwork {
  const [one = 0, network = 0, wide = 0] = numbers;
  return [one, network, wide];
}

function limitsOf(config: ListenerConfig, service: ServiceName) {
  const limited = service === "http" || service === "https" || service === "metrics" ? null : config[service];
  if (limited === null) return {};
  return {
    openPerNetwork: perNetwork(limited.openConnections),
    newPerMinute: perNetwork(limited.connectionsPerMinute),
  };
}
