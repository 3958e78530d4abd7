/**
 * Fields of configuration that name places of the network, addresses, hosts, ports; and what several protocols share.
 *
 * Tested by `src/config/load_test.ts`.
 *
 * @module
 */
import { GiB, KiB } from "../base/bytes.ts";
import { parseIp } from "../base/ip_address.ts";
import { integer, text } from "./schema.ts";

/**
 * What the largest message may be set to: RFC 5321 4.5.3.1.7 has everybody take 64 KB, and the store takes no body of more
 * than 2 GB (`store/spool.ts`).
 */
export const messageSizes = { min: 64 * KiB, max: 2 * GiB };

/** An IP address. */
export const ip = text({
  doc: "An IP address.",
  kind: "IP address",
  check: (value) => parseIp(value) === null ? "is no IP address: write it as 192.0.2.1 or 2001:db8::1" : null,
});

/** A host name in ASCII or Unicode; the resolver's rules are stricter where it matters. */
function isHostName(value: string): boolean {
  return value.length > 0 && value.length <= 253 &&
    value.split(".").every((label) =>
      /^[\p{L}\p{N}]([\p{L}\p{N}\p{M}-]{0,61}[\p{L}\p{N}\p{M}])?$/u.test(label)
    );
}

/** The name of a host. */
export const host = (doc: string) =>
  text({
    doc,
    kind: "host name",
    check: (value) => isHostName(value) ? null : "is no host name: write it as mail.example.org",
  });

/** The name of a host, or its address. */
export const hostOrIp = (doc: string) =>
  text({
    doc,
    kind: "host name or IP address",
    check: (value) =>
      isHostName(value) || parseIp(value) !== null
        ? null
        : "is neither a host name nor an IP address: write it as mail.example.org, 192.0.2.1 or 2001:db8::1",
  });

/** A TCP port. */
export const port = (standard: number) =>
  integer({ doc: "TCP port.", min: 1, max: 65535, default: standard });
