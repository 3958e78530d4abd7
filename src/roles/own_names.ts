/**
 * Names of this server's own that localserve knows without asking anybody: so that mail from this machine passes the
 * checks that it would pass if its records were published. Other servers know only the keys that they sign with.
 *
 * @module
 */
import type { KeyRecord } from "../accounts/status.ts";
import { utf8 } from "../base/bytes.ts";
import { asciiDomain } from "../address/domain.ts";
import type { LocalRecords } from "../dns/local_resolver.ts";
import { recordStrings } from "../dkim/keys.ts";

const strings = (text: string) => [{ strings: [utf8(text)] }];

/** Mail from this machine is good; for mail from elsewhere nothing is said for certain. */
const spf = "v=spf1 ip4:127.0.0.0/8 ip6:::1 ~all";

/**
 * The names.
 *
 * @param domains That mail is accepted for.
 * @param local Whether this is localserve.
 */
export function ownNames(
  domains: readonly string[],
  keys: readonly KeyRecord[],
  local: boolean,
): Map<string, LocalRecords> {
  const names = new Map<string, LocalRecords>();
  for (const { name, text } of keys) names.set(name, { TXT: [{ strings: recordStrings(text) }] });
  if (!local) return names;
  for (const domain of domains) {
    names.set(`${asciiDomain(domain)}.`, {
      MX: [{ preference: 10, exchange: "localhost." }],
      TXT: strings(spf),
      ...(domain === "localhost" ? addresses : {}),
    });
  }
  if (!domains.includes("localhost")) names.set("localhost.", addresses);
  names.set("1.0.0.127.in-addr.arpa.", { PTR: [{ target: "localhost." }] });
  names.set(`1.${"0.".repeat(31)}ip6.arpa.`, { PTR: [{ target: "localhost." }] });
  return names;
}

const addresses: LocalRecords = { A: [{ address: "127.0.0.1" }], AAAA: [{ address: "::1" }] };
