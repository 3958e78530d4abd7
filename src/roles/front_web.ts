/**
 * The front's web pages: localserve's page and the metrics, each on a unix socket of its own, to which
 * connections are carried.
 *
 * Tested by `tests/scenarios/localserve_test.ts`.
 *
 * @module
 */
import { type Status, statusMethods } from "../accounts/status.ts";
import { type HttpServer, serveHttp } from "../httpd/http_server.ts";
import { localPage } from "../httpd/local_page.ts";
import { metricsPage } from "../httpd/metrics_page.ts";
import { plain } from "../httpd/responses.ts";
import { client } from "../rpc/client.ts";
import type { FrontParts } from "./front_parts.ts";
import type { Places } from "./grants.ts";
import { shownServices } from "./shown_services.ts";

/** The socket of the pages, or of the metrics. */
export function webSocketPath(places: Places, which: "web" | "metrics"): string {
  return places.webSockets.find((path) => path.endsWith(`/${which}.sock`)) ?? "";
}

/** Starts both. */
export function webServers(parts: FrontParts): HttpServer[] {
  const { boot, log, metrics } = parts;
  return [
    serveHttp(webSocketPath(boot.places, "web"), pages(parts), log),
    serveHttp(webSocketPath(boot.places, "metrics"), metricsPage(metrics, () => refresh(parts)), log),
  ];
}

/** localserve's page; on other servers there is none yet. */
function pages({ boot, store }: FrontParts): (request: Request) => Promise<Response> {
  const local = boot.config.localserve;
  if (local === null) return () => Promise.resolve(plain("There are no pages here.", 404));
  const [login = ""] = Object.keys(boot.domains.accounts[local.account]?.destinations ?? {});
  const addresses = Object.values(boot.config.listeners).flatMap((listener) => listener.addresses);
  return localPage({
    version: boot.version,
    folder: boot.folder,
    services: shownServices(boot.config),
    login,
    password: local.password,
    adminPassword: local.adminPassword,
    hosts: [
      "localhost",
      boot.config.hostname.toLowerCase(),
      ...addresses.map((address) => address.includes(":") ? `[${address}]` : address),
    ],
  }, client<Status>(store, "status", statusMethods));
}

/** What is looked up rather than counted, and what the store counts. */
async function refresh({ store, metrics }: FrontParts): Promise<string> {
  const status = client<Status>(store, "status", statusMethods);
  const [counts, ofStore] = await Promise.all([status.counts({}), status.metrics({})]);
  metrics.gauge("mailden_messages", "Messages of all accounts.").set(counts.messages);
  metrics.gauge("mailden_message_bytes", "Octets of all messages.").set(counts.bytes);
  metrics.gauge("mailden_accounts", "Accounts.").set(counts.accounts);
  metrics.gauge("mailden_store_commit", "Number of the last commit.").set(counts.commit);
  return ofStore;
}
