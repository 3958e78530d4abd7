/**
 * What the front is told of the DNS, and what it is granted for it.
 *
 * @module
 */
import type { DnsMode } from "../config/dns_config.ts";
import type { UpstreamServer } from "../dns/upstream.ts";

export interface BootDns {
  readonly mode: DnsMode;
  /** In the order in which they are asked; none in mode `local`. */
  readonly servers: readonly UpstreamServer[];
  /** Whether the zones' own servers may be asked, wherever they are. */
  readonly direct: boolean;
}

/** Where UDP sockets are bound that ask: any port of any address of this machine. */
const anyLocal = ["0.0.0.0:0", "[::]:0"];

/**
 * Net permissions for asking: the servers, or anywhere. Permissions cannot say "port 53 of any address", so that who
 * may ask the zones' own servers may reach everything.
 */
export function dnsGrant({ mode, servers, direct }: BootDns): readonly string[] | "any" {
  if (mode === "local") return [];
  if (direct) return "any";
  const at = ({ address, port }: UpstreamServer) =>
    address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  return [...servers.map(at), ...anyLocal];
}
