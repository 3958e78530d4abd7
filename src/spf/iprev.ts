/**
 * Whether the name of an address leads back to it. RFC 8601 3
 *
 * @module
 */
import { type IpAddress, parseIp, printIp } from "../base/ip_address.ts";
import type { Name } from "../dns/record.ts";
import type { Resolver, Security } from "../dns/resolver.ts";
import { maxPtrNames, weaker } from "./check_host.ts";
import { reverseName } from "./reverse_name.ts";

export interface IprevResult {
  /** `permerror`: the address has no name. `fail`: it has names, and none leads back. */
  readonly status: "pass" | "fail" | "temperror" | "permerror";
  /** The first name that leads back. */
  readonly name: Name | null;
  /** All names that were looked at, at most {@link maxPtrNames}. */
  readonly names: readonly Name[];
  readonly security: Security;
  readonly why: string;
}

/** Looks up the names of an address, and their addresses. */
export async function iprev(ip: IpAddress, resolver: Resolver, signal?: AbortSignal): Promise<IprevResult> {
  const options = signal === undefined ? {} : { signal };
  const pointers = await resolver.lookup(reverseName(ip), "PTR", options);
  let { security } = pointers;
  const names = pointers.records.slice(0, maxPtrNames).map(({ target }) => target);
  const done = (status: IprevResult["status"], name: Name | null, why: string): IprevResult => {
    return { status, name, names, security, why };
  };
  if (pointers.status === "failed") return done("temperror", null, pointers.why);
  if (names.length === 0) return done("permerror", null, `${printIp(ip)} has no name`);
  let failed: string | null = null;
  for (const name of names) {
    const answer = ip.version === 4
      ? await resolver.lookup(name, "A", options)
      : await resolver.lookup(name, "AAAA", options);
    security = weaker(security, answer.security);
    if (answer.status === "failed") failed ??= answer.why;
    if (answer.records.some(({ address }) => isAddress(address, ip))) {
      return done("pass", name, `${name} leads back to ${printIp(ip)}`);
    }
  }
  if (failed !== null) return done("temperror", null, failed);
  return done("fail", null, `no name of ${printIp(ip)} leads back to it`);
}

function isAddress(text: string, ip: IpAddress): boolean {
  const found = parseIp(text);
  return found !== null && printIp(found) === printIp(ip);
}
