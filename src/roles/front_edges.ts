/**
 * What serves the connections of each service: the edges, joined to the store and to each other.
 *
 * Tested by `tests/scenarios/localserve_test.ts`.
 *
 * @module
 */
import { authenticatorMethods, type Mechanism, mechanisms } from "../accounts/authenticator.ts";
import { type Mail, mailMethods } from "../accounts/mail.ts";
import { asciiDomain } from "../address/domain.ts";
import type { Log } from "../base/log.ts";
import { opaqueIds } from "../base/opaque_id.ts";
import type { Listener, ServiceName } from "../config/static_config.ts";
import { type Deliver, deliverMethods, submitMethods } from "../delivery/deliver.ts";
import type { Resolver } from "../dns/resolver.ts";
import { rememberResolutions } from "../delivery/resolution_cache.ts";
import { bridge } from "../httpd/bridge.ts";
import { imapMetrics } from "../imapd/metrics.ts";
import { imapRefusal, serveImap } from "../imapd/serve_imap.ts";
import type { ImapServices, ImapSettings } from "../imapd/settings.ts";
import { Indexer } from "../message/indexer.ts";
import type { Transport } from "../net/transport.ts";
import { ConfiguredTransports } from "../queue/configured_transports.ts";
import { client } from "../rpc/client.ts";
import { Destinations } from "../smtpd/destinations.ts";
import { smtpMetrics } from "../smtpd/metrics.ts";
import { PartialDeliveries } from "../smtpd/partial_deliveries.ts";
import { SpoolPlaces, unsharedPlaces } from "../smtpd/spool_places.ts";
import { serveSmtp, smtpRefusal } from "../smtpd/serve.ts";
import type { SmtpServices } from "../smtpd/services.ts";
import { type SmtpLimits, type SmtpSettings, smtpSettings } from "../smtpd/settings.ts";
import type { FrontEvidence } from "./front_evidence.ts";
import type { FrontParts } from "./front_parts.ts";
import { webSocketPath } from "./front_web.ts";

/** Serves one connection of a service. */
export type Handler = (transport: Transport, log: Log) => Promise<void>;

/**
 * Gives the handler of each service of a listener.
 *
 * @param evidence For mail from strangers.
 * @param stopping Aborts when the server is to stop.
 */
export function edges(
  parts: FrontParts,
  evidence: FrontEvidence,
  stopping: AbortSignal,
): (service: ServiceName, listener: Listener) => Handler {
  const { boot } = parts;
  const plain = smtpServices(parts, stopping);
  // In localserve all mail stays here; and where no server is asked, the DNS knows nobody.
  const destinations = boot.config.localserve === null && boot.dns.mode !== "local"
    ? destinationsOf(parts, evidence.resolver)
    : null;
  const smtp: SmtpServices = { ...plain, destinations };
  const imap: ImapServices = {
    authenticator: smtp.authenticator,
    openMail: (capability) => client<Mail>(parts.store, "mail", mailMethods, capability),
  };
  const environment = { clock: parts.clock, metrics: imapMetrics(parts.metrics), stopping };
  const offered = offeredMechanisms(parts);
  return (service, listener) => {
    switch (service) {
      case "smtp":
      case "submission":
      case "submissions": {
        const settings = smtpSettingsOf(service, listener, parts, offered);
        const lists = listener.smtp?.dnsBlocklists ?? [];
        const services = service === "smtp"
          ? { ...smtp, evidence: evidence.gatherer(settings.hostname, lists) }
          : smtp;
        return (transport, log) => serveSmtp(transport, services, settings, log);
      }
      case "imap":
      case "imaps": {
        const settings: ImapSettings = {
          service,
          startTls: listener.tls !== null && service === "imap",
          plainWithoutTls: service === "imap" && listener.imap?.noRequireStartTls === true,
          mechanisms: offered.filter((mechanism) => mechanism !== "LOGIN"), // IMAP has a command for that.
          ...limitsOf(listener[service]),
        };
        return (transport, log) => serveImap(transport, imap, settings, { ...environment, log });
      }
      case "http":
      case "https":
        return (transport) => bridge(transport, webSocketPath(boot.places, "web"));
      case "metrics":
        return (transport) => bridge(transport, webSocketPath(boot.places, "metrics"));
    }
  };
}

