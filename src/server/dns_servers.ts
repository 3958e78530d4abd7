/**
 * Which DNS servers the front is to ask: those of the configuration, else the system's.
 *
 * Tested by `src/server/dns_servers_test.ts`.
 *
 * @module
 */
import { isSameServer, readDnsServers } from "../config/dns_config.ts";
import type { StaticConfig } from "../config/static_config.ts";
import { trustedByPlace } from "../net/configured_resolver.ts";
import { parseResolvConf, upstreamServers } from "../net/resolv_conf.ts";
import type { BootDns } from "../roles/boot_dns.ts";

/** The system's list of servers; also looked at by the one who runs the roles alone. */
const resolvConf = "/etc/resolv.conf";

/** Reads what the configuration leaves to the system. */
export async function bootDns(config: StaticConfig): Promise<BootDns> {
  const { mode } = config.dns;
  if (mode === "local") return { mode, servers: [], direct: false };
  const text = config.dns.servers.length > 0 ? "" : await Deno.readTextFile(resolvConf).catch(() => "");
  return dnsOf(config, text);
}

/** The same, given the text of the system's file. */
export function dnsOf(config: Pick<StaticConfig, "dns" | "localserve">, resolvConfText: string): BootDns {
  const { mode } = config.dns;
  const named = trustedByPlace(readDnsServers(config.dns.servers));
  const trusted = readDnsServers(config.dns.trustedServers);
  const servers = named.length > 0
    ? named.map((one) => ({
      ...one,
      trusted: one.trusted || trusted.some((each) => isSameServer(each, one)),
    }))
    : upstreamServers(parseResolvConf(resolvConfText));
  // On a laptop the server keeps to what it was given.
  return { mode, servers, direct: mode === "validate" && config.localserve === null };
}
