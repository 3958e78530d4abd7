/**
 * Addresses of a socket's two ends, as a transport gives them.
 *
 * @module
 */
import { parseIp, printIp } from "../base/ip_address.ts";
import type { Endpoint } from "./transport.ts";

/**
 * An address of the runtime, with IPv4 spelt as IPv4.
 *
 * @returns Null where the runtime does not know: the peer has left already.
 */
export function endpoint(address: string | undefined, port: number | undefined): Endpoint | null {
  if (address === undefined || port === undefined) return null;
  if (!address.includes(":")) return { address, port }; // The runtime has one spelling for IPv4.
  const ip = parseIp(address);
  return { address: ip === null ? address : printIp(ip), port };
}
