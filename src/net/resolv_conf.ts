/**
 * Which servers the system asks: `/etc/resolv.conf`, of which only what we act upon is read. Search lists and `ndots`
 * are for names that people type; ours are absolute.
 *
 * Source: resolv.conf(5).
 *
 * @module
 */
import { isLoopback, parseIp, printIp } from "../base/ip_address.ts";
import type { UpstreamServer } from "../dns/upstream.ts";

/** Servers that are used; further ones are ignored, as the system does (MAXNS). */
export const maxServers = 3;

/** The caps of the system on its options: seconds for a try, and tries. */
export const maxTimeoutSeconds = 30;
export const maxAttempts = 5;

/** Of the file; longer text is not read to its end. */
export const maxResolvConfCharacters = 64 * 1024;

/** What the file says. */
export interface ResolvConf {
  /** IP addresses in their order, without duplicates; one of IPv6 may have a zone (`fe80::1%eth0`). */
  readonly servers: readonly string[];
  /** Whether the AD bit of these servers is to be believed. */
  readonly trustAd: boolean;
  /** For each try; null where nothing is said. */
  readonly timeoutMs: number | null;
  readonly attempts: number | null;
}

/** Reads the file. Never fails: what is not understood is passed over, as the system does. */
export function parseResolvConf(text: string): ResolvConf {
  const servers: string[] = [];
  let options: string[] = [];
  for (const line of text.slice(0, maxResolvConfCharacters).split("\n")) {
    const [keyword, ...words] = line.trim().split(/\s+/); // A line that begins with `#` or `;` has no such keyword.
    if (keyword === "nameserver") {
      const server = serverAddress(words[0] ?? "");
      if (server !== null && !servers.includes(server) && servers.length < maxServers) servers.push(server);
    } else if (keyword === "options") options = [...options, ...words];
  }
  const seconds = numberOption(options, "timeout", maxTimeoutSeconds);
  return {
    servers,
    trustAd: options.includes("trust-ad"),
    timeoutMs: seconds === null ? null : seconds * 1000,
    attempts: numberOption(options, "attempts", maxAttempts),
  };
}

/**
 * The servers to ask, on port 53. Without any, the one on this machine. Loopback is trusted without `trust-ad`:
 * nobody stands between.
 */
export function upstreamServers({ servers, trustAd }: ResolvConf): UpstreamServer[] {
  const addresses = servers.length === 0 ? ["127.0.0.1"] : servers;
  return addresses.map((address) => ({ address, port: 53, trusted: trustAd || isLoopbackText(address) }));
}

function isLoopbackText(address: string): boolean {
  const ip = parseIp(address);
  return ip !== null && isLoopback(ip);
}

/** A zone is kept as it is written: only the system knows its interfaces. RFC 4007 11 */
function serverAddress(text: string): string | null {
  const [address = "", zone, ...more] = text.split("%");
  const ip = parseIp(address);
  if (ip === null || more.length > 0) return null;
  if (zone === undefined) return printIp(ip);
  return ip.version === 6 && /^[\w.-]{1,32}$/.test(zone) ? `${printIp(ip)}%${zone}` : null;
}

/** The last one counts; numbers over the cap are the cap. */
function numberOption(options: readonly string[], name: string, most: number): number | null {
  const option = options.findLast((one) => one.startsWith(`${name}:`));
  const digits = option?.slice(name.length + 1) ?? "";
  if (!/^\d{1,6}$/.test(digits)) return null;
  return Math.min(Math.max(Number(digits), 1), most);
}
