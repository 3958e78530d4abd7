/**
 * Whether a certificate has the name of the server that was wanted. RFC 6125 6.4, RFC 7672 3.2.3, RFC 8461 4.1, 4.2
 *
 * @module
 */
import { asciiDomain } from "../address/domain.ts";
import { asciiLower } from "../base/scanner.ts";
import type { CertificateFields } from "./certificate_fields.ts";

/**
 * Whether a name or wildcard covers a host name.
 *
 * The wildcard is the whole first label and stands for exactly one: `*.example.org` covers `mx.example.org`, and neither
 * `example.org` nor `a.mx.example.org`.
 *
 * @param pattern As in a certificate or a policy: A-labels, any case.
 * @param host A-labels or U-labels, with or without final dot.
 */
export function coversHost(pattern: string, host: string): boolean {
  const [wanted, given] = [comparable(host), comparable(pattern)];
  if (wanted === "" || given === "") return false;
  if (given === wanted) return !given.includes("*");
  if (!given.startsWith("*.")) return false;
  const dot = wanted.indexOf(".");
  return dot > 0 && wanted.slice(dot) === given.slice(1);
}

/** Whether a certificate has a host as a DNS-ID; what its subject is called does not count. RFC 9525 6.2, 6.3, RFC 8461 3.3, 4.2 */
export function hasDnsId({ dnsNames }: CertificateFields, host: string): boolean {
  return dnsNames.some((name) => coversHost(name, host));
}

/** The DNS names of a certificate; those of its subject count only where there are none. RFC 6125 6.4.4 */
export function presentedNames(certificate: CertificateFields): readonly string[] {
  return certificate.dnsNames.length > 0 ? certificate.dnsNames : certificate.commonNames;
}

function comparable(name: string): string {
  try {
    return asciiLower(asciiDomain(name)).replace(/\.$/, "");
  } catch {
    return ""; // Nothing that breaks the rules of IDNA is the name of a host.
  }
}
