/**
 * Web requests: a handler on a unix socket of our own, to which {@link bridge} carries connections.
 *
 * @module
 */
import type { Log } from "../base/log.ts";
import { plain } from "./responses.ts";

/** A running HTTP server. */
export interface HttpServer {
  /** The unix socket that it serves on. */
  readonly path: string;
  close(): Promise<void>;
}

/** How long requests under way may take when the server closes. */
const closeDeadlineMs = 1000;

/**
 * Serves `handler` on a unix socket at `path`; a handler that throws answers 500, with the reason in the log alone.
 *
 * A server that was killed leaves its socket file behind, which is removed: nobody else serves here.
 */
export function serveHttp(
  path: string,
  handler: (request: Request) => Promise<Response>,
  log: Log,
): HttpServer {
  const abort = new AbortController();
  removeStale(path);
  const server = Deno.serve({
    path,
    signal: abort.signal,
    onListen: () => {},
    onError: (error) => {
      log.error("web request failed", { error: error instanceof Error ? error : String(error) });
      return plain("Something went wrong here; the log knows what.", 500);
    },
  }, handler);
  return {
    path,
    async close() {
      const timer = setTimeout(() => abort.abort(), closeDeadlineMs);
      await server.shutdown().catch(() => {});
      clearTimeout(timer);
    },
  };
}

function removeStale(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
