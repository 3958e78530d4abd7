/**
 * The part of `mailden.toml` about the DNS: who is asked, and whose word counts.
 *
 * @module
 */
import { parseIp, printIp } from "../base/ip_address.ts";
import { choice, duration, list, table, text } from "./schema.ts";

/** Where DNS servers listen unless they say otherwise. RFC 1035 4.2 */
const dnsPort = 53;

/** A server of the DNS as it is written in the configuration and on the command line. */
export interface DnsServer {
  readonly address: string;
  readonly port: number;
}

/** Reads `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353`; null for anything else. */
export function readDnsServer(text: string): DnsServer | null {
  if (parseIp(text) !== null) return { address: text, port: dnsPort };
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):([0-9]{1,5})$/.exec(text);
  const address = match?.[1] ?? match?.[2] ?? "";
  const port = Number(match?.[3]);
  const ip = parseIp(address);
  if (ip === null || !(port >= 1 && port <= 65535)) return null;
  return (ip.version === 6) === (match?.[1] !== undefined) ? { address, port } : null;
}

/** How much of what the DNS says is checked, and by whom. */
export const dnsModes = ["validate", "trustAd", "off", "local"] as const;
export type DnsMode = typeof dnsModes[number];

const server = text({
  doc: "",
  check: (value) =>
    readDnsServer(value) === null
      ? "is no server: write it as 192.0.2.1, 192.0.2.1:53 or [2001:db8::1]:53"
      : null,
});

/** `[dns]`. */
export const dns = table({
  mode: choice(dnsModes, {
    doc: `validate: signatures are checked here, from the root's keys on (RFC 4035).
trustAd: what a server on this machine, or one of trustedServers, says it has checked is believed (RFC 6840 5.8).
off: nothing is checked. local: no server is asked, only this installation's own names are known.`,
    default: "validate",
  }),
  servers: list(server, { doc: "Servers to ask, in this order; none: those of /etc/resolv.conf." }),
  trustedServers: list(server, {
    doc:
      `Those of the servers whose word counts as that of one on this machine, since nobody can stand between: the way to
them is a cable of yours, or a tunnel that is encrypted. Those of /etc/resolv.conf are trusted by its option trust-ad.`,
  }),
  evidenceTimeout: duration({
    doc: "How long SPF, DKIM, DMARC and blocklists of one message may take before it is judged without them.",
    default: 20_000,
  }),
}, "The DNS: whom to ask, and whom to believe.");

/** Of those servers, whether others are trusted than are asked: it would do nothing, and nobody would know. */
export function checkDns(
  { servers, trustedServers }: {
    readonly servers: readonly string[];
    readonly trustedServers: readonly string[];
  },
): { path: string; message: string }[] {
  const asked = readDnsServers(servers);
  return trustedServers.flatMap((text) =>
    readDnsServers([text]).some((one) => asked.some((other) => isSameServer(one, other))) ? [] : [{
      path: "dns.trustedServers",
      message: `names ${text}, which is none of dns.servers: add it there as well`,
    }]
  );
}

/** Those of a list that can be read. */
export function readDnsServers(texts: readonly string[]): DnsServer[] {
  return texts.flatMap((text) => readDnsServer(text) ?? []);
}

/** Whether two are one, however their addresses are written. */
export function isSameServer(a: DnsServer, b: DnsServer): boolean {
  const [one, other] = [parseIp(a.address), parseIp(b.address)];
  return a.port === b.port && one !== null && other !== null && printIp(one) === printIp(other);
}
