/**
 * The entry of the store as a Worker, inside localserve.
 *
 * Tested by `tests/scenarios/localserve_test.ts`.
 *
 * @module
 */
import { Metrics } from "../base/metrics.ts";
import { systemClock } from "../net/system_clock.ts";
import { PortCarrier } from "../rpc/port_carrier.ts";
import { SocketCarrier } from "../rpc/socket_carrier.ts";
import type { StoreBoot } from "./boot.ts";
import { ParserLink } from "./parser_link.ts";
import { portStream } from "./port_stream.ts";
import { roleLog } from "./role_log.ts";
import { startStore, type StoreServer } from "./store_server.ts";

/** What the Worker is told. */
export type ToStoreWorker =
  | { readonly kind: "start"; readonly boot: StoreBoot; readonly port: MessagePort }
  /** A command has connected (`port_stream.ts`). */
  | { readonly kind: "command"; readonly port: MessagePort }
  | { readonly kind: "parser"; readonly bytes: Uint8Array }
  | { readonly kind: "close" };

/** What it says. */
export type FromStoreWorker =
  | { readonly kind: "ready" | "closed" }
  | { readonly kind: "parser"; readonly bytes: Uint8Array }
  | { readonly kind: "failed"; readonly message: string };

/** The global scope of a Worker, as far as it is used here. */
interface Scope {
  addEventListener(type: "message", listener: (event: MessageEvent<ToStoreWorker>) => void): void;
  postMessage(message: FromStoreWorker): void;
}

// TypeScript's library knows the global scope as a window's.
const scope = globalThis as unknown as Scope;
const parser = new ParserLink((bytes) => scope.postMessage({ kind: "parser", bytes }), systemClock);
let server: StoreServer | null = null;
/** A Worker that is ended hears nothing of it: what waits to be logged must be written before it says that it is done. */
let flushLog = () => {};

scope.addEventListener("message", (event) => {
  const message = event.data;
  if (message.kind === "parser") parser.take(message.bytes);
  else if (message.kind === "start") void start(message.boot, message.port);
  else if (message.kind === "command") server?.accept(new SocketCarrier(portStream(message.port)));
  else void server?.close().then(() => say({ kind: "closed" }));
});

function say(message: FromStoreWorker): void {
  flushLog();
  scope.postMessage(message);
}

async function start(boot: StoreBoot, port: MessagePort): Promise<void> {
  try {
    const { log, flush } = roleLog(boot, "store");
    flushLog = flush;
    server = await startStore({ boot, clock: systemClock, log, metrics: new Metrics(), parser });
    server.accept(new PortCarrier(port));
    say({ kind: "ready" });
    say({ kind: "failed", message: (await server.broken).message });
  } catch (error) {
    say({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
  }
}