function destinationsOf({ boot, clock, log }: FrontParts, resolver: Resolver): Destinations {
  const ways = new ConfiguredTransports(boot.config, boot.domains);
  return new Destinations({ resolver, clock, log, goesDirectly: (mail) => ways.goesDirectly(mail) });
}

/** The limits of an IMAP service. */
function limitsOf(config: Listener["imaps"]): Partial<ImapSettings> {
  if (config === null) return {};
  const { loginTimeout, idleTimeout, messageLimit, saveLimit } = config;
  return { loginTimeoutMs: loginTimeout, idleTimeoutMs: idleTimeout, messageLimit, saveLimit };
}

function smtpServices(parts: FrontParts, stopping: AbortSignal): SmtpServices {
  const { boot, store, clock, metrics } = parts;
  const ids = opaqueIds(Uint8Array.fromBase64(boot.idKey, { alphabet: "base64url" }));
  const deliver = rememberResolutions(client<Deliver>(store, "deliver", deliverMethods), clock);
  return {
    deliver,
    places: new SpoolPlaces(deliver, clock, boot.config.localserve === null ? undefined : unsharedPlaces),
    authenticator: client(store, "authenticator", authenticatorMethods),
    submit: (capability) => client(store, "submit", submitMethods, capability),
    indexer: () => new Indexer(),
    evidence: null,
    destinations: null,
    clock,
    random: (octets) => crypto.getRandomValues(new Uint8Array(octets)),
    publicId: (cid) => ids.seal(BigInt(`0x${cid}`)),
    metrics: smtpMetrics(metrics),
    partial: new PartialDeliveries(),
    stopping,
  };
}

/** Weak mechanisms only where a domain derives secrets for them: others would choose them and fail. */
function offeredMechanisms({ boot }: FrontParts): readonly Mechanism[] {
  const weak = Object.values(boot.domains.domains).some((domain) => domain.weakMechanisms);
  return weak ? mechanisms : mechanisms.filter((name) => name !== "CRAM-MD5" && name !== "SCRAM-SHA-1");
}

/** What an SMTP service of a listener is told. */
export function smtpSettingsOf(
  service: "smtp" | "submission" | "submissions",
  listener: Listener,
  { boot }: { readonly boot: Pick<FrontParts["boot"], "config"> },
  offered: readonly Mechanism[],
): SmtpSettings {
  return smtpSettings({
    kind: service === "smtp" ? "delivery" : service,
    hostname: asciiDomain(listener.hostname ?? boot.config.hostname), // RFC 6531 3.7.1
    startTls: listener.tls !== null && service !== "submissions",
    requireTls: service !== "smtp" || listener.smtp?.noRequireTls !== true,
    mechanisms: offered,
    plainWithoutTls: service === "submission" && listener.submission?.noRequireStartTls === true,
    faults: boot.config.localserve !== null,
    limits: smtpLimitsOf(listener[service]),
  });
}

/** What a connection is told that the limits turn away, if anything. */
export function refusalOf(service: ServiceName): Uint8Array | null {
  switch (service) {
    case "smtp":
    case "submission":
    case "submissions":
      return smtpRefusal;
    case "imap":
    case "imaps":
      return imapRefusal;
    case "http":
    case "https":
    case "metrics":
      return null;
  }
}

/** Every limit of an SMTP service; those of signing in only where one can. */
export function smtpLimitsOf(config: Listener["smtp"] | Listener["submissions"]): Partial<SmtpLimits> {
  if (config === null) return {};
  return {
    maxMessageBytes: config.maxMessageBytes,
    maxRecipients: config.maxRecipients,
    maxCommandLine: config.maxCommandLine,
    maxReceived: config.maxReceived,
    maxErrors: config.maxErrors,
    maxUnknownCommands: config.maxUnknownCommands,
    maxIdleCommands: config.maxIdleCommands,
    maxBadTransactions: config.maxBadTransactions,
    ...("maxAuthFailures" in config ? { maxAuthFailures: config.maxAuthFailures } : {}),
    readTimeoutMs: config.readTimeout,
    writeTimeoutMs: config.writeTimeout,
    commandTimeoutMs: config.commandTimeout,
    dataTimeoutMs: config.dataTimeout,
  };
}
