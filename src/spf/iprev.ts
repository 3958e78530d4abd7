/**
 * Whether a name of an address leads back to it: reverse DNS with forward confirmation. RFC 8601 3, 2.7.3
 *
 * It proves little (the owner of the address chooses the names), but that there is one at all tells a mail server from
 * a stray host. With `pass` the name is the host's as far as the DNS knows, and may stand in Received.
 *
 * @module
 */
import { type IpAddress, printIp } from "../base/ip_address.ts";
import type { Name } from "../dns/record.ts";
import type { Resolver, Security } from "../dns/resolver.ts";
import { weaker } from "../dns/security.ts";
import { isAddress, maxPtrNames } from "./lookups.ts";
import { reverseName } from "./reverse_name.ts";

/** What came of it. */
export interface IprevResult {
  /**
   * `fail`: it has names, and none leads back. `permerror`: it has no name. `temperror`: a lookup failed, and no other
   * name leads back. RFC 8601 2.7.3
   */
  readonly status: "pass" | "fail" | "temperror" | "permerror";
  /** The first name that leads back. */
  readonly name: Name | null;
  /** All names that were looked at, at most {@link maxPtrNames}. */
  readonly names: readonly Name[];
  /** The weakest of the answers: for names, and for addresses of the name that leads back, else of all. */
  readonly security: Security;
  /** One sentence for people. */
  readonly why: string;
}

/** Looks up the names of an address, and their addresses, all at once. Never rejects for what the DNS holds. */
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
  const answers = await Promise.all(
    names.map((name) =>
      ip.version === 4 ? resolver.lookup(name, "A", options) : resolver.lookup(name, "AAAA", options)
    ),
  );
  const back = answers.find(({ records }) => records.some(({ address }) => isAddress(address, ip)));
  if (back !== undefined) {
    security = weaker(security, back.security);
    return done("pass", back.name, `${back.name} leads back to ${printIp(ip)}`);
  }
  for (const answer of answers) security = weaker(security, answer.security);
  const failed = answers.find(({ status }) => status === "failed");
  if (failed !== undefined) return done("temperror", null, failed.why);
  return done("fail", null, `no name of ${printIp(ip)} leads back to it`);
}
