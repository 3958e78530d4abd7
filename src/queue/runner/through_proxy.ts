/**
 * Connecting to a host through a SOCKS proxy, at whichever of the proxy's addresses answers. RFC 1928
 *
 * What is wrong with the proxy is said of the proxy: a host that was never asked has refused nothing.
 *
 * Tested by `src/queue/runner/relay_test.ts`.
 *
 * @module
 */
import type { DialedTransport, DialSettings } from "../../net/client.ts";
import { connectThroughSocks, SocksRefused } from "../../net/socks5_dial.ts";
import { TransportError } from "../../net/transport.ts";
import type { Dial } from "./settings.ts";

/** A proxy that is dialled instead of the host. */
export interface Proxy {
  /** At least one; tried in this order. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly username: string;
  readonly password: string;
}

/** None of the proxy's addresses could be reached; the cause is what was said of the last. */
export class ProxyUnreached extends Error {
  override readonly name = "ProxyUnreached";
  override readonly cause: TransportError;

  constructor(cause: TransportError) {
    super(cause.message);
    this.cause = cause;
  }
}

/** How to dial, but for where. */
export interface ProxyDialSettings
  extends Omit<DialSettings, "address" | "port" | "connectTimeoutMs" | "tls"> {
  /** For all addresses of the proxy together. */
  readonly connectTimeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Has a proxy connect us to a target.
 *
 * @throws {ProxyUnreached} If nobody is there.
 * @throws {SocksRefused} If the proxy does not do it, or ends the connection.
 */
export async function dialThroughProxy(
  proxy: Proxy,
  target: { readonly address: string; readonly port: number },
  dial: Dial,
  settings: ProxyDialSettings,
): Promise<DialedTransport> {
  const { signal } = settings;
  const transport = await reached(proxy, dial, settings);
  const giveUp = () => transport.destroy();
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    await connectThroughSocks(transport, target, proxy);
    return transport;
  } catch (error) {
    transport.destroy();
    if (!(error instanceof TransportError)) throw error;
    const why = error.failure === "timeout" ? "it did not answer in time" : "it ended the connection";
    throw new SocksRefused(why, { cause: error });
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

async function reached(proxy: Proxy, dial: Dial, settings: ProxyDialSettings): Promise<DialedTransport> {
  const { addresses, port } = proxy;
  const { clock, connectTimeoutMs } = settings;
  const dueAt = clock.monotonic() + connectTimeoutMs;
  let last = new TransportError("closed", "it has no address");
  for (const [i, address] of addresses.entries()) {
    const share = Math.max(1, (dueAt - clock.monotonic()) / (addresses.length - i));
    try {
      return await dial({ ...settings, address, port, connectTimeoutMs: share });
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      last = error;
      if (settings.signal.aborted) break;
    }
  }
  throw new ProxyUnreached(last);
}
