/**
 * Trace fields, which each server on the way puts in front of a message. RFC 5321 4.4, RFC 3848, RFC 6531 4.3
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import { asciiDomain, normalForm } from "../address/domain.ts";
import { type AddressForm, printMailbox, printPath } from "../address/mailbox.ts";

/** How a message came. */
export interface Hop {
  /** Who sent it; null for a user's own client, whose whereabouts are nobody's business. */
  readonly from: Sender | null;
  /** This server. */
  readonly by: { readonly hostname: string; readonly address: string };
  readonly protocol: Protocol;
  /** The connection's opaque id. */
  readonly id: string;
  /** `TLSv1.3` and the cipher, or null. */
  readonly tls: { readonly version: string; readonly cipher: string } | null;
  /** Whether it came with REQUIRETLS. RFC 8689 */
  readonly requireTls: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** The other end of a hop. */
export interface Sender {
  readonly helo: string;
  /** The name of the address that leads back to it, whatever its owner calls it; null if there is none. RFC 8601 3 */
  readonly name: string | null;
  readonly address: string;
}

/** What stands behind `with`. RFC 3848, RFC 6531 4.3 */
export interface Protocol {
  readonly extended: boolean;
  readonly utf8: boolean;
  readonly tls: boolean;
  readonly authenticated: boolean;
}

/** `SMTP`, `ESMTPSA`, `UTF8SMTPS` and so on. */
export function protocolName(protocol: Protocol): string {
  const base = protocol.utf8 ? "UTF8SMTP" : protocol.extended ? "ESMTP" : "SMTP";
  if (base === "SMTP") return base; // RFC 3848 names no SMTPS.
  return `${base}${protocol.tls ? "S" : ""}${protocol.authenticated ? "A" : ""}`;
}

/**
 * A Received field with its CRLFs.
 *
 * @param recipient For `for`; null if several are to get the copy (they are none of each other's business).
 * @param form How the recipient is written.
 */
export function printReceived(hop: Hop, recipient: Address | null, form: AddressForm = hop.protocol): string {
  const from = hop.from === null ? hop.by.hostname : `${hop.from.helo} (${tcpInfo(hop.from)})`;
  const tls = hop.tls === null ? "" : `\r\n\t(${hop.tls.version} ${hop.tls.cipher})`;
  const required = hop.requireTls ? "\r\n\t(requiretls)" : "";
  const target = recipient === null ? "" : `\r\n\tfor ${printPath(recipient, form)}`;
  return `Received: from ${from}\r\n\tby ${hop.by.hostname} (${literal(hop.by.address)})\r\n` +
    `\tvia tcp with ${protocolName(hop.protocol)} id ${hop.id}${tls}${required}${target};\r\n\t${
      printDate(hop.at)
    }\r\n`;
}

/** RFC 5321 4.4 (`TCP-info`). The DNS lets anything into a name: one that is no host's is left out. */
function tcpInfo({ name, address }: Sender): string {
  const domain = name === null ? null : normalForm(name, { underscore: true });
  return domain === null ? literal(address) : `${asciiDomain(domain)} ${literal(address)}`;
}

/** An IP address as RFC 5321 4.1.3 writes it. */
function literal(address: string): string {
  return address.includes(":") ? `[IPv6:${address}]` : `[${address}]`;
}

/** The sender, as the last server notes it. RFC 5321 4.4 */
export function printReturnPath(from: Address | null, form: AddressForm): string {
  return `Return-Path: ${printPath(from, form)}\r\n`;
}

/** The address that a copy was delivered for. RFC 9228 */
export function printDeliveredTo(recipient: Address, form: AddressForm): string {
  return `Delivered-To: ${printMailbox(recipient, form)}\r\n`;
}

const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** A date-time in UTC. RFC 5322 3.3 */
export function printDate(at: number): string {
  const date = new Date(at);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${days[date.getUTCDay()]}, ${date.getUTCDate()} ${
    months[date.getUTCMonth()]
  } ${date.getUTCFullYear()} ` +
    `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}
