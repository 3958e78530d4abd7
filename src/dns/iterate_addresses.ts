/**
 * Which addresses may be asked when a stranger names them as a zone's server: those of the open Internet. Else
 * whoever owns a zone could have us send packets to port 53 of anything inside. RFC 6890, RFC 4291 2.5
 *
 * @module
 */
import { networkOf, parseIp, printIp } from "../base/ip_address.ts";

/** Networks of IPv4 that are not of the open Internet. RFC 6890 2.2.2, RFC 1112 4 */
const closedIpv4: readonly (readonly [network: string, bits: number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

/** Inside of 2000::/3, which is all that is given out: documentation, Teredo and others, 6to4. RFC 6890 2.2.3 */
const closedIpv6: readonly (readonly [network: string, bits: number])[] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
];

/** Whether an address is of the open Internet. Text that is no address is not. */
export function isOpenAddress(address: string): boolean {
  const ip = parseIp(address);
  if (ip === null) return false;
  const isIn = ([network, bits]: readonly [string, number]) => printIp(networkOf(ip, bits)) === network;
  if (ip.version === 4) return !closedIpv4.some(isIn);
  return isIn(["2000::", 3]) && !closedIpv6.some(isIn);
}
