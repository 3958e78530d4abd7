/**
 * The name under which the DNS keeps the names of an address. RFC 1035 3.5, RFC 3596 2.5
 *
 * Tested by `iprev_test.ts`.
 *
 * @module
 */
import type { IpAddress } from "../base/ip_address.ts";
import type { Name } from "../dns/record.ts";

/** `1.2.0.192.in-addr.arpa.`, or 32 hexadecimal digits below `ip6.arpa.` */
export function reverseName(ip: IpAddress): Name {
  return `${reverseLabels(ip)}.${ip.version === 4 ? "in-addr" : "ip6"}.arpa.`;
}

/** The address backwards: octets of IPv4, digits of IPv6. Also how blocklists are asked (RFC 5782 2.1, 2.4). */
export function reverseLabels(ip: IpAddress): string {
  return (ip.version === 4 ? [...ip.bytes] : [...ip.bytes.toHex()]).reverse().join(".");
}
