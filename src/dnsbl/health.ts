/**
 * Does a blocklist work at all? Each has test entries, which tell a list that lists nobody, or everybody, from one that
 * can be believed. RFC 5782 5
 *
 * @module
 */
import type { IpAddress } from "../base/ip_address.ts";
import { printIp } from "../base/ip_address.ts";
import type { Resolver } from "../dns/resolver.ts";
import { type ListResult, lookupList } from "./lookup.ts";

/** Whether a list may be believed. */
export interface Health {
  /** Also where nobody knows: a lookup then fails too, and counts for nothing. */
  readonly healthy: boolean;
  /** Whether the list answered both questions. */
  readonly known: boolean;
  /** One sentence for people. */
  readonly why: string;
}

/** RFC 5782 5. Of IPv6 they are IPv4-mapped, `::FFFF:7F00:2`, and asked for as IPv6, with all digits. */
const testEntries = {
  4: { listed: ipv4(2), notListed: ipv4(1) },
  6: { listed: mapped(ipv4(2)), notListed: mapped(ipv4(1)) },
} as const;

/**
 * Asks a list for its two test entries.
 *
 * @param version Whether it is to list IPv4 or IPv6 addresses: many lists have only the former.
 * @throws {SyntaxError} If the list's domain is none.
 */
export async function checkHealth(
  list: string,
  resolver: Resolver,
  signal?: AbortSignal,
  version: 4 | 6 = 4,
): Promise<Health> {
  const entries = testEntries[version];
  const [listed, notListed] = await Promise.all([
    lookupList(entries.listed, list, resolver, signal),
    lookupList(entries.notListed, list, resolver, signal),
  ]);
  const broken = [listed, notListed].find(({ status }) => status === "broken");
  if (broken !== undefined) return unhealthy(broken.why);
  if (notListed.status === "listed") {
    return unhealthy(`${list} lists ${printIp(entries.notListed)}, and so perhaps the whole world`);
  }
  if (listed.status === "notListed") {
    return unhealthy(`${list} does not list ${printIp(entries.listed)}, as every list of IPv${version} does`);
  }
  const failed = [listed, notListed].find(isFailure);
  if (failed !== undefined) return { healthy: true, known: false, why: `nobody knows: ${failed.why}` };
  return { healthy: true, known: true, why: `${list} works` };
}

function unhealthy(why: string): Health {
  return { healthy: false, known: true, why };
}

function isFailure(result: ListResult): boolean {
  return result.status === "temperror";
}

function ipv4(last: number): IpAddress {
  return { version: 4, bytes: Uint8Array.of(127, 0, 0, last) };
}

/** RFC 4291 2.5.5.2; `parseIp()` would give the IPv4 address. */
function mapped(ip: IpAddress): IpAddress {
  const bytes = new Uint8Array(16);
  bytes.fill(0xff, 10, 12);
  bytes.set(ip.bytes, 12);
  return { version: 6, bytes };
}
