/**
 * The Received-SPF field, in which a receiver notes what it checked, and how. RFC 7208 9.1
 *
 * Nearly all of it is a stranger's choice, so values are cut and quoted. Domains are written in A-labels: not every
 * reader of the message need know UTF-8 in fields (RFC 6532), which only a local part outside of ASCII brings along.
 *
 * @module
 */
import { isAscii } from "../address/domain.ts";
import { type IpAddress, printIp } from "../base/ip_address.ts";
import type { SpfResult } from "./check_host.ts";
import { inALabels } from "./domain_name.ts";

/** What was checked. */
export interface CheckedIdentity {
  readonly identity: "mailfrom" | "helo";
  readonly ip: IpAddress;
  /** `local@domain`; null for the null sender. */
  readonly from: string | null;
  readonly helo: string;
  /** This server's name. */
  readonly receiver: string;
}

/** Characters of one value: even if each takes 3 octets, lines stay below the limit of RFC 5322 2.1.1. */
const maxValue = 300;

/** The field with its line ends. */
export function printReceivedSpf(result: SpfResult, checked: CheckedIdentity): string {
  const dnssec = result.security === "secure" ? "with dnssec" : "without dnssec";
  const pairs: [key: string, value: string][] = [
    ["identity", checked.identity],
    ["client-ip", printIp(checked.ip)],
  ];
  if (checked.from !== null) pairs.push(["envelope-from", mailbox(checked.from)]);
  pairs.push(["helo", inALabels(checked.helo)], ["receiver", inALabels(checked.receiver)]);
  if (result.mechanism !== null) pairs.push(["mechanism", result.mechanism]);
  if (result.status === "temperror" || result.status === "permerror") pairs.push(["problem", result.why]);
  const lines = pairs.map(([key, value]) => `\r\n\t${key}=${printValue(value)};`);
  return `Received-SPF: ${result.status} (${comment(inALabels(result.domain))}; ${dnssec})${
    lines.join("")
  }\r\n`;
}

function mailbox(from: string): string {
  const at = from.lastIndexOf("@");
  const local = from.slice(0, at);
  return at === -1 || !isAscii(local) ? from : `${local}@${inALabels(from.slice(at + 1))}`;
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
  if (text.length <= maxValue && /^[\x20-\x7e]*$/.test(text)) return text;
  return text.slice(0, maxValue).toWellFormed().replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, "?");
}
