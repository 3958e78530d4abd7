/**
 * One question to one DNS blocklist: is this address listed? RFC 5782 2
 *
 * A list is a zone. The address stands in front of it backwards, octet by octet or, of IPv6, digit by digit; an A record
 * there says that it is listed, a TXT record may say why. Lists die: their domains are parked and answer everything, or
 * they refuse who asks too much, with an answer. So an answer that no list gives counts for nothing.
 *
 * @module
 */
import { fromUtf8 } from "../base/bytes.ts";
import { type IpAddress, parseIp } from "../base/ip_address.ts";
import { nameFromText } from "../dns/name.ts";
import type { Resolver, Security } from "../dns/resolver.ts";
import { reverseLabels } from "../spf/reverse_name.ts";

/** Characters of a list's explanation that are kept: a stranger's words. */
export const maxListText = 300;

/** What a list says of an address. */
export interface ListResult {
  /**
   * - `listed`, `notListed`: what it says.
   * - `broken`: it answers as no list does, or refuses to answer.
   * - `temperror`: nobody knows; it does not count as listed.
   */
  readonly status: "listed" | "notListed" | "broken" | "temperror";
  /** The list's domain, as it was asked for. */
  readonly list: string;
  /** Its answers, as `127.0.0.2`: which number means what is the list's own affair. RFC 5782 2.3 */
  readonly codes: readonly string[];
  /** Why the address is listed, in the list's words; empty if it says nothing. */
  readonly text: string;
  readonly security: Security;
  /** One sentence for people. */
  readonly why: string;
}

/**
 * Looks an address up in a list.
 *
 * @param list The list's domain, as `zen.example.org`.
 * @throws {SyntaxError} If the list's domain is none.
 */
export async function lookupList(
  ip: IpAddress,
  list: string,
  resolver: Resolver,
  signal?: AbortSignal,
): Promise<ListResult> {
  const name = nameFromText(`${reverseLabels(ip)}.${list.replace(/\.$/, "")}.`);
  const options = signal === undefined ? {} : { signal };
  const answer = await resolver.lookup(name, "A", options);
  const codes = answer.records.map(({ address }) => address);
  const result = (status: ListResult["status"], text: string, why: string): ListResult => {
    return { status, list, codes, text, security: answer.security, why };
  };
  if (answer.status === "failed") return result("temperror", "", answer.why);
  if (codes.length === 0) return result("notListed", "", `${list} does not list it`);
  const problem = problemOf(codes);
  if (problem !== null) return result("broken", "", `${list} ${problem}`);
  const { records } = await resolver.lookup(name, "TXT", options);
  const text = (records[0]?.strings ?? []).map((each) => fromUtf8(each)).join("");
  return result("listed", clean(text), `${list} lists it (${codes.join(", ")})`);
}

/** Why these answers are no listing, or null. */
function problemOf(codes: readonly string[]): string | null {
  // RFC 5782 2.1: they are values, of 127.0.0.0/8; a parked domain answers with its web server.
  const strange = codes.find((code) => parseIp(code)?.bytes[0] !== 127);
  if (strange !== undefined) return `answers with ${strange}, as no list does`;
  // No standard, yet what large lists answer to public resolvers and to who asks too much.
  const refusal = codes.find((code) => code.startsWith("127.255.255."));
  return refusal === undefined ? null : `refuses to answer us (${refusal})`;
}

function clean(text: string): string {
  return text.slice(0, maxListText).toWellFormed().replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, " ");
}
