/**
 * From our transports into Deno's HTTP server: bytes go to a unix socket on which it serves.
 *
 * `Deno.serve` brings HTTP/1.1, HTTP/2 and streams, but takes no connections from others and cannot change a
 * certificate while running; so our own listeners do limits and TLS, and hand the plain bytes on.
 *
 * Tested by `src/httpd/http_server_test.ts`.
 *
 * @module
 */
import net from "node:net";
import type { Transport } from "../net/transport.ts";

/** How long a connection may be silent in both directions. Event streams send more often than that, or end. */
const idleTimeoutMs = 10 * 60_000;

/** Carries one connection to the HTTP server at `path`, until either side ends. Never throws. */
export async function bridge(transport: Transport, path: string): Promise<void> {
  const inner = net.connect(path);
  inner.setNoDelay(true);
  transport.readTimeoutMs = idleTimeoutMs;
  const ended = () => inner.destroy();
  transport.ended.addEventListener("abort", ended, { once: true });
  // Where requests stop coming in disorder, answers stop too.
  const requests = inward(transport, inner).catch(ended);
  try {
    await outward(inner, transport);
    await transport.close();
  } catch {
    // A browser that went away, or a server that stopped: both ends are dropped.
    transport.destroy();
  } finally {
    transport.ended.removeEventListener("abort", ended);
    inner.destroy();
    transport.destroy();
    await requests;
  }
}

/** Requests: reads no further than the HTTP server takes. */
async function inward(transport: Transport, inner: net.Socket): Promise<void> {
  for (;;) {
    const bytes = await transport.read();
    if (bytes === null) break;
    if (!inner.write(bytes)) await drained(inner);
  }
  inner.end();
}

function drained(inner: net.Socket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const settle = (fn: () => void) => () => {
    inner.off("drain", onDrain);
    inner.off("close", onClose);
    fn();
  };
  const onDrain = settle(resolve);
  const onClose = settle(() => reject(new Error("the HTTP server closed the connection")));
  inner.on("drain", onDrain);
  inner.on("close", onClose);
  return promise;
}

/** Answers: pauses the HTTP server while the peer does not read. */
function outward(inner: net.Socket, transport: Transport): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  inner.on("data", (bytes: Uint8Array) => {
    inner.pause();
    transport.write(bytes).then(() => inner.resume(), (error) => {
      reject(error);
      inner.destroy();
    });
  });
  inner.on("error", reject);
  inner.on("end", resolve);
  // After a reset without `end`, a rejection that came first stands.
  inner.on("close", () => resolve());
  return promise;
}
