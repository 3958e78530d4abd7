/**
 * The addresses of a host, and in which order they are dialled, so that a host that greylists sees what it has seen
 * before, and one that refuses a family is tried by the other. RFC 5321 5.1, RFC 8305 4
 *
 * Greylisting remembers our address, sender and recipient; which of the host's addresses was dialled decides which of
 * ours it sees, and often which of several machines. So the family changes from attempt to attempt, where there are two;
 * and within a family the second attempt goes where the first went, the third somewhere else.
 *
 * @module
 */
import { asciiDomain } from "../../address/domain.ts";
import { type IpAddress, networkOf, parseIp, printIp } from "../../base/ip_address.ts";
import { isOpenAddress } from "../../base/open_address.ts";
import type { AddressAnswers } from "../../dane/plan.ts";
import type { Resolver } from "../../dns/resolver.ts";
import { failureWords } from "./hosts.ts";
import { ownVerdict, type Verdict } from "./verdict.ts";

/** Addresses of one host that are dialled. */
export const maxAddresses = 8;

/** What is known of a host. */
export interface HostAddresses {
  readonly answers: AddressAnswers;
  /** Those that may be dialled; in no order. */
  readonly addresses: readonly string[];
  /** Whether it has some of both families, however many may be dialled. */
  readonly hasBoth: boolean;
  /** Why there are none; null if there are. */
  readonly verdict: Verdict | null;
}

/** Which addresses may be dialled. */
export interface AddressRules {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly allowPrivate: boolean;
  /** It is the configuration that names the host, so that `localhost` is this machine, and no question for the DNS. */
  readonly isConfigured?: true;
}

/** For hosts that the configuration names, which may well mean an address of this network. */
export const configuredHosts: AddressRules = {
  ipv4: true,
  ipv6: true,
  allowPrivate: true,
  isConfigured: true,
};

/** RFC 6761 6.3: what `localhost` and all below it stand for, whatever the DNS says, which has no such name. */
const loopback: readonly IpAddress[] = ["127.0.0.1", "::1"].flatMap((text) => parseIp(text) ?? []);

/** Looks them up. @param host A domain in normal form, or an address. */
export async function addressesOf(
  host: string,
  resolver: Resolver,
  rules: AddressRules,
  signal?: AbortSignal,
): Promise<HostAddresses> {
  const ip = parseIp(host);
  if (ip !== null) return found(host, { a: null, aaaa: null }, [ip], rules);
  if (rules.isConfigured === true && /(?:^|\.)localhost$/.test(host)) {
    return found(host, { a: null, aaaa: null }, loopback, rules);
  }
  const options = signal === undefined ? {} : { signal };
  const name = `${asciiDomain(host)}.`;
  const [a, aaaa] = await Promise.all([
    rules.ipv4 ? resolver.lookup(name, "A", options) : null,
    rules.ipv6 ? resolver.lookup(name, "AAAA", options) : null,
  ]);
  const answers = { a, aaaa };
  const texts = [...a?.records ?? [], ...aaaa?.records ?? []].map(({ address }) => address);
  const ips = texts.flatMap((text) => parseIp(text) ?? []);
  if (ips.length > 0) return found(host, answers, ips, rules);
  const failed = [a, aaaa].find((one) => one?.status === "failed") ?? null;
  const text = failed !== null
    ? failureWords(host, failed)
    : a?.status === "noSuchDomain" || aaaa?.status === "noSuchDomain"
    ? `the host ${host} does not exist`
    : `the host ${host} has no ${families(rules)}`;
  // RFC 3463 3.5. Records in the DNS may be mended, and other hosts may take the mail.
  const status = failed !== null ? "4.4.3" : "4.4.4";
  return {
    answers,
    addresses: [],
    hasBoth: false,
    verdict: ownVerdict("temporary", status, text, { retry: "host" }),
  };
}

