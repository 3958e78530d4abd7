/**
 * Transports and routes of the configuration, and which of them a message takes. Plain data in, plain data out: the front
 * asks for each attempt anew.
 *
 * @module
 */
import { normalForm } from "../address/domain.ts";
import type { DynamicConfig } from "../config/dynamic_config.ts";
import { maxAttempts } from "../config/queue_config.ts";
import type { RouteConfig } from "../config/route_config.ts";
import type { StaticConfig } from "../config/static_config.ts";
import type { TransportConfig } from "../config/transport_config.ts";
import type { QueueJob } from "./queue.ts";
import { type Route, transportFor } from "./routes.ts";
import {
  directTransport,
  type LocalTransport,
  type MissingTransport,
  type RelayTransport,
  type Transport,
} from "./transport.ts";

/** The part of the configuration that says what transports there are, and what needs none. */
export type TransportsConfig = Pick<StaticConfig, "transports" | "hostname" | "localserve"> & {
  readonly listeners: Readonly<Record<string, { readonly hostname: string | null }>>;
};

const localTransport: LocalTransport = { kind: "local" };

/** What of a message says which way it takes. */
export type RoutedJob = Pick<QueueJob, "account" | "sender" | "domain" | "attempts" | "transport">;

/** The ways that a configuration has. */
export class ConfiguredTransports {
  readonly #transports: ReadonlyMap<string, Transport>;
  readonly #accounts: ReadonlyMap<string, readonly Route[]>;
  readonly #domains: ReadonlyMap<string, readonly Route[]>;
  readonly #global: readonly Route[];
  /** Domains that are delivered to here. */
  readonly #own: ReadonlySet<string>;
  /** Domains of ours that are disabled: what was sent from them waits. */
  readonly #disabled: ReadonlySet<string>;
  /** Where no route matches. */
  readonly #elsewhere: Transport;

  constructor(
    { transports, hostname, listeners, localserve }: TransportsConfig,
    { routes, domains, accounts }: Pick<DynamicConfig, "routes" | "domains" | "accounts">,
    certificates: Readonly<Record<string, NonNullable<RelayTransport["certificate"]>>> = {},
  ) {
    const hostnames = [hostname, ...Object.values(listeners).flatMap((each) => each.hostname ?? [])];
    this.#own = new Set([...hostnames, ...Object.keys(domains)].map((name) => normalForm(name) ?? name));
    this.#disabled = new Set(
      Object.entries(domains).filter(([, each]) => each.disabled).map(([name]) => normalForm(name) ?? name),
    );
    this.#elsewhere = localserve === null ? directTransport : localTransport; // There everything stays here.
    this.#transports = new Map(
      Object.entries(transports).map(([name, each]) => [name, transportOf(each, certificates[name] ?? null)]),
    );
    this.#global = routes.map(routeOf);
    this.#domains = new Map(
      Object.entries(domains).map(([name, each]) => [normalForm(name) ?? name, each.routes.map(routeOf)]),
    );
    this.#accounts = new Map(
      Object.entries(accounts).map(([name, each]) => [name, each.routes.map(routeOf)]),
    );
  }

  /** Whether a message can be given this transport by hand. */
  has(name: string): boolean {
    return this.#transports.has(name);
  }

  /** Whether each attempt goes straight to the recipient's mail exchangers: then these must be there. */
  goesDirectly(mail: Omit<RoutedJob, "attempts" | "transport">): boolean {
    for (let attempts = 1; attempts <= maxAttempts + 1; attempts++) {
      if (this.transportFor({ ...mail, attempts, transport: "" }).kind !== "direct") return false;
    }
    return true;
  }

  /** The transport of this attempt, which `job.attempts` counts. */
  transportFor(job: RoutedJob): Transport | MissingTransport {
    const fromDomain = domainOf(job.sender);
    if (this.#disabled.has(fromDomain)) {
      return {
        kind: "fail",
        code: 451,
        text: `the domain ${fromDomain} is disabled for now, and so is mail from it`,
      };
    }
    if (job.transport === "" && this.#own.has(job.domain)) return localTransport;
    const name = transportFor(
      { fromDomain, toDomain: job.domain, attempts: job.attempts - 1 },
      job.transport,
      [this.#accounts.get(job.account) ?? [], this.#domains.get(fromDomain) ?? [], this.#global],
    );
    if (name === "") return this.#elsewhere;
    return this.#transports.get(name) ?? { kind: "missing", name };
  }
}

/** A route with its domains as they are compared. */
export function routeOf({ fromDomain, toDomain, minimumAttempts, transport }: RouteConfig): Route {
  return {
    fromDomain: fromDomain.map(normalPattern),
    toDomain: toDomain.map(normalPattern),
    minimumAttempts,
    transport,
  };
}

function normalPattern(domain: string): string {
  const dot = domain.startsWith(".") ? "." : "";
  const name = domain.slice(dot.length);
  return dot + (normalForm(name) ?? name);
}

function domainOf(sender: string): string {
  const domain = sender.slice(sender.lastIndexOf("@") + 1);
  return sender === "" ? "" : normalForm(domain) ?? domain.toLowerCase();
}

/** A transport as the runner wants it. The configuration was checked: there is exactly one method. */
export function transportOf(
  { smtp, submission, submissions, socks, direct, fail }: TransportConfig,
  certificate: RelayTransport["certificate"],
): Transport {
  const startTls = smtp ?? submission;
  if (startTls !== null) {
    const { noStartTls, startTlsInsecureSkipVerify } = startTls;
    const tls = noStartTls ? "never" : startTlsInsecureSkipVerify ? "unverified" : "startTls";
    return relay(startTls, tls, certificate);
  }
  if (submissions !== null) return relay(submissions, "implicit", certificate);
  if (socks !== null) return { ...directTransport, socks };
  if (direct !== null) return { ...directTransport, ipv4: !direct.disableIpv4, ipv6: !direct.disableIpv6 };
  if (fail !== null) return { kind: "fail", code: fail.code, text: fail.message };
  throw new TypeError("a transport without a method was let pass");
}

type RelayConfig = NonNullable<TransportConfig["submissions"]>;

function relay(
  config: RelayConfig,
  tls: RelayTransport["tls"],
  certificate: RelayTransport["certificate"],
): RelayTransport {
  const { host, port, username, password, mechanisms, trusted } = config;
  return {
    kind: "relay",
    host,
    port,
    tls,
    trusted,
    auth: authOf(username, password, mechanisms),
    certificate,
  };
}

/** Without a user, the certificate alone signs in, where that is wanted; else nobody does. */
function authOf(
  username: string,
  password: string,
  mechanisms: RelayConfig["mechanisms"],
): RelayTransport["auth"] {
  if (username !== "") return { username, password, mechanisms };
  return mechanisms.includes("EXTERNAL") ? { username, password, mechanisms: ["EXTERNAL"] } : null;
}
