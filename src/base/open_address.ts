/**
 * Which addresses may be dialled or asked when a stranger names them: those of the open Internet. Else whoever owns a
 * name could have us talk to anything inside: a router's page, a database, the machine's own services.
 *
 * Closed is what IANA's registries of special-purpose addresses (RFC 6890, RFC 8190) do not call globally reachable.
 * IPv6 goes the other way: open is only what is given out (2000::/3), less its special parts, so that what is invented
 * later is closed. Addresses that carry an IPv4 address count as that one where a translator on the way would make them
 * so (IPv4-mapped, which {@link parseIp} unwraps, and the well-known prefix of NAT64); the tunnels 6to4 and Teredo,
 * long out of use, are closed whatever they carry.
 *
 * @module
 */
import { type IpAddress, networkOf, parseIp, printIp } from "./ip_address.ts";

/** A network, and what it is for, as a sentence goes on after "an address of". */
export interface ClosedNetwork {
  readonly network: string;
  readonly bits: number;
  readonly what: string;
}

const closedIpv4: readonly ClosedNetwork[] = [
  { network: "0.0.0.0", bits: 8, what: "this network (RFC 791 3.2)" },
  { network: "10.0.0.0", bits: 8, what: "a private network (RFC 1918)" },
  { network: "100.64.0.0", bits: 10, what: "a provider's inside (RFC 6598)" },
  { network: "127.0.0.0", bits: 8, what: "this machine (RFC 1122)" },
  { network: "169.254.0.0", bits: 16, what: "the local link (RFC 3927)" },
  { network: "172.16.0.0", bits: 12, what: "a private network (RFC 1918)" },
  { network: "192.0.0.0", bits: 24, what: "protocol assignments (RFC 6890)" },
  { network: "192.0.2.0", bits: 24, what: "documentation (RFC 5737)" },
  { network: "192.88.99.0", bits: 24, what: "relays of 6to4 (RFC 7526)" },
  { network: "192.168.0.0", bits: 16, what: "a private network (RFC 1918)" },
  { network: "198.18.0.0", bits: 15, what: "benchmarks (RFC 2544)" },
  { network: "198.51.100.0", bits: 24, what: "documentation (RFC 5737)" },
  { network: "203.0.113.0", bits: 24, what: "documentation (RFC 5737)" },
  { network: "224.0.0.0", bits: 4, what: "multicast (RFC 5771)" },
  { network: "240.0.0.0", bits: 4, what: "reserved space or broadcast (RFC 1112 4, RFC 919 7)" },
];

/** Inside of 2000::/3. */
const closedIpv6: readonly ClosedNetwork[] = [
  { network: "2001::", bits: 32, what: "Teredo tunnels (RFC 4380)" },
  { network: "2001::", bits: 23, what: "protocol assignments (RFC 2928)" },
  { network: "2001:db8::", bits: 32, what: "documentation (RFC 3849)" },
  { network: "2002::", bits: 16, what: "6to4 tunnels (RFC 3056, RFC 7526)" },
  { network: "3fff::", bits: 20, what: "documentation (RFC 9637)" },
];

/** Outside of it, for the words alone. */
const namedIpv6: readonly ClosedNetwork[] = [
  { network: "::", bits: 128, what: "nobody (RFC 4291 2.5.2)" },
  { network: "::1", bits: 128, what: "this machine (RFC 4291 2.5.3)" },
  { network: "64:ff9b:1::", bits: 48, what: "a local translator (RFC 8215)" },
  { network: "100::", bits: 64, what: "what is thrown away (RFC 6666)" },
  { network: "fc00::", bits: 7, what: "a private network (RFC 4193)" },
  { network: "fe80::", bits: 10, what: "the local link (RFC 4291 2.5.6)" },
  { network: "fec0::", bits: 10, what: "a private network (RFC 3879)" },
  { network: "ff00::", bits: 8, what: "multicast (RFC 4291 2.7)" },
];

const givenOut: ClosedNetwork = { network: "2000::", bits: 3, what: "" };
/** RFC 6052 2.1 */
const nat64: ClosedNetwork = { network: "64:ff9b::", bits: 96, what: "" };

/** Whether an address is of the open Internet. Text that is no address is not. */
export function isOpenAddress(address: string): boolean {
  const ip = parseIp(address);
  return ip !== null && closedFor(ip) === null;
}

/** Null for an address of the open Internet; else what it is an address of, in words. */
export function closedFor(ip: IpAddress): string | null {
  if (ip.version === 4) return closedIpv4.find((one) => isIn(ip, one))?.what ?? null;
  if (isIn(ip, nat64)) {
    const inside = closedFor({ version: 4, bytes: ip.bytes.slice(12) }); // RFC 6052 2.2
    return inside === null ? null : `${inside}, behind a translator (RFC 6052)`;
  }
  if (isIn(ip, givenOut)) return closedIpv6.find((one) => isIn(ip, one))?.what ?? null;
  return namedIpv6.find((one) => isIn(ip, one))?.what ?? "no network that is given out (RFC 4291 2.4)";
}

function isIn(ip: IpAddress, { network, bits }: ClosedNetwork): boolean {
  return printIp(networkOf(ip, bits)) === network;
}