function families({ ipv4, ipv6 }: AddressRules): string {
  return ipv4 && ipv6 ? "addresses" : `IPv${ipv4 ? 4 : 6} addresses, and the transport uses no others`;
}

function found(
  host: string,
  answers: AddressAnswers,
  ips: readonly IpAddress[],
  rules: AddressRules,
): HostAddresses {
  const usable = ips.filter(({ version }) => version === 4 ? rules.ipv4 : rules.ipv6);
  const good = usable.filter((ip) => closedWords(ip, rules.allowPrivate) === null);
  const [bad] = usable;
  const what = bad === undefined ? null : closedWords(bad, rules.allowPrivate);
  const verdict = good.length > 0
    ? null
    : bad === undefined
    ? ownVerdict("temporary", "4.4.4", `the host ${host} has no ${families(rules)}`, { retry: "host" })
    : ownVerdict(
      "temporary",
      "4.4.4",
      `the host ${host} has the address ${printIp(bad)}, which is ${what}: no mail is sent there`,
      { retry: "host" },
    );
  return {
    answers,
    addresses: [...new Set(good.map(printIp))],
    hasBoth: new Set(good.map(({ version }) => version)).size === 2,
    verdict,
  };
}

/** Never anybody's: unspecified, multicast, reserved and broadcast. RFC 6890 */
const nobodys: readonly (readonly [network: string, bits: number, what: string])[] = [
  ["0.0.0.0", 8, "nobody's (unspecified)"],
  ["224.0.0.0", 4, "a multicast address"],
  ["240.0.0.0", 4, "nobody's (reserved)"],
  ["::", 128, "nobody's (unspecified)"],
  ["ff00::", 8, "a multicast address"],
];

/** Null if mail may go there; else what the address is. */
export function closedWords(ip: IpAddress, allowPrivate: boolean): string | null {
  for (const [network, bits, what] of nobodys) {
    if (network.includes(":") === (ip.version === 6) && printIp(networkOf(ip, bits)) === network) return what;
  }
  return allowPrivate || isOpenAddress(printIp(ip)) ? null : "not one of the open Internet";
}

/**
 * The order in which they are dialled.
 *
 * @param dialed In earlier attempts, newest last, also of other hosts.
 * @param random From 0 to 1, 1 excluded.
 */
export function orderAddresses(
  addresses: readonly string[],
  dialed: readonly string[],
  random: () => number,
): readonly string[] {
  const own = dialed.filter((address) => addresses.includes(address));
  const last = own.at(-1);
  // Without earlier attempts IPv6 comes first (RFC 6724 2.1); else the family that was not the last.
  const first = last === undefined || familyOf(last) === 4 ? 6 : 4;
  const one = family(addresses, own, first, random);
  const other = family(addresses, own, first === 6 ? 4 : 6, random);
  const order: string[] = [];
  // In turn: a family that does not work costs one address's share of the time. RFC 8305 4
  for (let i = 0; i < Math.max(one.length, other.length); i++) {
    order.push(...one.slice(i, i + 1), ...other.slice(i, i + 1));
  }
  return order.slice(0, maxAddresses);
}

function family(
  addresses: readonly string[],
  dialed: readonly string[],
  version: 4 | 6,
  random: () => number,
): readonly string[] {
  const before = dialed.filter((address) => familyOf(address) === version);
  const distinct = new Set(before);
  // Dialled once: again, it may have been greylisting. Later those come first that were not tried for longest.
  const again = before.length === 1 ? before[0] : undefined;
  const rank = (address: string) =>
    address === again ? -2 : distinct.has(address) ? before.lastIndexOf(address) : -1;
  return addresses.filter((address) => familyOf(address) === version)
    .map((address) => ({ address, rank: rank(address), place: random() }))
    .sort((a, b) => a.rank - b.rank || a.place - b.place)
    .map(({ address }) => address);
}

/** 4 or 6. */
export function familyOf(address: string): 4 | 6 {
  return address.includes(":") ? 6 : 4;
}
