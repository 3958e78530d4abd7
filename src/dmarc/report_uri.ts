/**
 * Where a domain wants its DMARC reports: lists of URIs. RFC 9989 4.6, 4.8, RFC 6068 2
 *
 * Texts have one character for each octet, as TXT records are read. What cannot be read is left out of the list,
 * as RFC 9990 3.5 wants it, and told.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import { asciiDomain, normalForm } from "../address/domain.ts";
import { printLocalpart } from "../address/localpart.ts";
import { readMailbox } from "../address/mailbox.ts";
import { fromStrictUtf8, latin1, utf8 } from "../base/bytes.ts";
import { asciiLower } from "../base/scanner.ts";
import { trimSpace } from "../message/headers.ts";

/** Most URIs of one tag: each may cost a lookup, and be a report. RFC 9990 3.5 leaves the limit to us. */
export const maxReportUris = 20;

/** One destination of reports. */
export interface ReportUri {
  /** As published, without size. */
  readonly uri: string;
  /** In lower case, as `mailto`. */
  readonly scheme: string;
  /** The address of a `mailto:`, else null. */
  readonly address: Address | null;
  /** The host that reports go to, in normal form: of a `mailto:` the domain of the address; null if there is none. */
  readonly host: string | null;
  /** Obsolete `!10m`: octets, or null. Reporters ignore it (RFC 9989 4.8). */
  readonly maxBytes: number | null;
}

/** A list as read, and what of it cannot be used. */
export interface ReportUris {
  readonly uris: readonly ReportUri[];
  /** One sentence each. */
  readonly problems: readonly string[];
}

/** Reads the value of `rua=` or `ruf=`. */
export function parseReportUris(value: string): ReportUris {
  const uris: ReportUri[] = [];
  const problems: string[] = [];
  const pieces = value.split(",", maxReportUris + 1);
  if (pieces.length > maxReportUris) problems.push(`more than ${maxReportUris} report addresses`);
  for (const piece of pieces.slice(0, maxReportUris)) {
    const uri = parseReportUri(trimSpace(piece));
    if (uri === null) problems.push("a report address that is no URI");
    else uris.push(uri);
  }
  return { uris, problems };
}

/** RFC 3986 2, without the comma and the exclamation mark, which must be encoded here. RFC 9989 4.8 */
const uriText = /^([a-z][a-z0-9+.-]*):((?:[a-z0-9._~:/?#[\]@$&'()*+;=-]|%[0-9a-f]{2})+)$/i;
const sizeSuffix = /^(.*)!(\d{1,16})([kmgt]?)$/i;

/** Reads one URI with or without size; null if it is none, or a `mailto:` without a good address. */
export function parseReportUri(text: string): ReportUri | null {
  const sized = sizeSuffix.exec(text);
  const uri = sized?.[1] ?? text;
  const match = uriText.exec(uri);
  if (match === null) return null;
  const scheme = asciiLower(match[1] ?? "");
  const maxBytes = sized === null ? null : bytesOf(sized[2] ?? "", sized[3] ?? "");
  if (scheme !== "mailto") return { uri, scheme, address: null, host: hostOf(uri), maxBytes };
  const address = mailtoAddress(match[2] ?? "");
  return address === null ? null : { uri, scheme, address, host: address.domain, maxBytes };
}

/** A URI with its size, as it may stand in a record. */
export function printReportUri({ uri, maxBytes }: ReportUri): string {
  return maxBytes === null ? uri : `${uri}!${maxBytes}`;
}

/** The `mailto:` URI of an address, in ASCII. RFC 6068 2 */
export function mailtoUri(address: Address): ReportUri {
  const local = percentEncoded(printLocalpart(address.local));
  const uri = `mailto:${local}@${asciiDomain(address.domain)}`;
  return { uri, scheme: "mailto", address, host: address.domain, maxBytes: null };
}

/** RFC 7489 6.2: powers of 1024. */
function bytesOf(digits: string, unit: string): number {
  const power = unit === "" ? 0 : "kmgt".indexOf(asciiLower(unit)) + 1;
  return Math.min(Number(digits) * 1024 ** power, Number.MAX_SAFE_INTEGER);
}

/** The single address of what follows `mailto:`; header fields behind `?` mean nothing for a report. */
function mailtoAddress(text: string): Address | null {
  const [to = ""] = text.split("?", 1);
  const octets = to.replace(/%(..)/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
  const decoded = fromStrictUtf8(latin1(octets));
  const address = decoded === null ? null : readMailbox(decoded);
  return address === null || address.domain.startsWith("[") ? null : address;
}

function hostOf(uri: string): string | null {
  try {
    return normalForm(new URL(uri).hostname);
  } catch {
    return null;
  }
}

function percentEncoded(text: string): string {
  let encoded = "";
  for (const octet of utf8(text)) {
    const character = String.fromCharCode(octet);
    encoded += /[a-z0-9._~$'*+=-]/i.test(character)
      ? character
      : `%${octet.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
