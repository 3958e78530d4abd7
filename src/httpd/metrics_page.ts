/**
 * `/metrics`, for Prometheus.
 *
 * Tested by `src/httpd/http_server_test.ts`.
 *
 * @module
 */
import type { Metrics } from "../base/metrics.ts";
import { badRequest, pathOf, plain, respond } from "./responses.ts";

/**
 * Answers requests for metrics.
 *
 * @param refresh Runs before, for what is looked up rather than counted; gives the text of another role's metrics, none of
 * whose names are among `metrics`.
 */
export function metricsPage(
  metrics: Metrics,
  refresh: () => Promise<string>,
): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return plain("Only GET is possible here.", 405);
    }
    const path = pathOf(request.url);
    if (path === null) return badRequest();
    if (path !== "/metrics") return plain("Metrics are at /metrics.", 404);
    const others = await refresh();
    return respond(metrics.text() + others, "text/plain; version=0.0.4; charset=utf-8");
  };
}
