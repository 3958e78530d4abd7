/**
 * DNS blocklists: is an address listed, and does the list work at all? RFC 5782
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { fromUtf8 } from "../base/bytes.ts";
import { type IpAddress, parseIp } from "../base/ip_address.ts";
import { nameFromText } from "../dns/name.ts";
import type { Resolver, Security } from "../dns/resolver.ts";
import { reverseLabels } from "../spf/reverse_name.ts";

/** Characters of a list's explanation that are kept: a stranger's words. */
export const maxListText = 300;

/** How long a list that was found to work, or not to, counts as such. */
export const healthMs = 4 * 3_600_000;

/** What a list says of an address. */
export interface ListResult {
  /** `broken`: it answers with what no list answers. `temperror`: nobody knows, and it does not count as listed. */
  readonly status: "listed" | "notListed" | "broken" | "temperror";
  readonly list: string;
  /** Its answers, as `127.0.0.2`: which number means what is the list's own affair. RFC 5782 2.3 */
  readonly codes: readonly string[];
  /** Why the address is listed, in the list's words; empty if it says nothing. */
  readonly text: string;
  readonly security: Security;
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
  // RFC 5782 2.1: the addresses are values of 127.0.0.0/8; a parked domain answers with others.
  const strange = codes.find((code) => parseIp(code)?.bytes[0] !== 127);
  if (strange !== undefined) return result("broken", "", `${list} answers with ${strange}, as no list does`);
  const { records } = await resolver.lookup(name, "TXT", options);
  const text = (records[0]?.strings ?? []).map((each) => fromUtf8(each)).join("");
  const clean = text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, " ").toWellFormed().slice(0, maxListText);
  return result("listed", clean, `${list} lists it (${codes.join(", ")})`);
}

/** Whether a list lists what every list must, and not what none may. RFC 5782 5 */
export interface Health {
  readonly healthy: boolean;
  readonly why: string;
}

const mustBeListed = parseIp("127.0.0.2");
const mustNotBeListed = parseIp("127.0.0.1");

/** Asks a list for its two test entries. A failed lookup says nothing against it. */
export async function checkHealth(list: string, resolver: Resolver, signal?: AbortSignal): Promise<Health> {
  if (mustBeListed === null || mustNotBeListed === null) {
    throw new TypeError("the test entries are addresses");
  }
  const [listed, not] = await Promise.all([
    lookupList(mustBeListed, list, resolver, signal),
    lookupList(mustNotBeListed, list, resolver, signal),
  ]);
  if (listed.status === "broken" || not.status === "broken") return { healthy: false, why: listed.why };
  if (listed.status === "notListed") {
    return { healthy: false, why: `${list} does not list 127.0.0.2, which every list must` };
  }
  if (not.status === "listed") {
    return { healthy: false, why: `${list} lists 127.0.0.1, and so perhaps the whole world` };
  }
  if (listed.status === "temperror") return { healthy: true, why: `nobody knows: ${listed.why}` };
  return { healthy: true, why: `${list} works` };
}

/** Lists with their health, which is asked for once in {@link healthMs}. */
export class Blocklists {
  readonly #resolver: Resolver;
  readonly #now: () => Millis;
  readonly #health = new Map<string, { readonly at: Millis; readonly health: Promise<Health> }>();

  constructor(resolver: Resolver, now: () => Millis) {
    this.#resolver = resolver;
    this.#now = now;
  }

  /** As {@link lookupList}; a list that does not work is `broken` without being asked. */
  async lookup(ip: IpAddress, list: string, signal?: AbortSignal): Promise<ListResult> {
    const { healthy, why } = await this.health(list);
    if (healthy) return await lookupList(ip, list, this.#resolver, signal);
    return { status: "broken", list, codes: [], text: "", security: "indeterminate", why };
  }

  health(list: string): Promise<Health> {
    const known = this.#health.get(list);
    if (known !== undefined && this.#now() - known.at < healthMs) return known.health;
    // Not with a caller's signal: others wait for the same answer.
    const health = checkHealth(list, this.#resolver);
    this.#health.set(list, { at: this.#now(), health });
    return health;
  }
}
