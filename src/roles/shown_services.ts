/**
 * The services of a configuration, as they are shown to people.
 *
 * Tested by `tests/scenarios/localserve_test.ts`.
 *
 * @module
 */
import { type Listener, type ServiceName, services, type StaticConfig } from "../config/static_config.ts";
import type { ShownService } from "../httpd/local_page.ts";

const names: Readonly<Record<ServiceName, string>> = {
  smtp: "SMTP",
  submission: "Submission",
  submissions: "Submissions",
  imap: "IMAP",
  imaps: "IMAPS",
  http: "HTTP",
  https: "HTTPS",
  metrics: "Metrics",
};

const uses: Readonly<Record<ServiceName, string>> = {
  smtp: "mail from other servers and programs",
  submission: "mail from signed-in clients",
  submissions: "the same, TLS at once",
  imap: "reading mail",
  imaps: "the same, TLS at once",
  http: "this server's page, /",
  https: "the same with TLS",
  metrics: "Prometheus, /metrics",
};

function security(name: ServiceName, listener: Listener): string {
  if (name === "submissions" || name === "imaps" || name === "https") return "TLS";
  if (name === "http" || name === "metrics" || listener.tls === null) return "none";
  if (name === "smtp") return "STARTTLS or none";
  return listener[name]?.noRequireStartTls === true ? "STARTTLS or none" : "STARTTLS";
}

/** Each service once, at the first address of its listener. */
export function shownServices(config: StaticConfig): ShownService[] {
  return Object.values(config.listeners).flatMap((listener) =>
    services(listener).map(([name, port]) => ({
      name: names[name],
      address: listener.addresses[0] ?? "",
      port,
      security: security(name, listener),
      use: uses[name],
    }))
  );
}
