/**
 * The Received-SPF field. RFC 7208 9.1
 *
 * @module
 */
import { asciiDomain } from "../address/domain.ts";
import { type IpAddress, printIp } from "../base/ip_address.ts";
import type { SpfResult } from "./check_host.ts";

/** What was checked. */
export interface CheckedIdentity {
  readonly identity: "mailfrom" | "helo";
  readonly ip: IpAddress;
  /** `local@domain`; null for the null sender. */
  readonly from: string | null;
  readonly helo: string;
  readonly receiver: string;
}

/** Octets of one value, of which a stranger chooses most: lines stay below RFC 5322 2.1.1's limit. */
const maxValue = 300;

/** The field with its line ends. */
export function printReceivedSpf(result: SpfResult, checked: CheckedIdentity): string {
  const dnssec = result.security === "secure" ? "with dnssec" : "without dnssec";
  const pairs: [key: string, value: string][] = [
    ["identity", checked.identity],
    ["client-ip", printIp(checked.ip)],
    ...(checked.from === null ? [] : [["envelope-from", checked.from] as [string, string]]),
    ["helo", checked.helo],
    ["receiver", asciiDomain(checked.receiver)],
    ...(result.mechanism === null ? [] : [["mechanism", result.mechanism] as [string, string]]),
    ...(/error$/.test(result.status) ? [["problem", result.why] as [string, string]] : []),
  ];
  const lines = pairs.map(([key, value]) => `\r\n\t${key}=${printValue(value)};`);
  return `Received-SPF: ${result.status} (${comment(result.domain)}; ${dnssec})${lines.join("")}\r\n`;
}

function printValue(value: string): string {
  const clean = printable(value);
  // RFC 5322 3.2.3
  if (/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/.test(clean)) return clean;
  return `"${clean.replace(/["\\]/g, "\\$&")}"`;
}

function comment(text: string): string {
  return printable(text).replace(/[()\\]/g, "\\$&");
}

/** What a stranger chose: neither line ends nor anything else that is no printable character. */
function printable(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, "?").toWellFormed().slice(0, maxValue);
}
